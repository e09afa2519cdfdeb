"""A plan as people read a diff: a line for each subject, `+ ~ -`, and its fields below, `before → after`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from authctl.cli.answers import text_of
from authctl.cli.escaping import visible
from authctl.cli.tables import GREEN, RED, YELLOW, Look
from authctl.core.policy import policies
from authctl.model import JsonObject

_MARKS = {"create": ("+", GREEN), "change": ("~", YELLOW), "remove": ("-", RED)}


def write(changes: Sequence[JsonObject], write: Callable[[str], object], look: Look) -> None:
    """Write all changes of a plan, as `Plan.changes` has them."""
    for each in changes:
        mark, style = _MARKS[str(each["action"])]
        write(look.styled(style, visible(f"{mark} {each['kind']} {each['name']}")) + "\n")
        for line in _fields(each, look):
            write(f"    {visible(line)}\n")


def _fields(change: Any, look: Look) -> Iterator[str]:
    """The fields of a change, each on a line; of what is removed, its name says enough."""
    before, after = change["before"] or {}, change["after"] or {}
    if change["kind"] == "policy":
        before, after = _policy(change["name"], before), _policy(change["name"], after)
    if "generated_password" in change:
        after = after | {"generated_password": change["generated_password"]}
    width = max(map(len, after), default=0)
    for name, value in after.items():
        new = text_of(name, value, look) or "-"
        if change["action"] == "change":
            yield f"{name:{width}}  {text_of(name, before.get(name), look) or '-'} {look.arrow} {new}"
        elif value:
            yield f"{name:{width}}  {new}"


def _policy(name: str, side: Any) -> Any:
    """A policy's value as people write it."""
    return {"value": policies.shown(name, policies.parse(name, side["value"]))[1]}
