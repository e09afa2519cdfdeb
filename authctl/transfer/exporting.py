"""Export: users with all that goes along, as a file of another system's, streamed from one moment of the directory.

Password hashes and the secrets of authenticators leave only when asked for, and the audit log says so before the first
of them does. What stays behind is counted: because it was not asked for, or because the system has no place for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from authctl import storage
from authctl.core.accounts.lookup import FIELDS
from authctl.core.credentials import passwords
from authctl.core.crypto import sealing
from authctl.core.directory.verbs import Group, flow
from authctl.core.values import listings
from authctl.core.work.engine import Engine
from authctl.core.work.unit import OPERATOR, Work
from authctl.errors import Invalid
from authctl.model import EventName, Identity, Listing, NewUser, User
from authctl.storage.exports import Belongings, SealedAuthenticator
from authctl.transfer import targets
from authctl.transfer.records import ImportedTotp, Linked, Member
from authctl.transfer.targets import DAMAGED, Leaving, Target

BATCH = 500  # users whose belongings are read together


class Part(NamedTuple):
    """Something of a user that a file may have no place for: whether there is any, and what one and many are called."""

    has: Callable[[Leaving], bool]
    one: str
    many: str


# What columns are called that are not called by their names.
_WORDS = {
    "email_verified": ("email verification", "email verifications"),
    "phone_verified": ("phone verification", "phone verifications"),
    "status": ("block", "blocks"),
    "blocked_until": ("end of the block", "ends of blocks"),
    "labels": ("labels", "labels"),
    "prefs": ("preferences", "preferences"),
    "metadata": ("metadata", "metadata"),
    "mfa": ("preferred factor", "preferred factors"),
    "created_at": ("creation time", "creation times"),
    "last_sign_in_at": ("last sign-in", "last sign-ins"),
}
_BLANK = NewUser()


def _column(name: str) -> Part:
    """A column of users; there is something in it where it is not as in a new account."""
    words = _WORDS.get(name, (name, f"{name}s"))
    return Part(lambda leaving: getattr(leaving.user, name) != getattr(_BLANK, name, None), *words)


# Those of the table of users, and of the tables beside it. What is not asked for is no part.
PARTS: dict[str, Part] = {name: _column(name) for name in targets.COLUMNS} | {
    "password": Part(lambda leaving: False, "password hash", "password hashes"),
    "must_change": Part(
        lambda leaving: leaving.hash is not None and leaving.user.password is not None
        and leaving.user.password.must_change,
        "password change requirement",
        "password change requirements",
    ),
    "totp": Part(lambda leaving: leaving.totp != (), "authenticators", "authenticators"),
    "recovery_codes": Part(lambda leaving: leaving.user.recovery_code, "recovery codes", "recovery codes"),
    "identities": Part(lambda leaving: leaving.identities != (), "identities", "identities"),
    "memberships": Part(lambda leaving: leaving.memberships != (), "memberships", "memberships"),
    "roles": Part(lambda leaving: any(each.roles for each in leaving.memberships), "roles in teams", "roles in teams"),
    "invitations": Part(lambda leaving: leaving.invitations > 0, "open invitations", "open invitations"),
}  # fmt: skip
PLURAL = ("labels", "prefs", "totp", "recovery_codes", "identities", "memberships", "roles", "invitations")
ELSEWHERE = {
    "memberships": "use --format authctl to export them"
}  # the option that exports what a file has no place for

# Why a file cannot have a user at all.
REASONS = {
    "blocked": "blocked users could sign in there",
    "email": "no email",
    "name": "no username or email that fits",
    "password": "no password",
    "hash": "no password hash that works there",
}

# What was not asked for, and the option that asks.
STAYING = {
    "hashes": ("password hash of 1 user was", "password hashes of {} users were", "--with-hashes"),
    "secrets": ("authenticators of 1 user were", "authenticators of {} users were", "--with-secrets"),
}
SHOWN = 3  # users of each loss who are named


@dataclass(slots=True)
class Export:
    """A file in the making: `text` makes it, and counts meanwhile.

    total: how many users the list had when it was asked for; read: how many were looked at; users: how many the file
    has. left_out: how many users something was left out of: a part of PARTS, what `Target.refusal` says of a hash,
    `user:REASON` of a user that is not in the file; first: the ids of the first of them. staying: how many have what
    was not asked for.
    """

    format: str
    total: int
    target: Target = field(repr=False)
    read: int = 0
    users: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[str]] = field(default_factory=dict)
    staying: Counter[str] = field(default_factory=Counter)
    _leaving: Callable[[], Iterator[Leaving]] = field(default=lambda: iter(()), repr=False)

    def text(self) -> Iterator[str]:
        """The file, piece by piece: a user each, and what stands around them."""
        target = self.target
        yield target.start()
        for leaving in self._leaving():
            self.read += 1
            lost: set[str] = set()
            text = target.record(leaving, lost.add)
            if text is not None:
                lost.update(self._without_place(leaving))
                yield target.between + text if self.users else text
                self.users += 1
            elif not any(part.startswith("user:") for part in lost):
                lost.add("user:hash")
            self._count(lost, leaving.user.id)
            self.staying.update(self._not_asked_for(leaving))
        yield target.end(self.users)

    def _count(self, lost: set[str], id: str) -> None:
        self.left_out.update(lost)
        for loss in lost:
            first = self.first.setdefault(loss, [])
            if len(first) < SHOWN:
                first.append(id)

    def _without_place(self, leaving: Leaving) -> list[str]:
        holds = self.target.holds if "memberships" in self.target.holds else self.target.holds | {"roles"}
        return [name for name, part in PARTS.items() if name not in holds and part.has(leaving)]

    def _not_asked_for(self, leaving: Leaving) -> Iterator[str]:
        if not self.target.with_hashes and leaving.user.password is not None:
            yield "hashes"
        if not self.target.with_secrets and leaving.user.totp:
            yield "secrets"

    def losses(self) -> Iterator[str]:
        """What was left out and why, a sentence each, with the first users it concerns."""
        for loss, count in sorted(self.left_out.items(), key=_by_kind):
            ids = ", ".join(self.first[loss]) + (", …" if count > SHOWN else "")
            yield f"{self._loss(loss, count)} First: {ids}." if count > 1 else f"{self._loss(loss, count)} User: {ids}."

    def _loss(self, loss: str, count: int) -> str:
        kind, _, which = loss.partition(":")
        system, hashes = self.target.system, "password hash" if count == 1 else "password hashes"
        match kind:
            case "user":
                return f"{_users(count)} {_was(count)} not exported: {REASONS[which]}."
            case "hash":
                why = f"{system} cannot check {which}" if which != DAMAGED else "the stored hash is damaged"
            case "cost":
                why = f"{system} limits the cost of {which}"
            case "run":
                why = f"{system} imports one kind of hash at a time; export these with"
                return f"{_lost(f'{which} {hashes}', count)}: {why} --target-option hash={which}."
            case _:
                part, is_many = PARTS[kind], count > 1 or kind in PLURAL
                no_place = f"{self.target.file} has no place for {'them' if is_many else 'it'}"
                why = self.target.reasons.get(kind, no_place)
                also = f"; {ELSEWHERE[kind]}" if kind in ELSEWHERE else ""
                return f"{_lost(part.one if count == 1 else part.many, count, is_many=is_many)}: {why}{also}."
        return f"{_lost(hashes, count)}: {why}."

    def stays(self) -> Iterator[str]:
        """What was not asked for, a sentence each."""
        for name, (one, many, option) in STAYING.items():
            if count := self.staying[name]:
                what = one if count == 1 else many.format(f"{count:,}")
                yield f"The {what} not exported; add {option} to include them."


def _by_kind(loss: tuple[str, int]) -> tuple[str, int, str]:
    """The order of losses: of one kind, the greatest first."""
    return loss[0].partition(":")[0], -loss[1], loss[0]


def _users(count: int) -> str:
    return "1 user" if count == 1 else f"{count:,} users"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _lost(what: str, count: int, *, is_many: bool | None = None) -> str:
    is_many = count > 1 if is_many is None else is_many
    return f"The {what} of {_users(count)} {'were' if is_many else 'was'} not exported"


def export(
    directory: Engine,
    format: str,
    *,
    with_hashes: bool = False,
    with_secrets: bool = False,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "created_at",
    options: Mapping[str, str] | None = None,
) -> Export:
    """Begin an export of the users that `users list` would show, the oldest first unless `sort` says otherwise.

    format: one of `targets.NAMES`. with_hashes, with_secrets: let password hashes, and the secrets of authenticators,
    leave in clear. options: of the target. Raises Invalid with what is wrong; nothing has left before `text` is read.
    """
    filters = list(filters)
    target = _target(format, options or {}, with_hashes=with_hashes, with_secrets=with_secrets)
    asked = listings.parse(FIELDS, directory.clock(), search=search, filters=filters, sort=sort, limit=None)
    total = directory.read(lambda work: storage.user_lists.count(work.db, asked))
    details = {
        "format": format,
        "search": search,
        "filters": filters,
        "with_hashes": with_hashes,
        "with_secrets": with_secrets,
        "users": total,
    }
    directory.write(lambda work: work.record(EventName.USERS_EXPORT, "users", details))
    return Export(format, total, target, _leaving=lambda: directory.stream(lambda work: _read(work, asked, target)))


def _target(format: str, options: Mapping[str, str], **leaving: bool) -> Target:
    if format not in targets.NAMES:
        known = ", ".join(targets.NAMES)
        raise _invalid(f"Unknown format. Use {known}.", "format")
    kind = targets.load(format)
    if unknown := [name for name in options if name not in kind.options]:
        known = ", ".join(kind.options) or "none"
        raise _invalid(f"Unknown option {unknown[0]!r} of the format {format}. Known options: {known}", "target_option")
    if kind.wants_hashes and not leaving["with_hashes"]:
        message = f"Without password hashes, {kind.file} is of no use."
        raise _invalid(f"{message[0].upper()}{message[1:]}", "with_hashes", "Add --with-hashes.")
    return kind(options, **leaving)


def _invalid(message: str, field: str, hint: str | None = None) -> Invalid:
    return Invalid("general_argument_invalid", message, field=field, hint=hint)


# Reading


def _read(work: Work, asked: Listing, target: Target) -> Iterator[Leaving]:
    work.db.freeze()
    users = storage.user_lists.iterate(work.db, asked)
    while batch := list(islice(users, BATCH)):
        belongings = storage.exports.read(work.db, (user.seq for user in batch))
        for user in batch:
            yield _leaving(work, user.at(work.now), belongings, target)


def _leaving(work: Work, user: User, belongings: Belongings, target: Target) -> Leaving:
    sealed = belongings.authenticators.get(user.seq, ()) if target.with_secrets else ()
    teams = belongings.memberships.get(user.seq, ())
    return Leaving(
        user,
        hash=passwords.revealed(work, user) if target.with_hashes and user.password else None,
        totp=tuple(_totp(work, each) for each in sealed),
        identities=tuple(_linked(identity) for identity in belongings.identities.get(user.seq, ())),
        memberships=tuple(
            Member(each.team_id, each.team_name, each.roles, each.joined_at) for each in teams if each.is_confirmed
        ),
        invitations=sum(not each.is_confirmed for each in teams),
    )


def _totp(work: Work, sealed: SealedAuthenticator) -> ImportedTotp:
    secret = sealing.unseal(work.key, sealed.sealed_secret, context=f"authenticators/{sealed.id}")
    return ImportedTotp(secret, sealed.name, sealed.algorithm, sealed.digits, sealed.period)


def _linked(identity: Identity) -> Linked:
    created_at, is_verified = identity.created_at, identity.email_verified
    return Linked(identity.provider, identity.provider_uid, identity.email, created_at, is_verified)


class Exports(Group):
    """What leaves a directory."""

    users = flow(export, by=OPERATOR)
