"""WordPress' users: what `wp user list` and `wp user get` of wp-cli write as CSV or JSON, or wp_users as CSV.

Passwords come along where the fields ask for them: --fields=ID,user_login,user_pass,user_email
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from authctl.transfer.records import Item, Record, Secret
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import ROLES, Fields, NotAUser, wants_labels
from authctl.transfer.sources.text_files import SourceRow

METADATA = ("user_nicename", "user_url", "nickname", "first_name", "last_name", "description")
ONE_USER = frozenset(("Field", "Value"))  # the columns of `wp user get --format=csv`
_ROLE = re.compile(r"[,|\s]+")
_MD5 = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)  # of versions before 2.5, and of passwords set by SQL


class WordPress(Base):
    name = "wordpress"
    options = ROLES
    refs = ("ID", "user_login", "user_email")
    always = ("user_login",)
    ignored = frozenset(
        ("user_activation_key", "user_status", "session_tokens", "cap_key", "caps", "allcaps", "filter")
    )
    takes: Mapping[str, str] = {"roles": "--source-option roles=labels"}

    def recognises(self, head: bytes, name: str) -> bool:
        if b"user_login" not in head:
            return False
        header = csv_files.header_of(head)
        return text_files.is_json(head) or "user_login" in header or header == ONE_USER

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        record = partial(_record, labels=wants_labels(options))
        is_json, file = text_files.peeked(files[0])
        if is_json:
            return self.items(json_files.rows(file, (), self.always), record, start)
        table = csv_files.Table(file, known=("user_login", "Field"))
        rows = table.rows()
        return self.items(_one(rows) if set(table.names) == ONE_USER else rows, record, start)


SOURCE = WordPress()


def _one(rows: Iterator[Any]) -> Iterator[Any]:
    """The one user whose fields are rows."""
    found = [row for row in rows if isinstance(row, SourceRow)]
    if found:
        yield found[0]._replace(values={row.values["Field"]: row.values["Value"] for row in found})


def _record(values: Fields, *, labels: bool) -> Record:
    if values.truth("deleted"):
        raise NotAUser("The user is deleted from the network of sites.")
    spam = values.truth("spam")
    username, email = values.login(values.text("user_login"), values.text("user_email"))
    return Record(
        id=values.text("ID"),
        username=username,
        name=values.name("display_name") or values.full_name("first_name", "last_name"),
        email=email,
        blocked=spam,
        labels=values.labels(_roles(values)) or None if labels else None,
        metadata={name: text for name in METADATA if (text := values.text(name))} or None,
        texts={"locale": values.text("locale")},
        created_at=values.moment("user_registered"),
        password=_secret(values.text("user_pass")),
    )


def _roles(values: Fields) -> list[str]:
    """Several in a text, or a list."""
    if isinstance(values.given.get("roles"), list):
        return list(values.texts("roles"))
    return [role for role in _ROLE.split(values.text("roles") or "") if role]


def _secret(text: str | None) -> Secret | None:
    if text is None:
        return None
    return Secret(text, "md5" if _MD5.fullmatch(text) else None)
