"""LDIF (RFC 2849), as slapcat and `ldapsearch -LLL` write it: an entry of attributes, blank lines between entries.

A line that begins with a space goes on with the one before. `name:: text` is base64. What `name:< URL` points to is
never fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import Addresses, Item, Note, Record, Refused, Secret
from authctl.transfer.sources import text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import PLAIN, Fields, NotAUser, Wrong, wants_labels, wants_plain
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, unreadable

PERSONS = frozenset(
    ("person", "organizationalperson", "inetorgperson", "posixaccount", "shadowaccount", "account", "user")
)
NOT_PERSONS = frozenset(("computer", "groupofnames", "posixgroup", "organizationalunit"))
LOCKED_FOR_EVER = "000001010000Z"
NO_SHELLS = ("nologin", "false")
AD_DISABLED = 2  # userAccountControl: ACCOUNTDISABLE
CLEAR = ("{CLEARTEXT}", "{CLEAR}", "{PLAIN}")
GROUPS = {"groups": "labels: make labels of memberOf (default); none: leave it"}


class Ldif(Base):
    name = "ldif"
    addresses = Addresses.GIVEN
    options = GROUPS | PLAIN

    def recognises(self, head: bytes, name: str) -> bool:
        lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line and not line.startswith(b"#")]
        return any(line.lower().startswith((b"dn:", b"version: 1")) for line in lines[:1])

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        labels = wants_labels(options, "groups") or "groups" not in options
        mapping = _Mapping(labels, wants_plain(options))
        return self.items(_entries(files[0]), mapping.record, start, _ref)


SOURCE = Ldif()


# Entries


def _entries(file: Any) -> Iterator[SourceRow | Refused]:
    """Each entry as {attribute in lower case: values}."""
    text = text_files.opened(file, guess=False)
    form = Form("version: 1\n\n", "\n", "", text.encoding)
    found_one = False
    for at, lines in _blocks(text_files.lines(text)):
        raw = Verbatim("".join(lines).rstrip("\r\n") + "\n", form)
        values: dict[str, list[str]] = {}
        try:
            for line in _unfolded(lines):
                _read(line, values)
        except Wrong as wrong:
            note = Note("import_record_invalid", wrong.field, str(wrong))
            yield Refused(at, _ref(values), raw, [note])
            found_one = True
            continue
        if values.keys() <= {"version", "search", "result"}:
            continue
        if "dn" not in values and not found_one:
            raise unreadable("The file is not LDIF: its first entry does not begin with dn.")
        found_one = True
        yield SourceRow(at, values, raw)


def _blocks(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines between blank ones, and the number of the first that says something."""
    block: list[str] = []
    at = size = 0
    for number, line in enumerate(lines, 1):
        if line.strip("\r\n"):
            if not block or (at == 0 and not line.startswith("#")):
                at = number
            block.append(line)
            size += len(line)
        if block and (not line.strip("\r\n") or size > MAX_RECORD):
            yield at, block
            block, at, size = [], 0, 0
    if block:
        yield at, block


def _unfolded(lines: list[str]) -> Iterator[str]:
    whole: list[str] = []
    for line in lines:
        if line.startswith(" ") and whole:
            whole.append(line[1:].rstrip("\r\n"))
            continue
        if whole:
            yield "".join(whole)
        whole = [line.rstrip("\r\n")]
    if whole:
        yield "".join(whole)


def _read(line: str, values: dict[str, list[str]]) -> None:
    if line.startswith("#"):
        return
    name, colon, rest = line.partition(":")
    attribute = name.partition(";")[0].strip().lower()  # without language and such
    if not colon or not attribute:
        raise Wrong(None, "A line of the entry has no colon.")
    if rest.startswith("<"):
        return
    if rest.startswith(":"):
        try:
            rest = base64.b64decode(rest[1:].strip(), validate=True).decode("utf-8", "surrogateescape")
        except ValueError:
            raise Wrong(text_files.ref(attribute), f"The value of {text_files.ref(attribute)} is not base64.") from None
    else:
        rest = rest.lstrip(" ")
    values.setdefault(attribute, []).append(rest)


def _ref(values: Any) -> str | None:
    """The uid, else the first part of the name."""
    dn = next(iter(values.get("dn", ())), "")
    return text_files.first((*values.get("uid", ())[:1], *values.get("samaccountname", ())[:1], dn.partition(",")[0]))


# Persons


class _Mapping:
    def __init__(self, labels: bool, plain: bool) -> None:
        self._labels, self._plain = labels, plain

    def record(self, entry: Fields) -> Record:
        several: Mapping[str, list[str]] = entry.given
        values = entry.reshaped({name: found[0] for name, found in several.items()})
        if not _is_person(several):
            raise NotAUser("Not a person: an organisation, a group, a machine or the like.")
        if values.text("changetype") not in (None, "add"):
            raise Wrong("changetype", "The entry is a change to another one; only whole entries are taken in.")
        username, email = values.login(values.first("uid", "samaccountname"), values.text("mail"))
        record = Record(
            id=values.fitting_id("entryuuid", "uid", "samaccountname"),
            username=username,
            name=values.name("displayname", "cn") or values.full_name("givenname", "sn"),
            email=email,
            phone=values.free_phone("mobile", "telephonenumber"),
            blocked=_is_blocked(values) or None,
            labels=self._groups(several, values) if self._labels else None,
            metadata={"other_emails": others} if (others := several.get("mail", [])[1:]) else None,
            created_at=values.moment("createtimestamp", timestamps.generalized),
            updated_at=values.moment("modifytimestamp", timestamps.generalized),
            last_sign_in_at=values.moment("authtimestamp", timestamps.generalized),
            password_updated_at=values.moment("pwdchangedtime", timestamps.generalized),
            must_change=values.text("pwdreset") == "TRUE",
        )
        self._add_password(record, several.get("userpassword", []), values)
        return record

    def _groups(self, several: Mapping[str, list[str]], values: Fields) -> tuple[str, ...] | None:
        """The first part of each group's name: cn=admins,ou=groups is admins."""
        names = [dn.partition(",")[0].partition("=")[2] for dn in several.get("memberof", ())]
        return values.labels(names) or None

    def _add_password(self, record: Record, found: list[str], values: Fields) -> None:
        """The first of several. A mark of locking before a hash blocks the user, who keeps the password."""
        if len(found) > 1:
            values.no_password(f"There are {len(found)} passwords; the first was kept.")
        text = found[0] if found else ""
        scheme, brace, rest = text.partition("}")
        if brace and scheme.upper() == "{CRYPT" and rest.startswith("!$"):
            record.blocked = True
            text = f"{scheme}}}{rest.lstrip('!')}"
        if not text:
            return
        if text.startswith("{") and not text.upper().startswith(CLEAR):
            record.password = Secret(text, "ldap")
        elif self._plain:
            plain = text.partition("}")[2] if text.startswith("{") else text
            record.password = Secret(plain, is_plain=True)
        else:
            values.no_password("The password is plain text; --source-option plain_passwords=yes takes it.")


def _is_person(several: Mapping[str, list[str]]) -> bool:
    classes = {name.lower() for name in several.get("objectclass", ())}
    if classes & NOT_PERSONS:
        return False
    return bool(classes & PERSONS) or (not classes and "uid" in several)


def _is_blocked(values: Fields) -> bool:
    control = values.text("useraccountcontrol") or ""
    return (
        values.text("pwdaccountlockedtime") == LOCKED_FOR_EVER
        or (values.text("nsaccountlock") or "").lower() == "true"
        or (values.text("loginshell") or "").rpartition("/")[2] in NO_SHELLS
        or (control.isascii() and control.isdigit() and len(control) < 12 and bool(int(control) & AD_DISABLED))
    )
