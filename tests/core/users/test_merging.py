"""Two accounts that become one: nothing is lost, nothing is there twice, every constraint holds; on both databases."""

import json
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from doubles import processes
from proof import invariants

from authctl import storage
from authctl.core.accounts import lookup
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import Side
from authctl.storage import tables

OLD_PASSWORD, PASSWORD = "correct horse battery", "staple battery horse"
FIREBASE = "$firebase-scrypt$"


@pytest.fixture
def two(directory, application, clock):
    """Two accounts with everything that accounts can have; the secrets of the first's factors."""
    directory.security.set("password-history", 5)
    for team in ("both", "olds", "news", "offered", "asked"):
        directory.teams.create(team, id=team)
    totp = {}
    for id, email, phone, password in (
        ("Old", "old@example.com", "+14255550123", OLD_PASSWORD),
        ("new", "new@example.com", None, PASSWORD),
    ):
        directory.users.create(
            id=id,
            username=f"{id}-name",
            name=f"{id} Name",
            email=email,
            phone=phone,
            email_verified=True,
            phone_verified=phone is not None,
            password=f"first {password}",
            labels=["staff", id.lower()],
            prefs={"theme": id, id: 1},
            metadata={"plan": id, "same": [1]},
            locale="de" if id == "Old" else None,
        )
        directory.users.update_password(id, password)
        directory.users.create_identity(id, "google", f"{id}-1", email=f"{id.lower()}@gmail.com", email_verified=True)
        directory.users.create_identity(id, "github", f"{id}-2", email=email)
        directory.teams.create_membership("both", user=id, roles=[id])
        directory.teams.create_membership(f"{id.lower()}s" if id == "Old" else "news", user=id, roles=["owner"])
        session = application.sessions.create(id, password, ip="192.0.2.7", user_agent="test")
        directory.mfa.create_recovery_codes(id)
        app = pyotp.parse_uri(directory.mfa.create_authenticator(id, name="phone").uri)
        directory.mfa.verify_authenticator(id, app.at(clock.now))
        totp[id] = app
        directory.tokens.create(id)
        directory.tokens.create_email_change(id, f"{id.lower()}er@example.com", print_secret=True)
        directory.tokens.create_recovery(id, print_secret=True)
        directory.users.delete_session(id, session.session.id)
        application.sessions.create(id, password)
    directory.teams.create_membership("offered", user="Old", roles=["b"], invite=True, print_secret=True)
    directory.teams.create_membership("offered", user="new", roles=["a"])
    directory.teams.create_membership("asked", user="Old", roles=["a"], invite=True, print_secret=True)
    return totp


def rows(directory, *names):
    """How many rows there are of each table."""

    def count(work):
        return {
            table.name: work.db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.tables.values()
            if not names or table.name in names
        }

    return directory.read(count)


# Where the rows of each table that belongs to a user go, so that a new table says it here.
BELONGS = {
    "addresses": "moves",  # what identities hold; and the account's own
    "user_names": "goes",
    "password_history": "moves",
    "identities": "moves",
    "sessions": "moves",
    "known_sources": "united",
    "tokens": "moves",
    "authenticators": "one side's",
    "recovery_codes": "one side's",
    "import_changes": "moves",
    "memberships": "united",
    "manifest_subjects": "goes",  # what a manifest made has become a part of what others did
}


def test_every_table_of_users_is_thought_of():
    assert {table.name for table in tables.metadata.tables.values() if "user_seq" in table.c} == BELONGS.keys()


def test_two_accounts_with_everything_become_one(directory, two, clock):
    before = rows(directory)
    old = directory.users.get("Old")
    merged = directory.users.merge("Old", "new")
    after, left = rows(directory), directory.users.get("new")
    assert invariants.problems(directory) == []
    assert {name for name, kind in BELONGS.items() if kind == "moves" and before[name] != after[name]} == {"addresses"}
    assert (before["users"] - after["users"], before["addresses"] - after["addresses"]) == (1, 1)
    assert after["authenticators"] == 1
    assert after["recovery_codes"] == 6
    assert after["memberships"] == before["memberships"] - 2

    assert (left.email, left.phone, left.phone_verified) == ("new@example.com", "+14255550123", True)
    assert (left.username, left.name, left.locale) == ("new-name", "new Name", "de")
    assert set(left.labels) == {"staff", "old", "new"}
    assert left.prefs == {"theme": "new", "Old": 1, "new": 1}
    assert left.metadata == {"plan": "new", "same": [1]}
    assert left.last_sign_in_at == max(old.last_sign_in_at, left.last_sign_in_at)
    assert (left.totp, left.recovery_code, left.pending_email) == (True, True, None)

    linked = {each.provider_uid for each in directory.users.list_identities("new")}
    assert linked == {"Old-1", "Old-2", "new-1", "new-2"}
    assert directory.users.get("email:old@gmail.com").id == "new"
    found = {each.team_id: (set(each.roles), str(each.status)) for each in directory.users.list_memberships("new")}
    assert found == {
        "both": ({"Old", "new"}, "confirmed"),
        "olds": ({"owner"}, "confirmed"),
        "news": ({"owner"}, "confirmed"),
        "offered": ({"a"}, "confirmed"),
        "asked": ({"a"}, "pending"),
    }
    assert directory.users.list_sessions("new") == []
    (kept,) = directory.tokens.list("new")  # its old email can still take the change back
    assert (kept.kind, kept.address) == ("change-cancel", "new@example.com")
    assert len(directory.users.list_sessions("new", ended=True)) == 4
    assert {each.ended_reason for each in directory.tokens.list("new", ended=True)} >= {"merged"}
    assert {each.field: (each.kept, each.from_, each.into) for each in merged.conflicts if "." in each.field} == {
        "prefs.theme": (Side.INTO, "Old", "new"),
        "metadata.plan": (Side.INTO, "Old", "new"),
    }
    assert {each.field for each in merged.conflicts if "." not in each.field} == {
        *("name", "username", "email", "password", "authenticators", "recovery_codes")
    }
    assert merged.released == ("old@example.com",)
    assert merged.counts == {
        "sessions_ended": 2,
        "tokens_ended": 6,
        "identities_moved": 2,
        "memberships_moved": 2,
        "memberships_united": 2,
        "authenticators_removed": 1,
        "recovery_codes_removed": 6,
    }
    for used in (f"first {OLD_PASSWORD}", OLD_PASSWORD, f"first {PASSWORD}", PASSWORD):
        with pytest.raises(Invalid) as refused:
            directory.users.update_password("new", used)
        assert refused.value.type == "password_recently_used"
    assert directory.users.verify_password("new", PASSWORD)
    directory.users.create(email="old@example.com", username="Old-name")  # free again


def test_its_id_finds_its_log_and_says_where_it_went(directory, two):
    directory.users.create(id="oldest")
    directory.users.update_name("oldest", "Oldest")
    directory.users.merge("oldest", "Old")
    directory.users.merge("Old", "new", prefer="from")
    with pytest.raises(NotFound) as refused:
        directory.users.get("old")
    assert refused.value.hint == "The account was merged into another one: authctl users get id:new"
    with pytest.raises(NotFound) as refused:
        directory.users.get("oldest")
    assert refused.value.hint == "The account was merged into another one: authctl users get id:new"
    assert directory.users.get("new", former_ids=True).former_ids == ("Old", "oldest")
    newest, _, *_ = directory.users.list_logs("new", limit=1_000)
    assert (newest.name, newest.resource, newest.details) == ("users.merge", "users/Old", {"into": "new"})
    (event,) = [each for each in directory.users.list_logs("new") if each.details.get("merged") == "Old"]
    assert event.details["conflicts"]["prefs.theme"] == "FROM"
    assert event.details["released"] == ["old@example.com"]
    log = directory.users.list_logs("new", limit=1_000)
    assert [each.resource for each in log if each.name == "users.update.name"] == ["users/oldest"]
    assert [each.details for each in directory.users.list_logs("Old", limit=1)] == [{"into": "new"}]
    directory.users.create(id="Old")  # by an operator, for somebody else
    assert directory.users.get("new", former_ids=True).former_ids == ("oldest",)
    assert "users/Old" not in {each.resource for each in directory.users.list_logs("new", limit=1_000)}


def test_the_first_is_preferred_where_the_operator_says_so(directory, two, application, clock):
    codes = directory.mfa.regenerate_recovery_codes("Old").codes
    merged = directory.users.merge("Old", "new", prefer="FROM")
    left = directory.users.get("new")
    assert (left.username, left.name, left.email) == ("Old-name", "Old Name", "new@example.com")
    assert left.prefs["theme"] == left.metadata["plan"] == "Old"
    assert {each.kept for each in merged.conflicts if each.field != "email"} == {Side.FROM}
    directory.mfa.enable("new")
    for number, code in enumerate((codes[0], None)):
        secret = application.sessions.create("new", OLD_PASSWORD).secret
        challenge = application.mfa.create_challenge(secret, "totp" if code is None else "recovery_code").id
        clock.forward(seconds=30 * (number + 1))
        given = code or two["Old"].at(clock.now)
        assert application.mfa.complete_challenge(secret, challenge, given).secret
    assert not directory.users.verify_password("new", PASSWORD)


def test_what_only_one_of_them_has_moves(directory, clock):
    directory.users.create(id="old", username="ada", email="ada@example.com", password=PASSWORD)
    app = pyotp.parse_uri(directory.mfa.create_authenticator("old").uri)
    directory.mfa.verify_authenticator("old", app.at(clock.now))
    directory.mfa.enable("old")
    directory.users.create(id="new", phone="+14255550123")
    merged = directory.users.merge("ada", "new")
    left = directory.users.get("ada@example.com")
    assert (left.id, left.username, left.mfa, left.totp) == ("new", "ada", True, True)
    assert (merged.conflicts, merged.released) == ((), ())
    assert directory.users.verify_password("new", PASSWORD)
    assert invariants.problems(directory) == []


def test_a_username_that_is_the_former_id_moves_along(directory):
    directory.users.create(id="ada", username="Ada")
    directory.users.create(id="new")
    directory.users.merge("id:ada", "new")
    assert directory.users.get("ada").id == "new"
    assert invariants.problems(directory) == []


def test_no_more_past_passwords_than_the_policy_keeps_move_along(directory):
    directory.security.set("password-history", 2)
    for id in ("old", "new"):
        directory.users.create(id=id, password=f"a password of {id}")
        directory.users.update_password(id, f"another password of {id}")
    directory.users.merge("old", "new")
    assert invariants.problems(directory) == []


def test_a_sealed_hash_is_opened_by_the_account_that_has_it_now(directory):
    hash, options = json.loads(SEALED)
    directory.security.set("password-history", 3)
    directory.users.create(id="old", password_hash=hash, hash="firebase-scrypt", hash_options=options)
    directory.users.create(id="new")
    directory.users.merge("old", "new")
    assert directory.users.verify_password("new", "user1password")


# The vector of Firebase's own tool; its signer key makes that the hash is stored sealed.
SEALED = json.dumps(
    [
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        {
            "salt": "42xEC+ixf3L2lw==",
            "signer_key": ("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="),
            "salt_separator": "Bw==",
            "rounds": "8",
            "mem_cost": "14",
        },
    ]
)


@pytest.mark.parametrize("blocked", ["old", "new"])
def test_a_block_of_one_is_neither_lifted_nor_passed_on(directory, blocked):
    directory.users.create(id="old")
    directory.users.create(id="new")
    directory.users.update_status(blocked, "blocked")
    with pytest.raises(Denied) as refused:
        directory.users.merge("old", "new")
    assert (refused.value.type, refused.value.field) == ("user_blocked", "user" if blocked == "old" else "into")


@pytest.mark.parametrize(("old", "new", "days"), [("1d", "2d", 2), ("2d", "1d", 2), (None, "1d", None)])
def test_of_two_blocks_the_longer_one_stays(directory, clock, old, new, days):
    for id, until in (("old", old), ("new", new)):
        directory.users.create(id=id)
        directory.users.update_status(id, "blocked", until=until)
    directory.users.merge("old", "new")
    until = directory.users.get("new").blocked_until
    assert until == (clock.now + timedelta(days=days) if days else None)


def test_an_account_is_not_merged_into_itself(directory):
    directory.users.create(id="ada", username="countess")
    with pytest.raises(Invalid):
        directory.users.merge("ada", "countess")
    with pytest.raises(Invalid):
        directory.users.merge("ada", "bob", prefer="both")


@pytest.mark.parametrize("claimed", ["old", "new"])
def test_whoever_typed_in_an_address_is_merged_by_id_only(directory, application, claimed):
    for id in ("old", "new"):
        door = application if id == claimed else directory
        door.users.create(id=id, email=f"{id}@example.com")
    with pytest.raises(Invalid) as refused:
        directory.users.merge("old@example.com", "new@example.com")
    assert refused.value.type == "user_email_not_verified"
    directory.users.merge("old", "new")


def test_a_change_of_the_first_cannot_be_taken_back_at_the_second(directory, application):
    for id in ("old", "new"):
        directory.users.create(id=id, email=f"{id}@example.com", email_verified=True)
    change = directory.tokens.create_email_change("old", "older@example.com", print_secret=True)
    assert change.secret
    directory.users.merge("old", "new")
    assert directory.tokens.list("new") == []


# Killed, and at once

DYING = """
import os, signal, sys
from authctl.storage.connection import Connection

def run(directory, number):
    left = [STEPS]

    def watch(frame, event, argument):
        files = ("storage/merging.py", "storage/users.py", "events.py")
        if event == "call" and frame.f_code.co_filename.endswith(files):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    directory.users.merge("Old", "new")
    sys.setprofile(None)
    return left[0]
"""


def test_killed_at_any_moment_it_is_whole_or_absent(directory, two, database_url, home, clock):
    before = rows(directory)
    ((_, left),) = processes.at_once(home, database_url, clock, 1, DYING.replace("STEPS", "1_000") + ROLLED_BACK)
    steps = 1_000 - left
    assert steps > 20
    assert rows(directory) == before
    stride = 1 if database_url.startswith("sqlite") else 6  # the steps are the same ones
    for step in range(1, steps + 1, stride):
        died = processes.at_once(home, database_url, clock, 1, DYING.replace("STEPS", str(step)))
        assert died == [[9, None]]
        assert rows(directory) == before
        assert directory.users.get("Old").email == "old@example.com"
    ((status, _),) = processes.at_once(home, database_url, clock, 1, DYING.replace("STEPS", "10_000"))
    assert status == 0
    assert rows(directory, "users")["users"] == before["users"] - 1
    assert invariants.problems(directory) == []


# A dry run takes the same steps.
ROLLED_BACK = """
def run(directory, number, run=run):
    return run(directory.acting(directory.actor, dry_run=True), number)
"""

BESIDE = """
def run(directory, number):
    try:
        if number == 0:
            return directory.users.merge("Old", "new").user.id
        user = ("Old", "new")[number % 2]
        return directory.sessions.create(user, {"Old": OLD, "new": NEW}[user]).session.id
    except AuthctlError as error:
        return error.type
"""


def test_beside_sign_ins_to_both(directory, two, database_url, home, clock):
    program = f"OLD, NEW = {OLD_PASSWORD!r}, {PASSWORD!r}\n{BESIDE}"
    answers = processes.at_once(home, database_url, clock, 9, program)
    assert [status for status, _ in answers] == [0] * 9
    assert answers[0][1] == "new"
    refused = {answer for _, answer in answers[1:] if "_" in answer}
    assert refused <= {"user_invalid_credentials"}
    assert invariants.problems(directory) == []
    live = directory.users.list_sessions("new")
    assert {each.id for each in live} <= {answer for _, answer in answers[1:]}
    ended = directory.users.list_sessions("new", ended=True)
    assert "merged" in {each.ended_reason for each in ended if each.ended_at}


def test_two_merges_in_both_directions_leave_one_account(directory, two, database_url, home, clock):
    program = """
def run(directory, number):
    try:
        return directory.users.merge(*(("Old", "new"), ("new", "Old"))[number % 2]).user.id
    except AuthctlError as error:
        return error.type
"""
    answers = processes.at_once(home, database_url, clock, 4, program)
    assert sorted(answer for _, answer in answers if "_" not in answer) in (["new"], ["Old"])
    assert directory.users.count() == 1
    assert invariants.problems(directory) == []


def test_a_dry_run_says_all_and_does_nothing(directory, two):
    before = rows(directory)
    dry = directory.acting(directory.actor, dry_run=True)
    merged = dry.users.merge("Old", "new")
    assert merged.public()["merged"] == "Old"
    resources = [change.resource for change in dry.changes]
    assert resources[-2:] == ["users/new", "users/Old"]
    assert rows(directory) == before
    assert directory.read(lambda work: lookup.get(work, "Old").seq)
    assert directory.read(lambda work: storage.user_names.find_merged(work.db, "old")) is None
