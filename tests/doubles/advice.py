"""Commands as they were printed, followed to the letter in a real shell."""

import os
import subprocess
import sys
from pathlib import Path

from doubles import forks


def follow(command, env, folder, *, programs=None):
    """Run a command as it stands. What it says, and the variables of the shell afterwards, with what it exported.

    programs: a folder of those that stand in for the system's.
    """
    # No fork looks at a library for the clock that is preloaded.
    forked = None if "LD_PRELOAD" in env else forks.program().parent
    path = [programs, forked, Path(sys.executable).parent, env.get("PATH", os.environ["PATH"])]
    env = {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), **env, "PATH": ":".join(str(each) for each in path if each)}
    left = folder / "variables"
    # `pipefail` is no word of every sh.
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", f'{command}\nenv -0 > "$0"', str(left)],
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout, dict(each.partition("=")[::2] for each in left.read_text().split("\0") if each)
