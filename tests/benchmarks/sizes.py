"""What 1, 10 and 100 million users need on Postgres: the table of authctl/manual/sizes.md.

    python tests/benchmarks/sizes.py

Computed from the bytes that written.py measures, at 100,000 users, and from what is assumed of people below. A test
holds the page to what this prints.
"""

from __future__ import annotations

from collections.abc import Callable

USERS = (1, 10, 100)  # millions
MILLION = 1_000_000

# Bytes of tables and indexes, as written.py shows them; of the indexes alone, what a sign-in reads.
# Events of one user and sessions of one second share entries of an index there: with 20 bytes for those that do not.
USER, SESSION, EVENT = 1_195, 280, 330
KNOWN_SOURCE, ATTEMPT = 130, 120
SIGN_IN_INDEXES, SEARCH_INDEXES = 340, 235
LOG_OF_SIGN_IN, LOG_OF_SIGN_OUT = 1_950, 1_150

# What is assumed of people, and left as it is by default but for log-retention.
SIGN_INS = 4  # a month
SOURCES = 3  # that a user is known from
SESSIONS = 10 + SIGN_INS  # session-limit, and those that ended in the last 30 days
EVENTS = 2 * SIGN_INS * 12  # in a log-retention of a year: of a sign-in, and of the end of a session or another change
BUSIEST = 0.1  # of a day's sign-ins, in its busiest hour
PURGE = 5_000  # rows a second, pauses included


def rows() -> list[tuple[str, list[str]]]:
    """The lines of the table: what, and how much of it for each number of users."""
    disk = {
        "accounts, with search": USER,
        "sessions": SESSIONS * SESSION,
        "audit log of a year": EVENTS * EVENT,
        "known sources, attempts": SOURCES * KNOWN_SOURCE + ATTEMPT,
    }
    per_day = SIGN_INS / 30
    purged = 4 * per_day  # a session, its two events and a count of attempts
    return [
        *((what, _each(each, _bytes)) for what, each in disk.items()),
        ("disk in all", _each(sum(disk.values()), _bytes)),
        ("", []),
        ("memory: indexes of sign-ins", _each(SIGN_IN_INDEXES, _bytes)),
        ("memory: search index", _each(SEARCH_INDEXES, _bytes)),
        ("", []),
        ("sign-ins a day", _each(per_day, _count)),
        ("a second, in the busiest hour", _each(per_day * BUSIEST / 3600, _count)),
        ("Postgres' own log a day", _each(per_day * (LOG_OF_SIGN_IN + LOG_OF_SIGN_OUT), _bytes)),
        ("", []),
        ("rows of a daily purge", _each(purged, _count)),
        ("how long it takes", _each(purged / PURGE, _time)),
    ]


def _each(of_user: float, shown: Callable[[float], str]) -> list[str]:
    return [shown(millions * MILLION * of_user) for millions in USERS]


def _bytes(count: float) -> str:
    size, unit = (count / 10**12, "TB") if count >= 10**12 else (count / 10**9, "GB")
    return f"{size:.0f} {unit}" if size >= 10 else f"{size:.1f} {unit}"


def _count(count: float) -> str:
    """With the two digits that count."""
    return f"{round(count, min(0, 2 - len(str(int(count))))):,.0f}"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def table() -> str:
    """The table, as the page has it."""
    lines = [("users", [f"{millions} million" for millions in USERS]), *rows()]
    return "".join(f"{what:30}{''.join(f'{value:>13}' for value in values)}".rstrip() + "\n" for what, values in lines)


if __name__ == "__main__":
    print(table(), end="")
