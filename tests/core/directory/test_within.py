"""Verbs in the application's own transaction, by each driver: committed with what it does, or undone with it."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from doubles.verbs import VERBS, arguments, call
from psycopg.rows import dict_row

from authctl.errors import AuthctlError, Conflict, Invalid, NotFound, Unavailable

PASSWORD = "correct horse battery"
ORDERS = "CREATE TABLE orders (customer TEXT)"

# What commits by itself: sign-ins and whatever else counts attempts, codes and links, batches, and what streams.
REFUSED = {
    *("users.iterate", "users.verify_password", "users.secure", "users.iterate_memberships"),
    *("sessions.create", "sessions.create_anonymous", "sessions.create_with_identity", "sessions.get"),
    *("tokens.create_email", "tokens.create_phone", "tokens.create_magic_url", "tokens.create_recovery"),
    *("tokens.create_email_verification", "tokens.create_phone_verification"),
    *("tokens.create_email_change", "tokens.create_phone_change", "tokens.redeem", "tokens.purge"),
    *("mfa.verify_authenticator", "mfa.create_challenge", "mfa.complete_challenge"),
    *("teams.iterate", "teams.iterate_memberships", "teams.update_membership_status"),
    *("security.check_password", "security.iterate_logs", "security.follow_logs", "security.verify_logs"),
    *("security.test_delivery", "security.purge"),
}


class Sqlite:
    """An application by sqlite3: what it lends, and what it says to its own table."""

    def __init__(self, url):
        self.connection = self.lent = sqlite3.connect(url.removeprefix("sqlite:///"))
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA foreign_keys = ON")

    def execute(self, text):
        return self.connection.execute(text)

    def __getattr__(self, name):
        return getattr(self.connection, name)


class Psycopg(Sqlite):
    def __init__(self, url):
        self.connection = self.lent = psycopg.connect(url, row_factory=dict_row, cursor_factory=psycopg.RawCursor)


class SqlAlchemy(Sqlite):
    def __init__(self, url):
        self.engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        if url.startswith("sqlite"):
            sa.event.listen(self.engine, "connect", lambda lent, _: lent.execute("PRAGMA foreign_keys = ON"))
        self.connection = self.lent = self.engine.connect()

    def execute(self, text):
        return self.connection.exec_driver_sql(text)

    def close(self):
        self.connection.close()
        self.engine.dispose()


by_each_driver = pytest.mark.parametrize("application", ["driver", "sqlalchemy"], indirect=True)


@pytest.fixture
def application(request, database_url, directory):
    """An application with a table of its own in the directory's database."""
    driver = Sqlite if database_url.startswith("sqlite") else Psycopg
    with contextlib.closing(
        (SqlAlchemy if getattr(request, "param", "driver") == "sqlalchemy" else driver)(database_url)
    ) as application:
        application.execute(ORDERS)
        application.commit()
        yield application


def orders(application):
    return [
        tuple(row.values()) if isinstance(row, dict) else tuple(row)
        for row in application.execute("SELECT customer FROM orders").fetchall()
    ]


def order(application, customer):
    application.execute(f"INSERT INTO orders VALUES ('{customer}')")


@by_each_driver
def test_what_both_do_is_committed_together(directory, application):
    inside = directory.within(application.lent)
    user = inside.users.create(email="ada@example.com", password=PASSWORD)
    order(application, user.id)
    team = inside.teams.create("Maths")
    inside.teams.create_membership(team.id, user=user.id)
    assert inside.users.get("ada@example.com") == user
    assert inside.users.list(search="ada") == [user]  # by SQLAlchemy
    assert directory.users.count() == 0
    application.commit()
    assert orders(application) == [(user.id,)]
    assert directory.sessions.create("ada@example.com", PASSWORD).session.user_id == user.id
    assert directory.security.verify_logs().is_good


@by_each_driver
def test_what_both_did_is_undone_together(directory, application):
    events = directory.security.list_logs()
    with directory.within(application.lent) as inside:
        order(application, inside.users.create(email="ada@example.com").id)
    application.rollback()
    assert (orders(application), directory.users.count(), directory.security.list_logs()) == ([], 0, events)


@by_each_driver
def test_a_refused_verb_leaves_the_transaction_as_it_was(directory, application):
    directory.users.create(id="bob", email="bob@example.com")
    inside = directory.within(application.lent)
    order(application, "before")
    for _ in range(2):
        with pytest.raises(Conflict):
            inside.users.create(email="bob@example.com")
        with pytest.raises(NotFound):
            inside.users.update_name("nobody", "Nobody")
        inside.users.update_name("bob", "Bob")
    inside.acting(inside.actor, dry_run=True).users.delete("bob")
    order(application, "after")
    application.commit()
    assert orders(application) == [("before",), ("after",)]
    assert [event.name for event in directory.users.list_logs("bob")] == ["users.update.name", "users.create"]


def test_each_verb_is_one_unit_of_work_or_refused(directory, application):
    """Each is done, or refused for what it is asked; by SQLAlchemy where it is not everyday."""
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    directory.users.create(id="bob")
    directory.teams.create("Acme", id="acme", owner="ada")
    (membership,) = directory.teams.list_memberships("acme")
    signed_in = directory.users.create_session("ada")
    known = {
        "membership": membership.id,
        "session": signed_in.session.id,
        "secret": signed_in.secret,
        "identity": directory.users.create_identity("ada", "github", "1").id,
        "token": directory.sessions.create_jwt(signed_in.secret).jwt,
        "search": "ada",
    }
    before = directory.security.list_logs()
    inside = directory.within(application.lent)
    refused = {}
    for verb in VERBS:
        application.execute("SAVEPOINT own")
        try:
            call(inside, verb, **arguments(verb, **known))
        except AuthctlError as error:
            refused[verb] = error
        application.execute("ROLLBACK TO SAVEPOINT own")
    assert {
        verb for verb, error in refused.items() if str(error).startswith(f"{verb} cannot be used within")
    } == REFUSED
    assert [verb for verb, error in refused.items() if isinstance(error, Unavailable)] == []
    assert len(VERBS) - len(refused) > 60
    assert directory.security.list_logs() == before
    application.rollback()


def test_a_person_does_there_what_asks_for_no_step(directory, application):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    secret = directory.sessions.create("ada", PASSWORD).secret
    ada = directory.within(application.lent).as_session(secret)
    assert ada.users.update_name("ada", "Ada").name == "Ada"
    for step in (lambda: ada.mfa.disable("ada"), lambda: ada.users.update_password("ada", "another", current=PASSWORD)):
        with pytest.raises(Invalid, match=r"^(mfa\.disable|users\.update_password) cannot be used within"):
            step()
    with pytest.raises(Invalid, match="an invitation"):
        directory.within(application.lent).teams.create_membership("maths", email="bob@example.com", invite=True)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_connection_that_is_lost_is_told(directory, database_url, postgres):
    directory.users.create(id="ada")
    with contextlib.suppress(psycopg.Error), psycopg.connect(database_url) as lent:
        inside = directory.within(lent)
        postgres.execute("SELECT pg_terminate_backend(%s)", [lent.info.backend_pid])
        with pytest.raises(Unavailable) as lost:
            inside.users.update_name("ada", "Ada")
        assert lost.value.type == "database_unavailable"
        with pytest.raises(Invalid, match="has ended"):
            inside.users.update_name("ada", "Ada")
    assert directory.users.get("ada").name == ""


# What is sent


@pytest.fixture
def mailing(opened, mail, directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    return opened(mail.environ)


def notices(directory):
    return [event.details for event in reversed(directory.security.list_logs(events=["users.notify"]))]


def test_the_outbox_is_sent_after_the_commit_alone(mailing, mail, directory, application):
    inside = mailing.within(application.lent)
    inside.users.update_password("ada", PASSWORD)
    with pytest.raises(Conflict):
        inside.users.create(id="ada")
    assert (len(inside.outbox), mail.mails) == (1, [])
    with pytest.raises(Invalid, match="not committed"):
        inside.outbox.send()
    application.commit()
    assert notices(directory) == [{"sending": True}]  # what is left if nobody sends it
    inside.outbox.send()
    inside.outbox.send()
    assert [each.recipients for each in mail.mails] == [["ada@example.com"]]
    assert [[*each] for each in notices(directory)] == [["sending"], ["sent"]]


def test_nobody_is_told_of_what_was_undone(mailing, mail, directory, application):
    inside = mailing.within(application.lent)
    inside.users.update_password("ada", PASSWORD)
    application.execute("SAVEPOINT own")
    inside.users.update_email("ada", "countess@example.com")
    application.execute("ROLLBACK TO SAVEPOINT own")
    application.commit()
    inside.outbox.send()
    assert [each.message["subject"] for each in mail.mails] == ["Your password for Example was changed"]
    again = mailing.within(application.lent)
    again.users.update_password("ada", PASSWORD)
    application.rollback()
    with pytest.raises(Invalid, match="not committed"):
        again.outbox.send()
    assert len(mail.mails) == 1


def test_a_notice_that_fails_is_told_as_always(mailing, mail, directory, application):
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox"
    inside = mailing.within(application.lent)
    inside.users.update_password("ada", PASSWORD)
    application.commit()
    inside.outbox.send()
    assert notices(directory) == [{"sending": True}, {"refused": "delivery_failed"}]
    with pytest.raises(Invalid, match="Only within"):
        directory.outbox  # noqa: B018 - looking is what is tried


# The transaction


def test_the_end_of_the_transaction_or_the_block_is_the_end_of_its_verbs(directory, application):
    with directory.within(application.lent) as inside:
        application.rollback()
        with pytest.raises(Invalid, match="transaction has ended"):
            inside.users.create()
    with directory.within(application.lent) as inside:
        pass
    with pytest.raises(Invalid, match=r"within\(\) block has ended"):
        inside.users.create()
    with pytest.raises(Invalid, match=r"^within\(\) cannot be used within"):
        directory.within(application.lent).within(application.lent)
    assert directory.users.count() == 0


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_the_application_has_set_stays(directory, database_url):
    """Limits, plans, and the schema that it finds its tables in: one of its own, which has a table named like ours."""
    with psycopg.connect(database_url) as lent:
        lent.execute("CREATE SCHEMA shop CREATE TABLE users (id int)")
        lent.execute("SET search_path = shop")
        lent.execute("SET statement_timeout = '50s'")
        lent.commit()
        lent.execute("SET LOCAL lock_timeout = '5s'")
        lent.execute("CREATE TEMP TABLE events (id int)")
        settings = "SELECT name, setting FROM pg_settings WHERE name ~ 'timeout|search_path|synchronous|isolation'"
        before = lent.execute(settings).fetchall()
        inside = directory.within(lent)
        ada = inside.users.create(email="ada@example.com")
        inside.security.set("user-limit", 5)
        with pytest.raises(Conflict):
            inside.users.create(email="ada@example.com")
        assert lent.execute(settings).fetchall() == before
        assert lent.execute("SELECT * FROM users").fetchall() == []
        assert lent.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    assert directory.users.get("ada@example.com") == ada


def refusal(directory, lent):
    with pytest.raises(Invalid) as refused:
        directory.within(lent)
    assert (refused.value.type, refused.value.field) == ("general_transaction_invalid", "connection")
    return str(refused.value)


def test_connections_that_will_not_do_are_refused(directory, database_url, tmp_path, new_postgres_url):
    assert "must be a " in refusal(directory, "a text")
    if database_url.startswith("sqlite"):
        path = database_url.removeprefix("sqlite:///")
        assert "must be a sqlite3" in refusal(directory, psycopg)
        for other in (":memory:", tmp_path / "other.db"):
            with contextlib.closing(sqlite3.connect(other)) as lent:
                assert "instead of" in refusal(directory, lent)
        with contextlib.closing(sqlite3.connect(path)) as lent:
            assert "foreign_keys" in refusal(directory, lent)
            lent.execute("PRAGMA foreign_keys = ON")
            lent.execute("CREATE TEMP TABLE users (id)")
            assert "table users" in refusal(directory, lent)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as lent:
            lent.execute("PRAGMA foreign_keys = ON")
            assert "commits every statement" in refusal(directory, lent)
            lent.execute("BEGIN")
            directory.within(lent).users.create(id="ada")
            lent.execute("COMMIT")
    else:
        with psycopg.connect(new_postgres_url()) as lent:
            assert "another database" in refusal(directory, lent)
        with psycopg.connect(database_url, autocommit=True) as lent:
            assert "commits every statement" in refusal(directory, lent)
            with lent.transaction():
                directory.within(lent).users.create(id="ada")
            with lent.pipeline():
                assert "pipeline mode" in refusal(directory, lent)
        with psycopg.connect(database_url) as lent:
            with pytest.raises(psycopg.Error):
                lent.execute("SELECT 1/0")
            assert "has failed" in refusal(directory, lent)
            lent.rollback()
            lent.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            assert "level serializable hides" in refusal(directory, lent)
        assert "has ended" in refusal(directory, lent)
    assert directory.users.get("ada")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_becomes_unfit_meanwhile_is_refused_then(directory, database_url):
    """Another transaction, whose view may be frozen; a COPY or pipeline under way; text that is no Unicode."""
    directory.users.create(id="ada")
    with psycopg.connect(database_url) as lent:
        first = directory.within(lent)
        lent.commit()
        lent.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert "has ended" in unfit(first)
        lent.rollback()
        inside = directory.within(lent)
        with lent.cursor().copy("COPY (SELECT 1) TO STDOUT") as rows:
            assert "busy with a COPY" in unfit(inside)
            assert [*rows]
        with lent.pipeline():
            assert "pipeline mode" in unfit(inside)
        lent.execute("SET client_encoding = 'LATIN1'")
        assert "client_encoding is iso8859-1" in unfit(inside)
        lent.execute("SET client_encoding = 'UTF8'")
        assert inside.users.update_name("ada", "Łada").name == "Łada"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_becomes_unfit_meanwhile_is_refused_then_by_sqlite(directory, application):
    directory.users.create(id="ada")
    inside = directory.within(application.lent)
    application.execute("CREATE TEMP TABLE Users AS SELECT * FROM main.users")
    assert "table users" in unfit(inside)
    application.execute("DROP TABLE temp.users")
    application.commit()
    application.execute("PRAGMA foreign_keys = OFF")
    application.execute("BEGIN")
    assert "foreign_keys" in unfit(inside)
    application.lent.close()
    assert "has ended" in unfit(inside)


def unfit(inside):
    with pytest.raises(Invalid) as refused:
        inside.users.update_name("ada", "Ada")
    assert (refused.value.type, refused.value.field) == ("general_transaction_invalid", "connection")
    return str(refused.value)


def test_threads_with_one_connection_take_turns(directory, database_url):
    """Of two units of work at once, each would undo the other with its savepoint, or leave its tables out of sight."""
    if database_url.startswith("sqlite"):
        lent = sqlite3.connect(database_url.removeprefix("sqlite:///"), check_same_thread=False)
        lent.execute("PRAGMA foreign_keys = ON")
    else:
        lent = psycopg.connect(database_url)
    directory.users.create(id="bob")
    with contextlib.closing(lent), ThreadPoolExecutor(4) as threads:
        insides = [directory.within(lent) for _ in range(2)]

        def create(number):
            with contextlib.suppress(Conflict):
                insides[number % 2].users.create(id="bob")
            return insides[number % 2].users.create(id=f"user-{number}").id

        ids = [*threads.map(create, range(40))]
        lent.commit()
    assert {user.id for user in directory.users.list(limit=100)} == {"bob", *ids}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_others_go_on_while_the_application_takes_its_time(directory, database_url):
    directory.users.create(id="bob")
    with psycopg.connect(database_url) as lent:
        directory.within(lent).users.create(id="ada")
        assert directory.users.update_name("bob", "Bob").name == "Bob"
        assert directory.sessions.create_anonymous().secret
