"""`authctl security`: mock phone numbers, and a test message."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import MOCK_PHONE, MOCK_PHONE_DELETED, RECEIPT
from authctl.cli.commands import CONFLICT, INVALID, NOT_FOUND, UNAVAILABLE, positional
from authctl.cli.context import Context
from authctl.cli.security import COMMANDS


@COMMANDS.command(
    MOCK_PHONE,
    writes=True,
    says="Made {phone} a mock phone number.",
    exits=(INVALID, CONFLICT),
    example="authctl security create-mock-phone +14255550123 123456",
)
def create_mock_phone(
    ctx: Context,
    phone: Annotated[str, positional("--phone", "The number, with + and the calling code.", metavar="PHONE")],
    code: Annotated[str, positional("--code", "Six digits.", metavar="CODE")],
) -> None:
    """Make a number a mock phone: it is sent nothing, and this one code signs in. At most ten."""
    ctx.show(ctx.directory.security.create_mock_phone(phone, code).public())


@COMMANDS.command(MOCK_PHONE, exits=(), example="authctl security list-mock-phones")
def list_mock_phones(ctx: Context) -> None:
    """List the mock phone numbers with their codes."""
    ctx.output.stream(phone.public() for phone in ctx.directory.security.list_mock_phones())


@COMMANDS.command(
    MOCK_PHONE_DELETED,
    writes=True,
    says="Made {phone} an ordinary number again.",
    exits=(NOT_FOUND,),
    example="authctl security delete-mock-phone +14255550123",
)
def delete_mock_phone(
    ctx: Context,
    phone: Annotated[str, positional("--phone", "The number.", metavar="PHONE")],
) -> None:
    """Make a mock phone an ordinary number again. Messages are sent to it from then on."""
    ctx.show({"phone": ctx.directory.security.delete_mock_phone(phone), "deleted": True})


@COMMANDS.command(
    RECEIPT,
    writes=True,
    says="Sent a test message.",
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security test-delivery email ada@example.com",
        "authctl security test-delivery sms +14255550123",
    ),
)
def test_delivery(
    ctx: Context,
    channel: Annotated[str, typer.Argument(metavar="email|sms|whatsapp", help="How to send it.", show_default=False)],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An email or a phone.", show_default=False)],
    locale: Annotated[str | None, typer.Option(metavar="LOCALE", help="Language of the message: de, pt-BR.")] = None,  # noqa: PT028 - a verb, not a test
) -> None:
    """Send a test message, show what the provider answered."""
    ctx.show(ctx.directory.security.test_delivery(channel, address, locale=locale).public())
