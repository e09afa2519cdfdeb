"""Passwords: what is asked of a new one, how one is verified, and everything that happens when one is set.

Hashing takes a tenth of a second of every core, so it is done before a transaction begins: `prepare` checks and
hashes, `change` stores; `judge` verifies. What a new password means for the rest of the account is in `follow_up`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core import hashing
from authctl.core.accounts import endings, records
from authctl.core.accounts.endings import Cause
from authctl.core.credentials import password_rules
from authctl.core.crypto import sealing
from authctl.core.messages import notices
from authctl.core.policy.policies import Policy
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid, Problem
from authctl.model import EventName, Json, NewUser, Password, User, WeakHash

if TYPE_CHECKING:
    from authctl.core.hashing.base import StoredHash


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new password that the policy takes, hashed. None of the password itself is kept.

    before: the hash that it takes the place of. since: when that password was set, so that a change in between is
    noticed; a better hash of the same password is none.
    """

    hash: str = field(repr=False)
    algorithm: str
    before: str | None = field(default=None, repr=False)
    since: datetime | None = None

    def at(
        self, now: datetime, *, must_change: bool = False, self_service: bool = False, life: timedelta | None = None
    ) -> Password:
        """As a record of the moment that it is set. life: until it expires."""
        expires_at = now + life if life is not None else None
        return Password(self.hash, self.algorithm, now, must_change, self_service, expires_at=expires_at)


# A new password


def problems(directory: Engine, password: str, user: NewUser | None) -> list[Problem]:
    """All that the policy has against a password for that user, an account or one to be made. Reads, and hashes."""
    policy, past = directory.read(_standing, user)
    found = password_rules.failures(password, policy, user=user)
    revealed = (_revealed(directory, hash, user) for hash in past)
    if any(_is_of(directory, hash, password) for hash in revealed if not hashing.is_damaged(hash)):
        last = policy["password-history"]
        found.append(
            Problem(
                "password_recently_used",
                f"The password is one of your last {last}. Choose another one."
                if last > 1
                else "This is already the password. Choose another one.",
                "password",
            )
        )
    return found


def _standing(work: Work, user: NewUser | None) -> tuple[Policy, list[str]]:
    """The policy, and the hashes of passwords that may not come back: the one that is set, and those before it."""
    keep = work.policy["password-history"]
    current = [user.password.hash] if user and user.password else []
    if work.person is not None and user is not None and user.password is not None and user.password.must_change:
        keep = max(keep, 1)  # who is told to change it does
    if not isinstance(user, User) or not keep:
        return work.policy, []
    past = storage.passwords.list_past(work.db, user.seq, keep)
    return work.policy, [*current, *(hash for hash in past if hash not in current)][:keep]


def prepare(directory: Engine, password: str, user: User | None = None) -> Prepared:
    """Check a new password against the policy and hash it; Invalid with all that is wrong. Slow."""
    found = problems(directory, password, user)
    if found:
        raise Invalid.of(found)
    return hash_new(directory, password, user)


def hash_all(directory: Engine, passwords: Sequence[str]) -> list[Prepared]:
    """Hash the passwords of several new users, on all cores."""
    from concurrent.futures import ThreadPoolExecutor

    salts = [directory.random_bytes(hashing.SALT_SIZE) for _ in passwords]
    with ThreadPoolExecutor(directory.settings.hashing.at_once or os.cpu_count()) as threads:
        return list(threads.map(lambda each, salt: hash_new(directory, each, salt=salt), passwords, salts))


def hash_new(directory: Engine, password: str, user: User | None = None, *, salt: bytes | None = None) -> Prepared:
    """Hash a password that has been checked. Slow; never inside a transaction."""
    salt = salt or directory.random_bytes(hashing.SALT_SIZE)
    with directory.hashing_turn():
        encoded = hashing.hash_new(password, parameters=directory.hash_parameters, salt=salt)
    present = user.password if user else None
    before, since = (present.hash, present.updated_at) if present else (None, None)
    return Prepared(encoded, hashing.describe(encoded), before, since)


def change(
    work: Work,
    before: User,
    prepared: Prepared,
    *,
    must_change: bool = False,
    generated: bool = False,
    cause: Cause | None = None,
) -> User:
    """Give a user a new password. generated: it expires by the policy. cause: as in `follow_up`."""
    if (before.password.updated_at if before.password else None) != prepared.since:
        raise Conflict("user_changed", "Someone else changed the password at the same time.", hint="Try again.")
    self_service = work.person is not None
    life = life_of(work, generated=generated)
    password = prepared.at(work.now, must_change=must_change, self_service=self_service, life=life)
    after = replace(before, password=password)
    details = {"must_change": must_change} | follow_up(work, before, after, cause)
    return records.save(work, before, after, EventName.USERS_UPDATE_PASSWORD, details)


def life_of(work: Work, *, generated: bool) -> timedelta | None:
    """How long a new password works; None for ever."""
    life: timedelta | None = work.policy["generated-password-expiry"] if generated else None
    return life


def follow_up(work: Work, before: User, after: User, cause: Cause | None = None) -> Json:
    """Do all that a new password entails, except for storing it and its event; answers with what ended.

    cause: why it is new, unless somebody just set it.
    """
    _remember(work, before, after)
    notices.password_changed(work, after)
    return endings.end(work, after, cause or (Cause.OWN_PASSWORD if work.person else Cause.PASSWORD))


def take_in(
    directory: Engine, text: str, name: str | None, options: Mapping[str, str], weak: WeakHash
) -> Prepared | None:
    """Another system's hash as it will be stored, judged by its shape and cost; None where a weak one is reset.

    What it will not do, or not do quickly, is told by `directory.warn`. Raises Invalid (password_hash_…) for what is no
    such hash, or would take too long to verify.
    """
    imported = hashing.accept(text, name, options)
    if imported.strength != "weak" or weak is WeakHash.KEEP:
        for warning in imported.warnings:
            directory.warn(warning)
        return Prepared(imported.stored, imported.algorithm)
    if weak is WeakHash.RESET:
        directory.warn(f"{imported.algorithm} is too easy to guess. The user needs a password reset.")
        return None
    return Prepared(wrapped := _wrap(directory, imported.stored), hashing.describe(wrapped))


def _remember(work: Work, before: User, after: User) -> None:
    """Keep the new hash among those that may not come back, and the old one where the policy came after it."""
    keep = work.policy["password-history"]
    remember_present(work, before)
    if after.password is not None:
        storage.passwords.remember(work.db, after.seq, after.password.hash, work.now, keep)


def remember_present(work: Work, user: User) -> None:
    """Keep the password that is set among those that may not come back, where it is not yet."""
    keep = work.policy["password-history"]
    present = user.password
    if keep and present is not None and present.hash not in storage.passwords.list_past(work.db, user.seq, keep):
        storage.passwords.remember(work.db, user.seq, present.hash, work.now, keep)


# A password that is given


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right. replacement: where it is, and its hash is not of today, a better one.

    is_damaged: the stored hash is none that any password could have.
    """

    is_right: bool
    replacement: Prepared | None = None
    is_damaged: bool = False


def judge(directory: Engine, user: User | None, password: str, *, allowed: bool = True) -> Verdict:
    """Verify a password; takes as long without a user or a password, and where it is not allowed. Slow."""
    stored = _revealed(directory, user.password.hash, user) if user and user.password else None
    parameters = directory.hash_parameters
    own = hashing.read(stored) if stored is not None else None
    is_damaged = stored is not None and own is None
    tried = own if own is not None and allowed else hashing.dummy(parameters)
    is_old = hashing.needs_rehash(tried, parameters)  # asked before argon2 empties the processor's caches
    found = _matching(directory, tried, password)
    if found is None or tried is not own:
        if is_old:  # a fast imported hash would answer a wrong password sooner than others do
            _is_of(directory, hashing.dummy(parameters), password)
        return Verdict(False, is_damaged=is_damaged)
    if is_old or found != hashing.composed(password):
        return Verdict(True, hash_new(directory, password, user))
    return Verdict(True)


def rehash(work: Work, user: User, verdict: Verdict) -> None:
    """Put today's hash in the place of an old one of the same password; a change in between wins."""
    found = verdict.replacement
    if found is not None and found.before is not None:
        storage.passwords.exchange(work.db, user.seq, found.before, found.hash, found.algorithm)


def wrap(directory: Engine, user: User) -> Prepared | None:
    """A user's hash inside argon2id, where it is fast to guess at; None where it is not, or there is none. Slow."""
    if user.password is None:
        return None
    stored = _revealed(directory, user.password.hash, user)
    if hashing.strength(stored) != "weak":
        return None
    wrapped = _wrap(directory, stored)
    return Prepared(wrapped, hashing.describe(wrapped), user.password.hash, user.password.updated_at)


def _is_of(directory: Engine, stored: str | StoredHash, password: str) -> bool:
    return _matching(directory, stored, password) is not None


def _matching(directory: Engine, stored: str | StoredHash, password: str) -> str | None:
    with directory.hashing_turn(stored):
        return hashing.matching(stored, password)


def _wrap(directory: Engine, stored: str) -> str:
    salt = directory.random_bytes(hashing.SALT_SIZE)
    with directory.hashing_turn():
        return hashing.wrap(stored, parameters=directory.hash_parameters, salt=salt)


# Hashes that hold a secret of their source are sealed


def _context(user: NewUser) -> str:
    return f"password_hash/{user.id}"


def sealed(work: Work, user: NewUser, stored: str) -> str:
    """A hash as it is stored: sealed where it holds a key of the whole system that it came from."""
    if not hashing.holds_key(stored):
        return stored
    return sealing.seal_text(work.key, stored, context=_context(user), nonce=work.random(sealing.NONCE_SIZE))


def revealed(work: Work, user: User) -> str:
    """The hash of a user's password, unsealed where it is stored sealed."""
    assert user.password is not None
    return unsealed(work, user, user.password.hash)


def unsealed(work: Work, user: User, stored: str) -> str:
    """The same of a hash that is, or was, that of the user's password."""
    return sealing.unseal_text(work.key, stored, context=_context(user)) if sealing.is_sealed_text(stored) else stored


def _revealed(directory: Engine, stored: str, user: NewUser | None) -> str:
    if user is None or not sealing.is_sealed_text(stored):
        return stored
    # Asked of the database each time: another process may have given the directory a new key.
    key = directory.operating().read(lambda work: work.key)
    return sealing.unseal_text(key, stored, context=_context(user))
