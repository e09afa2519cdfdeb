"""Help pages: what a command does and changes, its options in groups, examples that run, its exit statuses.

Plain text in the width of the window, without colour or boxes, so that it can be read aloud, piped and searched; in
ASCII alone, so that every terminal can show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from authctl.cli.options import COMMON, STEPPING_UP, WRITING
from authctl.errors import EXIT_STATUSES, ExitStatus

HARD_HYPHEN = "\N{NON-BREAKING HYPHEN}"  # stands for a hyphen while lines are broken
ALWAYS = (ExitStatus.DONE, ExitStatus.USAGE, ExitStatus.UNAVAILABLE)


def whole_words(formatter: type[Any]) -> type[Any]:
    """The formatter, with lines that end between words and not at a hyphen, as in `--password-stdin`."""

    class WholeWords(formatter):  # type: ignore[misc]
        def write_text(self, text: str) -> None:
            super().write_text(text.replace("-", HARD_HYPHEN))

        def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
            whole = [(name, text.replace("-", HARD_HYPHEN)) for name, text in rows]
            super().write_dl(whole, *args, **kwargs)

        def getvalue(self) -> str:
            return str(super().getvalue()).replace(HARD_HYPHEN, "-")

    return WholeWords


def write_group(
    group: TyperGroup, ctx: Any, formatter: Any, *, summaries: Mapping[str, str], examples: Sequence[str]
) -> None:
    """summaries: what each command does, by its name."""
    group.format_usage(ctx, formatter)
    group.format_help_text(ctx, formatter)
    write_rows("Commands", list(summaries.items()), formatter)
    _write_options(group, ctx, formatter)
    _write_examples(examples, formatter)
    formatter.write_paragraph()
    formatter.write_text(f"More about a command: {ctx.command_path} COMMAND --help")


def usage(command: TyperCommand, ctx: Any) -> list[str]:
    """What stands behind the command in its usage line: optional words in brackets."""
    pieces = ["[OPTIONS]"]
    for parameter in command.get_params(ctx):
        if isinstance(parameter, TyperArgument):
            name = parameter.make_metavar(ctx=ctx)
            pieces.append(name if parameter.required or name.startswith("[") else f"[{name}]")
    return pieces


def write_command(
    command: TyperCommand, ctx: Any, formatter: Any, *, examples: Sequence[str], exits: Sequence[ExitStatus]
) -> None:
    """exits: the statuses that the command ends with, besides those that every command may."""
    command.format_usage(ctx, formatter)
    command.format_help_text(ctx, formatter)
    arguments = [row for parameter in command.get_params(ctx) if (row := _argument_row(parameter, ctx))]
    write_rows("Arguments", arguments, formatter)
    _write_options(command, ctx, formatter)
    _write_examples(examples, formatter)
    statuses = sorted({*ALWAYS, *exits})
    write_rows("Exit status", [(str(int(status)), EXIT_STATUSES[status]) for status in statuses], formatter)


def write_rows(title: str, rows: Sequence[tuple[str, str]], formatter: Any) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows, col_max=min(30, formatter.width // 3))


def _write_examples(examples: Sequence[str], formatter: Any) -> None:
    """Each on a line of its own, however long, so that it can be copied."""
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def _argument_row(parameter: Any, ctx: Any) -> tuple[str, str] | None:
    if not isinstance(parameter, TyperArgument):
        return None
    return parameter.make_metavar(ctx=ctx), parameter.help or ""


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    groups: dict[str, list[tuple[str, str]]] = {"Options": [], STEPPING_UP: [], WRITING: [], COMMON: []}
    for parameter in command.get_params(ctx):
        if isinstance(parameter, TyperArgument):
            continue
        row = parameter.get_help_record(ctx)
        if row is not None:
            panel = getattr(parameter, "rich_help_panel", None) if isinstance(parameter, TyperOption) else COMMON
            is_help = "--help" in parameter.opts
            groups.setdefault(COMMON if is_help else panel or "Options", []).append(row)
    for title, rows in groups.items():
        write_rows(title, rows, formatter)
