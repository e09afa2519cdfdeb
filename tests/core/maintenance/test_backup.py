"""Backups: whole or absent, the same on both databases, checked before anything is written, and never over anything."""

import gzip
import hashlib
import json
import os
from base64 import b64encode
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import copy_file
from doubles.given import Given

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.maintenance import backup, backup_files, setup
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Conflict, Denied, Invalid, Unavailable
from authctl.settings import load
from authctl.storage import state
from authctl.transfer import importing
from authctl.transfer.journal import Imports
from authctl.transfer.records import Record

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery staple"


@pytest.fixture
def filled(directory):
    """A directory with something of every kind in it."""
    users, security = directory.users, directory.security
    security.set("password-history", 2)
    users.create(
        id="ada", email="ada@example.com", name='Ada "Äda" \\ Lovelace\u2028', labels=["staff"], password=PASSWORD
    )
    users.create(id="grace", phone="+442079460123", username="Grace", prefs={"theme": "dark", "ünï": [1, None, True]})
    users.create(id="gone", email="gone@example.com")
    users.create_identity("ada", "google", "1184", email="ada@gmail.com", email_verified=True)
    users.create_session("ada")
    directory.sessions.create_jwt(users.create_session("grace").secret)
    users.update_status("grace", "blocked", until="2h")
    directory.tokens.create("ada")
    directory.teams.create("Maths", id="maths", owner="ada")
    directory.teams.create_membership("maths", user="grace", roles=["tutor"], invite=True, print_secret=True)
    security.set("session-limit", 3)
    security.set("user-limit", 100)
    security.create_mock_phone("+14255550123", "123456")
    users.delete("gone")
    return directory


@pytest.fixture
def opened(home, clock, dice):
    """Opens the directory that a URL names; all are closed afterwards."""
    directories = []

    def open_it(url, environ=None):
        settings = load(environ or home, options={"database_url": url}, system_config=os.devnull)
        actor = Actor("tester@example.com")
        directories.append(
            opening.open_directory(settings, actor, clock=clock, random_bytes=dice, hash_parameters=CHEAP)
        )
        return directories[-1], settings

    yield open_it
    for directory in directories:
        directory.close()


@pytest.fixture(params=["into sqlite", "into postgres"])
def empty(request, tmp_path, opened):
    """A database with nothing in it, of each kind, and its settings; whatever the backup is of."""
    if request.param == "into sqlite":
        return opened(f"sqlite:///{tmp_path}/other/restored.db")
    return opened(request.getfixturevalue("new_postgres_url")())


@pytest.fixture
def other(database_url, tmp_path, new_postgres_url, opened):
    """An empty database of the kind that the backup is not of, and its settings."""
    is_sqlite = database_url.startswith("sqlite")
    return opened(new_postgres_url() if is_sqlite else f"sqlite:///{tmp_path}/other/restored.db")


@pytest.fixture(scope="module")
def untouched_postgres_url(databases):
    """The URL of an empty Postgres database, which stays empty: all that is restored into it is refused."""
    name = databases.create()
    yield databases.url_of(name)
    databases.drop(name)


@pytest.fixture
def untouched(database_url, tmp_path, untouched_postgres_url, opened):
    """An empty database of the kind that the backup is not of, which refuses it, and its settings."""
    is_sqlite = database_url.startswith("sqlite")
    return opened(untouched_postgres_url if is_sqlite else f"sqlite:///{tmp_path}/other/restored.db")


@pytest.fixture(params=["into sqlite", "into postgres"])
def refusing(request, tmp_path, untouched_postgres_url, opened):
    """An empty database of each kind, which refuses the backup, and its settings."""
    is_sqlite = request.param == "into sqlite"
    return opened(f"sqlite:///{tmp_path}/other/restored.db" if is_sqlite else untouched_postgres_url)


@pytest.fixture
def made(request, database_url, tmp_path, opened):
    """An empty directory of the kind that the backup is not of, and its settings."""
    if database_url.startswith("postgres"):
        url = f"sqlite:///{tmp_path}/other/made.db"
        copy_file(request.getfixturevalue("ready_file")[0], url)
        yield opened(url)
    else:
        copies, _ = request.getfixturevalue("ready_copies")
        copy = copies.take()
        yield opened(copies.databases.url_of(copy.name))
        copies.give_back(copy)


def content(directory, *, without=("directory", "events")):
    """Every row of every table, as plain values."""
    found = {}
    for part in directory.database.stream(storage.backups.parts):
        rows = [dict(zip(part.columns, row, strict=True)) for row in part.rows]
        if part.table not in without:
            found[part.table] = rows
    return found


def names(directory):
    return [event.name for event in directory.security.list_logs(events=["directory.*"])]


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# There and back


def test_a_backup_holds_everything_and_is_restored_into_either_database(filled, empty, tmp_path):
    before, file = content(filled), str(tmp_path / "one.backup")
    made = backup.backup(filled, file)
    directory, settings = empty
    restored = backup.restore(directory, settings, file)
    assert content(directory) == before
    assert {name for name, rows in before.items() if rows} >= {
        "users", "addresses", "password_history", "identities", "sessions", "tokens", "teams", "memberships",
        "membership_roles", "invitations", "policies", "mock_phones", "signing_keys",
    }  # fmt: skip
    assert (made.users, restored.users, made.rows) == (2, 2, restored.rows)
    assert (restored.key, restored.before, restored.schema) == ("ok", storage.state.HEAD, storage.state.HEAD)
    assert names(directory) == ["directory.restore", "directory.create"]
    assert names(filled) == ["directory.backup", "directory.create"]


def test_what_was_restored_is_a_directory_that_works(filled, empty, tmp_path):
    file = str(tmp_path / "one.backup")
    backup.backup(filled, file)
    directory, settings = empty
    backup.restore(directory, settings, file)
    assert [user.id for user in directory.users.list(search="lovel")] == ["ada"]
    assert [user.id for user in directory.users.list(filters=["labels ~ staff"])] == ["ada"]
    assert [team.id for team in directory.teams.list(search="math")] == ["maths"]
    assert directory.users.verify_password("ada", PASSWORD)
    assert [phone.code for phone in directory.security.list_mock_phones()] == ["123456"]
    for number in range(3):  # behind the highest numbers
        directory.users.create(id=f"new{number}", email=f"new{number}@example.com")
    with pytest.raises(Conflict):
        directory.users.create(email="ada@gmail.com")
    assert directory.users.delete("ada", force=True).id == "ada"
    assert directory.users.list(search="lovelace") == []


def test_a_backup_of_a_restored_directory_has_the_same_checksums(filled, empty, tmp_path):
    backup.backup(filled, str(tmp_path / "one.backup"))
    directory, settings = empty
    backup.restore(directory, settings, str(tmp_path / "one.backup"))
    backup.backup(directory, str(tmp_path / "two.backup"))
    sums = [
        {(each.table, each.rows) for each in backup_files.check(str(tmp_path / name), lambda count: None).tables}
        - {("events", rows) for rows in range(100)}
        for name in ("one.backup", "two.backup")
    ]
    assert {each for each in sums[0] if each[0] != "directory"} == {each for each in sums[1] if each[0] != "directory"}


def test_no_more_past_passwords_are_restored_than_the_policy_says(filled, other, tmp_path):
    """A backup has more where its policy was lowered by an authctl that only purged them later."""
    kept = content(filled)["password_history"]
    filled.database.write(lambda db: db.sqlalchemy.exec_driver_sql("DELETE FROM policies"))
    backup.backup(filled, str(tmp_path / "one.backup"))
    directory, settings = other
    backup.restore(directory, settings, str(tmp_path / "one.backup"))
    assert kept
    assert not content(directory).get("password_history")


def test_a_directory_that_was_just_made_is_restored_into(filled, other, tmp_path):
    backup.backup(filled, str(tmp_path / "one.backup"))
    directory, settings = other
    setup.initialize(directory, settings)
    restored = backup.restore(directory, settings, str(tmp_path / "one.backup"))
    assert restored.users == 2
    assert directory.database.read(storage.state.find_key_fingerprint) == restored.key_fingerprint


def test_a_backup_is_of_one_moment(filled, other, tmp_path, monkeypatch):
    monkeypatch.setattr(backup_files, "STEP", 1)
    before, done = content(filled), []

    @contextmanager
    def meanwhile(label, total):
        def step(count):
            if not done:
                done.append(filled.users.create(id="late", email="late@example.com"))

        yield step

    backup.backup(filled, str(tmp_path / "one.backup"), progress=meanwhile)
    directory, settings = other
    backup.restore(directory, settings, str(tmp_path / "one.backup"))
    assert done
    assert content(directory) == before


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # whose imports know by number whom they made
def test_an_import_that_is_undone_after_a_restore_removes_nobody_whom_another_one_made(directory, empty, tmp_path):
    given, file = tmp_path / "given", str(tmp_path / "one.backup")
    given.write_bytes(b"given")
    stay, go = (Record(1, id, {"id": id}, id=id, updated_at=datetime(2020, 1, 1, tzinfo=UTC)) for id in ("a", "b"))

    def take(directory, *records):
        return importing.import_users(directory, [str(given)], source=Given(*records), options=importing.Options()).id

    first = take(directory, stay, go)
    directory.users.delete("b")
    backup.backup(directory, file)
    restored, settings = empty
    backup.restore(restored, settings, file)
    second = take(restored, go)
    assert restored.users.get("b").seq == (2 if restored.database.dialect == "sqlite" else 3)
    assert [Imports(restored).undo(id).removed for id in (first, first, second)] == [1, 0, 1]


def test_an_older_schema_is_saved_as_it_is_and_migrated_when_restored(settings, directory, other, tmp_path, opened):
    database, fingerprint = directory.database, directory.state.key_fingerprint

    def make_older(db):
        storage.backups.clear(db)
        storage.schema.migrate(db, "0001")
        storage.schema.set_key_fingerprint(db, fingerprint)
        db.sqlalchemy.exec_driver_sql(
            "INSERT INTO users (id, name, email, email_verified, phone_verified, status, labels, prefs, metadata, mfa,"
            " password_must_change, password_self_service, created_at, updated_at) VALUES ('old', 'Old Timer',"
            " 'old@example.com', true, false, 'active', '[]', '{}', '{}', false, false, false, 1, 1)"
        )
        db.sqlalchemy.exec_driver_sql("INSERT INTO addresses SELECT email, seq FROM users")

    database.write(make_older)
    warnings = []
    older, _ = opened(settings.database_url)
    older.warn = warnings.append
    made = backup.backup(older, str(tmp_path / "old.backup"))
    assert (made.schema, made.users, len(warnings)) == ("0001", 1, 1)
    assert database.read(storage.state._read_state).version == "0001"
    directory, settings = other
    restored = backup.restore(directory, settings, str(tmp_path / "old.backup"))
    assert (restored.before, restored.schema) == ("0001", storage.state.HEAD)
    assert [user.id for user in directory.users.list(search="timer")] == ["old"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # Postgres has no such copy
def test_the_copy_that_upgrade_makes_is_restored_too(filled, empty, tmp_path):
    copy = storage.schema.copy_file(filled.database, str(tmp_path / "copy.db"))
    directory, settings = empty
    warnings = []
    directory.warn = warnings.append
    assert backup.restore(directory, settings, copy, unsigned=True).made_at is None
    assert content(directory) == content(filled)
    assert "no checksums" in warnings[0]


# Never over anything


def test_nothing_is_restored_over_a_directory(filled, directory, settings, tmp_path):
    backup.backup(filled, str(tmp_path / "one.backup"))
    before = content(filled, without=())
    with pytest.raises(Conflict) as refused:
        backup.restore(filled, settings, str(tmp_path / "one.backup"))
    assert refused.value.type == "database_not_empty"
    assert content(filled, without=()) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda directory: directory.users.create(id="ada"),
        lambda directory: directory.teams.create("Maths"),
        lambda directory: directory.security.set("session-limit", 3),
        lambda directory: directory.users.delete(directory.users.create(id="gone").id),
    ],
)
def test_a_directory_with_anything_in_it_is_not_taken_for_empty(filled, made, tmp_path, change):
    backup.backup(filled, str(tmp_path / "one.backup"))
    directory, settings = made
    change(directory)
    with pytest.raises(Conflict):
        backup.restore(directory, settings, str(tmp_path / "one.backup"))


def test_no_file_is_overwritten(directory, tmp_path):
    (tmp_path / "there").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(Invalid):
            backup.backup(directory, str(tmp_path / name))
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(directory, tmp_path):
    file = tmp_path / "one.backup"

    @contextmanager
    def meanwhile(label, total):
        file.write_text("precious")
        yield lambda count: None

    with pytest.raises(Invalid):
        backup.backup(directory, str(file), progress=meanwhile)
    assert file.read_text() == "precious"
    assert not [name for name in files(tmp_path) if name.endswith(".part")]


def test_a_backup_that_is_broken_off_leaves_nothing(directory, tmp_path):
    class Stopped(BaseException):
        pass

    @contextmanager
    def stopped(label, total):
        yield lambda count: (_ for _ in ()).throw(Stopped)

    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(Stopped):
        backup.backup(directory, str(folder / "one.backup"), progress=stopped)
    assert files(folder) == []
    assert names(directory) == ["directory.create"]


def test_a_backup_that_found_no_room_leaves_no_file_of_sqlites(ready_file, tmp_path, opened, monkeypatch):
    """A disk may be so full that SQLite cannot even undo, and leaves what it would undo by."""
    copy_file(ready_file[0], f"sqlite:///{tmp_path}/own/authctl.db")
    directory, _ = opened(f"sqlite:///{tmp_path}/own/authctl.db")
    (tmp_path / "kept").mkdir()

    def fill(db, text):
        [draft] = (tmp_path / "kept").iterdir()
        Path(f"{draft}-journal").touch()
        raise Unavailable("database_full", "No room is left.")

    monkeypatch.setattr(storage.backups, "put_manifest", fill)
    with pytest.raises(Unavailable, match="no space left"):
        backup.backup(directory, str(tmp_path / "kept/one.backup"))
    assert files(tmp_path / "kept") == []


def test_a_backup_is_for_its_owner_alone(directory, tmp_path):
    file = tmp_path / "one.backup"
    before = os.umask(0)
    try:
        backup.backup(directory, str(file))
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_dry_run_checks_and_leaves_nothing(filled, other, tmp_path):
    file = str(tmp_path / "one.backup")
    dry = filled.acting(filled.actor, dry_run=True)
    assert (backup.backup(dry, file).size, os.path.exists(file)) == (None, False)
    assert names(filled) == ["directory.create"]
    backup.backup(filled, file)
    directory, settings = other
    dry = directory.acting(directory.actor, dry_run=True)
    assert backup.restore(dry, settings, file).users == 2
    assert storage.state.find_state(directory.database) is None


# Checked before anything is written


def test_a_damaged_backup_is_refused_before_anything_is_written(filled, untouched, tmp_path):
    good, bad = tmp_path / "good.backup", tmp_path / "bad.backup"
    backup.backup(filled, str(good))
    octets = good.read_bytes()
    directory, settings = untouched
    # Behind the first ten bytes, of which gzip and SQLite leave some to whoever writes them (a time, a system).
    places = range(10, len(octets), max(1, len(octets) // 40))
    damages = [octets[:place] + bytes([octets[place] ^ 0x41]) + octets[place + 1 :] for place in places]
    told = 0
    for damage in (*damages, *(octets[: len(octets) * part // 7] for part in range(7))):
        bad.write_bytes(damage)
        try:
            backup_files.check(str(bad), lambda count: None)
        except (Unavailable, Invalid):
            told += 1
            with pytest.raises((Unavailable, Invalid)):
                backup.restore(directory, settings, str(bad))
    # In an SQLite file most is room for rows to come; what is changed there changes no row.
    assert told > 7 if filled.database.path else told == len(damages) + 7
    assert storage.state.find_state(directory.database) is None


def test_the_last_bytes_of_a_backup_are_checked_too(postgres_url, opened, tmp_path):
    directory, own = opened(postgres_url)
    setup.initialize(directory, own)
    good, bad = tmp_path / "good.backup", tmp_path / "bad.backup"
    backup.backup(directory, str(good))
    octets = good.read_bytes()
    backup_files.check(str(good), lambda count: None)
    for damage in (
        *(octets[:-place] + bytes([octets[-place] ^ 1]) + octets[len(octets) - place + 1 :] for place in range(1, 9)),
        *(octets[:-place] for place in range(1, 9)),
        octets + gzip.compress(b"[]\n"),
        octets + b"more",
    ):
        bad.write_bytes(damage)
        with pytest.raises(Unavailable) as refused:
            backup_files.check(str(bad), lambda count: None)
        assert refused.value.type == "backup_damaged"


def test_a_changed_row_is_told_by_its_checksum(filled, untouched, tmp_path):
    file = tmp_path / "one.backup"
    backup.backup(filled, str(file))
    if filled.database.path is not None:
        changed = storage.database.Database(f"sqlite:///{file}")
        changed.write(lambda db: db.sqlalchemy.exec_driver_sql("UPDATE users SET name = 'Eve' WHERE id = 'ada'"))
        changed.close()
    else:
        file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b"grace", b"grave")))
    directory, settings = untouched
    with pytest.raises(Unavailable) as refused:
        backup.restore(directory, settings, str(file))
    assert refused.value.type == "backup_damaged"
    assert "the rows of" in refused.value.message
    assert storage.state.find_state(directory.database) is None


KEY, OTHER_KEY = bytes(32), b64encode(b"k" * 32).decode()
USER = {  # as schema 0001 has it, without what may be missing
    "seq": 1, "id": "ada", "name": "Ada", "email_verified": False, "phone_verified": False, "status": "active",
    "labels": "[]", "prefs": "{}", "metadata": "{}", "mfa": False, "password_must_change": False,
    "password_self_service": False, "created_at": 0, "updated_at": 0,
}  # fmt: skip
FORGED = {
    "a schema that is a number": ({"schema": 4}, []),
    "a schema that never was": ({"schema": "0000"}, []),
    "a time that is none": ({"made_at": "yesterday"}, []),
    "a key that is none": ({"secret_key": "!", "key_fingerprint": sealing.fingerprint(KEY)}, []),
    "another's key": ({"secret_key": OTHER_KEY, "key_fingerprint": sealing.fingerprint(KEY)}, []),
    "a key that would go elsewhere": ({"secret_key": OTHER_KEY, "key_fingerprint": "../../../key"}, []),
    "a table of another program": ({}, [("payments", ["id"], [[1]])]),
    "a table of the database": ({}, [("sqlite_master", ["type"], [["table"]])]),
    "a table without a name": ({}, [(["users"], ["id"], [])]),
    "columns that are none": ({}, [("users", "id", [])]),
    "a row that is too short": ({}, [("users", ["seq", "id"], [[1]])]),
    "bytes that are none": ({}, [("users", ["seq", "id"], [[1, {"base64": 5}]])]),
    "a number of 65 bits": ({}, [("users", ["seq", "id"], [[2**63, "ada"]])]),
    "a number far below zero": ({}, [("users", ["seq", "id"], [[-(2**63) - 1, "ada"]])]),
    "a number with a fraction": ({}, [("users", ["seq", "id"], [[1.5, "ada"]])]),
    "a value that is a list": ({}, [("users", ["seq", "id"], [[1, ["ada"]]])]),
    "a row that lacks what it must have": ({}, [("users", ["seq", "id"], [[1, "ada"]])]),
    "a row that belongs to nobody": ({}, [("addresses", ["address", "user_seq"], [["ada@example.com", 1]])]),
    "text for a number": ({}, [("addresses", ["address", "user_seq"], [["ada@example.com", "one"]])]),
    "an unknown status": ({}, [("users", [*USER], [[*(USER | {"status": "actiwe"}).values()]])]),
    "prefs that are a list": ({}, [("users", [*USER], [[*(USER | {"prefs": "[]"}).values()]])]),
    "an impossible time": ({}, [("users", [*USER], [[*(USER | {"created_at": 2**62}).values()]])]),
    "an email without its address row": (
        {},
        [("users", [*USER, "email"], [[*USER.values(), "ada@example.com"]])],
    ),
    "a user twice": ({}, [("users", [*USER], [[*USER.values()], [*USER.values()]])]),
    "labels that are none": ({}, [("users", [*USER], [[*(USER | {"labels": "5"}).values()]])]),
    "labels that cannot be read": ({}, [("users", [*USER], [[*(USER | {"labels": "["}).values()]])]),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_backup_is_refused_before_anything_is_written(refusing, tmp_path, home, what):
    """Its checksums fit: whoever makes the file makes them too."""
    claims, tables = FORGED[what]
    lines, sums = [{"authctl_backup": 1}], []
    for name, columns, rows in tables:
        lines += [{"table": name, "columns": columns}, *rows]
        digest = hashlib.sha256(b"".join(map(backup_files._line, (columns, *rows)))).hexdigest()
        sums.append(backup_files.Sum(name, len(rows), digest))
    manifest = json.loads(backup_files.Manifest("2026-01-02T03:04:05.678Z", "0001", None, tuple(sums)).text()) | claims
    del manifest["sha256"]
    manifest["sha256"] = backup_files._digest(manifest)
    lines.append({"manifest": json.dumps(manifest)})
    (tmp_path / "forged.backup").write_bytes(gzip.compress(b"".join(map(backup_files._line, lines))))
    directory, settings = refusing
    with pytest.raises(Unavailable) as refused:
        backup.restore(directory, settings, str(tmp_path / "forged.backup"), unsigned=True)
    assert refused.value.type == "backup_damaged"
    assert storage.state.find_state(directory.database) is None
    assert not list(tmp_path.rglob("*key*"))


@pytest.mark.parametrize("line", [b'[1,"\\ud800"]', b'[1,"\xed\xa0\x80"]', b'[1,"\xff"]', b'[1,"ada"', b"[" * 100_000])
def test_a_line_that_cannot_be_read_is_named(refusing, tmp_path, line):
    lines = [
        backup_files._line({"authctl_backup": 1}),
        backup_files._line({"table": "users", "columns": ["seq", "id"]}),
    ]
    (tmp_path / "forged.backup").write_bytes(gzip.compress(b"".join([*lines, line + b"\n"])))
    directory, settings = refusing
    with pytest.raises(Unavailable, match="its line 3 is unreadable") as refused:
        backup.restore(directory, settings, str(tmp_path / "forged.backup"))
    assert refused.value.type == "backup_damaged"


# Signed


FORGED_SESSION = {
    "seq": 99, "id": "forged", "user_seq": 1, "secret_digest": {"base64": "AA=="}, "provider": "email",
    "factors": '["password"]', "created_at": 1, "used_at": 1, "expires_at": 2**45,
}  # fmt: skip


def forge(file, *, adds=False, **claims):
    """Change a backup as somebody without the key can: with a session more where it `adds` one, and all checksums anew.

    claims: what the manifest is to say; None takes it away.
    """
    plain = json.loads(backup_files.check(file, lambda count: None).text()) | claims
    is_sqlite = Path(file).read_bytes().startswith(backup_files.SQLITE)
    (_forge_sqlite if is_sqlite else _forge_lines)(file, adds, plain)


def _manifest(plain, sums):
    plain["tables"] = [{"table": each.table, "rows": each.rows, "sha256": each.sha256} for each in sums]
    del plain["sha256"]
    if plain["signature"] is None:
        del plain["signature"]
    return json.dumps(plain | {"sha256": backup_files._digest(plain)})


def _forge_sqlite(file, adds, plain):
    copy = storage.database.Database(f"sqlite:///{file}")
    if adds:
        values = [b"\0" if isinstance(value, dict) else value for value in FORGED_SESSION.values()]
        copy.write(lambda db: storage.bulk.insert(db, "sessions", tuple(FORGED_SESSION), [values]))
    sums = backup_files.sums(copy.stream(storage.backups.parts), lambda count: None)
    copy.write(lambda db: storage.backups.put_manifest(db, _manifest(plain, sums)))
    copy.close()


def _forge_lines(file, adds, plain):
    lines, sums = [json.loads(line) for line in gzip.decompress(Path(file).read_bytes()).splitlines()], []
    del lines[-1]
    if adds:
        place, columns = next((n, line["columns"]) for n, line in enumerate(lines) if is_table(line, "sessions"))
        lines.insert(place + 1, [FORGED_SESSION.get(column) for column in columns])
    starts = [place for place, line in enumerate(lines) if is_table(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        rows = lines[start + 1 : end]
        digest = hashlib.sha256(b"".join(map(backup_files._line, (lines[start]["columns"], *rows)))).hexdigest()
        sums.append(backup_files.Sum(lines[start]["table"], len(rows), digest))
    lines.append({"manifest": _manifest(plain, sums)})
    Path(file).write_bytes(gzip.compress(b"".join(map(backup_files._line, lines))))


def is_table(line, name=None):
    return isinstance(line, dict) and "table" in line and name in (None, line["table"])


@pytest.fixture
def saved(filled, tmp_path):
    """The file of a backup."""
    file = str(tmp_path / "one.backup")
    backup.backup(filled, file)
    return file


def refused(restore, *arguments, **options):
    with pytest.raises(AuthctlError) as found:
        restore(*arguments, **options)
    assert storage.state.find_state(arguments[0].database) is None
    return found.value.type


@pytest.mark.parametrize(
    "change",
    [{"adds": True}, {"made_at": "2030-01-01T00:00:00.000Z"}, {"signature": "00" * 32}, {"signature": "ü"}],
)
def test_a_backup_that_was_changed_is_refused_whatever_its_checksums_say(saved, untouched, change):
    forge(saved, **change)
    backup_files.check(saved, lambda count: None)  # they fit
    for unsigned in (False, True):
        assert refused(backup.restore, *untouched, saved, unsigned=unsigned) == "backup_damaged"


@pytest.mark.parametrize("change", [{}, {"adds": True}])
def test_a_backup_without_a_signature_is_taken_only_where_that_is_asked_for(saved, other, change):
    """Those of older versions have none; and whoever changes one can take it away."""
    forge(saved, signature=None, **change)
    assert refused(backup.restore, *other, saved) == "backup_unsigned"
    directory, settings = other
    warnings = []
    directory.warn = warnings.append
    assert backup.restore(directory, settings, saved, unsigned=True).users == 2
    assert "may have added users" in warnings[0]


def test_a_backup_is_signed_on_both_databases(filled, tmp_path):
    file = str(tmp_path / "one.backup")
    backup.backup(filled, file)
    manifest = backup_files.check(file, lambda count: None)
    assert manifest.is_signed(filled.key)
    assert not manifest.is_signed(KEY)
    assert not backup_files.replace(manifest, made_at="2030-01-01T00:00:00.000Z").is_signed(filled.key)


def test_a_key_that_only_the_backup_has_proves_nothing(saved, untouched):
    """Whoever changes a backup puts a key of their own in, and signs with it."""
    fingerprint = sealing.fingerprint(KEY)
    forge(saved, adds=True, key_fingerprint=fingerprint, secret_key=b64encode(KEY).decode())
    manifest = backup_files.check(saved, lambda count: None).signed(KEY)
    forge(saved, signature=manifest.signature)
    assert refused(backup.restore, *untouched, saved) == "backup_unsigned"


def test_a_backup_from_before_a_new_key_is_restored_with_the_old_one(filled, settings, other, tmp_path):
    from authctl.core.maintenance import key_rotation

    file = str(tmp_path / "one.backup")
    backup.backup(filled, file)
    key_rotation.rotate_key(filled, settings)
    directory, own = other
    assert backup.restore(directory, own, file).key == "ok"


def test_without_the_key_a_backup_is_refused(filled, opened, home, tmp_path):
    file = str(tmp_path / "one.backup")
    backup.backup(filled, file)
    assert refused(backup.restore, *opened(f"sqlite:///{tmp_path}/two.db", elsewhere(home, tmp_path)), file) == (
        "backup_unsigned"
    )


def test_a_newer_schema_is_refused(filled, untouched, tmp_path, monkeypatch):
    backup.backup(filled, str(tmp_path / "one.backup"))
    monkeypatch.setattr(state, "HEAD", "0001")
    directory, settings = untouched
    with pytest.raises(Unavailable) as refused:
        backup.restore(directory, settings, str(tmp_path / "one.backup"))
    assert refused.value.type == "database_schema_newer"


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", gzip.compress(b"", mtime=0), gzip.compress(b"[1]\n", mtime=0), b"SQLite format 3\0"]
)
def test_what_is_no_backup_is_refused(directory, settings, tmp_path, content):
    file = tmp_path / "no.backup"
    file.write_bytes(content)
    with pytest.raises(AuthctlError) as refused:
        backup.restore(directory, settings, str(file))
    assert refused.value.type in ("general_argument_invalid", "backup_damaged")
    assert refused.value.field == "file"


def test_a_pipe_is_not_waited_for(directory, settings, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid):
        backup.restore(directory, settings, str(tmp_path / "pipe"))


def test_a_form_of_the_future_is_refused(directory, settings, tmp_path):
    file = tmp_path / "new.backup"
    file.write_bytes(gzip.compress(json.dumps({"authctl_backup": 2}).encode() + b"\n"))
    with pytest.raises(Invalid, match="does not know"):
        backup.restore(directory, settings, str(file))


# Keys


def elsewhere(home, tmp_path):
    """Another machine, without the keys of this one."""
    (tmp_path / "elsewhere").mkdir()
    return home | {"HOME": str(tmp_path / "elsewhere")}


def test_the_key_travels_only_when_asked_for(filled, opened, home, tmp_path):
    backup.backup(filled, str(tmp_path / "without.backup"))
    backup.backup(filled, str(tmp_path / "with.backup"), with_key=True)
    other = elsewhere(home, tmp_path)
    directory, settings = opened(f"sqlite:///{tmp_path}/without.db", other)
    warnings = []
    directory.warn = warnings.append
    assert backup.restore(directory, settings, str(tmp_path / "without.backup"), unsigned=True).key == "missing"
    assert "Nothing proves" in warnings[0]
    assert filled.state.key_fingerprint in warnings[1]
    assert list(Path(other["HOME"]).iterdir()) == []
    directory, settings = opened(f"sqlite:///{tmp_path}/with.db", other)
    restored = backup.restore(directory, settings, str(tmp_path / "with.backup"), unsigned=True)
    assert restored.key == "ok"
    key = Path(other["HOME"], ".config/authctl/keys", f"{filled.state.key_fingerprint}.key")
    assert restored.key_file == str(key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert [phone.code for phone in directory.security.list_mock_phones()] == ["123456"]


def test_a_key_of_a_backup_takes_no_others_place(filled, opened, home, tmp_path):
    backup.backup(filled, str(tmp_path / "with.backup"), with_key=True)
    other = elsewhere(home, tmp_path)
    mine = tmp_path / "mine.key"
    mine.write_text("CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\n")
    mine.chmod(0o600)
    before = mine.read_bytes()
    directory, settings = opened(f"sqlite:///{tmp_path}/with.db", other | {"AUTHCTL_SECRET_KEY_FILE": str(mine)})
    restored = backup.restore(directory, settings, str(tmp_path / "with.backup"), unsigned=True)
    assert (restored.key, mine.read_bytes()) == ("ok", before)
    assert restored.key_file == f"{mine}.{filled.state.key_fingerprint}"


@pytest.mark.parametrize("place", ["given itself", "another's file"])
def test_a_key_that_would_be_lost_refuses_the_restore(filled, opened, home, tmp_path, place):
    backup.backup(filled, str(tmp_path / "with.backup"), with_key=True)
    other, key = elsewhere(home, tmp_path), b64encode(bytes(32)).decode()
    if place == "given itself":
        other |= {"AUTHCTL_SECRET_KEY": key}
    else:
        taken = Path(other["HOME"], ".config/authctl/keys", f"{filled.state.key_fingerprint}.key")
        taken.parent.mkdir(parents=True)
        taken.write_text(key)
        taken.chmod(0o600)
    directory, settings = opened(f"sqlite:///{tmp_path}/with.db", other)
    with pytest.raises(Invalid, match="would be lost") as refused:
        backup.restore(directory, settings, str(tmp_path / "with.backup"), unsigned=True)
    assert refused.value.field == "secret_key"
    assert not (tmp_path / "with.db").exists()


def test_a_directory_whose_key_is_gone_is_saved_all_the_same(filled, settings, opened, home, tmp_path):
    other = elsewhere(home, tmp_path)
    directory, _ = opened(settings.database_url, other)
    warnings = []
    directory.warn = warnings.append
    assert backup.backup(directory, str(tmp_path / "one.backup")).users == 2
    assert "not signed" in warnings[0]
    assert backup_files.check(str(tmp_path / "one.backup"), lambda count: None).signature is None
    with pytest.raises(Invalid) as refused:
        backup.backup(directory, str(tmp_path / "two.backup"), with_key=True)
    assert refused.value.type == "general_key_missing"


def test_no_key_and_no_password_stands_in_a_backup_that_was_not_asked_for_it(filled, tmp_path):
    backup.backup(filled, str(tmp_path / "one.backup"))
    octets = (tmp_path / "one.backup").read_bytes()
    if filled.database.path is None:
        octets = gzip.decompress(octets)
    from base64 import b64encode

    assert b64encode(filled.key) not in octets
    assert filled.key not in octets
    assert PASSWORD.encode() not in octets
    assert b"123456" not in octets.replace(b"1425555", b"")


def test_backups_are_for_operators(filled, settings, tmp_path):
    person = filled.as_session(filled.users.create_session("ada").secret)
    with pytest.raises(Denied):
        backup.backup(person, str(tmp_path / "one.backup"))
    with pytest.raises(Denied):
        backup.restore(person, settings, str(tmp_path / "one.backup"))


def test_the_time_of_the_last_backup_is_remembered(filled, clock, other, tmp_path):
    assert filled.database.read(storage.backups.find_time) is None
    backup.backup(filled, str(tmp_path / "one.backup"))
    made = clock.now
    clock.forward(days=3)
    assert filled.database.read(storage.backups.find_time) == made
    directory, settings = other
    backup.restore(directory, settings, str(tmp_path / "one.backup"))
    assert directory.database.read(storage.backups.find_time) == made
