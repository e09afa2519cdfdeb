"""What ends what: every cell of the table, as it is declared here once more; on both databases."""

import pytest

from authctl import storage
from authctl.core.accounts import endings
from authctl.core.accounts.endings import Cause
from authctl.model import TokenKind

PASSWORD = "correct horse battery"
KINDS = set(TokenKind)
CHANGES = {TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE}

# Cause → which of three sessions end, where the person acts in the last one; which tokens; and why.
ENDS = {
    Cause.OWN_PASSWORD: ({1, 2}, {TokenKind.RECOVERY}, "password_changed"),
    Cause.PASSWORD: ({1, 2, 3}, {TokenKind.RECOVERY}, "password_changed"),
    Cause.RECOVERY: ({1, 2, 3}, {TokenKind.RECOVERY}, "password_changed"),
    Cause.BLOCK: ({1, 2, 3}, KINDS, "blocked"),
    Cause.FACTORS_RESET: ({1, 2, 3}, KINDS, "factors_reset"),
    Cause.OWNER_CHANGED: ({1, 2, 3}, set(), "deleted"),
    Cause.ADDRESS_LEFT: (set(), CHANGES, "deleted"),
    Cause.SIGNED_OUT: ({1, 2, 3}, set(), "deleted"),
}
BY_POLICY = {Cause.OWN_PASSWORD, Cause.PASSWORD}  # session-invalidation, as far as sessions go


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


@pytest.mark.parametrize("invalidates", [True, False])
@pytest.mark.parametrize("cause", Cause)
def test_a_cause_ends_what_the_table_says(directory, cause, invalidates):
    for user, phone in (("ada", "+14255550123"), ("bob", "+14255550124")):
        directory.users.create(id=user, email=f"{user}@example.com", phone=phone, password=PASSWORD)
        create_all(directory, user)
    sessions = [directory.sessions.create(user, PASSWORD) for user in ("ada", "ada", "ada", "bob")]
    directory.security.set("session-invalidation", invalidates)

    ended = directory.as_session(sessions[2].secret).write(
        lambda work: endings.end(work, work.person.user, cause),
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
    counts = {"sessions_ended": len(which), "tokens_ended": len(kinds)}
    assert ended == {name: counts[name] for name in ended}
    assert set(ended) <= set(endings.COUNTS)
    assert sum(ended.values()) == len(which) + len(kinds)
    others = directory.read(rows, "bob")
    assert not [each for listed in others for each in listed if each.ended_at is not None]
