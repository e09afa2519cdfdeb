"""The ways into an account that its owner can use: self-service leaves one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl import storage
from authctl.errors import Conflict
from authctl.model import Identity, User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work


def check_left(work: Work, before: User, after: User, *, without: Identity | None = None) -> None:
    """Refuse a person a change that takes away the last way in. Raises Conflict (user_last_way_in)."""
    if work.person is None or not _has_one(work, before) or _has_one(work, after, without):
        return
    message = "This is the only way you can sign in."
    ways = ["verify another address", "link another account"] + ([] if before.password else ["set a password"])
    hint = f"First {', '.join(ways[:-1])} or {ways[-1]}."
    raise Conflict("user_last_way_in", message, field="user", hint=hint)


def _has_one(work: Work, user: User, without: Identity | None = None) -> bool:
    """Whether there is a verified address, a password with a name to it, or an identity."""
    has_name = user.email or user.phone or user.username
    if user.email_verified or user.phone_verified or (user.password is not None and has_name):
        return True
    return any(identity != without for identity in storage.identities.list_page(work.db, user.seq, 0, 2))
