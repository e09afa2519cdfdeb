"""Tokens: what signs in, verifies an address or changes one, once; the verbs of `authctl tokens`.

               claim                     settle
    none ───────────────▶ LIVE, unsent ─────────────────────────────▶ LIVE, sent: the older one of its kind is REPLACED
                            │                                           │
                            │ withdraw                                  ├─ redeemed ─────────────────────▶ USED
                            ▼                                           ├─ otp-attempts wrong codes ─────▶ ATTEMPTS
                         WITHDRAWN: the older one stays as it was       ├─ delete, a block, a new password ▶ DELETED …
                                                                        └─ its time has passed

What issuing does is in `issue`, what redeeming does in `redeem`, and how the kinds differ in `kinds`.

A blocked user is sent nothing, and whoever asked is not told: the token is made dead, and all else is as ever.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from shlex import quote
from typing import Any

from authctl import storage
from authctl.core.accounts import lookup, naming, quotas, records, requested, throttle, ways_in
from authctl.core.credentials import stepping_up
from authctl.core.crypto import generators
from authctl.core.sessions import admission
from authctl.core.tokens import cancelling, codes, issue
from authctl.core.tokens.issue import Find, NewToken, TokenRequest
from authctl.core.tokens.kinds import DECLARATIONS
from authctl.core.values import checks, contacts, identifiers, times
from authctl.core.work import batches
from authctl.core.work.engine import Engine
from authctl.core.work.unit import APPLICATION, Work
from authctl.delivery.messages import Channel
from authctl.errors import Denied, Invalid, NotFound, Unavailable
from authctl.model import EventName, NewUser, Status, Token, TokenEnded, TokenKind, User

LEAST_LIFE, MOST_LIFE = timedelta(minutes=1), timedelta(days=365)
LEAST_LENGTH, MOST_LENGTH = 5, 128  # hexadecimal digits; the least is 20 bits, OWASP ASVS 5.0 6.5.4
KEPT = timedelta(days=1)  # how long dead tokens are kept, for operators to see what became of them

# By operators


def create(
    work: Work,
    user: str,
    *,
    length: int = codes.SECRET_LENGTH,
    expire: timedelta | str | int | None = None,
    force: bool = False,
) -> NewToken:
    """Make a token that signs a user in, for an operator to hand over.

    length: hexadecimal digits, 5 to 128; below 32 the rules for codes apply: attempts are counted, and it lives ten
    minutes at most. expire: how long it lives, a minute to a year, as a timedelta, in seconds, or as text (`7d`); else
    as the policy token-expiry says. force: also where somebody typed in the address or username that names the account.
    Raises Denied (user_blocked).
    """
    is_code = length < codes.SHORTEST_SECRET
    work.ask_policy()
    found = naming.get(work, user, force=force)
    ways_in.check(work, TokenKind.TOKEN)
    life = _life(work, length, expire)
    if found.status is Status.BLOCKED:
        raise admission.blocked()
    secret = generators.new_hex(work.random, length)
    token = issue.new(work, found, TokenKind.TOKEN, secret, life=life, is_code=is_code)
    ended = storage.tokens.end_of_user(
        work.db, found.seq, work.now, TokenEnded.REPLACED, kind=TokenKind.TOKEN, before=token.seq
    )
    issue.record(work, token, {"replaced": ended} if ended else {})
    work.changed(issue.resource(token), None, token.public())
    return NewToken(token, secret)


def _life(work: Work, length: int, expire: timedelta | str | int | None) -> timedelta:
    """How long an operator's token lives; refuses what its length does not allow."""
    if not LEAST_LENGTH <= length <= MOST_LENGTH:
        raise Invalid(
            "general_argument_invalid", f"The length must be {LEAST_LENGTH} to {MOST_LENGTH}.", field="length"
        )
    is_code = length < codes.SHORTEST_SECRET
    most = codes.LONGEST_LIFE if is_code else MOST_LIFE
    if expire is None:
        usual: timedelta = work.policy[DECLARATIONS[TokenKind.TOKEN].expiry]
        return min(usual, most)
    life = times.duration(expire, field="expire")
    if not LEAST_LIFE <= life <= most:
        raise Invalid(
            "general_argument_invalid",
            f"The token must expire within a minute to {'ten minutes at this length' if is_code else 'a year'}.",
            field="expire",
            hint=f"From --length {codes.SHORTEST_SECRET} on, up to a year." if is_code else None,
        )
    return life


# To sign in


def create_email(
    directory: Engine,
    email: str,
    *,
    id: str | None = None,
    locale: str | None = None,
    phrase: bool = False,
    create: bool = True,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> NewToken:
    """Send a code to an email that signs in with it, and makes the account where there is none.

    id, locale: of the account that is made; else they are ignored. phrase: two words for the answer and the message,
    by which the person sees that they belong together. create: False to raise NotFound (user_not_found) where there is
    no account, which tells strangers so. print_secret: answer with the code instead of sending it; whoever asks does.

    A blocked user is sent nothing, and the answer is the same; through an application, its `user_id` is the address, by
    which the code is redeemed. Raises Denied (general_rate_limit_exceeded), Invalid
    (user_count_exceeded where it would be one account too many), Unavailable where the message was refused, and then
    nothing has changed but the counts of the hour.
    """
    asked = TokenRequest(TokenKind.EMAIL, contacts.email(email), phrase=phrase, print_secret=print_secret)
    return _issue_to_sign_in(
        directory.from_request(ip, user_agent), asked, _finder("email", asked.address, id, locale, create)
    )


def create_magic_url(
    directory: Engine,
    email: str,
    *,
    url: str | None = None,
    id: str | None = None,
    locale: str | None = None,
    phrase: bool = False,
    create: bool = True,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> NewToken:
    """Send a link to an email that signs in with it. url: where it leads; without one the mail has the secret itself.

    All else is as with `create_email`.
    """
    asked = TokenRequest(TokenKind.MAGIC_URL, contacts.email(email), url=url, phrase=phrase, print_secret=print_secret)
    return _issue_to_sign_in(
        directory.from_request(ip, user_agent), asked, _finder("email", asked.address, id, locale, create)
    )


def create_phone(
    directory: Engine,
    phone: str,
    *,
    channel: Channel | str = Channel.SMS,
    id: str | None = None,
    locale: str | None = None,
    create: bool = True,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> NewToken:
    """Send a code to a phone that signs in with it. channel: sms or whatsapp. All else is as with `create_email`.

    Raises Invalid also for a number whose calling code the policy sms-countries does not name.
    """
    asked = TokenRequest(TokenKind.PHONE, contacts.phone(phone), _channel(channel), print_secret=print_secret)
    return _issue_to_sign_in(
        directory.from_request(ip, user_agent), asked, _finder("phone", asked.address, id, locale, create)
    )


def _channel(channel: Channel | str) -> Channel:
    if channel not in (Channel.SMS, Channel.WHATSAPP):
        raise Invalid("general_argument_invalid", "Invalid channel: use sms or whatsapp.", field="channel")
    return Channel(channel)


def _issue_to_sign_in(directory: Engine, asked: TokenRequest, find: Find) -> NewToken:
    """Issue it. An application, which strangers ask, is told nothing of the account but the address that they typed."""
    issued = issue.issue(directory, asked, find)
    if directory.by is not APPLICATION or asked.print_secret or asked.address is None:
        return issued
    return replace(issued, token=replace(issued.token, user_id=asked.address))


def _finder(column: str, address: str | None, id: str | None, locale: str | None, create: bool) -> Find:
    """Finds the account with that address, or makes it; and says whether it was made."""
    wanted = None if id in (None, "unique()") else identifiers.identifier(id)
    language = identifiers.locale(locale) if locale else None

    def find(work: Work) -> tuple[User, bool]:
        found = lookup.find(work, f"{column}:{address}", lock=True)
        if found is not None and create:
            quotas.count_creation(work, "accounts")  # or it would show who has one
        if found is not None:
            return found, False
        if not create:
            raise NotFound("user_not_found", f"There is no user {checks.shown(address or '')}.", field="user")
        given: dict[str, Any] = {column: address}
        return records.insert_new(work, NewUser(id=wanted or "", locale=language, requested=True, **given)), True

    return find


# To verify and to change


def create_email_verification(
    directory: Engine, user: str, *, url: str | None = None, print_secret: bool = False
) -> NewToken:
    """Ask the user's email whether it is the person's. Raises Conflict (user_email_already_verified)."""
    asked = TokenRequest(TokenKind.EMAIL_VERIFICATION, url=url, print_secret=print_secret)
    return issue.issue(directory, asked, _getter(user))


def create_phone_verification(
    directory: Engine, user: str, *, channel: Channel | str = Channel.SMS, print_secret: bool = False
) -> NewToken:
    """Ask the user's phone whether it is the person's. Raises Conflict (user_phone_already_verified)."""
    asked = TokenRequest(TokenKind.PHONE_VERIFICATION, channel=_channel(channel), print_secret=print_secret)
    return issue.issue(directory, asked, _getter(user))


def create_recovery(
    directory: Engine,
    user: str,
    *,
    url: str | None = None,
    print_secret: bool = False,
    quiet_unknown: bool = False,
) -> NewToken:
    """Send the user's email what a new password is set with.

    quiet_unknown: answer alike for anybody, as an application always does unless it asks for the secret: the token's
    `user_id` is what was given, and whether there is such a user, and a message went out, is in the log alone. The
    time that a mail takes may still tell: answer the browser first, and ask then. Raises NotFound (user_not_found).
    """
    asked = TokenRequest(TokenKind.RECOVERY, url=url, print_secret=print_secret)
    if print_secret or not (quiet_unknown or directory.by is APPLICATION):
        return issue.issue(directory, asked, _getter(user))
    issue.check_link(directory, asked)
    directory.transport.check_email()
    made_up = directory.read(_made_up, checks.text(user, "user"))
    try:
        token = issue.issue(directory, asked, _getter(user)).token
    except (NotFound, Invalid, Denied):  # unknown, without an email, or just asked for
        return NewToken(made_up)
    except Unavailable as error:
        if error.type != "delivery_failed":
            raise
        directory.heard(error)
        return NewToken(made_up)
    return NewToken(replace(made_up, id=token.id))


def ask_for_password(directory: Engine, user: User, *, url: str | None = None) -> str | None:
    """Send a recovery to the user's email, whoever acts, as a part of something that is done; where it went.

    None where nothing was sent; an operator is warned of what failed.
    """
    if user.email is None or user.status is Status.BLOCKED:
        return None
    if not directory.dry_run:
        try:
            asked = TokenRequest(TokenKind.RECOVERY, url=url, at_once=True)  # any older one has just ended
            issue.issue(directory.operating(), asked, _getter(f"id:{user.id}"))
        except (Denied, Invalid, Unavailable) as error:
            again = f"Send one with: authctl tokens create-recovery {quote(lookup.reference(user.id))}"
            directory.warn(f"Could not ask user {user.id} for a new password: {error.message} {again}")
            return None
    return user.email


def _made_up(work: Work, user: str) -> Token:
    """What a recovery looks like to who asked for it, whoever that is."""
    ways_in.check(work, "password")
    expires_at = work.now + work.policy[DECLARATIONS[TokenKind.RECOVERY].expiry]
    return Token(0, work.new_id(), user, TokenKind.RECOVERY, work.now, expires_at)


def create_email_change(
    directory: Engine,
    user: str,
    email: str,
    *,
    url: str | None = None,
    password: str | None = None,
    print_secret: bool = False,
) -> NewToken:
    """Ask a new email whether it is the person's; it is the account's when that is redeemed, and the old one is told.

    password: the current one, which a person must give. Raises Conflict (user_email_already_exists), for operators
    now, for persons when it is redeemed, so that nobody finds out who is here.
    """
    asked = TokenRequest(
        TokenKind.EMAIL_CHANGE, contacts.email(email), url=url, print_secret=print_secret, settled=_tell_old_email
    )
    stepping_up.step_up(directory, password=password, always_password=True)
    return issue.issue(directory, asked, _changing(user))


def create_phone_change(
    directory: Engine,
    user: str,
    phone: str,
    *,
    channel: Channel | str = Channel.SMS,
    password: str | None = None,
    print_secret: bool = False,
) -> NewToken:
    """Ask a new phone whether it is the person's; as with `create_email_change`."""
    asked = TokenRequest(
        TokenKind.PHONE_CHANGE,
        contacts.phone(phone),
        _channel(channel),
        print_secret=print_secret,
        settled=_tell_old_phone,
    )
    stepping_up.step_up(directory, password=password, always_password=True)
    return issue.issue(directory, asked, _changing(user))


def _tell_old_email(work: Work, before: User, change: Token) -> None:
    """Once: a message that is sent again tells nothing new."""
    if change.address is not None and change.address != before.pending_email:
        cancelling.tell(work, before, "email", change.address, session_seq=change.session_seq)


def _tell_old_phone(work: Work, before: User, change: Token) -> None:
    if change.address is not None and change.address != before.pending_phone:
        cancelling.tell(work, before, "phone", change.address, session_seq=change.session_seq)


def _changing(user: str) -> Find:
    """Finds the account, as long as it may ask for another change."""

    def find(work: Work) -> tuple[User, bool]:
        found = lookup.get_locked(work, user)
        cancelling.check_room(work, found)
        return found, False

    return find


def _getter(user: str) -> Find:
    return lambda work: (lookup.get_locked(work, user), False)


# What there is


def list_(work: Work, user: str, *, ended: bool = False) -> list[Token]:
    """A user's live tokens, the newest first; ended: those that are over too, until they are purged, and why.

    Those whose kind is locked, since somebody guessed at it, say until when.
    """
    found = lookup.get(work, user)
    tokens = storage.tokens.list_of_user(work.db, found.seq, None if ended else work.now)
    kinds = {token.kind for token in tokens if token.is_code}
    locks = {kind: throttle.find_code_lock(work, found, kind) for kind in kinds}
    return [replace(each, locked_until=locks.get(each.kind) if each.is_live(work.now) else None) for each in tokens]


def list_live(work: Work, user: str) -> list[Token]:
    """A user's live tokens, as `list` has them; none where there is no such user, which is not told."""
    found = lookup.find(work, user)
    return storage.tokens.list_of_user(work.db, found.seq, work.now) if found is not None else []


def delete(work: Work, user: str, token: str) -> Token:
    """End a token before its time. Raises NotFound (token_not_found) for one that is not the user's, or over."""
    found = lookup.get_locked(work, user)
    before = storage.tokens.find(work.db, found.seq, identifiers.identifier(token, field="token"))
    if before is None or not before.is_live(work.now):
        raise NotFound(
            "token_not_found",
            f"The user has no active token {checks.shown(token)}.",
            field="token",
            hint="List them with: authctl tokens list USER",
        )
    storage.tokens.end(work.db, before.seq, work.now, TokenEnded.DELETED)
    after = replace(before, ended_at=work.now, ended_reason=str(TokenEnded.DELETED))
    work.record(EventName.USERS_TOKENS_DELETE, issue.resource(after), {"kind": str(after.kind)}, user_id=after.user_id)
    work.changed(issue.resource(after), before.listed(), after.listed())
    return after


def purge(directory: Engine) -> int:
    """Remove tokens that have been dead for a day, some at a time, and the accounts that were made for them and never
    signed in to; how many tokens there were."""
    total = batches.remove(
        directory,
        "tokens",
        lambda work: storage.purging.count_tokens(work.db, work.now - KEPT),
        lambda work: storage.purging.delete_tokens(work.db, work.now - KEPT),
    )
    requested.purge(directory)
    return total
