"""The options that every command takes, before the group or after the command: declared once, added by `commands`.

What the line says is collected in the context, whichever part of the line said it; the last one wins.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set
from functools import cache
from typing import Any

import typer
from typer.core import TyperOption

from authctl.cli.output import FORMATS, Format
from authctl.errors import UsageError

COMMON = "Common options"
WRITING = "Options of commands that change something"
STEPPING_UP = "Re-authentication options"
_PANELS = dict.fromkeys(("dry_run", "reason", "ip", "user_agent"), WRITING) | dict.fromkeys(
    ("password_stdin", "code", "challenge"), STEPPING_UP
)

# Values as the documents of Appwrite and Supabase write them.
ELSEWHERE = {
    "--factor": {"recoverycode": "recovery_code"},
    "--kind": {"sms": "phone", "phone_change": "phone-change", "email_change": "email-change"},
}


def common_options() -> list[TyperOption]:
    return [*_common()]


def writing_options() -> list[TyperOption]:
    return [*_writing()]


def stepping_options(taken: Set[str]) -> list[TyperOption]:
    """What a person gives once more; taken: the flags that the command has itself."""
    return [option for option in _stepping() if taken.isdisjoint(option.opts)]


@cache
def _common() -> tuple[TyperOption, ...]:
    return (
        _option("output_format", "-o", "--output", metavar="FORMAT", check=_format,
                help=f"{', '.join(FORMATS)}. Default: table on a terminal, else tsv."),
        _option("json", "--json", is_flag=True, help="Short for -o json."),
        _option("fields", "--fields", metavar="FIELD,...", help="Only these fields, in this order."),
        _option("csv_raw", "--csv-raw", is_flag=True, help="CSV without the guard against formulas, for re-importing."),
        _option("quiet", "-q", "--quiet", is_flag=True, help="Print only the result, warnings and errors."),
        _option("yes", "-y", "--yes", is_flag=True, help="Do not ask for confirmation."),
        _option("as_session", "--as-session", is_flag=True,
                help=(
"Act as a signed-in person. The session's secret comes from AUTHCTL_SESSION, or the first "
"line of stdin."
)),
        _option("database_url", "--database", metavar="URL", check=_not_empty,
                help="sqlite:///PATH or postgresql://USER@HOST/NAME."),
        _option("config", "--config", metavar="FILE", check=_not_empty,
                help="Configuration file to use instead of yours."),
        _option("profile", "--profile", metavar="NAME", check=_not_empty,
                help="Configuration profile to use."),
        _option("no_color", "--no-color", is_flag=True, help="No colours."),
    )  # fmt: skip


def version_option() -> TyperOption:
    """`authctl --version` among other options; alone it is answered before Typer is loaded."""
    return TyperOption(
        param_decls=["version", "--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        help="Show the version and exit.",
        callback=_show_version,
        rich_help_panel=COMMON,
    )


def _show_version(ctx: Any, param: Any, value: bool) -> None:
    if value:
        from authctl import __version__

        ctx.environment.stdout.write(f"authctl {__version__}\n")
        raise typer.Exit


@cache
def _writing() -> tuple[TyperOption, ...]:
    return (
        _option("dry_run", "--dry-run", is_flag=True, help="Show what would happen without doing it."),
        _option("reason", "--reason", metavar="TEXT", help="Reason for the audit log."),
        _option("ip", "--ip", metavar="ADDRESS", check=_address, help="IP address the person's request came from."),
        _option("user_agent", "--user-agent", metavar="TEXT", help="User agent of the person's client."),
    )


@cache
def _stepping() -> tuple[TyperOption, ...]:
    return (
        _option("password_stdin", "--password-stdin", is_flag=True,
                help="With --as-session: read the person's current password from stdin."),
        _option("code", "--code", metavar="CODE",
                help="With --as-session: a code from the person's authenticator, or a recovery code."),
        _option("challenge", "--challenge", metavar="ID",
                help="With --as-session: the challenge from `authctl mfa create-challenge` that --code answers."),
    )  # fmt: skip


def _option(
    name: str, *words: str, help: str, metavar: str | None = None, is_flag: bool = False, check: Any = None
) -> TyperOption:
    def note(ctx: Any, param: Any, value: Any) -> None:
        if value or (value == "" and check is _not_empty):
            ctx.given[name] = check(value) if check else value

    return TyperOption(
        param_decls=[name, *words],
        type=None if is_flag else str,
        is_flag=is_flag,
        default=False if is_flag else None,
        metavar=metavar,
        help=help,
        callback=note,
        expose_value=False,
        rich_help_panel=_PANELS.get(name, COMMON),
    )


# Their values stand behind `=` alone: `--prune FILE` names a file.
ALONE = frozenset({"--prune"})


def with_values(command: Any, ctx: Any, args: Sequence[str], *, bare: Set[str] = frozenset()) -> list[str]:
    """The words of a line, whose options have values of their own: `--reason --dry-run` is refused.

    bare: the flags that may stand without a value, which is empty then; of ALONE, the next word never is one.
    `--reason=--dry-run` is a value that is meant.
    """
    params = [*command.params, command.get_help_option(ctx)]
    options = {word: each for each in params for word in (*each.opts, *each.secondary_opts) if word.startswith("-")}
    left, read = list(reversed(args)), []
    while left:
        word = left.pop()
        name, equals, value = word.partition("=")
        read.append(f"{name}={_in_our_words(name, value)}" if equals else word)
        if word == "--" or not (word.startswith("-") or ctx.allow_interspersed_args):
            break
        flag = _flag_that_waits(word, options)
        if flag in bare and (flag in ALONE or not left or _is_option(left[-1], options)):
            read[-1] += "="
        elif flag:
            for _ in range(min(options[flag].nargs, len(left))):
                value = _checked_value(left.pop(), options[flag], options)
                read.append(_in_our_words(flag, value))
    return [*read, *reversed(left)]


def _flag_that_waits(word: str, options: Mapping[str, Any]) -> str | None:
    """The option of a word that takes its value from the next one."""
    if word in options or word.startswith("--"):
        return word if word in options and not options[word].is_flag else None
    for place, letter in enumerate(word[1:], 2) if word.startswith("-") else ():
        option = options.get(f"-{letter}")
        if option is None or not option.is_flag:
            return f"-{letter}" if option is not None and place == len(word) else None
    return None


def _in_our_words(flag: str, value: str) -> str:
    return ELSEWHERE.get(flag, {}).get(value, value)


def _is_option(word: str, options: Container[str]) -> bool:
    return word.partition("=")[0] in options


def _checked_value(value: str, option: Any, options: Container[str]) -> str:
    if not _is_option(value, options):
        return value
    flag, shown = max(option.opts, key=len), value.partition("=")[0]
    raise UsageError(
        "general_usage",
        f"{flag} needs a value, and {shown} is an option.",
        field=str(option.name),
        hint=f"If you mean it as the value: {flag}={shown}",
    )


def _address(value: str) -> str:
    from authctl.core.values import identifiers

    return identifiers.address(value)


def _not_empty(value: str) -> str:
    """A variable of the shell that is not set must not become the default database."""
    if not value:
        raise typer.BadParameter("this is empty; add a value or leave the option out.")
    return value


def _format(value: str) -> Format:
    try:
        return Format(value.lower())
    except ValueError:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(FORMATS)}.") from None


def split(values: list[str] | None) -> list[str]:
    """Repeatable options take commas as well: `--labels a,b --labels c`."""
    return [part for value in values or () for part in (piece.strip() for piece in value.split(",")) if part]


def pairs(values: list[str] | None, flag: str) -> dict[str, str]:
    """Repeatable `KEY=VALUE` as a mapping; dashes in a key stand for underscores."""
    found = {}
    for word in values or ():
        key, equals, value = word.partition("=")
        if not equals:
            # The word is not shown: it may be a secret key.
            raise UsageError("general_usage", f"{flag} takes KEY=VALUE.", field=flag.strip("-").replace("-", "_"))
        found[key.strip().replace("-", "_")] = value
    return found
