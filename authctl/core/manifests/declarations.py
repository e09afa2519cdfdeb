"""What may stand in a manifest: its tables and their keys, each declared once.

A declaration serves the reader, the JSON Schema and the manual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from authctl.core.policy import policies
from authctl.core.values import checks, contacts, identifiers, json_objects
from authctl.errors import Invalid
from authctl.model import Json

GENERATE = "generate"  # the password that is made, and shown once


class State(StrEnum):
    """What a manifest wants of a subject."""

    PRESENT = "present"  # there, and as the manifest says
    CREATED = "created"  # made as the manifest says, and then left alone
    BLOCKED = "blocked"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table. read: its value by the rules; raises Invalid. schema: the values that editors accept."""

    help: str
    read: Callable[[Any], Any]
    schema: Json


@dataclass(frozen=True, slots=True)
class Table:
    """An array of tables. named_by: the keys that name its subject; of those that are given, the first does."""

    noun: str
    keys: Mapping[str, Key]
    named_by: tuple[str, ...]


TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
LIST: Json = {"type": "array", "items": TEXT}
OBJECT: Json = {"type": ["object", "string"]}


def _cleared(rule: Callable[..., Any], field: str) -> Callable[[Any], Any]:
    """That rule, where an empty text stands for nothing."""
    return lambda value: rule(value, field=field) if checks.text(value, field) else None


def _flag(field: str) -> Callable[[Any], bool]:
    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise checks.invalid(field, f"it must be true or false, not {checks.kind_of(value)}")

    return read


def _state(*states: State) -> Key:
    def read(value: Any) -> State:
        if value in states:
            return State(value)
        raise checks.invalid("state", f"use one of {', '.join(states)}", value=str(value))

    return Key("What is wanted; present if left out.", read, {"enum": [str(each) for each in states]})


def _text(field: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if checks.text(value, field):
            return value
        raise checks.invalid(field, "it is empty")

    return read


def _team_name(value: str) -> str:
    return identifiers.name(_text("name")(value))


def _prefs(field: str) -> Callable[[Any], Json]:
    return lambda value: json_objects.prefs(value, field=field)


def _code(value: str) -> str:
    if checks.text(value, "code").isascii() and value.isdecimal() and len(value) == 6:
        return value
    raise checks.invalid("code", "write six digits, in quotes")


MEMBERS = Table(
    "member",
    {
        "user": Key("The member's id, email, phone or username; `id:` or `email:` before it says which.",
            _text("user"), TEXT),
        "roles": Key("The roles that the member has at least.", identifiers.roles, LIST),
        "invite": Key("Invite the user by mail or SMS instead of adding them at once.", _flag("invite"), FLAG),
        "state": _state(State.PRESENT, State.CREATED, State.ABSENT),
    },
    ("user",),
)  # fmt: skip
TABLES = {
    "teams": Table(
        "team",
        {
            "id": Key("The team's id.", identifiers.imported_id, TEXT),
            "name": Key("The team's name; without an id, it names the team.", _team_name, TEXT),
            "prefs": Key("Preferences: a table, or JSON text. Other keys stay.", _prefs("prefs"), OBJECT),
            "state": _state(State.PRESENT, State.CREATED, State.ABSENT),
        },
        ("id", "name"),
    ),
    "users": Table(
        "user",
        {
            "id": Key("The user's id.", identifiers.imported_id, TEXT),
            "email": Key("The email.", _cleared(contacts.email, "email"), TEXT),
            "phone": Key("The phone number, with its +.", _cleared(contacts.phone, "phone"), TEXT),
            "username": Key("The username.", _cleared(identifiers.username, "username"), TEXT),
            "name": Key("The name.", identifiers.name, TEXT),
            "labels": Key("The labels that the user has at least.", identifiers.labels, LIST),
            "prefs": Key("Preferences: a table, or JSON text. Other keys stay.", _prefs("prefs"), OBJECT),
            "metadata": Key("Metadata: a table, or JSON text. Other keys stay.", _prefs("metadata"), OBJECT),
            "locale": Key("The language of messages: de, pt-BR.", _cleared(identifiers.locale, "locale"), TEXT),
            "email_verified": Key("Whether the email is verified.", _flag("email_verified"), FLAG),
            "phone_verified": Key("Whether the phone is verified.", _flag("phone_verified"), FLAG),
            "password": Key("For a new user: \"generate\", or a hash. Never compared later.",
                _text("password"), TEXT),
            "hash": Key("What made the hash, if it doesn't say so itself.", _text("hash"), TEXT),
            "state": _state(State.PRESENT, State.CREATED, State.BLOCKED, State.ABSENT),
        },
        ("id", "email", "phone", "username"),
    ),
    "mock-phones": Table(
        "mock phone",
        {
            "phone": Key("The phone number, with its +.", contacts.phone, TEXT),
            "code": Key("The six digits that sign in.", _code, TEXT),
            "state": _state(State.PRESENT, State.ABSENT),
        },
        ("phone",),
    ),
}  # fmt: skip
TOP = ("policy", *TABLES)


def schema() -> Json:
    """The JSON Schema of a manifest's file, for editors."""
    tables = {name: _array(table) for name, table in TABLES.items()}
    tables["teams"]["items"]["properties"]["members"] = _array(MEMBERS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "authctl manifest",
        "type": "object",
        "properties": {"policy": _policy()} | tables,
        "additionalProperties": False,
    }


def _array(table: Table) -> Json:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"description": key.help} | key.schema for name, key in table.keys.items()},
            "anyOf": [{"required": [name]} for name in table.named_by],
            "additionalProperties": False,
        },
    }


def _policy() -> Json:
    keys = {
        each.name: {"description": f"{each.help} Values: {each.kind.range}."} for each in policies.DECLARATIONS.values()
    }
    return {"type": "object", "properties": keys, "additionalProperties": False}


def check_password(values: Mapping[str, Any]) -> None:
    """Refuse a password in plain text: nobody who reads the files is to know it."""
    from authctl.core import hashing

    given, algorithm = values.get("password"), values.get("hash")
    if given is None or given == GENERATE:
        return
    try:
        hashing.accept(given, algorithm)
    except Invalid as error:
        if algorithm is not None:
            raise
        hint = 'Use password = "generate", or a hash. If the hash does not say what made it, add hash = "NAME".'
        message = "A password cannot stand in a file"
        raise Invalid("general_argument_invalid", message, field="password", hint=hint) from error
