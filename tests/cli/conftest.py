"""What tests of commands share: somebody at a terminal."""

import contextlib

import pytest
from doubles.terminal import Person


@pytest.fixture
def person(home):
    """Starts commands at terminals of their own."""
    with contextlib.ExitStack() as stack:

        def start(line, **options):
            words = line.split() if isinstance(line, str) else line
            someone = Person(words, home, **options)
            stack.callback(someone.close)
            return someone

        yield start
