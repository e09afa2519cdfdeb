"""Who carries text messages: one small class for each provider, loaded when it is used.

A new provider is one file with its class, and one line in `settings/definitions.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from authctl.delivery.errors import Unconfigured
from authctl.settings import SMS_PROVIDERS

if TYPE_CHECKING:
    from authctl.delivery.sms.provider import Provider
    from authctl.model import Clock, RandomBytes
    from authctl.settings import Sms as SmsSettings


def open(settings: SmsSettings, clock: Clock, random_bytes: RandomBytes, console: Callable[[str], None]) -> Provider:
    """The provider that the settings name, with all that it needs. Raises Unavailable (delivery_unconfigured).

    console: where the provider `console` writes to.
    """
    if settings.provider is None:
        raise Unconfigured(
            "Cannot send SMS: no provider is configured.",
            field="sms.provider",
            way_out="Set sms.provider and its credentials in the configuration file",
        )
    module, _, name = SMS_PROVIDERS[settings.provider].partition(":")
    made = getattr(import_module(f"{__name__}.{module}"), name)
    provider: Provider = made(settings, clock, random_bytes, console)
    return provider
