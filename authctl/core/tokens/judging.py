"""Judging the secret of a token: the attempt is counted in the transaction that compares it.

An attempt at a code is counted of each token that it is compared with, and of the kind, so that codes that are sent
again bring no more tries. A refusal is returned, committed, and raised: the same answer by the same statements for a
wrong, an expired, a used and an unknown one. The log has which it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from authctl import storage
from authctl.core.accounts import lookup, throttle
from authctl.core.credentials import answers
from authctl.core.crypto import digests
from authctl.core.tokens import codes
from authctl.core.tokens.kinds import DECLARATIONS, Effect, TokenDeclaration
from authctl.core.work.unit import Work
from authctl.errors import Denied
from authctl.model import EventName, Json, Token, TokenKind, User


@dataclass(frozen=True, slots=True)
class JudgedToken:
    """A secret that was right, or that the provider is to judge; and the attempt that was counted for it."""

    user: User
    token: Token
    claim: throttle.CountedAttempt | None
    secret: str = field(repr=False)
    new_account: bool = False

    @property
    def declaration(self) -> TokenDeclaration:
        return DECLARATIONS[self.token.kind]

    @property
    def is_slow(self) -> bool:
        """Whether something slow is still to be done before it is used."""
        return self.token.digest is None or self.declaration.effect in (Effect.RECOVER, Effect.CANCEL)


def judge(
    work: Work, user: str | None, secret: str, kind: TokenKind | None, id: str | None, new_account: bool
) -> JudgedToken | Denied:
    """Count the attempt and compare. Whatever is wrong, the same statements are run.

    user: None for whosever long secret it is, which nobody guesses: such attempts are not counted.
    """
    work.ask_policy()
    named = user if user is not None else _holder(work, secret)
    found = lookup.find(work, named, lock=True) if named is not None else None
    if work.person is not None and (found is None or found.seq != work.person.user.seq):
        found = None
    tokens = _meant(work, found.seq if found is not None else 0, kind, id)
    kind = kind or (tokens[0].kind if tokens else None)
    claim = None
    if user is not None and (kind is None or DECLARATIONS[kind].is_guessable):
        claim = throttle.claim(work, found, user, code=str(kind or "id"))
        work.require_key()  # whether or not there is a code to compare: both take the same statements
    refusal = claim.refusal if claim is not None else None
    tried = [
        token for token in tokens if _may_be_tried(work, token, refusal) and (user is not None or not token.is_code)
    ]
    right = codes.matching(work, found, tried, secret)
    provided = next((token for token in tried if token.digest is None), None)
    counted = [token.seq for token in tried if token.is_code]
    judged = right or provided
    with work.db.ahead():
        if refusal == throttle.LOCKED:
            storage.tokens.use_up_attempts(work.db, counted)
        else:
            storage.tokens.count_attempts(work.db, counted)
        storage.tokens.end_exhausted(work.db, [] if judged else counted, work.now)
    if found is not None and judged is not None:
        return JudgedToken(found, judged, claim, secret, new_account)
    why = refusal or _why(work, found, tokens, secret)
    return refuse(work, found, tried[0] if tried else None, kind, why)


def _holder(work: Work, secret: str) -> str | None:
    """Whose live token has that long secret, as lookups take it."""
    token = storage.tokens.find_by_digest(work.db, digests.digest(secret))
    return f"id:{token.user_id}" if token is not None else None


def find_kind(work: Work, secret: str) -> TokenKind | None:
    """The kind of the token that has that long secret, if it has not ended. Codes are found by their user alone."""
    token = storage.tokens.find_by_digest(work.db, digests.digest(answers.normalized(secret)))
    return token.kind if token is not None else None


def _may_be_tried(work: Work, token: Token, refusal: str | None) -> bool:
    """Whether a secret may be compared with that token.

    Strangers can lock codes, so one that was sent is still good for one try. Hourly limits bound how many are sent.
    """
    is_open = token.is_live(work.now) and token.attempts_left != 0
    return is_open and (refusal is None or (refusal == throttle.LOCKED and token.sent_at is not None))


def _meant(work: Work, user_seq: int, kind: TokenKind | None, id: str | None) -> list[Token]:
    """The tokens of a user that a secret may be of: those of a kind, or the one of that id."""
    if kind is not None:
        return storage.tokens.list_recent(work.db, user_seq, kind)
    assert id is not None
    token = storage.tokens.find(work.db, user_seq, id)
    return [token] if token is not None else []


def _why(work: Work, user: User | None, tokens: list[Token], secret: str) -> str:
    """For operators: what was wrong with a secret that was refused."""
    if user is None:
        return "unknown"
    if not tokens:
        return "none"
    dead = [token for token in tokens if not token.is_live(work.now)]
    same = codes.matching(work, user, dead, secret)
    if same is None and any(token.is_live(work.now) for token in tokens):
        return "wrong"
    last = same or dead[0]
    return last.ended_reason or "expired"


def refuse(work: Work, user: User | None, token: Token | None, kind: TokenKind | None, why: str) -> Denied:
    """The log has why, and how many attempts are left; who asked is not told."""
    details: Json = {"kind": str(kind) if kind is not None else None, "refused": why}
    if token is not None and token.attempts_left is not None:
        details["attempts_left"] = 0 if why == throttle.LOCKED else max(token.attempts_left - 1, 0)
    resource = "users" if user is None else f"users/{user.id}/tokens" + (f"/{token.id}" if token else "")
    event = _event(kind)
    work.record(event, resource, details, user_id=user.id if user is not None else None)
    return invalid_token()


def refuse_provided(work: Work, judged: JudgedToken) -> Denied:
    """The provider says that its code is another one."""
    lookup.find(work, f"id:{judged.user.id}", lock=True)
    storage.tokens.end_exhausted(work.db, [judged.token.seq], work.now)
    return refuse(work, judged.user, judged.token, judged.token.kind, "wrong")


def _event(kind: TokenKind | None) -> EventName:
    return DECLARATIONS[kind].updated if kind is not None else EventName.USERS_TOKENS_UPDATE


def invalid_token() -> Denied:
    return Denied(
        "user_invalid_token",
        "The token is wrong, expired or used.",
        field="secret",
        hint="Ask for a new one. Operators can see more with: authctl tokens list USER --all",
    )
