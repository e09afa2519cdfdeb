"""`authctl apply` and `pull`: the directory as code, both ways."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from authctl.cli.answer_fields import PLAN, PULLED
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, STDIN, UNAVAILABLE, Commands
from authctl.cli.context import Context
from authctl.cli.environment import is_utf8
from authctl.cli.escaping import safe_toml
from authctl.cli.output import Format
from authctl.errors import Invalid, Unavailable, UsageError
from authctl.settings import new_files

if TYPE_CHECKING:
    from authctl.core.manifests.plans import Plan, Prune
    from authctl.core.manifests.reading import Manifest

COMMANDS = Commands("authctl")
FILE_SIZE = 64 * 1_048_576  # bytes of one file; some hundred times 10,000 users


@COMMANDS.command(
    PLAN,
    writes=True,
    makes=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE),
    example=(
        "authctl apply directory.toml --plan",
        "authctl apply directory.toml --reason 'New term'",
        "authctl apply directory.toml --prune --yes",
        "authctl apply directory.toml --check",
    ),
)
def apply(
    ctx: Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|FOLDER...", help="TOML files, folders of them, or - for stdin.", show_default=False
        ),
    ],
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be done, and do nothing.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Do nothing, and end with status 3 if the directory differs.")
    ] = False,
    prune: Annotated[
        str | None,
        typer.Option(
            "--prune",
            metavar="block|delete",
            help="Take away what this manifest brought and no longer names. Its users are blocked, or with"
            " --prune=delete deleted.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The manifest's name; by default the file's or the folder's."),
    ] = None,
) -> None:
    """Apply TOML files: teams and their members, users, policies, mock phones.

    Everything is done, or nothing. What the files do not name stays as it is. The plan shows what is added (+),
    changed (~) and removed (-); outside a terminal, -o table shows it too. In JSON it is {"manifest": NAME, "changes":
    [{"action", "kind", "name", "before", "after", "source"}]}.

    `authctl help apply` explains the files, and `authctl pull` writes them.
    """
    manifest = _read(ctx, paths, name)
    pruning = _prune(prune)
    if plan or check:
        done = _apply(ctx, manifest, pruning, dry_run=True)
        _show(ctx, done, is_planned=True)
        if check and done.steps:
            raise Invalid(
                "directory_differs",
                f"The directory differs from the manifest {manifest.name}: {_counted(done)}.",
                hint="To apply it, run the command without --check. To see what is there as a file: authctl pull",
            )
        return
    confirmed = None if ctx.is_dry_run or "yes" in ctx.given else _confirm(ctx, manifest, pruning)
    done = _apply(ctx, manifest, pruning, dry_run=ctx.is_dry_run, confirmed=confirmed)
    ctx.tell_dry_run()
    _show(ctx, done, is_planned=ctx.is_dry_run)


@COMMANDS.command(
    PULLED,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl pull > directory.toml",
        "authctl pull --teams --users 'labels ~ staff' -",
        "authctl pull --policy",
    ),
)
def pull(
    ctx: Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A new file; stdout if left out.", show_default=False)
    ] = STDIN,
    teams: Annotated[bool, typer.Option("--teams", help="The teams and their members.")] = False,
    users: Annotated[
        list[str] | None,
        typer.Option(
            "--users", metavar="FILTER", help="The users of a filter, as `authctl users list --filter` takes it."
        ),
    ] = None,
    policy: Annotated[bool, typer.Option("--policy", help="The policies that are set, and the mock phones.")] = False,
) -> None:
    """Write the directory to a TOML file for `authctl apply`. By default everything.

    No password, factor, session or token is in the file, and no invitation by a person.
    """
    from authctl.core.manifests import pulling

    parts = pulling.pull(ctx.directory, teams=teams, users=users, policy=policy)
    if file == STDIN:
        ascii = not is_utf8(ctx.environment.stdout)
        for part in parts:
            ctx.environment.stdout.write(safe_toml(part, ascii=ascii))
        ctx.output.flush()
        return
    _write(ctx, file, parts)
    ctx.output.note(f"Wrote {file}.")


def _write(ctx: Context, path: str, parts: Iterator[str]) -> None:
    """Write a new file that others cannot read; one that is there is overwritten only if that is agreed to."""
    if os.path.isdir(path):
        message = f"{path!r} is a folder."
        raise Invalid("general_argument_invalid", message, field="file", hint=f"Name a file, such as {path}/all.toml.")
    if os.path.exists(path):
        ctx.confirm(f"The file {path} is there already. Overwrite it?")
    try:
        with new_files.draft(path, replaces=True) as draft, open(draft, "w", encoding="utf-8") as target:
            target.writelines(safe_toml(part, ascii=False) for part in parts)
    except OSError as error:
        message = f"The file {path!r} cannot be written: {error.strerror}."
        raise Unavailable("file_unavailable", message, field="file") from error


# What is to be applied


def _read(ctx: Context, paths: Sequence[str], name: str | None) -> Manifest:
    from authctl.core.manifests import reading

    if name is None and (len(paths) > 1 or paths[0] == STDIN):
        hint = "By its name, the manifest knows later what it brought."
        raise UsageError("general_usage", "Give the manifest a name with --name.", field="name", hint=hint)
    files = [file for path in paths for file in _files(path)]
    return reading.read(name or Path(paths[0]).resolve().stem, [(file, _text(ctx, file)) for file in files])


def _files(path: str) -> list[str]:
    """The TOML files of a folder, in the order of their names; any other path is a file's."""
    if not os.path.isdir(path):
        return [path]
    found = sorted(str(each) for each in Path(path).rglob("*.toml"))
    if not found:
        message = f"There is no .toml file in the folder {path!r}."
        raise Unavailable("file_unavailable", message, field="paths")
    return found


def _text(ctx: Context, path: str) -> str:
    try:
        text = _stdin(ctx) if path == STDIN else _bytes(path)
    except OSError as error:
        message = f"The file {path!r} cannot be read: {error.strerror}."
        raise Unavailable("file_unavailable", message, field="paths") from error
    if len(text) > FILE_SIZE:
        raise Invalid("manifest_invalid", f"{path} has more than {FILE_SIZE:,} bytes.", field="paths")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("manifest_invalid", f"{path} is not UTF-8 text.", field="paths") from None


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(FILE_SIZE + 1)


def _stdin(ctx: Context) -> bytes:
    lines, size = [], 0
    while size <= FILE_SIZE and (line := ctx.environment.read_line(FILE_SIZE)):
        lines.append(line)
        size += len(line)
    return b"".join(lines)


def _prune(word: str | None) -> Prune | None:
    from authctl.core.manifests.plans import Prune

    if word is None:
        return None
    if word not in ("", *Prune):
        raise UsageError("general_usage", "Use --prune, or --prune=delete.", field="prune")
    return Prune(word or Prune.BLOCK)


# Doing and showing it


def _apply(
    ctx: Context, manifest: Manifest, prune: Prune | None, *, dry_run: bool, confirmed: Plan | None = None
) -> Plan:
    from authctl.core.manifests import applying

    directory = ctx.directory.acting(ctx.directory.actor, dry_run=dry_run)
    return applying.apply(directory, manifest, prune=prune, confirmed=confirmed)


def _confirm(ctx: Context, manifest: Manifest, prune: Prune | None) -> Plan | None:
    """The plan, agreed to by the person at the terminal; None where it takes nothing away from anybody."""
    found = _apply(ctx, manifest, prune, dry_run=True)
    if not found.takes_away:
        return None
    if ctx.environment.is_interactive:
        from authctl.cli import plan_diff

        look = ctx.output.look()
        plan_diff.write(found.changes(), ctx.environment.stderr.write, look)
    ctx.confirm(f"Apply the manifest {manifest.name}: {_counted(found)}?")
    return found


def _counted(plan: Plan, *, done: bool = False) -> str:
    from authctl.core.manifests.plans import Action

    words = ((Action.CREATE, "to add"), (Action.CHANGE, "to change"), (Action.REMOVE, "to remove"))
    if done:
        words = ((Action.CREATE, "added"), (Action.CHANGE, "changed"), (Action.REMOVE, "removed"))
    return ", ".join(f"{plan.count(action):,} {word}" for action, word in words if plan.count(action))


def _show(ctx: Context, plan: Plan, *, is_planned: bool) -> None:
    """The plan as a diff for people, as an object in JSON, as a row a change elsewhere."""
    output, changes = ctx.output, plan.changes()
    for note in plan.notes:
        output.warn(note)
    if output.format is Format.JSON and output.fields is None:
        planned = {"dry_run": True} if is_planned else {}
        output.show_json({"manifest": plan.manifest} | planned | {"changes": changes})
    elif output.format is Format.TABLE and output.fields is None:
        from authctl.cli import plan_diff

        shown = [each for each in changes if "generated_password" in each] if output.quiet else changes
        plan_diff.write(shown, ctx.environment.stdout.write, output.look())
        if not output.quiet:
            ctx.environment.stdout.write(f"{_summary(plan, is_planned=is_planned)}\n")
        output.flush()
    else:
        with output.bulk():
            for each in changes:
                output.show(each)
        if not changes:
            output.note("Nothing differs.")


def _summary(plan: Plan, *, is_planned: bool) -> str:
    if not plan.steps:
        return "Nothing differs."
    return f"Plan: {_counted(plan)}." if is_planned else f"Done: {_counted(plan, done=True)}."
