"""`python -m authctl.cli.completion [FOLDER]` writes the scripts anew, by default into completions/ beside the code."""

from __future__ import annotations

import sys
from pathlib import Path

from authctl.cli.completion.command import script
from authctl.cli.completion.scripts import NAMES


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "completions"
    folder.mkdir(exist_ok=True)
    for shell, name in NAMES.items():
        (folder / name).write_text(script(shell), encoding="utf-8")


if __name__ == "__main__":
    main()
