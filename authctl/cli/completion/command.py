"""`authctl completion`: the script of a shell, printed, or put where the shell looks for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from authctl.cli.answer_fields import COMPLETION
from authctl.cli.commands import UNAVAILABLE, Commands
from authctl.cli.context import Context
from authctl.cli.output import Format
from authctl.errors import Unavailable, UsageError
from authctl.settings import new_files
from authctl.settings.paths import find_home

COMMANDS = Commands("authctl")

OURS = "Generated from its commands by `authctl completion"


class Shell(StrEnum):
    """The shells that there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


# Where each looks for what a person has installed: the variable that names the folder, where that is by default, and
# the file in it. zsh and PowerShell look nowhere by themselves.
PLACES = {
    Shell.BASH: ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/authctl"),
    Shell.ZSH: ("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_authctl"),
    Shell.FISH: ("XDG_CONFIG_HOME", ".config", "fish/completions/authctl.fish"),
    Shell.POWERSHELL: ("XDG_CONFIG_HOME", ".config", "powershell/authctl.ps1"),
}
NEXT = {
    Shell.BASH: "A new bash finds it there with the package bash-completion; without, let ~/.bashrc say: source {file}",
    Shell.ZSH: "Let ~/.zshrc say, before compinit: fpath=({folder} $fpath)",
    Shell.FISH: "A new fish finds it there.",
    Shell.POWERSHELL: "Let $PROFILE say: . {file}",
}
HOW = """\
Each of these prints the script of a shell; with --install it says where the script
would be put, and with --install --yes it puts it there.

  authctl completion bash
  authctl completion zsh
  authctl completion fish
  authctl completion powershell

To try one in this shell alone:

  bash        source <(authctl completion bash)
  zsh         source <(authctl completion zsh)
  fish        authctl completion fish | source
  powershell  authctl completion powershell | Out-String | Invoke-Expression
"""


@COMMANDS.command(
    COMPLETION,
    exits=(UNAVAILABLE,),
    example=(
        "authctl completion bash > authctl.bash",
        "authctl completion zsh --install",
        "authctl completion fish --install --yes",
    ),
)
def completion(
    ctx: Context,
    shell: Annotated[
        Shell | None,
        typer.Argument(metavar="|".join(Shell), help="Which shell's; without it, how to.", show_default=False),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Say where the script would be put; with --yes, put it there.")
    ] = False,
) -> None:
    """Print what completes words in a shell, or install it. No file of the shell's own is edited.

    Words and options are in the script. Ids and names it asks of the database; AUTHCTL_COMPLETE_DATA=0 turns that off.
    """
    is_sure = "yes" in ctx.given
    if install:
        if shell is None and is_sure:
            raise UsageError("general_usage", "Say for which shell: bash, zsh, fish or powershell.", field="shell")
        shells = [shell] if shell else [*Shell]
        records = [_installed(ctx, each, is_sure=is_sure) for each in shells]
        if shell and ctx.output.format is Format.TABLE:
            ctx.output.show(records[0])  # whole: files and what to do next are long
        else:
            ctx.output.stream(records)
        if not is_sure:
            ctx.output.tell(f"Nothing was written yet: {'' if shell else 'name the shell and '}add --yes.")
    else:
        ctx.environment.stdout.write(script(shell) if shell else HOW)


def script(shell: str) -> str:
    """A shell's script, made of the commands that there are."""
    from authctl.cli.completion import bash, fish, powershell, tree, zsh

    scripts = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script, "powershell": powershell.script}
    return scripts[shell](tree.read())


def place(shell: Shell, environ: Mapping[str, str]) -> str:
    """The path of the file in which a shell, or its owner, expects the script."""
    variable, beside_home, file = PLACES[shell]
    if shell is Shell.BASH and environ.get("BASH_COMPLETION_USER_DIR"):
        return os.path.join(environ["BASH_COMPLETION_USER_DIR"], "completions", "authctl")
    base, home = environ.get(variable, ""), find_home(environ)
    if os.path.isabs(base):
        return os.path.join(base, file)
    if home is None:
        raise Unavailable(
            "file_unavailable", "HOME is not set, so there is no place for the script.", hint=f"Set HOME or {variable}."
        )
    return os.path.join(home, beside_home, file)


def _installed(ctx: Context, shell: Shell, *, is_sure: bool) -> dict[str, object]:
    from shlex import quote

    file = place(shell, ctx.environment.environ)
    if is_sure:
        _write(file, script(shell))
    told = NEXT[shell].format(file=quote(file), folder=quote(os.path.dirname(file)))
    return {"shell": str(shell), "file": file, "installed": is_sure, "next": told}


def _write(file: str, text: str) -> None:
    """Put the script into its file, all at once; another's file of that name is left alone."""
    try:
        if os.path.lexists(file) and not _is_ours(file):
            raise Unavailable(
                "file_unavailable",
                f"The file {file} is not authctl's.",
                hint="Move it away, or write the script yourself: authctl completion SHELL > FILE",
            )
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with new_files.draft(file, replaces=True) as draft:
            os.chmod(draft, 0o644)
            with open(draft, "w", encoding="utf-8") as opened:
                opened.write(text)
    except OSError as error:
        raise Unavailable(
            "file_unavailable",
            f"The file {file} cannot be written: {error.strerror}.",
            hint="Write it elsewhere: authctl completion SHELL > FILE",
        ) from None


def _is_ours(file: str) -> bool:
    with open(file, encoding="utf-8", errors="replace") as opened:
        return OURS in opened.read(1000)
