"""A transaction under way on the driver's own connection, and the statements that were compiled ahead for it.

Everyday statements are sent as `storage/compiled.py` has them, without SQLAlchemy, whose import takes longer than the
rest of a command. What depends on the request, bulk work, the check-up and migrations use `Connection.sqlalchemy`:
SQLAlchemy's connection over the same driver connection, in the same transaction, loaded when first asked for.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from authctl.errors import AuthctlError, Unavailable
from authctl.model import from_milliseconds, milliseconds
from authctl.storage.driver_errors import violation

if TYPE_CHECKING:
    import sqlalchemy as sa


def encode_json(value: Any) -> str:
    """Compact JSON. For bytes that are no text, as names of files and columns may have, it has question marks."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


STREAMED = 500  # rows that are read at a time
BEHIND_ALL = 2**63 - 1  # a number that no row reaches: before it are all


def decode_json(text: str) -> Any:
    if text == "[]":  # as most labels, prefs and metadata are
        return []
    return {} if text == "{}" else json.loads(text)


class Unreadable:
    """Stands for a stored value that its column cannot have. Whatever uses it fails with Unavailable."""

    __slots__ = ()

    def _refuse(self, *others: object) -> Any:
        message = "The database contains a value that is impossible. Somebody or a failing disk changed it."
        raise Unavailable("database_damaged", message, hint="See where: authctl security check --deep")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __bool__ = __len__ = __iter__ = _refuse
    __str__ = __contains__ = __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __or__ = __ror__ = _refuse
    __getattr__ = _refuse


def readable(convert: Callable[[Any], Any], stored: Any) -> Any:
    """The value that is stored so; Unreadable where none is."""
    if stored is None or type(stored) is Unreadable:
        return stored
    try:
        return convert(stored)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return Unreadable()


# What makes of a value what is stored, and of that the value, by the names that compiled statements say them by.
STORED: dict[str, Callable[[Any], Any]] = {"instant": milliseconds, "json": encode_json}
READ: dict[str, Callable[[Any], Any]] = {"instant": from_milliseconds, "json": decode_json, "flag": bool}


class Compiled(NamedTuple):
    """A statement as one driver takes it.

    names: of its parameters, in the order they are sent. stored: for each, what makes of it what is stored. columns:
    what it answers with; read: for each, what makes of it the value. None is for values that stay as they are.
    constants: parameters that are always the same.
    """

    text: str
    names: tuple[str, ...]
    stored: tuple[str | None, ...]
    read: tuple[str | None, ...]
    constants: Mapping[str, Any]


_Parts = tuple[str, Mapping[str, tuple[str, str | None]], str, str]


class Statement:
    """A statement whose text was compiled ahead for both databases, or for the only one that needs it."""

    __slots__ = ("_made", "_postgresql", "_row", "_sqlite", "columns")

    def __init__(self, sqlite: Compiled | None, postgresql: Compiled | None, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._sqlite = sqlite
        self._postgresql = postgresql
        self._made: dict[str, _Ready] = {}
        self._row: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of its parameters."""
        return self._sqlite.names if self._sqlite else self._postgresql.names if self._postgresql else ()

    def ready(self, dialect: str) -> _Ready:
        """The same, with functions in the place of their names."""
        found = self._made.get(dialect)
        if found is None:
            twin = self._sqlite if dialect == "sqlite" else self._postgresql
            assert twin is not None, f"a statement that {dialect} has not"
            found = self._made[dialect] = _Ready(twin, dialect)
        return found

    @property
    def row(self) -> Any:
        """The class of its rows, made when the first is read."""
        if self._row is None:
            self._row = namedtuple("Row", self.columns)  # type: ignore[misc]
        return self._row


class _Ready:
    __slots__ = ("_constants", "_is_named", "_names", "_read", "_stored", "text")

    def __init__(self, compiled: Compiled, dialect: str) -> None:
        self.text = compiled.text
        self._names = compiled.names
        self._stored = tuple(STORED.get(name) if name else None for name in compiled.stored)
        self._read = [(place, READ[name]) for place, name in enumerate(compiled.read) if name]
        self._constants = compiled.constants
        self._is_named = dialect == "postgresql"

    def bind(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        given = {**self._constants, **values} if self._constants else values
        bound = [
            given[name] if convert is None or given[name] is None else convert(given[name])
            for name, convert in zip(self._names, self._stored, strict=True)
        ]
        return dict(zip(self._names, bound, strict=True)) if self._is_named else bound

    def read(self, row: Iterable[Any]) -> list[Any]:
        """The values of a row."""
        values = list(row)
        for place, convert in self._read:
            values[place] = readable(convert, values[place])
        return values


class Update:
    """Updates of any columns of one row: a beginning, what stands between for each column, and an end.

    Each twin is (beginning, {column: (assignment, what it is stored by)}, end, the name of the key's parameter).
    """

    __slots__ = ("_made", "_postgresql", "_sqlite")

    def __init__(self, sqlite: _Parts, postgresql: _Parts) -> None:
        self._sqlite = sqlite
        self._postgresql = postgresql
        self._made: dict[tuple[str, ...], Statement] = {}

    def of(self, names: tuple[str, ...]) -> Statement:
        """The statement that changes these columns."""
        found = self._made.get(names)
        if found is None:
            twins = [_update(parts, names) for parts in (self._sqlite, self._postgresql)]
            found = self._made[names] = Statement(twins[0], twins[1], ())
        return found


def _update(parts: _Parts, names: tuple[str, ...]) -> Compiled:
    beginning, assignments, end, key = parts
    text = beginning + ", ".join(assignments[name][0] for name in names) + end
    return Compiled(text, (*names, key), (*(assignments[name][1] for name in names), None), (), {})


class Dialect(Protocol):
    """What a database speaks. name: sqlite or postgresql.

    Failure: all that its driver raises; of these, Violation: of a constraint, and Unfit: of a value that no column of
    its type takes.
    """

    @property
    def name(self) -> str: ...

    @property
    def Failure(self) -> type[Exception]: ...

    @property
    def Violation(self) -> type[Exception]: ...

    @property
    def Unfit(self) -> type[Exception]: ...


Refusal = Callable[[str], AuthctlError | None]
_AT_ONCE = nullcontext()


class Connection:
    """A transaction under way. dialect: what the database speaks. is_write: whether it excludes other writers.

    guard: what rows are streamed within. damages: the rows that a list has left out, since they are damaged.
    """

    __slots__ = ("_over", "_put_over", "_refusals", "_streams", "damages", "dialect", "driver", "guard", "is_write")

    def __init__(
        self, dialect: Dialect, driver: Any, put_over: Callable[[Any], sa.Connection], *, is_write: bool
    ) -> None:
        self.dialect = dialect
        self.driver = driver
        self.is_write = is_write
        self.guard: Callable[[], AbstractContextManager[None]] = nullcontext
        self.damages: dict[str, Unavailable] = {}
        self._put_over = put_over
        self._over: sa.Connection | None = None
        self._refusals: list[Refusal] = []
        self._streams: dict[sa.CursorResult[Any], None] = {}

    # What was compiled ahead

    def run(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """Run it for what it does; how many rows that concerned. On Postgres not known of what is sent ahead."""
        return int(send(self.driver, statement.ready(self.dialect.name), values).rowcount)

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
        """The rows that it finds, as named tuples."""
        ready, row = statement.ready(self.dialect.name), statement.row
        return [row._make(ready.read(each)) for each in send(self.driver, ready, values).fetchall()]

    def update(self, update: Update, changes: Mapping[str, Any], key: Any) -> int:
        """Change these columns of the row that the key finds."""
        return self.run(update.of(tuple(changes)), {**changes, "key_seq": key})

    def first(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """The first row that it finds, or None."""
        found = self.rows(statement, values)
        return found[0] if found else None

    def ask(self, statement: Statement, values: Mapping[str, Any]) -> Callable[[], list[Any]]:
        """What tells the rows that it finds now; on Postgres the question goes with the next statement, for nothing."""
        if self.dialect.name != "postgresql":
            found = self.rows(statement, values)
            return lambda: found
        ready, row = statement.ready(self.dialect.name), statement.row
        with self.ahead():
            asked = send(self.driver, ready, values)
        return lambda: [row._make(ready.read(each)) for each in asked.fetchall()]

    def ahead(self) -> AbstractContextManager[None]:
        """Send the statements of this block with the one after it, or the commit: whose answers nobody reads.

        On Postgres each would wait for its answer before the next is sent, longer than it runs. SQLite has nobody to
        wait for. What one of them fails with is raised by a later statement, the commit at last.
        """
        ahead: AbstractContextManager[None] = self.driver.ahead if self.dialect.name == "postgresql" else _AT_ONCE
        return ahead

    def end_with_next(self) -> None:
        """Let the transaction, which only reads, end with the next statement that is waited for: nothing follows it.

        On Postgres its end would be a round trip of its own.
        """
        if self.dialect.name == "postgresql":
            self.driver.end_with_next()

    def ping(self) -> None:
        """Ask nothing, and end the transaction."""
        self.end_with_next()
        self.driver.execute("SELECT 1")

    @property
    def is_at_end(self) -> bool:
        """Whether nothing can be asked any more, since the transaction ended with the last statement."""
        return self.dialect.name == "postgresql" and self.driver.is_at_end

    def relax(self) -> None:
        """Do not wait until this transaction is on the disk: it is as whole as others, and seen by others as soon.

        For what a crash of the server may forget. A crash of this process loses nothing. SQLite has no such choice.
        """
        if self.dialect.name == "postgresql":
            with self.ahead():
                self.driver.execute("SET LOCAL synchronous_commit = off", prepare=True)

    def freeze(self) -> None:
        """Let this transaction, which only reads and has not begun to, see one moment of the database."""
        if self.dialect.name == "postgresql":  # SQLite has no other way
            with self.ahead():
                self.driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def wait_forever(self) -> None:
        """Let statements of this transaction take as long as they need: large tables take their time."""
        if self.dialect.name == "postgresql":
            with self.ahead():
                self.driver.execute("SET LOCAL statement_timeout = 0")

    def keep_plans(self) -> None:
        """Have Postgres keep the plans of this transaction's compiled statements: for what applications do always."""
        if self.dialect.name == "postgresql":
            self.driver.keep_plans()

    # What the database refuses

    def on_violation(self, refusal: Refusal) -> None:
        """What to tell where a row is refused from now on, by the name of the constraint that refuses it; or None.

        It is told when the transaction ends: a statement that was sent ahead may be refused after others.
        """
        self._refusals.append(refusal)

    def refusal(self, failure: BaseException) -> AuthctlError | None:
        """What was to be told of a violation; None for other failures."""
        if not isinstance(failure, self.dialect.Violation):
            return None
        constraint = violation(failure)
        return next(filter(None, (refusal(constraint) for refusal in reversed(self._refusals))), None)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what a block does, and nothing before it, where it raises."""
        self.driver.execute("SAVEPOINT step")
        try:
            yield
            self.driver.execute("RELEASE SAVEPOINT step")  # tells what went wrong of statements sent ahead
        except BaseException:
            with suppress(self.dialect.Failure):  # of a lost connection, which the failure itself tells
                if self.dialect.name == "postgresql":
                    self.driver.catch_up()
                self.driver.execute("ROLLBACK TO SAVEPOINT step")
                self.driver.execute("RELEASE SAVEPOINT step")
            raise

    # What depends on the request

    @property
    def sqlalchemy(self) -> sa.Connection:
        """SQLAlchemy's connection over the same driver connection, in the same transaction."""
        if self._over is None:
            self._over = self._put_over(self.driver)
            if self.dialect.name == "postgresql":
                self.driver.plan_by_values()
        return self._over

    def stream(self, statement: sa.Select[Any], size: int = STREAMED) -> Iterator[Any]:
        """The rows of a statement of SQLAlchemy's one after another, `size` of them read at a time."""
        with self.guard(), self.sqlalchemy.execute(statement.execution_options(yield_per=size)) as rows:
            self._streams[rows] = None
            try:
                yield from rows
            finally:
                self._streams.pop(rows, None)

    def close(self) -> None:
        """End the streams that nobody has read to their end, and let go of SQLAlchemy's connection, if there is one.

        The transaction is over. What broke a loop off may keep its stream for as long as its traceback is known.
        """
        for rows in [*self._streams]:
            rows.close()
        if self._over is not None:
            self._over.close()


def send(driver: Any, ready: _Ready, values: Mapping[str, Any]) -> Any:
    """The driver's cursor, with a statement run."""
    if ready._is_named:
        return driver.execute(ready.text, ready.bind(values), prepare=True)  # obeyed where plans are kept
    return driver.execute(ready.text, ready.bind(values))
