"""Help pages: what a command does and changes, examples that run, its options.

What all commands have in common is told in one place, `authctl help options`, and in man pages, which are whole. Plain
text in the width of the window, without colour or boxes, so that it can be read aloud, piped and searched; in ASCII
alone, so that every terminal can show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

from authctl.cli import manual
from authctl.cli.options import COMMON, STEPPING_UP, WRITING
from authctl.errors import EXIT_STATUSES, ExitStatus

HARD_HYPHEN = "\N{NON-BREAKING HYPHEN}"  # stands for a hyphen while lines are broken
# The common options that a page names.
SHOWING, CHANGING = ("-o", "--fields", "-q", "--database"), ("--dry-run", "--reason", "--yes", "-o", "-q")
ALWAYS = (ExitStatus.DONE, ExitStatus.USAGE, ExitStatus.UNAVAILABLE)


def whole_words(formatter: type[Any]) -> type[Any]:
    """The formatter, with lines that end between words and not at a hyphen, as in `--password-stdin`."""

    class WholeWords(formatter):  # type: ignore[misc]
        is_whole = False  # whether pages list what is the same in all of them

        def write_text(self, text: str) -> None:
            super().write_text(text.replace("-", HARD_HYPHEN))

        def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
            whole = [(name, text.replace("-", HARD_HYPHEN)) for name, text in rows]
            super().write_dl(whole, *args, **kwargs)

        def getvalue(self) -> str:
            return str(super().getvalue()).replace(HARD_HYPHEN, "-")

    return WholeWords


def in_pager(option: Any) -> Any:
    """The option --help, whose page a pager shows at a terminal."""
    if option is not None:
        option.callback = _show
    return option


def _show(ctx: Any, param: Any, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from authctl.cli import pager

        pager.show(ctx.get_help() + "\n", ctx.environment)
        ctx.exit()


def write_group(
    group: TyperGroup, ctx: Any, formatter: Any, *, sections: Mapping[str, Mapping[str, str]], examples: Sequence[str]
) -> None:
    """sections: what each command does, by its name, under headings."""
    group.format_usage(ctx, formatter)
    group.format_help_text(ctx, formatter)
    width = min(_most(formatter), max(len(name) for commands in sections.values() for name in commands))
    for title, commands in sections.items():
        write_rows(title, [(f"{name:{width}}", help) for name, help in commands.items()], formatter)
    _write_examples(examples, formatter)
    if formatter.is_whole:
        _write_options(group, ctx, formatter)
    formatter.write_paragraph()
    formatter.write_text(f"More about a command: {ctx.command_path} COMMAND --help")
    if manual.find(ctx.info_name):
        formatter.write_text(f"How it works: authctl help {ctx.info_name}")
    _write_common(group, ctx, formatter)


def usage(command: TyperCommand, ctx: Any) -> list[str]:
    """What stands behind the command in its usage line: optional words in brackets."""
    pieces = ["[OPTIONS]"]
    for parameter in command.get_params(ctx):
        if isinstance(parameter, TyperArgument):
            name = parameter.make_metavar(ctx=ctx)
            pieces.append(name if parameter.required or name.startswith("[") else f"[{name}]")
    return pieces


def write_command(
    command: TyperCommand,
    ctx: Any,
    formatter: Any,
    *,
    examples: Sequence[str],
    exits: Sequence[ExitStatus],
    many: str | None = None,
) -> None:
    """exits: the statuses that the command ends with, besides those that every command may. many: the argument that
    stdin can list.
    """
    command.format_usage(ctx, formatter)
    command.format_help_text(ctx, formatter)
    _write_examples(examples, formatter)
    arguments = [_argument_row(each, ctx, many) for each in command.get_params(ctx) if isinstance(each, TyperArgument)]
    write_rows("Arguments", arguments, formatter)
    _write_options(command, ctx, formatter)
    statuses = sorted({*ALWAYS, *exits, *([ExitStatus.PARTIAL] if many else [])})
    if formatter.is_whole:
        write_rows("Exit status", [(str(int(status)), EXIT_STATUSES[status]) for status in statuses], formatter)
        return
    formatter.write_paragraph()
    _write_common(command, ctx, formatter)
    numbers = ", ".join(str(int(status)) for status in statuses)
    formatter.write_text(f"Exit status ({numbers}): authctl help errors")


def write_rows(title: str, rows: Sequence[tuple[str, str]], formatter: Any) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows, col_max=_most(formatter))


def _most(formatter: Any) -> int:
    """The widest that the first of two columns may be."""
    return min(30, int(formatter.width) // 3)


def _write_examples(examples: Sequence[str], formatter: Any) -> None:
    """Each on a line of its own, however long, so that it can be copied."""
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def _argument_row(argument: TyperArgument, ctx: Any, many: str | None) -> tuple[str, str]:
    help = argument.help or ""
    return argument.make_metavar(ctx=ctx), f"{help} `-` reads them from stdin." if argument.name == many else help


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """The command's own options; where the page is whole, those of all commands too."""
    groups: dict[str, list[tuple[str, str]]] = {"Options": [], STEPPING_UP: [], WRITING: [], COMMON: []}
    for parameter in _options(command, ctx):
        row = parameter.get_help_record(ctx)
        if row is not None and (formatter.is_whole or not _is_common(parameter)):
            groups[_panel(parameter)].append(row)
    for title, rows in groups.items():
        write_rows(title, rows, formatter)


def _options(command: Any, ctx: Any) -> list[Any]:
    return [each for each in command.get_params(ctx) if not isinstance(each, TyperArgument)]


def _panel(option: Any) -> str:
    return getattr(option, "rich_help_panel", None) or (COMMON if "--help" in option.opts else "Options")


def _is_common(option: Any) -> bool:
    return _panel(option) != "Options"


def _write_common(command: Any, ctx: Any, formatter: Any) -> None:
    """The line that stands for the options that all commands have."""
    if formatter.is_whole:
        return
    common = [each for each in _options(command, ctx) if _is_common(each)]
    again = [max(each.opts, key=len) for each in common if _panel(each) == STEPPING_UP]
    if again:
        formatter.write_text(f"With --as-session, also: {', '.join(again)}")
    names = CHANGING if any("--dry-run" in each.opts for each in common) else SHOWING
    formatter.write_text(f"Common options ({', '.join(names)}, ...): authctl help options")
