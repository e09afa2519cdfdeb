"""The beginnings of words that a shell completes, found by the drivers alone, within a keystroke's time.

Nothing here imports SQLAlchemy, `re` or `typing`: the answer would come too late. Nothing is written, nobody is
waited for, and whatever goes wrong is no answer.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs milliseconds; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Select = Callable[[str, list[str]], list[Any]]  # a statement and its parameters → rows

MOST = 50
BUSY_TIMEOUT = 0.2  # seconds that a writer is waited for
STEPS, LOOKS = 10_000, 400  # so many times so many of SQLite's instructions: some tenths of a second
CONNECT_TIMEOUT, STATEMENT_TIMEOUT = 2, 500  # seconds, the least that libpq takes; milliseconds

# What every shell takes for text, wherever it stands in a word. A value with anything else in it is never offered.
SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._+:-")
UNSAFE_FIRST = frozenset("@.:-")  # @ splats in PowerShell, - begins an option
BEHIND_SAFE = "\x7f"  # sorts behind all of them


class Completed:
    """What can be asked for. source: its rows, as t. columns: each by which one is named.

    owner: whose they are, where the line names a user or a team. live: only those that have not ended. named: a column
    may be told, as in `email:ada@example.com`. names: the table whose t.name names something only where it is unique.
    """

    __slots__ = ("columns", "live", "named", "names", "owner", "source")

    def __init__(
        self,
        source: str,
        *columns: str,
        owner: str | None = None,
        live: bool = False,
        named: bool = False,
        names: str | None = None,
    ) -> None:
        self.source, self.columns = source, columns
        self.owner, self.live, self.named, self.names = owner, live, named, names

    def condition(self, column: str) -> str:
        """What must hold for the column of a row to name it."""
        if self.names is None or column != "t.name":
            return "true"
        return f"NOT EXISTS (SELECT 1 FROM {self.names} AS o WHERE o.name = t.name AND o.seq <> t.seq)"  # noqa: S608 - our own names


KINDS = {
    "users": Completed("users AS t", "t.email", "t.username", "t.phone", "t.id", named=True),
    "emails": Completed("users AS t", "t.email"),
    "phones": Completed("users AS t", "t.phone"),
    "teams": Completed("teams AS t", "t.name", "t.id", named=True, names="teams"),
    "memberships": Completed(
        "memberships AS t JOIN users AS u ON u.seq = t.user_seq", "u.email", "u.username", "t.id", owner="teams"
    ),
    "sessions": Completed("sessions AS t", "t.id", owner="users", live=True),
    "tokens": Completed("tokens AS t", "t.id", owner="users", live=True),
    "identities": Completed("identities AS t", "t.id", owner="users"),
    "authenticators": Completed("authenticators AS t", "t.name", owner="users"),
    "challenges": Completed("challenges AS t", "t.id", live=True),
    "imports": Completed("imports AS t", "t.id"),
    "mock-phones": Completed("mock_phones AS t", "t.phone"),
}
# Of an owner: the column that refers to it, and by which columns it is named, as they are told.
OWNERS = {
    "users": (
        "t.user_seq",
        {
            "id": "id = ?",
            "email": "seq = (SELECT user_seq FROM addresses WHERE address = ?)",
            "phone": "phone = ?",
            "username": "username_key = ?",
        },
    ),
    "teams": ("t.team_seq", {"id": "id = ?", "name": "name = ?"}),
}
IN_LOWER_CASE = frozenset({"email", "username"})
# Usernames are indexed without regard to case, emails as addresses.
ADDRESS = "a.address"
KEYS = {"t.username": "t.username_key", "u.username": "u.username_key", "t.email": ADDRESS, "u.email": ADDRESS}


def find(url: str, kind: str, typed: str, owners: dict[str, str]) -> list[str]:
    """At most 50 words of a kind that begin with what was typed; the newest where nothing was.

    owners: the "users" and "teams" of the line. Nothing where the database cannot be read at once.
    """
    asked = KINDS[kind]
    prefix, columns = _columns(asked, typed, owners)
    typed = typed[len(prefix) :]
    if not SAFE.issuperset(typed):
        return []
    is_sqlite = url.startswith("sqlite")
    search = _search_sqlite if is_sqlite else _search_postgres
    safe = "{} NOT GLOB '*[^A-Za-z0-9@._+:-]*'" if is_sqlite else "{} ~ '^[A-Za-z0-9@._+:-]+$'"

    def words(select: Select) -> Iterator[str]:
        if typed:
            for column in columns:
                yield from (row[0] for row in select(*_beginning(asked, column, typed, safe, owners)))
        else:
            for row in select(*_newest(asked, columns, owners)):
                yield next((word for word in row if word and is_safe(word)), "")

    found: dict[str, None] = {}
    for word in search(url, words):
        if word.startswith(typed) and is_safe(word) and len(found) < MOST:
            found[prefix + word] = None
    return [*found]


def is_safe(word: str) -> bool:
    """Whether every shell takes a word for text."""
    return bool(word) and SAFE.issuperset(word) and word[0] not in UNSAFE_FIRST


def _columns(asked: Completed, typed: str, owners: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """The columns to look in, and what of the typed word says so: `email:`."""
    name, colon, _ = typed.partition(":")
    told = tuple(column for column in asked.columns if column.endswith("." + name))
    if asked.named and colon and told:
        return name + colon, told
    # The members of all teams are too many to look through.
    return "", asked.columns if asked.owner is None or asked.owner in owners else asked.columns[-1:]


def _beginning(asked: Completed, column: str, typed: str, safe: str, owners: dict[str, str]) -> tuple[str, list[str]]:
    """The statement for the words of a column that begin so, by its index."""
    key = KEYS.get(column, column)
    begin = typed if key == column else typed.lower()
    owned, parameters = _owned(asked, owners)
    condition = f"{key} >= ? AND {key} < ? AND {safe.format(column)} AND {asked.condition(column)}"
    source = asked.source
    if key == ADDRESS:
        source += f" JOIN addresses AS a ON a.user_seq = {column[0]}.seq AND {key} = {column}"
    statement = f"SELECT {column} FROM {source} WHERE {condition}{_live(asked)}{owned}"  # noqa: S608 - names of ours
    return f"{statement} ORDER BY {key} LIMIT {MOST}", [begin, begin + BEHIND_SAFE, *parameters]


def _newest(asked: Completed, columns: tuple[str, ...], owners: dict[str, str]) -> tuple[str, list[str]]:
    """The statement for the newest rows: what each could be named by, the best first."""
    owned, parameters = _owned(asked, owners)
    words = [f"CASE WHEN {asked.condition(column)} THEN {column} END" for column in columns]
    statement = f"SELECT {', '.join(words)} FROM {asked.source} WHERE true{_live(asked)}{owned}"  # noqa: S608 - ours
    return f"{statement} ORDER BY t.seq DESC LIMIT {MOST}", parameters


def _live(asked: Completed) -> str:
    return " AND t.ended_at IS NULL" if asked.live else ""


def _owned(asked: Completed, owners: dict[str, str]) -> tuple[str, list[str]]:
    """The condition that what is found is the user's, or the team's, that the line names."""
    if asked.owner is None or asked.owner not in owners:
        return "", []
    reference, names = OWNERS[asked.owner]
    name = owners[asked.owner]
    told, colon, rest = name.partition(":")
    if colon and told in names:
        names, name = {told: names[told]}, rest
    condition = f" AND {reference} IN (SELECT seq FROM {asked.owner} WHERE {' OR '.join(names.values())})"  # noqa: S608 - ours
    return condition, [name.lower() if each in IN_LOWER_CASE else name for each in names]


def _search_sqlite(url: str, words: Callable[[Select], Iterator[str]]) -> list[str]:
    import os
    import sqlite3

    path = url.partition("://")[2].removeprefix("/")
    # Without a write-ahead log nobody is writing, and none needs to be made, which readers leave behind.
    mode = "ro" if os.path.exists(path + "-wal") else "ro&immutable=1"
    for character in "%?#":  # the first of them first, which the others' escapes hold
        path = path.replace(character, f"%{ord(character):02x}")
    looks = iter(range(LOOKS))
    try:
        connection = sqlite3.connect(f"file:{path}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = on")
            connection.set_progress_handler(lambda: next(looks, None) is None, STEPS)
            return list(words(lambda statement, parameters: connection.execute(statement, parameters).fetchall()))
        finally:
            connection.close()
    except sqlite3.Error:
        return []


def _search_postgres(url: str, words: Callable[[Select], Iterator[str]]) -> list[str]:
    import psycopg

    scheme, _, rest = url.partition("://")
    url = f"{scheme.partition('+')[0]}://{rest}"
    try:
        theirs = psycopg.conninfo.conninfo_to_dict(url).get("options") or ""
        ours = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT}"
        options = f"{theirs} {ours}".strip()
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT, options=options, autocommit=True) as connection:
            # One after another, without a transaction: nobody waits for what is only read.
            return list(
                words(
                    lambda statement, parameters: connection.execute(
                        statement.replace("?", "%s").encode(), parameters, prepare=False
                    ).fetchall()
                )
            )
    except psycopg.Error:
        return []
