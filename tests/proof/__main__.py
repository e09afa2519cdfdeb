"""The proof: long trials of what must hold, whatever is done.

    python tests/proof [--minutes 60 | --rounds N] [--only TRIAL]… [--seed N]
        [--database sqlite|postgres | --authctl PATH]

A trial goes in rounds, each with a seed of its own; trials and databases take turns. A round that finds a fault
prints its smallest example, and the next goes on. In the end there is a table of what was done and found, and the
status is 1 if anything was. `--seed` begins where an earlier run did, which prints it.

`--authctl` tries another tree, such as an older one, through the command line in its virtual environment.
"""

import argparse
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    sys.path[0] = str(Path(__file__).parents[1])  # where the doubles are, and the package of this file
    from proof import runner
    from proof.command_line import CommandLine

    parser = argparse.ArgumentParser(prog="python tests/proof", description=(__doc__ or "").split("\n")[0])
    lasts = parser.add_mutually_exclusive_group()
    lasts.add_argument("--minutes", type=float, default=60, help="how long all trials take together (60)")
    lasts.add_argument("--rounds", type=int, help="how often each trial is made instead")
    parser.add_argument("--seed", type=int, help="where to begin; else anywhere")
    parser.add_argument("--only", action="append", default=[], choices=runner.TRIALS, help="this one; can be repeated")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--database", choices=runner.DATABASES, help="only this one")
    where.add_argument("--authctl", type=Path, metavar="PATH", help="another tree's, through its command line")
    given = parser.parse_args()
    if given.authctl is not None:
        places: dict[str, Any] = {"command line": lambda: CommandLine(given.authctl)}
    else:
        places = {given.database: runner.DATABASES[given.database]} if given.database else runner.PLACES
    return runner.run(given.minutes, given.seed, places, given.only, given.rounds)


if __name__ == "__main__":
    sys.exit(main())
