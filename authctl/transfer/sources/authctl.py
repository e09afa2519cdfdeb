"""Our own export: one JSON object a user in the public shape, or the same as CSV, names joined with dots.

Hashes, authenticators and identities stand in the same object. What `locked_until` and `factors` say is derived here,
and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from authctl.transfer.records import TEXTS, ImportedTotp, Item, Linked, Member, Record, Secret
from authctl.transfer.sources import csv_files, json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import READERS, Fields, Reader, Wrong, base32
from authctl.transfer.sources.text_files import SourceRow

TYPICAL = ("email_verified", "phone_verified", "last_sign_in_at")
DERIVED = ("password.", "factors.", "pending.")  # how columns of a CSV begin that are read together, or not at all
# The form, as the manual has it.
SHAPE = {
    "id, username, name, email, phone": "text",
    "email_verified, phone_verified, mfa": "true or false",
    "status": "active or blocked",
    "labels": "a list of words",
    "prefs, metadata": "any JSON object",
    "blocked_until, created_at, updated_at, last_sign_in_at": "times in ISO 8601: 2024-03-01T10:00:00.000Z",
    "password": "{hash, must_change, updated_at}; any hash that names its algorithm",
    "totp": "authenticators: [{secret, name, algorithm, digits, period}], secrets in base32",
    "identities": "[{provider, provider_uid, email, email_verified, created_at}]",
    "factors, locked_until, pending, password.set": "export only: derived from the rest",
}
_GUARDED = re.compile(r"' *[=+\-@\t\r\n＝＋－＠]")
PASSWORD_CELLS = ("hash", "algorithm", "updated_at", "must_change")


class Authctl(Base):
    name = "authctl"
    in_json = in_csv = TYPICAL  # which no other system spells so in one record
    delimiter = ","
    refs = ("id", "username", "email", "phone")
    # What is derived here, and what a user has elsewhere too.
    ignored = frozenset(
        ("factors", "locked_until", "codes_locked_until", "pending", "password.set", "password.algorithm")
    )

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        is_json, file = text_files.peeked(files[0])
        if is_json:
            return self.items(json_files.rows(file, (), TYPICAL), _record, start)
        return self.table(csv_files.Table(file, delimiter=self.delimiter, exact=True), start)

    def table(self, table: csv_files.Table, start: int) -> Iterator[Item]:
        """The records of a CSV."""
        return self.items(_cells(table), _record, start)


SOURCE = Authctl()


def is_own(table: csv_files.Table) -> bool:
    """Whether a CSV is an export of ours, or a list of users."""
    names = set(table.names)
    return names.issuperset(TYPICAL) and not names.isdisjoint(("identities", "factors.totp"))


def _cells(table: csv_files.Table) -> Iterator[Any]:
    """The rows of a CSV in the shape of the JSON: of an export as they are, of a list as `_listed` has them."""
    is_list = "identities" not in table.names
    for row in table.rows():
        if isinstance(row, SourceRow):
            row = row._replace(values=_Cells(_listed(row.values) if is_list else row.values))
        yield row


def _listed(cells: Mapping[str, str]) -> dict[str, Any]:
    """The cells of a list, where labels have commas between, and what a spreadsheet would run an apostrophe before."""
    bare: dict[str, Any] = {name: cell[1:] if _GUARDED.match(cell) else cell for name, cell in cells.items()}
    labels = bare.get("labels", "[]")
    if not labels.startswith("["):
        bare["labels"] = labels.split(",") if labels else []
    return bare


class _Cells(dict[str, Any]):
    """Cells whose password is put together from its columns."""

    def get(self, name: str, default: Any = None) -> Any:
        if name == "password":
            return {part: super(_Cells, self).get(f"password.{part}") for part in PASSWORD_CELLS}
        return super().get(name, default)


def _name(values: Fields, name: str) -> str | None:
    """The one text that may be empty."""
    found = values.get(name)
    if found is None or isinstance(found, str):
        return found
    raise Wrong(name, f"Invalid {name}: use text.")


def _moment(values: Fields, name: str) -> datetime | None:
    return values.moment(name, timestamps.exact)


_READERS: dict[str, Reader] = {
    name: (plain, _moment if read is Fields.moment else read) for name, (plain, read) in READERS.items()
} | {"name": (str, _name)}
_FEW = ("totp", "memberships", "identities")


def _record(values: Fields) -> Record:
    """Every value as it is: the form is ours."""
    record = Record(
        **values.columns(_READERS),
        blocked=_is_blocked(values),
        labels=values.texts("labels") if values.get("labels") is not None else None,
        texts={name: values.text(name) for name in TEXTS},
    )
    if not values.given.keys().isdisjoint(_FEW):
        record.totp = [_totp(factor) for factor in values.objects("totp")]
        record.members = [_member(each) for each in values.objects("memberships")]
        record.identities = [_linked(identity) for identity in values.objects("identities")]
    _add_password(record, values)
    return record


def _is_blocked(values: Fields) -> bool | None:
    status = values.text("status")
    if status in (None, "active", "blocked"):
        return None if status is None else status == "blocked"
    raise Wrong("status", "Invalid status: use active or blocked.")


def _add_password(record: Record, values: Fields) -> None:
    password = values.inside("password")
    if isinstance(values.given, _Cells):
        values.ask(*(name for name in values.given if name.startswith(DERIVED)))
    password.ask("algorithm", "set")
    text = password.text("hash")
    record.must_change = bool(password.truth("must_change"))
    record.password_updated_at = _moment(password, "updated_at")
    if text is not None:
        # Taken in once under its own name, which its text alone would not be enough for.
        record.password = Secret(text, "bcrypt-2x" if text.startswith("$2x$") else None)
    elif password.text("algorithm") is not None:
        values.no_password("The user has a password, but the export was made without --with-hashes.")


def _totp(factor: Fields) -> ImportedTotp:
    secret = factor.text("secret")
    if secret is None:
        raise Wrong("totp", "An authenticator has no secret. Export it with --with-secrets.")
    return ImportedTotp(
        base32(secret, "totp"),
        name=factor.text("name") or "",
        algorithm=factor.text("algorithm") or "SHA1",
        digits=factor.whole("digits") or 6,
        period=factor.whole("period") or 30,
    )


def _linked(identity: Fields) -> Linked:
    provider, uid = identity.text("provider"), identity.text("provider_uid")
    if provider is None or uid is None:
        raise Wrong("identities", "An identity needs provider and provider_uid.")
    is_verified = identity.is_true("email_verified")
    return Linked(provider, uid, identity.text("email"), _moment(identity, "created_at"), is_verified)


def _member(membership: Fields) -> Member:
    team, name = membership.text("team_id"), membership.text("team_name")
    if team is None and name is None:
        raise Wrong("memberships", "A membership needs team_id or team_name.")
    return Member(team, name or "", membership.texts("roles"), _moment(membership, "joined_at"))
