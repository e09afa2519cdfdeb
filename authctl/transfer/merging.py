"""One user of two records: what the second adds to the first, where both have verified the same email.

The one who came first wins: nothing of theirs is changed, only what they lack is added. Two records of a batch become
one new user (`joined`); with a user who is there, the record becomes an update.
"""

from __future__ import annotations

import json

from authctl.core.accounts import uniting
from authctl.core.values import checks, json_objects
from authctl.errors import Invalid
from authctl.model import Status, User
from authctl.storage.bulk import user_of
from authctl.transfer.records import DROPPED, MERGED, TEXTS, Note
from authctl.transfer.validation import Checked

_TEXTS = ("username", "name", "phone", *TEXTS)


def is_one(first: User, second: User, *, is_same_id: bool) -> bool:
    """Whether two accounts are one person's: both have verified the same email.

    A block is nobody's to lift or to hand on: where only one is blocked, an operator decides.
    """
    is_proved = first.email_verified and second.email_verified and first.email == second.email is not None
    if is_same_id:
        return is_proved and not (second.status is Status.BLOCKED and first.status is not Status.BLOCKED)
    return is_proved and uniting.may_be_one(first, second)


def joined(first: Checked, second: Checked) -> Checked | Note:
    """Two records of a batch as one new user; a Note where that is more than a user may have."""
    try:
        user = uniting.united(user_of(first.row), user_of(second.row))
    except Invalid as error:
        return Note(error.type, error.field, error.message)
    takes_password = first.row.password_algorithm is None and second.row.password_algorithm is not None
    password = {name: value for name, value in second.row._asdict().items() if name.startswith("password_")}
    row = first.row._replace(
        **{name: getattr(user, name) for name in _TEXTS},
        username_key=first.row.username_key or second.row.username_key,
        username_self_service=user.username_self_service,
        phone_verified=user.phone_verified,
        phone_self_service=user.phone_self_service,
        labels=json.dumps(user.labels, separators=(",", ":")),
        prefs=json_objects.json_text(user.prefs, field="prefs"),
        metadata=json_objects.json_text(user.metadata, field="metadata"),
        mfa=user.mfa,
        totp=user.totp,
        recovery_code=user.recovery_code,
        last_sign_in_at=max(filter(None, (first.row.last_sign_in_at, second.row.last_sign_in_at)), default=None),
        **(password if takes_password else {}),
    )
    one, other = first.extra, second.extra
    extra = one._replace(
        identities=one.identities + other.identities,
        totp=one.totp or other.totp,
        recovery_codes=one.recovery_codes or other.recovery_codes,
        members=one.members + other.members,
        to_seal=other.to_seal if takes_password else one.to_seal,
    )
    strength = second.strength if takes_password else first.strength
    return first._replace(row=row, words=None, extra=extra, strength=strength)


def notes_of(item: Checked, into: User) -> tuple[Note, ...]:
    """What is said of a record that was merged: into whom, and what that user has another value of."""
    email = checks.shown(item.row.email or "")
    notes = [Note(MERGED, "email", f"Merged into user {into.id}, who verified {email} too.")]
    for field in ("username", "phone"):
        given, kept = getattr(item.row, field), getattr(into, field)
        if given is not None and kept not in (None, given):
            message = f"Left out {checks.shown(given)}: user {into.id} has {checks.shown(kept)}."
            notes.append(Note(DROPPED, field, message, given))
    return tuple(notes)
