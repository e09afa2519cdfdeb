"""How long commands take to start, as ratios to what they cannot do without, in one run.

    python tests/benchmarks/startup.py [ROUNDS]

Each ratio is printed with the most it may be. Run it with the Python whose pip installed authctl: scripts
made by an old pip import `re`, which --version then pays for.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import timing
from timing import AUTHCTL, environ_of, process

IMPORT_TYPER = "import typer"
DRAW_HELP = "import typer, typer.rich_utils"
QUERY = """
import typer, sqlalchemy
with sqlalchemy.create_engine("sqlite:///{path}").connect() as db:
    print(db.execute(sqlalchemy.text("SELECT * FROM users WHERE email = :email"), {{"email": "ada@example.com"}}).one())
"""

# What is measured, what it is compared with, and the most it may be of that.
TARGETS = (
    ("--version", "bare Python", 1.5),
    ("--help", "typer + rich_utils", 1.15),
    ("users --help", "typer + rich_utils", 1.15),
    ("users create --help", "typer + rich_utils", 1.15),
    ("--help", "typer", None),
    ("usage error", "typer", None),
    ("usage error", "typer + rich_utils", 1.15),
    ("users get", "typer + query", 1.15),
    ("users list", "typer + query", None),
    ("users update-name", "typer + query", None),
)


def main() -> None:
    rounds = timing.rounds_asked_for(25)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environ = environ_of(home)
        process([AUTHCTL, "users", "create", "--email", "ada@example.com", "--name", "Ada Lovelace"], environ)()
        path = home / ".local/share/authctl/authctl.db"

        def ours(line: str, status: int = 0) -> object:
            return process([AUTHCTL, *line.split()], environ, status=status)

        def python(text: str) -> object:
            return process([sys.executable, "-c", text], environ)

        taken = timing.medians(
            {
                "bare Python": python("pass"),
                "typer": python(IMPORT_TYPER),
                "typer + rich_utils": python(DRAW_HELP),
                "typer + query": python(QUERY.format(path=path)),
                "--version": ours("--version"),
                "--help": ours("--help"),
                "users --help": ours("users --help"),
                "users create --help": ours("users create --help"),
                "usage error": ours("users gte ada@example.com", 2),
                "users get": ours("users get ada@example.com -o json"),
                "users list": ours("users list"),
                "users update-name": ours("users update-name ada@example.com Ada"),
            },
            rounds,
        )
    for name, seconds in taken.items():
        print(f"{name:24}{seconds * 1000:8.1f} ms")
    print(f"\n{'ratio':46}{'at most':>8}")
    for name, base, most in TARGETS:
        print(f"{name:20} / {base:20}{taken[name] / taken[base]:6.2f}{most or '':>8}")


if __name__ == "__main__":
    main()
