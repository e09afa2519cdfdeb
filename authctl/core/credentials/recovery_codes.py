"""Recovery codes: how they are made and typed in, and what is kept of them.

Six, each of 79 bits, to be read out: no 0/O, no 1/l/I, in groups. Kept is a digest with a key of the directory's own,
its pepper, bound to the user. The pepper is made when it is first needed, and sealed with the secret key: so the
database alone is of no help to whoever would guess at codes that another system made shorter, and a new secret key
leaves every code as good as it was.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from authctl import storage
from authctl.core.crypto import generators, sealing
from authctl.core.work.unit import Work
from authctl.model import RandomBytes, User

COUNT = 6  # as Appwrite has it
LENGTH = 16  # characters of 31: 79 bits; NIST SP 800-63B-4 asks for rate limits below 64
GROUP = 4  # characters between dashes
PEPPER = "recovery_codes"  # its id


def new(random: RandomBytes) -> tuple[str, ...]:
    """A set of codes, as they are shown once."""
    return tuple(generators.new_readable(random, LENGTH, GROUP) for _ in range(COUNT))


def normalized(code: str) -> str:
    """A code as it was typed or read out: capitals, blanks and dashes are not part of it."""
    return "".join(code.split()).replace("-", "").lower()


def is_unguessable(code: str) -> bool:
    """Whether a code is as long as those made here: other systems have shorter ones."""
    return len(normalized(code)) >= LENGTH


def digest(pepper: bytes, user_id: str, code: str) -> bytes:
    """What is kept of a code, made here or taken in from another system."""
    return sealing.digest(pepper, "recovery-code", user_id, normalized(code).encode("utf-8", "replace"))


def pepper(work: Work) -> bytes:
    """The key of the digests, made where there is none yet; of many who make it at once, all have the first one's."""
    sealed = storage.sealed_keys.find(work.db, PEPPER)
    if sealed is None:
        nonce = work.random(sealing.NONCE_SIZE)
        made = sealing.seal(work.key, sealing.new_key(work.random), context=_CONTEXT, nonce=nonce)
        storage.sealed_keys.add(work.db, PEPPER, made, work.now)
        sealed = storage.sealed_keys.find(work.db, PEPPER)
        assert sealed is not None
    return sealing.unseal(work.key, sealed, context=_CONTEXT)


_CONTEXT = f"peppers/{PEPPER}"


def matching(work: Work, user: User, unused: Iterable[bytes], code: str) -> bytes | None:
    """Which of the user's unused digests a code is of. Compares every one.

    The codes of an account that was merged into this one are bound to the id that it had.
    """
    key, found = pepper(work), None
    for id in (user.id, *storage.user_names.list_merged(work.db, user.id)):
        wanted = digest(key, id, code)
        for kept in unused:
            if hmac.compare_digest(wanted, kept):
                found = kept
    return found
