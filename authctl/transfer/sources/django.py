"""Django's users: `dumpdata` as JSON, JSON Lines or XML, or the table of users as CSV or JSON.

The model of users may be the project's own, and the dump of everything else too. An empty email is none, and any number
of users may have it. Nothing says whether an email is verified. Users name their groups by number, or by natural key:
what the numbers mean is read from before the users, or from the files behind the first, which may be the same again. So
is what apps have of users in tables of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import DROPPED, Addresses, Item, Member, Note, Record, Refused, Secret, Skipped
from authctl.transfer.sources import csv_files, django_apps, django_xml, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, Wrong
from authctl.transfer.sources.text_files import SourceRow

TYPICAL = ("model", "password")
GROUP = "auth.group"
FLAGS = {"is_superuser": "superuser", "is_staff": "staff"}
# Of which a model of users has one beside its password; other models may have passwords too.
OF_USERS = frozenset(("last_login", "is_active", "is_superuser", "date_joined"))

OPTIONS = {"groups": "labels or teams: import groups as these, if the file names them; none: ignore them (default)"}


class Django(Base):
    name = "django"
    addresses = Addresses.GIVEN
    options = OPTIONS
    takes: Mapping[str, str] = {"groups": "--source-option groups=labels"}
    joins = True
    refs = ("pk", "id")
    in_json = ("model", "fields")
    in_csv = ("password", "is_active", "date_joined")

    def recognises(self, head: bytes, name: str) -> bool:
        beginning = _beginning(head)
        if beginning.startswith("<"):
            return "<django-objects" in beginning
        return (beginning.startswith("- ") and _is_yaml(beginning)) or super().recognises(head, name)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        groups = options.get("groups", "none")
        if groups not in ("labels", "teams", "none"):
            raise Invalid(
                "general_argument_invalid", "Invalid --source-option groups: use labels, teams or none.", field="groups"
            )
        mapping = _Mapping(groups)
        for place, file in enumerate(files[1:], 1):
            mapping.note_all(_rows(file), place)
        return self.items(mapping.users(_rows(files[0])), mapping.record, start, _ref)

    def _check_shape(self, values: Any) -> None:
        if not ("password" in values and OF_USERS & values.keys()):
            raise Wrong("password", "The record has no password and last_login, so it is not a Django user.")


SOURCE = Django()


def _rows(file: Any) -> Iterable[SourceRow | Refused]:
    """What a file has, in whichever form."""
    _, file = text_files.peeked(file)
    beginning = _beginning(file.peek(text_files.HEAD_SIZE))
    if beginning.startswith("<"):
        return django_xml.rows(file)
    if beginning.startswith(("[", "{")):
        return json_files.rows(file, (), TYPICAL)
    if _is_yaml(beginning):
        raise text_files.unreadable("Cannot import YAML.", "Write JSON instead: manage.py dumpdata --format json")
    return csv_files.Table(file, known=("password",)).rows()


def _beginning(head: bytes) -> str:
    return head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")


def _is_yaml(beginning: str) -> bool:
    return beginning.startswith(("- model:", "- fields:"))


def _ref(values: Any) -> str | None:
    return text_files.first(values.get(name) for name in ("pk", "id", "username", "email"))


def _not_a_user(row: SourceRow, loss: Note | None) -> Skipped:
    name = text_files.ref(row.values["model"]) or "another model"
    ref = text_files.ref(" ".join(filter(None, (name, text_files.ref(row.values.get("pk"))))))
    if name not in django_apps.READ and name.startswith(django_apps.OF_FACTORS):
        note = Note("import_factor_lost", "mfa", f"A row of {name}. Cannot import this app's second factors.")
    else:
        note = Note("import_not_a_user", None, f"A row of {name}, not a user.")
    return Skipped(row.at, ref, [loss or note])


@dataclass
class _Mapping:
    groups_wanted: str
    groups: dict[str, str | None] = field(default_factory=dict)  # their key, as text → their name
    belongings: django_apps.Belongings = field(default_factory=django_apps.Belongings)
    lost: list[Skipped] = field(default_factory=list)  # malformed lines of the files behind the first

    def note_all(self, rows: Iterable[SourceRow | Refused], file: int) -> None:
        """Keep what a file behind the first says. file: which of the import's files it is."""
        for row in rows:
            if isinstance(row, Refused):
                self._lose(row.at, row.notes[0].message, file)
            elif row.values.get("model") == GROUP:
                self._note_group(row, file)
            else:
                self.belongings.note(row, file)

    def _note_group(self, row: SourceRow, file: int = 0) -> None:
        name = fields.get("name") if isinstance(fields := row.values.get("fields"), dict) else None
        self.groups[str(row.values.get("pk"))] = name if isinstance(name, str) else None
        if not isinstance(name, str):
            self._lose(row.at, "The group has no name.", file)

    def _lose(self, at: int, why: str, file: int) -> None:
        if self.groups_wanted != "none":
            self.lost.append(Skipped(at, None, [Note(DROPPED, "groups", f"A group was left out. {why}")], file))

    def users(self, rows: Iterable[SourceRow | Refused]) -> Iterator[SourceRow | Refused | Skipped]:
        """The rows of users as their table has them; of other models that they are none."""
        is_behind = False
        for row in rows:
            if isinstance(row, Refused) or "model" not in row.values or "password" in row.values:
                yield row
                continue
            fields = row.values.get("fields")
            if row.values["model"] == GROUP and str(row.values.get("pk")) not in self.groups:
                self._note_group(row)
            if isinstance(fields, dict) and "password" in fields and OF_USERS & fields.keys():
                is_behind = True
                yield row._replace(values=fields | {"pk": row.values.get("pk")})
            else:
                yield _not_a_user(row, self._loss(row, is_behind))
        yield from (*self.lost, *self.belongings.left())

    def _loss(self, row: SourceRow, is_behind: bool) -> Note | None:
        """Why a row of an app does not come along; None where it does, or is of another model."""
        table = django_apps.table_of(row)
        if table is None or self.belongings.has(row):
            return None
        if is_behind:
            return django_apps.lost(table, django_apps.AGAIN)
        self.belongings.note(row, 0)
        return None

    def record(self, values: Fields) -> Record:
        active = values.truth("is_active")
        username, email = values.login(values.text("username"), values.text("email"))
        groups = self._groups(values) if self.groups_wanted != "none" else []
        labels = [label for flag, label in FLAGS.items() if values.truth(flag)]
        if self.groups_wanted == "labels":
            labels += groups
        record = Record(
            id=values.first("pk", "id"),
            username=username,
            name=values.full_name("first_name", "last_name") or values.name("name", "full_name"),
            email=email,
            phone=values.first("phone", "phone_number"),
            blocked=None if active is None else not active,
            labels=values.labels(labels) or None,
            created_at=values.moment("date_joined"),
            last_sign_in_at=values.moment("last_login"),
            password=_secret(values),
            members=[Member(None, name) for name in groups] if self.groups_wanted == "teams" else [],
        )
        self.belongings.give(record, values)
        return record

    def _groups(self, values: Fields) -> list[str]:
        found = []
        for key in values.items("groups"):
            # A natural key is a list with the name.
            name = key[0] if isinstance(key, list) and key else self.groups.get(str(key))
            if isinstance(name, str):
                found.append(name)
            else:
                why = "The group's name comes too late in the file. Name the file twice."
                values.left_out("groups", key, why)
        return found


def _secret(values: Fields) -> Secret | None:
    text = values.text("password")
    if text is None:
        values.notes.append(Note("import_no_password", "password", "The password is empty."))
        return None
    return Secret(text, "django")
