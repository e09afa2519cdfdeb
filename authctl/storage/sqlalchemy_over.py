"""SQLAlchemy's connection, put over a driver connection that has begun its transaction already."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

_URLS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}
_lent = threading.local()  # the driver connection that this thread is about to hand over
_engines: WeakKeyDictionary[object, sa.Engine] = WeakKeyDictionary()


class _Lent(sa.NullPool):
    """Gives the connection that was lent, and leaves it open when it comes back."""

    def _do_return_conn(self, record: Any) -> None:
        pass


def knows(database: object) -> bool:
    """Whether such a connection was made for that database before."""
    return database in _engines


def connect(database: object, dialect: str, driver: Any) -> sa.Connection:
    """SQLAlchemy's connection over that of the driver, in its transaction; closing it ends neither.

    database: what it is one of; its connections share one engine, with the statements that it has compiled.
    """
    engine = _engines.get(database)
    is_first = engine is None
    if engine is None:
        engine = sa.create_engine(
            _URLS[dialect],
            creator=lambda: _lent.driver,
            poolclass=_Lent,
            pool_reset_on_return=None,
            hide_parameters=True,
            _initialize=False,  # which would roll the transaction back
        )
    _lent.driver = driver
    try:
        connection = engine.connect()
    finally:
        del _lent.driver
    connection.begin()
    if is_first:
        engine.dialect.initialize(connection)
        _engines[database] = engine
    return connection
