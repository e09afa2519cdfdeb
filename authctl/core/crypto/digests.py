"""What is stored of a secret that nobody can guess, and of a name that is not kept."""

from __future__ import annotations

from hashlib import sha256


def digest(secret: str) -> bytes:
    """What is kept of a secret: 256 random bits need no slower hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def name(text: str) -> str:
    """What stands for a name or an address where it is not kept itself."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
