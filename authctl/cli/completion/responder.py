"""The hidden command that the scripts ask: `authctl __complete users=ad --database …` prints words, one a line.

It is run at a keystroke: it starts without Typer, reads without SQLAlchemy, and where anything is wrong it is silent.
AUTHCTL_COMPLETE_DATA=0 turns it off, where names are nobody's business on a screen.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs milliseconds; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORD = "__complete"
SWITCH = "AUTHCTL_COMPLETE_DATA"


def main(args: Sequence[str]) -> int:
    """Print what completes a word. args: KIND=TYPED, and what the line says, in pairs of options and values."""
    import os
    import sys

    if sys.stdout is not None:
        sys.stdout.write("".join(f"{word}\n" for word in answer(args, os.environ)))
    return 0


def answer(args: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """The words of a kind that begin as typed; none where the line, the settings or the database are not in order."""
    from authctl import storage
    from authctl.settings import find_profiles, load

    if environ.get(SWITCH) == "0" or not args:
        return []
    kind, _, typed = args[0].partition("=")
    line = dict(zip(args[1::2], args[2::2], strict=False))
    config, profile = line.get("--config"), line.get("--profile")
    try:
        if kind == "profiles":
            profiles = find_profiles(environ, config=config)
            return [name for name in profiles if name.startswith(typed) and storage.completion.is_safe(name)]
        if kind not in storage.completion.KINDS:
            return []
        settings = load(environ, config=config, profile=profile, options={"database_url": line.get("--database")})
        owners = {name: line[f"--{name}"] for name in ("users", "teams") if f"--{name}" in line}
        return storage.completion.find(settings.database_url, kind, typed, owners)
    except _refusals():
        return []


def _refusals() -> type[Exception]:
    """What is raised on purpose; loaded when something is, since that takes longer than the answer."""
    from authctl.errors import AuthctlError

    return AuthctlError
