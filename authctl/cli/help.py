"""Help pages: what a command does and changes, its options in groups, examples that run, its exit statuses.

Plain text in the width of the window, with bold headings on a terminal; no boxes, so that it can be read aloud, piped
and searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperOption

from authctl.cli.options import COMMON, WRITING
from authctl.errors import EXIT_STATUSES, ExitStatus

if TYPE_CHECKING:
    from authctl.cli.commands import Command, LazyGroup

ALWAYS = (ExitStatus.DONE, ExitStatus.USAGE, ExitStatus.UNAVAILABLE)


def write_group(group: LazyGroup, ctx: Any, formatter: Any) -> None:
    group.format_usage(ctx, formatter)
    group.format_help_text(ctx, formatter)
    with formatter.section("Commands"):
        formatter.write_dl(list(group.summaries.items()))
    _write_options(group, ctx, formatter)
    formatter.write_paragraph()
    formatter.write_text(f"More on one of them: {ctx.command_path} COMMAND --help")


def write_command(command: Command, ctx: Any, formatter: Any) -> None:
    command.format_usage(ctx, formatter)
    command.format_help_text(ctx, formatter)
    arguments = [row for parameter in command.get_params(ctx) if (row := _argument_row(parameter, ctx))]
    if arguments:
        with formatter.section("Arguments"):
            formatter.write_dl(arguments)
    _write_options(command, ctx, formatter)
    declaration = command.declaration
    if declaration.examples:
        with formatter.section("Examples"):
            for example in declaration.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")
    with formatter.section("Exit status"):
        statuses = sorted({*ALWAYS, *declaration.exits})
        formatter.write_dl([(str(int(status)), EXIT_STATUSES[status]) for status in statuses])


def _argument_row(parameter: Any, ctx: Any) -> tuple[str, str] | None:
    if not isinstance(parameter, TyperArgument):
        return None
    return parameter.make_metavar(ctx=ctx), parameter.help or ""


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    groups: dict[str, list[tuple[str, str]]] = {"Options": [], WRITING: [], COMMON: []}
    for parameter in command.get_params(ctx):
        if isinstance(parameter, TyperArgument):
            continue
        row = parameter.get_help_record(ctx)
        if row is not None:
            panel = getattr(parameter, "rich_help_panel", None) if isinstance(parameter, TyperOption) else COMMON
            is_help = "--help" in parameter.opts
            groups.setdefault(COMMON if is_help else panel or "Options", []).append(row)
    for title, rows in groups.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)
