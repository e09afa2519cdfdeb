"""What comes in, changed by a fuzzer that sees which branches each change reaches: atheris, where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from doubles.samples import FOLDER, SAMPLES
from proof import faults
from proof.targets import HASHES
from proof.world import memory

from authctl.transfer import sources

LONGEST = 60  # seconds of one input
FASTER = 20  # times what a reader takes is a hash
SIZE = 4096  # bytes of an input, at most


def is_possible() -> bool:
    return find_spec("atheris") is not None


def run_round(counts: Counter[str], seed: int, *, runs: int) -> None:
    """So many inputs of the source whose turn it is, and more of hashes. Raises what it finds."""
    names = [*sources.NAMES]
    for target, times in ((HASHES, runs * FASTER), (names[seed % len(names)], runs)):
        with tempfile.TemporaryDirectory(prefix="authctl-guided-", dir=memory()) as folder:
            _fill(Path(folder), target)
            options = [f"-runs={times}", f"-seed={seed or 1}", f"-timeout={LONGEST}", f"-artifact_prefix={folder}/"]
            command = [sys.executable, "-m", "proof.targets", target, folder, *options, f"-max_len={SIZE}"]
            environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
            ran = subprocess.run(command, env=environ, capture_output=True, text=True, errors="replace", check=False)
            counts["guided inputs"] += times
            if ran.returncode:
                [path] = [*Path(folder).glob("crash-*"), *Path(folder).glob("timeout-*")] or [None]
                found = path.read_bytes() if path else b""
                raise faults.Bug(f"{target}: {found!r}\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}")


def _fill(folder: Path, target: str) -> None:
    """What to begin with: sample files, or hashes."""
    if target == HASHES:
        for number, text in enumerate(
            ("$2b$04$abcdefghijklmnopqrstuu", "$argon2id$v=19$m=8,t=1,p=1$YWFhYWFhYWE$YWFhYQ")
        ):
            (folder / str(number)).write_text(text)
    for sample in SAMPLES:
        if sample.source == target and (content := (FOLDER / sample.name).read_bytes()):
            (folder / sample.name).write_bytes(content[:SIZE])
