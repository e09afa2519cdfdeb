"""`authctl help`: the pages of the manual, and every command's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from authctl.cli import help as help_pages, manual, pager
from authctl.cli.commands import Commands
from authctl.cli.context import Context
from authctl.cli.environment import is_utf8
from authctl.errors import UsageError, did_you_mean

COMMANDS = Commands("authctl")

SAMPLE = "sample-config"  # a topic that is a file


@COMMANDS.command(
    example=("authctl help", "authctl help output", "authctl help users create", "authctl help apply --schema")
)
def help(
    ctx: Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC|COMMAND...", help="A topic, or the words of a command.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="With apply: print the JSON Schema of its files, for editors.")
    ] = False,
) -> None:
    """Explain a topic, or a command. Without one, it lists the topics."""
    if schema:
        _write_schema(ctx, words or ())
        return
    pager.show(_page(ctx, words or ()), ctx.environment)


def _write_schema(ctx: Context, words: Sequence[str]) -> None:
    from json import dumps

    from authctl.core.manifests import declarations

    if list(words) != ["apply"]:
        raise UsageError("general_usage", "Only apply has a schema: authctl help apply --schema", field="schema")
    ctx.environment.stdout.write(dumps(declarations.schema(), indent=2) + "\n")


def summaries() -> dict[str, str]:
    """What each topic is about, by its name."""
    sample = {SAMPLE: "Every setting, as a configuration file to begin with."}
    return dict(sorted((manual.summaries() | sample).items()))


def _page(ctx: Context, words: Sequence[str]) -> str:
    if list(words) == [SAMPLE]:
        from authctl.settings import reference

        return reference.sample()
    formatter = ctx.make_formatter()
    if not words:
        _write_contents(formatter)
    elif len(words) == 1 and (name := manual.find(words[0])):
        manual.write(name, formatter)
        if name in _groups(ctx):
            formatter.write_paragraph()
            formatter.write_text(f"The commands: authctl {name} --help")
    else:
        return _page_of_command(ctx, words)
    page: str = formatter.getvalue()
    return page if is_utf8(ctx.environment.stdout) else page.translate(manual.PLAIN)


def _write_contents(formatter: Any) -> None:
    help_pages.write_rows("Topics", list(summaries().items()), formatter)
    formatter.write_paragraph()
    formatter.write_text("A topic's page: authctl help TOPIC. A command's: authctl help users create")


def _page_of_command(ctx: Context, words: Sequence[str]) -> str:
    """The help page of the command that the words name."""
    found: Any = ctx.find_root().command
    context: Any = ctx.find_root()
    for depth, word in enumerate(words):
        child = found.get_command(context, word) if hasattr(found, "get_command") else None
        if child is None:
            topics = (*summaries(), *manual.ALIASES) if depth == 0 else ()
            raise _unknown(words[: depth + 1], [*getattr(found, "commands", ()), *topics])
        context = type(ctx)(child, info_name=word, parent=context)
        found = child
    return str(found.get_help(context)) + "\n"


def _unknown(words: Sequence[str], known: Sequence[str]) -> UsageError:
    hint = did_you_mean(words[-1], known).strip() or "List the topics with: authctl help"
    return UsageError(
        "general_usage", f"There is no topic or command '{' '.join(words)[:80]}'.", field="topic", hint=hint
    )


def _groups(ctx: Context) -> Mapping[str, Any]:
    """What stands first on a command line, by its word."""
    found: Mapping[str, Any] = getattr(ctx.find_root().command, "commands", {})
    return found
