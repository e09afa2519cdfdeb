"""The files that an import tells of its records in: they are its own, and nobody else's file is touched for them."""

import gzip
import json
import os
import resource
import signal
from typing import ClassVar

import pytest

from authctl.errors import Invalid, Unavailable
from authctl.transfer import importing, sources
from authctl.transfer.files import Writing
from authctl.transfer.plans import MOST_FIELDS, Loss, Plan, Told, no_counts
from authctl.transfer.records import DROPPED, UNREAD, Note, Record, Refused
from authctl.transfer.report import Report
from authctl.transfer.sources.text_files import Form, Verbatim


class Given:
    """A source of good and bad records in turn."""

    name, help, joins, asks_password, addresses = "given", "records of a test", False, False, "given"
    options: ClassVar = {}

    def read(self, files, options, start):
        for number in range(start, 6):
            if number % 2:
                note = Note("import_record_invalid", None, "It is broken.")
                yield Refused(number, None, {"broken": number}, [note])
            else:
                yield Record(number, None, None, id=f"u{number}", email=f"u{number}@example.com")

    def rejects(self, raws):
        for raw in raws:
            yield json.dumps(raw).encode() + b"\n"


REJECTED = b"".join(b'{"broken": %d}\n' % number for number in (1, 3, 5))


class Killed(Exception):
    """Stands for the kill of a process."""


@pytest.fixture
def take(directory, tmp_path):
    """Imports the records, or up to the end of a batch: take("refused.jsonl", until=6)."""
    (tmp_path / "given").write_bytes(b"given")

    def run(rejects, until=None):
        def watch(progress):
            if progress.records == until:
                raise Killed

        return importing.import_users(
            directory,
            [str(tmp_path / "given")],
            source=Given(),
            options=importing.Options(batch=2),
            report=str(tmp_path / "told"),
            rejects=str(tmp_path / rejects),
            watch=watch,
        )

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("name", ["refused.jsonl", "refused.jsonl.gz"])
def test_what_a_kill_left_finished_is_kept(take, tmp_path, name):
    with pytest.raises(Killed):
        take(name, until=6)
    file = tmp_path / name
    file.write_bytes(gzip.compress(REJECTED) if name.endswith(".gz") else REJECTED)
    before = os.stat(file).st_ino
    assert take(name).status == "finished"
    assert os.stat(file).st_ino == before
    assert names(tmp_path) == ["given", name, "told"]


@pytest.mark.parametrize("content", [b"", b"precious", REJECTED + b"more", REJECTED[:-1]])
@pytest.mark.parametrize("name", ["refused.jsonl", "refused.jsonl.gz"])
def test_a_file_that_was_put_there_meanwhile_is_let_be(take, tmp_path, name, content):
    with pytest.raises(Killed):
        take(name, until=4)
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(Invalid, match="already exists") as refused:
        take(name)
    assert refused.value.field == "rejects"
    assert file.read_bytes() == content
    # Every refused record still waits, for when that file was moved away.
    file.unlink()
    assert take(name).counts["refused"] == 3
    written = file.read_bytes()
    assert (gzip.decompress(written) if name.endswith(".gz") else written) == REJECTED


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_what_is_no_file_is_let_be(take, tmp_path, kind):
    with pytest.raises(Killed):
        take("refused", until=6)
    place, precious = tmp_path / "refused", tmp_path / "precious"
    precious.write_bytes(REJECTED)
    {"pipe": lambda: os.mkfifo(place), "folder": place.mkdir, "link": lambda: place.symlink_to(precious)}[kind]()
    with pytest.raises(Invalid, match="already exists"):
        take("refused")
    assert os.path.lexists(place)
    assert precious.read_bytes() == REJECTED


@pytest.mark.parametrize("name", ["told", "refused.part"])
def test_a_file_that_took_the_place_of_one_that_was_written_is_let_be(take, tmp_path, name):
    with pytest.raises(Killed):
        take("refused", until=4)
    file = tmp_path / name
    file.rename(tmp_path / "moved")
    file.write_bytes(b"precious" * 1000)
    with pytest.raises(Invalid, match="already exists"):
        take("refused")
    assert file.read_bytes() == b"precious" * 1000
    file.unlink()
    (tmp_path / "moved").rename(file)
    assert take("refused").status == "finished"
    assert len((tmp_path / "told").read_text().splitlines()) == 3
    assert (tmp_path / "refused").read_bytes() == REJECTED


def test_a_report_that_was_moved_away_is_begun_anew(take, tmp_path):
    with pytest.raises(Killed):
        take("refused", until=4)
    (tmp_path / "told").rename(tmp_path / "moved")
    assert take("refused").status == "finished"
    told = [json.loads(line)["at"] for name in ("moved", "told") for line in (tmp_path / name).read_text().splitlines()]
    assert told == [1, 3, 5]


def test_of_an_import_that_nothing_came_in_by_no_refused_records_wait(directory, tmp_path):
    (tmp_path / "given").write_bytes(b"{")
    with pytest.raises(Invalid):
        importing.import_users(
            directory, [str(tmp_path / "given")], source="appwrite", rejects=str(tmp_path / "refused")
        )
    assert names(tmp_path) == ["given"]


@pytest.mark.parametrize("rejects", ["told", "./told", "link", "told.jsonl"])
def test_the_report_and_the_refused_records_are_two_files(directory, tmp_path, rejects):
    (tmp_path / "given").write_bytes(b"given")
    (tmp_path / "link").symlink_to("told")
    report = str(tmp_path / ("told.jsonl.part" if rejects == "told.jsonl" else "told"))
    with pytest.raises(Invalid, match="need separate files"):
        importing.import_users(
            directory, [str(tmp_path / "given")], source=Given(), report=report, rejects=f"{tmp_path}/{rejects}"
        )
    assert names(tmp_path) == ["given"]


def test_a_journal_from_before_files_had_numbers_is_read(tmp_path):
    """Which file it meant is not known, so none is written to."""
    path = tmp_path / "report"
    path.write_text("{}\n")
    with pytest.raises(Invalid, match="already exists"):
        Report(str(path), None, {"report": [str(path), 3]})
    assert path.read_text() == "{}\n"


def test_the_first_row_is_kept_once_for_all_refused_rows(tmp_path):
    form = Form("id,email\n")
    report = Report(None, str(tmp_path / "refused.csv"), {})
    report.write([], [Told(at, None, "refused", (), Verbatim(f"{at}\n", form)) for at in (1, 2)])
    position = report.position
    report.write([], [Told(3, None, "refused", (), Verbatim("3\n", form._replace(tail="x")))])
    report.begin(position)  # whose batch is tried again
    report.write([], [Told(4, None, "refused", (), Verbatim("4\n", form))])
    waiting = (tmp_path / "refused.csv.part").read_text()
    report.finish(sources.load("csv"), "utf-8")
    report.close()
    assert waiting.splitlines()[1] == '["2\\n"]'
    assert (tmp_path / "refused.csv").read_text() == "id,email\n1\n2\n4\n"


def test_of_many_fields_the_first_are_counted_by_name():
    unread = {(UNREAD, f"n{number}"): Loss(1) for number in range(MOST_FIELDS + 5)}
    plan = Plan(lost=unread | {(DROPPED, "email"): Loss(1)})
    found = plan.counts_after(no_counts(), [])["lost"]
    assert [each["field"] for each in found if each["type"] == DROPPED] == ["email"]
    [*named, last] = sorted((each for each in found if each["type"] == UNREAD), key=lambda each: each["count"])
    assert (len(named), last["field"], last["count"]) == (MOST_FIELDS, None, 5)


def test_a_line_of_a_file_behind_the_users_is_told_under_its_own_name(authctl, database_url, ready, tmp_path):
    users, more, told = (tmp_path / name for name in ("users.json", "identities.json", "told"))
    users.write_text('[{"id": "a", "email": "ada@example.com", "encrypted_password": ""}]')
    more.write_text('{"user_id": "a", "provider": "github", "provider_id": "7"}\n{"provider": "github"}\n')
    line = f"users import {users} {more} --from supabase --report {told}"
    ran = authctl(f"{line} --max-lost 0 --dry-run", env={"AUTHCTL_DATABASE_URL": database_url})
    assert ran.status == 8
    told.unlink()
    ran = authctl(f"{line} -o json", env={"AUTHCTL_DATABASE_URL": database_url})
    counts = json.loads(ran.stdout)
    why = "Line 2 of the identities or factors is malformed: The row has no user_id."
    lost = {"field": "identities", "type": "import_value_dropped", "count": 1, "first": ["identities.json:2"]}
    assert (counts["created"], counts["skipped"], counts["lost"]) == (1, 1, [lost | {"message": why}])
    assert counts["reasons"]["import_value_dropped"] == 1
    [said] = map(json.loads, told.read_text().splitlines())
    assert (said["file"], said["at"]) == ("identities.json", 2)


@pytest.mark.parametrize("size", [1_000, 100_000], ids=["at the end", "on the way"])
def test_a_disk_that_is_full_is_told_by_the_name_of_the_file(tmp_path, size):
    def fill():
        file.write(b"x" * size)
        file.flush()

    file = Writing(tmp_path / "report.jsonl", None)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
        with pytest.raises(Unavailable) as told:
            fill()
        file.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert told.value.message == f"{tmp_path / 'report.jsonl'}: File too large."
