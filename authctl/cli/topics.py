"""`authctl help`: what all commands have in common, a page a topic; and every command's own page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from authctl.cli import help as help_pages
from authctl.cli.commands import Commands
from authctl.cli.context import Context
from authctl.errors import EXIT_STATUSES, TYPES, UsageError, did_you_mean
from authctl.model import WeakHash

COMMANDS = Commands("authctl")

WEAK_HASHES = {
    WeakHash.KEEP: "They are stored as they are, until their users sign in. `authctl users import-status`"
    " counts those left.",
    WeakHash.WRAP: "They are put inside argon2id at once: the same passwords sign in, and nobody who steals the"
    " database can guess fast. It takes as long as hashing every password.",
    WeakHash.RESET: "They are left out: their users have no password until it is reset.",
}

Rows = Sequence[tuple[str, str]]


@COMMANDS.command(example=("authctl help", "authctl help exit-codes", "authctl help users create"))
def help(
    ctx: Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC|COMMAND...", help="A topic, or the words of a command.")
    ] = None,
) -> None:
    """Explain a topic, or a command. Without one, it lists the topics."""
    formatter = ctx.make_formatter()
    if not words:
        _contents(formatter)
    elif words == ["sample-config"]:
        from authctl.settings import reference

        ctx.environment.stdout.write(reference.sample())
    elif len(words) == 1 and words[0] in TOPICS:
        summary, write = TOPICS[words[0]]
        formatter.write_text(summary)
        write(formatter)
    else:
        ctx.environment.stdout.write(_page_of(ctx, words))
    # In ASCII, as every help page is.
    ctx.environment.stdout.write(formatter.getvalue().replace("…", "..."))


def _contents(formatter: Any) -> None:
    help_pages.write_rows("Topics", list(summaries().items()), formatter)
    formatter.write_paragraph()
    formatter.write_text("A topic's page: authctl help TOPIC. A command's: authctl help users create, or --help.")


def _page_of(ctx: Context, words: Sequence[str]) -> str:
    """The help page of the command that the words name."""
    found: Any = ctx.find_root().command
    context: Any = ctx.find_root()
    for depth, word in enumerate(words):
        child = found.get_command(context, word) if hasattr(found, "get_command") else None
        if child is None:
            raise _unknown(words[: depth + 1], [*getattr(found, "commands", ()), *(summaries() if depth == 0 else ())])
        context = type(ctx)(child, info_name=word, parent=context)
        found = child
    return str(found.get_help(context)) + "\n"


def _unknown(words: Sequence[str], known: Sequence[str]) -> UsageError:
    hint = did_you_mean(words[-1], known).strip() or "List the topics with: authctl help"
    return UsageError(
        "general_usage", f"There is no topic or command '{' '.join(words)[:80]}'.", field="topic", hint=hint
    )


# The pages


def _exit_codes(formatter: Any) -> None:
    rows = [(str(int(status)), meaning) for status, meaning in EXIT_STATUSES.items()]
    help_pages.write_rows("Exit statuses", rows, formatter)
    _paragraphs(
        formatter,
        "A failed command changed nothing. Status 8 is of bulk work: what could be done is done, and each refusal is "
        "told on stderr.",
        "Every error has a type that does not change between releases. With -o json or jsonl it is one object on "
        "stderr: error.type, error.message, error.hint, error.field, and error.errors with all that was wrong.",
    )
    types = [(f"{type} ({int(status)})", meaning) for type, (status, meaning) in TYPES.items()]
    help_pages.write_rows("Types of errors, and their statuses", types, formatter)


def _output(formatter: Any) -> None:
    _paragraphs(
        formatter,
        "stdout has results only; notes, questions, progress and errors are on stderr.",
        "On a terminal results are tables. In a pipe they are tab-separated values: no header, nothing cut, nothing "
        "coloured. -o json, jsonl, csv, tsv or table says otherwise, for good with the setting output.format.",
        "A table is one line a row: long cells end in …, and columns that do not fit are named below it. -o wide cuts "
        "nothing.",
        "JSON is exact: names in snake_case, times in UTC with milliseconds and Z, what is absent is null. A list is "
        "an array; with jsonl it is one object a line, streamed.",
        "--fields id,email,password.set chooses fields and their order. An unknown one is told, with those there are.",
        "Text of users is never trusted in tables and TSV: control characters and the like are shown escaped. CSV "
        "cells that a spreadsheet would take for formulas have an apostrophe before them; --csv-raw leaves it out.",
        "A closed pipe (authctl users list --all | head) is no error. NO_COLOR, FORCE_COLOR and COLUMNS are obeyed.",
        "At a terminal a change answers with a sentence and the fields that it changed. The whole record comes with "
        "-o or --fields, and in a pipe.",
        "Every change takes --dry-run: the same work, undone at its end; the answer then has dry_run and changes.",
    )


def _secrets(formatter: Any) -> None:
    _paragraphs(
        formatter,
        "A word on the command line can be seen by others on the machine, and stays in the shell's history. So secrets "
        "come by other ways, each command naming its own:",
    )
    help_pages.write_rows(
        "Ways in",
        [
            ("a prompt", "On a terminal, without showing what is typed; twice where it is new."),
            ("--password-stdin", "The first line of stdin is the password."),
            ("--secret-stdin", "The same for codes, tokens and the secrets of sessions."),
            ("--password-fd N", "The first line of that file descriptor."),
            ("AUTHCTL_SESSION", "The secret of the session that --as-session and `authctl sessions` act for."),
            ("..._FILE", "Settings that are secret can be read from a file: AUTHCTL_EMAIL_PASSWORD_FILE=PATH."),
        ],
        formatter,
    )
    _paragraphs(
        formatter,
        "With --as-session, where a password is changed, the first line of stdin is the current one and the second the "
        "new. If AUTHCTL_SESSION is not set, the session's secret comes before both.",
        "What a command makes (a token, a session's secret, recovery codes) is printed once, on stdout, and kept as a "
        "digest alone. The directory's secret key is in a file of its own: without it, authenticators and signing keys "
        "in the database are of no use. Keep a copy apart from the database's.",
    )


def _sharing(formatter: Any) -> None:
    help_pages.write_rows(
        "Steps",
        [
            ("groupadd authctl", "As root: a group of the administrators."),
            ("usermod -aG authctl ada", "Add each of them. It counts from the next time they sign in."),
            ("install -d -m 2770 -g authctl /srv/authctl", "A folder of the group: what is made there is the group's."),
        ],
        formatter,
    )
    _paragraphs(
        formatter,
        'In /etc/authctl/config.toml, for everybody: database_url = "sqlite:////srv/authctl/directory.db" and '
        'secret_key_file = "/srv/authctl/secret.key".',
        "Then make the directory and open it to the group: authctl init && chmod 660 /srv/authctl/directory.db* && "
        "chmod 640 /srv/authctl/secret.key",
        "SQLite gives the files that it makes beside the database the same mode, whatever your umask. Other files that "
        "people put there follow it: umask 007. A backup is for the one who made it; so is the copy that upgrade "
        "makes.",
        "`authctl security check` accepts that the group of a setgid folder may use its files, and still finds what is "
        "open to everybody. The audit log says who did what.",
    )


def _environment(formatter: Any) -> None:
    from authctl.settings.reference import reference

    rows = [
        ("AUTHCTL_CONFIG", "The configuration file to read instead of yours (--config)."),
        ("AUTHCTL_PROFILE", "The profile of the configuration to use (--profile)."),
        ("AUTHCTL_SESSION", "The secret of the session to act for."),
        ("AUTHCTL_COMPLETE_DATA", "0 keeps completion from reading the database."),
        ("NO_COLOR, FORCE_COLOR", "Whether tables are coloured."),
        ("COLUMNS", "The width of tables and help pages."),
        ("XDG_CONFIG_HOME, XDG_DATA_HOME", "Where your configuration and the default database are."),
    ]
    named = {name for name, _ in rows}
    settings = [(ways.split(", ")[0], help) for _, ways, _, _, help in reference()]
    help_pages.write_rows("Variables", rows, formatter)
    more = [(name, help) for name, help in settings if name not in named]
    help_pages.write_rows("Variables of settings", more, formatter)
    _paragraphs(
        formatter,
        "What is said later wins: defaults, the system's configuration, yours, its profile, variables, options. "
        "`authctl status` shows each setting and where it came from; `authctl help sample-config` has them all.",
    )


def _policies(formatter: Any) -> None:
    from authctl.core.policy import policies

    rows = [
        (entry.name, f"{entry.help} {entry.kind.range}; by default {policies.shown(entry.name, entry.default)[1]}.")
        for entry in policies.DECLARATIONS.values()
    ]
    help_pages.write_rows("Policies", rows, formatter)
    _paragraphs(
        formatter,
        "They are kept in the database, so that every operator and every application obeys them. Change one with "
        "`authctl security set NAME VALUE`, many with `authctl security apply FILE.toml` or a preset: recommended, "
        "appwrite, supabase.",
    )


def _formats(formatter: Any) -> None:
    from authctl.cli.users.imports import OWN_OPTIONS
    from authctl.core import hashing
    from authctl.core.hashing import base
    from authctl.transfer import sources, targets
    from authctl.transfer.importing import COMMON_OPTIONS
    from authctl.transfer.sources import authctl, field_mapping

    taken = [(name, each.help) for name, each in sources.NAMES.items()]
    given = [(name, each.help) for name, each in targets.NAMES.items()]
    help_pages.write_rows("Import sources, for users import --from", taken, formatter)
    flags = (*OWN_OPTIONS, "hash_config")
    known_by = {"every source": COMMON_OPTIONS} | {name: dict(sources.load(name).options) for name in sources.NAMES}
    for name, known in known_by.items():
        options = known.items()
        rows = [(key, f"{help}; or --{key.replace('_', '-')}" if key in flags else help) for key, help in options]
        help_pages.write_rows(f"Options of {name}, for --source-option KEY=VALUE", rows, formatter)
    _paragraphs(
        formatter,
        "A value that cannot be taken is left out, and the user comes in without it: it is counted as lost, told, and "
        "kept in metadata under `imported` unless it may be a secret. Fields that are not read count "
        "as lost, too; --source-option unmapped=metadata keeps them, whatever the source. --strict refuses the record "
        "instead of leaving a value out; --max-lost N stops the import, with status 8, when more than N are lost.",
    )
    _paragraphs(formatter, f"Fields that map takes: {field_mapping.TARGETS_SHOWN}.")
    help_pages.write_rows("authctl's own JSON, for users import --from authctl", list(authctl.SHAPE.items()), formatter)
    _paragraphs(
        formatter,
        "One object for each user, one a line or in a list; what is missing is left as it is. `users export` writes "
        "it, with --with-hashes and --with-secrets all of it. In CSV, names inside objects are joined with dots: "
        "password.hash.",
    )
    help_pages.write_rows("Export formats, for users export --format", given, formatter)
    for name in targets.NAMES:
        rows = list(targets.load(name).options.items())
        help_pages.write_rows(f"Options of {name}, for --target-option KEY=VALUE", rows, formatter)
    rows = [
        (entry.name, entry.help + (f" (also {', '.join(entry.aliases)})" if entry.aliases else ""))
        for entry in hashing.names()
    ]
    help_pages.write_rows("Password hashes, for --hash", rows, formatter)
    own = [
        (entry.name, ", ".join(each.name for each in entry.options if each not in base.PEPPER))
        for entry in hashing.names()
    ]
    rows = [*((name, options) for name, options in own if options), ("each of them", "pepper_file, pepper_position")]
    help_pages.write_rows("What they were made with, for --hash-option KEY=VALUE", rows, formatter)
    _paragraphs(
        formatter,
        "A hash is judged by its shape and its cost when it comes in, never by trying it. An import counts each as "
        "strong, legacy or weak. Whatever it is, the first good sign-in replaces it by argon2id of today.",
    )
    rows = [(str(strength), meaning) for strength, meaning in base.STRENGTHS.items()]
    help_pages.write_rows("How strong a hash is", rows, formatter)
    rows = [(str(choice), meaning) for choice, meaning in WEAK_HASHES.items()]
    help_pages.write_rows("What becomes of weak ones, by --weak-hashes; all others are kept", rows, formatter)


def _messages(formatter: Any) -> None:
    from authctl.core.messages import compose
    from authctl.core.messages.builtin import MessageKind

    _paragraphs(
        formatter,
        "Mails and text messages are in English, unless you write them yourself. A file in the folder of the setting "
        "`templates` takes the place of a part: KIND.subject and KIND.txt of a mail, KIND.txt of a text message, "
        "KIND.html where the HTML is not to be made of the text.",
        "A text has fields in braces. A paragraph with an empty field is left out, so one text does for a mail with a "
        "link and for one with a code. A file that cannot be used is refused by its name, and nothing is sent.",
    )
    steps = [
        ("1 Write", "templates/de/recovery.subject and templates/de/recovery.txt; pt-BR, zh-Hant and so on likewise."),
        ("2 Say who reads it", "authctl users update-locale ada@example.com de, --locale when users are made."),
        ("3 Say what others read", 'The setting locale, as in locale = "de". It is en unless you set it.'),
        ("4 Try it", "authctl security test-delivery email you@example.com --locale de"),
    ]
    help_pages.write_rows("Messages in other languages", steps, formatter)
    _paragraphs(
        formatter,
        "For a reader of de-AT the first of these with a file is taken: templates/de-AT, templates/de, templates, the "
        "built-in English. {time} and {validity} are written in the language of the folder, with pip install "
        "'authctl[languages]'; without it as 2026-01-02 03:04 UTC and 10 min. {change} and {ended} are always English.",
    )
    rows = [(str(kind), " ".join(sorted(compose.fields(kind)))) for kind in MessageKind]
    help_pages.write_rows("Messages, and their fields beside application, page and, in mails, email", rows, formatter)


def _paragraphs(formatter: Any, *texts: str) -> None:
    for text in texts:
        formatter.write_paragraph()
        formatter.write_text(text)


def summaries() -> dict[str, str]:
    """What each topic is about, by its name."""
    sample = {"sample-config": "Every setting, as a configuration file to begin with."}
    return {name: summary for name, (summary, _) in TOPICS.items()} | sample


TOPICS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "exit-codes": ("What a command's exit status says, and the types of errors.", _exit_codes),
    "output": ("How results are written, and what a script can rely on.", _output),
    "secrets": ("How passwords, codes and keys go in and out.", _secrets),
    "environment": ("The variables that are read, and what each sets.", _environment),
    "policies": ("Every security policy, its range and its default.", _policies),
    "sharing": ("How several administrators use one SQLite file.", _sharing),
    "messages": ("How to write mails and text messages yourself, in every language.", _messages),
    "formats": ("What can be imported, exported, and taken for a password hash.", _formats),
}
