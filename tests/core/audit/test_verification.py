"""Verifying the audit log, on both databases: whoever changes the database by hand is found out."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from doubles.logs import asked, events, kinds, seals, sql, verified
from doubles.statements import caught

from authctl import storage
from authctl.core.audit import damages, seals as audit_seals, verification
from authctl.core.audit.damages import Damage, DamageKind
from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.maintenance import backup, key_rotation, setup
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Invalid, Unavailable
from authctl.model import EventName, milliseconds
from authctl.settings import load

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


SEALED, LATER = 7, 9  # the numbers of the deletion, and of eve's event; the verification's is between them


@contextmanager
def opened(settings, clock, **options):
    with opening.open_directory(
        settings, Actor("other@example.com"), clock=clock, hash_parameters=CHEAP, **options
    ) as other:
        yield other


# All is well


def test_a_log_as_it_was_written_is_good_and_sealed(log, clock):
    clock.forward(hours=1)
    found = log.security.verify_logs(whole=True)
    assert (found.is_good, found.events, found.good, found.unsigned, found.accepted) == (True, 9, 9, 0, 0)
    assert (found.problems, found.from_seal) == ((), None)
    assert found.sealed_at == clock.now
    newest, digest = seals(log)[-1]
    assert (newest.number, newest.behind, newest.up_to, newest.events) == (3, SEALED, LATER, 2)
    assert found.seal == digest[:16].hex()
    [event] = log.security.list_logs(events=["security.logs.verify"], limit=1)
    assert (event.resource, event.details) == ("events", {"seal": 3, "events": 9})
    assert log.security.verify_logs().is_good


def test_everything_that_writes_events_keeps_the_log_good(log, clock, tmp_path):
    """An import, sign-ins, refusals, a lock, a purge, deletions, a backup: all by the same door."""
    for _ in range(3):
        log.sessions.create("ada", PASSWORD)
        with pytest.raises(Denied):
            log.sessions.create("ada", "wrong")
    log.security.set("session-duration", "1h")
    log.security.rotate_jwt_key()
    clock.forward(days=60)
    log.security.purge()
    log.users.delete("ada")
    backup.backup(log, str(tmp_path / "one.backup"))
    found = log.security.verify_logs(whole=True)
    assert (found.is_good, found.good) == (True, found.events)


def test_a_new_secret_key_keeps_the_log_good(log, settings):
    key_rotation.rotate_key(log, settings)
    assert log.security.verify_logs().is_good
    assert log.security.verify_logs(whole=True).is_good


def test_a_dry_run_seals_nothing_and_records_nothing(log):
    before = events(log), seals(log)
    found = verified(log)
    assert found.is_good
    assert found.seal == before[1][-1][1][:16].hex()
    assert (events(log), seals(log)) == before


def test_progress_is_told_of_every_event(log, monkeypatch):
    monkeypatch.setattr(verification, "STEP", 2)
    steps, opened_with = [], []

    @contextmanager
    def progress(label, total):
        opened_with.append((label, total))
        yield steps.append

    log.security.verify_logs(whole=True, progress=progress)
    log.security.verify_logs(progress=progress)
    assert opened_with == [("Verifying", 9), ("Verifying", 1)]
    assert sum(steps) == 9 + 1


def test_a_person_verifies_nothing(log):
    secret = log.users.create_session("ada").secret
    with pytest.raises(Denied):
        log.as_session(secret).security.verify_logs()


# Events that were changed

CHANGES = {
    "id": "'another'",
    "time": "time + 1",
    "actor": "'somebody'",
    "os_user": "'nobody'",
    "name": "'users.unlock'",
    "resource": "'users/bob'",
    "user_id": "'bob'",
    "details": """'{"valid":true}'""",
    "ip": "'192.0.2.2'",
    "reason": "'other'",
}


def test_there_is_a_change_of_every_column():
    assert set(CHANGES) == set(storage.events.EventRow._fields)


@pytest.mark.parametrize("seq", [SEALED, LATER], ids=["sealed", "behind the last seal"])
@pytest.mark.parametrize("column", CHANGES)
def test_an_event_with_a_column_changed_is_named(log, column, seq):
    sql(log, f"UPDATE events SET {column} = {CHANGES[column]} WHERE seq = {seq}")
    found = verified(log)
    [problem] = found.problems
    assert (problem.kind, problem.seq, found.good) == (DamageKind.CHANGED, seq, 8)
    after = next(row for number, row, _ in events(log) if number == seq)
    assert problem.id == after.id
    assert after.id in problem.message
    assert milliseconds(problem.time) == after.time


@pytest.mark.parametrize("column", ["os_user", "user_id", "ip", "reason"])
def test_a_column_that_was_emptied_is_a_change(log, column):
    sql(log, f"UPDATE events SET {column} = NULL WHERE seq = {SEALED}")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, SEALED)]
    sql(log, f"UPDATE events SET {column} = '' WHERE seq = {SEALED}")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, SEALED)]


def test_values_that_change_columns_are_a_change(log):
    sql(log, f"UPDATE events SET ip = reason, reason = ip WHERE seq = {SEALED}")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, SEALED)]


def test_events_that_change_numbers_are_missed_by_their_seal(log):
    sql(log, "UPDATE events SET seq = -3 WHERE seq = 3")
    sql(log, "UPDATE events SET seq = 3 WHERE seq = 4")
    sql(log, "UPDATE events SET seq = 4 WHERE seq = -3")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, SEALED)]


@pytest.mark.parametrize("value", ["x'ff00'", "cast(x'ff41' AS text)", "12", "1.5"])
def test_what_is_no_text_at_all_is_a_change(log, value):
    if log.database.path is None:
        pytest.skip("Postgres keeps to the types of columns")
    for column in ("id", "actor", "details", "user_id"):
        sql(log, f"UPDATE events SET {column} = {value} WHERE seq = {LATER}")
        assert kinds(verified(log)) == [(DamageKind.CHANGED, LATER)]
    sql(log, f"UPDATE events SET time = 9223372036854775807, digest = 'text' WHERE seq = {LATER}")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, LATER)]
    assert log.users.get("eve").id == "eve"  # text is read as ever


# Events that were added

COPY = """
    INSERT INTO events (id, time, actor, os_user, name, resource, user_id, details, ip, reason, digest)
    SELECT {id}, time, actor, os_user, name, resource, user_id, details, ip, reason, {digest} FROM events WHERE seq = 7
"""


def test_an_event_with_anothers_digest_is_found(log):
    sql(log, COPY.format(id="'another'", digest="digest"))
    assert kinds(verified(log)) == [(DamageKind.CHANGED, 10)]


def test_an_event_with_a_digest_that_somebody_made_up_is_found(log):
    sql(log, COPY.format(id="'another'", digest="(SELECT digest FROM log_seals WHERE number = 1)"))
    assert kinds(verified(log)) == [(DamageKind.CHANGED, 10)]


def test_an_event_without_a_digest_is_found(log):
    sql(log, COPY.format(id="'another'", digest="NULL"))
    [problem] = verified(log).problems
    assert (problem.kind, problem.seq, problem.id) == (DamageKind.ADDED, 10, "another")


def test_an_event_whose_digest_was_taken_away_is_found(log):
    sql(log, f"UPDATE events SET digest = NULL WHERE seq = {LATER}")
    assert kinds(verified(log)) == [(DamageKind.ADDED, LATER)]


def test_an_event_that_is_there_twice_is_found(log):
    """The same id, and so the same digest: on SQLite, for whoever may do more than write rows."""
    if log.database.path is not None:
        sql(log, "ALTER TABLE events RENAME TO before")
        sql(log, "CREATE TABLE events AS SELECT * FROM before")
    sql(log, COPY.format(id="id", digest="digest").replace("(id", "(seq, id").replace("SELECT id", "SELECT 10, id"))
    assert kinds(verified(log)) == [(DamageKind.ADDED, 10)]


def test_an_event_that_was_put_among_sealed_ones_is_found(log):
    sql(log, COPY.format(id="'another'", digest="NULL").replace("(id", "(seq, id").replace("SELECT", "SELECT -5,"))
    [problem] = verified(log).problems
    assert (problem.kind, problem.seal) == (DamageKind.ADDED, 1)
    assert problem.message == "1 events beyond the expected 0 were added up to number 0, covered by seal 1."


# Events that were removed


@pytest.mark.parametrize("which", ["seq = 1", "seq = 4", "seq = 7", "seq IN (2, 3)", "seq <= 7"])
def test_sealed_events_that_were_removed_are_missed(log, which):
    sql(log, f"DELETE FROM events WHERE {which}")
    [problem] = verified(log).problems
    count = {"seq IN (2, 3)": 2, "seq <= 7": 7}.get(which, 1)
    assert (problem.kind, problem.seq, problem.seal) == (DamageKind.REMOVED, SEALED, 2)
    assert problem.message == f"{count} of 7 events are missing after number 0 up to number 7, covered by seal 2."
    assert milliseconds(problem.time) == seals(log)[1][0].created_at


def test_each_seal_tells_between_which_events_some_are_gone(log, clock):
    clock.forward(hours=1)
    log.security.verify_logs()
    sql(log, f"DELETE FROM events WHERE seq = {LATER}")
    [problem] = verified(log).problems
    assert (problem.seal, problem.message) == (
        3,
        "1 of 2 events are missing after number 7 up to number 9, covered by seal 3.",
    )


def test_a_number_that_was_taken_again_does_not_stand_for_the_event_that_had_it(log):
    """On SQLite the number of a newest event that is removed is given again."""
    log.security.verify_logs()
    sql(log, f"DELETE FROM events WHERE seq >= {LATER}")
    for number in range(3):
        log.users.create(id=f"later{number}")
    assert DamageKind.REMOVED in {kind for kind, _ in kinds(verified(log))} or (DamageKind.CHANGED, LATER) in kinds(
        verified(log)
    )


def test_what_came_after_the_last_seal_can_be_taken_away_as_the_help_says(log):
    sql(log, f"DELETE FROM events WHERE seq = {LATER}")
    assert verified(log).is_good


# Seals


@pytest.mark.parametrize("change", ["events = events - 1", "up_to = up_to + 1", "created_at = 0", "behind = NULL"])
def test_a_seal_that_was_changed_is_told(log, change):
    log.security.verify_logs()
    sql(log, f"UPDATE log_seals SET {change} WHERE number = 2")
    [problem] = verified(log).problems
    assert (problem.kind, problem.seal, problem.message) == (
        DamageKind.SEAL_BROKEN,
        2,
        "Seal 2 was changed.",
    )


def test_the_events_of_a_broken_seal_are_held_against_their_own_digests(log):
    log.security.verify_logs()
    sql(log, "UPDATE log_seals SET events = 6 WHERE number = 2")
    sql(log, "UPDATE events SET actor = 'nobody' WHERE seq = 3")
    assert kinds(verified(log)) == [(DamageKind.SEAL_BROKEN, None), (DamageKind.CHANGED, 3)]


def test_a_seal_that_was_removed_is_missed_by_the_next(log):
    log.security.verify_logs()
    sql(log, "DELETE FROM log_seals WHERE number = 2")
    [problem] = verified(log).problems
    assert (problem.kind, problem.seal) == (DamageKind.SEAL_BROKEN, 3)
    assert "does not follow the one before" in problem.message


def test_the_last_seal_that_was_removed_is_missed_by_the_event_that_tells_of_it(log):
    sql(log, "DELETE FROM log_seals WHERE number = 2")
    [problem] = verified(log).problems
    assert (problem.kind, problem.seal) == (DamageKind.SEAL_BROKEN, 2)
    assert problem.message == "Seal 2 is missing: the newest seals were removed."


def test_the_first_seal_is_missed_too(log):
    sql(log, "DELETE FROM log_seals WHERE number = 1")
    assert [problem.kind for problem in verified(log).problems] == [DamageKind.SEAL_BROKEN]
    sql(log, "DELETE FROM log_seals")
    assert [problem.kind for problem in verified(log).problems] == [DamageKind.SEAL_BROKEN]


def test_a_seal_that_somebody_made_up_is_told(log):
    sql(log, "INSERT INTO log_seals SELECT 3, 7, 9, events, events_digest, digest, created_at, digest FROM log_seals"
        " WHERE number = 2")  # fmt: skip
    assert [problem.message for problem in verified(log).problems] == ["Seal 3 was changed."]


def test_a_seal_is_expected_that_was_kept_elsewhere(log):
    first = log.security.verify_logs().seal
    second = log.security.verify_logs(expect=first).seal
    assert verified(log, expect=f" {first.upper()}\n").is_good
    assert verified(log, expect=second).is_good
    found = verified(log, expect="0" * 32)
    assert [problem.kind for problem in found.problems] == [DamageKind.SEAL_MISSING]


@pytest.mark.parametrize("seal", ["", "abc", "0" * 31, "0" * 33, "g" * 32, "é" * 32])
def test_what_is_no_seal_is_refused(log, seal):
    with pytest.raises(Invalid) as refused:
        log.security.verify_logs(expect=seal)
    assert refused.value.field == "expect"


def older(directory):
    """Puts the events and seals of now back later, as restoring a file would; without what the secret key seals."""
    tables = ("events", "log_seals")
    held = directory.read(
        lambda work: {
            name: work.db.sqlalchemy.execute(storage.tables.metadata.tables[name].select()).all() for name in tables
        }
    )

    def put_back():
        def step(db):
            for name, rows in held.items():
                table = storage.tables.metadata.tables[name]
                db.sqlalchemy.execute(table.delete())
                db.sqlalchemy.execute(table.insert(), [row._asdict() for row in rows])

        directory.database.write(step)

    return put_back


def test_a_log_that_was_put_back_to_an_older_state_is_noticed_by_a_seal_that_was_kept(log):
    put_back = older(log)
    log.users.delete("eve")
    kept = log.security.verify_logs().seal
    put_back()
    assert verified(log).is_good  # nothing in the database says so
    assert [problem.kind for problem in verified(log, expect=kept).problems] == [DamageKind.SEAL_MISSING]


def test_an_old_file_that_was_put_back_is_noticed_by_a_seal_that_was_kept(log, settings, clock, tmp_path):
    if log.database.path is None:
        pytest.skip("a server has no file to put back")
    storage.schema.copy_file(log.database, str(tmp_path / "old.db"))
    log.users.delete("eve")
    kept = log.security.verify_logs().seal
    log.close()
    for path in (f"{log.database.path}-wal", f"{log.database.path}-shm"):
        if os.path.exists(path):
            os.unlink(path)
    shutil.copy(tmp_path / "old.db", log.database.path)
    with opened(settings, clock) as other:
        assert verified(other).is_good
        assert [problem.kind for problem in verified(other, expect=kept).problems] == [DamageKind.SEAL_MISSING]


# What is found is recorded, and told again until somebody accepts it


def test_a_log_with_problems_is_not_sealed_and_that_is_recorded(log):
    sql(log, "UPDATE events SET actor = 'nobody' WHERE seq = 3")
    before = seals(log)
    found = log.security.verify_logs(whole=True)
    assert (found.is_good, found.seal) == (False, before[-1][1][:16].hex())
    assert seals(log) == before
    [event] = log.security.list_logs(events=["security.logs.verify"], limit=1)
    assert event.details == {"problems": 1}
    assert kinds(log.security.verify_logs()) == [(DamageKind.CHANGED, 3)]


def test_a_log_that_was_accepted_is_held_to_what_it_was_then(log):
    sql(log, "UPDATE events SET actor = 'nobody' WHERE seq = 3")
    sql(log, "DELETE FROM events WHERE seq = 4")
    sql(log, "DELETE FROM log_seals WHERE number = 2")
    found = log.security.verify_logs(accept=True)
    assert len(found.problems) == 2
    [event] = log.security.list_logs(events=["security.logs.verify"], limit=1)
    assert event.details == {"seal": 3, "events": 8, "accepted": 2}
    after = log.security.verify_logs(whole=True)
    assert (after.is_good, after.good, after.accepted) == (True, 8, 1)
    sql(log, "UPDATE events SET actor = 'somebody' WHERE seq = 3")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, 3)]


def test_to_accept_a_good_log_is_to_verify_it(log):
    log.security.verify_logs(accept=True)
    assert [seal.behind for seal, _ in seals(log)] == [None, 0, SEALED]


def test_a_key_that_is_gone_is_made_anew_by_whoever_accepts_that(log, settings, clock):
    sql(log, "DELETE FROM peppers WHERE id = 'audit_log'")
    with opened(settings, clock) as other:
        with pytest.raises(Unavailable) as refused:
            other.security.verify_logs()
        assert refused.value.type == "general_secret_damaged"
        found = other.security.verify_logs(accept=True)
        assert (found.found, found.accepted, found.good) == (0, 9, 0)
        assert other.security.verify_logs().is_good
        sql(log, "DELETE FROM events WHERE seq = 3")
        assert DamageKind.REMOVED in {problem.kind for problem in verified(other).problems}


def test_problems_beyond_the_first_are_counted(log, monkeypatch):
    monkeypatch.setattr(damages, "LISTED", 3)
    sql(log, "UPDATE events SET actor = 'nobody'")
    found = verified(log)
    assert (found.found, [problem.seq for problem in found.problems]) == (9, [1, 2, 3])


def test_a_problem_says_what_where_and_when(log, clock):
    sql(log, f"UPDATE events SET id = 'x' WHERE seq = {LATER}")
    [problem] = verified(log).problems
    assert problem == Damage(
        DamageKind.CHANGED,
        "Event x of 2026-01-02T03:08:05.678Z was changed or forged.",
        seq=LATER,
        id="x",
        time=clock.now,
    )
    assert verified(log).public()["problems"] == [
        {
            "kind": "changed",
            "message": problem.message,
            "seq": LATER,
            "id": "x",
            "time": "2026-01-02T03:08:05.678Z",
            "seal": None,
        }
    ]


# From before, and without the key


# The columns that later schemas added.
COLUMNS_SINCE = {
    "users": "pending_email pending_email_session pending_phone pending_phone_session requested password_expires_at"
    " codes_locked_until username_self_service locale",
    "identities": "email_verified",
    "invitations": "inviter_seq",
    "memberships": "invited_as invited_name",
    "tokens": "session_seq by_operator",
}
FLAGS = ("email_verified", "phone_verified", "mfa")
INDEXES_SINCE = (
    *("users_requested", "tokens_digest", "invitations_inviter_seq", "memberships_invited_as"),
    *("users_blocked", "users_flags"),
)
INDEXES_OF_ONE_SINCE = {
    "sqlite": ("sessions_user",),
    "postgresql": (
        *("sessions_user_ended", "sessions_second", "sessions_digest", "events_user"),
        *("users_username_key", "users_phone", "user_words_words", "team_words_words"),
    ),
}
# Those that later schemas removed, by their names: of which column is one to them.
INDEXES_UNTIL = {
    **{f"users_{flag}": f"users ({flag})" for flag in ("status", *FLAGS)},
    **{f"sessions_{column}": f"sessions ({column})" for column in ("user_seq", "expires_at", "ended_at")},
    "sessions_live": "sessions (user_seq)",
    "attempts_since": "attempts (since)",
}
KEYS_UNTIL = {
    "sqlite": (),
    "postgresql": (
        *(("sessions", "id"), ("sessions", "secret_digest"), ("events", "id")),
        *(("users", "email"), ("users", "username_key"), ("users", "phone")),
    ),
}
# What else the database of one of them had.
UNTIL = {
    "sqlite": (),
    "postgresql": (
        "CREATE INDEX events_user_id ON events (user_id, seq)",
        "ALTER TABLE addresses ADD CONSTRAINT addresses_user_seq_fkey FOREIGN KEY (user_seq) REFERENCES users (seq)",
        "CREATE INDEX addresses_user_seq ON addresses (user_seq)",
        "ALTER TABLE user_words ALTER words TYPE tsvector USING to_tsvector('simple', words)",
        "ALTER TABLE team_words ALTER words TYPE tsvector USING to_tsvector('simple', words)",
        "CREATE INDEX user_words_words ON user_words USING gin (words)",
        "CREATE INDEX team_words_words ON team_words USING gin (words)",
    ),
}


def as_of_0005(directory):
    """The directory as an authctl of schema 0005 left it."""
    for statement in (
        "DROP TABLE log_seals",
        "DROP TABLE import_changes",
        "DROP TABLE import_batches",
        "DROP TABLE manifest_subjects",
        "DROP TABLE user_counts",
        "DROP TABLE user_names",
        "DROP TABLE former_names",
        "DROP TABLE waiting_identities",
        *(f"DROP INDEX {name}" for name in INDEXES_SINCE + INDEXES_OF_ONE_SINCE[directory.database.dialect]),
        *(f"CREATE INDEX {name} ON {columns}" for name, columns in INDEXES_UNTIL.items()),
        *(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_key UNIQUE ({column})"
            for table, column in KEYS_UNTIL[directory.database.dialect]
        ),
        *UNTIL[directory.database.dialect],
        *(
            f"ALTER TABLE {table} DROP COLUMN {name}"
            for table, names in COLUMNS_SINCE.items()
            for name in names.split()
        ),
        "DELETE FROM peppers WHERE id = 'audit_log'",
        "UPDATE events SET digest = NULL",
        "UPDATE alembic_version SET version_num = '0005'",
    ):
        sql(directory, statement)


def test_upgrading_seals_the_events_from_before(directory, settings, clock):
    for number in range(3):
        directory.users.create(id=f"user{number}")
    as_of_0005(directory)
    with opened(settings, clock) as other:
        setup.upgrade(other)
        other.users.create(id="ada")
        found = verified(other)
        assert (found.is_good, found.events, found.good, found.unsigned) == (True, 6, 2, 4)
        sql(other, "UPDATE events SET actor = 'nobody' WHERE seq = 2")
        [problem] = verified(other).problems  # which of them, nobody can tell
        assert (problem.kind, problem.seq, problem.seal) == (DamageKind.CHANGED, 4, 1)
        sql(other, "DELETE FROM events WHERE seq = 2")
        assert [problem.kind for problem in verified(other).problems] == [DamageKind.REMOVED]


def test_a_schema_that_was_upgraded_by_hand_gets_its_key_when_it_is_first_used(directory, settings, clock):
    directory.users.create(id="ada")
    as_of_0005(directory)
    sql_text = setup.migration_sql(directory)
    for statement in filter(str.strip, sql_text.replace("BEGIN;", "").replace("COMMIT;", "").split(";\n")):
        sql(directory, statement)
    with opened(settings, clock) as other:
        assert verified(other).public() == {
            "events": 2, "good": 0, "unsigned": 2, "accepted": 0, "found": 0, "problems": [], "seal": None,
            "sealed_at": None, "from_seal": None,
        }  # fmt: skip
        found = other.security.verify_logs(whole=True)
        assert (found.is_good, found.unsigned, found.good) == (True, 2, 0)
        sql(other, "UPDATE events SET actor = 'nobody' WHERE seq = 1")
        assert not verified(other).is_good


def test_an_event_that_an_older_authctl_adds_after_the_upgrade_is_told(log):
    sql(log, COPY.format(id="'another'", digest="NULL"))
    assert kinds(log.security.verify_logs(accept=True)) == [(DamageKind.ADDED, 10)]
    assert log.security.verify_logs(whole=True).unsigned == 1


def test_a_backup_without_the_key_at_hand_is_recorded_without_a_digest(log, settings, home, clock, tmp_path):
    elsewhere = load(
        home | {"HOME": str(tmp_path / "elsewhere")},
        options={"database_url": settings.database_url},
        system_config=os.devnull,
    )
    with opened(elsewhere, clock) as other:
        backup.backup(other, str(tmp_path / "one.backup"))
    found = log.security.verify_logs(whole=True)
    assert (found.is_good, found.events, found.good, found.unsigned) == (True, 10, 9, 1)
    sql(log, "UPDATE events SET actor = 'nobody' WHERE seq = 10")
    assert kinds(verified(log)) == [(DamageKind.CHANGED, 10)]


@pytest.fixture(params=["into sqlite", "into postgres"])
def empty(request, tmp_path, home, clock):
    """A database with nothing in it, of each kind, and its settings."""
    url = f"sqlite:///{tmp_path}/other/restored.db"
    if request.param == "into postgres":
        url = request.getfixturevalue("new_postgres_url")()
    settings = load(home, options={"database_url": url}, system_config=os.devnull)
    with opened(settings, clock) as other:
        yield other, settings


def test_a_restored_directory_verifies(log, empty, tmp_path):
    kept = log.security.verify_logs().seal
    backup.backup(log, str(tmp_path / "one.backup"))
    other, settings = empty
    setup.initialize(other, settings)  # one that has a log key of its own is taken over all the same
    other.find_log_key()
    backup.restore(other, settings, str(tmp_path / "one.backup"))
    other.users.create(id="bob")
    found = other.security.verify_logs(expect=kept, whole=True)
    assert (found.is_good, found.good) == (True, found.events)
    assert other.find_log_key() == log.find_log_key()
    sql(other, "DELETE FROM events WHERE seq = 3")
    assert [problem.kind for problem in verified(other).problems] == [DamageKind.REMOVED]


def test_a_restored_directory_of_an_older_schema_verifies(directory, empty, tmp_path):
    directory.users.create(id="ada")
    as_of_0005(directory)
    backup.backup(directory, str(tmp_path / "one.backup"))
    other, settings = empty
    backup.restore(other, settings, str(tmp_path / "one.backup"))
    found = other.security.verify_logs(whole=True)
    assert (found.is_good, found.good, found.unsigned) == (True, 1, 2)


def test_a_restored_directory_whose_key_comes_later_verifies(directory, empty, home, clock, tmp_path):
    directory.users.create(id="ada")
    backup.backup(directory, str(tmp_path / "one.backup"))
    other, settings = empty
    away = load(
        home | {"HOME": str(tmp_path / "away")},
        options={"database_url": settings.database_url},
        system_config=os.devnull,
    )
    with opened(away, clock) as keyless:
        assert backup.restore(keyless, away, str(tmp_path / "one.backup"), unsigned=True).key == "missing"
    found = other.security.verify_logs(whole=True)
    assert (found.is_good, found.unsigned) == (True, 1)


# At once


def test_two_that_verify_at_once_both_find_it_good(log, settings, clock):
    starting = threading.Barrier(4)

    def verify(number):
        with opened(settings, clock) as other:
            starting.wait(20)
            return other.security.verify_logs()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(verify, range(4)))
    assert [each.is_good for each in found] == [True] * 4
    kept = {digest[:16].hex() for _, digest in seals(log)}
    assert {each.seal for each in found} <= kept
    assert [seal.number for seal, _ in seals(log)] == list(range(1, len(kept) + 1))
    assert log.security.verify_logs(whole=True).is_good


def test_a_seal_that_another_was_faster_with_is_the_answer(log):
    """Between reading and sealing, another verifies."""
    others = []

    @contextmanager
    def progress(label, total):
        yield lambda count: None
        if not others:
            others.append(None)  # once
            others[0] = log.security.verify_logs()

    found = log.security.verify_logs(progress=progress)
    assert (found.is_good, found.seal) == (True, others[0].seal)
    assert [seal.number for seal, _ in seals(log)] == [1, 2, 3]
    assert verified(log).is_good


def test_verifying_while_others_write_finds_it_good(log, settings, clock):
    done = threading.Event()

    def write(number):
        with opened(settings, clock) as other:
            for turn in range(25):
                other.users.create(id=f"writer{number}.{turn}")

    def verify():
        with opened(settings, clock) as other:
            found = [other.security.verify_logs()]
            while not done.is_set():
                found.append(other.security.verify_logs())
            return found

    with ThreadPoolExecutor(4) as pool:
        verifying = pool.submit(verify)
        list(pool.map(write, range(3)))
        done.set()
        assert all(each.is_good for each in verifying.result())
    found = log.security.verify_logs(whole=True)
    assert (found.is_good, found.good) == (True, found.events)


def test_an_event_that_is_not_through_is_waited_for(log, settings, clock, home):
    """Its number is below that of an event that is: sealed without it, it would look like one that was added."""
    inside, go_on = threading.Event(), threading.Event()

    def slow(work):
        work.record(EventName.SECURITY_PURGE, "tokens")
        work.db.sqlalchemy.exec_driver_sql("SELECT 1")  # by now the event, which was sent ahead, has its number
        inside.set()
        assert go_on.wait(60)

    impatient = load(
        home | {"AUTHCTL_DATABASE_LOCK_TIMEOUT": "0.1"},
        options={"database_url": settings.database_url},
        system_config=os.devnull,
    )
    with ThreadPoolExecutor(1) as pool, opened(impatient, clock) as other:
        writing = pool.submit(log.write, slow)
        assert inside.wait(60)
        pauses = []
        other.sleep = pauses.append
        try:
            if log.database.path is None:
                with opened(settings, clock) as third:
                    third.users.create(id="bob")
            with pytest.raises(Unavailable) as refused:
                other.security.verify_logs()
        finally:
            go_on.set()
        writing.result()
        assert refused.value.type == "database_locked"
        if log.database.path is None:
            assert 0.1 <= sum(pauses) < 0.2
        found = other.security.verify_logs(whole=True)
    assert (found.is_good, found.good) == (True, found.events)


def test_no_writer_waits_while_one_that_is_not_through_is_waited_for(log, settings, clock, home):
    if log.database.path is not None:
        pytest.skip("writers on SQLite wait for each other")
    inside, go_on = threading.Event(), threading.Event()

    def slow(work):
        work.record(EventName.SECURITY_PURGE, "tokens")
        work.db.sqlalchemy.exec_driver_sql("SELECT 1")  # by now the event, which was sent ahead, has its number
        inside.set()
        assert go_on.wait(60)

    impatient = load(
        home | {"AUTHCTL_DATABASE_LOCK_TIMEOUT": "0.2"},
        options={"database_url": settings.database_url},
        system_config=os.devnull,
    )
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        writer.users.create(id=f"writer{len(pauses)}")
        if len(pauses) == 5:
            go_on.set()
            writing.result()

    with ThreadPoolExecutor(1) as pool, opened(impatient, clock) as writer, opened(settings, clock) as other:
        writing = pool.submit(log.write, slow)
        assert inside.wait(60)
        writer.users.create(id="behind")
        other.sleep = sleep
        found = other.security.verify_logs()
    assert pauses == [0.01, 0.02, 0.04, 0.08, 0.16]
    assert (found.is_good, found.events) == (True, 4)  # those of the fixture, the slow one's, and the one behind it
    assert verified(log).is_good


def test_nobody_waits_for_a_vacuum_that_the_log_is_verified_beside(log, settings, clock):
    if log.database.path is not None:
        pytest.skip("SQLite has no such lock")
    url = settings.database_url
    with psycopg.connect(url) as vacuum, opened(settings, clock) as other:
        vacuum.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        other.sleep = lambda seconds: pytest.fail("it waits")
        assert other.security.verify_logs().is_good
        other.users.create(id="bob")


# From the last seal


def test_a_second_run_reads_what_is_new(log):
    before, found = log.security.verify_logs(), []
    log.users.create(id="bob")
    up_to = seals(log)[-1][0].up_to
    with caught(lambda driver, statement, parameters: found.append((statement, parameters))):
        after = log.security.verify_logs()
    assert (after.is_good, after.events, after.good, after.from_seal) == (True, 2, 2, before.seal)
    assert asked(found) == [[up_to, up_to + 2]] * 3  # how many there are, what they are, whether one is there twice
    [event] = log.security.list_logs(events=["security.logs.verify"], limit=1)
    assert event.details == {"seal": 4, "events": 2, "from_seal": 3}


@pytest.mark.parametrize("whole", [False, True], ids=["from the last seal", "all of it"])
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (f"UPDATE events SET actor = 'nobody' WHERE seq = {LATER}", DamageKind.CHANGED),
        (f"UPDATE events SET digest = NULL WHERE seq = {LATER}", DamageKind.ADDED),
        ("DELETE FROM log_seals WHERE number = 2", DamageKind.SEAL_BROKEN),
        ("DELETE FROM log_seals", DamageKind.SEAL_BROKEN),
        ("UPDATE log_seals SET created_at = 0 WHERE number = 2", DamageKind.SEAL_BROKEN),
        ("UPDATE log_seals SET behind = NULL WHERE number = 2", DamageKind.SEAL_BROKEN),
    ],
)
def test_what_is_wrong_behind_the_last_seal_or_with_it_is_found_by_either(log, change, kind, whole):
    sql(log, change)
    assert kind in [problem.kind for problem in verified(log, whole=whole).problems]
    assert not log.security.verify_logs(whole=whole).is_good


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE events SET actor = 'nobody' WHERE seq = {SEALED}",
        f"DELETE FROM events WHERE seq = {SEALED}",
        "DELETE FROM log_seals WHERE number = 1",
    ],
)
def test_what_was_sealed_is_held_to_it_only_where_all_is_read(log, change):
    sql(log, change)
    assert log.security.verify_logs().is_good
    assert not log.security.verify_logs(whole=True).is_good


def test_a_log_that_something_was_wrong_with_is_read_whole_until_it_is_mended(log):
    """The next run must not seal what hides it, nor the check-up forget it."""
    sql(log, "UPDATE events SET actor = 'nobody' WHERE seq = 3")
    before = seals(log)
    assert not log.security.verify_logs(whole=True).is_good
    for _ in range(2):
        found = log.security.verify_logs()
        assert (kinds(found), found.from_seal) == ([(DamageKind.CHANGED, 3)], None)
    assert seals(log) == before
    sql(log, "UPDATE events SET actor = 'tester@example.com' WHERE seq = 3")
    found = log.security.verify_logs()
    assert (found.is_good, found.from_seal) == (True, None)
    assert log.security.verify_logs().from_seal == found.seal


def test_a_log_that_was_accepted_is_read_from_there(log):
    sql(log, "UPDATE events SET actor = 'nobody' WHERE seq = 3")
    accepted = log.security.verify_logs(accept=True)
    assert (accepted.found, accepted.from_seal) == (1, None)
    found = log.security.verify_logs()
    assert (found.is_good, found.events, found.from_seal) == (True, 1, accepted.seal)


def test_a_seal_that_was_kept_is_looked_up_and_the_seals_since_are_followed(log):
    kept = log.security.verify_logs().seal
    for _ in range(3):
        log.security.verify_logs()
    found = verified(log, whole=False, expect=kept)
    assert (found.is_good, found.events) == (True, 1)
    sql(log, "DELETE FROM log_seals WHERE number = 4")
    assert verified(log, whole=False).is_good
    assert kinds(verified(log, whole=False, expect=kept)) == [(DamageKind.SEAL_BROKEN, None)]
    assert [problem.kind for problem in verified(log, whole=False, expect="0" * 32).problems] == [
        DamageKind.SEAL_MISSING
    ]


def test_newest_seals_and_their_events_that_were_taken_away_are_missed_by_a_seal_that_was_kept(log):
    """Whoever takes all that tells of a seal away leaves a log as it was before it."""
    kept = log.security.verify_logs().seal
    sql(log, "DELETE FROM log_seals WHERE number = 3")
    found = verified(log, whole=False)
    assert [problem.message for problem in found.problems] == ["Seal 3 is missing: the newest seals were removed."]
    sql(log, f"DELETE FROM events WHERE seq > {LATER}")
    assert verified(log).is_good
    assert [problem.kind for problem in verified(log, whole=False, expect=kept).problems] == [DamageKind.SEAL_MISSING]


def test_many_events_get_several_seals(log, monkeypatch):
    monkeypatch.setattr(audit_seals, "SEGMENT", 3)
    for number in range(5):
        log.users.create(id=f"later{number}")
    found = log.security.verify_logs()
    made = [seal for seal, _ in seals(log)[2:]]
    assert [(seal.number, seal.behind, seal.up_to, seal.events) for seal in made] == [
        (3, 7, 10, 3), (4, 10, 13, 3), (5, 13, 14, 1),
    ]  # fmt: skip
    assert found.seal == seals(log)[-1][1][:16].hex()
    sql(log, "DELETE FROM events WHERE seq = 12")
    [problem] = verified(log).problems
    assert problem.message == "1 of 3 events are missing after number 10 up to number 13, covered by seal 4."
    log.security.verify_logs(accept=True, whole=True)
    assert [seal.behind for seal, _ in seals(log)[5:]] == [None, 3, 6, 9, 13]
    assert verified(log).is_good
