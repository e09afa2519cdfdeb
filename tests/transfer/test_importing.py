"""The engine: what comes in with a user, in batches, and what is told of the rest; on both databases."""

import gzip
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from doubles.given import Given

from authctl import storage
from authctl.core import hashing
from authctl.core.credentials import recovery_codes
from authctl.core.crypto import sealing
from authctl.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from authctl.model import EventName, ImportStatus, WeakHash
from authctl.transfer import importing
from authctl.transfer.journal import Imports, proves
from authctl.transfer.records import ImportedTotp, Linked, Member, Note, Record, Refused, Secret, Skipped
from authctl.transfer.validation import Checker, Rules

BCRYPT = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # of the word "secret"


@pytest.fixture
def take(directory, tmp_path):
    """Imports records: take(Record(…), …, batch=2); the answer's counts, or with journal=True the answer."""

    def run(*items, journal=False, on=None, **options):
        file = tmp_path / "given"
        file.write_bytes(b"given")
        outer = {name: options.pop(name) for name in ("report", "rejects", "source_options") if name in options}
        found = importing.import_users(
            on or directory, [str(file)], source=Given(*items), options=importing.Options(**options), **outer
        )
        return found if journal else found.counts

    return run


_at = iter(range(1, 10**9))


def record(id=None, **fields):
    return Record(next(_at), id, fields.pop("raw", {"id": id}), id=id, **fields)


def count(directory, table):
    return directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


# What comes in


def test_a_record_that_nothing_names_is_refused(take, directory, tmp_path):
    """Each run would make another account of it, which nobody could find or sign in to."""
    named = [record("id"), record(username="user"), record(email="a@example.com"), record(phone="+491701234567")]
    named.append(record(name="Linked", identities=[Linked("github", "7")]))
    report = tmp_path / "report.jsonl"
    counts = take(*named, record(name="Ada"), record(), report=str(report))
    assert (counts["created"], counts["refused"]) == (5, 2)
    assert directory.users.count() == 5
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {line["type"] for line in lines if line["outcome"] == "refused"} == {"import_record_invalid"}


PLAIN = {
    "csv": "id,plain_password\nada,{0}\n",
    "htpasswd": "ada:{0}\n",
    "ldif": "dn: uid=ada\nobjectClass: person\nuid: ada\nuserPassword: {0}\n",
    "okta": '{{"id": "ada", "profile": {{"login": "ada"}}, "credentials": {{"password": {{"value": "{0}"}}}}}}',
    "keycloak": '[{{"id": "ada", "username": "ada", "credentials": [{{"type": "password", "value": "{0}"}}]}}]',
}


@pytest.mark.parametrize("source", PLAIN)
@pytest.mark.parametrize("text", [MD5, BCRYPT, "!{SSHA}15+B51NCuugeHjB6qbFJpaxrBIsg3hya", "{X-UNKNOWN}abcdefghijkl"])
def test_the_text_of_a_hash_signs_nobody_in(directory, tmp_path, source, text):
    """Whoever has read the file would know the password of all."""
    file = tmp_path / "users"
    file.write_text(PLAIN[source].format(text))
    options = {"plain_passwords": "yes"} if source in ("htpasswd", "ldif") else {}
    journal = importing.import_users(directory, [str(file)], source=source, source_options=options)
    assert journal.counts["created"] == 1
    with pytest.raises(Denied):
        directory.sessions.create("ada", text)
    if text not in (BCRYPT,):
        assert journal.counts["without_password"] == 1


def test_everything_of_a_user_comes_in(take, directory, clock):
    then = datetime(2020, 5, 6, 7, 8, 9, 123000, UTC)
    given = record(
        "ada",
        username="Ada",
        name="Ada Lovelace",
        email=" Ada@Example.com",
        email_verified=True,
        phone="+44 20 7946 0123",
        phone_verified=True,
        blocked=True,
        blocked_until=datetime(2030, 1, 1, tzinfo=UTC),
        labels=("staff", "admin"),
        prefs={"theme": "dark", "deep": {"a": [1, None]}},
        metadata={"plan": "Zoë"},
        texts={"locale": "de"},
        mfa=True,
        created_at=then,
        updated_at=then,
        last_sign_in_at=then,
        password=Secret(BCRYPT),
        password_updated_at=then,
        must_change=True,
    )
    journal = take(given, journal=True)
    public = directory.users.get("ada").public()
    instant = "2020-05-06T07:08:09.123Z"
    assert public == {
        "id": "ada",
        "username": "Ada",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "phone": "+442079460123",
        "phone_verified": True,
        "status": "blocked",
        "labels": ["staff", "admin"],
        "prefs": {"theme": "dark", "deep": {"a": [1, None]}},
        "mfa": True,
        "factors": {"totp": False, "email": True, "phone": True, "recovery_code": False},
        "password": {
            "set": True,
            "algorithm": "bcrypt",
            "updated_at": instant,
            "must_change": True,
            "expires_at": None,
        },
        "locked_until": None,
        "blocked_until": "2030-01-01T00:00:00.000Z",
        "codes_locked_until": None,
        "pending": {"email": None, "phone": None},
        "metadata": {"plan": "Zoë"},
        "locale": "de",
        "created_at": instant,
        "updated_at": instant,
        "last_sign_in_at": instant,
    }
    assert directory.users.get("ada").password.imported_by == journal.id
    assert journal.counts["hashes"] == {"bcrypt": {"legacy": 1}}
    assert [user.id for user in directory.users.list(search="lovelace")] == ["ada"]
    assert [user.id for user in directory.users.list(filters=["labels ~ admin"])] == ["ada"]


def test_an_imported_password_signs_in_and_is_hashed_anew(take, directory):
    take(record("ada", email="ada@example.com", password=Secret(MD5, "md5")))
    assert directory.users.verify_password("ada", "secret")
    user = directory.users.get("ada")
    assert (user.password.algorithm, user.password.imported_by) == ("argon2id", None)


def test_what_the_file_is_silent_about_is_made(take, directory, clock):
    assert take(record(None, email="ada@example.com"))["without_password"] == 1
    user = directory.users.get("ada@example.com")
    assert (user.created_at, user.updated_at, user.name, user.prefs) == (clock(), clock(), "", {})
    assert len(user.id) == 20


def test_identities_factors_and_codes_come_in(take, directory):
    key = bytes(range(20))
    take(
        record(
            "ada",
            email="ada@example.com",
            identities=[
                Linked("Google", "g1", "ada@example.com"),
                Linked("github", "h1", "ada@github.example", None, True),
            ],
            totp=[ImportedTotp(key, "phone"), ImportedTotp(key[::-1], "", "SHA256", 8, 60)],
            recovery_codes=["abcd-efgh", "ABCDEFGH", "other"],
        )
    )
    user = directory.users.get("ada")
    assert (user.totp, user.recovery_code) == (True, True)
    found = directory.users.list_identities("ada")
    assert [(each.provider, each.provider_uid, each.email) for each in found] == [
        ("google", "g1", "ada@example.com"),
        ("github", "h1", "ada@github.example"),
    ]
    with pytest.raises(Conflict):
        directory.users.create(email="ada@github.example")

    def factors(work):
        kept = storage.authenticators.list_of_user(work.db, user.seq)
        secrets = [sealing.unseal(work.key, one.sealed_secret, context=f"authenticators/{one.id}") for one in kept]
        return (
            kept,
            secrets,
            recovery_codes.matching(work, user, storage.recovery_codes.list_unused(work.db, user.seq), "abcdefgh"),
            storage.recovery_codes.list_unused(work.db, user.seq),
        )

    kept, secrets, code, codes = directory.write(factors)
    assert secrets == [key, key[::-1]]
    assert [(one.name, one.algorithm, one.digits, one.period) for one in kept] == [
        ("phone", "SHA1", 6, 30),
        ("imported", "SHA256", 8, 60),
    ]
    assert all(one.verified_at for one in kept)
    assert code is not None
    assert len(codes) == 2  # two of them are the same, typed differently


def test_a_hash_that_holds_its_sources_key_is_sealed(take, directory):
    options = {
        "signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
        "salt_separator": "Bw==",
        "rounds": "8",
        "mem_cost": "14",
        "salt": "42xEC+ixf3L2lw==",
    }
    hash = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
    given = record("ada", password=Secret(hash, "firebase", options))
    take(given)
    assert directory.users.get("ada").password.hash.startswith("sealed:")
    assert take(given)["skipped"] == 1
    assert directory.users.verify_password("ada", "user1password")


def test_memberships_come_in_when_asked_for(take, directory):
    directory.teams.create("Known", id="known")
    members = [Member("known", "Known", ("maths",)), Member("new", "New Team"), Member(None, "By name", ("owner",))]
    given = [record("ada", members=members), record("bob", members=members[1:])]
    counts = take(*given)
    assert (counts["created"], counts["lost"][0]["field"], counts["lost"][0]["count"]) == (2, "memberships", 2)
    assert count(directory, "memberships") == 0
    assert take(*given, teams=True)["refused"] == 2  # it is there, and not as the record says
    assert take(*given, teams=True, on_conflict="update")["updated"] == 2
    assert take(*given, teams=True, on_conflict="update")["skipped"] == 2
    assert take(record("eve", members=members), teams=True)["created"] == 1
    found = {
        user: {(each.team_name, each.roles, each.status) for each in directory.users.list_memberships(user)}
        for user in ("ada", "bob", "eve")
    }
    everything = {
        ("Known", ("maths",), "confirmed"),
        ("New Team", (), "confirmed"),
        ("By name", ("owner",), "confirmed"),
    }
    assert found == {"ada": everything, "bob": everything - {("Known", ("maths",), "confirmed")}, "eve": everything}
    assert {(team.id, team.members) for team in directory.teams.list() if team.name != "By name"} == {
        ("known", 2),
        ("new", 3),
    }


# Passwords


@pytest.mark.parametrize(
    ("secret", "type"),
    [
        (Secret("$2b$31$" + "a" * 53), "password_hash_too_costly"),
        (Secret("$y$j9T$aaaa$bbbb"), "password_hash_unsupported"),
        (Secret(MD5), "password_hash_unnamed"),
        (Secret("!"), "password_hash_empty"),
        (Secret("$2b$nonsense"), "password_hash_invalid"),
        (Secret("x" * 5_000, is_plain=True), "password_too_long"),
        (Secret("nul\0", is_plain=True), "general_argument_invalid"),
    ],
)
def test_a_password_that_cannot_be_kept_leaves_the_user_without(take, directory, tmp_path, secret, type):
    counts = take(record("ada", password=secret), report=str(tmp_path / "report"))
    assert (counts["created"], counts["without_password"], counts["reasons"].get(type)) == (1, 1, 1)
    assert directory.users.get("ada").password is None
    text = (tmp_path / "report").read_text()
    assert json.loads(text)["type"] == type
    assert secret.text not in text or len(secret.text) < 2


@pytest.mark.parametrize("hash", ["$2b$31$" + "a" * 53, "$y$j9T$aaaa$bbbb", MD5, "$2b$nonsense"])
def test_a_hash_that_cannot_be_kept_is_lost_and_a_lock_is_not(take, hash):
    counts = take(record("ada", password=Secret(hash)), record("bob", password=Secret("!")))
    assert [(each["field"], each["count"]) for each in counts["lost"]] == [("password", 1)]
    assert counts["without_password"] == 2


@pytest.mark.parametrize(
    ("password", "type"),
    [
        ("qwz7", "password_too_short"),
        ("password123", "password_in_dictionary"),
        ("ada-2021!", "password_personal_data"),
    ],
)
def test_a_plain_password_need_not_please_the_policy_for_new_ones(take, directory, tmp_path, password, type):
    given = record("ada", phone="+442079460123", password=Secret(password, is_plain=True))
    counts = take(given)
    assert (counts["without_password"], counts["reasons"], counts["lost"]) == (0, {}, [])
    assert directory.users.verify_password("ada", password)
    assert not directory.users.get("ada").password.must_change


def test_phones_without_a_calling_code_are_read_as_the_country_s(take, directory):
    given = [record(f"u{n}", phone=phone) for n, phone in enumerate(("0170 1234567", "+14155550100", "ext 5"))]
    counts = take(*given, phone_region="de")
    assert [directory.users.get(f"u{n}").phone for n in range(3)] == ["+491701234567", "+14155550100", None]
    assert [(each["field"], each["count"]) for each in counts["lost"]] == [("phone", 1)]
    with pytest.raises(Invalid, match="Invalid phone_region 'ZZ'"):
        take(phone_region="ZZ")


def test_weak_plain_passwords_must_be_changed_or_are_left_out(take, directory, tmp_path):
    given = [
        record("ada", password=Secret("qwz7", is_plain=True)),
        record("bob", password=Secret("correct horse 7", is_plain=True)),
    ]
    report = tmp_path / "report"
    counts = take(*given, weak_passwords="change", report=str(report))
    assert counts["without_password"] == 0
    assert [directory.users.get(name).password.must_change for name in ("ada", "bob")] == [True, False]
    assert "import_password_weak" in report.read_text()
    refused = [replace(each, id=f"{each.id}2", email=None, name=None) for each in given]
    counts = take(*refused, weak_passwords="refuse")
    assert (counts["without_password"], counts["reasons"]) == (
        1,
        {"password_too_short": 1, "import_no_way_in": 2},
    )
    assert [(each["type"], each["count"]) for each in counts["lost"]] == [("import_password_lost", 1)]


def test_plain_passwords_are_hashed(take, directory):
    given = [record(f"u{number}", password=Secret(f"correct horse {number}", is_plain=True)) for number in range(5)]
    counts = take(*given, batch=2)
    assert (counts["created"], counts["without_password"]) == (5, 0)
    assert counts["hashes"] == {"argon2id": {"strong": 5}} or list(counts["hashes"]) == ["argon2id"]
    assert directory.users.verify_password("u3", "correct horse 3")
    assert directory.users.get("u3").password.imported_by is None
    assert take(*given, batch=2, on_conflict="update")["skipped"] == 5


def test_plain_passwords_are_hashed_in_nfc(take, directory):
    given = record("ada", password=Secret("corre\u0301ct horse", is_plain=True))
    take(given)
    assert directory.users.verify_password("ada", "corr\u00e9ct horse")
    assert directory.users.verify_password("ada", "corre\u0301ct horse")
    for form in ("corr\u00e9ct horse", "corre\u0301ct horse"):
        assert proves(given.password, form)
    assert not proves(given.password, "correct horse")


@pytest.mark.parametrize("choice", list(WeakHash))
def test_weak_hashes_are_kept_wrapped_or_reset(take, directory, choice):
    given = record("ada", password=Secret(MD5, "md5"))
    take(given, weak_hash=choice)
    password = directory.users.get("ada").password
    if choice is WeakHash.RESET:
        assert password is None
        return
    assert password.algorithm == {WeakHash.KEEP: "md5", WeakHash.WRAP: "wrapped-md5"}[choice]
    before = password.hash
    assert take(given, weak_hash=choice, on_conflict="update")["skipped"] == 1
    assert directory.users.get("ada").password.hash == before
    assert directory.users.verify_password("ada", "secret")


def test_wraps_knows_a_weak_hash_again():
    weak, other = hashing.accept(MD5, "md5").stored, hashing.accept("0" * 32, "md5").stored
    wrapped = hashing.wrap(weak, parameters=hashing.Parameters(1, 8, 1), salt=bytes(16))
    assert (hashing.wraps(wrapped, weak), hashing.wraps(wrapped, other), hashing.wraps(BCRYPT, weak)) == (
        True,
        False,
        False,
    )


def test_the_history_remembers_what_came_in(take, directory):
    directory.security.set("password-history", "3")
    take(record("ada", password=Secret(BCRYPT)), record("bob"))
    assert count(directory, "password_history") == 1


def test_mark_unverified_trusts_nobody(take, directory):
    take(record("ada", email="ada@example.com", email_verified=True), mark_unverified=True)
    assert not directory.users.get("ada").email_verified


def test_a_language_comes_in_its_usual_form_or_is_told(take, directory):
    take(record("ada", texts={"locale": "pt_br"}), record("eve", texts={"locale": "german"}))
    ada, eve = directory.users.get("ada"), directory.users.get("eve")
    assert (ada.locale, eve.locale, eve.metadata) == ("pt-BR", None, {"imported": {"locale": "german"}})


# What does not


def test_each_record_that_is_not_clean_gets_one_line(take, directory, tmp_path):
    report, rejects = tmp_path / "report.jsonl", tmp_path / "refused.jsonl"
    wrong = record(email="nope", phone="123", raw={"id": "bad", "email": "nope"})
    counts = take(
        record("ada", email="ada@example.com", password=Secret(BCRYPT)),
        wrong,
        Refused(7, None, {"raw": "\ud800"}, [Note("import_record_invalid", "x", "It is broken.")]),
        Skipped(8, "service", [Note("import_not_a_user", None, "A service account.")]),
        record("eve", phone="+442079460123", created_at=datetime(2999, 1, 1, tzinfo=UTC)),
        report=str(report),
        rejects=str(rejects),
        batch=2,
    )
    assert (counts["created"], counts["refused"]) == (2, 2)
    assert counts["skipped"] == 1
    assert counts["reasons"] == {
        "import_no_password": 1,
        "import_not_a_user": 1,
        "import_record_invalid": 1,
        "import_value_dropped": 2,  # a time that has not come, too
    }
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["at"], line["ref"], line["outcome"], line["field"], len(line["errors"])) for line in lines] == [
        (wrong.at, None, "refused", "email", 4),
        (7, None, "refused", "x", 1),
        (8, "service", "skipped", None, 1),
        (lines[3]["at"], "eve", "created", "created_at", 1),
    ]
    assert lines[0]["file"] == "given"
    assert lines[0]["message"].endswith(".")
    assert [json.loads(line) for line in rejects.read_text().splitlines()] == [
        {"id": "bad", "email": "nope"},
        {"raw": "\ud800"},
    ]
    for file in (report, rejects):
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "refused" in path.name) == ["refused.jsonl"]


@pytest.mark.parametrize("name", ["report", "rejects"])
def test_files_that_are_there_are_not_overwritten(take, directory, tmp_path, name):
    there = tmp_path / "there"
    there.write_text("precious")
    with pytest.raises(Invalid):
        take(record("ada"), **{name: str(there)})
    assert there.read_text() == "precious"
    assert count(directory, "users") == 0


def test_no_refused_record_leaves_no_file_of_them(take, tmp_path):
    take(record("ada"), rejects=str(tmp_path / "refused"))
    assert not list(tmp_path.glob("refused*"))


def test_it_stops_when_more_is_refused_than_allowed(take, directory):
    bad = [record(f"bad{number}", email="nope") for number in range(5)]
    bad = [replace(each, id=None) for each in bad]
    journal = take(record("ada"), *bad, record("eve"), max_errors=2, batch=3, journal=True)
    assert (journal.counts["created"], journal.counts["refused"]) == (1, 3)
    assert journal.status is ImportStatus.UNFINISHED
    assert journal.position["records"] == 4
    journal = take(record("ada"), *bad, record("eve"), journal=True)  # goes on behind them
    assert (journal.counts["created"], journal.counts["refused"]) == (2, 5)
    assert journal.status is ImportStatus.FINISHED


def test_an_unknown_option_of_the_source_is_refused(take, directory):
    with pytest.raises(Invalid) as refused:
        take(record("ada"), source_options={"color": "red"})
    assert "colour" in refused.value.hint


def test_a_person_cannot_import(take, directory):
    with pytest.raises(Denied):
        Imports(directory.as_session("x")).run(["file"], source="csv")


# A dry run


def test_a_dry_run_tells_the_same_and_changes_nothing(take, directory, tmp_path):
    directory.users.create(id="taken", email="taken@example.com")
    given = [
        record("ada", email="ada@example.com", password=Secret("correct horse battery", is_plain=True)),
        record("bob", email="ADA@example.com"),
        record("new", email="taken@example.com"),
        record("eve", identities=[Linked("google", "1")]),
        record(email="nope"),
    ]
    dry = directory.acting(directory.actor, dry_run=True)
    tables = ("users", "events", "imports", "import_users", "import_batches", "identities")
    before = {table: count(directory, table) for table in tables}
    told = take(*given, on=dry, batch=1, report=str(tmp_path / "dry"))
    assert {table: count(directory, table) for table in before} == before
    assert take(*given, batch=1, report=str(tmp_path / "real")) == told
    assert (tmp_path / "dry").read_text() == (tmp_path / "real").read_text()
    assert (told["created"], told["refused"]) == (2, 3)


# The log and the journal


def test_the_log_has_one_event_a_batch(take, directory):
    journal = take(*(record(f"u{number}") for number in range(5)), batch=2, journal=True)
    events = directory.security.list_logs(events=["users.imports.*"])
    assert [event.name for event in events] == [EventName.USERS_IMPORTS_UPDATE] * 3 + [EventName.USERS_IMPORTS_CREATE]
    assert {event.resource for event in events} == {f"imports/{journal.id}"}
    journals = {"sqlite": ("import_users", 5), "postgresql": ("import_batches", 3)}
    table, rows = journals[directory.database.dialect]
    assert count(directory, table) == rows


def test_undo_removes_whom_nobody_touched(take, directory, clock, monkeypatch):
    monkeypatch.setattr(storage.imports, "BATCH", 50)
    directory.users.create(id="before")
    clock.forward(minutes=1)
    ids = [f"u{number}" for number in range(120)]
    journal = take(*(record(id, email=f"{id}@example.com") for id in ids), journal=True)
    clock.forward(minutes=1)
    directory.users.update_name("u3", "Changed")
    directory.users.create_session("u4")
    directory.users.delete("u5")
    imports = Imports(directory)
    dry = Imports(directory.acting(directory.actor, dry_run=True)).undo(journal.id)
    assert count(directory, "users") == 120
    done = imports.undo(journal.id)
    assert done == dry
    assert (done.removed, done.kept) == (117, {"changed": 1, "gone": 1, "signed_in": 1})
    assert sorted(user.id for user in directory.users.iterate()) == ["before", "u3", "u4"]
    assert directory.users.list(search="u7") == []
    assert imports.list()[0].status is ImportStatus.UNDONE
    with pytest.raises(NotFound):
        imports.undo("nobody")


def test_undo_knows_imports_from_before_they_were_written_down_by_number(take, directory, clock):
    ids = ("one", "two", "gone")
    journal = take(*(record(id, email=f"{id}@example.com") for id in ids), journal=True)
    by_id = "INSERT INTO import_users SELECT import_seq, id, true, users.updated_at FROM users, import_batches"
    for statement in (by_id, "DELETE FROM import_batches"):  # where they were
        directory.write(lambda work, statement=statement: work.db.sqlalchemy.exec_driver_sql(statement))
    clock.forward(minutes=1)
    directory.users.update_name("one", "Changed")
    directory.users.delete("gone")
    done = Imports(directory).undo(journal.id)
    assert (done.removed, done.kept) == (1, {"changed": 1, "gone": 1})


def test_undo_removes_nobody_whom_a_later_import_made(take, directory):
    """Not even one who is the same in all that the earlier wrote down."""
    ada, bob = (record(id, updated_at=datetime(2020, 1, 1, tzinfo=UTC)) for id in ("ada", "bob"))
    first = take(ada, bob, journal=True)
    directory.users.delete("bob")
    second = take(bob, journal=True)
    assert [Imports(directory).undo(each.id).removed for each in (first, first, second)] == [1, 0, 1]


def test_undo_removes_whom_the_import_itself_changed_again(take, directory):
    first, again = (record("one", email="one@example.com", name=name) for name in ("One", ""))
    other = record("two", email="one@example.com", username="other")
    journal = take(first, again, other, batch=1, journal=True, on_conflict="merge")
    done = Imports(directory).undo(journal.id)
    assert (done.removed, done.kept, directory.users.count()) == (1, {}, 0)


def test_undo_keeps_whom_something_was_given_since(take, directory, clock):
    own = [Linked("google", "g1")]
    ids = ("linked", "member", "sent", "nothing")
    people = [record(id, email=f"{id}@example.com", identities=own if id == "nothing" else []) for id in ids]
    journal = take(*people, journal=True)
    clock.forward(minutes=1)
    directory.users.create_identity("linked", "github", "h1")
    directory.teams.create("Teachers", id="teachers", owner="member")
    directory.tokens.create("sent")
    done = Imports(directory).undo(journal.id)
    assert (done.removed, done.kept) == (1, {"changed": 3})


def test_undo_twice_removes_no_more_than_once(take, directory, clock):
    journal = take(record("linked"), record("nothing"), journal=True)
    clock.forward(minutes=1)
    directory.users.create_identity("linked", "github", "h1")
    imports = Imports(directory)
    for removed in (1, 0):
        clock.forward(minutes=1)
        done = imports.undo(journal.id)
        assert (done.removed, done.kept["changed"]) == (removed, 1)
    assert [user.id for user in directory.users.iterate()] == ["linked"]


@pytest.mark.parametrize("until", [2, 4])
def test_an_import_that_is_undone_meanwhile_makes_nobody_more(take, directory, tmp_path, until):
    """Neither by a batch that follows, nor by coming to its end."""
    file = tmp_path / "given"
    file.write_bytes(b"given")
    undone = []

    def watch(progress):
        if progress.records == until:
            (journal,) = Imports(directory).list()
            undone.append(Imports(directory).undo(journal.id).removed)

    source = Given(*(record(f"u{number}") for number in range(4)))
    with pytest.raises(Conflict) as refused:
        importing.import_users(directory, [str(file)], source=source, options=importing.Options(batch=2), watch=watch)
    assert (refused.value.type, undone) == ("import_changed", [until])
    assert count(directory, "users") == 0
    assert Imports(directory).list()[0].status is ImportStatus.UNDONE


def test_undo_takes_the_sources_own_sign_ins_for_none(take, directory, clock):
    journal = take(record("ada", last_sign_in_at=datetime(2020, 1, 1, tzinfo=UTC)), journal=True)
    assert Imports(directory).undo(journal.id).removed == 1


def test_status_counts_the_hashes_that_remain(take, directory):
    journal = take(*(record(f"u{number}", password=Secret(MD5, "md5")) for number in range(3)), journal=True)
    directory.users.verify_password("u1", "secret")
    directory.users.update_password("u2", "another good one")
    (left,) = Imports(directory).status()
    assert (left.import_id, left.algorithm, left.users) == (journal.id, "md5", 1)


def test_imports_are_listed_in_pages(take, directory):
    ids = [take(record(f"u{number}"), journal=True).id for number in range(3)]
    imports = Imports(directory)
    assert [each.id for each in imports.list()] == ids[::-1]
    assert [each.id for each in imports.list(after=ids[1])] == ids[:1]


# Files


def test_gzip_and_standard_input_are_read_as_they_come(directory, tmp_path):
    import io

    lines = b"".join(json.dumps({"id": f"u{number}"}).encode() + b"\n" for number in range(10))
    packed = tmp_path / "users.jsonl.gz"
    packed.write_bytes(gzip.compress(lines[:70]) + gzip.compress(lines[70:]))
    assert importing.import_users(directory, [str(packed)], source="authctl").counts["created"] == 10
    for content in (lines, gzip.compress(lines)):
        counts = importing.import_users(directory, ["-"], source="authctl", stdin=io.BytesIO(content)).counts
        assert counts["skipped"] == 10


@pytest.mark.parametrize("buffering", [-1, 0])
def test_standard_input_is_read_to_the_last_byte_however_it_comes(directory, buffering):
    """In pieces that fit no buffer, of which a buffered reader takes more at once than it is asked for."""
    content = b"".join(json.dumps({"id": f"u{number}"}).encode() + b"\n" for number in range(8000))
    ours, theirs = os.pipe()

    def send():
        with os.fdopen(theirs, "wb", buffering=0) as file:
            for start in range(0, len(content), 777):
                file.write(content[start : start + 777])

    sender = threading.Thread(target=send)
    sender.start()
    with os.fdopen(ours, "rb", buffering=buffering) as stdin:
        counts = importing.import_users(directory, ["-"], source="authctl", stdin=stdin).counts
    sender.join()
    assert (counts["created"], counts["refused"]) == (8000, 0)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(directory, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="not a regular file"):
        importing.import_users(directory, [str(tmp_path / "pipe")], source="authctl")


def test_a_gzip_that_is_cut_off_is_told(directory, tmp_path):
    packed = tmp_path / "users.jsonl.gz"
    packed.write_bytes(gzip.compress(os.urandom(5000).hex().encode())[:-2000])
    with pytest.raises(Invalid) as refused:
        importing.import_users(directory, [str(packed)], source="authctl")
    assert refused.value.type == "import_file_invalid"


def test_several_files_come_in_one_after_another(directory, tmp_path):
    paths = []
    for number in range(3):
        paths.append(str(tmp_path / f"{number}.jsonl"))
        (tmp_path / f"{number}.jsonl").write_text(
            "".join(json.dumps({"id": f"u{number}x{n}"}) + "\n" for n in range(3))
        )
    journal = importing.import_users(directory, paths, source="authctl", options=importing.Options(batch=2))
    assert (journal.counts["created"], journal.position["file"]) == (9, 2)


# A child reads as this process does


def test_a_child_gives_the_same_batches(directory, tmp_path):
    from authctl.transfer import files, reader_process, sources

    file = tmp_path / "users.jsonl"
    file.write_text(
        "".join(
            json.dumps({"id": f"u{n}", "email": "x" if n % 7 == 0 else f"u{n}@example.com"}) + "\n" for n in range(100)
        )
    )
    policy = directory.read(lambda work: work.policy)
    rules = Rules("import", directory.clock(), policy)
    job = reader_process.Job("authctl", (files.look_at(str(file), None),), {}, rules, 30, records=10)
    here = list(reader_process.batches(job, sources.load("authctl"), directory.random_bytes, None))
    assert list(reader_process.batches_of_child(job, None)) == here
    with closing(reader_process.Child(None)) as child:  # that was started before its job was known
        assert list(reader_process.batches_of_child(job, None, child)) == here
    assert [batch.records for batch in here] == [40, 70, 100]


def test_a_childs_refusal_arrives(directory, tmp_path):
    from authctl.transfer import files, reader_process

    file = tmp_path / "users.json"
    file.write_text("no JSON")
    rules = Rules("import", directory.clock(), directory.read(lambda work: work.policy))
    job = reader_process.Job("kratos", (files.look_at(str(file), None),), {}, rules, 30)
    with pytest.raises(Invalid) as refused:
        list(reader_process.batches_of_child(job, None))
    assert refused.value.type == "import_file_invalid"


@pytest.fixture
def job(directory, tmp_path):
    """What a child takes a while for."""
    from authctl.transfer import files, reader_process

    file = tmp_path / "users.jsonl"
    file.write_text("".join(json.dumps({"id": f"u{n}", "name": "x" * 200}) + "\n" for n in range(20_000)))
    rules = Rules("import", directory.clock(), directory.read(lambda work: work.policy))
    return reader_process.Job("authctl", (files.look_at(str(file), None),), {}, rules, 100)


def test_a_child_that_is_killed_is_told(job):
    from authctl.transfer import reader_process

    def children():
        return {
            int(pid) for each in Path("/proc/self/task").iterdir() for pid in (each / "children").read_text().split()
        }

    before, batches = children(), reader_process.batches_of_child(job, None)
    next(batches)
    (child,) = children() - before
    os.kill(child, signal.SIGKILL)
    with pytest.raises(Unavailable, match="was killed"):
        list(batches)


def test_a_child_that_is_killed_is_told_where_nobody_hears_of_children(job):
    from authctl.transfer import reader_process

    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with closing(reader_process.Child(None)) as child:
            batches = reader_process.batches_of_child(job, None, child)
            next(batches)
            os.kill(child._process.pid, signal.SIGKILL)
            with pytest.raises(Unavailable, match="was killed"):
                list(batches)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_child_whose_memory_runs_out_is_told(job):
    from authctl.transfer import reader_process

    with closing(reader_process.Child(None)) as child:
        batches = reader_process.batches_of_child(job, None, child)
        next(batches)
        resource.prlimit(child._process.pid, resource.RLIMIT_AS, (1, resource.RLIM_INFINITY))
        with pytest.raises(Unavailable, match="was killed, probably because memory ran out"):
            list(batches)


@pytest.mark.parametrize("content", [None, "", "#!/bin/sh\n", "#!/bin/sh\necho another program that says something\n"])
def test_where_no_child_can_be_had_an_import_reads_by_itself(directory, tmp_path, monkeypatch, content):
    from authctl.transfer import reader_process

    python, file = tmp_path / "python3", tmp_path / "users.jsonl"
    if content is not None:
        python.write_text(content)
        python.chmod(0o700)
    file.write_text('{"id": "ada"}\n')
    monkeypatch.setattr(reader_process, "WORTH_IT", 1)
    monkeypatch.setattr(sys, "executable", str(python))
    assert importing.import_users(directory, [str(file)], source="authctl").counts["created"] == 1
    with reader_process.early_child([str(file)], None) as child:
        journal = importing.import_users(directory, [str(file)], source="authctl", child=child)
    assert journal.counts["skipped"] == 1


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-"])
def test_standard_input_is_lent_by_no_number_of_another_stream(closed):
    """As in an application that is a daemon."""
    program = "from authctl.transfer import reader_process\nraise SystemExit(reader_process._lent(0) < 3)\n"
    line = f'{sys.executable} -c "{program}" {closed} < /dev/null'
    assert subprocess.run(line, shell=True).returncode == 0  # noqa: S602 - our own words; a shell closes


@pytest.mark.parametrize("name", ["uwsgi", "shop", ""])
def test_an_application_that_python_is_built_into_is_not_started(tmp_path, monkeypatch, name):
    from authctl.transfer import files, reader_process

    file = tmp_path / "users.jsonl"
    file.write_text('{"id": "ada"}\n')
    monkeypatch.setattr(reader_process, "WORTH_IT", 1)
    job = reader_process.Job("authctl", (files.look_at(str(file), None),), {}, None, 100)
    assert reader_process.is_worth_a_child(job)
    monkeypatch.setattr(sys, "executable", name and str(tmp_path / name))
    assert not reader_process.is_worth_a_child(job)


def test_secrets_are_in_no_repr(dice, clock):
    from authctl.core.policy.policies import Policy

    check = Checker(Rules("import", clock(), Policy({})), dice)
    given = record("ada", password=Secret(BCRYPT), totp=[ImportedTotp(b"k" * 20)], recovery_codes=["marked-code"])
    plain = record("bob", password=Secret("marked-password", is_plain=True))
    text = repr([check(given), check(plain), given, plain])
    assert not any(secret in text for secret in (BCRYPT, "marked", "kkkk"))


# Files that hold nothing


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"")], ids=["0", "space", "bom", "gzip"]
)
@pytest.mark.parametrize("source", ["csv", "authctl", "htpasswd"])
def test_an_empty_file_is_refused_before_anything_is_begun(directory, tmp_path, source, content):
    file = tmp_path / "users"
    file.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        importing.import_users(directory, [str(file)], source=source)
    assert (refused.value.type, refused.value.message) == ("import_file_invalid", f"{file} is empty.")
    assert Imports(directory).list() == []
    assert not directory.security.list_logs(events=["users.imports.*"])


@pytest.mark.parametrize("content", [b"[]", b'{"identities": []}'])
def test_a_list_of_nobody_is_an_import_of_nobody(directory, tmp_path, content):
    file = tmp_path / "users"
    file.write_bytes(content)
    journal = importing.import_users(directory, [str(file)], source="kratos")
    assert journal.status is ImportStatus.FINISHED
    assert journal.counts["created"] == 0


def test_a_file_that_cannot_be_read_at_all_leaves_no_import_to_go_on_with(directory, tmp_path):
    file = tmp_path / "users.json"
    file.write_text("this is no JSON")
    with pytest.raises(Invalid):
        importing.import_users(directory, [str(file)], source="okta")
    assert Imports(directory).list() == []
    names = [event.name for event in directory.security.list_logs(events=["users.imports.*"])]
    assert names == [EventName.USERS_IMPORTS_DELETE, EventName.USERS_IMPORTS_CREATE]


def test_a_file_that_cannot_be_read_to_its_end_leaves_one(directory, tmp_path):
    paths = [tmp_path / "users.json", tmp_path / "more.json"]
    paths[0].write_text('[{"id": "ada", "profile": {"login": "ada@example.com"}}]')
    paths[1].write_text("this is no JSON")
    with pytest.raises(Invalid):
        importing.import_users(directory, [str(path) for path in paths], source="okta")
    assert [each.status for each in Imports(directory).list()] == [ImportStatus.UNFINISHED]


# Files that are written meanwhile


def rewritten(file):
    """Another of its name, with a user less."""
    beside = file.with_suffix(".new")
    beside.write_bytes(file.read_bytes().partition(b"\n")[2])
    beside.replace(file)


def cut(file):
    os.truncate(file, file.read_bytes().index(b"\n") + 1)


def grown(file):
    with file.open("a") as more:
        more.write('{"id": "eve"}\n')


@pytest.mark.parametrize("write", [rewritten, cut, grown])
@pytest.mark.parametrize("is_child", [False, True])
def test_a_file_that_was_written_since_it_was_looked_at_is_not_read(directory, tmp_path, write, is_child):
    from authctl.transfer import reader_process

    file = tmp_path / "users.jsonl"
    file.write_text("".join(json.dumps({"id": id}) + "\n" for id in ("ada", "bob", "cy")))
    with closing(reader_process.Child(None)) as child:
        options = {"source": "authctl", "child": child if is_child else None}
        with pytest.raises(Invalid, match="was changed while it was being read") as refused:
            importing.import_users(directory, [str(file)], begun=lambda _: write(file), **options)
    assert refused.value.type == "import_file_invalid"
    assert (directory.users.count(), Imports(directory).list()) == (0, [])


@pytest.mark.parametrize("write", [cut, grown])
def test_a_file_that_is_written_while_it_is_read_is_no_import_that_is_finished(directory, tmp_path, write):
    file = tmp_path / "users.jsonl"
    file.write_text("".join(json.dumps({"id": id}) + "\n" for id in ("ada", "bob", "cy")))
    options = {"source": "authctl", "options": importing.Options(batch=1)}
    with pytest.raises(Invalid, match="was changed while it was being read"):
        importing.import_users(directory, [str(file)], watch=lambda _: write(file), **options)
    assert [each.status for each in Imports(directory).list()] == [ImportStatus.UNFINISHED]
    assert importing.import_users(directory, [str(file)], **options).status is ImportStatus.FINISHED


# What the policy would refuse people themselves


def test_users_whom_the_policy_would_refuse_come_in_and_are_counted(directory, take, tmp_path):
    directory.security.set("email-domains", "example.com")
    directory.security.set("sign-in-methods", "email")
    directory.security.set("require-verified", "email")
    report = tmp_path / "report.jsonl"
    people = [
        record("ada", email="ada@example.com", email_verified=True),
        record("bob", email="bob@example.org", email_verified=True, password=Secret(BCRYPT)),
        record("eve", email="eve@example.com"),
    ]
    counts = take(*people, report=str(report))
    against = {name: count for name, count in counts["reasons"].items() if name.startswith("import_policy_")}
    assert against == {"import_policy_email": 1, "import_policy_method": 1, "import_policy_unverified": 1}
    assert counts["created"] == 3
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    told = {(line["ref"], error["type"]) for line in lines for error in line["errors"]}
    assert {
        ("bob", "import_policy_email"),
        ("bob", "import_policy_method"),
        ("eve", "import_policy_unverified"),
    } <= told
