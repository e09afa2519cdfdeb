"""What the failures of SQLite and Postgres mean to people. No driver's message reaches the user raw.

A driver's words may hold values, and change with its version; they are only read for what kind of failure it was.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from contextlib import suppress

from authctl.errors import AuthctlError, Invalid, Unavailable


def translate(dialect: str, failure: BaseException | None, where: str) -> AuthctlError:
    """The failure of that dialect's driver as an error of ours. where: the database as people may see it."""
    return _translate_sqlite(failure, where) if dialect == "sqlite" else _translate_postgres(failure, where)


def wrappings() -> tuple[type[BaseException], ...]:
    """What SQLAlchemy wraps the drivers' failures in, if it is loaded."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return (loaded.DBAPIError,) if loaded else ()


def violation(failure: BaseException | None) -> str:
    """Which constraint refused a row, by the name Postgres gives it: `users_email_key`, `addresses_pkey`."""
    diagnosis = getattr(failure, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name)
    # SQLite names the columns: "UNIQUE constraint failed: users.email".
    table, _, column = str(failure).rpartition(": ")[2].partition(",")[0].strip().partition(".")
    return f"{table}_{column}_key"


def sqlstate(failure: BaseException | None) -> str | None:
    return getattr(failure, "sqlstate", None)


def foreign(where: str) -> Unavailable:
    return Unavailable(
        "database_foreign",
        f"The database {where} belongs to another program: it has foreign tables.",
        hint="Use a database of its own, or a schema: ?options=-csearch_path%3Dauthctl",
    )


def not_initialized(where: str) -> Unavailable:
    return Unavailable(
        "database_not_initialized",
        f"The database {where} contains no directory yet.",
        hint="Create one with: authctl init",
    )


def no_file(where: str) -> Unavailable:
    return Unavailable(
        "database_unavailable",
        f"The database {where} is not a regular file.",
        hint="Check --database, or AUTHCTL_DATABASE_URL.",
    )


def replaced(where: str) -> Unavailable:
    return Unavailable(
        "database_unavailable",
        f"The database file {where} was moved, deleted or replaced while it was in use.",
        hint=f"Stop every program that uses it. Move {where}, {where}-wal and {where}-shm away, put the right database "
        "there with authctl restore, and start the programs again.",
    )


def full(where: str) -> Unavailable:
    return Unavailable(
        "database_full",
        f"The database {where} has no space left.",
        hint="Nothing was changed. Free some space and try again.",
    )


def orphaned(log: str) -> Unavailable:
    return Unavailable(
        "database_unavailable",
        f"{log} contains the latest changes of a database whose file is gone.",
        hint="Move it to where that file is now, under the same name with its ending. Without the file, remove it.",
    )


_OF_WRITING = {
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_IOERR_SHMSIZE": errno.ENOSPC,  # there is no room for the index of its log
    **dict.fromkeys(("SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"), errno.EIO),
}


def of_full_disk(failure: BaseException, where: str) -> OSError | None:
    """What the operating system calls SQLite's failure to write a file; None for other failures."""
    name = getattr(failure, "sqlite_errorname", "")
    code = _OF_WRITING.get(name)
    return OSError(code, os.strerror(code), where) if code else None


def is_index_without_space(failure: BaseException) -> bool:
    """Whether SQLite found no space on the disk for the index of its log, without which it does not even read."""
    return getattr(failure, "sqlite_errorname", "") == "SQLITE_IOERR_SHMSIZE"


def is_damaged_text(failure: BaseException | None) -> bool:
    """Whether SQLite had bytes for text that are none."""
    return str(failure).startswith("Could not decode to UTF-8")


def is_of_function(failure: BaseException) -> bool:
    """Whether a function of ours could not read what SQLite called it with."""
    return "user-defined function raised exception" in str(failure)


def _translate_sqlite(failure: BaseException | None, where: str) -> AuthctlError:
    name = getattr(failure, "sqlite_errorname", "") or ""
    text = str(failure)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return Unavailable(
            "database_locked",
            f"The database {where} was busy for too long.",
            hint="Another program is writing to it. Try again when it is done.",
        )
    if name.startswith("SQLITE_READONLY"):
        return Unavailable(
            "database_read_only",
            f"The database {where} is not writable.{_owners(where)}",
            hint="Check the permissions of the file and its folder.",
        )
    is_full = name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _disk_is_full(where)
    if name in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE") or is_full:
        return full(where)
    if name == "SQLITE_IOERR_WRITE":
        return Unavailable(
            "database_unavailable",
            f"The database {where} cannot be written.",
            hint="Nothing was changed. Check the disk, its quota and the limit on the size of files.",
        )
    if name == "SQLITE_NOTADB":
        return Unavailable(
            "database_foreign",
            f"The file {where} is not an SQLite database.",
            hint="Check --database, or AUTHCTL_DATABASE_URL.",
        )
    if is_damaged_text(failure) or text.startswith("malformed JSON"):
        message = f"The database {where} contains a value that is impossible."
        return Unavailable("database_damaged", message, hint="See where: authctl security check")
    if name.startswith("SQLITE_CORRUPT") or isinstance(failure, UnicodeDecodeError):
        return Unavailable("database_damaged", f"The database {where} is damaged.", hint="Restore it from a backup.")
    if name.startswith("SQLITE_CANTOPEN"):
        return _cannot_open(where)
    if text.startswith("no such table"):
        return not_initialized(where)
    if text.startswith("no such column"):
        return foreign(where)
    return Unavailable(
        "database_unavailable",
        f"The database {where} failed ({name or type(failure).__name__}).",
        hint="Check the disk and the file's permissions.",
    )


def _cannot_open(where: str) -> AuthctlError:
    if os.path.exists(where) or _is_closed(os.path.dirname(os.path.abspath(where))):
        return Unavailable(
            "database_unavailable",
            f"Cannot open the database {where}.{_owners(where)}",
            hint="Check the permissions of the file and its folder.",
        )
    return Unavailable(
        "database_unavailable",
        f"There is no database at {where}.",
        hint="Check the path, or create a directory there with: authctl init",
    )


def _owners(path: str) -> str:
    """Whose a file and its folder are, and their modes, as a sentence behind another; empty where nobody can tell."""
    told = []
    for what, place in (("file", path), ("folder", os.path.dirname(os.path.abspath(path)))):
        with suppress(ImportError, OSError):
            told.append(f"The {what} is {_owner(place)}.")
    return "".join(f" {each}" for each in told)


def _is_closed(folder: str) -> bool:
    """Whether a folder is there, and nobody can see whether a file is in it."""
    return os.path.isdir(folder) and not os.access(folder, os.X_OK)


def _owner(path: str) -> str:
    """`ada:staff 0660`, by number where a name is not known here."""
    import grp
    import pwd

    found = os.stat(path)
    user, group = str(found.st_uid), str(found.st_gid)
    with suppress(KeyError):
        user = pwd.getpwuid(found.st_uid).pw_name
    with suppress(KeyError):
        group = grp.getgrgid(found.st_gid).gr_name
    return f"{user}:{group} {found.st_mode & 0o7777:04o}"


def _disk_is_full(where: str) -> bool:
    """Whether the disk of a file that is there has no space left, or takes no more files."""
    if not os.path.exists(where):
        return False
    try:
        space = os.statvfs(os.path.dirname(where) or ".")
    except OSError:
        return False
    return space.f_bavail == 0 or (space.f_files > 0 and space.f_favail == 0)


def _translate_postgres(failure: BaseException | None, where: str) -> AuthctlError:
    state = sqlstate(failure)
    if state is None:
        return _no_connection(str(failure), where)
    if state == "42P01":
        return not_initialized(where)
    if state == "42703":
        return foreign(where)
    if state == "23505" and re.search(r"\(seq\)=", _detail(failure)):
        return Unavailable(
            "database_damaged",
            f"The sequences of {where} are behind its rows, as after a move by logical replication.",
            hint="Set them with: authctl upgrade --repair",
        )
    for states, type_, message, hint in _POSTGRES:
        if state.startswith(states):
            return Unavailable(type_, message.format(where=where), hint=hint)
    return Unavailable(
        "database_unavailable",
        f"The database {where} failed (SQLSTATE {state}).",
        hint="See the server's log.",
    )


def _detail(failure: BaseException | None) -> str:
    """What Postgres adds to a violation: `Key (seq)=(1) already exists.`, in the language of the server."""
    return str(getattr(getattr(failure, "diag", None), "message_detail", ""))


def _no_connection(text: str, where: str) -> AuthctlError:
    """What came without an SQLSTATE: the server was not reached, did not let us in, or is gone."""
    for pattern, message, hint in _CONNECTIONS:
        if re.search(pattern, text):
            return Unavailable("database_unavailable", message.format(where=where), hint=hint)
    return Unavailable(
        "database_unavailable",
        f"Cannot reach the database {where}.",
        hint="Check that the server is running, and the host, port and name in the database URL.",
    )


# What libpq and psycopg say when there is no connection. Servers may say it in another language: then it is none of
# these, and the answer is the general one.
_CONNECTIONS: tuple[tuple[str, str, str], ...] = (
    (
        r"authentication failed|no password supplied|no pg_hba|not permitted to log in|role \S+ does not exist",
        "The database {where} rejected the user or password.",
        "Check the user and password in the database URL.",
    ),
    (
        r'database ".*" does not exist',
        "There is no database {where}.",
        "Create it with createdb. Then run authctl init, or authctl restore for a backup.",
    ),
    (
        r"too many (connections|clients)|remaining connection slots",
        "The database {where} accepts no more connections.",
        "Try again, or raise max_connections.",
    ),
    (
        r"session is read-only|server is in hot standby",
        "No server of {where} accepts writes.",
        "Try again in a moment if a standby is being promoted.",
    ),
    (
        r"unrecognized configuration parameter|invalid connection option|invalid \S+ value|query parameter",
        "The URL of {where} has an unknown option.",
        "Check the part after the ? in the database URL.",
    ),
    (
        r"unsupported startup parameter",
        "A pooler in front of {where} rejected authctl's startup options.",
        "Add this to the PgBouncer configuration: ignore_startup_parameters = options",
    ),
    (
        r"system is (starting up|shutting down|in recovery)|not yet accepting connections",
        "The database {where} is starting or stopping.",
        "Try again in a moment.",
    ),
    (
        r"failed to resolve host|could not translate host name",
        "Cannot find the host of {where}.",
        "Check the host in the database URL.",
    ),
    (
        r"timeout expired|timed out",
        "The database {where} did not answer in time.",
        "Check the host and port in the database URL, and the firewall.",
    ),
    (
        r"Connection refused|No such file or directory",
        "Nothing is listening at {where}.",
        "Check that the server is running, and the host and port in the database URL.",
    ),
    (
        r"SSL|certificate",
        "Cannot connect to {where} with encryption.",
        "Check sslmode and the certificates in the database URL.",
    ),
    (
        r"closed the connection|connection is (lost|closed)|terminating connection",
        "The database {where} closed the connection.",
        "Try again when the server is up.",
    ),
)

_POSTGRES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (
        ("42501",),
        "database_read_only",
        "The database user lacks permission in {where}.",
        "Grant it rights on authctl's tables. To create them it needs CREATE on the schema.",
    ),
    (
        ("3F000",),
        "database_unavailable",
        "The schema in the URL of {where} does not exist.",
        "Create it with CREATE SCHEMA, then run: authctl init",
    ),
    (
        ("22P05",),
        "database_unavailable",
        "The database {where} is not in UTF-8, so it cannot hold every character.",
        "Create one that is: createdb --encoding UTF8 --template template0. A directory moves there by a backup.",
    ),
    (("25006",), "database_read_only", "The database {where} is read-only.", "Connect to the primary server."),
    (
        ("53100",),
        "database_full",
        "The database {where} has no space left.",
        "Nothing was changed. Free some space and try again.",
    ),
    (
        ("55P03",),
        "database_locked",
        "Another program locked a row of {where} for too long.",
        "Try again when it is done.",
    ),
    (
        ("40001", "40P01"),
        "database_locked",
        "The database {where} cancelled this too often because of others.",
        "Try again.",
    ),
    (
        ("57014",),
        "database_timeout",
        "The database {where} took too long.",
        "Narrow the search, or try again.",
    ),
    (
        ("57P", "08"),
        "database_unavailable",
        "The database {where} closed the connection.",
        "Try again when the server is up.",
    ),
)


def bad_url(message: str) -> Invalid:
    return Invalid(
        "general_config_invalid",
        message,
        field="database_url",
        hint="Use sqlite:///PATH (four slashes for an absolute path) or postgresql://USER@HOST/NAME.",
    )


def unfit_connection(message: str, hint: str) -> Invalid:
    return Invalid("general_transaction_invalid", message, field="connection", hint=hint)
