"""What a proof of an address leads to: each way to prove one, at an address in each state, and what its owner loses. On
both databases."""

import os
import re

import pyotp
import pytest
from doubles.mail import MailServer

from authctl.core.credentials import proofs
from authctl.core.credentials.proofs import Verdict
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.settings import load
from authctl.transfer import importing

PASSWORD, NEW = "correct horse battery", "another fine password"
ADDRESSES = {"email": "ada@example.com", "phone": "+14255550123"}
OTHERS = {"email": "other@example.com", "phone": "+14255550199"}
OTHER = {"email": "phone", "phone": "email"}


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


@pytest.fixture
def mail(directory, home):
    """The server that the directory's mails are sent by."""
    with MailServer() as server:
        options = {"database_url": directory.settings.database_url}
        directory.settings = load(home | server.environ, options=options, system_config=os.devnull)
        yield server


# The states of an address. Each leaves the account `ada`, if any, with a password and a session.


class Case:
    """An address of a kind, and the directory that it is in."""

    def __init__(self, directory, kind):
        self.directory, self.kind, self.address = directory, kind, ADDRESSES[kind]
        self.other = OTHERS[OTHER[kind]]
        self.session = None

    def given(self, *, proof=False):
        """An account as an operator makes it."""
        self._create(proof, **{self.kind: self.address})

    def claimed(self, *, proof=False):
        """An account as somebody signs up for it."""
        self._create(proof, self_service=True, **{self.kind: self.address})

    def _create(self, proof, **options):
        users = self.directory.users
        users.create(id="ada", username="ada", password=PASSWORD, **options)
        if proof:
            getattr(users, f"update_{OTHER[self.kind]}")("ada", self.other)
            getattr(users, f"update_{OTHER[self.kind]}_verification")("ada", True)
        self.session = self.directory.sessions.create("ada", PASSWORD).secret

    def verify(self):
        getattr(self.directory.users, f"update_{self.kind}_verification")("ada", True)

    def own(self):
        """The account as its person uses it."""
        return self.directory.as_session(self.session)

    def imported(self, folder):
        file = folder / "users.csv"
        file.write_text(f"id,{self.kind},password\nada,{self.address},{PASSWORD}\n")
        importing.import_users(self.directory, [str(file)], source="csv", source_options={"hash_format": "plain"})
        self.session = self.directory.sessions.create("ada", PASSWORD).secret

    def anonymous(self):
        signed_in = self.directory.sessions.create_anonymous()
        id = signed_in.session.user_id
        self.directory.users.update_password(id, PASSWORD)
        self.session = self.directory.users.create_session(id).secret
        getattr(self.own().users, f"update_{self.kind}")(id, self.address, password=PASSWORD)


def pending(case):
    case._create(True)
    getattr(case.own().users, f"update_{case.kind}")("ada", case.address, password=PASSWORD)


def claimed_by_identity(case):
    """Somebody else's email, as a provider that does not vouch for it has it."""
    case.directory.users.create(id="ada", username="ada", password=PASSWORD)
    case.directory.users.create_identity("ada", "github", "1", email=case.address)
    case.session = case.directory.sessions.create("ada", PASSWORD).secret


def released(case):
    case.given()
    getattr(case.directory.users, f"update_{case.kind}")("ada", OTHERS[case.kind])
    case.session = case.directory.sessions.create("ada", PASSWORD).secret


def deleted(case):
    case.claimed()
    case.directory.users.delete("ada")
    case.session = None


def proved(case):
    case.given(proof=True)
    case.verify()


def blocked(case):
    proved(case)
    case.directory.users.update_status("ada", "blocked")


STATES = {
    "nobody's": lambda case, folder: None,
    "asked for": lambda case, folder: ask(case.directory, case.address),
    "proved": lambda case, folder: proved(case),
    "claimed by a sign-up": lambda case, folder: case.claimed(),
    "claimed, with another proof": lambda case, folder: case.claimed(proof=True),
    "given by an operator": lambda case, folder: case.given(),
    "given, with another proof": lambda case, folder: case.given(proof=True),
    "given by an import": lambda case, folder: case.imported(folder),
    "pending": lambda case, folder: pending(case),
    "identity's claim": lambda case, folder: claimed_by_identity(case),
    "blocked": lambda case, folder: blocked(case),
    "anonymous": lambda case, folder: case.anonymous(),
    "released": lambda case, folder: released(case),
    "deleted": lambda case, folder: deleted(case),
}

# State → what comes of a code, a link, an invitation, a provider's verified email, and a recovery.
TABLE = {
    "nobody's": "new new new new none",
    "asked for": "new new new new recovered",
    "proved": "theirs theirs theirs theirs recovered",
    "claimed by a sign-up": "taken taken taken taken taken",
    "claimed, with another proof": "half half refused half refused",
    "given by an operator": "theirs theirs theirs theirs recovered",
    "given, with another proof": "half half refused half refused",
    "given by an import": "theirs theirs theirs theirs recovered",
    "pending": "new new new new none",
    "identity's claim": "new new new new none",
    "blocked": "refused refused refused refused refused",
    "anonymous": "taken taken taken taken taken",
    "released": "new new new new none",
    "deleted": "new new new new none",
}
WAYS = ("code", "link", "invitation", "provider", "recovery")
CELLS = [
    (kind, state, way, outcome)
    for state, row in TABLE.items()
    for way, outcome in zip(WAYS, row.split(), strict=True)
    for kind in ("email", "phone")
    if kind == "email" or (way in ("code", "invitation") and state != "identity's claim")
]


# The ways to prove it. Each answers with a session's secret if it gives one, and the account.


def ask(directory, address, kind="code"):
    create = directory.tokens.create_magic_url if kind == "link" else directory.tokens.create_email
    create = create if "@" in address else directory.tokens.create_phone
    return create(address, print_secret=True).secret


def by_token(case, way):
    secret = ask(case.directory, case.address, way)
    kind = "phone" if case.kind == "phone" else {"code": "email", "link": "magic-url"}[way]
    return case.directory.tokens.redeem(case.address, secret, kind=kind)


def by_invitation(case):
    directory = case.directory
    directory.teams.create("Teachers", id="teachers")
    invited = directory.teams.create_membership("teachers", **{case.kind: case.address}, print_secret=True)
    user = invited.membership.user_id
    directory.teams.update_membership_status("teachers", user, user, invited.secret)
    return directory.users.get(f"id:{user}")


def by_provider(case):
    return case.directory.sessions.create_with_identity("google", "4711", email=case.address, email_verified=True)


def by_recovery(case):
    secret = case.directory.tokens.create_recovery(case.address, print_secret=True).secret
    return case.directory.tokens.redeem(case.address, secret, kind="recovery", new_password=NEW)


PROVE = {
    "code": lambda case: by_token(case, "code"),
    "link": lambda case: by_token(case, "link"),
    "invitation": by_invitation,
    "provider": by_provider,
    "recovery": by_recovery,
}


# What comes of it


def user_of(case, answer):
    id = answer.session.user_id if hasattr(answer, "session") else answer.id
    return case.directory.users.get(f"id:{id}")


def check_theirs(case, answer, before):
    assert user_of(case, answer).id == before.id
    assert getattr(user_of(case, answer), f"{case.kind}_verified")
    assert user_of(case, answer).password == before.password
    assert case.directory.sessions.get(case.session)


def check_recovered(case, answer, before):
    assert getattr(user_of(case, answer), f"{case.kind}_verified")
    assert case.directory.sessions.create(case.address, NEW)


def check_taken(case, answer, before):
    """Nothing that somebody else has put there opens it; the id and what else is known of it stay."""
    user = user_of(case, answer)
    assert (user.id, user.name, user.username) == (before.id, before.name, before.username)
    assert getattr(user, f"{case.kind}_verified")
    assert refusal(Denied, case.directory.sessions.get, case.session) == "user_unauthorized"
    assert refusal(Denied, case.directory.sessions.create, user.id, PASSWORD) == "user_invalid_credentials"
    if hasattr(answer, "ended"):
        assert answer.ended == ("password", "sessions")
        assert case.directory.sessions.get(answer.secret)
    event = case.directory.security.list_logs(events=[f"users.update.{case.kind}_verification"])[0]
    assert (event.details["password"], event.details["sessions_ended"]) == ("ended", 1)


def check_half(case, answer, before):
    """It is good for nothing until the password, or another factor, shows whose it is."""
    directory = case.directory
    assert answer.more_factors_required
    assert refusal(Denied, directory.sessions.get, answer.secret) == "user_more_factors_required"
    assert user_of(case, answer).public() | {"last_sign_in_at": None} == before.public() | {"last_sign_in_at": None}
    assert directory.sessions.get(case.session)
    challenge = directory.mfa.create_challenge(answer.secret, "password")
    wrong = refusal(Denied, directory.mfa.complete_challenge, answer.secret, challenge.id, NEW)
    assert wrong == "user_invalid_token"
    complete = directory.mfa.complete_challenge(answer.secret, challenge.id, PASSWORD)
    assert getattr(directory.sessions.get(complete.secret).user, f"{case.kind}_verified")


def check_new(case, answer, before):
    user = user_of(case, answer)
    assert user.id != "ada"
    assert (getattr(user, case.kind), getattr(user, f"{case.kind}_verified")) == (case.address, True)
    if before is not None and before.id == "ada":
        assert case.directory.users.get("ada") == before
        assert case.directory.sessions.get(case.session)
        assert case.directory.sessions.create("ada", PASSWORD)


CHECKS = {"theirs": check_theirs, "recovered": check_recovered, "taken": check_taken, "half": check_half}


def find(directory, address):
    for user in ("ada", address):
        try:
            return directory.users.get(user)
        except NotFound:
            continue
    return None


@pytest.mark.parametrize(("kind", "state", "way", "outcome"), CELLS, ids=[" · ".join(cell) for cell in CELLS])
def test_a_proof_leads_to_what_the_table_says(directory, clock, tmp_path, kind, state, way, outcome):
    case = Case(directory, kind)
    STATES[state](case, tmp_path)
    before = find(directory, case.address)
    clock.forward(minutes=2)
    if outcome == "none":
        assert refusal(NotFound, PROVE[way], case) == "user_not_found"
    elif outcome == "refused":
        types = ("user_invalid_token", "user_blocked", "user_more_factors_required", "team_invalid_secret")
        assert refusal(Denied, PROVE[way], case) in types
        after = directory.users.get("ada")
        assert (after.password, getattr(after, f"{kind}_verified")) == (
            before.password,
            getattr(before, f"{kind}_verified"),
        )
    elif outcome == "new":
        check_new(case, PROVE[way](case), before)
    else:
        CHECKS[outcome](case, PROVE[way](case), before)


def test_the_table_has_every_state_and_every_verdict():
    assert set(TABLE) == set(STATES)
    assert {str(verdict) for verdict in Verdict} == {"theirs", "proves", "half", "new_account", "new_owner"}


@pytest.mark.parametrize("state", ["claimed by a sign-up", "claimed, with another proof", "given, with another proof"])
@pytest.mark.parametrize("kind", ["email", "phone"])
def test_in_a_session_of_the_account_it_is_a_verification(directory, clock, tmp_path, kind, state):
    case = Case(directory, kind)
    STATES[state](case, tmp_path)
    secret = ask(directory, case.address)
    signed_in = case.own().tokens.redeem("ada", secret, kind=kind)
    assert getattr(directory.sessions.get(signed_in.secret).user, f"{kind}_verified")
    assert directory.sessions.get(case.session)
    assert directory.sessions.create("ada", PASSWORD)


# Honest people


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_who_signs_up_and_confirms_without_a_session_signs_in_and_loses_nothing(application, directory, kind):
    application.users.create(id="ada", password=PASSWORD, **{kind: ADDRESSES[kind]})
    create = getattr(application.tokens, f"create_{kind}_verification")
    secret = create("ada", print_secret=True).secret
    for _ in range(12):  # none of them counts
        refused = refusal(Denied, application.tokens.redeem, "ada", secret, kind=f"{kind}-verification")
        assert refused == "user_session_required"
    signed_in = application.sessions.create(ADDRESSES[kind], PASSWORD)
    user = application.as_session(signed_in.secret).tokens.redeem("ada", secret, kind=f"{kind}-verification")
    assert getattr(user, f"{kind}_verified")
    assert application.sessions.get(signed_in.secret)
    assert application.sessions.create("ada", PASSWORD)


def test_whoever_must_change_the_password_can_confirm(directory):
    directory.users.create(id="ada", email=ADDRESSES["email"], password=PASSWORD, self_service=True)
    directory.users.require_password_change("ada")
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    assert person.tokens.redeem("ada", secret, kind="email-verification").email_verified


def test_a_half_session_cannot_confirm(directory):
    case = Case(directory, "email")
    case.given(proof=True)
    half = by_token(case, "code")
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    redeem = directory.as_session(half.secret).tokens.redeem
    assert refusal(Denied, redeem, "ada", secret, kind="email-verification") == "user_more_factors_required"


@pytest.mark.parametrize(("asks", "is_free"), [("operator", True), ("application", False)])
def test_what_an_operator_gave_and_asked_about_needs_no_session(directory, application, asks, is_free):
    directory.users.create(id="ada", email=ADDRESSES["email"])
    tokens = (directory if asks == "operator" else application).tokens
    secret = tokens.create_email_verification("ada", print_secret=True).secret
    if is_free:
        assert application.tokens.redeem("ada", secret, kind="email-verification").email_verified
    else:
        refused = refusal(Denied, application.tokens.redeem, "ada", secret, kind="email-verification")
        assert refused == "user_session_required"


def test_an_operator_is_told_what_to_use_instead(directory):
    directory.users.create(id="ada", email=ADDRESSES["email"], self_service=True)
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    with pytest.raises(Denied) as refused:
        directory.tokens.redeem("ada", secret, kind="email-verification")
    assert "update-email-verification" in refused.value.hint


def test_the_policy_lets_a_link_confirm_without_a_session_and_nothing_ends(directory):
    directory.security.set("verification-needs-session", "off")
    directory.users.create(id="ada", email=ADDRESSES["email"], password=PASSWORD, self_service=True)
    session = directory.sessions.create("ada", PASSWORD).secret
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    assert directory.tokens.redeem("ada", secret, kind="email-verification").email_verified
    assert directory.sessions.get(session)
    assert directory.sessions.create("ada", PASSWORD)


@pytest.mark.parametrize("preset", ["appwrite", "supabase"])
def test_presets_need_no_session(directory, preset):
    directory.security.apply(preset)
    assert directory.security.show()["verification-needs-session"] is False


# The half session


def enrol(directory, clock, user):
    totp = pyotp.parse_uri(directory.mfa.create_authenticator(user).uri)
    directory.mfa.verify_authenticator(user, totp.at(clock.now))
    clock.forward(seconds=30)
    return totp


def test_another_factor_completes_it(directory, clock):
    case = Case(directory, "phone")
    case.given(proof=True)
    half = by_token(case, "code")
    challenge = directory.mfa.create_challenge(half.secret, "email", print_secret=True)
    complete = directory.mfa.complete_challenge(half.secret, challenge.id, challenge.secret)
    assert directory.sessions.get(complete.secret).user.phone_verified


def test_the_password_does_not_complete_it_where_two_factors_are_asked_for(directory, clock):
    case = Case(directory, "phone")
    case.given(proof=True)
    totp = enrol(directory, clock, "ada")
    directory.mfa.enable("ada")
    half = by_token(case, "code")
    assert refusal(Invalid, directory.mfa.create_challenge, half.secret, "password") == "user_auth_method_unsupported"
    challenge = directory.mfa.create_challenge(half.secret, "totp")
    assert directory.mfa.complete_challenge(half.secret, challenge.id, totp.at(clock.now))


def test_the_password_completes_no_other_session(directory, clock):
    case = Case(directory, "email")
    proved(case)
    directory.mfa.enable("ada")
    half = by_token(case, "code")
    assert half.more_factors_required
    assert refusal(Invalid, directory.mfa.create_challenge, half.secret, "password") == "user_auth_method_unsupported"


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_whoever_has_the_address_alone_takes_it_for_an_account_of_their_own(directory, kind):
    """A mistyped number, or one that its operator has given to somebody new."""
    case = Case(directory, kind)
    case.given(proof=True)
    secret = ask(directory, case.address)
    signed_in = directory.tokens.redeem(case.address, secret, kind=kind, new_account=True)
    assert signed_in.session.user_id != "ada"
    made = directory.sessions.get(signed_in.secret).user
    assert (getattr(made, kind), getattr(made, f"{kind}_verified")) == (case.address, True)
    before = directory.users.get("ada")
    assert getattr(before, kind) is None
    assert directory.sessions.get(case.session)
    (event,) = directory.security.list_logs(events=[f"users.update.{kind}"], user="ada", limit=1)
    assert event.details[kind] == {"before": case.address, "after": None}


@pytest.mark.parametrize("in_a_session", [False, True])
def test_a_phone_is_told_of_the_email_that_left_where_no_mail_can_tell(directory, home, tmp_path, in_a_session):
    sent = tmp_path / "sms.txt"
    environ = home | {"AUTHCTL_SMS_PROVIDER": "file", "AUTHCTL_SMS_FILE": str(sent)}
    options = {"database_url": directory.settings.database_url}
    directory.settings = load(environ, options=options, system_config=os.devnull)
    case = Case(directory, "email")
    case.claimed(proof=True)
    if in_a_session:
        directory.users.create(id="bob", email="bob@example.com", email_verified=True, password=PASSWORD)
        bob = directory.as_session(directory.sessions.create("bob", PASSWORD).secret)
        bob.users.update_email("bob", case.address, password=PASSWORD)
        secret = directory.tokens.create_email_verification("bob", print_secret=True).secret
        assert bob.tokens.redeem("bob", secret, kind="email-verification").email == case.address
    else:
        secret = ask(directory, case.address)
        directory.tokens.redeem(case.address, secret, kind="email", new_account=True)
    assert "Somebody else verified the email of your account" in sent.read_text()
    assert case.other in sent.read_text()


@pytest.mark.parametrize("state", ["proved", "given by an operator", "nobody's"])
def test_nobody_takes_an_address_off_an_account_otherwise(directory, tmp_path, state):
    case = Case(directory, "email")
    STATES[state](case, tmp_path)
    secret = ask(directory, case.address)
    signed_in = directory.tokens.redeem(case.address, secret, kind="email", new_account=True)
    assert (signed_in.session.user_id == "ada") == (state != "nobody's")


# Pending addresses


@pytest.fixture
def ada(directory):
    """Somebody whose email is proved, signed in."""
    directory.users.create(id="ada", email=ADDRESSES["email"], password=PASSWORD)
    directory.users.update_email_verification("ada", True)
    return directory.as_session(directory.sessions.create("ada", PASSWORD).secret)


def test_a_persons_change_waits_and_the_old_address_stays(directory, ada):
    after = ada.users.update_email("ada", OTHERS["email"], password=PASSWORD)
    assert after.public()["pending"] == {"email": OTHERS["email"], "phone": None}
    assert (after.email, after.email_verified) == (ADDRESSES["email"], True)
    assert refusal(NotFound, directory.users.get, OTHERS["email"]) == "user_not_found"
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    refused = refusal(Denied, directory.tokens.redeem, "ada", secret, kind="email-verification")
    assert refused == "user_session_required"
    after = ada.tokens.redeem("ada", secret, kind="email-verification")
    assert (after.email, after.email_verified, after.pending_email) == (OTHERS["email"], True, None)


@pytest.mark.parametrize("is_given", [True, False])
def test_a_first_address_is_held_at_once_unless_there_is_something_to_lose(directory, is_given):
    phone = OTHERS["phone"] if is_given else None
    directory.users.create(id="ada", username="ada", phone=phone, password=PASSWORD)
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    after = person.users.update_email("ada", ADDRESSES["email"], password=PASSWORD)
    assert (after.email, after.pending_email) == (None, ADDRESSES["email"])[:: -1 if not is_given else 1]


def test_a_change_of_mind_ends_what_was_sent(directory, ada):
    ada.users.update_email("ada", OTHERS["email"], password=PASSWORD)
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    after = ada.users.update_email("ada", ADDRESSES["email"], password=PASSWORD)
    assert (after.pending_email, after.email_verified) == (None, True)
    refused = refusal(Denied, ada.tokens.redeem, "ada", secret, kind="email-verification")
    assert refused == "user_invalid_token"


@pytest.mark.parametrize("ends", ["it", "theirs", "everybodys"])
def test_what_waits_ends_with_the_session_that_asked(directory, ada, ends):
    ada.users.update_email("ada", OTHERS["email"], password=PASSWORD)
    users, (session,) = directory.users, directory.users.list_sessions("ada")
    end = {
        "it": lambda: users.delete_session("ada", session.id),
        "theirs": lambda: users.delete_sessions("ada"),
        "everybodys": users.delete_everybodys_sessions,
    }
    end[ends]()
    assert users.get("ada").pending_email is None


def test_an_operators_change_holds_at_once_and_ends_what_was_pending(directory, ada):
    ada.users.update_email("ada", "third@example.com", password=PASSWORD)
    after = directory.users.update_email("ada", OTHERS["email"])
    assert (after.email, after.email_verified, after.pending_email) == (OTHERS["email"], False, None)


@pytest.mark.parametrize("by", ["person", "operator"])
def test_a_change_that_is_asked_for_by_token_is_the_same(directory, ada, by):
    secret = directory.tokens.create_email_change("ada", OTHERS["email"], print_secret=True).secret
    assert directory.users.get("ada").pending_email == OTHERS["email"]
    redeem = (ada if by == "person" else directory).tokens.redeem
    assert redeem("ada", secret, kind="email-change").email == OTHERS["email"]


def test_what_a_person_asks_for_somebody_else_confirms_by_no_click(directory, mail, ada):
    """The new address was mistyped, and somebody else has it."""
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    person.tokens.create_email_change("ada", OTHERS["email"], password=PASSWORD)
    text = next(each.text for each in mail.mails if OTHERS["email"] in each.recipients)
    secret = re.search(r"^[0-9a-f]{64}$", text, re.MULTILINE)[0]
    refused = refusal(Denied, directory.tokens.redeem, "ada", secret, kind="email-change")
    assert refused == "user_session_required"
    assert person.tokens.redeem("ada", secret, kind="email-change").email == OTHERS["email"]


# A proof beats a claim


@pytest.mark.parametrize("state", ["claimed by a sign-up", "claimed, with another proof", "asked for"])
def test_whoever_proves_an_address_takes_it_from_a_claim(directory, tmp_path, state):
    case = Case(directory, "email")
    STATES[state](case, tmp_path)
    before = find(directory, case.address)
    bob = wait_for(directory, case.address)
    assert bob().email == case.address
    if state == "asked for":
        assert refusal(NotFound, directory.users.get, f"id:{before.id}") == "user_not_found"
    else:
        assert directory.users.get("ada").email is None
        assert directory.sessions.get(case.session)


@pytest.mark.parametrize("state", ["proved", "given by an operator", "given by an import"])
def test_nobody_takes_it_from_a_proof_or_an_operator(directory, tmp_path, state):
    case = Case(directory, "email")
    STATES[state](case, tmp_path)
    bob = wait_for(directory, case.address)
    assert refusal(Conflict, bob) == "user_email_already_exists"
    assert directory.users.get("ada").email == case.address
    assert directory.users.get("bob").pending_email == case.address


def wait_for(directory, address):
    """Bob, who has a proof of his own, asks for that email; confirms it when called."""
    directory.users.create(id="bob", email="bob@example.com", password=PASSWORD)
    directory.users.update_email_verification("bob", True)
    bob = directory.as_session(directory.sessions.create("bob", PASSWORD).secret)
    bob.users.update_email("bob", address, password=PASSWORD)
    secret = directory.tokens.create_email_verification("bob", print_secret=True).secret
    return lambda: bob.tokens.redeem("bob", secret, kind="email-verification")


# Accounts that a request has made


def test_a_sign_up_replaces_an_account_that_was_made_for_a_code(directory, application):
    code = ask(application, ADDRESSES["email"])
    made = directory.users.get(ADDRESSES["email"])
    user = application.users.create(email=ADDRESSES["email"], password=PASSWORD)
    assert user.id != made.id
    assert refusal(Denied, application.tokens.redeem, ADDRESSES["email"], code, kind="email") == "user_invalid_token"
    assert application.sessions.create(ADDRESSES["email"], PASSWORD)
    assert directory.users.count() == 1


@pytest.mark.parametrize("use", ["redeem", "labels", "membership", "session"])
def test_it_stays_once_something_has_become_of_it(directory, application, clock, use):
    code = ask(application, ADDRESSES["email"])
    user = directory.users.get(ADDRESSES["email"]).id
    if use == "redeem":
        application.tokens.redeem(ADDRESSES["email"], code, kind="email")
    elif use == "labels":
        directory.users.update_labels(user, ["pupil"])
    elif use == "membership":
        directory.teams.create("Teachers", id="teachers")
        directory.teams.create_membership("teachers", user=user)
    else:
        directory.users.create_session(user)
    refused = refusal(Conflict, application.users.create, email=ADDRESSES["email"], password=PASSWORD)
    assert refused == "user_email_already_exists"
    clock.forward(days=400)
    directory.security.purge(force=True)
    assert directory.users.get(f"id:{user}")


def test_it_is_removed_with_its_last_token(directory, application, clock):
    ask(application, ADDRESSES["email"])
    clock.forward(minutes=20)
    ask(application, ADDRESSES["email"])
    for days, left in ((0.5, 1), (2, 0)):
        clock.forward(days=days)
        directory.tokens.purge()
        assert directory.users.count() == left
    assert directory.security.list_logs(events=["users.delete"])


# What else


def test_who_proves_an_address_is_told_by_mail_what_ended(directory, mail):
    directory.users.create(id="eve", email=ADDRESSES["email"], password=PASSWORD, self_service=True)
    directory.sessions.create("eve", PASSWORD)
    secret = ask(directory, ADDRESSES["email"])
    directory.tokens.redeem(ADDRESSES["email"], secret, kind="email")
    assert mail.last.recipients == [ADDRESSES["email"]]
    assert "password, sessions" in " ".join(mail.last.text.split())


def test_a_recovery_at_an_address_with_another_proof_uses_nothing_up(directory):
    case = Case(directory, "email")
    case.given(proof=True)
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    for _ in range(2):
        refused = refusal(Denied, directory.tokens.redeem, "ada", secret, kind="recovery", new_password=NEW)
        assert refused == "user_more_factors_required"
    assert case.own().tokens.redeem("ada", secret, kind="recovery", new_password=NEW).email_verified


def test_an_identity_is_linked_once_the_address_is_proved(directory):
    case = Case(directory, "email")
    case.given(proof=True)
    half = by_provider(case)
    assert directory.users.list_identities("ada") == []
    challenge = directory.mfa.create_challenge(half.secret, "password")
    directory.mfa.complete_challenge(half.secret, challenge.id, PASSWORD)
    assert not by_provider(case).more_factors_required
    assert [each.provider for each in directory.users.list_identities("ada")] == ["google"]


def test_a_session_by_an_address_is_half_again_once_an_operator_takes_its_word_back(directory):
    """Somebody new has the number."""
    case = Case(directory, "phone")
    proved(case)
    stranger = by_token(case, "code").secret
    directory.users.update_phone_verification("ada", False)
    assert refusal(Denied, directory.sessions.get, stranger) == "user_more_factors_required"
    assert directory.sessions.get(case.session)


def test_the_verdicts_are_explained_where_they_are_made():
    assert all(str(verdict).upper() in proofs.__doc__ for verdict in Verdict)
