"""What the tests of delivery share: settings of their own, and no proxy between them and the doubles."""

import os
from datetime import UTC, datetime

import pytest

from authctl.delivery import Transport
from authctl.settings import load

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def transport(home, dice):
    """A transport by these settings: transport(sms__provider="console")."""

    def make(environ=None, *, console=lambda line: None, dry_run=False, **given):
        variables = {f"AUTHCTL_{name.upper().replace('__', '_')}": str(value) for name, value in given.items()}
        settings = load({**home, **(environ or {}), **variables}, system_config=os.devnull)
        return Transport(settings, clock=lambda: NOW, random_bytes=dice, console=console, dry_run=dry_run)

    return make
