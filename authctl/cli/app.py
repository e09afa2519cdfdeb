"""The command line from words to exit status: the groups, and the one place where errors become messages.

main (authctl/__main__.py) → run → the group's module → the command → core → output
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import Any

import typer

from authctl.cli.commands import Group, LazyGroup, build_command
from authctl.cli.environment import Environment
from authctl.cli.options import version_option
from authctl.cli.output import Format, Output
from authctl.errors import AuthctlError, ExitStatus, Interrupted, Unavailable

# Name → (the module that holds it, what it does). Modules load when one of their commands is asked for.
GROUPS = {
    "users": ("authctl.cli.users", "Create, find, change and delete users."),
    "teams": ("authctl.cli.teams", "Create teams, invite and remove members, assign roles."),
    "sessions": ("authctl.cli.sessions", "Sign in, see who is signed in, sign out."),
    "tokens": ("authctl.cli.tokens", "Send and redeem codes and links: sign in, verify, change."),
    "mfa": ("authctl.cli.mfa", "Manage authenticators, recovery codes and challenges."),
    "security": ("authctl.cli.security", "Policies, the audit log, security checks."),
}
DIRECTORY = {
    "init": ("authctl.cli.setup", "Create a directory in an empty database, and its key."),
    "upgrade": ("authctl.cli.setup", "Update the database schema to this version of authctl."),
    "status": ("authctl.cli.setup", "Show the database, its health and your settings."),
    "apply": ("authctl.cli.apply", "Apply TOML files: teams, users, policies."),
    "pull": ("authctl.cli.apply", "Write the directory to a TOML file."),
    "backup": ("authctl.cli.backup", "Save the whole directory to a new file."),
    "restore": ("authctl.cli.backup", "Restore a backup into an empty database."),
}
PROGRAM = {
    "completion": ("authctl.cli.completion.command", "Set up completion in bash, zsh, fish and PowerShell."),
    "help": ("authctl.cli.topics", "Explain a topic or a command."),
}
SECTIONS = {"Groups of commands": GROUPS, "The whole directory": DIRECTORY, "This program": PROGRAM}
WORDS = GROUPS | DIRECTORY | PROGRAM

DESCRIPTION = """A user directory, administered from the terminal. It is kept in a SQLite file, which the first command
creates, or in a Postgres database. There is no server to run."""
EXAMPLES = (
    'authctl users create --email ada@example.com --name "Ada Lovelace"',
    "authctl users list --search ada",
    "authctl users get ada@example.com -o json",
    "authctl status",
)


# How writing to a stream ends where its disk is full or gone, or nobody reads it any more.
OUTPUT_FAILURES = frozenset(
    {errno.EPIPE, errno.ECONNRESET, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
)

NO_THREAD = "can't start new thread"  # Python's words where the system gives none: it has no class of its own for it


class Root(LazyGroup):
    """All of it; a line without a word is answered with what to do next."""

    def __init__(self) -> None:
        settings = {"help_option_names": ["-h", "--help"]}
        super().__init__("authctl", DESCRIPTION, WORDS, more=[version_option()], context_settings=settings)

    @property
    def sections(self) -> Mapping[str, Mapping[str, str]]:
        return {title: {name: help for name, (_, help) in words.items()} for title, words in SECTIONS.items()}

    @property
    def examples(self) -> Sequence[str]:
        return EXAMPLES

    def build(self, name: str) -> Any:
        module, help = WORDS[name]
        declared = import_module(module).COMMANDS
        return Group(declared, help) if name in GROUPS else build_command(declared.get(name))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args:
            return super().parse_args(ctx, args)
        from authctl.cli import welcome

        welcome.write(ctx)
        raise typer.Exit


def run(args: Sequence[str], environment: Environment | None = None) -> int:
    """Run one command line and return its exit status."""
    environment = environment or Environment.of_process()
    status: int = ExitStatus.DONE
    with redirect_stdout(environment.stdout), redirect_stderr(environment.stderr):
        try:
            status = _run(args, environment)
            environment.stdout.flush()
        except BrokenPipeError:
            # Whoever read the results has seen enough: `authctl users list | head -1` is no failure.
            environment.silence()
        except OSError as error:
            if not _is_of_output(error):
                raise
            environment.silence()
            return _tell(_unwritten(error), args, {}, environment)
    return status


def _run(args: Sequence[str], environment: Environment) -> int:
    meta: dict[str, Any] = {}
    try:
        command = Root()
        with command.make_context("authctl", list(args), obj=environment) as ctx:
            meta = ctx.meta
            command.invoke(ctx)
    except typer.Exit as finished:
        return finished.exit_code
    except OSError as error:
        if _is_of_output(error):
            raise
        return _tell(_told_of_system(error) or _unexpected(error), args, meta, environment)
    except MemoryError:
        return _tell(_no_memory(), args, meta, environment)
    except (KeyboardInterrupt, typer.Abort):
        environment.stderr.write("\n" if environment.stderr_isatty else "")
        return _tell(Interrupted("general_interrupted", "Stopped."), args, meta, environment)
    except typer.TyperException as error:
        from authctl.cli import usage_errors

        return _tell(
            usage_errors.of_line(error, meta.get("reading") or getattr(error, "ctx", None)), args, meta, environment
        )
    except AuthctlError as error:
        return _tell(error, args, meta, environment)
    except Exception as error:  # noqa: BLE001 - the last handler: internals stay inside
        told = _no_thread() if str(error) == NO_THREAD else _unexpected(error)
        return _tell(told, args, meta, environment)
    return ExitStatus.DONE


def _tell(error: AuthctlError, args: Sequence[str], meta: dict[str, Any], environment: Environment) -> int:
    output = meta.get("output") or Output(environment, _format_asked_for(args))
    output.error(error)
    return error.status


def _format_asked_for(args: Sequence[str]) -> Format | None:
    """How results were to be written, of a line that could not be read."""
    asked = ["json" if word == "--json" else word.removeprefix("--output=").removeprefix("-o") for word in args]
    beginnings = ("-o", "--output", "--json")
    values = [
        asked[place + 1] if word in ("-o", "--output") and word != args[-1] else asked[place]
        for place, word in enumerate(args)
        if word.startswith(beginnings)
    ]
    return Format.JSON if {"json", "jsonl"} & set(values) else None


def _is_of_output(error: OSError) -> bool:
    """Whether results could not be handed over; what fails to open a file names it, and is told where it is opened."""
    return error.filename is None and error.errno in OUTPUT_FAILURES


def _unwritten(error: OSError) -> AuthctlError:
    return Unavailable(
        "file_unavailable",
        f"Cannot write the results: {error.strerror}.",
        hint="Any change was made all the same. Check before you repeat it.",
    )


def _told_of_system(error: OSError) -> AuthctlError | None:
    """What happens anywhere, also where Python loads a part of the program."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        message = "Too many files are open, so that no more can be opened."
        return Unavailable(
            "file_unavailable", message, hint="Raise the limit, and run the command again: ulimit -n 256"
        )
    if error.errno == errno.ENOENT and error.filename is None:  # where a path is made absolute
        message = "The current folder no longer exists."
        return Unavailable("file_unavailable", message, hint="Change to another folder, and run the command again.")
    return None


def _no_thread() -> AuthctlError:
    return Unavailable(
        "file_unavailable",
        "No more threads can be started.",
        hint="Raise the limit (ulimit -u), and run the command again.",
    )


def _no_memory() -> AuthctlError:
    return Unavailable(
        "file_unavailable",
        "Memory ran out.",
        hint="Free some memory or raise the limit (ulimit -v). Check what was done before you repeat it.",
    )


def _unexpected(error: Exception) -> AuthctlError:
    """A bug. What a report needs is where it happened; values may be secrets, and stay here."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place = code.co_filename.rpartition(f"authctl{os.sep}")[2]
        frames.append(f"{place}:{trace.tb_lineno}")
        trace = trace.tb_next
    return AuthctlError(
        "general_unexpected",
        f"Bug in authctl: {type(error).__name__} at {' < '.join(reversed(frames[-4:]))}.",
        hint="Please report this line and what you did. Nothing was changed.",
    )
