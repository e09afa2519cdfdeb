"""Whom an operator means who names an account to grant it something, or to hand somebody the way in.

    named by its id ────────────────────────────┬── with a proof ───────▶ that account
                                                └── without one ────────▶ that account, and the operator is warned
    named by an address or a username
      ├── that is proved, or that an operator gave ─────────────────────▶ that account
      └── that a person typed in ───────────────┬── `force` ────────────▶ that account, and the operator is warned
                                                └──────────────────────▶ refused

Whoever signs up can type in what is somebody else's, and would get what is meant for that person. A username that a
person chose is as good as proved once the account has a proof; an address only when it is proved itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.accounts import identities, lookup
from authctl.errors import Invalid
from authctl.model import User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work

_TYPES = {
    "email": "user_email_not_verified",
    "phone": "user_phone_not_verified",
    "username": "user_username_not_verified",
}


def get(work: Work, user: str, *, force: bool = False) -> User:
    """The account that is meant, locked. Raises Invalid (user_email_not_verified …) where it may be a stranger's."""
    found = lookup.get_locked(work, user)
    check(work, found, user, force=force)
    return found


def check(work: Work, user: User, *named: str, force: bool = False, hint: str = "", by_id: str = "id:") -> None:
    """Refuse an account that is named by nothing but what a person typed in, unless an operator insists.

    named: all that it was named by; one that is good is enough. hint: what else can be done. by_id: what stands before
    an id, where the hint says to use that. Raises Invalid.
    """
    if not work.is_operator:  # who acts for nobody but themselves
        return
    fields = [lookup.field_of(user, text) for text in named]
    claimed = [field for field in fields if field is not None and is_claimed(work, user, field)]
    if claimed and len(claimed) == len(fields) and not force:
        raise refusal(user, claimed[0], f"{hint}To go ahead anyway, use {by_id}{user.id} or add --force.")
    typed = [str(getattr(user, field)) for field in _TYPES if is_claimed(work, user, field)]
    if typed and not identities.has_proof(work, user):
        work.unverified[user.id] = " or ".join(typed)


def vouch(work: Work, user: User, field: str) -> None:
    """Warn an operator, whose word proves an address that a person typed in, of what that person may sign in with."""
    if not is_claimed(work, user, field):
        return
    ways = {
        "password": user.password is not None,
        "authenticators": user.totp,
        "recovery codes": user.recovery_code,
        "identities": bool(storage.identities.list_page(work.db, user.seq, 0, 1)),
        "sessions": any(each.ended_at is None for each in storage.sessions.list_of_user(work.db, user.seq)),
    }
    if kept := ", ".join(name for name, is_there in ways.items() if is_there):
        from shlex import quote

        work.warnings.append(
            f"{getattr(user, field)} was typed in by a person and may belong to a stranger. User {user.id} keeps: "
            f"{kept}. To remove all of it: authctl users secure {quote(f'id:{user.id}')}"
        )


def disown(work: Work, user: User, field: str) -> None:
    """Warn an operator who says that an address is not verified, where whoever proves it next gets the account."""
    if is_claimed(work, user, field) and not identities.has_proof(work, user):
        address = getattr(user, field)
        work.warnings.append(
            f"User {user.id} has nothing verified left: whoever verifies {address} next gets the account. If the "
            f"address is theirs: authctl users update-{field}-verification id:{user.id} true"
        )


def is_claimed(work: Work, user: User, field: str) -> bool:
    """Whether a person typed that field in, and nobody has proved that it is theirs."""
    if not getattr(user, f"{field}_self_service"):
        return False
    return not (identities.has_proof(work, user) if field == "username" else getattr(user, f"{field}_verified"))


def refusal(user: User, field: str, hint: str | None = None) -> Invalid:
    """What an operator is told who names a stranger's claim."""
    message = f"User {user.id} may be a stranger: nobody has verified the {field} {getattr(user, field)}."
    return Invalid(_TYPES[field], message, field=field, hint=hint)
