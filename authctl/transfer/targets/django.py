"""Django's auth.user as a fixture for `manage.py loaddata`, with the groups that users are in.

Django numbers its users. Where the oldest user's id is a number, as it is when users came from Django, such ids stay
and the others get numbers far above; else Django gives them all new ones, and finds those it has by their username.
Passwords of the hashers that its settings do not name by default sign in only where PASSWORD_HASHERS names them.
"""

from __future__ import annotations

import re
from typing import ClassVar

from authctl.core.hashing import argon2, bcrypt, digests, pbkdf2, scrypt
from authctl.core.hashing.base import StoredHash
from authctl.model import Json, User, instant
from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

FLAGS = {"superuser": "is_superuser", "staff": "is_staff"}  # labels that are columns there
UNUSABLE = "!"  # what no password matches
MAX_USERNAME, MAX_EMAIL, MAX_HASH = 150, 254, 128  # characters; the widths of its columns
SCRYPT_SIZE = 64  # bytes, whatever the hash says
MAX_SCRYPT_MEMORY = 32 << 20  # bytes; Django leaves OpenSSL its own limit

_USERNAME = re.compile(r"[\w.@+-]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_ABOVE = 1_000_000_000  # what numbers for other ids begin behind; the column ends at 2,147,483,647


class Django(Target):
    file = "a Django fixture"
    system = "Django"
    holds = parts("id username name email status labels created_at last_sign_in_at")
    reasons: ClassVar = {
        "id": "Django gives users new numbers as ids",
        "email": f"Django limits emails to {MAX_EMAIL} characters",
    }
    frame = ("[\n", "\n]\n")
    between = ",\n"
    _keeps_numbers: bool | None = None
    _others = 0

    def __init__(self, *given: object, **more: bool) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self._groups: set[str] = set()

    def record(self, leaving: Leaving, lose: Lose) -> str | None:
        user, username = leaving.user, leaving.login or leaving.user.id
        if not _USERNAME.fullmatch(username) or len(username) > MAX_USERNAME:
            lose("user:name")
            return None
        if user.email and len(user.email) > MAX_EMAIL:
            lose("email")
        first, last = _names(user)
        groups = [label for label in user.labels if label not in FLAGS]
        fields: Json = {
            "password": self.password(leaving, lose) or UNUSABLE,
            "last_login": instant(user.last_sign_in_at),
            **{flag: label in user.labels for label, flag in FLAGS.items()},
            "username": username,
            "first_name": first,
            "last_name": last,
            "email": user.email if user.email and len(user.email) <= MAX_EMAIL else "",
            "is_active": not leaving.is_blocked,
            "date_joined": instant(user.created_at),
            "groups": [[label] for label in groups],
            "user_permissions": [],
        }
        account = {"model": "auth.user", "pk": self._number(user.id, lose), "fields": fields}
        return self.between.join(encode_json(each) for each in (*self._new_groups(groups), account))

    def _number(self, id: str, lose: Lose) -> int | None:
        is_number = _NUMBER.fullmatch(id) is not None
        if self._keeps_numbers is None:
            self._keeps_numbers = is_number
        if self._keeps_numbers and is_number:
            return int(id)
        lose("id")
        if not self._keeps_numbers:
            return None
        self._others += 1
        return _ABOVE + self._others

    def _new_groups(self, labels: list[str]) -> list[Json]:
        """The groups that no user before was in: named, not numbered, so that one that is there already is taken."""
        new = [label for label in labels if label not in self._groups]
        self._groups.update(new)
        return [{"model": "auth.group", "fields": {"name": label, "permissions": []}} for label in new]

    def spell(self, found: StoredHash) -> str | None:
        spelled = _spell(found)
        return spelled if spelled is not None and len(spelled) <= MAX_HASH else None


def _spell(found: StoredHash) -> str | None:
    match found:
        case pbkdf2.Pbkdf2(digest="sha1" | "sha256") if hashes.is_whole(found):
            return _salted(f"pbkdf2_{found.digest}${found.iterations}", found.salt, hashes.base64(found.expected))
        case argon2.Argon2():
            return f"argon2{found}"
        case bcrypt.Bcrypt(digest=bcrypt.DJANGO):
            return f"bcrypt_sha256${str(found).removeprefix(f'$authctl${bcrypt.DJANGO}')}"
        case bcrypt.Bcrypt(digest=""):
            return f"bcrypt${found}"
        case scrypt.Scrypt() if len(found.expected) == SCRYPT_SIZE and _memory(found) <= MAX_SCRYPT_MEMORY:
            costs = f"{found.block}${found.parallel}"
            return _salted(f"scrypt${found.n}", found.salt, f"{costs}${hashes.base64(found.expected)}")
        case digests.Digest(digest="md5", template=digests.PREFIX, encoding="utf8", rounds=1):
            return _salted("md5", found.salt, found.expected.hex())
    return None


def _memory(found: scrypt.Scrypt) -> int:
    """What OpenSSL counts."""
    return 128 * found.block * (found.n + found.parallel + 2)


def _salted(before: str, salt: bytes, after: str) -> str | None:
    """The parts with the salt as text between them; None where it cannot stand there."""
    text = hashes.text_of(salt)
    return f"{before}${text}${after}" if text and "$" not in text else None


def _names(user: User) -> tuple[str, str]:
    """First and last name; the last word is taken for the last name, since joined again they are the same."""
    first, _, last = user.name.rpartition(" ")
    return (first, last) if first else (last, "")


TARGET = Django
