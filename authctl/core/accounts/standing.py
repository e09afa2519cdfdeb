"""What is known of the addresses that an account holds. What becomes of a proof at one goes by this.

PROVED    a secret that was sent there came back, or an operator or another system says that it is the person's
GIVEN     an operator gave it, or an import of an operator's own list
CLAIMED   somebody typed it in who says that it is theirs
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from authctl.model import User

AddressKind = Literal["email", "phone"]
KINDS: tuple[AddressKind, AddressKind] = ("email", "phone")


class Standing(StrEnum):
    """By whose word an account holds an address."""

    PROVED = "proved"
    GIVEN = "given"
    CLAIMED = "claimed"


def of(user: User, kind: AddressKind) -> Standing | None:
    """The standing of the account's email or phone; None where it has none."""
    if getattr(user, kind) is None:
        return None
    if getattr(user, f"{kind}_verified"):
        return Standing.PROVED
    return Standing.CLAIMED if getattr(user, f"{kind}_self_service") else Standing.GIVEN
