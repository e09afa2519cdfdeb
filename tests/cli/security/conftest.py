"""What tests of `authctl security` share."""

import pytest


@pytest.fixture
def security(authctl, database_url, ready):
    """Runs `authctl security …` on a directory."""
    environ = {"AUTHCTL_DATABASE_URL": database_url}

    def run(line, **changes):
        return authctl(line if line.startswith(("users ", "sessions ")) else f"security {line}", env=environ, **changes)

    return run
