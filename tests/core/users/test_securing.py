"""Securing a taken account: what ends, what is kept, and how its owner gets in again; on both databases."""

import pytest

from authctl import storage
from authctl.errors import Conflict, Denied, Invalid

PASSWORD, NEW = "correct horse battery", "another fine password"
EMAIL, PHONE = "ada@example.com", "+14255550123"
CODE = "user_last_way_in"


@pytest.fixture
def mailing(opened, mail):
    return opened(mail.environ)


@pytest.fixture
def ada(directory):
    """An account of a sign-up, with all that an intruder may have left in it."""
    directory.users.create(id="ada", email=EMAIL, phone=PHONE, password=PASSWORD, self_service=True)
    directory.users.create_identity("ada", "github", "118")
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.create_authenticator("ada")
    session = directory.sessions.create("ada", PASSWORD, ip="192.0.2.7")
    directory.tokens.create("ada")
    directory.tokens.create_email_change("ada", "intruder@example.com", print_secret=True)
    return session.secret


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


def test_all_by_which_somebody_may_get_in_goes(directory, ada):
    secured = directory.users.secure("ada", keep=[EMAIL])
    assert secured.kept == (EMAIL,)
    assert secured.removed == (PHONE,)
    assert secured.ended == {
        "sessions_ended": 1,
        "tokens_ended": 2,
        "invitations_ended": 0,
        "identities_removed": 1,
        "authenticators_removed": 1,
        "recovery_codes_removed": 6,
    }
    user = directory.users.get("ada")
    assert (user.email, user.phone, user.password, user.mfa, user.recovery_code) == (EMAIL, None, None, False, False)
    assert directory.users.list_identities("ada") == []
    assert directory.users.list_sessions("ada") == directory.tokens.list("ada") == []
    assert refusal(Denied, directory.sessions.get, ada) == "user_unauthorized"
    assert refusal(Denied, directory.sessions.create, "ada", PASSWORD) == "user_invalid_credentials"
    sources = directory.read(lambda work: work.db.sqlalchemy.execute(storage.tables.known_sources.select()).all())
    assert sources == []
    (event,) = directory.security.list_logs(events=["users.secure"])
    assert event.details["phone"] == {"before": PHONE, "after": None}
    assert event.details["identities_removed"] == 1


def test_what_operators_gave_stays_unless_they_give_another_email(directory):
    directory.users.create(id="ada", email=EMAIL, phone=PHONE, password=PASSWORD)
    assert directory.users.secure("ada").kept == (EMAIL, PHONE)
    secured = directory.users.secure("ada", email="ada@example.org")
    assert (secured.kept, secured.removed) == (("ada@example.org", PHONE), (EMAIL,))
    user = directory.users.get("ada")
    assert (user.email_verified, user.email_self_service) == (False, False)


def test_nothing_happens_where_nothing_would_be_kept(directory, ada):
    with pytest.raises(Conflict) as refused:
        directory.users.secure("ada")
    assert refused.value.type == CODE
    assert refused.value.hint == f"Choose what to keep: --keep {EMAIL} or --keep {PHONE} or --email EMAIL."
    assert directory.sessions.get(ada).user.id == "ada"
    directory.users.create(id="bob", username="bob", password=PASSWORD)
    assert refusal(Conflict, directory.users.secure, "bob") == CODE


def test_only_an_address_of_the_account_is_kept(directory, ada):
    assert refusal(Invalid, directory.users.secure, "ada", keep=["bob@example.com"]) == "general_argument_invalid"
    assert refusal(Invalid, directory.users.secure, "ada", keep=["nonsense"]) == "general_argument_invalid"
    both = {"keep": [EMAIL], "email": "new@example.com"}
    assert refusal(Invalid, directory.users.secure, "ada", **both) == "general_argument_invalid"
    directory.users.create(email="bob@example.com")
    taken = refusal(Conflict, directory.users.secure, "ada", email="bob@example.com")
    assert taken == "user_email_already_exists"


def test_the_owner_sets_a_new_password_at_what_is_kept(mailing, directory, mail, ada):
    directory.users.update_email_verification("ada", True)
    assert mailing.users.secure("ada", keep=[EMAIL]).recovery == EMAIL
    told, recovery = mail.mails
    assert "was secured" in told.message["Subject"]
    assert "new password" in recovery.message["Subject"]
    assert "your password stays" not in recovery.text  # it is gone
    secret = next(line for line in recovery.text.splitlines() if len(line) == 64)
    mailing.tokens.redeem("ada", secret, kind="recovery", new_password=NEW)
    assert directory.sessions.create("ada", NEW)


def test_the_new_password_is_asked_for_however_soon_after_another_recovery(mailing, mail, ada):
    mailing.tokens.create_recovery("ada")
    assert mailing.users.secure("ada", keep=[EMAIL]).recovery == EMAIL
    assert "new password" in mail.last.message["Subject"]


def test_an_operator_is_told_when_the_mail_fails(directory, ada):
    warnings = []
    directory.warn = warnings.append
    assert directory.users.secure("ada", keep=[EMAIL]).recovery is None
    assert "Send one with: authctl tokens create-recovery ada" in warnings[0]


def test_a_verified_email_is_told_that_it_was_taken_off(mailing, directory, mail):
    """By whoever knows the password, who may be an intruder with a phone that is kept."""
    directory.users.create(id="ada", email=EMAIL, phone=PHONE, password=PASSWORD, self_service=True)
    person = mailing.as_session(directory.sessions.create("ada", PASSWORD).secret)
    for kind in ("email", "phone"):
        secret = getattr(directory.tokens, f"create_{kind}_verification")("ada", print_secret=True).secret
        person.tokens.redeem("ada", secret, kind=f"{kind}-verification")
    person.users.secure("ada", keep=[PHONE], password=PASSWORD)
    assert [each.recipients for each in mail.mails] == [[EMAIL]]
    assert "Your address at Example was changed" in mail.last.message["Subject"]
    assert f"Old address: {EMAIL}" in mail.last.text


def test_who_has_no_password_is_asked_for_none(mailing, mail):
    mailing.users.create(id="ada", email=EMAIL)
    assert mailing.users.secure("ada").recovery is None
    assert mail.mails == []


def test_a_dry_run_secures_nothing(directory, ada):
    dry = directory.acting(directory.actor, dry_run=True)
    assert dry.users.secure("ada", keep=[EMAIL]).recovery == EMAIL
    assert directory.sessions.get(ada).user.id == "ada"


def test_a_person_secures_the_own_account_after_stepping_up(directory):
    directory.users.create(id="ada", email=EMAIL, phone=PHONE, password=PASSWORD, self_service=True)
    session = directory.sessions.create("ada", PASSWORD).secret
    person = directory.as_session(session)
    assert refusal(Invalid, person.users.secure, "ada", keep=[EMAIL]) == "general_argument_invalid"
    given = {"keep": [EMAIL], "password": PASSWORD}
    other = refusal(Denied, person.users.secure, "ada", email="new@example.com", password=PASSWORD)
    assert other == "user_unauthorized"
    assert person.users.secure("ada", **given).removed == (PHONE,)
    assert directory.users.get("ada").email_self_service
    assert refusal(Denied, directory.sessions.get, session) == "user_unauthorized"


def test_what_the_account_invited_to_ends(directory, mailing, mail):
    directory.users.create(id="ada", email=EMAIL, email_verified=True, password=PASSWORD)
    directory.teams.create("Maths", id="maths", owner="ada")
    directory.teams.create_membership("maths", email="bob@example.com", invite=True, print_secret=True)
    person = mailing.as_session(directory.sessions.create("ada", PASSWORD).secret)
    person.teams.create_membership("maths", email="eve@example.com")
    assert directory.users.secure("ada").ended["invitations_ended"] == 1
    members = {each.user_email for each in directory.teams.list_memberships("maths")}
    assert members == {EMAIL, "bob@example.com"}


def test_whoever_keeps_an_email_gives_no_other(directory, ada):
    with pytest.raises(Invalid, match=r"one email: keep ada@example\.com, or use new@example\.com") as refused:
        directory.users.secure("ada", keep=[EMAIL], email="new@example.com")
    assert refused.value.field == "email"
    assert directory.users.get("ada").password is not None
