"""What atheris tries, in a process of its own: it has to see each module as it is loaded, so nothing is before that.

    PYTHONPATH=tests python -m proof.targets SOURCE|hashes CORPUS [libFuzzer's options]

The process ends with the first input that is a bug or does not end, and says which; else with status 0.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from datetime import UTC, datetime
from pathlib import Path

HASHES = "hashes"


def main() -> None:
    import atheris

    target, corpus, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["authctl.transfer", "authctl.core.hashing", "authctl.core.values"]):
        from authctl.core import hashing
        from authctl.core.policy.policies import Policy
        from authctl.errors import AuthctlError
        from authctl.transfer import files, reader_process, sources
        from authctl.transfer.validation import Rules

        source = sources.load(target) if target != HASHES else None
        for module in pkgutil.iter_modules(hashing.__path__, f"{hashing.__name__}."):
            importlib.import_module(module.name)
    rules = Rules("proof", datetime(2026, 1, 2, tzinfo=UTC), Policy({}), keeps_raw=True)
    file = Path(corpus).with_suffix(".input")

    def read(content: bytes) -> None:
        file.write_bytes(content)
        try:
            job = reader_process.Job(target, (files.look_at(str(file), None),), {}, rules, 100)
            for _ in reader_process.batches(job, source, os.urandom, None):
                pass
        except AuthctlError:
            return

    def accept(content: bytes) -> None:
        try:
            hashing.verify(hashing.accept(content.decode(errors="surrogateescape")).stored, "x")
        except AuthctlError:
            return

    atheris.Setup([sys.argv[0], corpus, *options], accept if source is None else read)
    try:
        atheris.Fuzz()
    finally:
        file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
