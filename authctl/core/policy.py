"""The security policies, each declared once. They are in the database: every operator and application obeys them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Declaration:
    """A policy: its name, what it may be, what it is when nobody set it, and what it means."""

    name: str
    default: Any
    minimum: int
    maximum: int
    help: str


DECLARATIONS = {
    declaration.name: declaration
    for declaration in (Declaration("password-min-length", 8, 8, 256, "The fewest characters of a new password."),)
}


class Policy:
    """What holds now: the values that were set, and the defaults of the rest."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values.get(name, DECLARATIONS[name].default)
