"""What is stored of a secret that nobody can guess."""

from __future__ import annotations

from hashlib import sha256

# Being signed in


def digest(secret: str) -> bytes:
    """What is kept of a secret: 256 random bits need no slower hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
