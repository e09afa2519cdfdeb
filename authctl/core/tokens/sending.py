"""Sending a code or a link: it is good as soon as it is claimed, and its message leaves between two transactions.

           claim                    send                   settle
    none ─────────▶ good, not sent ──────┬─ on its way ──────────────▶ the older one of its kind is REPLACED
                                         │                 withdraw
                                         └─ it was refused ──────────▶ WITHDRAWN: the older one stays as it was

A crash before the end leaves a code beside the older one, which is nobody's loss: the next one that is sent ends both,
and no interval has begun. The log has it all the same: what is to be sent has an event before it is, `sending`, and
another when it is settled or withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from authctl.core.accounts import quotas, throttle
from authctl.core.work.engine import Engine
from authctl.core.work.unit import APPLICATION, OPERATOR, Actor, Work
from authctl.delivery import Email, Receipt, Sms
from authctl.delivery.messages import Channel
from authctl.errors import Denied, Unavailable
from authctl.model import Json


@dataclass(frozen=True, slots=True)
class Sending:
    """What is to be sent. message: None where the provider makes the code, and writes the message."""

    address: str
    channel: Channel
    message: Email | Sms | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendingClaim:
    """What has been stored, by whom, and what is to be sent of it; None where that is nothing."""

    actor: Actor
    sending: Sending | None


UNDER_WAY: Json = {"sending": True}  # what the log says of a claim that is yet to be sent
C = TypeVar("C", bound=SendingClaim)


def check_print_secret(directory: Engine, print_secret: bool) -> None:
    """Refuse to show a person a secret that proves an address. Raises Denied (user_unauthorized)."""
    if print_secret and directory.by not in OPERATOR | APPLICATION:
        raise Denied("user_unauthorized", "The secret goes to the address it proves. Only operators can see it.")


def check(
    work: Work,
    directory: Engine,
    address: str,
    channel: Channel,
    *,
    last: datetime | None,
    is_essential: bool = False,
) -> bool:
    """Whether the provider makes the code. Refuses what goes too far, what nothing is configured for, and what comes
    too soon after the last of its kind, or too often in an hour. is_essential: see `quotas`."""
    is_sms = channel is not Channel.EMAIL
    if is_sms:
        throttle.check_country(work, address)
        directory.transport.check_sms(channel)
    else:
        directory.transport.check_email()
    throttle.check_interval(work, last)
    quotas.count_message(work, address, is_sms=is_sms, is_essential=is_essential)
    return is_sms and directory.transport.makes_codes


def send(
    directory: Engine,
    claim: C,
    *,
    settle: Callable[[Work, C, Json], object],
    withdraw: Callable[[Work, C, Json], object],
) -> None:
    """Send what was claimed, and settle it; or withdraw it, where the message is refused (Unavailable).

    Both are given what the provider said, as the log has it.
    """
    # A person's session may end meanwhile; what was begun is brought to its end all the same.
    remembering = directory.operating().acting(claim.actor)
    try:
        receipt = _send(directory, claim.sending) if claim.sending is not None else None
    except Unavailable as refused:
        remembering.write(withdraw, claim, {"refused": "delivery"} | _said(getattr(refused, "receipt", None)))
        raise
    remembering.write(settle, claim, {"sent": _said(receipt)} if receipt is not None else {})


def _send(directory: Engine, sending: Sending) -> Receipt:
    if sending.message is None:
        return directory.transport.start(sending.address, sending.channel)
    return directory.transport.send(sending.message)


def _said(receipt: Receipt | None) -> Json:
    public = receipt.public() if receipt is not None else {}
    return {name: value for name, value in public.items() if value is not None}
