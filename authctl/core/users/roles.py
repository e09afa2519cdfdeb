"""The role strings of a user, and permission strings such as `read("team:teachers/maths")`, in Appwrite's grammar.

any  guests  users  users/verified  users/unverified  user:ID  user:ID/verified  user:ID/unverified
team:ID  team:ID/ROLE  member:ID  label:LABEL

In the ID of a user / is written %2F and % is written %25, so that no imported id reads as another's role.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from authctl import storage
from authctl.core.accounts.lookup import get
from authctl.core.values import checks, identifiers
from authctl.core.work.unit import Work
from authctl.errors import Denied, Invalid
from authctl.model import Status, User

ACTIONS = ("read", "create", "update", "delete", "write")
ANY, GUESTS, USERS = "any", "guests", "users"
VERIFIED, UNVERIFIED = "verified", "unverified"

Membership = tuple[str, str, Iterable[str]]  # a confirmed one: the team's id, its own id, the roles in it


def roles_of(user: User | None, memberships: Iterable[Membership] = ()) -> list[str]:
    """The roles that a user has, the widest first; a guest's where there is no user, none of a blocked one.

    user: as it is now (`user.at(now)`). memberships: the confirmed ones; only they count.
    """
    if user is None:
        return [ANY, GUESTS]
    if user.status is Status.BLOCKED:
        return []
    verified = VERIFIED if user.email_verified or user.phone_verified else UNVERIFIED
    own = f"user:{_named(user.id)}"
    roles = [ANY, USERS, f"{USERS}/{verified}", own, f"{own}/{verified}"]
    for team, membership, held in memberships:
        roles += [f"team:{team}", f"member:{membership}", *(f"team:{team}/{role}" for role in held)]
    return [*roles, *(f"label:{label}" for label in user.labels)]


def _named(id: str) -> str:
    """An id as role strings have it: another system's may hold what stands before a state."""
    return identifiers.embedded(id, "/")


# Permissions


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be done, and the role that may do it."""

    action: str
    role: str


_PERMISSION = r'([A-Za-z]*)\s*\(\s*(["\'])(.*)\2\s*\)'
_OLD_ROLES = {"*": ANY, "role:all": ANY, "role:guest": GUESTS, "role:member": USERS}
_FORM = 'as in read("team:teachers/maths")'


def permission(text: str, *, field: str = "permission") -> Permission:
    """A permission string, read strictly: Invalid for an unknown action, and for a role that nobody could have."""
    found = re.fullmatch(_PERMISSION, checks.text(text, field).strip())
    if found is None:
        raise _invalid(field, f"{checks.shown(text)} is not a permission; {_FORM}")
    action, _, role = found.groups()
    if action not in ACTIONS:
        raise _invalid(field, f"{checks.shown(text)} has an unknown action; use {', '.join(ACTIONS)}")
    return Permission(action, check_role(role, field=field))


def check_role(text: str, *, field: str = "role") -> str:
    """A role string that somebody could have, as it was given; Invalid for all others."""
    if text in _OLD_ROLES or text.startswith("role:"):
        now = _OLD_ROLES.get(text)
        raise _invalid(
            field,
            f"{checks.shown(text)} is a role from old Appwrite versions; use {now or 'a current one'}",
            hint=_GRAMMAR,
        )
    kind, colon, subject = text.partition(":")
    if not colon:
        name, slash, state = text.partition("/")
        if (name in (ANY, GUESTS, USERS) and not slash) or (name == USERS and state in (VERIFIED, UNVERIFIED)):
            return text
    elif _is_role_of(kind, subject):
        return text
    raise _invalid(field, f"{checks.shown(text)} is not a role", hint=_GRAMMAR)


_GRAMMAR = (
    "Roles: any, guests, users, users/verified, user:ID, user:ID/verified, team:ID, team:ID/ROLE, member:ID and "
    "label:LABEL; unverified works like verified."
)


def _is_role_of(kind: str, subject: str) -> bool:
    id, slash, detail = subject.partition("/")
    try:
        match kind:
            case "user":
                given = id.replace("%2F", "/").replace("%25", "%")
                is_id = _named(identifiers.imported_id(given)) == id
                return is_id and (not slash or detail in (VERIFIED, UNVERIFIED))
            case "team":
                return bool(identifiers.identifier(id)) and (not slash or bool(identifiers.role(detail)))
            case "member":
                return bool(identifiers.identifier(id)) and not slash
            case "label":
                return bool(identifiers.label(subject))
    except Invalid:
        pass  # told with the whole role
    return False


def can(roles: Iterable[str], text: str) -> bool:
    """Whether a permission string is for one of these roles. Its action must be one, and makes no difference."""
    return permission(text).role in set(roles)


def check_can(roles: Iterable[str], text: str) -> None:
    """Raise Denied (user_unauthorized) unless a permission string is for one of these roles."""
    if not can(roles, text):
        raise Denied("user_unauthorized", f"No role has the permission {text.strip()}.", field="permission")


def _invalid(field: str, message: str, *, hint: str | None = None) -> Invalid:
    return Invalid("general_argument_invalid", f"Invalid {field}: {message}", field=field, hint=hint)


def list_roles(work: Work, user: str) -> list[str]:
    """The role strings that the user has, as permissions name them; none for a blocked user.

    Of memberships those count that are confirmed.
    """
    found = get(work, user)
    return roles_of(found, storage.memberships.confirmed_of_user(work.db, found.seq))
