"""What ends what, walked: each cause by every verb and command that has it, and all that an account has looked at.

`test_endings` walks the table itself; here an account has everything at once, and each way is really gone.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pyotp
import pytest

from authctl import storage
from authctl.core.accounts import lookup
from authctl.core.accounts.endings import Cause
from authctl.core.tokens import issue
from authctl.model import TokenKind

PASSWORD, NEW = "correct horse battery", "staple battery horse"
EMAIL, PHONE = "ada@example.com", "+14255550123"
ADDRESS_OF = {"phone": PHONE, "token": None}  # where a kind of token is sent, by its first word; else to the email

# What an account has. Two sessions with two factors, one of which acts; in each a challenge, and a change that was
# asked for there. A third was signed in to by an identity.
BY_IDENTITY = "session: by an identity"
SESSIONS = {"session: acting", "session: other", BY_IDENTITY}
SECOND_FACTORS = {"second factor: acting", "second factor: other"}
CHALLENGES = {"challenge: acting", "challenge: other"}
CHANGES = {"change: acting", "change: other", "change: an operator's"}
SIGN_INS = {"token: email", "token: phone", "token: magic-url", "token: token", "token: recovery"}
VERIFICATIONS = {"token: email-verification", "token: phone-verification"}
IDENTITIES = {"identity: of the email", "identity: of another"}
FACTORS = {"authenticator", "recovery codes"}
ADDRESSES = {"email", "phone"}
ALL = (
    SESSIONS
    | SECOND_FACTORS
    | CHALLENGES
    | CHANGES
    | SIGN_INS
    | VERIFICATIONS
    | IDENTITIES
    | FACTORS
    | ADDRESSES
    | {"password"}
)

STAYS = {"session: acting", "second factor: acting", "challenge: acting"}
ACTING = STAYS | {"change: acting"}
OTHER = {"session: other", "second factor: other", "challenge: other", "change: other"}
SIGNED_OUT = ACTING | OTHER | SESSIONS
CREDENTIALS = SIGNED_OUT | CHANGES | SIGN_INS

# Cause → what ends.
ENDS = {
    Cause.OWN_PASSWORD: CREDENTIALS - STAYS,
    Cause.PASSWORD: CREDENTIALS,
    Cause.RECOVERY: CREDENTIALS | {"identity: of another"} | FACTORS,
    Cause.SECURED: CREDENTIALS | IDENTITIES | FACTORS | {"password"},
    Cause.CHANGE_CANCELLED: CREDENTIALS | {"password"},
    Cause.BLOCK: CREDENTIALS | VERIFICATIONS,
    Cause.MERGED: CREDENTIALS | VERIFICATIONS,
    Cause.FACTOR_ADDED: {"change: other", "change: an operator's"},
    Cause.FACTOR_REMOVED: CHANGES | SECOND_FACTORS | CHALLENGES,
    Cause.FACTORS_RESET: CREDENTIALS | VERIFICATIONS | FACTORS,
    Cause.OWNER_CHANGED: CREDENTIALS | IDENTITIES | FACTORS | {"phone", "password"},
    Cause.SESSION: OTHER,
    Cause.SIGNED_OUT: SIGNED_OUT,
    Cause.ADDRESS_CHANGED: {
        "email",
        "token: email",
        "token: magic-url",
        "token: recovery",
        "token: email-verification",
    },
    Cause.ADDRESS_PROVED: set(),
}


@dataclass
class Account:
    """Ada's, with everything; and the doors by which something is done to it.

    run: a command line; the person's, with `session`.
    """

    directory: object
    application: object
    run: object
    clock: object
    acting: str = ""
    id: str = "ada"
    totp: pyotp.TOTP | None = None
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def person(self):
        return self.application.as_session(self.acting)

    def line(self, line, stdin="", *, as_session=False):
        ran = self.run(f"{line} --as-session" if as_session else line, session=self.acting, stdin=stdin)
        assert ran.status == 0, ran.stderr

    def code(self):
        self.clock.forward(seconds=30)
        return self.totp.at(self.clock.now)


def put(account, name, kind, address=None, session_seq=None):
    """A live token, whoever would be sent it."""

    def new(work):
        user = storage.users.find(work.db, "id", "ada")
        life = timedelta(hours=1)
        token = issue.new(work, user, kind, f"{name}{'s' * 64}", life=life, is_code=False, address=address)
        if session_seq is not None:
            work.db.sqlalchemy.exec_driver_sql(f"UPDATE tokens SET session_seq = {session_seq} WHERE seq = {token.seq}")
        return token

    account.ids[name] = account.directory.write(new).id


def session_seq(account, name):
    id = account.ids[f"session: {name}"]
    return account.directory.read(lambda work: storage.sessions.find(work.db, lookup.get(work, "ada").seq, id).seq)


def furnish(account, *, is_claimed=False):
    """Give the account all of it. is_claimed: everything was put there by whoever signed up with the addresses."""
    directory, application = account.directory, account.application
    if is_claimed:
        application.users.create(id="ada", email=EMAIL, phone=PHONE, password=PASSWORD)
    else:
        given = {"email_verified": True, "phone_verified": True, "password": PASSWORD}
        directory.users.create(id="ada", email=EMAIL, phone=PHONE, **given)
    other, acting = (application.sessions.create("ada", PASSWORD) for _ in range(2))
    mfa = application.as_session(acting.secret).mfa
    account.totp = pyotp.parse_uri(mfa.create_authenticator("ada").uri)
    mfa.verify_authenticator("ada", account.totp.at(account.clock.now))
    mfa.create_recovery_codes("ada")
    for name, signed_in in (("other", other), ("acting", acting)):
        challenge = application.mfa.create_challenge(signed_in.secret, "totp").id
        secret = application.mfa.complete_challenge(signed_in.secret, challenge, account.code()).secret
        account.ids[f"session: {name}"] = signed_in.session.id
        account.ids[f"challenge: {name}"] = application.mfa.create_challenge(secret, "totp").id
        put(account, f"change: {name}", TokenKind.EMAIL_CHANGE, "new@example.com", session_seq(account, name))
    account.acting = secret
    put(account, "change: an operator's", TokenKind.PHONE_CHANGE, "+14255550199")
    for kind in TokenKind:
        if f"token: {kind}" in SIGN_INS | VERIFICATIONS:
            put(account, f"token: {kind}", kind, ADDRESS_OF.get(str(kind).partition("-")[0], EMAIL))
    if is_claimed:  # or the account would have a proof
        assert standing(account) == ALL - IDENTITIES - {BY_IDENTITY}
        return
    for name, uid, email in (("of the email", "1", EMAIL), ("of another", "2", "ada@example.org")):
        account.ids[f"identity: {name}"] = directory.users.create_identity("ada", "google", uid, email=email).id
    account.ids[BY_IDENTITY] = application.sessions.create_with_identity("google", "2").session.id
    assert standing(account) == ALL


def is_live_challenge(work, account, name):
    seq = lookup.get(work, account.id).seq
    session = storage.sessions.find(work.db, seq, account.ids[f"session: {name}"])
    challenge = storage.challenges.find(work.db, session.seq, account.ids[f"challenge: {name}"])
    return session.ended_at is None and challenge is not None and challenge.is_live(work.now)


def standing(account):
    """What there still is of it all."""
    directory, user = account.directory, account.directory.users.get(account.id)
    live = {each.id for each in directory.users.list_sessions(account.id)}
    live |= {each.id for each in directory.tokens.list(account.id)}
    live |= {each.id for each in directory.users.list_identities(account.id)}
    found = {name for name, id in account.ids.items() if id in live}
    proved = {each.id for each in directory.users.list_sessions(account.id) if each.mfa_at is not None}
    found |= {f"second factor: {name}" for name in ("acting", "other") if account.ids[f"session: {name}"] in proved}
    found |= {
        name for name in CHALLENGES if directory.read(is_live_challenge, account, name.removeprefix("challenge: "))
    }
    has = {
        "authenticator": user.totp,
        "recovery codes": user.recovery_code,
        "email": user.email == EMAIL,
        "phone": user.phone == PHONE,
        "password": user.password is not None,
    }
    return found | {name for name, is_there in has.items() if is_there}


def recovered(account, redeem):
    redeem(account.directory.tokens.create_recovery("ada", print_secret=True).secret)


def move(work):
    user = lookup.get_locked(work, "ada")
    storage.users.update(work.db, user, replace(user, email="eve@example.com"))


def taken_back(account, redeem):
    """The email was changed, and the old one takes that back."""
    put(account, "cancel", TokenKind.CHANGE_CANCEL, EMAIL)
    account.directory.write(move)
    redeem(f"cancel{'s' * 64}")


def signed_in_by_code(account, redeem):
    redeem(account.application.tokens.create_email(EMAIL, print_secret=True).secret)


def changed_by_person(account, redeem):
    """The new address is pending until it is proved."""
    account.person.users.update_email("ada", "ada@example.net", password=PASSWORD)
    redeem(account.directory.tokens.create_email_verification("ada", print_secret=True).secret)


def proved_again(account, redeem):
    account.directory.users.update_phone_verification("ada", False)
    redeem(account.directory.tokens.create_phone_verification("ada", print_secret=True).secret)


def add_authenticator(account, create, verify):
    made = pyotp.parse_uri(create().uri)
    verify(made.at(account.clock.now))


def at_the_limit(account):
    """One session too many: the oldest goes."""
    account.directory.security.set("session-limit", 3)
    account.directory.sessions.create("ada", PASSWORD)


def into_another(account, merge):
    """The account becomes a part of another one, which is looked at from then on."""
    account.directory.users.create(id="bob")
    merge()
    account.id = "bob"


# Cause → each way to it, by the door that it goes through; and where what ends differs, how.
WAYS = {
    Cause.OWN_PASSWORD: {
        "application": lambda a: a.person.users.update_password("ada", NEW, current=PASSWORD),
        "command": lambda a: a.line(
            "users update-password ada --password-stdin", f"{PASSWORD}\n{NEW}\n", as_session=True
        ),
    },
    Cause.PASSWORD: {
        "operator": lambda a: a.directory.users.update_password("ada", NEW),
        "operator, to be changed": lambda a: a.directory.users.update_password("ada", NEW, must_change=True),
        "operator: takes it away": lambda a: a.directory.users.remove_password("ada"),
        "operator asks for another": lambda a: a.directory.users.require_password_change("ada"),
        "command": lambda a: a.line("users update-password ada --password-stdin", f"{NEW}\n"),
        "command asks for another": lambda a: a.line("users require-password-change ada"),
    },
    Cause.RECOVERY: {
        "application": lambda a: recovered(
            a, lambda secret: a.application.tokens.redeem("ada", secret, kind="recovery", new_password=NEW)
        ),
        "command": lambda a: recovered(
            a,
            lambda secret: a.line(
                "tokens redeem ada --kind recovery --secret-stdin --new-password-stdin", f"{secret}\n{NEW}\n"
            ),
        ),
    },
    Cause.SECURED: {
        "operator": lambda a: a.directory.users.secure("ada"),
        "application": lambda a: a.person.users.secure("ada", password=PASSWORD),
        "command": lambda a: a.line("users secure ada --yes"),
        "command, by the person": lambda a: a.line(
            "users secure ada --yes --password-stdin", f"{PASSWORD}\n", as_session=True
        ),
    },
    Cause.CHANGE_CANCELLED: {
        "application": lambda a: taken_back(
            a, lambda secret: a.application.tokens.redeem("ada", secret, kind="change-cancel")
        ),
        "command": lambda a: taken_back(
            a, lambda secret: a.line("tokens redeem ada --kind change-cancel --secret-stdin", f"{secret}\n")
        ),
    },
    Cause.BLOCK: {
        "operator": lambda a: a.directory.users.update_status("ada", "blocked"),
        "operator, for a day": lambda a: a.directory.users.update_status("ada", "blocked", until="1d"),
        "command": lambda a: a.line("users update-status ada blocked --yes"),
    },
    Cause.MERGED: {
        "operator: another into it": lambda a: [
            a.directory.users.create(id="bob"),
            a.directory.users.merge("bob", "ada"),
        ],
        "operator: into another": lambda a: into_another(a, lambda: a.directory.users.merge("ada", "bob")),
        "command": lambda a: into_another(a, lambda: a.line("users merge ada bob --yes")),
    },
    Cause.FACTOR_ADDED: {
        "application": lambda a: add_authenticator(
            a,
            lambda: a.person.mfa.create_authenticator("ada", name="new"),
            lambda code: a.person.mfa.verify_authenticator("ada", code, name="new"),
        ),
        "command": lambda a: add_authenticator(
            a,
            lambda: a.person.mfa.create_authenticator("ada", name="new"),
            lambda code: a.line(f"mfa verify-authenticator ada {code} --name new", as_session=True),
        ),
    },
    Cause.FACTOR_REMOVED: {
        "application: authenticator": lambda a: a.person.mfa.delete_authenticator("ada"),
        "application: identity": lambda a: a.person.users.delete_identity(a.ids["identity: of another"]),
        "operator: authenticator": lambda a: a.directory.mfa.delete_authenticator("ada"),
        "operator: identity": lambda a: a.directory.users.delete_identity(a.ids["identity: of another"]),
        "command: authenticator": lambda a: a.line("mfa delete-authenticator ada --yes", as_session=True),
        "command: identity": lambda a: a.line(f"users delete-identity {a.ids['identity: of another']} --yes"),
        "application: two are asked for no more": lambda a: [a.person.mfa.enable("ada"), a.person.mfa.disable("ada")],
        "command: two are asked for no more": lambda a: [a.line("mfa enable ada"), a.line("mfa disable ada --yes")],
    },
    Cause.FACTORS_RESET: {
        "operator": lambda a: a.directory.mfa.reset("ada"),
        "command": lambda a: a.line("mfa reset ada --yes --reason lost"),
    },
    Cause.OWNER_CHANGED: {
        "application": lambda a: signed_in_by_code(
            a, lambda secret: a.application.tokens.redeem(EMAIL, secret, kind="email")
        ),
        "command": lambda a: signed_in_by_code(
            a, lambda secret: a.line(f"tokens redeem {EMAIL} --kind email --secret-stdin", f"{secret}\n")
        ),
    },
    Cause.SESSION: {
        "application": lambda a: a.person.users.delete_session("ada", a.ids["session: other"]),
        "application: signing out": lambda a: a.application.sessions.delete(a.acting),
        "application: one too many": at_the_limit,
        "operator": lambda a: a.directory.users.delete_session("ada", a.ids["session: other"]),
        "command": lambda a: a.line(f"users delete-session ada {a.ids['session: other']} --yes", as_session=True),
        "command: signing out": lambda a: a.line("sessions delete"),
    },
    Cause.SIGNED_OUT: {
        "application": lambda a: a.person.users.delete_sessions("ada"),
        "operator": lambda a: a.directory.users.delete_sessions("ada"),
        "operator: everybody": lambda a: a.directory.users.delete_everybodys_sessions(),
        "command": lambda a: a.line("users delete-sessions ada --yes", as_session=True),
        "command: everybody": lambda a: a.line("users delete-sessions --all --yes"),
    },
    Cause.ADDRESS_CHANGED: {
        "application": lambda a: changed_by_person(
            a, lambda secret: a.person.tokens.redeem("ada", secret, kind="email-verification")
        ),
        "operator": lambda a: a.directory.users.update_email("ada", "ada@example.net"),
        "operator: clears it": lambda a: a.directory.users.update_email("ada", ""),
        "command": lambda a: a.line("users update-email ada ada@example.net"),
        "command: by the person": lambda a: changed_by_person(
            a,
            lambda secret: a.line(
                "tokens redeem ada --kind email-verification --secret-stdin", f"{secret}\n", as_session=True
            ),
        ),
    },
    Cause.ADDRESS_PROVED: {
        "application: phone": lambda a: proved_again(
            a, lambda secret: a.person.tokens.redeem("ada", secret, kind="phone-verification")
        ),
        "command: phone": lambda a: proved_again(
            a,
            lambda secret: a.line(
                "tokens redeem ada --kind phone-verification --secret-stdin", f"{secret}\n", as_session=True
            ),
        ),
    },
}
# What the way itself takes away, or uses up.
ALSO = {
    "authenticator": {"authenticator"},
    "identity": {"identity: of another", BY_IDENTITY},
    "takes it away": {"password"},
    "phone": {"token: phone-verification"},
}
OWN = {"signing out": ACTING}  # where the session that acts is the one


def expected(cause, way):
    _, _, what = way.partition(": ")
    return ALL - OWN.get(what, ENDS[cause]) - ALSO.get(what, set())


def test_every_cause_is_walked():
    """A new one says here what it ends, and by which ways it comes."""
    assert set(Cause) == set(ENDS) == set(WAYS)
    for cause, ways in WAYS.items():
        doors = {way.partition(":")[0].partition(",")[0].split()[0] for way in ways}
        assert "command" in doors, cause
        assert doors & {"application", "operator"}, cause


@pytest.fixture
def account(directory, application, authctl, database_url, clock):
    def run(line, *, session, stdin=""):
        return authctl(line, stdin=stdin, env={"AUTHCTL_DATABASE_URL": database_url, "AUTHCTL_SESSION": session})

    return Account(directory, application, run, clock)


@pytest.mark.parametrize(
    ("cause", "way"), [(cause, way) for cause, ways in WAYS.items() for way in ways], ids=lambda each: str(each)
)
def test_a_way_ends_what_its_cause_does(account, cause, way):
    furnish(account, is_claimed=cause is Cause.OWNER_CHANGED)
    WAYS[cause][way](account)
    assert standing(account) == expected(cause, way)
