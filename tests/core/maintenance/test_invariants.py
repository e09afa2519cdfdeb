"""What must hold of every directory: each invariant is broken by hand, and found; what breaks none has no finding."""

import json

import pytest

from authctl.core.maintenance import checks, invariants
from authctl.core.manifests.plans import Kind
from authctl.storage.invariants import SUBJECTS

PASSWORD = "correct horse battery staple"
ADA = "(SELECT seq FROM users WHERE id = 'ada')"

# What is done to the database, and the check, the resource and a part of the message that tell it.
BROKEN = {
    "an email that another can take": (
        "DELETE FROM addresses WHERE address = 'ada@example.com'",
        ("addresses-wrong", "users/ada", "ada@example.com"),
    ),
    "a vouched email that another can take": (
        "DELETE FROM addresses WHERE address = 'ada@example.org'",
        ("addresses-wrong", "users/ada", "ada@example.org"),
    ),
    "an address of nobody": (
        f"INSERT INTO addresses (address, user_seq) VALUES ('old@example.com', {ADA})",
        ("addresses-wrong", "users/ada", "old@example.com"),
    ),
    "an id that another can take": (
        "DELETE FROM user_names WHERE name = 'ünï'",
        ("names-wrong", "users/Ünï", "Ünï"),
    ),
    "a username that another can take": (
        "DELETE FROM user_names WHERE name = 'lovelace'",
        ("names-wrong", "users/ada", "lovelace"),
    ),
    "a name of nobody": (
        f"INSERT INTO user_names (name, user_seq) VALUES ('older', {ADA})",
        ("names-wrong", "users/ada", "older"),
    ),
    "another key of a username": (
        "UPDATE users SET username = 'Byron' WHERE id = 'ada'",
        ("names-wrong", "users/ada", "Byron"),
    ),
    "a former name that is not found": (
        "INSERT INTO former_names (name) VALUES ('Gone')",
        ("names-wrong", "former_names/Gone", "Gone"),
    ),
    "an authenticator that is not known": (
        "UPDATE users SET totp = NOT totp WHERE id = 'ada'",
        ("factors-wrong", "users/ada", "totp"),
    ),
    "a recovery code that is not there": (
        "UPDATE users SET recovery_code = NOT recovery_code WHERE id = 'bob'",
        ("factors-wrong", "users/bob", "recovery_code"),
    ),
    "a verified phone, and none": (
        "UPDATE users SET phone_verified = NOT phone_verified WHERE id = 'bob'",
        ("row-contradictory", "users/bob", "verified phone"),
    ),
    "a hash without its name": (
        "UPDATE users SET password_algorithm = NULL WHERE id = 'ada'",
        ("row-damaged", "users/ada", "algorithm"),
    ),
    "a hash that is none": (
        "UPDATE users SET password_hash = 'argon' WHERE id = 'ada'",
        ("hash-damaged", "users/ada", ""),
    ),
    "a past hash that is none": (
        "UPDATE password_history SET hash = 'argon'",
        ("hash-damaged", "users/ada", ""),
    ),
    "a past that is too long": (
        (
            "INSERT INTO password_history (user_seq, hash, created_at)"
            " SELECT user_seq, hash, 1 FROM password_history, (SELECT 1 FROM users) AS times"
        ),
        ("password-history-long", "users/ada", "than the 2"),
    ),
    "an ended session": (
        "UPDATE sessions SET ended_at = 1 WHERE seq = (SELECT min(seq) FROM sessions)",
        ("row-contradictory", "sessions/", "reason"),
    ),
    "a reason of a token": (
        "UPDATE tokens SET ended_reason = 'used' WHERE kind = 'token'",
        ("row-contradictory", "tokens/", "reason"),
    ),
    "a retired key that could sign": (
        "UPDATE signing_keys SET retired_at = 1",
        ("row-contradictory", "signing_keys/", "retired"),
    ),
    "a key of recovery codes that is gone": (
        "DELETE FROM peppers WHERE id = 'recovery_codes'",
        ("secret-damaged", "peppers/recovery_codes", "missing"),
    ),
    "a key of the log that is gone": (
        "DELETE FROM peppers WHERE id = 'audit_log'",
        ("secret-damaged", "peppers/audit_log", "missing"),
    ),
    "a session of a blocked user": (
        "UPDATE users SET status = 'blocked' WHERE id = 'ada'",
        ("blocked-with-sessions", "users/ada", ""),
    ),
    "a token of a blocked user": (
        "UPDATE users SET status = 'blocked' WHERE id = 'bob'",
        ("blocked-with-tokens", "users/bob", ""),
    ),
    "a member who never joined": (
        "UPDATE memberships SET joined_at = NULL WHERE status = 'confirmed'",
        ("row-contradictory", "memberships/", "status"),
    ),
    "a membership of nobody": (
        "UPDATE memberships SET user_seq = NULL WHERE status = 'pending'",
        ("row-contradictory", "memberships/", "nobody"),
    ),
    "a role that is not found": (
        "DELETE FROM membership_roles WHERE role = 'owner'",
        ("roles-wrong", "memberships/", "owner"),
    ),
    "a role that nobody has": (
        "UPDATE membership_roles SET role = 'guide' WHERE role = 'tutor'",
        ("roles-wrong", "memberships/", "guide"),
    ),
    "an import without an end": (
        "UPDATE imports SET ended_at = NULL",
        ("row-contradictory", "imports/", "end"),
    ),
    "an import that made others": (
        "DELETE FROM import_batches; DELETE FROM import_users",
        ("row-contradictory", "imports/", "number of users"),
    ),
    "what a manifest brought to nobody": (
        "INSERT INTO manifest_subjects (manifest, kind, value) VALUES ('m', 'label', 'staff')",
        ("row-contradictory", "manifest_subjects/m", "label staff"),
    ),
    "a wrong number of users": (
        "UPDATE user_counts SET users = users + 1",
        ("user-count-wrong", "user_counts", "4, but there are 3"),
    ),
    "words of another name": (
        "UPDATE users SET name = 'Augusta' WHERE id = 'ada'",
        ("search-wrong", "users/ada", ""),
    ),
    "words of another team": (
        "UPDATE teams SET name = 'Music'",
        ("search-wrong", "teams/maths", ""),
    ),
    "a secret of another row": (
        "UPDATE authenticators SET id = 'other'",
        ("secret-damaged", "authenticators/other", ""),
    ),
    "an unknown status": (
        "UPDATE users SET status = 'actiwe' WHERE id = 'bob'",
        ("row-damaged", "users/bob", "status"),
    ),
    "a time that is none": (
        "UPDATE invitations SET expires_at = 9000000000000000000",
        ("row-damaged", "invitations/", "expires_at"),
    ),
    "a time of a key that is none": (
        "UPDATE directory SET value = 'lately' WHERE name = 'key_at'",
        ("row-damaged", "directory/key_at", "value"),
    ),
    "broken changes of an import": (
        "UPDATE import_changes SET changes = '{\"before\":{}}'",
        ("row-damaged", "import_changes/", "changes"),
    ),
    "broken times of an import": (
        "INSERT INTO import_batches SELECT seq, 1000, 1001, '[]' FROM imports",
        ("row-damaged", "import_batches/", "updated_at"),
    ),
    "broken roles": (
        "UPDATE memberships SET roles = '[\"tutor' WHERE status = 'pending'",
        ("row-damaged", "memberships/", "roles"),
    ),
}
UNREPAIRED = ("another key of a username", "a former name that is not found")  # nobody knows which is right
OF_POSTGRES = {  # where no foreign key watches what users hold
    "an address of a deleted user": (
        "INSERT INTO addresses (address, user_seq) VALUES ('gone@example.com', 99)",
        ("addresses-wrong", "users/(deleted)", "gone@example.com"),
    ),
    "a name of a deleted user": (
        "INSERT INTO user_names (name, user_seq) VALUES ('gone', 99)",
        ("names-wrong", "users/(deleted)", "gone"),
    ),
}
OF_SQLITE = {
    "a row of nobody": (
        "PRAGMA defer_foreign_keys = ON; INSERT INTO addresses (address, user_seq) VALUES ('gone@example.com', 99)",
        ("row-contradictory", "addresses/", "users"),
    ),
    "a number that is none": (
        "UPDATE password_history SET created_at = 'yesterday'",
        ("row-damaged", "password_history/", "created_at"),
    ),
    "text that is none": (
        "UPDATE users SET username = CAST(x'616461ff' AS TEXT) WHERE id = 'Ünï'",
        ("row-damaged", "users/Ünï", "username"),
    ),
}


@pytest.fixture
def filled(directory, tmp_path):
    """A directory with something of every kind in it."""
    from authctl.transfer.importing import Options
    from authctl.transfer.journal import Imports

    users, security = directory.users, directory.security
    security.set("password-history", 2)
    security.set("user-limit", 10)
    users.create(id="ada", username="Lovelace", email="ada@example.com", labels=["staff"], password=PASSWORD)
    users.create_identity("ada", "google", "1", email="ada@example.org", email_verified=True)
    users.create(id="bob")
    users.create_session("ada")
    users.create_session("ada")
    directory.tokens.create("bob")
    directory.mfa.create_authenticator("ada")
    directory.mfa.create_recovery_codes("bob")
    security.rotate_jwt_key()
    directory.teams.delete(directory.teams.create("Gone", id="Gone").id)
    directory.teams.create("Maths", id="maths", owner="ada")
    directory.teams.create_membership("maths", user="bob", roles=["tutor"], invite=True, print_secret=True)
    file = tmp_path / "users.csv"
    file.write_text("id,name\nÜnï,Ünï\nbob,Bob\n")
    Imports(directory).run([str(file)], source="csv", options=Options(on_conflict="update"))
    return directory


def found_in(work):
    key = work.key
    return [(each.invariant.check, each.resource, each.message) for each in invariants.find(work.db, work.now, key=key)]


def test_a_sound_directory_breaks_none(filled, settings):
    assert filled.write(found_in) == []
    ids = {each.check.id for each in checks.check(filled, settings, deep=True)}
    assert ids.isdisjoint(each.check for each in invariants.INVARIANTS)


def test_each_is_found_where_it_is_broken(filled):
    cases = BROKEN | (OF_SQLITE if filled.database.dialect == "sqlite" else OF_POSTGRES)
    hiding = {name: each for name, each in cases.items() if each[1][0] == "row-damaged"}
    filled.dry_run = True
    for some in [{name: each for name, each in cases.items() if name not in hiding}, hiding]:

        def look(work, some=some):
            for statement, _ in some.values():
                for each in statement.split("; "):
                    work.db.sqlalchemy.exec_driver_sql(each)
            return found_in(work)

        found = filled.write(look)
        for name, (_, (check, resource, message)) in some.items():
            fits = [each for each in found if each[0] == check and each[1].startswith(resource) and message in each[2]]
            assert fits, (name, found)


def test_what_is_kept_of_other_rows_is_repaired(filled):
    checks = {each.check for each in invariants.MENDED}
    more = OF_POSTGRES if filled.database.dialect == "postgresql" else {}
    for name, (statement, (check, *_)) in (BROKEN | more).items():
        if check in checks and name not in UNREPAIRED:
            filled.write(lambda work, statement=statement: work.db.sqlalchemy.exec_driver_sql(statement))
    mended = filled.write(invariants.mend)
    assert (set(mended), mended["addresses-wrong"]) == (checks, 4 if more else 3)
    assert filled.write(found_in) == []
    assert filled.security.list_logs(limit=1)[0].name == "directory.repair"
    assert [user.id for user in filled.users.list(search="augusta")] == ["ada"]
    assert filled.write(invariants.mend) == {}


def test_a_dry_run_tells_what_would_be_repaired(filled, authctl, database_url):
    statement, (check, *_) = BROKEN["an email that another can take"]
    filled.write(lambda work: work.db.sqlalchemy.exec_driver_sql(statement))
    env = {"AUTHCTL_DATABASE_URL": database_url}
    for _ in range(2):
        told = json.loads(authctl("upgrade --repair --dry-run --json", env=env).stdout)
        assert (told["sequences"], told["repaired"]) == ([], {check: 1})
    sql = authctl("upgrade --repair --dry-run", env=env).stdout
    assert sql == f"-- {check}: The email ada@example.com of user ada has no row in the table addresses.\n"
    assert json.loads(authctl("upgrade --repair --json", env=env).stdout)["repaired"] == {check: 1}
    assert authctl("upgrade --repair --dry-run", env=env).stdout == ""


def test_every_kind_that_manifests_bring_is_known():
    assert [*SUBJECTS] == [*Kind]
