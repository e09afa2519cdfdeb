"""The verbs of `authctl mfa`: authenticators, recovery codes, who may change them, and what becomes of them."""

import pyotp
import pytest

from authctl.core.work.unit import Actor
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.storage import tables as storage_tables

PASSWORD = "correct horse battery"


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)


@pytest.fixture
def mailing(opened, mail):
    return opened(mail.environ | {"AUTHCTL_APPLICATION_NAME": "Example"})


def enrol(directory, clock, user="ada", name=None):
    """Set an authenticator up; what makes its codes."""
    totp = pyotp.parse_uri(directory.mfa.create_authenticator(user, name=name).uri)
    directory.mfa.verify_authenticator(user, totp.at(clock.now), name=name)
    return totp


def complete(directory, secret, factor, code=None):
    challenge = directory.mfa.create_challenge(secret, factor, print_secret=factor in ("email", "phone"))
    return directory.mfa.complete_challenge(secret, challenge.id, code or challenge.secret).secret


# Authenticators


def test_a_new_authenticator_is_what_an_app_needs(mailing, ada):
    created = mailing.mfa.create_authenticator("ada")
    assert len(created.secret) == 32  # 160 bits in base32
    assert created.uri == f"otpauth://totp/Example:ada@example.com?secret={created.secret}&issuer=Example"
    assert created.public() == {"secret": created.secret, "uri": created.uri}
    assert created.secret not in repr(created)
    assert created.factor.public() == {
        "id": created.factor.id,
        "user_id": "ada",
        "type": "totp",
        "name": "authenticator",
        "verified": False,
        "created_at": "2026-01-02T03:04:05.678Z",
        "last_used_at": None,
    }


@pytest.mark.parametrize(
    ("given", "account"), [({"phone": "+14255550123"}, "%2B14255550123"), ({"username": "bob b"}, None), ({}, "bob")]
)
def test_the_app_names_the_account_as_well_as_it_can(directory, given, account):
    if account is None:
        given, account = {"username": "bob"}, "bob"
    directory.users.create(id="bob", **given)
    assert f"otpauth://totp/this%20service:{account}?" in directory.mfa.create_authenticator("bob").uri


def test_it_counts_once_a_code_of_it_was_verified(directory, ada, clock):
    created = directory.mfa.create_authenticator("ada")
    assert not directory.users.get("ada").totp
    factor = directory.mfa.verify_authenticator("ada", pyotp.parse_uri(created.uri).at(clock.now))
    assert (factor.id, factor.verified, factor.last_used_at) == (created.factor.id, True, clock.now)
    assert directory.users.get("ada").totp
    assert directory.users.get("ada").public()["factors"]["totp"]
    names = [event.name for event in directory.security.list_logs(user="ada", limit=2)]
    assert names == ["users.mfa.factors.update", "users.mfa.factors.create"]


def test_made_again_it_takes_the_place_of_one_that_is_not_verified(directory, ada, clock):
    first, second = directory.mfa.create_authenticator("ada"), directory.mfa.create_authenticator("ada")
    assert first.secret != second.secret
    wrong = pyotp.parse_uri(first.uri).at(clock.now)
    assert refusal(Denied, directory.mfa.verify_authenticator, "ada", wrong) == "user_invalid_token"
    assert directory.mfa.verify_authenticator("ada", pyotp.parse_uri(second.uri).at(clock.now))
    assert refusal(Conflict, directory.mfa.create_authenticator, "ada") == "user_authenticator_already_verified"
    code = pyotp.parse_uri(second.uri).at(clock.now)
    assert refusal(Conflict, directory.mfa.verify_authenticator, "ada", code) == "user_authenticator_already_verified"


def test_several_are_told_apart_by_name(directory, ada, clock):
    phone, tablet = enrol(directory, clock), enrol(directory, clock, name="tablet")
    assert phone.secret != tablet.secret
    assert [factor.name for factor in directory.mfa.list_factors("ada") if factor.type == "totp"] == [
        "authenticator",
        "tablet",
    ]
    assert directory.mfa.status("ada").authenticators == 2
    assert refusal(Invalid, directory.mfa.delete_authenticator, "ada") == "general_argument_invalid"
    assert refusal(NotFound, directory.mfa.delete_authenticator, "ada", name="x") == "user_authenticator_not_found"
    assert directory.mfa.delete_authenticator("ada", name="tablet").name == "tablet"
    assert directory.users.get("ada").totp
    directory.mfa.delete_authenticator("ada")
    assert not directory.users.get("ada").totp
    assert refusal(NotFound, directory.mfa.delete_authenticator, "ada") == "user_authenticator_not_found"
    assert refusal(NotFound, directory.mfa.verify_authenticator, "ada", "123456") == "user_authenticator_not_found"


def test_there_are_ten_at_the_most(directory, ada):
    for number in range(10):
        directory.mfa.create_authenticator("ada", name=f"app {number}")
    refused = refusal(Invalid, directory.mfa.create_authenticator, "ada", name="one more")
    assert refused == "user_authenticator_limit_exceeded"
    assert directory.mfa.create_authenticator("ada", name="app 3")


def test_wrong_codes_are_remembered_and_limited(directory, ada, clock):
    right = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri).at(clock.now)
    for _ in range(10):
        assert refusal(Denied, directory.mfa.verify_authenticator, "ada", "000000") == "user_invalid_token"
    assert refusal(Denied, directory.mfa.verify_authenticator, "ada", right) == "user_invalid_token"
    events = directory.security.list_logs(events=["users.mfa.factors.update"], limit=20)
    assert [event.details["refused"] for event in events] == ["locked", *["wrong"] * 10]
    clock.forward(minutes=15)
    assert refusal(Denied, directory.mfa.verify_authenticator, "ada", right) == "user_invalid_token"


def test_the_policy_may_not_allow_authenticators(directory, ada):
    directory.security.set("mfa-factors", "email")
    assert refusal(Invalid, directory.mfa.create_authenticator, "ada") == "user_auth_method_unsupported"


def test_a_dry_run_makes_nothing_and_tells_no_more(directory, ada, clock):
    dry = directory.acting(directory.actor, dry_run=True)
    dry.mfa.create_authenticator("ada")
    assert [change.before for change in dry.changes] == [None]
    assert directory.mfa.list_factors("ada")[0].type == "email"
    code = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri).at(clock.now)
    assert dry.mfa.verify_authenticator("ada", code).verified
    assert not directory.users.get("ada").totp
    assert directory.mfa.verify_authenticator("ada", code).verified


# Recovery codes


def test_recovery_codes_are_made_once_and_anew(directory, ada):
    assert refusal(NotFound, directory.mfa.regenerate_recovery_codes, "ada") == "user_recovery_codes_not_found"
    first = directory.mfa.create_recovery_codes("ada")
    assert first.public() == {"recovery_codes": list(first.codes)}
    assert not any(code in repr(first) for code in first.codes)
    assert directory.users.get("ada").recovery_code
    assert refusal(Conflict, directory.mfa.create_recovery_codes, "ada") == "user_recovery_codes_already_exists"
    second = directory.mfa.regenerate_recovery_codes("ada")
    assert len({*first.codes, *second.codes}) == 12
    directory.mfa.enable("ada")
    secret = directory.sessions.create("ada", PASSWORD).secret
    assert refusal(Denied, complete, directory, secret, "recovery_code", first.codes[0]) == "user_invalid_token"
    assert complete(directory, secret, "recovery_code", second.codes[0])


def test_each_recovery_code_works_once_however_it_is_typed(directory, ada, clock):
    codes = directory.mfa.create_recovery_codes("ada").codes
    directory.mfa.enable("ada")
    ways = (str, str.upper, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' ')} ")
    for left, (code, way) in enumerate(zip(codes, (*ways, str, str), strict=True), start=1):
        secret = directory.sessions.create("ada", PASSWORD).secret
        assert complete(directory, secret, "recovery_code", way(code))
        assert directory.mfa.status("ada").recovery_codes_left == 6 - left
        again = directory.sessions.create("ada", PASSWORD).secret
        if left < 6:
            assert refusal(Denied, complete, directory, again, "recovery_code", code) == "user_invalid_token"
    assert not directory.users.get("ada").recovery_code
    assert refusal(NotFound, directory.mfa.create_challenge, again, "recovery_code") == "user_recovery_codes_not_found"
    assert len(directory.mfa.create_recovery_codes("ada").codes) == 6


# On and off


def test_status_says_what_is_asked_and_what_there_is(directory, ada, clock):
    enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.enable("ada")
    assert directory.mfa.status("ada").public() == {
        "user_id": "ada",
        "mfa": True,
        "required": False,
        "factors": {"totp": True, "email": True, "phone": False, "recovery_code": True},
        "recovery_codes_left": 6,
        "authenticators": 1,
    }
    directory.mfa.disable("ada")
    directory.users.update_labels("ada", ["staff"])
    directory.security.set("mfa-required", "staff")
    status = directory.mfa.status("ada")
    assert (status.mfa, status.required) == (False, True)


def test_enabling_asks_every_session_and_disabling_none(directory, ada):
    secret = directory.sessions.create("ada", PASSWORD).secret
    assert directory.mfa.enable("ada").mfa
    assert refusal(Denied, directory.sessions.get, secret) == "user_more_factors_required"
    assert not directory.mfa.disable("ada").mfa
    assert directory.sessions.get(secret)
    names = [event.name for event in directory.security.list_logs(events=["users.update.*"])]
    directory.mfa.disable("ada")
    assert names == [event.name for event in directory.security.list_logs(events=["users.update.*"])]


def test_lists_and_teams_know_who_has_it(directory, clock):
    directory.users.create(id="bob", password=PASSWORD)
    directory.users.create(id="eve")
    enrol(directory, clock, "bob")
    directory.mfa.enable("bob")
    assert [user.id for user in directory.users.list(filters=["mfa = false"])] == ["eve"]
    assert [user.id for user in directory.users.list(filters=["factors.totp = true"])] == ["bob"]
    directory.teams.create("maths", id="maths")
    for user in ("bob", "eve"):
        directory.teams.create_membership("maths", user=user)
    assert {member.user_id: member.mfa for member in directory.teams.list_memberships("maths")} == {
        "bob": True,
        "eve": False,
    }
    assert [member.user_id for member in directory.teams.list_memberships("maths", filters=["mfa = true"])] == ["bob"]


def test_the_last_factor_is_kept_unless_it_is_forced(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.enable("ada")
    assert refusal(Conflict, directory.mfa.delete_authenticator, "ada") == "user_last_factor"
    assert directory.users.get("ada").totp
    directory.mfa.delete_authenticator("ada", force=True)
    user = directory.users.get("ada")
    assert (user.totp, user.mfa) == (False, False)
    details = directory.security.list_logs(events=["users.mfa.factors.delete"])[0].details
    assert details == {"type": "totp", "name": "authenticator", "mfa": False, "sessions_ended": 0, "tokens_ended": 0}
    enrol(directory, clock)
    directory.security.set("mfa-required", "all")
    assert refusal(Conflict, directory.mfa.delete_authenticator, "ada") == "user_last_factor"


def test_another_factor_lets_one_go(directory, ada, clock):
    enrol(directory, clock)
    directory.mfa.enable("ada")
    directory.mfa.delete_authenticator("ada")
    assert directory.users.get("ada").mfa


# By operators


def test_reset_ends_every_factor_and_every_session(directory, ada, clock):
    enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.enable("ada")
    secret = directory.sessions.create("ada", PASSWORD).secret
    token = directory.tokens.create("ada").secret
    for _ in range(10):
        challenge = directory.mfa.create_challenge(secret, "totp")
        assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, "x")
    operator = directory.acting(Actor("tester@example.com", reason="The phone was lost; seen with a passport."))
    user = operator.mfa.reset("ada")
    assert (user.mfa, user.totp, user.recovery_code, user.email_verified) == (False, False, False, True)
    assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, "x") == "user_unauthorized"
    assert refusal(Denied, directory.tokens.redeem, "ada", token, kind="token") == "user_invalid_token"
    event = directory.security.list_logs(events=["users.mfa.reset"])[0]
    assert event.reason == "The phone was lost; seen with a passport."
    assert event.details == {"authenticators": 1, "recovery_codes": 6, "sessions_ended": 1, "tokens_ended": 1}
    assert not directory.sessions.create("ada", PASSWORD).more_factors_required
    assert enrol(directory, clock)  # the wrong codes are forgotten


def test_a_deleted_user_leaves_nothing(directory, ada, clock):
    enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    secret = directory.sessions.create("ada", PASSWORD).secret
    challenge = directory.mfa.create_challenge(secret, "totp")
    assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, "x")
    directory.users.delete("ada")

    def count(work):
        tables = storage_tables
        rows = [tables.authenticators, tables.recovery_codes, tables.challenges, tables.attempts]
        return [len(work.db.sqlalchemy.execute(table.select()).all()) for table in rows]

    assert directory.read(count) == [0, 0, 0, 0]


# What is told


def test_changes_of_factors_are_told_by_mail(mailing, ada, clock, mail):
    told = []

    def tell():
        told.extend(" ".join(each.text.split()).partition("UTC: ")[2].partition(". ")[0] for each in mail.mails)
        assert all(each.recipients == ["ada@example.com"] for each in mail.mails)
        mail.mails.clear()

    totp = enrol(mailing, clock)
    [code, *_] = mailing.mfa.create_recovery_codes("ada").codes
    mailing.mfa.regenerate_recovery_codes("ada")
    mailing.mfa.enable("ada")
    tell()
    [code, *_] = mailing.mfa.regenerate_recovery_codes("ada").codes
    complete(mailing, mailing.sessions.create("ada", PASSWORD).secret, "recovery_code", code)
    mailing.mfa.delete_authenticator("ada")
    mailing.mfa.disable("ada")
    mailing.mfa.reset("ada")
    assert totp
    tell()
    assert told == [
        "an authenticator app was added",
        "recovery codes were created",
        "new recovery codes were created",
        "sign-ins now need two factors",
        "new recovery codes were created",
        "a recovery code was used; 5 left",
        "an authenticator app was removed",
        "sign-ins now need one factor",
        "every second factor was removed",
    ]
