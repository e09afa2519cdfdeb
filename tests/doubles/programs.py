"""Programs of the system that tests talk to. `.ci/run` installs them; elsewhere a test without its own is skipped."""

import os
import shutil

import pytest


def program(name):
    """The path of a program."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        missing(name)
    return found


def missing(name):
    """In CI that is a failure: nothing is passed over silently there."""
    reason = f"{name} is not installed; .ci/run does that on Debian"
    pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
