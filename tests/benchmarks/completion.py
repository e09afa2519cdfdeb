"""How long the answer to a TAB takes, as ratios to bare Python in one run.

    python tests/benchmarks/completion.py FOLDER [ROUNDS] [COUNT]

FOLDER keeps the directory of COUNT users (a million) for the next time. Each ratio is printed with the most it may be.
Run it with the Python whose pip installed authctl: scripts made by an old pip import `re` first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import make_users
import timing
from timing import AUTHCTL, environ_of, process

MOST = 3.0
ROUNDS, COUNT = 25, 1_000_000
TYPED = ("users=", "users=a", "users=ada.b", "users=user1", "users=+4479", "users=0", "users=zz", "teams=a")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("usage: completion.py FOLDER [ROUNDS] [COUNT]")
    folder = Path(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    count = int(sys.argv[3]) if len(sys.argv) > 3 else COUNT
    url = f"sqlite:///{folder}/{count}/authctl.db"
    if not (folder / str(count)).exists():
        make_users.make(url, count)
    home = folder / "home"
    config = home / ".config/authctl/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'database_url = "{url}"\n')
    environ = environ_of(home, XDG_CONFIG_HOME=str(folder / "nothing"), AUTHCTL_DATABASE_URL=url)
    configured = environ_of(home)
    actions = {
        "bare Python": process([sys.executable, "-c", "pass"], environ),
        "--version": process([AUTHCTL, "--version"], environ),
        **{typed: process([AUTHCTL, "__complete", typed], environ) for typed in TYPED},
        "users=a, of a config": process([AUTHCTL, "__complete", "users=a"], configured),
    }
    postgres = os.environ.get("AUTHCTL_TEST_POSTGRES_URL")
    if postgres:
        there = environ | {"AUTHCTL_DATABASE_URL": postgres}
        actions["users=a, of Postgres"] = process([AUTHCTL, "__complete", "users=a"], there)
    taken = timing.medians(actions, rounds)
    print(f"{'':24}{'ms':>8}{'ratio':>8}{'at most':>9}")
    for name, seconds in taken.items():
        most = MOST if name in TYPED else ""
        print(f"{name:24}{seconds * 1000:8.1f}{seconds / taken['bare Python']:8.2f}{most:>9}")


if __name__ == "__main__":
    main()
