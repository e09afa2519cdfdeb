"""What `authctl` alone says: where the directory is, and the next command to run."""

from __future__ import annotations

import os

from authctl.cli import help as help_pages
from authctl.cli.context import Context

FIRST = 'authctl users create --email ada@example.com --name "Ada Lovelace"'
NEXT = (
    ("authctl status", "Show the database and its health."),
    ("authctl users list", "List users, newest first."),
    ("authctl security check", "List weaknesses and the commands that fix them."),
)
MORE = (
    ("authctl --help", "List all commands."),
    ("authctl help", "List the topics of the manual."),
    ("authctl completion", "Set up completion in your shell."),
)


def write(ctx: Context) -> None:
    settings, formatter = ctx.settings, ctx.make_formatter()
    formatter.write_text("authctl administers a user directory from the terminal. There is no server to run.")
    formatter.write_paragraph()
    path = settings.database_url.removeprefix("sqlite:///")
    is_made = path == settings.database_url or os.path.exists(path)
    shown = path if path != settings.database_url else settings.shown("database_url")
    if is_made:
        formatter.write(f"Your directory: {shown}\n")
        help_pages.write_rows("Next", NEXT, formatter)
    elif settings.origin("database_url").kind == "default":
        formatter.write(f"There is no directory yet. Creating the first user makes it, in\n{shown}:\n\n")
        formatter.write(f"  {FIRST}\n")
    else:
        formatter.write(f"There is no directory yet in\n{shown}. Create it with:\n\n")
        formatter.write("  authctl init\n")
    help_pages.write_rows("More", MORE, formatter)
    ctx.environment.stdout.write(formatter.getvalue())
