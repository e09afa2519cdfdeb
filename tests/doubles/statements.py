"""What is sent to a database, caught on its way."""

import re
from collections import Counter
from contextlib import contextmanager
from unittest import mock

import sqlalchemy as sa

from authctl.storage import connection as storage_connection


@contextmanager
def caught(catch):
    """Calls `catch` with the driver's connection, the statement and its parameters, of all that is run meanwhile."""

    def of_sqlalchemy(connection, cursor, statement, parameters, context, executemany):
        catch(cursor.connection, statement, parameters)

    def of_ours(driver, ready, values):
        catch(driver, ready.text, ready.bind(values))
        return send(driver, ready, values)

    send = storage_connection.send
    sa.event.listen(sa.Engine, "before_cursor_execute", of_sqlalchemy)
    try:
        with mock.patch.object(storage_connection, "send", of_ours):
            yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", of_sqlalchemy)


@contextmanager
def statements():
    """The list of their texts, in order."""
    found = []
    with caught(lambda driver, statement, parameters: found.append(statement)):
        yield found


def reads(found):
    """How often each table is read, by the texts of statements; a join counts as its first table."""
    selects = (re.match(r"SELECT .*?\sFROM (\w+)", statement, re.DOTALL) for statement in found)
    return Counter(select[1] for select in selects if select)
