"""Password files of Apache and nginx: `user:hash` a line, and behind another colon a comment.

What is no hash is a password in plain text, or DES crypt; it is taken for plain text only where the operator says so.
A file of htdigest, `user:realm:MD5`, is another kind, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.core import hashing
from authctl.transfer.records import Addresses, Item, Note, Record, Refused, Secret, Skipped
from authctl.transfer.sources import text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import PLAIN, Fields, Wrong, wants_plain
from authctl.transfer.sources.text_files import Form, SourceRow, Verbatim

MARKS = ("$2a$", "$2b$", "$2x$", "$2y$", "$apr1$", "$1$", "$5$", "$6$", "$y$", "$argon2", "{SHA}", "{SSHA}")
OPTIONS = PLAIN
HTDIGEST = "The line is from htdigest (user:realm:MD5), not htpasswd."
_DIGEST = re.compile(r"[^:${]*:[0-9a-fA-F]{32}")
_LINE = re.compile(rb"[^:\s][^:\n]*:(?:\$(?:2[abxy]?|apr1|1|5|6)\$|\{SHA\}|[./0-9A-Za-z]{13}\s*$)", re.MULTILINE)


class Htpasswd(Base):
    name = "htpasswd"
    addresses = Addresses.GIVEN
    options = OPTIONS
    refs = ("user",)

    def recognises(self, head: bytes, name: str) -> bool:
        """By a line with a hash, where the first that is no comment is one with a name and a colon."""
        lines = (line for line in head.splitlines() if line.strip() and not line.startswith(b"#"))
        first = next(lines, b"")
        return _LINE.match(first) is not None or ("htpasswd" in name.lower() and b":" in first)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(wants_plain(options))
        return self.items(_lines(files[0]), mapping.record, start)


SOURCE = Htpasswd()


def _lines(file: Any) -> Iterator[SourceRow | Refused | Skipped]:
    text = text_files.opened(file)
    form = Form()
    for at, line in enumerate(text_files.lines(text), 1):
        bare = line.rstrip("\r\n")
        user, colon, hash = bare.partition(":")
        raw = Verbatim(line if line.endswith("\n") else line + "\n", form)
        if bare.startswith("#"):
            yield Skipped(at, None, [Note("import_not_a_user", None, "A comment.")])
        elif not colon and bare.strip():
            yield _refused(at, raw, "The line has no colon.")
        elif colon and not user.strip():
            yield _refused(at, raw, "The line has no user name.")
        elif _DIGEST.fullmatch(hash):
            yield _refused(at, raw, HTDIGEST)
        elif colon:
            yield SourceRow(at, {"user": user.strip(), "hash": hash.partition(":")[0]}, raw)


def _refused(at: int, raw: Verbatim, message: str) -> Refused:
    return Refused(at, None, raw, [Note("import_record_invalid", None, message)])


class _Mapping:
    def __init__(self, plain: bool) -> None:
        self._plain = plain

    def record(self, values: Fields) -> Record:
        name, text = values.get("user"), values.get("hash")
        if len(name) > text_files.MAX_RECORD // 2:
            raise Wrong("username", "The user name is too long.")
        username, email = values.login(name, None)
        return Record(username=username, email=email, password=self._secret(text, values))

    def _secret(self, text: str, values: Fields) -> Secret | None:
        bare = text.strip()
        scheme, _, plain = bare.partition("}")
        if f"{scheme}}}".upper() in text_files.CLEAR:
            return self._plain_secret(plain, values)
        why = hashing.not_plain(bare, des=True)
        if bare.startswith(MARKS) or (why is not None and bare.startswith(("$", "{"))):
            return Secret(bare)
        if not bare:
            values.no_password("The line has no password.")
        elif why is not None:
            values.no_password(why)
        else:
            return self._plain_secret(text, values)
        return None

    def _plain_secret(self, text: str, values: Fields) -> Secret | None:
        if self._plain:
            return Secret(text, is_plain=True)
        values.no_password("The password looks like plain text. To import it: --source-option plain_passwords=yes")
        return None
