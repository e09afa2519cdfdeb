"""Somebody who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from authctl.model import JsonObject, Session, User


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in: whom a unit of work acts for."""

    session: Session
    user: User

    def public(self) -> JsonObject:
        return self.user.as_the_person_sees_it().public() | {"session": self.session.public(current=True)}


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gives once more, for one verb that asks for it.

    password: the current one. code: of an authenticator, a recovery code, or the answer to the challenge of that id.
    """

    password: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    challenge: str | None = None

    @property
    def has_code(self) -> bool:
        return self.code is not None or self.challenge is not None

    def and_password(self, password: str | None) -> Given:
        """The same with that password, where there is one."""
        return self if password is None else replace(self, password=password)
