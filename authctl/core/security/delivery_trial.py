"""Security: the policies that hold, what happened, and what a password would get. The verbs of `authctl security`."""

from __future__ import annotations

from authctl.core.values import contacts, identifiers
from authctl.core.work.engine import Engine
from authctl.delivery import Channel, Receipt
from authctl.errors import Invalid, Unavailable
from authctl.settings import Settings


def test_delivery(
    directory: Engine,
    channel: Channel | str,
    address: str,
    *,
    locale: str | None = None,  # noqa: PT028 - a verb, not a test
) -> Receipt:
    """Send a message that says that it is a test; what the server or provider answered.

    channel: email, sms or whatsapp. locale: the language that it is written in. A provider that makes codes itself
    sends one, which nobody asks for.
    Raises Unavailable: delivery_unconfigured, delivery_failed.
    """
    from authctl.delivery.errors import Unconfigured

    if channel not in tuple(Channel):
        raise Invalid("general_argument_invalid", f"Invalid channel: use {', '.join(Channel)}.", field="channel")
    settings = directory.settings.for_reader(identifiers.locale(locale) if locale else None)
    try:
        return _send(directory, settings, Channel(channel), address)
    except Unconfigured as error:
        hint = f"{error.way_out}. For an example, run: authctl help sample-config"
        raise Unavailable(error.type, error.message, field=error.field, hint=hint) from None


def _send(directory: Engine, settings: Settings, way: Channel, address: str) -> Receipt:
    from authctl.core.messages import compose

    transport = directory.transport
    if way is Channel.EMAIL:
        return transport.send(compose.trial_email(settings, contacts.email(address)))
    phone = contacts.phone(address)
    if transport.makes_codes:
        return transport.start(phone, way)
    return transport.send(compose.trial_sms(settings, phone, channel=way))
