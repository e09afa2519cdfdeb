"""Tokens: what signs in, verifies an address or changes one, once; the verbs of `authctl tokens`.

               claim                     settle
    none ───────────────▶ LIVE, unsent ─────────────────────────────▶ LIVE, sent: the older one of its kind is REPLACED
                            │                                           │
                            │ withdraw                                  ├─ redeemed ─────────────────────▶ USED
                            ▼                                           ├─ otp-attempts wrong codes ─────▶ ATTEMPTS
                         WITHDRAWN: the older one stays as it was       ├─ delete, a block, a new password ▶ DELETED …
                                                                        └─ its time has passed

How the message leaves between claiming and settling is in `sending`, and what redeeming does in `redeem`.

A blocked user is sent nothing, and whoever asked is not told: the token is made dead, and all else is as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from authctl import core, storage
from authctl.core import codes, redeem, sending, values
from authctl.core.directory import Directory, Group, flow, reads, writes
from authctl.delivery.messages import Channel
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.model import EventName, Json, Status, Token, TokenEnded, TokenKind, User

if TYPE_CHECKING:
    from authctl.core.work import Work
    from authctl.delivery import Email, Sms

LEAST_LIFE, MOST_LIFE = timedelta(minutes=1), timedelta(days=365)
LEAST_LENGTH, MOST_LENGTH = 5, 128  # hexadecimal digits; the least is 20 bits, OWASP ASVS 5.0 6.5.4
KEPT = timedelta(days=1)  # how long dead tokens are kept, for operators to see what became of them

# Kind → the policy that says how long it lives, and whose address it goes to.
_EXPIRY = {
    TokenKind.TOKEN: "token-expiry",
    TokenKind.EMAIL: "otp-expiry",
    TokenKind.PHONE: "otp-expiry",
    TokenKind.MAGIC_URL: "magic-url-expiry",
    TokenKind.EMAIL_VERIFICATION: "verification-expiry",
    TokenKind.PHONE_VERIFICATION: "otp-expiry",
    TokenKind.RECOVERY: "recovery-expiry",
    TokenKind.EMAIL_CHANGE: "verification-expiry",
    TokenKind.PHONE_CHANGE: "otp-expiry",
}
_BY_PHONE = (TokenKind.PHONE, TokenKind.PHONE_VERIFICATION, TokenKind.PHONE_CHANGE)
_CREATED = {
    TokenKind.EMAIL_VERIFICATION: EventName.USERS_VERIFICATION_CREATE,
    TokenKind.PHONE_VERIFICATION: EventName.USERS_VERIFICATION_CREATE,
    TokenKind.RECOVERY: EventName.USERS_RECOVERY_CREATE,
}


@dataclass(frozen=True, slots=True)
class Created:
    """A new token. secret: where it is shown instead of sent, this once. phrase: what the message has as well."""

    token: Token
    secret: str | None = field(default=None, repr=False)
    phrase: str | None = None

    def public(self) -> Json:
        shown = {"secret": self.secret, "phrase": self.phrase}
        return self.token.public() | {name: value for name, value in shown.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: a token of a kind, to an address, by a way. address: None for the account's own."""

    kind: TokenKind
    address: str | None = None
    channel: Channel = Channel.EMAIL
    url: str | None = None
    phrase: bool = False
    print_secret: bool = False


@dataclass(frozen=True, slots=True)
class Claim(sending.Claim):
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

    def answer(self, asked: Asked) -> Created:
        return Created(self.token, self.secret if asked.print_secret else None, self.phrase)


Find = Callable[["Work"], tuple[User, bool]]

# By operators


def create(
    work: Work, user: str, *, length: int = codes.SECRET_LENGTH, expire: timedelta | str | int | None = None
) -> Created:
    """Make a token that signs a user in, for an operator to hand over.

    length: hexadecimal digits, 5 to 128; below 32 the rules for codes apply: attempts are counted, and it lives ten
    minutes at most. expire: how long it lives, a minute to a year, as a timedelta, in seconds, or as `values.duration`
    reads it; else as the policy token-expiry says. Raises Denied (user_blocked).
    """
    is_code = length < codes.SHORTEST_SECRET
    life = _life(work, length, expire)
    found = core.users.get_locked(work, user)
    if found.status is Status.BLOCKED:
        raise core.sessions.blocked()
    secret = core.secrets.new_hex(work.random, length)
    token = _new(work, found, TokenKind.TOKEN, secret, life=life, is_code=is_code)
    ended = storage.tokens.end_of_user(
        work.db, found.seq, work.now, TokenEnded.REPLACED, kind=TokenKind.TOKEN, before=token.seq
    )
    _record(work, token, {"replaced": ended} if ended else {})
    work.changed(_resource(token), None, token.public())
    return Created(token, secret)


def _life(work: Work, length: int, expire: timedelta | str | int | None) -> timedelta:
    """How long an operator's token lives; refuses what its length does not allow."""
    if not LEAST_LENGTH <= length <= MOST_LENGTH:
        raise Invalid("general_argument_invalid", f"length is {LEAST_LENGTH} to {MOST_LENGTH}.", field="length")
    is_code = length < codes.SHORTEST_SECRET
    most = codes.LONGEST_LIFE if is_code else MOST_LIFE
    if expire is None:
        usual: timedelta = work.policy["token-expiry"]
        return min(usual, most)
    if isinstance(expire, str):
        life = values.duration(expire, field="expire")
    else:
        life = expire if isinstance(expire, timedelta) else timedelta(seconds=expire)
    if not LEAST_LIFE <= life <= most:
        raise Invalid(
            "general_argument_invalid",
            f"expire is a minute to {'ten minutes for a token this short' if is_code else 'a year'}.",
            field="expire",
            hint=f"From --length {codes.SHORTEST_SECRET} on it may be a year." if is_code else None,
        )
    return life


# To sign in


def create_email(
    directory: Directory,
    email: str,
    *,
    id: str | None = None,
    phrase: bool = False,
    create: bool = True,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> Created:
    """Send a code to an email that signs in with it, and makes the account where there is none.

    id: of the account that is made; else it is ignored. phrase: two words for the answer and the message, by which the
    person sees that they belong together. create: False to raise NotFound (user_not_found) where there is no account,
    which tells strangers so. print_secret: answer with the code instead of sending it; whoever asks does.

    A blocked user is sent nothing, and the answer is the same. Raises Denied (general_rate_limit_exceeded), Invalid
    (user_count_exceeded where it would be one account too many), Unavailable where the message was refused, and then
    nothing has changed but the counts of the hour.
    """
    asked = Asked(TokenKind.EMAIL, values.email(email), phrase=phrase, print_secret=print_secret)
    directory = directory.from_request(ip, user_agent)
    return _issue(directory, asked, _finder("email", asked.address, id, create))


def create_magic_url(
    directory: Directory,
    email: str,
    *,
    url: str | None = None,
    id: str | None = None,
    phrase: bool = False,
    create: bool = True,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> Created:
    """Send a link to an email that signs in with it. url: where it leads; without one the mail has the secret itself.

    All else is as with `create_email`.
    """
    asked = Asked(TokenKind.MAGIC_URL, values.email(email), url=url, phrase=phrase, print_secret=print_secret)
    directory = directory.from_request(ip, user_agent)
    return _issue(directory, asked, _finder("email", asked.address, id, create))


def create_phone(
    directory: Directory,
    phone: str,
    *,
    channel: Channel | str = Channel.SMS,
    id: str | None = None,
    create: bool = True,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> Created:
    """Send a code to a phone that signs in with it. channel: sms or whatsapp. All else is as with `create_email`.

    Raises Invalid also for a number whose calling code the policy sms-countries does not name.
    """
    asked = Asked(TokenKind.PHONE, values.phone(phone), _channel(channel), print_secret=print_secret)
    directory = directory.from_request(ip, user_agent)
    return _issue(directory, asked, _finder("phone", asked.address, id, create))


def _channel(channel: Channel | str) -> Channel:
    if channel not in (Channel.SMS, Channel.WHATSAPP):
        raise Invalid("general_argument_invalid", "channel is sms or whatsapp.", field="channel")
    return Channel(channel)


def _finder(column: str, address: str | None, id: str | None, create: bool) -> Find:
    """Finds the account with that address, or makes it; and says whether it was made."""
    wanted = None if id in (None, "unique()") else values.identifier(id)

    def find(work: Work) -> tuple[User, bool]:
        found = core.users.find(work, f"{column}:{address}", lock=True)
        if found is not None:
            return found, False
        if not create:
            raise NotFound("user_not_found", f"There is no user {values.shown(address or '')}.", field="user")
        core.users.check_room(work)
        given: dict[str, Any] = {column: address}
        new = User(seq=0, id=wanted or "", created_at=work.now, updated_at=work.now, **given)
        return core.users.insert_new(work, new), True

    return find


# To verify and to change


def create_email_verification(
    directory: Directory, user: str, *, url: str | None = None, print_secret: bool = False
) -> Created:
    """Ask the user's email whether it is the person's. Raises Conflict (user_email_already_verified)."""
    asked = Asked(TokenKind.EMAIL_VERIFICATION, url=url, print_secret=print_secret)
    return _issue(directory, asked, _getter(user))


def create_phone_verification(
    directory: Directory, user: str, *, channel: Channel | str = Channel.SMS, print_secret: bool = False
) -> Created:
    """Ask the user's phone whether it is the person's. Raises Conflict (user_phone_already_verified)."""
    asked = Asked(TokenKind.PHONE_VERIFICATION, channel=_channel(channel), print_secret=print_secret)
    return _issue(directory, asked, _getter(user))


def create_recovery(directory: Directory, user: str, *, url: str | None = None, print_secret: bool = False) -> Created:
    """Send the user's email what a new password is set with.

    Raises NotFound (user_not_found), which an application keeps to itself.
    """
    return _issue(directory, Asked(TokenKind.RECOVERY, url=url, print_secret=print_secret), _getter(user))


def create_email_change(
    directory: Directory,
    user: str,
    email: str,
    *,
    url: str | None = None,
    password: str | None = None,
    print_secret: bool = False,
) -> Created:
    """Ask a new email whether it is the person's; it is the account's when that is redeemed, and the old one is told.

    password: the current one, which a person must give. Raises Conflict (user_email_already_exists), for operators
    now, for persons when it is redeemed, so that nobody finds out who is here.
    """
    asked = Asked(TokenKind.EMAIL_CHANGE, values.email(email), url=url, print_secret=print_secret)
    core.sessions.confirm(directory, password)
    return _issue(directory, asked, _getter(user))


def create_phone_change(
    directory: Directory,
    user: str,
    phone: str,
    *,
    channel: Channel | str = Channel.SMS,
    password: str | None = None,
    print_secret: bool = False,
) -> Created:
    """Ask a new phone whether it is the person's; as with `create_email_change`."""
    asked = Asked(TokenKind.PHONE_CHANGE, values.phone(phone), _channel(channel), print_secret=print_secret)
    core.sessions.confirm(directory, password)
    return _issue(directory, asked, _getter(user))


def _getter(user: str) -> Find:
    return lambda work: (core.users.get_locked(work, user), False)


# Claim, send, settle


def _issue(directory: Directory, asked: Asked, find: Find) -> Created:
    """Make a token and have it sent."""
    if directory.is_person and asked.print_secret:
        raise Denied(
            "user_unauthorized", "The secret goes to the address that it is to prove; a person is not shown it."
        )
    if asked.url is not None:
        _link(directory, asked, "", "")
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


def _claim(work: Work, directory: Directory, asked: Asked, find: Find) -> Claim:
    """Store the token, and write the message that is to be sent; an older token stays good meanwhile."""
    user, made_user = find(work)
    address = _address(work, user, asked)
    is_blocked = user.status is Status.BLOCKED
    mock = core.mock_phones.find_code(work, address) if asked.kind in _BY_PHONE else None
    is_sent = mock is None and not asked.print_secret
    is_ours = not is_sent or not sending.check(
        work, directory, address, asked.channel, last=storage.tokens.last_sent(work.db, user.seq, asked.kind)
    )
    secret = mock or codes.new_secret(work, asked.kind)
    phrase = core.phrases.new(work.random) if asked.phrase else None
    token = _new(
        work,
        user,
        asked.kind,
        secret,
        life=_policy_life(work, asked.kind),
        is_code=asked.kind in codes.CODES,
        address=address,
        is_dead=is_blocked,
        is_ours=is_ours,
    )
    message = _message(directory, asked, user, token, secret, phrase) if is_sent and is_ours else None
    work.changed(_resource(token), None, token.public())
    return Claim(
        actor=work.actor,
        sending=sending.Sending(address, asked.channel, message) if is_sent and not is_blocked else None,
        user=user,
        token=token,
        secret=secret,
        phrase=phrase,
        is_sent=is_sent,
        made_user=made_user,
    )


def _address(work: Work, user: User, asked: Asked) -> str:
    """Where the token goes; refuses what needs no token."""
    kind = "phone" if asked.kind in _BY_PHONE else "email"
    if asked.kind in (TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE):
        assert asked.address is not None
        other = core.users.find(work, f"{kind}:{asked.address}") if work.person is None else None
        if other is not None and other.seq != user.seq:
            type = "user_email_already_exists" if kind == "email" else "user_phone_already_exists"
            raise Conflict(type, f"The {kind} {asked.address} is taken.", field=kind)
        return asked.address
    address: str | None = getattr(user, kind)
    if address is None:
        raise Invalid(
            "general_argument_invalid",
            f"The user {user.id} has no {kind}.",
            field="user",
            hint=f"Set one with: authctl users update-{kind}",
        )
    is_verification = asked.kind in (TokenKind.EMAIL_VERIFICATION, TokenKind.PHONE_VERIFICATION)
    if is_verification and getattr(user, f"{kind}_verified"):
        type = "user_email_already_verified" if kind == "email" else "user_phone_already_verified"
        raise Conflict(type, f"The {kind} {address} is verified already.", field="user")
    return address


def _policy_life(work: Work, kind: TokenKind) -> timedelta:
    life: timedelta = work.policy[_EXPIRY[kind]]
    return life


def _new(
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
) -> Token:
    """Store a new token. is_dead: it will sign nobody in. is_ours: False where the provider makes the code."""
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
        ended_at=work.now if is_dead else None,
        ended_reason=str(TokenEnded.BLOCKED) if is_dead else None,
    )
    return storage.tokens.insert(work.db, token, user.seq)


def _message(
    directory: Directory, asked: Asked, user: User, token: Token, secret: str, phrase: str | None
) -> Email | Sms:
    """What is written to the person."""
    from authctl.core import messages

    settings, to = directory.settings, token.address or ""
    life = token.expires_at - token.created_at
    if asked.kind in _BY_PHONE:
        write_sms = {
            TokenKind.PHONE: messages.phone_code,
            TokenKind.PHONE_VERIFICATION: messages.phone_verification,
            TokenKind.PHONE_CHANGE: messages.phone_change,
        }[asked.kind]
        return write_sms(settings, to, code=secret, channel=asked.channel)
    if asked.kind is TokenKind.EMAIL:
        return messages.email_code(settings, to, code=secret, validity=life, phrase=phrase)
    link = _link(directory, asked, user.id, secret) if asked.url is not None else None
    if asked.kind is TokenKind.MAGIC_URL:
        return messages.magic_url(settings, to, secret=secret, validity=life, link=link, phrase=phrase)
    write = {
        TokenKind.EMAIL_VERIFICATION: messages.email_verification,
        TokenKind.RECOVERY: messages.recovery,
        TokenKind.EMAIL_CHANGE: messages.email_change,
    }[asked.kind]
    return write(settings, to, secret=secret, validity=life, link=link)


def _link(directory: Directory, asked: Asked, user_id: str, secret: str) -> str:
    from authctl.core import links

    assert asked.url is not None
    return links.link(asked.url, directory.settings, userId=user_id, secret=secret)


def _settle(work: Work, claim: Claim, said: Json) -> None:
    """The message is on its way: older tokens of the kind end, and the interval begins."""
    user = core.users.find(work, f"id:{claim.user.id}", lock=True)
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
    elif token.kind is TokenKind.EMAIL_CHANGE:
        assert token.address is not None
        core.notices.email_change_asked(work, user, token.address)
    _record(work, token, details | said)


def _withdraw(work: Work, claim: Claim, said: Json) -> None:
    """The message was refused: the token ends, and an account that was made for it goes if nobody has used it."""
    user = core.users.find(work, f"id:{claim.user.id}", lock=True)
    if user is None:
        return
    storage.tokens.end(work.db, claim.token.seq, work.now, TokenEnded.WITHDRAWN)
    _record(work, claim.token, said)
    is_untouched = (
        user.updated_at == user.created_at
        and not storage.tokens.list_of_user(work.db, user.seq, work.now)
        and not storage.sessions.list_of_user(work.db, user.seq)
        and user.last_sign_in_at is None
    )
    if claim.made_user and is_untouched:
        core.users.delete(work, f"id:{user.id}")


def _record(work: Work, token: Token, details: Json) -> None:
    event = _CREATED.get(token.kind, EventName.USERS_TOKENS_CREATE)
    work.record(event, _resource(token), {"kind": str(token.kind)} | details, user_id=token.user_id)


def _resource(token: Token) -> str:
    return f"users/{token.user_id}/tokens/{token.id}"


# What there is


def list_(work: Work, user: str, *, ended: bool = False) -> list[Token]:
    """A user's live tokens, the newest first; ended: those that are over too, until they are purged, and why."""
    found = core.users.get(work, user)
    return storage.tokens.list_of_user(work.db, found.seq, None if ended else work.now)


def list_live(work: Work, user: str) -> list[Token]:
    """A user's live tokens, as `list` has them; none where there is no such user, which is not told."""
    found = core.users.find(work, user)
    return storage.tokens.list_of_user(work.db, found.seq, work.now) if found is not None else []


def delete(work: Work, user: str, token: str) -> Token:
    """End a token before its time. Raises NotFound (token_not_found) for one that is not the user's, or over."""
    found = core.users.get_locked(work, user)
    before = storage.tokens.find(work.db, found.seq, values.identifier(token, field="token"))
    if before is None or not before.is_live(work.now):
        raise NotFound(
            "token_not_found",
            f"The user has no live token {values.shown(token)}.",
            field="token",
            hint="List them with: authctl tokens list USER",
        )
    storage.tokens.end(work.db, before.seq, work.now, TokenEnded.DELETED)
    after = replace(before, ended_at=work.now, ended_reason=str(TokenEnded.DELETED))
    work.record(EventName.USERS_TOKENS_DELETE, _resource(after), {"kind": str(after.kind)}, user_id=after.user_id)
    work.changed(_resource(after), before.listed(), after.listed())
    return after


def purge(directory: Directory) -> int:
    """Remove tokens that have been dead for a day, some at a time; how many there were."""
    if directory.dry_run:
        return directory.read(lambda work: storage.tokens.count_dead(work.db, work.now - KEPT))
    total = 0
    while removed := directory.write(lambda work: storage.tokens.purge(work.db, work.now - KEPT)):
        total += removed
    if total:
        directory.write(lambda work: work.record(EventName.SECURITY_PURGE, "tokens", {"tokens": total}))
    return total


class Tokens(Group):
    """Tokens: the same verbs as the commands of `authctl tokens`."""

    create = writes(create)
    create_email = flow(create_email)
    create_phone = flow(create_phone)
    create_magic_url = flow(create_magic_url)
    create_email_verification = flow(create_email_verification, person=True, to_add_factor=True)
    create_phone_verification = flow(create_phone_verification, person=True, to_add_factor=True)
    create_recovery = flow(create_recovery)
    create_email_change = flow(create_email_change, person=True)
    create_phone_change = flow(create_phone_change, person=True)
    redeem = flow(redeem.redeem, person=True, to_add_factor=True)
    list = reads(list_)
    list_live = reads(list_live)
    delete = writes(delete)
    purge = flow(purge)
