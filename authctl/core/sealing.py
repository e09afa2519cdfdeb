"""The secret key: what it is known by. Secrets at rest are sealed with it."""

from __future__ import annotations

import hashlib
import hmac

KEY_SIZE = 32  # bytes


def fingerprint(key: bytes) -> str:
    """What a database remembers of its key: enough to tell a wrong one, nothing that helps to find it."""
    return hmac.digest(key, b"authctl key fingerprint v1", hashlib.sha256)[:8].hex()
