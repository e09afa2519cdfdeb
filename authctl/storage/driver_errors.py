"""What the failures of SQLite and Postgres mean to people. No driver's message reaches the user raw.

A driver's words may hold values, and change with its version; they are only read for what kind of failure it was.
"""

from __future__ import annotations

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
        f"The database {where} belongs to another program: its tables are not authctl's.",
        hint="Name a database of authctl's own, or a schema of it with ?options=-csearch_path%3Dauthctl",
    )


def not_initialized(where: str) -> Unavailable:
    return Unavailable(
        "database_not_initialized",
        f"The database {where} holds no directory yet.",
        hint="Make one there with: authctl init",
    )


def _translate_sqlite(failure: BaseException | None, where: str) -> AuthctlError:
    name = getattr(failure, "sqlite_errorname", "") or ""
    text = str(failure)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return Unavailable(
            "database_locked",
            f"The database {where} was busy for too long.",
            hint="Another program writes to it; try again when that is done.",
        )
    if name.startswith("SQLITE_READONLY"):
        return Unavailable(
            "database_read_only",
            f"The database {where} cannot be written to.{_owners(where)}",
            hint="Check who may write to the file and to its folder.",
        )
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and _disk_is_full(where)):
        return Unavailable(
            "database_full",
            f"No space is left for the database {where}.",
            hint="Free some space and try again; nothing was changed.",
        )
    if name == "SQLITE_NOTADB":
        return Unavailable(
            "database_foreign",
            f"The file {where} is not an SQLite database.",
            hint="Check --database, or AUTHCTL_DATABASE_URL.",
        )
    if name.startswith("SQLITE_CORRUPT"):
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
            f"The database {where} cannot be opened.{_owners(where)}",
            hint="Check who may read and write the file and its folder.",
        )
    return Unavailable(
        "database_unavailable",
        f"There is no database at {where}.",
        hint="Check the path, or make a directory there with: authctl init",
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
    try:
        space = os.statvfs(os.path.dirname(where) or ".")
    except OSError:
        return False
    return space.f_bavail == 0


def _translate_postgres(failure: BaseException | None, where: str) -> AuthctlError:
    state = sqlstate(failure)
    if state is None:
        return _no_connection(str(failure), where)
    if state == "42P01":
        return not_initialized(where)
    if state == "42703":
        return foreign(where)
    for states, type_, message, hint in _POSTGRES:
        if state.startswith(states):
            return Unavailable(type_, message.format(where=where), hint=hint)
    return Unavailable(
        "database_unavailable",
        f"The database {where} failed (SQLSTATE {state}).",
        hint="The log of the server says more.",
    )


def _no_connection(text: str, where: str) -> AuthctlError:
    """What came without an SQLSTATE: the server was not reached, did not let us in, or is gone."""
    for pattern, message, hint in _CONNECTIONS:
        if re.search(pattern, text):
            return Unavailable("database_unavailable", message.format(where=where), hint=hint)
    return Unavailable(
        "database_unavailable",
        f"The database {where} cannot be reached.",
        hint="Check that the server runs, and the host, port and name in the database URL.",
    )


# What libpq and psycopg say when there is no connection. Servers may say it in another language: then it is none of
# these, and the answer is the general one.
_CONNECTIONS: tuple[tuple[str, str, str], ...] = (
    (
        r"authentication failed|no password supplied|no pg_hba|not permitted to log in|role \S+ does not exist",
        "The database {where} refuses the user or the password.",
        "Check the user and password in the database URL.",
    ),
    (
        r'database ".*" does not exist',
        "There is no database {where}.",
        "Make it with createdb; then authctl init makes a directory in it, or authctl restore puts a backup there.",
    ),
    (
        r"too many (connections|clients)|remaining connection slots",
        "The database {where} takes no more connections.",
        "Try again, or raise max_connections.",
    ),
    (
        r"unrecognized configuration parameter|invalid connection option|invalid \S+ value|query parameter",
        "The URL of {where} has an option that the database does not know.",
        "Check what stands behind the ? in the database URL.",
    ),
    (
        r"unsupported startup parameter",
        "A pooler in front of {where} does not take authctl's startup options.",
        "For PgBouncer put this into its configuration: ignore_startup_parameters = options",
    ),
    (
        r"system is (starting up|shutting down|in recovery)|not yet accepting connections",
        "The database {where} is just starting or stopping.",
        "Try again in a moment.",
    ),
    (
        r"failed to resolve host|could not translate host name",
        "The host of {where} is not known.",
        "Check the host in the database URL.",
    ),
    (
        r"timeout expired|timed out",
        "The database {where} did not answer in time.",
        "Check the host and port in the database URL, and that no firewall stands between.",
    ),
    (
        r"Connection refused|No such file or directory",
        "Nothing listens at {where}.",
        "Check that the server runs, and the host and port in the database URL.",
    ),
    (
        r"SSL|certificate",
        "No encrypted connection to {where} could be made.",
        "Check sslmode and the certificates in the database URL.",
    ),
    (
        r"closed the connection|connection is (lost|closed)|terminating connection",
        "The database {where} ended the connection.",
        "Try again when the server is up.",
    ),
)

_POSTGRES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (
        ("42501",),
        "database_read_only",
        "The database user may not do this in {where}.",
        "Grant it the rights on the tables of authctl; to make them it needs CREATE on the schema, as an owner has.",
    ),
    (
        ("3F000",),
        "database_unavailable",
        "The schema that the URL of {where} names is not there.",
        "Make it with CREATE SCHEMA, then run: authctl init",
    ),
    (("25006",), "database_read_only", "The database {where} is read-only.", "Connect to the primary server."),
    (
        ("53100",),
        "database_full",
        "No space is left for the database {where}.",
        "Free some space and try again; nothing was changed.",
    ),
    (
        ("55P03",),
        "database_locked",
        "Another program held a row of {where} for too long.",
        "Try again when that is done.",
    ),
    (
        ("40001", "40P01"),
        "database_locked",
        "The database {where} gave this up for another's sake too often.",
        "Try again.",
    ),
    (
        ("57014",),
        "database_timeout",
        "The database {where} took longer than allowed.",
        "Narrow the search, or try again.",
    ),
    (
        ("57P", "08"),
        "database_unavailable",
        "The database {where} ended the connection.",
        "Try again when the server is up.",
    ),
)


def bad_url(message: str) -> Invalid:
    return Invalid(
        "general_config_invalid",
        message,
        field="database_url",
        hint="Write sqlite:///PATH (four slashes for an absolute path) or postgresql://USER@HOST/NAME.",
    )
