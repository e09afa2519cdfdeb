"""What several targets ask of a stored hash, and the spellings that they share."""

from __future__ import annotations

from base64 import b64encode

from authctl.core.hashing import argon2, digests, pbkdf2
from authctl.core.hashing.base import DIGESTS


def base64(data: bytes) -> str:
    """Padded, in the standard alphabet."""
    return b64encode(data).decode()


def text_of(data: bytes) -> str | None:
    """A salt as the text that most systems keep it as; None where it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def is_bare(found: digests.Digest) -> bool:
    """Whether a digest is one round over the UTF-8 of the password alone."""
    return found.template == digests.ALONE and found.encoding == "utf8" and found.rounds == 1


def is_whole(found: pbkdf2.Pbkdf2) -> bool:
    """Whether a key is as long as its digest, which is the only length that many read."""
    return len(found.expected) == DIGESTS[found.digest][1]


def salt_position(found: digests.Digest) -> str | None:
    """Where the salt stands in a digest of one round, in the words of most systems: prefix or suffix."""
    return {digests.PREFIX: "prefix", digests.SUFFIX: "suffix"}.get(found.template) if found.rounds == 1 else None


def is_common_argon2(found: argon2.Argon2) -> bool:
    """Whether it is a variant that password libraries take: argon2i or argon2id of version 1.3."""
    return found.kind in ("i", "id") and found.version == 19
