"""How long a writer waits beside a purge of very many rows, on both databases.

    python tests/benchmarks/purging.py [ROWS]

A million sessions that are over, where nothing is said, a quarter as many tokens, counts of attempts and known sources;
and beside the purge of all of them another process that writes one event after the other. Its longest wait is to be
below 200 ms. The purge of events is in audit.py.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from audit import ALONE, BATCH, KEY, MOST, directories, show_waits

import authctl
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.storage import bulk

COLUMNS = {
    "sessions": ("id", "user_seq", "secret_digest", "provider", "factors", "created_at", "used_at", "expires_at"),
    "tokens": ("id", "user_seq", "kind", "created_at", "expires_at", "by_operator"),
    "attempts": ("bucket", "count", "since"),
    "known_sources": ("user_seq", "source", "seen_at"),
}


def rows(table: str, count: int) -> Iterator[tuple[object, ...]]:
    """Rows of that table which were over in 1970; one in ten sessions is not."""
    for number in range(count):
        if table == "sessions":
            end = 1000 if number % 10 else 10**13
            yield f"s{number}", 1, number.to_bytes(32, "big"), "email", '["password"]', 0, 0, end
        elif table == "tokens":
            yield f"t{number}", 1, "email", 0, 1000, False
        elif table == "attempts":
            yield f"user:{number}", 1, 0
        else:
            yield 1, f"198.18.{number >> 8}.{number & 255}", 0


def fill(directory: Directory, count: int) -> None:
    directory.users.create(id="ada")
    for table, columns in COLUMNS.items():
        made = rows(table, count if table == "sessions" else count // 4)
        while batch := list(islice(made, BATCH)):
            directory.database.write(lambda db, batch=batch: bulk.insert(db, table, columns, batch))  # noqa: B023


def measure(name: str, url: str, count: int) -> float:
    with authctl.open(url, key=KEY) as directory:
        setup.initialize(directory, directory.settings)
        fill(directory, count)
        waits = partial(show_waits, name, url)
        waits("nothing", lambda: time.sleep(ALONE))
        removed: list[object] = []
        longest = waits("purge", lambda: removed.append(directory.security.purge(force=True)))
        print(f"{name:9} {removed[0]}", flush=True)
        return longest


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="authctl-purging-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with directories(Path(folder)) as urls:
            worst = max(measure(name, url, count) for name, url in urls.items())
    print(f"longest wait: {worst * 1000:.1f} ms; at most {MOST * 1000:.0f}")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
