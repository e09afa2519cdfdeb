"""Values of a record that another user has: left out, where the record has another name to be found by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from authctl.core.values import checks, json_objects
from authctl.errors import Invalid
from authctl.transfer.records import DROPPED, NO_WAY_IN, Note
from authctl.transfer.validation import KEPT, Checked

NO_VALUE = {
    "phone": {"phone": None, "phone_verified": False, "phone_self_service": False},
    "username": {"username": None, "username_key": None, "username_self_service": False},
}


class Taken(NamedTuple):
    """A value that somebody has.

    key: of an identity, the provider and the uid; else the value. holder: whose it is, in words.
    """

    field: str
    key: object
    shown: str
    holder: str


def without(item: Checked, taken: Iterable[Taken]) -> Checked:
    """The record without what others have, and a note of each; as it was, where nothing would be left to name it."""
    gone = {(each.field, each.key): each for each in taken}
    if not gone:
        return item
    fields = {field for field, _ in gone}
    row = item.row._replace(**{name: value for field in fields for name, value in NO_VALUE.get(field, {}).items()})
    identities = tuple(
        each for each in item.extra.identities if ("identities", (each.provider, each.provider_uid)) not in gone
    )
    if not (item.has_id or row.email or row.phone or row.username or identities):
        return item
    notes = tuple(Note(DROPPED, each.field, _why(each), each.shown) for each in gone.values())
    if row.password_algorithm and not (row.email or row.phone or row.username):
        notes += (Note(NO_WAY_IN, None, "The password has no email, phone or username to sign in with."),)
    row = row._replace(metadata=_with_kept(row.metadata, gone.values()))
    extra = item.extra._replace(identities=identities) if "identities" in fields else item.extra
    return item._replace(row=row, words=None, extra=extra, notes=notes + item.notes)


def _why(taken: Taken) -> str:
    return f"{checks.shown(taken.shown)} belongs to {taken.holder}. It was left out."


def _with_kept(metadata: str, gone: Iterable[Taken]) -> str:
    """Metadata with these values; as it is, where they do not fit in."""
    given = json.loads(metadata)
    kept = given.setdefault(KEPT, {})
    if not isinstance(kept, dict):
        return metadata
    for each in gone:
        found = kept.get(each.field)
        several = found if isinstance(found, list) else [] if found is None else [found]
        kept[each.field] = [*several, each.shown] if several else each.shown
    try:
        return json_objects.json_text(given, field="metadata")
    except Invalid:
        return metadata
