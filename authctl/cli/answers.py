"""What a change answers a person at a terminal: a sentence, what was made by the way, and the fields that it changed.

    Changed the labels of Ada Lovelace.
    labels  admin, beta → admin, beta, vip
    id      1kdyak3s

The id and secrets come last, so that neither scrolls away; other values are cut to a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from authctl.cli.cells import Record, for_people, is_time
from authctl.cli.escaping import visible
from authctl.cli.tables import GAP, SECRETS, Look, cut, write_table

if TYPE_CHECKING:
    from authctl.model import Change

MOST_FIELDS = 16  # lines of a terminal that has 24, with the rest of the answer
MOST_OF_A_NAME = 40  # characters in a sentence
NOT_TOLD = frozenset({"created_at", "updated_at", "deleted", "last_sign_in_at"})
NAMED_BY = ("name", "email", "username", "phone", "id")  # what a user is called, the first that there is
NOUNS = {"identities": "identity", "policies": "policy"}  # of resources, where it is not the plural without its s

Sides = tuple[str, ...]  # a value, or what was before and what is after


def write(
    sentence: str,
    record: Record,
    changes: list[Record],
    look: Look,
    *,
    given: Set[str],
    table: Sequence[Record] = (),
    is_dry_run: bool = False,
) -> None:
    """The answer of a change. changes: the public ones of its unit of work. given: the words of the line.

    table: rows between the sentences and the fields.
    """
    own = next((each for each in changes if _is_of(each, record)), None)
    others = [each for each in changes if each is not own and each["resource"] != f"users/{record.get('merged')}"]
    if is_unchanged(record, changes):
        sentence = "Nothing changed."
    elif is_dry_run:
        sentence = f"Would have {sentence[0].lower()}{sentence[1:]}"
    for line in (sentence, *_by_the_way(others, given, is_dry_run=is_dry_run)):
        look.write(visible(line) + "\n")
    write_table(table, look)
    is_shown = own and own["before"] and own["after"] and (not record or own["after"].keys() & record.keys())
    lines = dict(_differences(own, look) if own and is_shown else _held(record, changes, look))
    for each in others:
        if each["before"] is not None and each["after"] is not None:
            lines |= {f"{_kind(each)}.{name}": sides for name, sides in _differences(each, look)}
    ended = record or {"id": own and own["resource"].rpartition("/")[2]}  # preferences do not say whose they are
    _write_lines(dict([*lines.items()][:MOST_FIELDS]), ended, look)
    if len(lines) > MOST_FIELDS:
        look.note(f"{len(lines) - MOST_FIELDS:,} more fields: see -o json.")
    if any(is_time(name) for name in lines):
        look.note_zone()


def write_secrets(record: Record, look: Look) -> None:
    """What a change must show, however quiet it is."""
    _write_lines({}, {name: value for name, value in record.items() if name in SECRETS}, look)


def _by_the_way(changes: list[Record], given: Set[str], *, is_dry_run: bool) -> Iterator[str]:
    """A sentence on each thing that was made or removed besides."""
    for each in changes:
        after, kind, id = each["after"], _kind(each), each["resource"].rpartition("/")[2]
        if each["before"] is not None and after is not None:
            continue
        verb = "removed" if after is None else "made"
        # In a dry run, what is made has another id than it will have.
        what = f"would have {verb} a {kind}" if is_dry_run else f"{verb} {kind} {id}"
        address = [name for name in ("email", "phone") if kind == "user" and after and after.get(name) in given]
        yield f"No user had this {address[0]}: {what}." if address else f"Also {what}."


class Words(dict[str, Any]):
    """What sentences name: words of the line, fields of the record, `user` and `team` as people know them."""

    def __init__(self, given: Mapping[str, Any], record: Record, changes: Sequence[Change]) -> None:
        super().__init__({name: value for name, value in (*given.items(), *record.items()) if value is not None})
        for change in changes:
            kind, _, id = change.resource.partition("/")
            if "/" not in id and (held := change.after or change.before):
                self[kind.removesuffix("s")] = _called(held)
        if "username" in record:
            self["user"] = _called(record)
        for kind in ("user", "team"):
            name = next(filter(None, (record.get(f"{kind}_{part}") for part in NAMED_BY[:2])), None)
            called = str(name or self.get(kind, f"this {kind}"))
            self[kind] = called if len(called) <= MOST_OF_A_NAME else cut(called, MOST_OF_A_NAME, "...")

    def __missing__(self, name: str) -> str:
        return "-"


def _called(held: Mapping[str, Any]) -> str:
    """What a sentence calls a user or team."""
    return str(next((held[name] for name in NAMED_BY if held.get(name)), "-"))


def is_unchanged(record: Record, changes: list[Record]) -> bool:
    """Whether a resource that keeps the time of its last change is as it was."""
    return not changes and "updated_at" in record


def _is_of(change: Record, record: Record) -> bool:
    """Whether it is the change of what the record shows."""
    id = record.get("id", record.get("name"))
    return id is None or change["resource"].rpartition("/")[2] == id


def _kind(change: Record) -> str:
    plural: str = change["resource"].split("/")[-2]
    return NOUNS.get(plural, plural.removesuffix("s"))


def _held(record: Record, changes: list[Record], look: Look) -> Iterator[tuple[str, Sides]]:
    """The fields that something new has; nothing of what is as it was."""
    if is_unchanged(record, changes):
        return
    for name, value in _flat(record):
        if value is not False and value not in (None, "", []):
            yield name, (text_of(name, value, look),)


def _differences(change: Record, look: Look) -> Iterator[tuple[str, Sides]]:
    """The fields that a change changed: before and after."""
    before, after = dict(_flat(change["before"])), dict(_flat(change["after"]))
    for name in before | after:
        sides = tuple(text_of(name, side.get(name), look) or "-" for side in (before, after))
        if before.get(name) != after.get(name) and sides[0] != sides[1]:  # times may differ by less than is shown
            yield name, sides


def _flat(record: Record) -> Iterator[tuple[str, Any]]:
    """Fields with their values, members of objects as `password.algorithm`."""
    for name, value in record.items():
        if name in NOT_TOLD or name in SECRETS or name == "id":
            continue
        if isinstance(value, dict):
            yield from ((f"{name}.{member}", held) for member, held in value.items())
        else:
            yield name, value


def text_of(name: str, value: Any, look: Look) -> str:
    """A field's value on one line."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return visible(", ".join(value))
    return for_people(name, value, zone=look.zone)


def _write_lines(lines: dict[str, Sides], record: Record, look: Look) -> None:
    """The fields, then the id, then the secrets, which alone are never cut."""
    last = {name: str(record[name]) for name in ("id", *SECRETS) if record.get(name)}
    width = max(map(len, lines | last), default=0)
    for name, sides in lines.items():
        look.write(look.field(name, _fitting(sides, width, look), width))
    for name, value in last.items():
        look.write(look.field(name, visible(value), width))


def _fitting(sides: Sides, width: int, look: Look) -> str:
    """The value, or both sides of a difference, cut to a line."""
    from rich.cells import cell_len

    arrow = f" {look.arrow} "
    sides = tuple(map(look.can_show, sides))
    room = max((look.window or 0) - width - len(GAP), 8 * len(sides))
    if look.window is not None and cell_len(arrow.join(sides)) > room:
        each = (room - len(arrow) * (len(sides) - 1)) // len(sides)
        sides = tuple(side if cell_len(side) <= each else cut(side, each, look.ellipsis) for side in sides)
    return arrow.join(sides)
