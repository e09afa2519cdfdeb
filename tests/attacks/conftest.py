"""Two doors of one directory, a mail server that both send by, and its command line."""

import os

import pytest
from conftest import CHEAP
from doubles.mail import MailServer

from authctl.core.directory import opening
from authctl.core.work.unit import Actor
from authctl.settings import load


@pytest.fixture
def mail(directory, application, home, database_url):
    """The server that mails are sent by, through either door."""
    with MailServer() as server:
        environ = home | server.environ | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"}
        settings = load(environ, options={"database_url": database_url}, system_config=os.devnull)
        directory.settings = application.settings = settings
        yield server


@pytest.fixture
def run(authctl, ready, database_url):
    """Runs a command line on the directory: run("users get ada", session=SECRET)."""

    def run(line, *, session=None, **options):
        env = {"AUTHCTL_DATABASE_URL": database_url} | ({"AUTHCTL_SESSION": session} if session is not None else {})
        return authctl(line, env=env, **options)

    return run


@pytest.fixture(params=["into sqlite", "into postgres"])
def new_directory(request, home, tmp_path, clock, dice):
    """A database with nothing in it, of each kind, and its settings."""
    if request.param == "into sqlite":
        url = f"sqlite:///{tmp_path}/other/restored.db"
    else:
        url = request.getfixturevalue("new_postgres_url")()
    settings = load(home, options={"database_url": url}, system_config=os.devnull)
    options = {"clock": clock, "random_bytes": dice, "hash_parameters": CHEAP}
    with opening.open_directory(settings, Actor("tester@example.com"), **options) as opened:
        yield opened, settings
