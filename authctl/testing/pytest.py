"""A fixture for applications that are tested with pytest: `pytest_plugins = ["authctl.testing.pytest"]` in conftest.py.

It is no entry point, which would load it wherever authctl is installed, for whoever runs pytest there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from authctl.testing import Blank, Sandbox, sandbox


@pytest.fixture
def authctl_sandbox(
    request: pytest.FixtureRequest, authctl_postgres: str | None, authctl_settings: Mapping[str, object]
) -> Iterator[Sandbox]:
    """A directory of the test's own: see `authctl.testing.Sandbox`."""
    blank = request.getfixturevalue("authctl_blank") if authctl_postgres is None else None
    with sandbox(authctl_postgres, settings=authctl_settings, copy_of=blank) as made:
        yield made


@pytest.fixture
def authctl_postgres() -> str | None:
    """The URL of a Postgres database to make sandboxes in; write a fixture of this name to say one."""
    return None


@pytest.fixture
def authctl_settings() -> Mapping[str, object]:
    """What `settings` of a sandbox is; write a fixture of this name to say more."""
    return {}


@pytest.fixture(scope="session")
def authctl_blank(tmp_path_factory: pytest.TempPathFactory) -> Blank:
    """What sandboxes in SQLite are copies of."""
    return Blank.make(tmp_path_factory.mktemp("authctl"))
