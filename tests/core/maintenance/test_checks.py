"""The check-up: every weakness is named, and the command that it names mends it, run as it is printed."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from doubles.advice import follow
from doubles.lines import pipeline

from authctl import storage
from authctl.core.directory import opening
from authctl.core.maintenance import checks, key_files, policy_checks
from authctl.core.policy import policies
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Invalid
from authctl.settings import load

DAY = timedelta(days=1)
PASSWORD = "correct horse battery staple"
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"
BCRYPT = "$2b$04$9dVBzDqQz0FXKJ9cN6Jq/.2fzE2QLdM6tGoC9BcJe6eNYdVPqTJK6"


@pytest.fixture
def now(directory, clock):
    """The real time, since the commands run in processes of their own; something was done two days before it."""
    clock.now = datetime.now(UTC) - 2 * DAY
    directory.teams.create("Short-lived", id="short-lived")
    directory.teams.delete("short-lived")
    clock.now = datetime.now(UTC)
    return clock.now


def sql(directory, statement):
    directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql(statement))


def milliseconds(time):
    return int(time.timestamp() * 1000)


def found(directory, settings):
    return {(each.check.id, each.resource): each for each in checks.check(directory, settings)}


def ids(directory, settings):
    return {id for id, _ in found(directory, settings)}


def spoil(directory, now):
    """What can be spoiled from within, at once."""
    users, security, old = directory.users, directory.security, milliseconds(now - 800 * DAY)
    users.create(id="single", password=PASSWORD)
    users.create(id="staff", labels=["staff"], password=PASSWORD)
    users.create(id="md5", password_hash=MD5, hash="md5")
    users.create(id="bcrypt", password_hash=BCRYPT)
    users.create(id="told", password=PASSWORD, must_change=True)
    users.create(id="blocked", password=PASSWORD)
    users.create(id="paused", password=PASSWORD)
    for name in ("blocked", "paused", "single"):
        users.create_session(name)
    directory.sessions.create_jwt(users.create_session("staff").secret)
    directory.tokens.create("single")
    directory.teams.create("Maths", id="maths")
    directory.teams.create_membership("maths", user="staff")
    directory.teams.create_membership("maths", user="md5")
    directory.teams.create("Empty")
    security.create_mock_phone("+14255550123", "123456")
    security.create_mock_phone("+14255550124", "123456")
    security.apply("appwrite")
    security.apply({"mfa-required": ["staff"], "session-invalidation": False, "otp-hourly-limit": 0})
    sql(directory, f"UPDATE users SET password_updated_at = {old} WHERE id IN ('bcrypt', 'md5')")
    sql(directory, f"UPDATE users SET updated_at = {old} WHERE id = 'told'")
    sql(directory, "UPDATE users SET status = 'blocked' WHERE id IN ('blocked', 'paused')")
    sql(directory, f"UPDATE users SET blocked_until = {milliseconds(now + DAY)} WHERE id = 'paused'")
    single = "(SELECT seq FROM users WHERE id = 'single')"
    sql(directory, f"UPDATE sessions SET expires_at = {old} WHERE user_seq = {single}")
    sql(directory, f"UPDATE tokens SET expires_at = {old}")
    sql(directory, f"UPDATE signing_keys SET created_at = {old}")
    past = (now - 800 * DAY).isoformat()
    sql(directory, f"UPDATE directory SET value = '{past}' WHERE name = 'key_at'")
    directory.database.write(lambda db: storage.backups.note(db, now - 30 * DAY))


SPOILED = {
    ("weak-hashes", "md5"),
    ("blocked-with-sessions", "users"),
    ("users-without-mfa", "users"),
    ("required-without-factor", "staff"),
    ("must-change-standing", "users"),
    ("weak-policy", "session-invalidation"),
    ("weak-policy", "password-dictionary"),
    ("weak-policy", "password-personal-data"),
    ("weak-policy", "otp-expiry"),
    ("weak-policy", "otp-hourly-limit"),
    ("weak-policy", "verification-needs-session"),
    ("weak-policy", "invite-expiry"),
    ("weak-policy", "change-needs-old"),
    ("weak-policy", "generated-password-expiry"),
    ("team-without-owner", "maths"),
    ("backup-old", "directory"),
    ("mock-phones", "+14255550123"),
    ("mock-phones", "+14255550124"),
    ("legacy-hashes", "bcrypt"),
    ("purge-overdue", "directory"),
    ("short-passwords", "password-min-length"),
    ("key-old", "secret_key"),
    ("signing-key-old", "jwt"),
    ("no-reasons", "log"),
    ("log-unverified", "log"),
}


@pytest.fixture
def in_shell(home, tmp_path):
    """The words that a real shell gives to each authctl of a finding's command, which writes them down alone."""
    programs, said = tmp_path / "programs", tmp_path / "said"
    programs.mkdir()
    (programs / "authctl").write_text('#!/bin/sh\nprintf "%s\\0" "$@" >"$SAID/$$"\n')
    (programs / "authctl").chmod(0o755)

    def words(finding):
        said.mkdir()
        follow(finding.command, home | {"SAID": str(said)}, tmp_path, programs=programs)
        found = sorted(each.read_text().split("\0")[:-1] for each in said.iterdir())
        shutil.rmtree(said)
        return found

    return words


@pytest.fixture
def mend(authctl, database_url, tmp_path, monkeypatch):
    """Runs the command of a finding in this process, at the time of its clock."""
    monkeypatch.chdir(tmp_path)

    def run(finding):
        output = ""
        for command in pipeline(finding.command):
            program, *words = command.words
            ran = authctl(words, stdin=output, env={"AUTHCTL_DATABASE_URL": database_url})
            assert (program, ran.status) == ("authctl", 0), ran.stderr
            output = ran.stdout

    return run


def test_everything_that_was_spoiled_is_named_and_mended(directory, settings, now, clock, in_shell, mend):
    spoil(directory, now)
    before = found(directory, settings)
    assert before.keys() == SPOILED
    assert before["blocked-with-sessions", "users"].message == "2 blocked users are still signed in."
    directory.close()
    for finding in before.values():
        assert in_shell(finding) == sorted(command.words[1:] for command in pipeline(finding.command))
        mend(finding)
    clock.now = datetime.now(UTC)
    after = found(directory, settings)
    assert after.keys().isdisjoint(before)
    # Who had no second factor must have one now.
    assert after.keys() == {("required-without-factor", "all")}
    for finding in after.values():
        mend(finding)
    assert found(directory, settings) == {}
    assert directory.users.get("md5").password.algorithm == "wrapped-md5"
    assert directory.users.verify_password("md5", "password")
    assert directory.users.get("bcrypt").password.must_change
    assert directory.users.get("told").status == "blocked"


def test_each_policy_that_can_be_weaker_is_named_and_reset(directory, settings, mend):
    weakest = {
        **{name: policies.DECLARATIONS[name].kind.minimum for name in policy_checks.LOWER},
        **{name: policies.DECLARATIONS[name].kind.maximum for name in policy_checks.HIGHER},
        **dict.fromkeys(policy_checks.OFF, False),
    }
    # What is recommended of these is the weakest that there is.
    as_weak = {"otp-length", "password-min-length", "password-history", "session-duration"}
    directory.security.apply(weakest)
    before = [each for each in checks.check(directory, settings) if each.check.id == "weak-policy"]
    assert {each.resource for each in before} == weakest.keys() - as_weak
    for finding in before:
        mend(finding)
    assert "weak-policy" not in ids(directory, settings)


@pytest.mark.parametrize("name", ["otp-hourly-limit", "sms-hourly-limit"])
def test_no_limit_is_weaker_than_any(directory, settings, mend, name):
    directory.security.set(name, 0)
    mend(found(directory, settings)["weak-policy", name])
    assert "weak-policy" not in ids(directory, settings)


@pytest.mark.parametrize(("factors", "left"), [("all", "totp,phone"), ("email", "totp")])
@pytest.mark.parametrize("asks", ["the user", "the policy"])
def test_a_mailbox_that_is_both_factors_is_named_until_another_is_given(
    directory, settings, now, mend, factors, left, asks
):
    users, security = directory.users, directory.security
    security.set("mfa-factors", factors)
    for name, more in {"mailed": {}, "called": {"phone": "+14255550123", "phone_verified": True}, "idle": {}}.items():
        users.create(id=name, email=f"{name}@example.com", email_verified=True, password=PASSWORD, **more)
    if asks == "the policy":
        users.update_labels("mailed", ["staff"])
        users.update_labels("called", ["staff"])
        security.set("mfa-required", "staff")
    else:
        directory.mfa.enable("mailed")
        directory.mfa.enable("called")
    finding = found(directory, settings)["email-only-factor", "mfa-factors"]
    count = "1 user has" if factors == "all" else "2 users have"
    assert finding.message.startswith(count)
    assert finding.command == f"authctl security set mfa-factors {left}"
    mend(finding)
    # Now they have one factor, and are among those who do, until they have two that are two.
    after = found(directory, settings)
    if asks == "the policy":
        assert after["required-without-factor", "staff"].message.startswith(count.split()[0])
    else:
        assert after["users-without-mfa", "users"].message.startswith("2 of 3" if factors == "all" else "3 of 3")
    for name in ("users-without-mfa", "required-without-factor"):
        for each in [each for each in checks.check(directory, settings) if each.check.id == name]:
            mend(each)
    assert ids(directory, settings).isdisjoint({"email-only-factor", "users-without-mfa", "required-without-factor"})


@pytest.mark.parametrize("table", ["sessions", "tokens"])
def test_what_is_long_over_is_named_and_purged(directory, settings, mend, now, table):
    directory.users.create(id="ada")
    directory.users.create_session("ada")
    directory.tokens.create("ada")
    assert "purge-overdue" not in ids(directory, settings)
    sql(directory, f"UPDATE {table} SET expires_at = {milliseconds(now - 800 * DAY)}")
    finding = found(directory, settings)["purge-overdue", "directory"]
    tokens, sessions = (1, 0) if table == "tokens" else (0, 1)
    assert finding.message.startswith(f"{tokens} expired tokens and {sessions} ended sessions ")
    mend(finding)
    assert "purge-overdue" not in ids(directory, settings)


def test_a_directory_that_was_never_saved_is_named_and_saved(directory, settings, clock, mend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory.users.create(id="ada")
    assert "backup-old" not in ids(directory, settings)
    clock.forward(days=8)
    finding = found(directory, settings)["backup-old", "directory"]
    assert finding.message == "There has been no backup for 8 days."
    mend(finding)
    assert len([*tmp_path.glob("*.backup")]) == 1
    assert "backup-old" not in ids(directory, settings)


def test_a_log_that_nobody_verifies_is_named_until_somebody_does(directory, settings, clock, mend):
    clock.forward(days=30)
    assert "log-unverified" not in ids(directory, settings)
    for _ in range(2):
        clock.forward(days=1)
        finding = found(directory, settings)["log-unverified", "log"]
        assert finding.message == "Nobody has verified the audit log for 31 days."
        mend(finding)
        assert "log-unverified" not in ids(directory, settings)
        clock.forward(days=30)


def test_a_damaged_log_is_named_until_it_is_taken_as_it_is(directory, settings, mend):
    directory.users.create(id="ada")
    sql(directory, "UPDATE events SET actor = 'nobody' WHERE seq = 2")
    assert "log-damaged" not in ids(directory, settings)
    assert not directory.security.verify_logs().is_good
    assert not directory.security.verify_logs().is_good
    finding = found(directory, settings)["log-damaged", "log"]
    assert finding.message == "1 problem was found when the log was last verified."
    mend(finding)
    assert "log-damaged" not in ids(directory, settings)


@pytest.mark.parametrize("details", ["[]", "", "no JSON", "1", '{"problems": "many"}'])
def test_what_somebody_wrote_over_a_verification_ends_no_check_up(directory, settings, details):
    sql(directory, "UPDATE events SET actor = 'nobody' WHERE seq = 1")
    assert not directory.security.verify_logs().is_good
    sql(directory, f"UPDATE events SET details = '{details}' WHERE name = 'security.logs.verify'")
    assert "log-damaged" not in ids(directory, settings)
    assert not directory.security.verify_logs().is_good
    assert "log-damaged" in ids(directory, settings)


@pytest.fixture
def opened(home):
    """A directory in an SQLite file, made by itself; and how it is opened again."""
    directories = []

    def open_it(**variables):
        settings = load(home | variables, system_config=os.devnull)
        directories.append(opening.open_directory(settings, Actor("tester@example.com")))
        return directories[-1], settings

    yield open_it
    for directory in directories:
        directory.close()


def test_open_files_are_named_and_closed(opened, home, now, tmp_path):
    directory, settings = opened()
    directory.users.create(id="ada")
    directory.close()
    database, key = Path(directory.database.path), Path(settings.secret_key_file)
    database.chmod(0o644)
    database.parent.chmod(0o777)
    key.chmod(0o644)
    config = key.parent / "config.toml"
    config.write_text('[email]\npassword = "s3cret"\n')
    config.chmod(0o640)
    with storage.schema.driver_connection(directory.database) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    before = found(*opened())
    files = {
        ("secret-file-open", str(key)),
        ("secret-file-open", str(config)),
        ("database-file-open", str(database)),
        ("database-folder-open", str(database.parent)),
        ("write-ahead-log-off", "database"),
    }
    assert before.keys() >= files
    for place in files:
        follow(before[place].command, home, tmp_path)
    directory, settings = opened()
    assert found(directory, settings).keys().isdisjoint(files)


def test_files_in_a_groups_folder_may_be_the_groups(opened, home, tmp_path):
    """As `authctl help sharing` has it; what is open to everybody is closed to all but the group."""
    directory, settings = opened()
    directory.users.create(id="ada")
    database, key = Path(directory.database.path), Path(settings.secret_key_file)
    files = [Path(str(database) + end) for end in ("", "-wal", "-shm")]
    for folder in {database.parent, key.parent}:
        folder.chmod(0o2770)
    for file in (*files, key):
        file.chmod(0o660)
    names = {"secret-file-open", "key-file-open", "database-file-open", "database-folder-open"}
    assert names.isdisjoint(ids(directory, settings))
    database.parent.chmod(0o2777)
    for file in (*files, key):
        file.chmod(0o664)
    before = found(*opened())
    places = [("database-folder-open", str(database.parent)), ("database-file-open", str(database))]
    for place in (*places, ("secret-file-open", str(key))):
        follow(before[place].command, home, tmp_path)
    assert database.parent.stat().st_mode & 0o7777 == 0o2775
    assert [file.stat().st_mode & 0o777 for file in (*files, key)] == [0o660] * 4
    assert names.isdisjoint(ids(*opened()))


def test_the_file_of_another_databases_key_is_looked_at_too(directory, settings, home, tmp_path):
    key = Path(home["HOME"], ".config/authctl/keys", f"{directory.state.key_fingerprint}.key")
    key.chmod(0o640)
    follow(found(directory, settings)["key-file-open", str(key)].command, home, tmp_path)
    assert key.stat().st_mode & 0o777 == 0o600
    assert "key-file-open" not in ids(directory, settings)


def test_the_files_beside_a_database_in_use_are_closed_too(opened, home, tmp_path):
    directory, settings = opened()
    directory.users.create(id="ada")
    files = [Path(directory.database.path + end) for end in ("", "-wal", "-shm")]
    for file in files:
        file.chmod(0o644)
    follow(found(directory, settings)["database-file-open", str(files[0])].command, home, tmp_path)
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    assert "database-file-open" not in ids(directory, settings)


def test_an_older_schema_is_told_left_as_it_is_and_upgraded(directory, settings, home, now, tmp_path, database_url):
    fingerprint = directory.state.key_fingerprint

    def make_older(db):
        storage.backups.clear(db)
        storage.schema.migrate(db, "0001")
        storage.schema.set_key_fingerprint(db, fingerprint)

    directory.database.write(make_older)
    [finding] = checks.check(directory, settings)
    assert finding.check.id == "schema-behind"
    assert directory.database.read(storage.state._read_state).version == "0001"
    follow(finding.command, home | {"AUTHCTL_DATABASE_URL": database_url}, tmp_path)
    assert "schema-behind" not in ids(directory, settings)


def test_the_default_database_is_told_to_be_older_too(opened, home, now):
    """Other commands bring that one up to date by themselves."""
    directory, settings = opened()
    directory.users.create(id="ada")
    sql(directory, "UPDATE alembic_version SET version_num = '0001'")
    again, settings = opened()
    [finding] = checks.check(again, settings)
    assert (finding.check.id, finding.command) == ("schema-behind", "authctl upgrade")
    assert again.database.read(storage.state._read_state).version == "0001"
    assert [path.name for path in Path(directory.database.path).parent.glob("*schema*")] == []


def test_a_clock_that_is_off_is_told(directory, settings, clock, now):
    directory.users.create(id="ada")
    assert "clock-off" not in ids(directory, settings)
    clock.forward(minutes=1)
    assert ("clock-off" in ids(directory, settings)) == (directory.database.path is None)  # a file has no clock,
    clock.forward(minutes=-2)
    assert "clock-off" in ids(directory, settings)  # but knows what was
    clock.forward(minutes=1)
    assert "clock-off" not in ids(directory, settings)


def test_the_databases_clock_is_read_as_the_check_up_began(directory):
    """However long it has been at the users before."""
    first, second = directory.database.read(lambda db: [storage.statistics.time(db), storage.statistics.time(db)])
    assert first == second
    assert (first is None) == (directory.database.path is not None)


# What is no weakness


def test_a_new_directory_has_little_to_be_told(directory, settings):
    assert ids(directory, settings) - {"clock-off"} == {"short-passwords"}  # the clock of tests stands still


@pytest.mark.parametrize("preset", policies.PRESETS)
def test_what_is_stricter_than_recommended_is_no_weakness(directory, settings, now, preset):
    directory.security.apply(preset)
    weak = {resource for id, resource in found(directory, settings) if id == "weak-policy"}
    recommended = policies.preset("recommended")
    assert weak == {
        name
        for name, value in policies.preset(preset).items()
        if policy_checks.is_weaker(name, value, recommended[name])
    }
    assert (weak == set()) == (preset == "recommended")
    directory.security.apply({"sign-in-attempts": 3, "otp-expiry": "1m", "otp-length": 8, "sign-in-lockout": "1h"})
    assert not {("weak-policy", name) for name in ("sign-in-attempts", "otp-expiry", "otp-length")} & {
        *found(directory, settings)
    }


def test_every_policy_that_is_compared_is_a_policy():
    assert {*policy_checks.LOWER, *policy_checks.HIGHER, *policy_checks.OFF} <= policies.DECLARATIONS.keys()


def test_who_has_a_factor_and_must_use_it_is_no_weakness(directory, settings, now):
    directory.security.set("mfa-required", "staff")
    directory.users.create(id="ada", labels=["staff"], email="ada@example.com", email_verified=True)
    directory.users.create(id="other", labels=["staffer"])
    assert ("required-without-factor", "staff") not in found(directory, settings)
    assert found(directory, settings)["users-without-mfa", "users"].message.startswith("1 of 2 ")
    directory.security.set("mfa-factors", "totp")
    assert ("required-without-factor", "staff") in found(directory, settings)


def test_the_names_of_weak_hashes_are_those_that_hashing_calls_weak():
    from authctl.core import hashing

    for text, name in ((MD5, "md5"), (BCRYPT, None), ("$1$abcdefgh$G//4keteveJp0qb8z2DxG/", None)):
        stored = hashing.accept(text, name)
        assert checks.is_weak(stored.algorithm) == (stored.strength == "weak")


def test_a_check_up_writes_nothing_and_asks_for_no_key(directory, settings, now, home):
    directory.users.create(id="ada")
    events = len(directory.security.list_logs(limit=100))
    for key in Path(home["HOME"]).rglob("*.key"):
        key.unlink()
    assert ids(directory, settings)
    assert len(directory.security.list_logs(limit=100)) == events


def test_check_ups_are_for_operators(directory, settings, now):
    directory.users.create(id="ada")
    with pytest.raises(Denied):
        checks.check(directory.as_session(directory.users.create_session("ada").secret), settings)


# The policy that asks for reasons


def test_where_reasons_are_required_changes_need_one(directory, now):
    directory.users.create(id="ada")
    directory.acting(Actor("tester@example.com", reason="we ask for it")).security.set("reason-required", True)
    for step in (
        lambda: directory.users.delete("ada"),
        lambda: directory.users.update_status("ada", "blocked"),
        lambda: directory.users.update_labels("ada", ["admin"]),
        lambda: directory.security.set("reason-required", False),
    ):
        with pytest.raises(Invalid) as refused:
            step()
        assert refused.value.field == "reason"
    assert directory.users.update_name("ada", "Ada").name == "Ada"
    assert directory.acting(Actor("tester@example.com", reason="left")).users.delete("ada").id == "ada"


# The verbs that mend


def test_a_weak_hash_is_wrapped_and_the_password_stays(directory):
    directory.users.create(id="ada", password_hash=MD5, hash="md5")
    directory.users.create(id="grace", password=PASSWORD)
    directory.users.create(id="none")
    dry = directory.acting(directory.actor, dry_run=True)
    assert dry.users.wrap_password("ada").password.algorithm == "wrapped-md5"
    assert directory.users.get("ada").password.algorithm == "md5"
    assert directory.users.wrap_password("ada").password.algorithm == "wrapped-md5"
    assert MD5 not in directory.users.get("ada").password.hash
    assert directory.users.wrap_password("ada").password.algorithm == "wrapped-md5"
    assert directory.users.wrap_password("grace").password.algorithm == "argon2id"
    assert directory.users.wrap_password("none").password is None
    assert directory.users.verify_password("ada", "password")
    assert not directory.users.verify_password("grace", "password")
    events = directory.security.list_logs(events=["users.update.password"])
    assert [event.details for event in events] == [{"algorithm": {"before": "md5", "after": "wrapped-md5"}}]


def test_a_hash_that_holds_a_key_stays_sealed_when_it_is_wrapped(directory):
    from base64 import b64encode

    key = b64encode(b"a key of the old system").decode()
    digest = "2d" * 32
    directory.users.create(id="ada", password_hash=digest, hash="hmac-sha256", hash_options={"key": key})
    stored = directory.users.wrap_password("ada").password
    assert stored.algorithm == "wrapped-hmac-sha256"
    assert stored.hash.startswith("sealed:")


def test_a_change_of_password_can_be_required_of_who_has_one(directory):
    directory.users.create(id="ada", password=PASSWORD)
    directory.users.create(id="none")
    assert directory.users.require_password_change("ada").password.must_change
    assert directory.users.verify_password("ada", PASSWORD)
    with pytest.raises(Invalid):
        directory.users.require_password_change("none")


def test_a_key_that_is_not_at_hand_is_found(opened):
    directory, settings = opened()
    directory.users.create(id="ada")
    assert "key-missing" not in ids(directory, settings)
    key = Path(key_files.find_key_file(settings, directory.state.key_fingerprint))
    key.rename(f"{key}.away")
    missing = found(directory, settings)["key-missing", str(settings.secret_key_file)]
    assert missing.public()["severity"] == "high"
