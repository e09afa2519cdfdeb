"""Operators who name somebody by what a stranger typed in: nothing that is meant for the owner goes to the stranger."""

import json

import pytest
from doubles.given import Given

from authctl.core.maintenance import checks
from authctl.errors import Invalid
from authctl.transfer import importing
from authctl.transfer.records import Member, Record

PASSWORD = "correct horse battery"
BOSS, PHONE = "boss@example.com", "+442079460123"
TYPES = {
    BOSS: "user_email_not_verified",
    PHONE: "user_phone_not_verified",
    "username:boss": "user_username_not_verified",
}


@pytest.fixture
def stranger(directory):
    """The id of an account that a stranger has made with what is somebody else's; and a team."""
    directory.teams.create("Staff", id="staff")
    made = directory.users.create(
        id="stranger", username="boss", email=BOSS, phone=PHONE, password=PASSWORD, self_service=True
    )
    return made.id


@pytest.fixture
def warned(directory):
    """What the operator is warned of."""
    told = []
    directory.warn = told.append
    return told


def membership(directory, user, **options):
    given = {"email": user} if "@" in user else {"phone": user} if user.startswith("+") else {"user": user}
    return directory.teams.create_membership("staff", **given, **options)


DOORS = {
    "a membership": membership,
    "a team of their own": lambda d, user, **o: d.teams.create("Own", owner=user, **o),
    "labels": lambda d, user, **o: d.users.update_labels(user, ["admin"], **o),
    "another label": lambda d, user, **o: d.users.update_labels(user, add=["admin"], **o),
    "a session": lambda d, user, **o: d.users.create_session(user, **o),
    "a token": lambda d, user, **o: d.tokens.create(user, **o),
    "a password": lambda d, user, **o: d.users.update_password(user, "staple battery horse", **o),
    "an identity": lambda d, user, **o: d.users.create_identity(user, "google", "1", **o),
}


def state(directory, id="stranger"):
    """All that an operator could have granted to the account, or handed over."""
    user = directory.users.get(f"id:{id}")
    held = directory.users.list_memberships(f"id:{id}"), directory.users.list_identities(f"id:{id}")
    return user, held, directory.users.list_sessions(f"id:{id}"), directory.tokens.list(f"id:{id}")


def refusal(call, *args, **options):
    with pytest.raises(Invalid) as refused:
        call(*args, **options)
    return refused.value


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("door", DOORS)
def test_what_a_stranger_typed_in_gets_nothing(directory, stranger, door, name):
    before = state(directory)
    refused = refusal(DOORS[door], directory, name)
    assert refused.type == TYPES[name]
    assert "stranger or add --force" in refused.hint
    assert ("--invite" in refused.hint) == (door == "a membership")
    assert state(directory) == before


@pytest.mark.parametrize("door", DOORS)
def test_by_id_or_with_force_it_is_done_and_warned_of(directory, stranger, warned, door):
    DOORS[door](directory, "id:stranger" if door != "a membership" else "stranger")
    assert warned == [f"Nobody has verified {BOSS} or {PHONE} or boss of user stranger."]
    if door == "a membership":
        directory.teams.delete_membership("staff", "stranger")
    if door == "an identity":  # which is a proof
        directory.users.delete_identity(directory.users.list_identities("stranger")[0].id)
    if "label" in door:
        directory.users.update_labels("id:stranger", [])
    DOORS[door](directory, BOSS, force=True)
    assert len(warned) == 2


@pytest.mark.parametrize("door", DOORS)
def test_what_is_proved_or_given_is_good(directory, warned, door):
    directory.teams.create("Staff", id="staff")
    directory.users.create(id="given", username="given", email=BOSS, phone=PHONE, password=PASSWORD)
    for name in ("username:given", PHONE):
        if door == "a membership" and directory.teams.count_memberships("staff"):
            continue
        if door != "an identity" or not directory.users.list_identities("given"):
            DOORS[door](directory, name)
    directory.users.delete("given", force=True)
    directory.users.create(id="proved", email=BOSS, password=PASSWORD, self_service=True)
    directory.users.update_email_verification("proved", True)
    warned.clear()
    DOORS[door](directory, BOSS)
    assert warned == []


def test_an_address_that_is_not_proved_is_no_better_for_another_that_is(directory, stranger):
    """A stranger proves a phone of their own, beside the email that is somebody else's."""
    directory.users.update_phone_verification("id:stranger", True)
    assert refusal(directory.users.update_labels, BOSS, ["admin"]).type == TYPES[BOSS]
    assert directory.users.update_labels("username:boss", ["staff"]).labels == ("staff",)
    assert directory.users.update_labels(PHONE, ["admin"]).labels == ("admin",)


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_whoever_vouches_for_an_address_is_warned_of_what_a_stranger_prepared(directory, stranger, warned, kind):
    directory.mfa.create_recovery_codes(stranger)
    address, vouch = {
        "email": (BOSS, directory.users.update_email_verification),
        "phone": (PHONE, directory.users.update_phone_verification),
    }[kind]
    vouch(address, False)
    assert warned == []
    vouch(address, True)
    [told] = warned
    assert told.startswith(f"{address} was typed in by a person ")
    assert "keeps: password, recovery codes. " in told
    assert "authctl users secure id:stranger" in told
    vouch(address, True)  # a second time there is nothing new
    directory.users.secure("id:stranger")
    assert getattr(directory.users.get("id:stranger"), kind) == address
    assert len(warned) == 1 + (kind == "email")  # no mail server asks for a password


def test_who_vouches_for_what_an_operator_gave_is_warned_of_nothing(directory, warned):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    directory.users.update_email_verification("ada", True)
    assert warned == []


def test_an_identity_makes_the_username_good(directory, stranger):
    directory.users.create_identity("id:stranger", "google", "1")
    assert directory.users.update_labels("username:boss", ["admin"]).labels == ("admin",)
    assert refusal(directory.users.update_labels, BOSS, ["other"]).type == TYPES[BOSS]


def test_a_username_that_an_operator_gives_is_good(directory, stranger):
    directory.users.update_username("id:stranger", "chief")
    assert directory.users.update_labels("username:chief", ["admin"]).labels == ("admin",)


def test_taking_away_needs_no_proof(directory, stranger):
    directory.users.update_labels("id:stranger", ["admin", "staff"])
    assert directory.users.update_labels(BOSS, remove=["admin"]).labels == ("staff",)
    directory.teams.create_membership("staff", user="stranger", roles=["maths"])
    assert directory.teams.update_membership("staff", BOSS, []).roles == ()
    assert refusal(directory.teams.update_membership, "staff", BOSS, ["owner"]).type == TYPES[BOSS]
    assert directory.teams.update_membership("staff", "stranger", ["owner"]).roles == ("owner",)
    assert directory.teams.delete_membership("staff", BOSS, force=True).user_id == "stranger"


@pytest.mark.parametrize("given", [{"email": BOSS}, {"phone": PHONE}, {"username": "boss"}])
def test_if_absent_takes_nobody_elses_account_for_the_one_that_is_meant(directory, stranger, warned, given):
    refused = refusal(directory.users.create, **given, if_absent=True)
    assert refused.type in TYPES.values()
    assert directory.users.create(**given, if_absent=True, force=True).id == "stranger"
    assert directory.users.create(id="stranger", **given, if_absent=True).id == "stranger"
    assert len(warned) == 2


def test_an_invitation_goes_to_whoever_has_the_address(directory, stranger):
    """The stranger is not shown it, and loses the account to who accepts it."""
    person = directory.as_session(directory.sessions.create("id:stranger", PASSWORD).secret)
    added = directory.teams.create_membership("staff", email=BOSS, invite=True, print_secret=True)
    assert person.users.list_memberships("stranger") == []
    assert person.users.count_memberships("stranger") == 0
    assert list(person.users.iterate_memberships("stranger")) == []
    directory.teams.update_membership_status("staff", added.membership.id, BOSS, added.secret)
    assert directory.users.get(BOSS).password is None


# Imports


@pytest.fixture
def take(directory, tmp_path):
    """Imports a record, and answers what became of it."""

    def run(on_conflict, member=None, **fields):
        options = {name: fields.pop(name) for name in ("force", "match", "teams") if name in fields}
        file, report = tmp_path / "given", tmp_path / "report"
        file.write_bytes(b"given")
        report.unlink(missing_ok=True)
        record = Record(1, None, None, **fields, members=[member] if member else [])
        asked = importing.Options(on_conflict=on_conflict, **options)
        journal = importing.import_users(
            directory, [str(file)], source=Given(record), options=asked, report=str(report)
        )
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        return lines[0]["type"] if lines else "updated" if journal.counts["updated"] else "unchanged"

    return run


@pytest.mark.parametrize("on_conflict", ["skip", "update"])
@pytest.mark.parametrize("given", [{"email": BOSS}, {"phone": PHONE}, {"username": "boss"}])
def test_an_import_meets_no_stranger(directory, stranger, take, on_conflict, given):
    before = state(directory)
    member = Member("staff", "Staff")
    found = take(on_conflict, member, **given, name="Boss", labels=("admin",), teams=True)
    assert found in TYPES.values()
    assert state(directory) == before


def test_an_import_updates_by_id_or_with_force(directory, stranger, take):
    assert take("update", id="stranger", email=BOSS, labels=("staff",)) == "updated"
    assert take("update", email=BOSS, labels=("admin",), force=True) == "updated"
    assert take("update", email=BOSS, labels=("admin",)) == "unchanged"
    assert directory.users.get("id:stranger").labels == ("staff", "admin")


def test_a_record_that_verifies_the_address_takes_the_account_over(directory, stranger, take):
    session = directory.sessions.create("id:stranger", PASSWORD)
    assert take("skip", email=BOSS, email_verified=True, labels=("admin",)) == "user_email_not_verified"
    assert take("update", email=BOSS, email_verified=True, labels=("admin",)) == "updated"
    assert directory.users.get(BOSS).password is None
    assert directory.users.list_sessions(BOSS) == []
    assert session.session.user_id == directory.users.get(BOSS).id


# The check-up


def found(directory, settings):
    return {each.resource: each for each in checks.check(directory, settings) if each.check.id == "unproved-grants"}


def test_the_check_up_lists_what_strangers_were_granted(directory, settings, stranger, authctl, database_url):
    assert found(directory, settings) == {}
    directory.users.update_labels("id:stranger", ["admin"])
    directory.teams.create_membership("staff", user="stranger")
    directory.users.create(id="eve", username="Eve", password=PASSWORD, self_service=True)
    directory.teams.create_membership("staff", user="eve")
    directory.users.create(id="given", email="given@example.com", labels=["staff"])
    findings = found(directory, settings)
    assert {id: each.message for id, each in findings.items()} == {
        "stranger": f"Nobody has verified {BOSS} of user stranger, who has the label admin, the team staff.",
        "eve": "Nobody has verified Eve of user eve, who has the team staff.",
    }
    ran = authctl(findings["eve"].command.removeprefix("authctl "), env={"AUTHCTL_DATABASE_URL": database_url})
    assert ran.status == 0, ran.stderr
    directory.users.update_phone_verification("id:stranger", True)
    assert found(directory, settings) == {}


def test_whoever_takes_the_last_proof_away_is_warned_whose_the_account_is_then(directory, stranger, warned):
    token = directory.tokens.create_email(BOSS, print_secret=True)
    directory.tokens.redeem(token.token.user_id, token.secret, kind="email")
    boss = directory.users.get(BOSS)
    directory.users.update_email_verification(BOSS, False)
    [told] = warned
    assert told.startswith(f"User {boss.id} has nothing verified left: whoever verifies {BOSS} next gets the account.")
    assert told.endswith(f"authctl users update-email-verification id:{boss.id} true")
