"""The sandbox for applications' tests: its messages, its clock, its two databases, and pytest's fixture."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from authctl import testing
from authctl.core.directory import opening
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Invalid
from authctl.settings import load
from authctl.storage.database import Database

PASSWORD = "correct horse battery"
URL = "https://app.example.com/in"


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    return testing.Blank.make(tmp_path_factory.mktemp("blank"))


@pytest.fixture
def sandbox(blank):
    with testing.sandbox(copy_of=blank, settings={"allowed_redirects": ["app.example.com"]}) as made:
        yield made


def test_a_mailed_code_signs_up_and_in(sandbox):
    sandbox.application.tokens.create_email("ada@example.com")
    message = sandbox.messages.last(to="ada@example.com")
    assert (message.kind, message.channel, message.link) == ("email-code", "email", None)
    assert message.code == message.secret
    assert message.code in message.text
    secret = sandbox.application.tokens.redeem("ada@example.com", message.code, kind="email").secret
    assert sandbox.application.sessions.get(secret).user.email_verified


def test_a_text_message_is_caught_too(sandbox):
    sandbox.application.tokens.create_phone("+4915123456789")
    message = sandbox.messages.last()
    assert (message.to, message.channel, len(message.code)) == ("+4915123456789", "sms", 6)
    assert sandbox.application.tokens.redeem(message.to, message.code, kind="phone").secret


def test_a_link_says_whom_it_is_for_and_expires(sandbox):
    ada = sandbox.application.users.create(email="ada@example.com", password=PASSWORD)
    sandbox.application.tokens.create_recovery("ada@example.com", url=URL)
    message = sandbox.messages.last(kind="recovery")
    assert message.link.startswith(URL)
    assert (message.code, message.user_id) == (None, ada.id)
    sandbox.clock.move(hours=2)
    with pytest.raises(Denied):
        sandbox.application.tokens.redeem(ada.id, message.secret, kind="recovery", new_password="another fine password")


def test_notices_are_caught_and_dry_runs_send_nothing(sandbox):
    ada = sandbox.operators.users.create(email="ada@example.com", email_verified=True, password=PASSWORD)
    sandbox.operators.users.update_password(ada.id, "another fine password")
    assert sandbox.messages.last().kind == "password-changed"
    assert sandbox.messages.last().secret is None
    sent = len(sandbox.messages)
    dry = sandbox.operators.acting(sandbox.operators.actor, dry_run=True)
    dry.tokens.create_email("ada@example.com")
    assert len(sandbox.messages) == sent


def test_a_message_that_was_not_sent_fails_the_test(sandbox):
    sandbox.application.tokens.create_email("ada@example.com")
    with pytest.raises(AssertionError, match=r"email-code to ada@example\.com"):
        sandbox.messages.last(to="bob@example.com")


def test_its_clock_stands_still_until_it_is_set():
    clock = testing.Clock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock() == clock() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.move(days=1, minutes=-1)
    assert clock() == datetime(2026, 1, 1, 23, 59, tzinfo=UTC)
    with pytest.raises(Invalid):
        clock.set(datetime(2026, 1, 1))
    assert abs(testing.Clock()() - datetime.now(UTC)) < timedelta(hours=1)


def test_nothing_of_the_machine_is_read(monkeypatch, blank):
    monkeypatch.setenv("AUTHCTL_DATABASE_URL", "postgresql://production.example.com/authctl")
    monkeypatch.setenv("AUTHCTL_SECRET_KEY", "not a key")
    with testing.sandbox(copy_of=blank) as sandbox:
        assert sandbox.operators.users.count() == 0
        folder = Path(sandbox.operators.database.path).parent
    assert not folder.exists()


def test_each_is_a_directory_of_its_own(blank):
    with testing.sandbox(copy_of=blank) as first, testing.sandbox() as second:
        first.operators.users.create(id="ada")
        assert second.operators.users.count() == 0


def test_commands_open_the_same(sandbox):
    sandbox.operators.users.create(id="ada", password=PASSWORD)
    settings = load(sandbox.environ, system_config=os.devnull)
    with opening.open_directory(settings, Actor("x")) as directory:
        assert directory.users.get("ada").id == "ada"


def test_it_takes_no_file_that_is_there(blank):
    with pytest.raises(Invalid), testing.sandbox(f"sqlite:///{blank.path}"):
        pass


def test_in_postgres_it_leaves_what_was_there(postgres_url):
    with closing(Database(postgres_url)) as database:
        with testing.sandbox(postgres_url) as sandbox:
            sandbox.application.users.create(email="ada@example.com", password=PASSWORD)
            assert sandbox.operators.users.count() == 1
            assert sandbox.operators.database.dialect == "postgresql"
            assert database.read(schemas) == 1
        assert database.read(schemas) == 0


def schemas(db):
    """How many of a sandbox's there are."""
    return db.driver.execute(r"SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'authctl\_%'").fetchone()[0]


def test_it_needs_no_pytest():
    script = "import sys, authctl.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_a_setting_that_there_is_none_of_is_named():
    with pytest.raises(Invalid, match=r"There is no setting 'email\.hosts'\. Did you mean 'email\.host'"):
        testing.sandbox(settings={"email.hosts": "mail.example.com"}).__enter__()
