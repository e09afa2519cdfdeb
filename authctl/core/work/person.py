"""Somebody who is signed in."""

from __future__ import annotations

from dataclasses import dataclass

from authctl.model import JsonObject, Session, User


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in: whom a unit of work acts for."""

    session: Session
    user: User

    def public(self) -> JsonObject:
        return self.user.as_the_person_sees_it().public() | {"session": self.session.public(current=True)}
