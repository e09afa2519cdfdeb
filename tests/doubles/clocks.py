"""A clock that is off for the programs that are given it, and the time services that set it right."""

from pathlib import Path

from doubles.programs import missing

# What each service is told on a machine where it runs; a test may name no other word.
COMMANDS = {
    "timedatectl": "set-ntp true",
    "chronyc": "makestep",
    "ntpd": "-gq",
    "sntp": "-sS pool.ntp.org",
}


class Clock:
    """`environ` are the variables that put a program on this clock, also while it runs; `folder` has the services.

    The clock is libfaketime's, which answers in the place of the kernel. Each service does what it would do: it sets
    the clock right, and takes no other order.
    """

    def __init__(self, path):
        self.file = path / "clock"
        self.folder = path / "services"
        self.folder.mkdir()
        for name, words in COMMANDS.items():
            program = self.folder / name
            program.write_text(f'#!/bin/sh\n[ "$*" = "{words}" ] && printf +0 > "{self.file}"\n')
            program.chmod(0o755)
        self.set(0)

    def set(self, seconds):
        """Put it so many seconds ahead of the real time; behind it where they are below 0."""
        # In one step: those who look meanwhile must not find it empty.
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+}")
        fresh.chmod(0o644)
        fresh.rename(self.file)

    @property
    def environ(self):
        return {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def library():
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return str(found[0]) if found else missing("faketime")
