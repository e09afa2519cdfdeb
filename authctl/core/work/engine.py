"""The engine under a directory: it opens transactions, retries and commits them, and sends what waited for that.

It may be shared by threads. It knows no capability: what a person may do, and how the audit log gets its key, is
handed in by the directory that stands on it.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.values import checks, identifiers
from authctl.core.work.unit import OPERATOR_OR_PROGRAM, By, Work
from authctl.errors import AuthctlError, Denied, Invalid, Unavailable
from authctl.model import Change, Clock, EventName, Json, RandomBytes, Waiting

if TYPE_CHECKING:
    from typing import Self

    from authctl.core.hashing import Parameters
    from authctl.core.hashing.base import StoredHash
    from authctl.core.hashing.turns import Turns
    from authctl.core.work.background import Background
    from authctl.core.work.outbox import Notice, Outbox
    from authctl.core.work.person import Given, Person
    from authctl.core.work.unit import Actor
    from authctl.delivery import Transport
    from authctl.settings import Settings
    from authctl.storage.database import Database
    from authctl.storage.state import State


NAMED = 3  # of many users, those whom a warning names
FAILURES = 5  # in a row without an answer: so many time-outs are long enough

P = ParamSpec("P")
T = TypeVar("T")

Letter = tuple["Engine", "Notice"]  # a notice, and the directory that it is of


class Admit(Protocol):
    """Says whose session it is that a unit of work is done for; refuses one that may not act now."""

    def __call__(self, work: Work, **admission: bool) -> Person: ...


@dataclass(slots=True)
class _Known:
    """What was found out once of the database. An engine and its copies share it: each request has a copy."""

    state: State | None = None
    keys: dict[str, bytes] = field(default_factory=dict, repr=False)  # by fingerprint
    log_key: bytes | None = field(default=None, repr=False)
    turns: Turns | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Engine:
    """A database with a directory in it, the key of its secrets, and who acts.

    find_key: the secret key of a fingerprint, 32 bytes, or None. A missing one is an error at the first write.
    make_log_key: gives the audit log its key, in a unit of work that writes and finds none.
    settings: what it was opened with; mails and text messages are written and sent by them.
    make_ready: makes the database if it is missing (None), or migrates an older one; without it, both are errors.
    dry_run: undo every unit of work at its end. `changes` then has what would have changed.
    keeps_changes: `changes` has what changed; whoever says so empties it.
    warn: called with a sentence that an operator should read.
    sleep: waits for so many seconds, so that others get their turn.
    waiting: tells what goes on while a password is hashed or a message sent, where that takes long.
    background: sends notices, so that nobody waits for them; without it, they are sent at once.
    lent_outbox: where notices wait for the commit of a transaction that the application has lent.
    by: the kind of actor, which whoever opens it says.
    """

    by: By

    def __init__(
        self,
        database: Database,
        *,
        find_key: Callable[[str], bytes | None],
        make_log_key: Callable[[Work], bytes],
        settings: Settings,
        actor: Actor,
        clock: Clock,
        random_bytes: RandomBytes,
        hash_parameters: Parameters | None = None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.actor = actor
        self.clock = clock
        self.random_bytes = random_bytes
        self.dry_run = False
        self.keeps_changes = False
        self.changes: list[Change] = []
        self.make_ready: Callable[[State | None], None] | None = None
        self.warn: Callable[[str], None] = lambda message: None
        self.sleep: Callable[[float], None] = time.sleep
        self.waiting: Waiting = nullcontext
        self.background: Background[Letter] | None = None
        self.lent_outbox: Outbox | None = None
        self._find_key = find_key
        self._make_log_key = make_log_key
        self._hash_parameters = hash_parameters
        self._admit: Admit | None = None
        self._admission: dict[str, bool] = {}
        self.given: Given | None = None
        self._known = _Known()

    def __copy__(self) -> Self:
        made = object.__new__(type(self))  # each request has some copies, which the default makes ten times slower
        made.__dict__.update(self.__dict__)
        return made

    # Who acts, and how.

    def acting(self, actor: Actor, *, dry_run: bool = False) -> Self:
        """The same directory for another actor, or as a dry run. Shares the connections."""
        if not isinstance(dry_run, bool):
            raise Invalid("general_argument_invalid", "The argument 'dry_run' must be True or False.", field="dry_run")
        directory = copy.copy(self)
        directory.actor = actor
        directory.dry_run = dry_run
        directory.changes = []
        return directory

    def as_person(self, admit: Admit, given: Given | None = None) -> Self:
        """The same for a person: every unit of work begins by asking `admit` who it is.

        given: what the person gives once more, for `credentials.stepping_up`.
        """
        directory = copy.copy(self)
        directory.by, directory._admit, directory.given = By.PERSON, admit, given
        return directory

    @property
    def is_person(self) -> bool:
        """Whether a signed-in person acts."""
        return self.by is By.PERSON

    @property
    def is_operator(self) -> bool:
        """Whether an operator acts, or authctl itself: who may do everything to every account and team."""
        return self.by in OPERATOR_OR_PROGRAM

    def require(self, may: By) -> None:
        """Refuse whoever is of no kind that may do this. Raises Denied (user_unauthorized)."""
        if self.by not in may:
            raise _refusal(self.by, may)

    def require_operator(self) -> None:
        """Refuse whoever does not administer the directory, apart from authctl itself."""
        self.require(OPERATOR_OR_PROGRAM)

    def admitting(self, **admission: bool) -> Self:
        """The same for a step that a session may take before it may take others: see `admission.admit`."""
        directory = copy.copy(self)
        directory._admission = admission
        return directory

    def operating(self) -> Self:
        """The same as the program itself, for what must be remembered of a person."""
        directory = copy.copy(self)
        directory.by, directory._admit = By.PROGRAM, None
        return directory

    def from_request(self, ip: str | None = None, user_agent: str | None = None, *, reason: str | None = None) -> Self:
        """The same directory for one request, so that every verb knows where it came from.

        ip: the person's address, by which wrong passwords and codes are counted; None where it is unknown. user_agent:
        what the browser calls itself, for new sessions. reason: why, for the audit log. What is None stays as it was.
        Raises Invalid for an `ip` that is no IP address.
        """
        if ip is None and user_agent is None and reason is None:
            return self
        directory, actor = copy.copy(self), self.actor
        directory.actor = replace(
            actor,
            ip=identifiers.address(ip) if ip is not None else actor.ip,
            user_agent=identifiers.user_agent(user_agent) if user_agent is not None else actor.user_agent,
            reason=checks.text(reason, "reason") if reason is not None else actor.reason,
        )
        return directory

    def heard(self, error: AuthctlError) -> None:
        """What a verb is about to raise, for whoever should know."""

    @property
    def hash_parameters(self) -> Parameters:
        from authctl.core import hashing

        return self._hash_parameters or hashing.TODAY

    @contextmanager
    def hashing_turn(self, stored: str | StoredHash | None = None) -> Iterator[None]:
        """Wait for a turn to hash a password, or to verify one by a stored hash. Raises Unavailable (general_busy)."""
        from authctl.core import hashing
        from authctl.core.hashing.turns import Turns

        with self._known.lock:
            if self._known.turns is None:
                self._known.turns = Turns(self.settings.hashing.at_once, self.settings.hashing.longest_wait)
        turn = self._known.turns.turn(hashing.weight(stored, self.hash_parameters) if stored else 1)
        with self.waiting("Hashing the password"), turn:
            yield

    # What leaves.

    @property
    def transport(self) -> Transport:
        """By which mails and text messages go out, after commit. In a dry run it checks, and sends nothing."""
        from authctl.delivery import Transport

        return Transport(
            self.settings,
            clock=self.clock,
            random_bytes=self.random_bytes,
            console=self.warn,
            waiting=self.waiting,
            dry_run=self.dry_run,
        )

    def post(self, notices: Iterable[Notice]) -> None:
        """Send notices of what has been committed: now, or in the background where there is room for them."""
        letters = [(self, notice) for notice in notices]
        if self.background is None or not self.background.take(letters):
            send(iter(letters), self.warn)

    # In a transaction of the application's.

    def refuse_within(self, what: str) -> None:
        """Refuse what is more than one unit of work in the application's transaction."""
        if self.lent_outbox is not None:
            raise Invalid(
                "general_transaction_invalid",
                f"{what} cannot be used within the application's transaction, since it commits by itself.",
                hint="Call it on the directory itself, before or after the transaction.",
            )

    def post_committed(self, notices: Sequence[Notice]) -> None:
        """Send notices, each of which has an event, if that can be seen by others than whoever made it."""
        committed = self.operating().read(_committed, notices)
        if not committed:
            raise Invalid(
                "general_transaction_invalid",
                "The transaction is not committed, so no notice was sent.",
                hint="Commit first, then call outbox.send().",
            )
        self.post(committed)

    # Units of work.

    def write(self, step: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `step` as one unit of work; again from its beginning where the database gives it up."""
        self.require_key()
        log_key = self.find_log_key()
        works: list[Work] = []

        def run(db: Any) -> T:
            work = self.work(db, log_key)
            work.require_log_key()  # now, since later statements may be sent without waiting for their answers
            works.append(self._admitted(work))
            answer = step(works[-1], *args, **kwargs)
            if self.lent_outbox is not None:
                _claim(self, works[-1])
            works[-1].end()
            return answer

        result = self.database.write(run, rollback=self.dry_run)
        if self.dry_run or self.keeps_changes:
            self.changes += works[-1].changes
        if works[-1].outbox and not self.dry_run:
            self.post(works[-1].outbox) if self.lent_outbox is None else self.lent_outbox.add(works[-1].outbox)
        self._tell(works[-1])
        return result

    def read(self, step: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `step` in a transaction that only reads."""
        self.require_schema()
        works: list[Work] = []

        def run(db: Any) -> T:
            works.append(self._admitted(self.work(db)))
            return step(works[-1], *args, **kwargs)

        result = self.database.read(run)
        self._tell(works[-1])
        return result

    def _tell(self, work: Work) -> None:
        for warning in (*work.warnings, *_of_unverified(work.unverified)):
            self.warn(warning)
        for damage in work.db.damages.values():
            self.warn(f"Left out: {damage.message} {damage.hint}")

    def stream(self, step: Callable[[Work], Iterator[T]]) -> Iterator[T]:
        """What `step` yields, one by one, from one transaction that stays open meanwhile."""
        self.require_schema()

        def run(db: Any) -> Iterator[T]:
            work = self._admitted(self.work(db))
            yield from step(work)
            self._tell(work)

        return self.database.stream(run)

    def _admitted(self, work: Work) -> Work:
        """The unit of work, done for the person whose session it is, if that may act now."""
        if self.by is By.PERSON:
            assert self._admit is not None
            work.act_for(self._admit(work, **self._admission))
        return work

    def work(self, db: Any, log_key: bytes | None = None) -> Work:
        """A unit of work in that transaction."""
        now = self.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        find_key = partial(self._key_within, db)
        return Work(db, self.by, self.actor, now, self.random_bytes, find_key, self._make_log_key, _log_key=log_key)

    def find_log_key(self) -> bytes | None:
        """The key of the audit log's digests, asked for once and known from then on: it stays the same.

        None where there is none yet. Read in a transaction of its own: what another makes may be undone with it.
        """
        if self._known.log_key is None:
            sealed, held = self.database.read(storage.sealed_keys.find_log_key)
            if sealed is not None:
                context = storage.sealed_keys.LOG_KEY_CONTEXT
                self._known.log_key = sealing.unseal(self._key_of(held), sealed, context=context)
        return self._known.log_key

    def forget(self) -> None:
        """Ask anew for what was known of the database: it holds another directory now."""
        self._known.state = self._known.log_key = None
        self._known.keys.clear()

    def _key_within(self, db: Any) -> bytes:
        """The secret key for that transaction, as long as it lasts."""
        return self._key_of(storage.state.hold_fingerprint(db))

    def _key_of(self, held: str | None) -> bytes:
        """The secret key of that fingerprint; another process may have given the directory a new one meanwhile.

        Kept by fingerprint: of two threads, one may be in a transaction from before that, and one in a later one.
        """
        key = self._known.keys.get(held) if held is not None else None
        if key is None or held is None:
            state = replace(self.state, key_fingerprint=held)
            key = self.find_key(state)
            self._known.keys[str(held)] = key
            self._known.state = state
        return key

    # What the database says of itself.

    @property
    def state(self) -> State:
        """The schema's version and the key's fingerprint; refuses a database that this authctl cannot work on."""
        if self._known.state is None:
            state = self._made_ready() or storage.state.get_state(self.database)
            storage.state.check_version(state, self.database.describe())
            if state.key_fingerprint is None:  # the schema was made by hand; `authctl init` will give it a key
                return state
            self._known.state = state
        return self._known.state

    def _made_ready(self) -> State | None:
        """What the default database says of itself, if it needed nothing; made or migrated where it did."""
        if self.make_ready is None:
            return None
        found = storage.state.find_state(self.database)
        if found is not None and not storage.state.is_older(found):
            return found
        self.make_ready(found)
        return None

    @property
    def key(self) -> bytes:
        """The secret key; refuses a missing one, and one that is not this database's."""
        return self._key_of(self.state.key_fingerprint)

    def require_schema(self) -> None:
        """Refuse a database that this authctl cannot work on, before anything is read."""
        self.state  # noqa: B018 - looking refuses it

    def require_key(self) -> None:
        """Refuse a missing or wrong key, before anything is written."""
        self.key  # noqa: B018 - looking refuses it

    def find_key(self, state: State) -> bytes:
        """The secret key of a database in that state; refuses a missing one, and a wrong one."""
        wanted, where = state.key_fingerprint, self.database.describe()
        if wanted is None:
            raise storage.driver_errors.not_initialized(where)
        key = self._find_key(wanted)
        if key is None:
            path = self.settings.secret_key_file
            looked = f" authctl looked for {path}." if path is not None else ""
            raise Invalid(
                "general_key_missing",
                f"The secret key {wanted} of {where} was not found.",
                field="secret_key",
                hint=f"Set secret_key_file or AUTHCTL_SECRET_KEY_FILE to the file from `authctl init`.{looked}",
            )
        if (found := sealing.fingerprint(key)) != wanted:
            raise Invalid(
                "general_key_mismatch",
                f"The secret key {found} does not belong to {where}, which uses {wanted}.",
                field="secret_key",
                hint="Check secret_key, secret_key_file and the database URL.",
            )
        return key

    def find_own_key(self, state: State) -> bytes | None:
        """The same key; None where it is not at hand."""
        try:
            return self.find_key(state)
        except (Invalid, Unavailable):
            return None

    def close(self) -> None:
        """Send what waits in the background, and give the connections back."""
        if self.background is not None and self.lent_outbox is None:
            self.background.join()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.database.describe()!r})"


def _refusal(by: By, may: By) -> Denied:
    """What somebody of that kind is told who may not do it."""
    if by is By.PERSON:
        whom = "the application" if By.APPLICATION in may else "operators"
        return Denied("user_unauthorized", f"Only {whom} can do this. You can only see and change your own account.")
    if By.PERSON in may:
        return Denied("user_unauthorized", "Sign in to do this.", hint="Use as_session(secret).")
    return Denied("user_unauthorized", "Only operators can do this.", hint="For operators' programs: authctl.open().")


def _of_unverified(found: Mapping[str, str]) -> list[str]:
    """What an operator is told of users whom nobody has verified: a sentence, however many they are."""
    if len(found) < 2:
        return [f"Nobody has verified {typed} of user {id}." for id, typed in found.items()]
    named = [f"{id} ({typed})" for id, typed in islice(found.items(), NAMED)]
    named += [f"and {len(found) - NAMED:,} more"] if len(found) > NAMED else []
    return [f"Nobody has verified {len(found):,} users: {', '.join(named)}."]


def send(letters: Iterator[Letter], warn: Callable[[str], None]) -> None:
    """Send what waited. A failure is told and recorded, and nothing else: what it was about is done.

    A server that fails several times in a row gets no more of them: an import may have thousands waiting. Mailboxes
    that are gone do not count, or an intruder who has five would keep others from being told.
    """
    failed = 0
    letters = (letter for letter in letters if _has_way(*letter))
    for directory, notice in letters:
        try:
            receipt = directory.transport.send(notice.compose(directory.settings.for_reader(notice.locale)))
            failed = 0
            if notice.event_id is not None:
                said = {name: value for name, value in receipt.public().items() if value is not None}
                with suppress(Unavailable):
                    directory.operating().write(_record, [notice], {"sent": said})
        except AuthctlError as error:
            failed = failed + 1 if _is_of_server(error) else 0
            untold = [(directory, notice), *(letters if failed == FAILURES else ())]
            who = f"User {notice.user_id} was" if len(untold) == 1 else f"{len(untold):,} users were"
            warn(f"{who} not notified by {'SMS' if notice.is_sms else 'mail'}: {error.message}")
            with suppress(Unavailable):  # even where the database is gone by now
                for each, theirs in groupby(untold, key=itemgetter(0)):
                    each.operating().write(_record, [notice for _, notice in theirs], {"refused": error.type})


def _is_of_server(error: AuthctlError) -> bool:
    """Whether the next message would fail as this one did."""
    from authctl.delivery import Refused

    return not isinstance(error, Refused) or error.is_of_server


def _has_way(directory: Engine, notice: Notice) -> bool:
    """Whether it can be sent at all."""
    settings = directory.settings
    return (settings.sms.provider if notice.is_sms else settings.email.host) is not None


def _record(work: Work, notices: Iterable[Notice], what: Json) -> None:
    for notice in notices:
        _record_one(work, notice, what)


def _record_one(work: Work, notice: Notice, what: Json) -> str:
    return work.record(EventName.USERS_NOTIFY, f"users/{notice.user_id}", what, user_id=notice.user_id)


def _claim(directory: Engine, work: Work) -> None:
    """Have the log say which notices are to be sent: whoever commits it may die before they are."""
    sendable = [notice for notice in work.outbox if _has_way(directory, notice)]
    work.outbox[:] = [replace(each, event_id=_record_one(work, each, {"sending": True})) for each in sendable]


def _committed(work: Work, notices: Sequence[Notice]) -> list[Notice]:
    return [each for each in notices if storage.events.find_position(work.db, each.event_id or "") is not None]
