"""Reading manifests: TOML text → what is wanted, or all that is wrong in all files, each with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authctl.core.manifests import declarations, lines
from authctl.core.manifests.declarations import MEMBERS, TABLES, TOP, State, Table
from authctl.core.policy import policies
from authctl.core.values import checks
from authctl.errors import Invalid, Problem, did_you_mean
from authctl.model import Json, fold

TYPE = "manifest_invalid"
MAX_NAME = 128


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A subject that a manifest names, and what is wanted of it: the values of its keys, by the rules."""

    table: Table
    values: Json
    place: Place
    members: tuple[Entry, ...] = ()

    @property
    def state(self) -> State:
        state: State = self.values.get("state", State.PRESENT)
        return state

    @property
    def named_by(self) -> str:
        """The key that names the subject."""
        return next(name for name in self.table.named_by if self.values.get(name))

    @property
    def name(self) -> str:
        """What the subject is called."""
        name: str = self.values[self.named_by]
        return name

    @property
    def named(self) -> str:
        """What finds the subject, and says which of its fields that is."""
        return f"{self.named_by}:{self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is wanted, of all files. policy: typed values, and the line of each."""

    name: str
    policy: Mapping[str, tuple[Any, Place]] = field(default_factory=dict)
    teams: Sequence[Entry] = ()
    users: Sequence[Entry] = ()
    mock_phones: Sequence[Entry] = ()


class Faults:
    """Collects what is wrong in all files, so that one run tells all of it."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int, Problem]] = []  # file, line, what is wrong there

    def add(self, place: Place | str, message: str, key: str | None = None, hint: str | None = None) -> None:
        file, line = (place.file, place.line) if isinstance(place, Place) else (place, 0)
        self.found.append((file, line, Problem(TYPE, f"{place}: {message}", key, hint)))

    def add_all(self, place: Place, error: Invalid) -> None:
        *others, last = error.problems
        for problem in others:
            self.add(place, problem.message, problem.field, problem.hint)
        self.add(place, last.message, last.field, last.hint or error.hint)

    def done(self) -> None:
        """Raise all that was found as one Invalid (manifest_invalid), by file and line."""
        if self.found:
            problems = [problem for *_, problem in sorted(self.found, key=lambda each: each[:2])]
            raise Invalid.of(problems, hint=problems[0].hint)


def read(name: str, files: Sequence[tuple[str, str]]) -> Manifest:
    """The manifest of that name in files, each with its path. Raises Invalid (manifest_invalid) with all faults."""
    checks.text(name, "name")
    faults = Faults()
    policy: dict[str, tuple[Any, Place]] = {}
    entries: dict[str, list[Entry]] = {table: [] for table in TABLES}
    for path, text in files:
        found, whole = _parsed(path, text, faults), lines.of(text)
        for key in found.keys() - {*TOP}:
            faults.add(Place(path, whole.line_of(key)), _unknown(key, TOP), key)
        _read_policy(found.get("policy", {}), path, whole, policy, faults)
        for table in TABLES:
            entries[table] += _read_table(found.get(table, []), table, TABLES[table], path, whole, faults)
    _check_users(entries["users"], faults)
    for table in ("teams", "mock-phones"):
        _check_once(entries[table], lambda entry: [entry.named], faults)
    faults.done()
    return Manifest(name, policy, entries["teams"], entries["users"], entries["mock-phones"])


def _parsed(path: str, text: str, faults: Faults) -> Json:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line = lines.of_error(str(error))
        faults.add(Place(path, line or text.count("\n") + 1), f"This is not TOML: {message}")
    except (RecursionError, ValueError):  # thousands of levels, or of digits
        faults.add(path, "This cannot be read as TOML")
    return {}


def _unknown(key: str, known: Sequence[str]) -> str:
    return f"Unknown key {checks.shown(key)}.{did_you_mean(key, known)}"


def _read_policy(
    given: Any, path: str, whole: lines.Part, policy: dict[str, tuple[Any, Place]], faults: Faults
) -> None:
    part = whole.part("policy", 0, 1)
    if not isinstance(given, dict):
        faults.add(Place(path, part.line), "policy must be a table: [policy]", "policy")
        return
    for name, value in given.items():
        place = Place(path, part.line_of(name))
        if name in policy:
            faults.add(place, f"{name} is set in {policy[name][1]} already", name)
            continue
        try:
            policy[name] = policies.parse(name, value), place
        except Invalid as error:
            faults.add_all(place, error)


def _read_table(given: Any, name: str, table: Table, path: str, part: lines.Part, faults: Faults) -> Iterator[Entry]:
    """The entries of an array of tables that can be read."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        faults.add(Place(path, part.line_of(name)), f"{name} must be an array of tables: [[{name}]]", name)
        return
    for place, raw in enumerate(given):
        entry = _read_entry(raw, table, path, part.part(name, place, len(given)), faults)
        if entry is not None:
            yield entry


def _read_entry(raw: Json, table: Table, path: str, part: lines.Part, faults: Faults) -> Entry | None:
    here, before = Place(path, part.line), len(faults.found)
    members: tuple[Entry, ...] = ()
    if table is TABLES["teams"]:
        raw = dict(raw)
        members = tuple(_read_table(raw.pop("members", []), "members", MEMBERS, path, part, faults))
    values: Json = {}
    for name, value in raw.items():
        place = Place(path, part.line_of(name))
        if name not in table.keys:
            known = (*table.keys, "members") if table is TABLES["teams"] else tuple(table.keys)
            faults.add(place, _unknown(name, known), name)
            continue
        try:
            values[name] = table.keys[name].read(value)
        except Invalid as error:
            faults.add_all(place, error)
    if not any(raw.get(name) for name in table.named_by):
        faults.add(here, f"Nothing says which {table.noun} this is: give {_alternatives(table.named_by)}")
    if table is TABLES["users"]:
        try:
            declarations.check_password(values)
        except Invalid as error:
            faults.add_all(Place(path, part.line_of("password")), error)
    if len(faults.found) > before:
        return None
    return Entry(table, values, here, members)


def _alternatives(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _check_users(users: Sequence[Entry], faults: Faults) -> None:
    """What is wrong between the keys of a user, and between users."""
    for entry in users:
        for kind in ("email", "phone"):
            if entry.values.get(f"{kind}_verified") and entry.values.get(kind, "-") is None:
                faults.add(entry.place, f"{kind}_verified is set, but there is no {kind}", f"{kind}_verified")
    _check_once(users, names_of, faults)


def names_of(entry: Entry) -> list[str]:
    """All that finds the user of an entry once it is as the entry says."""
    given = {kind: entry.values.get(kind) for kind in entry.table.named_by}
    given["username"] = fold(given["username"]) if given["username"] else None
    return [f"{kind}:{value}" for kind, value in given.items() if value]


_BY_ID = "If one user is to give it up to another, name the one that is to be absent by the id alone."


def _check_once(entries: Sequence[Entry], names: Any, faults: Faults) -> None:
    """Refuse a subject that is named twice."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        for name in names(entry):
            if name in seen:
                first = seen[name]
                hint = _BY_ID if State.ABSENT in (first.state, entry.state) else None
                faults.add(entry.place, f"{name.partition(':')[2]} is named in {first.place} already", hint=hint)
            seen.setdefault(name, entry)
