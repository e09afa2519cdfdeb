"""How large a team may be: 100,000 are added from a file, and then it is asked beside a team of 100.

    python tests/benchmarks/teams.py [ROUNDS]

On both databases, in a directory of 100,000 users. First the file: memory, speed, and the lines of progress; then whole
commands as processes, and the same in this process, where start-up hides nothing. The aim is at most 1.2 of each
command, and for less than 200 MB. The databases are new in every run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import psycopg
import sqlalchemy as sa
import timing
from make_users import BATCH, _finish, _server, load, rows
from timing import AUTHCTL, environ_of, process

import authctl

FEW, MANY = 100, 100_000
MOST = 1.2
MOST_MEGABYTES = 200
KEY = b64encode(bytes(range(32))).decode()


@contextmanager
def directories() -> Iterator[dict[str, str]]:
    """The URLs of new directories of 100,000 users on both databases."""
    folder = Path(tempfile.mkdtemp(prefix="authctl-teams-"))
    with _server(folder) as server, psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS authctl_benchmark_teams")
        connection.execute("CREATE DATABASE authctl_benchmark_teams TEMPLATE template0 ENCODING 'UTF8'")
        urls = {
            "sqlite": f"sqlite:///{folder}/teams/authctl.db",
            "postgres": sa.make_url(server).set(database="authctl_benchmark_teams").render_as_string(False),
        }
        for url in urls.values():
            process([AUTHCTL, "init"], environ(url))()
            with authctl.open(url, key=KEY) as directory:
                made = rows(MANY)
                while batch := list(islice(made, BATCH)):
                    directory.database.write(partial(load, batch))
                _finish(directory.database, url)
        yield urls


def environ(url: str) -> dict[str, str]:
    """The variables of an empty machine that has the directory's key."""
    return environ_of(Path(tempfile.mkdtemp()), AUTHCTL_DATABASE_URL=url, AUTHCTL_SECRET_KEY=KEY)


def fill(dialect: str, url: str) -> None:
    """Make a team of few and one of many, the second from a file, as an operator would."""
    folder = Path(tempfile.mkdtemp())
    ids = [row["id"] for row, _ in rows(MANY)]
    for team, members in (("few", ids[:FEW]), ("many", ids)):
        process([AUTHCTL, "teams", "create", team, "--id", team], environ(url))()
        path = folder / f"{team}.txt"
        path.write_text("".join(f"{id}\n" for id in members))
        words = ["teams", "create-membership", team, "--users-from", str(path), "--roles", "staff", "--fields", "id"]
        begun = time.perf_counter()
        with open(folder / "stderr", "wb") as stderr:
            child = subprocess.Popen([AUTHCTL, *words], env=environ(url), stdout=subprocess.DEVNULL, stderr=stderr)
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, (folder / "stderr").read_text()
    seconds, megabytes = time.perf_counter() - begun, usage.ru_maxrss / 1024  # kibibytes on Linux
    told = (folder / "stderr").read_text().splitlines()
    print(
        f"\n{dialect}: {MANY:,} added from a file in {seconds:.0f} s ({MANY / seconds:,.0f} a second),"
        f" {megabytes:.0f} MB{' !' * (megabytes > MOST_MEGABYTES)}, {len(told)} lines of progress, the last: {told[-1]}"
    )


def compare(title: str, actions: Callable[[str], dict[str, Callable[[], object]]], rounds: int) -> None:
    """Measure each on both teams, in one run, and print the ratios."""
    of_few, of_many = actions("few"), actions("many")
    both = {(name, "few"): action for name, action in of_few.items()}
    taken = timing.medians(both | {(name, "many"): action for name, action in of_many.items()}, rounds)
    print(f"\n{title:32}{FEW:>12,}{MANY:>12,}   ratio")
    for name in of_few:
        few, many = taken[name, "few"], taken[name, "many"]
        ratio = many / few
        print(f"{name:32}{few * 1000:9.1f} ms{many * 1000:9.1f} ms{ratio:8.2f}{' !' * (ratio > MOST)}")
    sys.stdout.flush()


def commands(url: str, users: tuple[str, str], team: str) -> dict[str, Callable[[], object]]:
    variables = environ(url)

    def run(*words: str) -> Callable[[], None]:
        return process([AUTHCTL, "teams", *words], variables)

    return {
        "get": run("get", team),
        "list-memberships": run("list-memberships", team),
        "list-memberships, roles": run("list-memberships", team, "--filter", "roles ~ staff"),
        "list-memberships, pending": run("list-memberships", team, "--filter", "status = pending"),
        "get-membership": run("get-membership", team, users[0]),
        "update-membership": run("update-membership", team, users[1], "--add", "staff"),
        "list": run("list"),
    }


def verbs(directory: authctl.Directory, users: tuple[str, str], team: str) -> dict[str, Callable[[], object]]:
    teams = directory.teams
    listing = partial(teams.list_memberships, team)
    return {
        "get": partial(teams.get, team),
        "list_memberships": listing,
        "list_memberships, oldest first": partial(listing, sort="invited_at"),
        "list_memberships, roles": partial(listing, filters=["roles ~ staff"]),
        "list_memberships, no such role": partial(listing, filters=["roles ~ nothing"]),
        "list_memberships, confirmed": partial(listing, filters=["status = confirmed"]),
        "list_memberships, pending": partial(listing, filters=["status = pending"]),
        "get_membership": partial(teams.get_membership, team, users[0]),
        "is there another owner": partial(teams.update_membership, team, users[1], add=["staff"]),
    }


def main() -> None:
    rounds = timing.rounds_asked_for(15)
    users = tuple(row["id"] for row, _ in rows(MANY))[:2]
    with directories() as urls:
        for dialect, url in urls.items():
            fill(dialect, url)
            compare(f"{dialect}, commands", partial(commands, url, users), rounds)
            with authctl.open(url, key=KEY) as directory:
                compare(f"{dialect}, from Python", partial(verbs, directory, users), rounds)


if __name__ == "__main__":
    main()
