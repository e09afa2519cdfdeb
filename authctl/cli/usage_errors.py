"""What Typer has against a line, in our words; loaded when a line cannot be read.

Words of the line that no option asked for are not repeated: one of them may be a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from authctl.cli import suggestions
from authctl.errors import UsageError, did_you_mean


def of_line(error: typer.TyperException, ctx: Any) -> UsageError:
    """The error as one of ours. ctx: the context of the group or command whose words were being read."""
    path = ctx.command_path if ctx is not None else "authctl"
    return UsageError("general_usage", _message(error, ctx), field=_field(error), hint=f"See: {path} --help")


def no_command(ctx: Any, words: Sequence[str]) -> UsageError:
    """The first word is no command of the group. Words behind it are repeated only where a name is expected."""
    path, word, known = ctx.command_path, words[0], list(ctx.command.commands)
    message = f"Unknown command '{word}' in {path}."
    line = suggestions.command_line(str(ctx.command.name), word, words[1:])
    if line is None:
        return UsageError("general_usage", message + did_you_mean(word, known), hint=f"See: {path} --help")
    return UsageError("general_usage", message, hint=f"Run: {ctx.program} {line}")


def too_many(command: Any, ctx: Any, extra: int) -> UsageError:
    """More words by their place than the command takes."""
    from typer.core import TyperArgument

    twice = [name for name in ctx.flagged if extra <= len(ctx.flagged)]
    if twice:
        flag = command.twins[twice[0]].opts[-1]
        by_place = next(each for each in command.params if each.name == twice[0])
        message = f"{by_place.make_metavar(ctx=ctx)} is given twice: by position and as {flag}."
        return UsageError("general_usage", message, field=twice[0], hint=f"See: {ctx.command_path} --help")
    places = [each for each in command.get_params(ctx) if isinstance(each, TyperArgument)]
    takes = [each.make_metavar(ctx=ctx) for each in places]
    taken = " ".join(takes) or "options only"
    words = "one word" if extra == 1 else f"{extra} words"
    message = f"There is {words} too many: {ctx.command_path} takes {taken}."
    takes_password = any("--password-stdin" in each.opts for each in command.params)  # which the word may be
    if command.declaration.writes and not takes_password and [each.name for each in places] in (["user"], ["team"]):
        hint = f"To name several, list them on stdin, one per line: {ctx.command_path} -"
        return UsageError("general_usage", message, hint=hint)
    advice = "Put values with spaces in quotes." if takes else "Put each value after its option."
    return UsageError("general_usage", message, hint=f"{advice} See: {ctx.command_path} --help")


def _message(error: typer.TyperException, ctx: Any) -> str:
    kind = type(error).__name__
    parameter = getattr(error, "param", None)
    option = getattr(error, "option_name", "")
    if kind == "NoSuchOption":
        meant = suggestions.option(option, _options(ctx))
        suggested = f" Did you mean '{meant}'?" if meant else did_you_mean(option, _options(ctx))
        return f"Unknown option '{option}'.{suggested}"
    if kind == "BadOptionUsage" and "requires an argument" in error.message:
        return f"{option} needs a value{_asked(option, _options(ctx))}."
    if kind == "BadOptionUsage":
        return f"{option} takes no value."
    if kind == "MissingParameter" and parameter is not None:
        return f"{_name(parameter, ctx)} is missing."
    if parameter is not None:
        return f"{_name(parameter, ctx)}: {_plain(error.message)}"
    if error.message == "Missing command.":
        return f"{ctx.command_path} needs a subcommand."
    return str(error.format_message())


def _plain(message: str) -> str:
    """Typer's words for a value of the wrong kind, with kinds named as people do."""
    return message.replace("a valid int", "a whole number")


def _field(error: typer.TyperException) -> str | None:
    parameter = getattr(error, "param", None)
    return None if parameter is None else str(parameter.name)


def _name(parameter: Any, ctx: Any) -> str:
    """The parameter as the line has it: its longest flag, or what help calls an argument: `USER`, `STATUS`."""
    flags = [word for word in parameter.opts if word.startswith("--")]
    if flags:
        return str(max(flags, key=len))
    metavar = str(parameter.make_metavar(ctx=ctx))
    return metavar if metavar.isupper() else f"{str(parameter.name).upper()} ({metavar})"


def _options(ctx: Any) -> list[str]:
    params = ctx.command.params if ctx is not None else ()
    return [word for each in params for word in each.opts if word.startswith("--")]  # -y is near to any letter


def _asked(option: str, known: list[str]) -> str:
    """Behind `--password` without one: how to be asked for it."""
    if option != "--password":
        return ""
    return "; to be asked for it, add --ask-password" if "--ask-password" in known else "; to be asked, leave it out"
