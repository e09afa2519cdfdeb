"""The manual's pages say what is so: commands exist, the flows of applications run, shapes have every field."""

import contextlib
import json
import os
import re
import runpy
import shlex
import sqlite3
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pyotp
import pytest
import sqlalchemy as sa
from conftest import CHEAP
from typer import Context

from authctl.cli import answer_fields
from authctl.cli.app import Root
from authctl.cli.commands import LazyGroup
from authctl.core.directory import opening
from authctl.core.directory.application import Application
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Invalid
from authctl.settings import load

MANUAL = Path(__file__).parents[1] / "authctl" / "manual"
APPLICATIONS, SHAPES = MANUAL / "applications.md", MANUAL / "shapes.md"
PASSWORD = "correct horse battery"
URL = "https://app.example.com/account"


@pytest.fixture
def flows():
    """The functions of the page, by their names."""
    names = {}
    for block in re.findall(r"^```python\n(def .*?)^```", APPLICATIONS.read_text(), re.DOTALL | re.MULTILINE):
        exec(compile(block, APPLICATIONS.name, "exec"), names)  # noqa: S102 - our own manual
    return names


@pytest.fixture
def visitor(home, database_url, clock, dice, directory, mail):
    environ = home | mail.environ | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"}
    settings = load(environ, options={"database_url": database_url}, system_config=os.devnull)
    options = {"clock": clock, "random_bytes": dice, "hash_parameters": CHEAP}
    with opening.open_door(Application, settings, Actor("application"), **options) as door:
        yield door.from_request(ip="192.0.2.7")


def in_mail(mail, pattern):
    return re.search(pattern, mail.mailbox.mails[-1].text)[0]


def in_link(mail):
    """What the link of the last mail hands to the page that it leads to."""
    query = parse_qs(urlsplit(in_mail(mail, r"https://\S+")).query)
    return query["userId"][0], query["secret"][0]


def test_a_code_signs_up_and_in(flows, visitor, mail):
    flows["send_code"](visitor, "ada@example.com")
    session = flows["enter_code"](visitor, "ada@example.com", in_mail(mail, r"\b\d{6}\b"))
    assert visitor.sessions.get(session).user.email_verified


def test_an_address_is_confirmed_and_a_password_recovered(flows, visitor, mail):
    user = visitor.users.create(email="ada@example.com", password=PASSWORD)
    session = visitor.sessions.create("ada@example.com", PASSWORD).secret
    flows["send_confirmation"](visitor, session, URL)
    with pytest.raises(Denied, match="sign"):
        visitor.tokens.redeem(*in_link(mail), kind="email-verification")
    flows["confirm"](visitor, session, *in_link(mail))
    assert visitor.sessions.get(session).user.email_verified
    flows["send_recovery"](visitor, "ada@example.com", URL)
    assert in_link(mail)[0] == user.id
    flows["recover"](visitor, *in_link(mail), "another fine password")
    assert visitor.sessions.create("ada@example.com", "another fine password").secret
    mails = len(mail.mailbox.mails)
    flows["send_recovery"](visitor, "nobody@example.com", URL)
    assert len(mail.mailbox.mails) == mails


def test_a_second_factor_is_switched_on_and_asked_for(flows, visitor, clock):
    user = visitor.users.create(email="ada@example.com", password=PASSWORD)
    session = visitor.sessions.create("ada@example.com", PASSWORD).secret
    clock.forward(hours=1)
    secret = parse_qs(urlsplit(flows["add_authenticator"](visitor, session, PASSWORD)).query)["secret"][0]
    app = pyotp.TOTP(secret)
    codes = flows["switch_on"](visitor, session, PASSWORD, app.at(clock.now))
    clock.forward(minutes=1)
    for factor, code in (("totp", app.at(clock.now)), ("recovery_code", codes[0])):
        signed_in = visitor.sessions.create("ada@example.com", PASSWORD)
        assert signed_in.more_factors_required
        assert signed_in.session.user_id == user.id
        assert visitor.as_session(signed_in.secret).mfa.list_factors(user.id)
        challenge = flows["ask_for_factor"](visitor, signed_in.secret, factor)
        assert visitor.sessions.get(flows["enter_factor"](visitor, signed_in.secret, challenge, code)).user.mfa


def test_a_provider_signs_in(flows, visitor):
    first = flows["provider_says"](visitor, "google", "1172", "ada@example.com", True)
    again = flows["provider_says"](visitor, "google", "1172", "ada@example.com", True)
    assert visitor.sessions.get(first).user.id == visitor.sessions.get(again).user.id


@pytest.fixture
def transactions():
    """The functions of the page about transactions, by their names."""
    names = {"customers": sa.table("customers", sa.column("id"), sa.column("plan"))}
    text = (MANUAL / "transactions.md").read_text()
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(compile(block, "transactions.md", "exec"), names)  # noqa: S102 - our own manual
    return names


def sign_up_thrice(directory, execute, sign_up):
    """Twice as they should, and once with a table that refuses the row."""
    execute("CREATE TABLE customers (id TEXT, plan TEXT NOT NULL)")
    for number in range(2):
        user = sign_up(f"ada{number}@example.com", "gold")
        assert directory.users.get(f"ada{number}@example.com") == user
    with pytest.raises(Exception, match=r"(?i)null"):
        sign_up("eve@example.com", None)
    assert len(execute("SELECT id FROM customers").fetchall()) == directory.users.count() == 2


def test_an_application_signs_up_in_its_own_transaction(transactions, directory, database_url):
    """By SQLAlchemy on both; by sqlite3 there is the next test, by psycopg the one after it."""
    engine = sa.create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    if database_url.startswith("sqlite"):
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    sign_up = partial(transactions["sign_up_by_sqlalchemy"], directory, engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
        sign_up_thrice(directory, own.exec_driver_sql, sign_up)
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_application_signs_up_in_its_own_file(transactions, directory, database_url):
    with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        sign_up = partial(transactions["sign_up_in_sqlite"], directory, connection)
        sign_up_thrice(directory, connection.execute, sign_up)


def test_a_directory_and_an_application_have_a_schema_each(transactions, authctl, home, postgres_url, monkeypatch):
    """And a table of the same name in each."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA authctl")
        connection.execute("CREATE SCHEMA shop CREATE TABLE users (id int)")
    mark = "&" if "?" in postgres_url else "?"
    url = f"{postgres_url}{mark}options=-csearch_path%3D"
    assert authctl(f"init --database {url}authctl").status == 0
    settings = load(home, options={"database_url": f"{url}authctl"}, system_config=os.devnull)
    with (
        opening.open_directory(settings, Actor("tester"), hash_parameters=CHEAP) as directory,
        psycopg.connect(f"{url}shop", autocommit=True) as connection,
    ):
        sign_up_thrice(directory, connection.execute, partial(transactions["sign_up"], directory, connection))
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
        connection.execute("SET ROLE pg_monitor")  # which may do nothing in either
        with connection.transaction(), pytest.raises(Invalid, match="cannot see the directory's tables"):
            directory.within(connection).users.create()
        connection.execute("RESET ROLE")
        tables = (
            "SELECT table_schema, count(*) > 9 FROM information_schema.tables WHERE table_name <> 'alembic_version'"
        )
        found = connection.execute(f"{tables} GROUP BY 1").fetchall()
        assert {(schema, many) for schema, many in found if schema in ("authctl", "shop", "public")} == {
            ("authctl", True),
            ("shop", False),
        }


RECORDS = {
    "User": [answer_fields.FOUND_USER],
    "Team": [answer_fields.TEAM],
    "Membership": [answer_fields.MEMBERSHIP],
    "Session": [answer_fields.SIGNED_IN],
    "Identity": [answer_fields.IDENTITY],
    "Factor": [answer_fields.FACTOR],
    "Token": [answer_fields.TOKEN, answer_fields.LISTED_TOKEN],
    "Event": [answer_fields.EVENT],
}


@pytest.mark.parametrize("heading", RECORDS)
def test_each_field_of_a_record_is_explained(heading):
    """By its name, or by that of the object that it is in; and no other is."""
    fields = {field for shape in RECORDS[heading] for field in (*shape.fields, *shape.extras)}
    objects = {field.partition(".")[0] for field in fields}
    section = re.search(rf"^## {heading}$(.*?)^## ", SHAPES.read_text(), re.DOTALL | re.MULTILINE)[1]
    terms = " ".join(re.findall(r"^\| (`.+?) \|", section, re.MULTILINE))
    named = {*re.findall(r"`([\w.]+)`", terms)}
    assert [field for field in fields if not {field, field.partition(".")[0]} & named] == []
    assert named <= fields | objects


def test_the_user_to_import_comes_in_whole(authctl, tmp_path):
    [text] = re.findall(r"^```json\n(.*?)^```", SHAPES.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "users.json").write_text(text)
    ran = authctl(f"users import {tmp_path / 'users.json'} --from authctl --teams --strict --max-lost 0 -o json")
    assert json.loads(ran.stdout)["created"] == 1
    authctl(f"users export --with-hashes --with-secrets {tmp_path / 'exported.jsonl'}")
    given, exported = json.loads(text), json.loads((tmp_path / "exported.jsonl").read_text())
    assert exported.pop("password")["hash"] == given.pop("password")["hash"]
    del given["updated_at"], exported["updated_at"]
    assert given == exported


@pytest.mark.parametrize("page", sorted(MANUAL.glob("*.md")), ids=lambda page: page.stem)
def test_each_command_exists_and_knows_its_options(page):
    """Those in backquotes, and those that begin a line of an example."""
    text = re.sub(r"\\\n>? *", " ", page.read_text())
    prose = re.sub(r"\s*\n\s*", " ", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    for line in re.findall(r"`(authctl [a-z][^`]*)`", prose) + re.findall(
        r"^(?:\$ )?(authctl [a-z].*)", text, re.MULTILINE
    ):
        words = shlex.split(re.split(r"[<>&;|]", line)[0])
        command = found(words[1:])
        if not isinstance(command, LazyGroup):
            known = {
                option for each in command.get_params(Context(command)) for option in (*each.opts, *each.secondary_opts)
            }
            assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, line


def found(words):
    """The command that the words name, as far as they do."""
    command = Root()
    for word in words:
        if not isinstance(command, LazyGroup):
            break
        if not word.startswith("-"):
            command = command.get_command(None, word)
            assert command is not None, word
    return command


def test_sizes_are_what_the_script_computes():
    script = Path(__file__).parent / "benchmarks" / "sizes.py"
    assert f"```text\n{runpy.run_path(str(script))['table']()}```" in (MANUAL / "sizes.md").read_text()
