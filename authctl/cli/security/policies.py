"""`authctl security`: the policies in force, and changing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from authctl.cli.answer_fields import DIFFERENCE, POLICIES, POLICY
from authctl.cli.commands import INVALID, STDIN, UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.output import Format
from authctl.cli.security import COMMANDS
from authctl.core.policy import policies
from authctl.errors import Invalid, Unavailable, UsageError
from authctl.model import Json

FILE_SIZE = 1_048_576  # bytes; some hundred times all policies


@COMMANDS.command(
    POLICIES,
    exits=(INVALID,),
    example=(
        "authctl security show",
        "authctl security show session-duration",
        "authctl security show -o toml > policies.toml",
    ),
)
def show(
    ctx: Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Only these policies.", show_default=False)
    ] = None,
) -> None:
    """Show the policies. JSON is one object: {NAME: VALUE, ...}, durations in seconds, null for off.

    -o toml writes the format that `authctl security apply` reads.
    """
    _show_policies(ctx, ctx.directory.security.show(names or ()))


@COMMANDS.command(
    POLICY,
    name="set",
    writes=True,
    says="Set {name}.",
    exits=(INVALID,),
    example=(
        "authctl security set session-duration 30d",
        "authctl security set password-strength upper,lower,digit",
        "authctl security set session-idle-timeout off",
    ),
)
def set_(
    ctx: Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As `authctl help policies` lists them.", show_default=False)
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Its new value; the same page has its range.", show_default=False)
    ],
) -> None:
    """Set a policy. It applies at once, to every operator and application."""
    held = ctx.directory.security.set(name, value)
    _warn(ctx, {name: held})
    _show_policies(ctx, {name: held})


@COMMANDS.command(
    POLICY,
    writes=True,
    says="Reset {name}.",
    exits=(INVALID,),
    example=("authctl security reset session-duration", "authctl security reset --all --dry-run"),
)
def reset(
    ctx: Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="The policies.", show_default=False)
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Reset policies to their defaults."""
    if all == bool(names):
        raise UsageError("general_usage", "Name policies, or use --all.", field="name")
    _show_policies(ctx, ctx.directory.security.reset(names or (), all=all))


@COMMANDS.command(
    DIFFERENCE,
    writes=True,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security apply policies.toml --dry-run",
        "authctl security apply supabase",
        "authctl security show -o toml | authctl security apply -",
    ),
)
def apply(
    ctx: Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|PRESET|-",
            help=f"A TOML file, - for stdin, or a preset: {', '.join(policies.PRESETS)}.",
            show_default=False,
        ),
    ],
) -> None:
    """Set policies from a file or a preset. Shows what changed.

    Policies that a file does not name stay as they are. If anything is wrong, all
    errors are listed and nothing changes.

    Files with teams and users, too, are applied with `authctl apply`.
    """
    wanted = source if source in policies.PRESETS else policies.parse_file(_read(ctx, source))
    differences = ctx.directory.security.apply(wanted)
    _warn(ctx, {each.name: each.after for each in differences})
    ctx.tell_dry_run()
    with ctx.output.bulk():
        for each in differences:
            before, after = (_form(ctx, each.name, value) for value in (each.before, each.after))
            ctx.output.show({"name": each.name, "before": before, "after": after} | _dry_run(ctx, each.name))
    if not differences:
        ctx.output.note("Nothing to change.")


def _show_policies(ctx: Context, held: Mapping[str, Any]) -> None:
    """Policies as one object in JSON and TOML, as rows in tables and where --fields asks for them."""
    output = ctx.output
    if ctx.is_quiet_change:
        return
    if output.format is Format.TOML:
        output.show_toml({name: policies.plain(name, value) for name, value in held.items()})
    elif output.speaks_json and output.fields is None:
        ctx.show({name: policies.shown(name, value)[0] for name, value in held.items()})
    elif ctx.answers_in_words and len(held) == 1:
        [(name, value)] = held.items()
        changes = ctx.directory.changes
        changes[:] = [replace(each, before=_text(name, each.before), after=_text(name, each.after)) for each in changes]
        ctx.show({"name": name, "value": policies.shown(name, value)[1]})
    else:
        rows = [_row(ctx, name, value) | _dry_run(ctx, name) for name, value in held.items()]
        ctx.tell_dry_run()
        if len(rows) == 1:
            output.show(rows[0])
        elif output.format is Format.TABLE:
            # Defaults stand out where something else holds.
            output.stream(row if row["changed"] else row | {"default": None} for row in rows)
        else:
            output.stream(rows)


def _text(name: str, held: Json | None) -> Json | None:
    """What a policy was, or is, as people write it."""
    return held and {"value": policies.shown(name, policies.parse(name, held["value"]))[1]}


def _row(ctx: Context, name: str, value: Any) -> Json:
    declaration = policies.get(name)
    return {
        "name": name,
        "value": _form(ctx, name, value),
        "default": _form(ctx, name, declaration.default),
        "changed": value != declaration.default,
        "range": declaration.kind.range,
        "help": declaration.help,
    }


def _form(ctx: Context, name: str, value: Any) -> Any:
    """A policy's value for programs where they read JSON, else for people."""
    json, text = policies.shown(name, value)
    return json if ctx.output.speaks_json else text


def _dry_run(ctx: Context, name: str) -> Json:
    """What the row of a policy has beyond a real one's."""
    if not ctx.is_dry_run:
        return {}
    changes = [change.public() for change in ctx.directory.changes if change.resource == f"policies/{name}"]
    return {"dry_run": True, "changes": changes}


def _warn(ctx: Context, held: Mapping[str, Any]) -> None:
    """What policies that were set do not do, as far as it can be told now."""
    _warn_of_missing_file(ctx, held)
    _warn_of_unused_labels(ctx, held)
    if not held.get("sign-in-methods", True):
        ctx.output.warn("Nobody can sign in or sign up any more. Sessions that are open stay.")


def _warn_of_unused_labels(ctx: Context, held: Mapping[str, Any]) -> None:
    """A mistyped word is a label, and asks nobody."""
    whom = held.get("mfa-required", "off")
    for label in () if isinstance(whom, str) else whom:
        if not ctx.directory.users.count(filters=[f"labels ~ {label}"]):
            ctx.output.warn(f"The policy mfa-required names the label {label!r}, but no user has it.")


def _warn_of_missing_file(ctx: Context, held: Mapping[str, Any]) -> None:
    """Applications on other machines may have the file; on this one, no password could be set."""
    from authctl.core.credentials import breached

    path = held.get(breached.POLICY)
    if path is not None:
        try:
            breached.check(path)
        except Unavailable as error:
            ctx.output.warn(error.message)


def _read(ctx: Context, source: str) -> str:
    """The text of a file, or of stdin."""
    try:
        text = _read_stdin(ctx) if source == STDIN else _read_file(source)
    except OSError as error:
        raise Unavailable(
            "file_unavailable",
            f"Cannot read {source!r}: {error.strerror}.",
            field="source",
            hint=f"Name a file or a preset: {', '.join(policies.PRESETS)}.",
        ) from error
    if len(text) > FILE_SIZE:
        raise Invalid("general_argument_invalid", f"The policies have more than {FILE_SIZE:,} bytes.", field="source")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("general_argument_invalid", "The policies are not UTF-8 text.", field="source") from None


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(FILE_SIZE + 1)


def _read_stdin(ctx: Context) -> bytes:
    text = b""
    while len(text) <= FILE_SIZE and (line := ctx.environment.read_line(FILE_SIZE)):
        text += line
    return text
