"""Django's users: `dumpdata auth.user auth.group`, of a custom user model too, or the auth_user table as CSV.

An empty email is none, and any number of users may have it. Nothing says whether an email is verified. Users name
their groups by number: what the numbers mean is read from before the users, or from the files behind the first, which
may be the same file again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from authctl.transfer.records import Addresses, Item, Record, Refused, Secret
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, NotAUser, wants_labels

TYPICAL = ("model",)
GROUP = "auth.group"
FLAGS = {"is_superuser": "superuser", "is_staff": "staff"}

OPTIONS = {"groups": "labels: make labels of groups, which the file must name too; none: leave them (default)"}


class Django(Base):
    name = "django"
    addresses = Addresses.GIVEN
    options = OPTIONS
    joins = True
    in_json = ("model", "fields")
    in_csv = ("password", "is_active", "date_joined")

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(wants_labels(options, "groups"))
        for file in files[1:]:
            mapping.note_groups(file)
        is_json, file = text_files.peeked(files[0])
        if is_json:
            return self.items(json_files.rows(file, (), TYPICAL), mapping.record, start, _ref)
        return self.items(csv_files.Table(file).rows(), mapping.row, start, _ref)


SOURCE = Django()


def _ref(values: Any) -> str | None:
    if isinstance(values.get("fields"), dict):
        return text_files.first((values.get("pk"), values["fields"].get("username"), values["fields"].get("email")))
    return text_files.first((values.get("id"), values.get("username")))


@dataclass
class _Mapping:
    groups_wanted: bool
    groups: dict[str, str] = field(default_factory=dict)  # their key, as text → their name

    def note_groups(self, file: Any) -> None:
        is_json, file = text_files.peeked(file)
        if is_json:
            for row in json_files.rows(file, (), TYPICAL):
                if not isinstance(row, Refused) and row.values.get("model") == GROUP:
                    self._note_group(row.values)

    def _note_group(self, values: Mapping[str, Any]) -> None:
        name = fields.get("name") if isinstance(fields := values.get("fields"), dict) else None
        if isinstance(name, str):
            self.groups[str(values.get("pk"))] = name

    def record(self, values: Fields) -> Record:
        """An object of dumpdata; a user of any model is known by its password."""
        model = values.text("model") or ""
        inner = values.inside("fields")
        if model == GROUP:
            self._note_group(values.given)
        if "password" not in inner.given:
            ref = text_files.ref(f"{model} {_ref(values.given)}")
            raise NotAUser(f"A row of {text_files.ref(model)}, not a user.", ref)
        return self._user(inner, values.text("pk"))

    def row(self, values: Fields) -> Record:
        """A row of the table."""
        return self._user(values, values.text("id"))

    def _user(self, values: Fields, id: str | None) -> Record:
        active = values.truth("is_active")
        username, email = values.login(values.text("username"), values.text("email"))
        return Record(
            id=id,
            username=username,
            name=values.full_name("first_name", "last_name") or values.name("name", "full_name"),
            email=email,
            phone=values.first("phone", "phone_number"),
            blocked=None if active is None else not active,
            labels=self._labels(values),
            created_at=values.moment("date_joined"),
            last_sign_in_at=values.moment("last_login"),
            password=_secret(values),
        )

    def _labels(self, values: Fields) -> tuple[str, ...] | None:
        found = [label for flag, label in FLAGS.items() if values.truth(flag)]
        if not self.groups_wanted:
            return tuple(found) or None
        for key in values.items("groups"):
            # A natural key is a list with the name.
            name = key[0] if isinstance(key, list) and key else self.groups.get(str(key))
            if isinstance(name, str):
                found.append(name)
            else:
                values.drop(
                    "labels", "A group is not named before the user, and was left out; give the file once more."
                )
        return values.labels(found) or None


def _secret(values: Fields) -> Secret | None:
    text = values.text("password")
    if text is None:
        values.no_password("The password is empty: there is none.")
        return None
    return Secret(text, "django")
