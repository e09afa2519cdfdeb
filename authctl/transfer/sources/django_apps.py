"""What Django's apps say of users in tables of their own: django-otp's authenticators; allauth's authenticators,
addresses and accounts elsewhere.

https://django-otp-official.readthedocs.io/en/stable/overview.html, https://docs.allauth.org/en/latest/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from authctl.transfer.records import DROPPED, ImportedTotp, Linked, Note, Record, Skipped
from authctl.transfer.sources import text_files
from authctl.transfer.sources.field_reader import Fields
from authctl.transfer.sources.text_files import SourceRow

# Where these apps have second factors; those of other tables are not read here.
OF_FACTORS = ("otp_", "mfa.")
# Table → what of a user it has, as a loss is told.
READ = {
    "otp_totp.totpdevice": ("import_factor_lost", "mfa"),
    "mfa.authenticator": ("import_factor_lost", "mfa"),
    "account.emailaddress": (DROPPED, "email_verified"),
    "socialaccount.socialaccount": (DROPPED, "identities"),
}
AGAIN = "It stands behind the users; name the file once more behind itself to take it."


class Belonging(NamedTuple):
    """A row of such a table. file: which of the import's files it is in."""

    table: str
    fields: Mapping[str, Any]
    at: int
    file: int


def table_of(row: SourceRow) -> str | None:
    """Which of these tables a row is of, if any."""
    table = row.values.get("model")
    return table if isinstance(table, str) and table in READ else None


@dataclass
class Belongings:
    """The rows that are known before the users. found: by the user's key; known: tables and keys of all of them."""

    found: dict[str, list[Belonging]] = field(default_factory=dict)
    known: set[tuple[str, str]] = field(default_factory=set)

    def note(self, row: SourceRow, file: int) -> None:
        """Keep a row of these tables for its user; any other is passed over."""
        table, fields = table_of(row), row.values.get("fields")
        if table is not None and isinstance(fields, dict) and fields.get("user") is not None:
            self.known.add(_key(row))
            self.found.setdefault(_user(fields["user"]), []).append(Belonging(table, fields, row.at, file))

    def has(self, row: SourceRow) -> bool:
        return _key(row) in self.known

    def give(self, record: Record, values: Fields) -> None:
        """Give a user what is theirs."""
        for key in (record.id, f"\0{values.given.get('username')}"):
            for each in self.found.pop(key or "", ()):
                _GIVE[each.table](record, Fields(each.fields, values.notes), values)

    def left(self) -> Iterator[Skipped]:
        """Rows of users who are not in the file."""
        for rows in self.found.values():
            for each in rows:
                yield Skipped(each.at, None, [lost(each.table, "Its user is not in the file.")], each.file)


def lost(table: str, why: str) -> Note:
    type, name = READ[table]
    return Note(type, name, f"A row of {table} was left out. {why}")


def _key(row: SourceRow) -> tuple[str, str]:
    return str(row.values.get("model")), str(row.values.get("pk"))


def _user(key: Any) -> str:
    """The user's number, or with natural keys a list with the username."""
    return f"\0{key[0]}" if isinstance(key, list) and key else text_files.ref(key) or ""


def _give_otp(record: Record, device: Fields, user: Fields) -> None:
    """Its key is in hexadecimal; a device that was never confirmed is none."""
    if not device.truth("confirmed"):
        return
    try:
        secret = bytes.fromhex(device.text("key") or "")
    except ValueError:
        user.no_factor("The key of an authenticator of django-otp is not hexadecimal.")
        return
    digits, period = device.whole("digits") or 6, device.whole("step") or 30
    record.totp.append(ImportedTotp(secret, digits=digits, period=period))
    record.mfa = True


def _give_authenticator(record: Record, authenticator: Fields, user: Fields) -> None:
    """Its secret is in base32, unless the project encrypts it."""
    secret = authenticator.inside("data").text("secret")
    if authenticator.text("type") != "totp" or secret is None:
        user.no_factor(f"A factor of allauth, {authenticator.text('type')}, is not read here.")
        return
    record.totp += user.authenticators(secret, "mfa.authenticator")
    record.mfa = bool(record.totp) or record.mfa


def _give_address(record: Record, address: Fields, user: Fields) -> None:
    email, is_verified = address.text("email"), address.is_true("verified")
    if email is None:
        return
    if record.email is None and address.is_true("primary"):
        record.email = email
    if record.email is not None and email.lower() == record.email.lower():
        record.email_verified = is_verified
    else:
        user.left_out("addresses", email, "A user has one email here.")


def _give_account(record: Record, account: Fields, user: Fields) -> None:
    provider, uid = account.text("provider"), account.text("uid")
    if provider is None or uid is None:
        user.left_out("identities", provider or uid, "An identity needs provider and uid.")
    else:
        record.identities.append(Linked(provider, uid, None, account.moment("date_joined")))


_GIVE = {
    "otp_totp.totpdevice": _give_otp,
    "mfa.authenticator": _give_authenticator,
    "account.emailaddress": _give_address,
    "socialaccount.socialaccount": _give_account,
}
