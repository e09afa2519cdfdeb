"""Every way in × the policies on how people come in: each cell tried, on both databases."""

from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from authctl.core.policy import policies
from authctl.errors import AuthctlError, Denied, Invalid

PASSWORD = "correct horse battery"
INSIDE, OUTSIDE, PHONE = "ada@example.com", "ada@example.org", "+442079460123"


@dataclass
class Ways:
    """Comes in by each way, the operator's part of it done first. Each answers with the secret of a session, if any."""

    directory: object
    application: object

    def ada(self, **given):
        return self.directory.users.create(id="ada", email=INSIDE, email_verified=True, **given)

    def redeem(self, kind, token, **given):
        return self.application.tokens.redeem(token.token.user_id, token.secret, kind=kind, **given)

    def password(self):
        self.ada(password=PASSWORD)
        yield
        yield self.application.sessions.create("ada", PASSWORD)

    def sign_up(self):
        yield
        self.application.users.create(email=INSIDE, password=PASSWORD)
        yield None

    def email(self):
        self.ada()
        yield
        yield self.redeem("email", self.application.tokens.create_email(INSIDE, print_secret=True))

    def magic_url(self):
        self.ada()
        yield
        yield self.redeem("magic-url", self.application.tokens.create_magic_url(INSIDE, print_secret=True))

    def phone(self):
        self.directory.users.create(id="ada", phone=PHONE, phone_verified=True)
        yield
        yield self.redeem("phone", self.application.tokens.create_phone(PHONE, print_secret=True))

    def identity(self):
        yield
        yield self.application.sessions.create_with_identity("google", "1", email=INSIDE, email_verified=True)

    def anonymous(self):
        yield
        yield self.application.sessions.create_anonymous()

    def token(self):
        self.ada()
        yield
        yield self.redeem("token", self.directory.tokens.create("ada"))

    def recovery(self):
        self.ada(password=PASSWORD)
        yield
        self.redeem(
            "recovery", self.application.tokens.create_recovery("ada", print_secret=True), new_password="another" * 2
        )
        yield None

    def invitation(self):
        self.directory.teams.create("Maths", id="maths")
        yield
        added = self.directory.teams.create_membership("maths", email=INSIDE, print_secret=True)
        self.application.teams.update_membership_status("maths", added.membership.id, INSIDE, added.secret)
        yield None

    def operators_session(self):
        self.ada()
        yield
        yield self.directory.users.create_session("ada")


# By which method each way is, as the policy calls it; None: it signs nobody in, or is the operator's.
METHODS = {
    "password": "password",
    "sign_up": "password",
    "email": "email",
    "magic_url": "magic-url",
    "phone": "phone",
    "identity": "identity",
    "anonymous": "anonymous",
    "token": "token",
    "recovery": "password",
    "invitation": None,
    "operators_session": None,
}


@pytest.fixture
def ways(directory, application):
    return Ways(directory, application)


@contextmanager
def refused(type):
    with pytest.raises(AuthctlError) as caught:
        yield
    assert caught.value.type == type


def all_but(method):
    return [each for each in policies.SIGN_IN_METHODS if each != method] or "none"


def test_every_way_and_every_method_is_in_the_table():
    assert {*METHODS.values()} - {None} == {*policies.SIGN_IN_METHODS}
    assert {*METHODS} == {name for name in vars(Ways) if not name.startswith("_")} - {"ada", "redeem"}


@pytest.mark.parametrize("way", METHODS)
def test_a_method_that_is_switched_off_shuts_its_ways_and_no_others(ways, way):
    steps = getattr(ways, way)()
    next(steps)
    ways.directory.security.set("sign-in-methods", all_but(METHODS[way]))
    if METHODS[way] is None:
        ways.directory.security.set("sign-in-methods", "none")
        next(steps)
    else:
        with refused("user_auth_method_unsupported"):
            next(steps)


@pytest.mark.parametrize("way", [name for name, method in METHODS.items() if method is not None])
def test_a_way_is_open_while_its_method_alone_is_on(ways, way):
    ways.directory.security.set("sign-in-methods", METHODS[way])
    steps = getattr(ways, way)()
    next(steps)
    next(steps)


def test_a_method_that_is_off_is_told_alike_for_everybody(ways):
    ways.ada(password=PASSWORD)
    ways.directory.security.set("sign-in-methods", all_but("password"))
    answers = set()
    for user, password in (("ada", PASSWORD), ("ada", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(Invalid) as caught:
            ways.application.sessions.create(user, password)
        answers.add(caught.value.message)
    assert len(answers) == 1
    assert ways.directory.users.get("ada").locked_until is None


@pytest.mark.parametrize("kind", ["email", "magic-url", "recovery"])
def test_a_token_of_a_method_that_was_switched_off_is_not_used_up(ways, kind):
    ways.ada(password=PASSWORD)
    create = getattr(ways.application.tokens, f"create_{kind.replace('-', '_')}")
    token = create(INSIDE, print_secret=True)
    more = {"new_password": "another" * 2} if kind == "recovery" else {}
    ways.directory.security.set("sign-in-methods", "anonymous")
    with refused("user_auth_method_unsupported"):
        ways.redeem(kind, token, **more)
    ways.directory.security.reset(["sign-in-methods"])
    ways.redeem(kind, token, **more)


def test_the_last_way_in_is_one_that_is_on(ways):
    ways.ada(password=PASSWORD)
    secret = ways.application.sessions.create("ada", PASSWORD).secret
    ways.directory.users.create_identity("ada", "google", "1")
    ways.directory.security.set("sign-in-methods", "identity")
    person = ways.application.as_session(secret)
    [identity] = person.users.list_identities()
    with refused("user_last_way_in"):
        person.users.delete_identity(identity.id)
    ways.directory.security.set("sign-in-methods", "password,identity")
    person.users.delete_identity(identity.id)


# What an address must be


BRINGING = {
    "sign_up": lambda ways: ways.application.users.create(email=OUTSIDE),
    "email": lambda ways: ways.application.tokens.create_email(OUTSIDE, print_secret=True),
    "magic_url": lambda ways: ways.application.tokens.create_magic_url(OUTSIDE, print_secret=True),
    "identity": lambda ways: ways.application.sessions.create_with_identity(
        "google", "1", email=OUTSIDE, email_verified=True
    ),
    "unverified identity": lambda ways: ways.application.sessions.create_with_identity("google", "1", email=OUTSIDE),
    "change": lambda ways: person(ways).users.update_email("ada", OUTSIDE, password=PASSWORD),
    "change by mail": lambda ways: person(ways).tokens.create_email_change(
        "ada", OUTSIDE, password=PASSWORD, print_secret=False
    ),
    "invitation": lambda ways: person(ways).teams.create_membership("maths", email=OUTSIDE, invite=True),
}
OPERATORS = {
    "create": lambda ways: ways.directory.users.create(email=OUTSIDE),
    "update": lambda ways: ways.directory.users.update_email("ada", OUTSIDE),
    "member": lambda ways: ways.directory.teams.create_membership("maths", email=OUTSIDE),
    "invitation": lambda ways: accepted(
        ways, ways.directory.teams.create_membership("maths", email=OUTSIDE, print_secret=True)
    ),
}


def person(ways):
    return ways.application.as_session(ways.application.sessions.create("ada", PASSWORD).secret)


def accepted(ways, added):
    ways.application.teams.update_membership_status("maths", added.membership.id, OUTSIDE, added.secret)


@pytest.fixture
def owner(ways, mail):
    ways.ada(password=PASSWORD)
    ways.directory.teams.create("Maths", id="maths", owner="ada")


@pytest.mark.parametrize("domains", ["example.com", "deny:example.org", "deny:example.net,deny:example.org"])
@pytest.mark.parametrize("way", BRINGING)
def test_people_bring_no_email_of_another_domain(ways, owner, way, domains):
    ways.directory.security.set("email-domains", domains)
    with pytest.raises(Invalid, match=r"example\.org") as caught:
        BRINGING[way](ways)
    assert caught.value.field == "email"
    assert ways.directory.users.count() == 1


@pytest.mark.parametrize("way", OPERATORS)
def test_operators_use_any_domain(ways, owner, way):
    ways.directory.security.set("email-domains", "example.com")
    OPERATORS[way](ways)


@pytest.mark.parametrize(
    ("domains", "email", "is_allowed"),
    [
        ("example.com", "a@example.com", True),
        ("example.com", "a@mail.example.com", True),
        ("example.com", "a@notexample.com", False),
        ("deny:example.com", "a@mail.example.com", False),
        ("deny:example.com", "a@example.org", True),
        ("deny:disposable", "a@mailinator.com", False),
        ("deny:disposable", "a@x.mailinator.com", False),
        ("deny:disposable", "a@example.com", True),
    ],
)
def test_a_domain_stands_for_all_that_are_under_it(ways, domains, email, is_allowed):
    ways.directory.security.set("email-domains", domains)
    if is_allowed:
        ways.application.users.create(email=email)
    else:
        with pytest.raises(Invalid):
            ways.application.users.create(email=email)


# What must be verified


@pytest.mark.parametrize("way", [name for name in METHODS if name not in ("sign_up", "recovery", "invitation")])
@pytest.mark.parametrize("required", ["off", "email", "phone", "any"])
def test_a_session_is_good_for_proving_alone_until_the_address_is_verified(ways, way, required):
    ways.directory.security.set("require-verified", required)
    steps = getattr(ways, way)()
    next(steps)
    signed_in = next(steps)
    user = ways.directory.users.get(f"id:{signed_in.session.user_id}")
    has = {"email": user.email_verified, "phone": user.phone_verified}
    is_due = {"off": False, "any": not any(has.values())}.get(required, not has.get(required))
    assert signed_in.verification_required == is_due
    acting = ways.application.as_session(signed_in.secret)
    if not is_due:
        assert ways.application.sessions.get(signed_in.secret).user.id == user.id
        acting.users.update_name("id:" + user.id, "Ada")
        return
    for refused_verb in (
        lambda: ways.application.sessions.get(signed_in.secret),
        lambda: acting.users.update_name("id:" + user.id, "Ada"),
        lambda: ways.application.sessions.create_jwt(signed_in.secret),
    ):
        with refused("user_verification_required"):
            refused_verb()


def test_what_to_do_next_is_a_command_that_runs(ways):
    ways.directory.security.set("require-verified", "email")
    signed_in = ways.application.sessions.create_anonymous()
    id = signed_in.session.user_id
    for command in (f"users update-email {id} EMAIL", f"tokens create-email-verification {id}"):
        with pytest.raises(Denied) as denied:
            ways.application.sessions.get(signed_in.secret)
        assert denied.value.hint.endswith(f": authctl {command} --as-session")
        ways.application.as_session(signed_in.secret).users.update_email(id, "ada@example.com")
    ways.directory.security.set("sign-in-methods", "identity,password")
    with pytest.raises(Invalid) as invalid:
        ways.application.sessions.create_anonymous()
    assert invalid.value.hint.endswith("security set sign-in-methods password,identity,anonymous")


def test_whoever_verifies_may_do_the_rest(ways, mail):
    ways.directory.security.set("require-verified", "email")
    user = ways.application.users.create(email="ada@example.com", password=PASSWORD)
    secret = ways.application.sessions.create(user.id, PASSWORD).secret
    acting = ways.application.as_session(secret)
    acting.users.update_email(user.id, "lovelace@example.com", password=PASSWORD)  # the first was mistyped
    token = ways.directory.tokens.create_email_verification(user.id, print_secret=True)
    acting.tokens.redeem(user.id, token.secret, kind="email-verification")
    acting.users.update_name(user.id, "Ada")
    assert ways.application.sessions.get(secret).user.email == "lovelace@example.com"
    ways.application.sessions.delete(secret)
