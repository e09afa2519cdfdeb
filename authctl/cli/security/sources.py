"""`authctl security`: sources, which wrong attempts lock."""

from __future__ import annotations

from typing import Annotated

from authctl.cli.answer_fields import SOURCE
from authctl.cli.commands import INVALID, positional
from authctl.cli.context import Context
from authctl.cli.security import COMMANDS


@COMMANDS.command(SOURCE, writes=True, exits=(INVALID,), example="authctl security unlock-source 192.0.2.7")
def unlock_source(
    ctx: Context,
    address: Annotated[
        str,
        positional("--address", "An IP address, as `authctl security list-logs` shows it.", metavar="ADDRESS"),
    ],
) -> None:
    """Let a locked address sign in again at once.

    Its messages and new accounts of the last hour no longer count either.

    For proxies and offices with many people: `authctl security set trusted-sources ADDRESS,...`
    """
    ctx.show(ctx.directory.security.unlock_source(address).public())
