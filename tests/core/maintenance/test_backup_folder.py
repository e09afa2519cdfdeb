"""A folder that keeps the last backups: what goes, what stays whatever happens, and what is never touched."""

import os

import pytest
from conftest import START

from authctl.core.directory import opening
from authctl.core.maintenance import backup, backup_files, backup_folder
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Unavailable

KEY = "9dd42fac5a1e4188"
MOMENTS = 40  # at which a backup is killed; it has fewer


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "backups"
    made.mkdir()
    return made


def names(folder):
    return sorted(os.listdir(folder))


def keep(directory, folder, count, **more):
    return backup.backup(directory, str(folder), keep=count, **more)


def put(folder, *days, key=KEY, content="good"):
    """Backups of some days of January."""
    for day in days:
        (folder / backup_folder.name(START.replace(day=day), key)).write_text(content)


def test_the_last_are_kept(directory, clock, folder):
    directory.users.create(id="ada")
    for _ in range(4):
        clock.forward(days=1)
        made = keep(directory, folder, 2)
    assert len(names(folder)) == 2
    assert str(folder / names(folder)[1]) == made.file
    assert [os.path.dirname(each) for each in made.removed] == [str(folder)]
    for name in names(folder):
        assert backup_files.check(str(folder / name), lambda count: None).users == 1


def test_its_name_says_when_it_was_made_and_with_which_key(directory, folder):
    made = keep(directory, folder, 1)
    assert os.path.basename(made.file) == f"authctl-20260102T030405.678Z.{made.key_fingerprint}.backup"


def test_other_files_are_never_touched(folder):
    put(folder, 1, 2, 3, 9)
    put(folder, 1, 2, key="0123456789abcdef")
    (folder / "authctl-2025-01-01.backup").write_text("by hand")
    (folder / f"copy of {backup_folder.name(START, KEY)}").write_text("by hand")
    (folder / backup_folder.name(START.replace(year=2024), KEY)).symlink_to(folder / "elsewhere")
    (folder / backup_folder.name(START.replace(year=2023), KEY)).mkdir()
    newest = str(folder / backup_folder.name(START.replace(day=4), KEY))
    assert backup_folder.surplus(newest, 2) == [
        str(folder / backup_folder.name(START.replace(day=day), KEY)) for day in (1, 2)
    ]


def test_none_removes_a_newer_one(folder):
    """Two at once, each keeping one, leave the newer; nor does a clock that went back cost any."""
    put(folder, 5, 6)
    older, newer = (str(folder / backup_folder.name(START.replace(day=day), KEY)) for day in (5, 6))
    assert backup_folder.surplus(older, 1) == []
    assert backup_folder.surplus(newer, 1) == [older]


def test_what_cannot_be_read_back_takes_no_others_place(directory, clock, folder, monkeypatch):
    first = keep(directory, folder, 1)
    clock.forward(days=1)
    check = backup_files.check

    def broken(path, step):
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) // 2)
        return check(path, step)

    monkeypatch.setattr(backup_files, "check", broken)
    with pytest.raises(AuthctlError):
        keep(directory, folder, 1)
    assert names(folder) == [os.path.basename(first.file)]


def test_one_that_cannot_be_removed_is_told(directory, clock, folder, monkeypatch):
    first = keep(directory, folder, 1)
    clock.forward(days=1)
    told, unlink = [], os.unlink
    directory.warn = told.append

    def refused(path, **more):
        if path == first.file:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", refused)
    assert keep(directory, folder, 1).removed == ()
    assert told == [f"The backup succeeded, but the older {first.file} could not be removed: Operation not permitted."]
    assert len(names(folder)) == 2


def test_a_dry_run_says_what_would_go(directory, clock, folder):
    first = keep(directory, folder, 1)
    clock.forward(days=1)
    dry = directory.acting(directory.actor, dry_run=True)
    assert keep(dry, folder, 1).removed == (first.file,)
    assert names(folder) == [os.path.basename(first.file)]


def test_a_missing_folder_is_refused(directory, tmp_path):
    """It may be a disk that is not mounted."""
    with pytest.raises(Unavailable):
        keep(directory, tmp_path / "missing", 1)


# Killed


def test_killed_at_any_moment_it_loses_no_good_backup(directory, settings, clock, folder):
    directory.users.create(id="ada")
    for _ in range(2):
        clock.forward(days=1)
        keep(directory, folder, 2)
    told = []
    directory.warn = told.append
    for moment in range(MOMENTS):
        clock.forward(days=1)
        was_killed = killed(lambda: opened(settings, clock), folder, moment)
        assert len(good(folder)) >= 2
        clock.forward(days=1)
        keep(directory, folder, 2)
        assert names(folder) == good(folder)
        assert len(good(folder)) == 2
        if not was_killed:
            break
    assert 5 < moment < MOMENTS - 1
    assert any("Removed the part of an interrupted backup:" in each for each in told)


def opened(settings, clock):
    return opening.open_directory(settings, Actor("tester@example.com"), clock=clock)


def good(folder):
    """The names of whole backups that have a user."""
    found = []
    for name in names(folder):
        if name.startswith("authctl-"):
            assert backup_files.check(str(folder / name), lambda count: None).users == 1
            found.append(name)
    return found


def killed(directory, folder, moment):
    """Whether a process that makes a backup ends at so many calls that touch files, leaving everything as it is."""
    child = os.fork()
    if not child:
        try:
            with directory() as own:
                left = [moment]
                for name in ("open", "link", "unlink", "fsync", "close", "scandir"):
                    setattr(os, name, counted(getattr(os, name), left))
                keep(own, folder, 2)
        except BaseException:  # noqa: BLE001 - pytest must not go on in the child
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


def counted(call, left):
    def wrapped(*args, **named):
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        return call(*args, **named)

    return wrapped


def test_what_is_being_written_is_left_alone(directory, folder):
    (folder / ".other.backup.k3j2h1g0.backup-part").write_text("half")
    with backup_folder.cleared(str(folder)) as removed:
        assert len(removed) == 1
        (folder / ".one.backup.k3j2h1g0.backup-part").write_text("half")
        with backup_folder.cleared(str(folder)) as again:
            assert again == []
    assert names(folder) == [".one.backup.k3j2h1g0.backup-part"]


def test_what_others_left_is_no_part(folder):
    left = [".one.jsonl.k3j2h1g0.part", "one.backup-part", ".one.backup-part", ".x.k3j2h1g0.backup-part.txt"]
    for name in left:
        (folder / name).write_text("theirs")
    (folder / ".link.k3j2h1g0.backup-part").symlink_to(folder / left[0])
    with backup_folder.cleared(str(folder)) as removed:
        assert removed == []
    assert len(names(folder)) == 5


def test_a_plain_backup_removes_parts_too_and_says_so(directory, folder):
    part = folder / ".one.backup.k3j2h1g0.backup-part"
    part.write_text("half")
    part.with_name(part.name + "-journal").write_text("half")
    told = []
    directory.warn = told.append
    backup.backup(directory, str(folder / "two.backup"))
    assert told == [f"Removed the part of an interrupted backup: {part}{end}" for end in ("", "-journal")]
    assert names(folder) == ["two.backup"]
