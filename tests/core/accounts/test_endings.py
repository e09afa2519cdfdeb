"""What ends what: every cell of the table, as it is declared here once more; on both databases."""

from datetime import timedelta

import pyotp
import pytest

from authctl import storage
from authctl.core.accounts import endings, lookup, records
from authctl.core.accounts.endings import Cause
from authctl.core.credentials import addresses
from authctl.core.teams import lookup as teams_lookup, memberships
from authctl.core.tokens import issue
from authctl.errors import Denied
from authctl.model import Invitation, NewUser, TokenKind

PASSWORD = "correct horse battery"
KINDS = set(TokenKind)
CHANGES = {TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE, TokenKind.CHANGE_CONFIRM}
ALL_BUT_CANCELS = KINDS - {TokenKind.CHANGE_CANCEL}  # which nothing but an operator ends

TO_EMAIL = {
    TokenKind.EMAIL,
    TokenKind.MAGIC_URL,
    TokenKind.EMAIL_VERIFICATION,
    TokenKind.RECOVERY,
    TokenKind.CHANGE_CONFIRM,
}
SIGN_INS = {TokenKind.EMAIL, TokenKind.PHONE, TokenKind.MAGIC_URL, TokenKind.TOKEN, TokenKind.RECOVERY}

# Cause → which of three sessions end, where the person acts in the last one; which tokens that an operator asked for;
# and why. Of a changed address it is the email.
ENDS = {
    Cause.OWN_PASSWORD: ({1, 2}, SIGN_INS | CHANGES, "password_changed"),
    Cause.PASSWORD: ({1, 2, 3}, SIGN_INS | CHANGES, "password_changed"),
    Cause.RECOVERY: ({1, 2, 3}, SIGN_INS | CHANGES, "password_changed"),
    Cause.SECURED: ({1, 2, 3}, SIGN_INS | CHANGES, "secured"),
    Cause.CHANGE_CANCELLED: ({1, 2, 3}, SIGN_INS | CHANGES, "change_cancelled"),
    Cause.BLOCK: ({1, 2, 3}, ALL_BUT_CANCELS, "blocked"),
    Cause.MERGED: ({1, 2, 3}, ALL_BUT_CANCELS, "merged"),
    Cause.FACTOR_ADDED: (set(), CHANGES, "factors_changed"),
    Cause.FACTOR_REMOVED: (set(), CHANGES, "factors_changed"),
    Cause.FACTORS_RESET: ({1, 2, 3}, ALL_BUT_CANCELS, "factors_reset"),
    Cause.OWNER_CHANGED: ({1, 2, 3}, SIGN_INS | CHANGES, "owner_changed"),
    Cause.SESSION: (set(), set(), "session_ended"),
    Cause.SIGNED_OUT: ({1, 2, 3}, set(), "deleted"),
    Cause.ADDRESS_CHANGED: (set(), TO_EMAIL, "address_changed"),
    Cause.ADDRESS_PROVED: (set(), set(), None),
}
BY_POLICY = {Cause.OWN_PASSWORD}  # session-invalidation, as far as sessions go

# Cause → in which of the sessions a change that a person asked for was asked, so that it ends. The first one is over.
CHANGES_END = {cause: {1, 3} if kinds >= CHANGES else set() for cause, (_, kinds, _) in ENDS.items()} | {
    Cause.FACTOR_ADDED: {1},
    Cause.SESSION: {1},
    Cause.SIGNED_OUT: {1, 3},
}


def test_every_cause_is_in_the_table():
    assert set(endings.TABLE) == set(Cause) == set(ENDS)


def create_all(directory, user):
    """A token of every kind."""
    tokens = directory.tokens
    tokens.create(user)
    tokens.create_email(f"{user}@example.com", print_secret=True)
    tokens.create_magic_url(f"{user}@example.com", print_secret=True)
    tokens.create_phone(directory.users.get(user).phone, print_secret=True)
    for create in (tokens.create_email_verification, tokens.create_phone_verification, tokens.create_recovery):
        create(user, print_secret=True)
    tokens.create_email_change(user, f"new-{user}@example.com", print_secret=True)
    tokens.create_phone_change(user, "+14255550188", print_secret=True)
    directory.write(ask_old_address, user)


def ask_old_address(work, user):
    """A change-confirm; a change asked for by the policy's default has brought the change-cancel."""
    life = timedelta(hours=1)
    found = lookup.get(work, user)
    issue.new(work, found, TokenKind.CHANGE_CONFIRM, "s" * 64, life=life, is_code=False, address=found.email)


@pytest.mark.parametrize("invalidates", [True, False])
@pytest.mark.parametrize("cause", Cause)
def test_a_cause_ends_what_the_table_says(directory, cause, invalidates):
    for user, phone in (("ada", "+14255550123"), ("bob", "+14255550124")):
        directory.users.create(id=user, email=f"{user}@example.com", phone=phone, password=PASSWORD)
        create_all(directory, user)
    sessions = [directory.sessions.create(user, PASSWORD) for user in ("ada", "ada", "ada", "bob")]
    directory.security.set("session-invalidation", invalidates)

    ended = directory.as_session(sessions[2].secret).write(
        lambda work: endings.end(work, work.person.user, cause, "email" if cause is Cause.ADDRESS_CHANGED else None),
    )

    which, kinds, reason = ENDS[cause]
    which = which if invalidates or cause not in BY_POLICY else set()

    def rows(work, user):
        seq = storage.users.find(work.db, "id", user).seq
        return storage.sessions.list_of_user(work.db, seq), storage.tokens.list_of_user(work.db, seq, None)

    found, tokens = directory.read(rows, "ada")
    assert {number: session.ended_reason for number, session in enumerate(reversed(found), 1)} == {
        number: reason if number in which else None for number in (1, 2, 3)
    }
    assert {token.kind: token.ended_reason for token in tokens} == {
        kind: reason if kind in kinds else None for kind in KINDS
    }
    pending = {name: ended.pop(name) for name in list(ended) if name.startswith("pending_")}
    assert set(pending) == ({"pending_email", "pending_phone"} if kinds >= CHANGES else set())
    user = directory.users.get("ada")
    assert [user.pending_email is None, user.pending_phone is None] == [kinds >= CHANGES] * 2
    counts = {"sessions_ended": len(which), "tokens_ended": len(kinds)}
    assert ended == {name: counts[name] for name in ended}
    assert set(ended) <= set(endings.COUNTS)
    assert sum(ended.values()) == len(which) + len(kinds)
    others = directory.read(rows, "bob")
    assert not [each for listed in others for each in listed if each.ended_at is not None]


@pytest.mark.parametrize("asked_in", [1, 3])
@pytest.mark.parametrize("cause", Cause)
def test_a_change_ends_with_what_it_was_asked_for_in(directory, cause, asked_in):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    secrets = [directory.sessions.create("ada", PASSWORD).secret for _ in range(3)]
    directory.as_session(secrets[asked_in - 1]).write(ask_for_a_change)
    if cause is Cause.SESSION:
        directory.write(lambda work: storage.sessions.end(work.db, session_seq(work, 1), work.now, "deleted"))
    directory.as_session(secrets[2]).write(lambda work: endings.end(work, work.person.user, cause))
    found = directory.read(lambda work: storage.tokens.list_of_user(work.db, lookup.get(work, "ada").seq, None))
    assert [token.ended_at is not None for token in found] == [asked_in in CHANGES_END[cause]] * 2
    assert (directory.users.get("ada").pending_email is None) == (asked_in in CHANGES_END[cause])


@pytest.mark.parametrize("cause", Cause)
def test_invitations_end_with_who_sent_them(directory, cause):
    for user in ("ada", "bob"):
        directory.users.create(id=user, email=f"{user}@example.com", email_verified=True, password=PASSWORD)
        directory.teams.create(user, id=user, owner=user)
        secret = directory.sessions.create(user, PASSWORD).secret
        invited = directory.as_session(secret).write(invite, user)
    directory.write(lambda work: endings.end(work, lookup.get(work, "ada"), cause))
    found = {user: directory.teams.list_memberships(user, filters=["status = pending"]) for user in ("ada", "bob")}
    assert len(found["ada"]) == (cause not in (Cause.SECURED, Cause.BLOCK))
    assert [each.id for each in found["bob"]] == [invited]


def test_invitations_end_with_the_account_that_sent_them(directory):
    for user in ("ada", "bob"):
        directory.users.create(id=user, email=f"{user}@example.com", email_verified=True, password=PASSWORD)
    directory.teams.create("Maths", id="maths", owner="bob")
    directory.teams.create_membership("maths", user="ada", roles=["owner"])
    directory.as_session(directory.sessions.create("ada", PASSWORD).secret).write(invite, "maths")
    directory.users.delete("ada")
    assert [each.user_id for each in directory.teams.list_memberships("maths")] == ["bob"]


def invite(work, team):
    found = teams_lookup.find_one(work, team)
    user = records.insert_new(work, NewUser(email=f"invited-to-{team}@example.com"))
    membership = memberships.new(work, found, user, ())
    membership = storage.memberships.insert(work.db, membership, found.seq, user.seq)
    invitation = Invitation(0, team.encode(), user.email, work.now + timedelta(days=1))
    storage.memberships.invite(work.db, membership.seq, invitation, inviter_seq=work.person.user.seq)
    return membership.id


def ask_for_a_change(work):
    user, life = addresses.ask(work, work.person.user, "email", "new@x.test"), timedelta(hours=1)
    for kind in (TokenKind.EMAIL_CHANGE, TokenKind.EMAIL_VERIFICATION):
        issue.new(work, user, kind, "s" * 64, life=life, is_code=False, address="new@x.test")


@pytest.mark.parametrize("acts", [True, False])
def test_a_changed_address_ends_the_sessions_that_were_signed_in_to_by_it(directory, acts):
    directory.users.create(id="ada", email="ada@example.com", phone="+14255550123", password=PASSWORD)
    by = {}
    for kind, address in (("email", "ada@example.com"), ("phone", "+14255550123")):
        create = getattr(directory.tokens, f"create_{kind}")
        by[kind] = directory.tokens.redeem("ada", create(address, print_secret=True).secret, kind=kind).secret
    by["own"] = directory.users.create_session("ada").secret
    acting = directory.as_session(by["email"]) if acts else directory
    acting.write(lambda work: endings.end(work, lookup.get(work, "ada"), Cause.ADDRESS_CHANGED, "email"))
    ended = {each.factors[0]: each.ended_reason for each in directory.users.list_sessions("ada", ended=True)}
    assert ended == {"email": None if acts else "address_changed", "phone": None, "server": None}


def session_seq(work, number):
    user = storage.users.find(work.db, "id", "ada")
    return storage.sessions.list_of_user(work.db, user.seq)[-number].seq


@pytest.mark.parametrize("provider", ["google", "email"])
@pytest.mark.parametrize("acts", [True, False])
def test_a_removed_identity_ends_the_sessions_that_its_provider_signed_in_to(directory, provider, acts):
    """Passwords sign in with the provider `email`; theirs go on all the same."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    identity = directory.users.create_identity("ada", provider, "1", email="ada@example.com").id
    directory.users.create_identity("ada", "github", "1")
    by = {"password": directory.sessions.create("ada", PASSWORD)}
    by |= {name: directory.sessions.create_with_identity(provider, "1") for name in ("acting", "other")}
    by["github"] = directory.sessions.create_with_identity("github", "1")
    person = directory.as_session(by["acting"].secret)
    (person if acts else directory).users.delete_identity(identity)
    reasons = {each.id: each.ended_reason for each in directory.users.list_sessions("ada", ended=True)}
    assert {name: reasons[signed_in.session.id] for name, signed_in in by.items()} == {
        "password": None,
        "acting": None if acts else "factors_changed",
        "other": "factors_changed",
        "github": None,
    }


@pytest.mark.parametrize("change", ["an authenticator", "an identity", "two are asked for no more"])
def test_what_was_proved_of_second_factors_ends_with_one_of_them(directory, application, clock, change):
    """Whoever removes it completes a challenge before going on, where two factors are asked for still."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    identity = directory.users.create_identity("ada", "google", "1").id
    codes = enrolled(directory, clock, "phone"), enrolled(directory, clock, "tablet")
    directory.mfa.enable("ada")
    secrets = [completed(application, clock, codes[1]) for _ in range(2)]
    half = application.sessions.create("ada", PASSWORD).secret
    challenge = application.mfa.create_challenge(half, "totp")
    person = application.as_session(secrets[0])
    if change == "an authenticator":
        person.mfa.delete_authenticator("ada", name="phone")
    elif change == "an identity":
        person.users.delete_identity(identity)
    else:
        person.mfa.disable("ada")
    assert [each.mfa_at for each in directory.users.list_sessions("ada")] == [None] * 3
    with pytest.raises(Denied):
        application.mfa.complete_challenge(half, challenge.id, codes[1](clock))
    if change == "two are asked for no more":
        assert [application.sessions.get(secret).user.id for secret in secrets] == ["ada"] * 2
        return
    for secret in secrets:
        with pytest.raises(Denied) as refused:
            application.sessions.get(secret)
        assert refused.value.type == "user_more_factors_required"
        assert application.sessions.get(completed(application, clock, codes[1], secret)).user.id == "ada"


def enrolled(directory, clock, name):
    """An authenticator of that name, and what its codes are."""
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("ada", name=name).uri)
    directory.mfa.verify_authenticator("ada", totp.at(clock.now), name=name)

    def code(clock):
        clock.forward(seconds=30)
        return totp.at(clock.now)

    return code


def completed(application, clock, code, secret=None):
    """The secret of a session in which a code was given, which is a new one or has that secret so far."""
    secret = secret or application.sessions.create("ada", PASSWORD).secret
    challenge = application.mfa.create_challenge(secret, "totp").id
    return application.mfa.complete_challenge(secret, challenge, code(clock)).secret
