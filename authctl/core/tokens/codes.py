"""Codes and secrets of tokens: how each is made, what is kept of it, and how one that was typed in is compared.

A secret of 128 bits or more is kept as its SHA-256, and cannot be guessed. Anything shorter is a code: attempts at it
are counted, it lives ten minutes at most, and what is kept of it is a digest with the directory's key, bound to its
user, kind and row. So the database alone is of no help to whoever would try all million codes.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import timedelta

from authctl.core.crypto import digests, generators, sealing
from authctl.core.tokens.kinds import SecretForm
from authctl.core.work.unit import Work
from authctl.model import Token, TokenKind, User

SECRET_LENGTH = 64  # hexadecimal digits: 256 bits
SHORTEST_SECRET = 32  # hexadecimal digits: 128 bits, from which on nobody guesses
LONGEST_LIFE = timedelta(minutes=10)  # of codes; OWASP ASVS 5.0 6.5.5


def new_secret(work: Work, form: SecretForm) -> str:
    """What a person is sent: digits for codes, else 64 hexadecimal digits."""
    if form is SecretForm.CODE:
        return new_code(work)
    return generators.new_hex(work.random, SECRET_LENGTH)


def new_code(work: Work) -> str:
    """Digits, as many as the policy otp-length says."""
    return generators.new_code(work.random, work.policy["otp-length"])


def digest(work: Work, user_id: str, kind: TokenKind, token_id: str, secret: str, *, is_code: bool) -> bytes:
    """What is kept of a secret."""
    if not is_code:
        return digests.digest(secret)
    return sealing.digest(work.key, "code-digest", user_id, str(kind), token_id, secret.encode("utf-8", "replace"))


def matching(work: Work, user: User | None, tokens: Iterable[Token], secret: str) -> Token | None:
    """The token that a secret is of. Every one is compared, in constant time."""
    found = None
    for token in tokens:
        user_id = user.id if user is not None else ""
        wanted = digest(work, user_id, token.kind, token.id, secret, is_code=token.is_code)
        if token.digest is not None and hmac.compare_digest(wanted, token.digest):
            found = token
    return found
