"""LDIF (RFC 2849), as slapcat and `ldapsearch -LLL` write it: an entry of attributes, blank lines between entries.

A line that begins with a space goes on with the one before. `name:: text` is base64. What `name:< URL` points to is
never fetched. FreeIPA's, 389-DS' and Active Directory's (ldifde) attributes are known beside those of the standards.

Who is in a group is said by memberOf, or by the groups' own entries, which may stand behind those of the people: where
they are asked for, the file is read twice.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer.records import Addresses, Item, Member, Note, Record, Refused, Secret
from authctl.transfer.sources import text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import PLAIN, Fields, NotAUser, Wrong, wants_plain
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, unreadable

PERSONS = frozenset(
    ("person", "organizationalperson", "inetorgperson", "posixaccount", "shadowaccount", "account", "user")
)
GROUPS = frozenset(("groupofnames", "groupofuniquenames", "posixgroup", "group", "ipausergroup"))
MANAGED = ("msds-managedserviceaccount", "msds-groupmanagedserviceaccount", "msds-delegatedmanagedserviceaccount")
NOT_PERSONS = frozenset(("computer", "contact", "organization", "organizationalunit", "ipahost", *MANAGED, *GROUPS))
MEMBERS = ("member", "uniquemember", "memberuid")
LOCKED_FOR_EVER = "000001010000Z"
NO_SHELLS = ("nologin", "false")
AD_DISABLED = 2  # userAccountControl: ACCOUNTDISABLE
AD_MACHINES = 0x3800  # accounts of trusts between domains, workstations and servers
AD_SERVICE = "krbtgt"  # whose key is that of the whole realm; an account whose name ends in $ is a machine's
GUID_SIZE = 16  # bytes
A_LINE = 60  # characters; what a line costs in memory beside its own
AD_NEVER = ("0", "9223372036854775807")
NT_HASHES = ("sambantpassword", "ipanthash")
# What a directory keeps for machines, or for itself; keys and hashes of other services among it.
IGNORED = frozenset((
    "dn", "changetype", "objectclass", "objectcategory", "structuralobjectclass", "distinguishedname", "cn",
    "sn", "givenname", "name", "displayname", "entrydn", "entrycsn", "creatorsname", "modifiersname",
    "subschemasubentry", "hassubordinates", "contextcsn", "parentid", "entryid", "nsuniqueid", "uidnumber",
    "gidnumber", "homedirectory", "gecos", "loginshell", "shadowlastchange", "shadowmin", "shadowmax",
    "shadowwarning", "instancetype", "usncreated", "usnchanged", "samaccounttype", "objectsid", "primarygroupid",
    "badpwdcount", "badpasswordtime", "logoncount", "codepage", "countrycode", "lastlogoff", "lastlogon",
    "lockouttime", "dscorepropagationdata", "admincount", "msds-supportedencryptiontypes", "unicodepwd",
    "ntpwdhistory", "lmpwdhistory", "dbcspwd", "supplementalcredentials", "krbprincipalkey", "krbprincipalname",
    "krbextradata", "krbcanonicalname", "krblastpwdchange", "krbloginfailedcount", "krblastadminunlock",
    "ipasshpubkey", "mepmanagedentry", "sambalmpassword", "sambasid", "pwdhistory", "pwdfailuretime",
    "passwordhistory",
))  # fmt: skip
OPTIONS = {"groups": "labels or teams: import groups as these; none: ignore them (default: labels of memberOf)"}
HINT = "A group. To import its members: --source-option groups=labels or groups=teams"


class Ldif(Base):
    name = "ldif"
    addresses = Addresses.GIVEN
    options = OPTIONS | PLAIN
    ignored = IGNORED

    def recognises(self, head: bytes, name: str) -> bool:
        lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line and not line.startswith(b"#")]
        return any(line.lower().startswith((b"dn:", b"version: 1")) for line in lines[:1])

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        wish = options.get("groups")
        if wish not in (None, "labels", "teams", "none"):
            raise Invalid(
                "general_argument_invalid", "Invalid --source-option groups: use labels, teams or none.", field="groups"
            )
        groups = _groups_of(files[0]) if wish in ("labels", "teams") else {}
        mapping = _Mapping(wish or "labels", groups, wants_plain(options))
        return self.items(_entries(files[0]), mapping.record, start, _ref)


SOURCE = Ldif()


# Entries


def _entries(file: Any) -> Iterator[SourceRow | Refused]:
    """Each entry as {attribute in lower case: values}."""
    text = text_files.opened(file)
    form = Form("version: 1\n\n", "\n")
    found_one = False
    for at, lines in _blocks(text_files.lines(text)):
        raw = Verbatim("".join(lines).rstrip("\r\n") + "\n", form)
        values: dict[str, list[str]] = {}
        try:
            for line in _unfolded(lines):
                _read(line, values)
            _fold_languages(values)
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
            size += len(line) + A_LINE
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
    attribute = name.strip().lower()
    if not colon or not attribute:
        raise Wrong(None, "A line of the entry has no colon.")
    if rest.startswith("<"):
        return
    if rest.startswith(":"):
        encoded = rest[1:].strip()
        try:
            data = base64.b64decode(encoded, validate=True)
            rest = encoded if _is_binary(attribute, data) else data.decode("utf-8", "surrogateescape")
        except ValueError:
            raise Wrong(text_files.ref(attribute), f"The value of {text_files.ref(attribute)} is not base64.") from None
    else:
        rest = rest.lstrip(" ")
    values.setdefault(attribute, []).append(rest)


def _is_binary(attribute: str, data: bytes) -> bool:
    """Whether a value is no text, such as a picture: it stays base64."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return attribute == "objectguid" or attribute.endswith(("photo", ";binary", "sid", "certificate", "blob"))
    return attribute == "objectguid"


def _fold_languages(values: dict[str, list[str]]) -> None:
    """Read `cn;lang-ja` as cn where there is no other."""
    for name in [name for name in values if ";" in name]:
        if (plain := name.partition(";")[0]) not in values:
            values[plain] = values.pop(name)


def _ref(values: Any) -> str | None:
    """The uid, else the first part of the name."""
    names = (*values.get("uid", ())[:1], *values.get("samaccountname", ())[:1])
    return text_files.first((*names, _parts(next(iter(values.get("dn", ())), ""))[0]))


_COMMA = re.compile(r"(?<!\\)(?:\\\\)*+,")
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})++)|\\(.)")


def _parts(dn: str) -> list[str]:
    """The parts of a name in a directory (RFC 4514), each `attribute=value`, as people read them."""
    return [_ESCAPED.sub(_unescaped, part.strip()) for part in _COMMA.split(dn)]


def _unescaped(match: re.Match[str]) -> str:
    if match.group(1) is None:
        return match.group(2)
    return bytes.fromhex(match.group(1).replace("\\", "")).decode("utf-8", "replace")


def _groups_of(file: Any) -> dict[str, list[str]]:
    """By the name of a member in the directory, or its uid: the groups whose entries name it."""
    if not file.seekable():
        raise unreadable(
            "Groups may follow their members, so the file must be read twice.",
            "Name an uncompressed file, or leave out groups=…",
        )
    found: dict[str, list[str]] = {}
    for row in _entries(file):
        if isinstance(row, SourceRow) and _classes(row.values) & GROUPS:
            name = (row.values.get("cn") or [_parts(row.values["dn"][0])[0].partition("=")[2]])[0]
            for member in (each for attribute in MEMBERS for each in row.values.get(attribute, ())):
                found.setdefault(_key(member), []).append(name)
    file.seek(0)
    return found


def _key(dn: str) -> str:
    return ",".join(part.lower() for part in _parts(dn))


# Persons


class _Mapping:
    """groups: what is made of them; entries: by member, those whose own entries name it."""

    def __init__(self, groups: str, entries: Mapping[str, list[str]], plain: bool) -> None:
        self._groups, self._entries, self._plain = groups, entries, plain

    def record(self, entry: Fields) -> Record:
        several: Mapping[str, list[str]] = entry.given
        values = entry.reshaped({name: found[0] for name, found in several.items()})
        _check_person(several, asked=bool(self._entries))
        if values.text("changetype") not in (None, "add"):
            raise Wrong("changetype", "The entry changes another one. Only whole entries are imported.")
        emails = list(dict.fromkeys([*several.get("mail", []), *_proxies(values, several)]))
        principal = values.text("userprincipalname")
        login = values.first("uid", "samaccountname")
        username, email = values.login(login, emails[0] if emails else None if login else principal)
        groups = self._names(several, values)
        record = Record(
            id=_id(values),
            username=username,
            name=values.name("displayname", "cn", "name") or values.full_name("givenname", "sn"),
            email=email,
            phone=values.first("mobile", "telephonenumber"),
            blocked=_is_blocked(values) or None,
            labels=values.labels(groups) or None if self._groups == "labels" else None,
            texts={"locale": _language(values)},
            metadata=_metadata(several, values, emails[1:]),
            created_at=values.moment("createtimestamp", timestamps.generalized)
            or values.moment("whencreated", timestamps.generalized),
            updated_at=values.moment("modifytimestamp", timestamps.generalized)
            or values.moment("whenchanged", timestamps.generalized),
            last_sign_in_at=values.moment("authtimestamp", timestamps.generalized)
            or _filetime(values, "lastlogontimestamp"),
            password_updated_at=values.moment("pwdchangedtime", timestamps.generalized)
            or _filetime(values, "pwdlastset"),
            must_change=values.text("pwdreset") == "TRUE",
            members=[Member(None, name) for name in groups] if self._groups == "teams" else [],
        )
        self._add_password(record, several.get("userpassword", []), values)
        return record

    def _names(self, several: Mapping[str, list[str]], values: Fields) -> list[str]:
        """The groups that somebody is in: the first part of each name, cn=admins,ou=groups is admins."""
        values.ask("memberof")
        named = [_parts(dn)[0].partition("=") for dn in several.get("memberof", ())]
        found = [name for attribute, _, name in named if attribute.lower() in ("cn", "ou", "uid")]
        for key in (_key(several.get("dn", [""])[0]), *(uid.lower() for uid in several.get("uid", ()))):
            found += self._entries.get(key, [])
        return [] if self._groups == "none" else list(dict.fromkeys(found))

    def _add_password(self, record: Record, found: list[str], values: Fields) -> None:
        """The first of several."""
        values.ask("userpassword", *NT_HASHES)
        if len(found) > 1:
            values.no_password(f"The user has {len(found)} passwords. The first was kept.")
        text = found[0] if found else ""
        if not text:
            if any(values.get(name) for name in NT_HASHES):
                values.no_password(
                    "The only password is an NT hash, which cannot be checked here. The user needs a reset."
                )
        elif text.startswith("{") and not text.upper().startswith(text_files.CLEAR):
            record.password = Secret(text, "ldap")
        elif text.startswith("{"):
            self._add_plain(record, text.partition("}")[2], values)
        elif (why := hashing.not_plain(text)) is not None:
            values.no_password(why)
        else:
            self._add_plain(record, text, values)

    def _add_plain(self, record: Record, text: str, values: Fields) -> None:
        if self._plain:
            record.password = Secret(text, is_plain=True)
        else:
            values.no_password("The password is plain text. To import it: --source-option plain_passwords=yes")


def _classes(several: Mapping[str, list[str]]) -> set[str]:
    return {name.lower() for name in several.get("objectclass", ())}


def _check_person(several: Mapping[str, list[str]], *, asked: bool) -> None:
    """Raises NotAUser for machines, groups, and accounts of services. asked: groups are taken for their members."""
    classes = _classes(several)
    account = next(iter(several.get("samaccountname", ())), "").lower()
    if classes & GROUPS:
        raise NotAUser("A group." if asked else HINT)
    if classes & NOT_PERSONS or not (classes & PERSONS or (not classes and "uid" in several)):
        raise NotAUser("Not a person but an organisation, a machine, a contact or the like.")
    control = _control(next(iter(several.get("useraccountcontrol", ())), ""))
    if account == AD_SERVICE or account.endswith("$") or control & AD_MACHINES:
        raise NotAUser("Not a person but the account of a machine or service.")


def _id(values: Fields) -> str | None:
    """The directory's own id, which no renaming changes, else the name."""
    values.ask("nsuniqueid", "objectguid")
    if (guid := values.text("objectguid")) is not None:
        try:
            data = base64.b64decode(guid, validate=True)
        except ValueError:
            data = b""
        return _guid(data) if len(data) == GUID_SIZE else values.fitting_id("objectguid")
    unique = ("entryuuid", *(("ipauniqueid",) if values.text("ipauniqueid") != "autogenerate" else ()))
    return values.fitting_id(*unique, "nsuniqueid", "uid", "samaccountname")


def _guid(data: bytes) -> str:
    """As Windows writes it: the first three parts with their lowest byte first."""
    parts = (data[3::-1], data[5:3:-1], data[7:5:-1], data[8:10], data[10:])
    return "-".join(part.hex() for part in parts)


def _proxies(values: Fields, several: Mapping[str, list[str]]) -> Iterator[str]:
    """Exchange's addresses, the primary one, which says SMTP in capitals, first."""
    values.ask("proxyaddresses", "mail")
    found = several.get("proxyaddresses", [])
    for scheme in ("SMTP:", "smtp:"):
        yield from (each.removeprefix(scheme) for each in found if each.startswith(scheme))


def _metadata(several: Mapping[str, list[str]], values: Fields, emails: Iterable[str]) -> dict[str, Any] | None:
    """What else is said of a person and has no field here."""
    found: dict[str, Any] = {"other_emails": list(emails), "other_uids": several.get("uid", [])[1:]}
    found["user_principal_name"] = values.text("userprincipalname")
    return {name: value for name, value in found.items() if value} or None


def _language(values: Fields) -> str | None:
    """The first of a list as browsers send it, `de-AT, en;q=0.5` (RFC 2798 §2.7)."""
    return re.split("[,;]", values.text("preferredlanguage") or "")[0] or None


def _filetime(values: Fields, name: str) -> Any:
    """A time of Active Directory; 0 and the greatest number are none."""
    return None if values.text(name) in AD_NEVER else values.moment(name, timestamps.filetime)


def _control(text: str) -> int:
    """The flags of userAccountControl."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _is_blocked(values: Fields) -> bool:
    shell = values.text("loginshell") or ""
    if shell.rpartition("/")[2] in NO_SHELLS:
        values.left_out("loginshell", shell, "It stops shell logins only.")
    locked = values.text("pwdaccountlockedtime")
    if locked not in (None, LOCKED_FOR_EVER):
        values.left_out("pwdaccountlockedtime", locked, "The directory's policy decides when the lock ends.")
    if values.text("accountexpires") not in (None, *AD_NEVER):
        values.left_out(
            "accountexpires", values.text("accountexpires"), "Accounts do not expire here. Block users who have left."
        )
    return (
        locked == LOCKED_FOR_EVER
        or (values.text("nsaccountlock") or "").lower() == "true"
        or bool(_control(values.text("useraccountcontrol") or "") & AD_DISABLED)
    )
