"""Securing an account that somebody has taken: all that they may still hold ends, and what is kept is named.

    stays      the account itself, the addresses that an operator gave, and those that are named
    ends       sessions, tokens, pending changes, the invitations that the account has sent
    goes       the password, identities, authenticators, recovery codes, known sources, all other addresses

The password goes, since whoever knows it could set the next one. At an email that is kept, the person is asked for a
new one: by a recovery. With a phone alone, they sign in by code and set one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from authctl import storage
from authctl.core.accounts import endings, identities, lookup, records, throttle
from authctl.core.accounts.standing import AddressKind
from authctl.core.credentials import addresses, stepping_up
from authctl.core.messages import notices
from authctl.core.tokens import cancelling, issue, tokens
from authctl.core.tokens.issue import TokenRequest
from authctl.core.values import checks, contacts
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Denied, Invalid
from authctl.model import EventName, Json, JsonObject, TokenKind, User


@dataclass(frozen=True, slots=True)
class Secured:
    """What became of an account. ended: how many there were of each thing.

    recovery: where the person is asked for a new password; None where they sign in by code.
    """

    user: User = field(repr=False)
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    ended: Json
    recovery: str | None = None

    def public(self) -> JsonObject:
        addresses = {"kept": list(self.kept), "removed": list(self.removed)}
        return {"id": self.user.id, **addresses, **self.ended, "recovery": self.recovery}


def secure(
    directory: Engine,
    user: str,
    *,
    keep: Iterable[str] = (),
    email: str | None = None,
    url: str | None = None,
    password: str | None = None,
) -> Secured:
    """Give a taken account back: end and remove all by which somebody else may get in, and ask for a new password.

    keep: addresses to keep of those that the person, or an intruder, has set; those that an operator gave stay anyway.
    email: a new one, for operators. url: where the link in the mail leads that asks for the new password. password: the
    current one, which a person must give.

    Raises Conflict (user_last_way_in) where no address would be kept, user_email_already_exists; Invalid for an address
    that the account does not have.
    """
    kept = frozenset(_address(each) for each in keep)
    new = contacts.email(email) if email else None
    if new is not None and not directory.is_operator:
        message = "Only operators can give the account another email here."
        raise Denied("user_unauthorized", message, field="email", hint="Keep one of yours with: --keep ADDRESS")
    if url is not None:
        issue.check_link(directory, TokenRequest(TokenKind.RECOVERY, url=url))
    stepping_up.step_up(directory, password=password, always_password=True)
    before, secured = directory.write(_secure, user, kept, new)
    if before.password is None or secured.user.email is None:
        return secured
    return replace(secured, recovery=tokens.ask_for_password(directory, secured.user, url=url))


def _address(text: str) -> str:
    """An address to keep, as accounts have it."""
    checks.text(text, "keep")
    return contacts.email(text, field="keep") if "@" in text else contacts.phone(text, field="keep")


def _secure(work: Work, user: str, keep: frozenset[str], email: str | None) -> tuple[User, Secured]:
    before = lookup.get_locked(work, user)
    kept = _with_kept_addresses(work, before, keep, email)
    if not work.is_operator:
        _check_removals(work, before, kept)
    ends = endings.end(work, before, endings.Cause.SECURED)
    ended: Json = {
        **{name: ends.get(name, 0) for name in endings.COUNTS},
        "identities_removed": identities.end_all(work, before),
        "authenticators_removed": storage.authenticators.delete_of_user(work.db, before.seq),
        "recovery_codes_removed": storage.recovery_codes.delete_of_user(work.db, before.seq),
    }
    storage.attempts.forget_sources(work.db, before.seq)
    throttle.unlock(work, before)
    bare = replace(
        kept, password=None, mfa=False, totp=False, recovery_code=False, locked_until=None, codes_locked_until=None
    )
    details = records.changes(before, bare) | ends | {name: count for name, count in ended.items() if count}
    after = records.save(work, before, bare, EventName.USERS_SECURE, details)
    if before.email != after.email:
        notices.address_changed(work, before, addresses.without(before, "email"))
    notices.secured(work, after)
    had, has = _addresses(before), _addresses(after)
    return before, Secured(after, has, tuple(each for each in had if each not in has), ended)


def _with_kept_addresses(work: Work, user: User, keep: frozenset[str], email: str | None) -> User:
    """The account with the addresses that it keeps. What an operator keeps, the operator vouches for."""
    if unknown := keep.difference(_addresses(user)):
        message = f"User {user.id} does not have the address {checks.shown(min(unknown))}."
        raise Invalid("general_argument_invalid", message, field="keep", hint=_ways(work, user))
    after = user
    for kind in addresses.OTHER:
        if getattr(user, kind) in keep:
            after = _vouched_for(after, kind) if work.is_operator else after
        elif getattr(user, f"{kind}_self_service") or (kind == "email" and email not in (None, user.email)):
            after = addresses.without(after, kind)
    if email is not None and after.email != email:
        if after.email is not None:
            message = f"An account can have one email: keep {after.email}, or use {email}."
            raise Invalid("general_argument_invalid", message, field="email", hint="Leave out --keep or --email.")
        after = replace(after, email=email)
    if not _addresses(after):
        message = f"User {user.id} would have no address left and could never sign in again."
        raise Conflict("user_last_way_in", message, field="keep", hint=_ways(work, user))
    return after


def _check_removals(work: Work, before: User, after: User) -> None:
    """Refuse a person, who may be an intruder, to take off an address that confirms every change of it."""
    for kind in addresses.OTHER:
        if getattr(before, kind) != getattr(after, kind):
            cancelling.check_removal(work, before, kind)


def _vouched_for(user: User, kind: AddressKind) -> User:
    vouched: dict[str, Any] = {f"{kind}_self_service": False}
    return replace(user, **vouched)


def _ways(work: Work, user: User) -> str | None:
    """How to keep an address, for the hint of a refusal."""
    ways = [f"--keep {address}" for address in _addresses(user)] + (["--email EMAIL"] if work.is_operator else [])
    return f"Choose what to keep: {' or '.join(ways)}." if ways else None


def _addresses(user: User) -> tuple[str, ...]:
    return tuple(address for address in (user.email, user.phone) if address is not None)
