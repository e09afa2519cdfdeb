"""Issuing tokens: what is stored of a new one, what is written to the person, and what follows when that has left.

Every kind of token goes the same way, which `sending` draws; what differs is declared in `kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from authctl import storage
from authctl.core.accounts import lookup, records, ways_in
from authctl.core.credentials import addresses
from authctl.core.crypto import phrases
from authctl.core.messages import compose
from authctl.core.policy import email_domains
from authctl.core.tokens import codes, kinds, mock_phones, sending
from authctl.core.tokens.kinds import DECLARATIONS, Effect, SecretForm, TokenDeclaration
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.delivery import Email, Sms
from authctl.delivery.messages import Channel
from authctl.errors import Conflict, Invalid
from authctl.model import Json, JsonObject, Status, Token, TokenEnded, TokenKind, User


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token. secret: where it is shown instead of sent, this once. phrase: what the message has as well."""

    token: Token
    secret: str | None = field(default=None, repr=False)
    phrase: str | None = None

    def public(self) -> JsonObject:
        shown = {"secret": self.secret, "phrase": self.phrase}
        return self.token.public() | {name: value for name, value in shown.items() if value is not None}


Settled = Callable[["Work", User, Token], None]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was asked for: a token of a kind.

    address: where it goes; None for the account's own. channel: how it gets to a phone. settled: what follows when it
    is on its way, with the account as it was. at_once: however soon after the last of its kind.
    """

    kind: TokenKind
    address: str | None = None
    channel: Channel = Channel.SMS
    url: str | None = None
    phrase: bool = False
    print_secret: bool = False
    settled: Settled | None = None
    at_once: bool = False

    @property
    def declaration(self) -> TokenDeclaration:
        return DECLARATIONS[self.kind]


@dataclass(frozen=True, slots=True)
class TokenClaim(sending.SendingClaim):
    """A token that is good from now on, and what it takes to send it and to take it back.

    is_sent: whether the interval begins when it is settled, which it does for a blocked user too, to whom nothing is
    sent.
    """

    user: User
    token: Token
    secret: str = field(repr=False)
    phrase: str | None
    is_sent: bool
    made_user: bool
    settled: Settled | None = None

    def answer(self, asked: TokenRequest) -> NewToken:
        return NewToken(self.token, self.secret if asked.print_secret else None, self.phrase)


Find = Callable[["Work"], tuple[User, bool]]


def issue(directory: Engine, asked: TokenRequest, find: Find) -> NewToken:
    """Make a token and have it sent."""
    sending.check_print_secret(directory, asked.print_secret)
    check_link(directory, asked)
    try:
        claim = directory.write(_claim, directory, asked, find)
    except Conflict as conflict:
        if conflict.type not in ("user_email_already_exists", "user_phone_already_exists"):
            raise
        claim = directory.write(_claim, directory, asked, find)  # another made the same account meanwhile
    if directory.dry_run:
        return claim.answer(asked)
    sending.send(directory, claim, settle=_settle, withdraw=_withdraw)
    return claim.answer(asked)


def _claim(work: Work, directory: Engine, asked: TokenRequest, find: Find) -> TokenClaim:
    """Store the token, and write the message that is to be sent; an older token stays good meanwhile."""
    declaration = asked.declaration
    ways_in.check(work, kinds.method(asked.kind))
    user, made_user = find(work)
    address = _address(work, user, asked)
    if declaration.effect is Effect.CHANGE:
        assert declaration.sent_to is not None
        addresses.ask(work, user, declaration.sent_to, address, is_sent=False)
    is_blocked = user.status is Status.BLOCKED
    mock = mock_phones.find_code(work, address) if declaration.sent_to == "phone" else None
    channel = asked.channel if declaration.sent_to == "phone" else Channel.EMAIL
    is_sent = mock is None and not asked.print_secret
    is_ours = not is_sent or not sending.check(
        work,
        directory,
        address,
        channel,
        last=storage.tokens.last_sent(work.db, user.seq, asked.kind, work.now) if not asked.at_once else None,
        is_essential=declaration.effect is Effect.RECOVER,
    )
    secret = mock or codes.new_secret(work, declaration.secret)
    phrase = phrases.new(work.random) if asked.phrase else None
    token = new(
        work,
        user,
        asked.kind,
        secret,
        life=work.policy[declaration.expiry],
        is_code=declaration.secret is SecretForm.CODE,
        address=address,
        is_dead=is_blocked,
        is_ours=is_ours,
    )
    message = _message(directory, asked, user, token, secret, phrase) if is_sent and is_ours else None
    work.changed(resource(token), None, token.public())
    leaving = sending.Sending(address, channel, message) if is_sent and not is_blocked else None
    if leaving is not None:
        record(work, token, sending.UNDER_WAY)
    return TokenClaim(
        actor=work.actor,
        sending=leaving,
        user=user,
        token=token,
        secret=secret,
        phrase=phrase,
        is_sent=is_sent,
        made_user=made_user,
        settled=asked.settled,
    )


def _address(work: Work, user: User, asked: TokenRequest) -> str:
    """Where the token goes; refuses what needs no token."""
    kind, effect = asked.declaration.sent_to, asked.declaration.effect
    assert kind is not None, "an operator hands it over"
    if effect is Effect.CHANGE:
        assert asked.address is not None
        if kind == "email" and work.person is not None:
            email_domains.check(work.policy, asked.address)
        other = lookup.find(work, f"{kind}:{asked.address}") if work.is_operator else None
        if other is not None and other.seq != user.seq:
            raise storage.users.address_taken(kind, asked.address)
        return asked.address
    if effect is Effect.SIGN_IN and asked.address is not None:
        return asked.address  # the account's, or one of its identities'
    pending: str | None = getattr(user, f"pending_{kind}") if effect is Effect.VERIFY else None
    address: str | None = pending or getattr(user, kind)
    if address is None:
        raise Invalid(
            "general_argument_invalid",
            f"User {user.id} has no {kind}.",
            field="user",
            hint=f"Set one with: authctl users update-{kind} {user.id} {str(kind).upper()}",
        )
    if effect is Effect.VERIFY and pending is None and getattr(user, f"{kind}_verified"):
        type = "user_email_already_verified" if kind == "email" else "user_phone_already_verified"
        raise Conflict(type, f"The {kind} {address} is already verified.", field="user")
    return address


def new(
    work: Work,
    user: User,
    kind: TokenKind,
    secret: str,
    *,
    life: timedelta,
    is_code: bool,
    address: str | None = None,
    is_dead: bool = False,
    is_ours: bool = True,
    session_seq: int | None = None,
    by_operator: bool | None = None,
) -> Token:
    """Store a new token. is_dead: it will sign nobody in. is_ours: False where the provider makes the code.

    session_seq: the session that it was asked for in, where that is not the one that acts. by_operator: None for
    whether an operator acts.
    """
    id = work.new_id()
    digest = codes.digest(work, user.id, kind, id, secret, is_code=is_code)
    token = Token(
        seq=0,
        id=id,
        user_id=user.id,
        kind=kind,
        created_at=work.now,
        expires_at=work.now + life,
        digest=digest if is_ours else None,
        attempts_left=work.policy["otp-attempts"] if is_code else None,
        address=address,
        session_seq=work.person.session.seq if work.person is not None else session_seq,
        by_operator=work.is_operator if by_operator is None else by_operator,
        ended_at=work.now if is_dead else None,
        ended_reason=str(TokenEnded.BLOCKED) if is_dead else None,
    )
    return storage.tokens.insert(work.db, token, user.seq)


def _message(
    directory: Engine, asked: TokenRequest, user: User, token: Token, secret: str, phrase: str | None
) -> Email | Sms:
    """What is written to the person."""
    settings, to = directory.settings.for_reader(user.locale), token.address or ""
    kind = asked.declaration.message
    assert kind is not None
    if asked.declaration.sent_to == "phone":
        return compose.code_sms(settings, kind, to, code=secret, channel=asked.channel)
    life = token.expires_at - token.created_at
    link = _link(directory, asked, lookup.reference(user.id), secret) if asked.url is not None else None
    return compose.secret_email(settings, kind, to, secret=secret, validity=life, link=link, phrase=phrase)


def check_link(directory: Engine, asked: TokenRequest) -> None:
    """Refuse a link that is not allowed, before anything is done."""
    if asked.url is not None:
        _link(directory, asked, "", "")


def _link(directory: Engine, asked: TokenRequest, user_id: str, secret: str) -> str:
    from authctl.core.messages import links

    assert asked.url is not None
    return links.link(asked.url, directory.settings, userId=user_id, secret=secret)


def _settle(work: Work, claim: TokenClaim, said: Json) -> None:
    """The message is on its way: older tokens of the kind end, and the interval begins."""
    user = lookup.find(work, f"id:{claim.user.id}", lock=True)
    if user is None:
        return
    token = claim.token
    if claim.is_sent:
        storage.tokens.set_sent(work.db, token.seq, work.now)
    ended = storage.tokens.end_of_user(
        work.db, user.seq, work.now, TokenEnded.REPLACED, kind=token.kind, before=token.seq
    )
    details: Json = {"replaced": ended} if ended else {}
    if token.ended_reason is not None:
        details |= {"refused": token.ended_reason}
    elif claim.settled is not None:
        claim.settled(work, claim.user, token)
    record(work, token, details | said)


def _withdraw(work: Work, claim: TokenClaim, said: Json) -> None:
    """The message was refused: the token ends, and an account that was made for it goes if nobody has used it."""
    user = lookup.find(work, f"id:{claim.user.id}", lock=True)
    if user is None:
        return
    storage.tokens.end(work.db, claim.token.seq, work.now, TokenEnded.WITHDRAWN)
    record(work, claim.token, said)
    declaration = DECLARATIONS[claim.token.kind]
    if declaration.effect is Effect.CHANGE and declaration.sent_to is not None:
        addresses.take_back(work, user, declaration.sent_to, claim.token.address, claim.user)
    is_untouched = (
        user.updated_at == user.created_at
        and not storage.tokens.list_of_user(work.db, user.seq, work.now)
        and not storage.sessions.list_of_user(work.db, user.seq)
        and user.last_sign_in_at is None
    )
    if claim.made_user and is_untouched:
        records.delete(work, f"id:{user.id}")


def record(work: Work, token: Token, details: Json) -> None:
    event = DECLARATIONS[token.kind].created
    work.record(event, resource(token), {"kind": str(token.kind)} | details, user_id=token.user_id)


def resource(token: Token) -> str:
    return f"users/{token.user_id}/tokens/{token.id}"
