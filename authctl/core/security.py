"""Security: the policies that hold, what happened, and what a password would get. The verbs of `authctl security`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from authctl import storage
from authctl.core import password_rules, policy, users, values
from authctl.core.directory import Directory, Group, flow, reads, writes
from authctl.errors import Invalid, NotFound, Problem
from authctl.model import Event, EventName, User

if TYPE_CHECKING:
    from authctl.core.work import Work
    from authctl.storage.events import Asked, Position

SETTLING = 10  # polls; for so long a transaction may hold back events that are older than some already seen


# Policies


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy before and after a change, as typed values."""

    name: str
    before: Any
    after: Any


def show(work: Work, names: Iterable[str] = ()) -> dict[str, Any]:
    """The policies that hold, as typed values (durations are timedeltas, sets frozensets); all, or those named.

    Raises Invalid for an unknown name.
    """
    wanted = [policy.get(name).name for name in names] or list(policy.DECLARATIONS)
    return {name: work.policy[name] for name in wanted}


def set_(work: Work, name: str, value: Any) -> Any:
    """Set a policy, and return the value as the rules have it.

    value: typed, or text as on the command line (`15m`, `off`, `upper,digit`); numbers are seconds where the policy is
    a duration. Raises Invalid for an unknown name and a value out of range.
    """
    wanted = policy.parse(name, value)
    _change(work, {name: wanted})
    return wanted


def reset(work: Work, names: Iterable[str] = (), *, all: bool = False) -> dict[str, Any]:
    """Give policies their defaults again: those named, or all; returns them."""
    wanted = [policy.get(name) for name in names] if not all else list(policy.DECLARATIONS.values())
    defaults = {declaration.name: declaration.default for declaration in wanted}
    _change(work, defaults)
    return defaults


def apply(work: Work, wanted: Mapping[str, Any] | str) -> list[Difference]:
    """Set several policies, or none where anything is wrong with one; returns what differs from before.

    wanted: values by name, as `set` takes them, the others staying as they are; or the name of a preset (recommended,
    appwrite, supabase), which sets them all. Raises Invalid with all that is wrong.
    """
    return _change(work, policy.preset(wanted) if isinstance(wanted, str) else policy.parse_all(wanted))


def _change(work: Work, wanted: Mapping[str, Any]) -> list[Difference]:
    """Store what differs, with an event for each. A policy at its default is not stored."""
    before = policy.Policy(storage.policies.read_locked(work.db))
    changes = [Difference(name, before[name], value) for name, value in wanted.items() if before[name] != value]
    storage.policies.put(work.db, {each.name: policy.plain(each.name, each.after) for each in changes})
    at_default = [each.name for each in changes if each.after == policy.DECLARATIONS[each.name].default]
    storage.policies.remove(work.db, at_default)
    for each in changes:
        old, new = (policy.shown(each.name, value)[0] for value in (each.before, each.after))
        resource = f"policies/{each.name}"
        work.record(EventName.SECURITY_UPDATE_POLICY, resource, {"before": old, "after": new})
        work.changed(resource, {"value": old}, {"value": new})
    work.forget_policy()
    return changes


# What a password would get


@dataclass(frozen=True, slots=True)
class PasswordReport:
    """What the policy has against a password, and how hard it is to guess.

    score: zxcvbn's, 0 (very easy) to 4 (very hard). crack_time: in words, for somebody who tries ten thousand a second.
    """

    problems: tuple[Problem, ...]
    score: int
    crack_time: str

    @property
    def is_accepted(self) -> bool:
        return not self.problems


def check_password(directory: Directory, password: str, *, user: str | None = None) -> PasswordReport:
    """Say what a password would get, and store nothing.

    user: whose personal data it is held against too. The user's former passwords are not looked at.
    Raises NotFound for an unknown user, Unavailable where the file of breached passwords cannot be read.
    """
    current, found = directory.read(_standing, user)
    problems = password_rules.failures(password, current, user=found)
    score, crack_time = password_rules.estimate(password, user=found)
    return PasswordReport(tuple(problems), score, crack_time)


def _standing(work: Work, user: str | None) -> tuple[policy.Policy, User | None]:
    return work.policy, None if user is None else users.get(work, user)


# What happened


def list_logs(
    work: Work,
    *,
    user: str | None = None,
    events: Iterable[str] = (),
    actor: str | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    limit: int = 25,
    after: str | None = None,
) -> list[Event]:
    """What happened, the newest first: those events for which all conditions hold.

    user: whom it is about; by id also one that is deleted. events: names, with `*` for any part (`users.*`), one of
    which must fit. since, until: aware datetimes, or as `values.moment` reads them (`2h` is two hours ago); until is
    exclusive. limit: 1 to 10,000. after: the id of the event that the page goes on from.

    Found by index: time and user. Other conditions read the log from its end until enough is found.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("general_argument_invalid", f"limit {limit} is out of range; use 1 to {MAX_LIMIT:,}", field="limit")
    asked = _asked(work, user=user, events=events, actor=actor, since=since, until=until)
    return list(storage.events.list_page(work.db, asked, limit, _position(work, after)))


MAX_LIMIT = 10_000


def iterate_logs(directory: Directory, *, after: str | None = None, **conditions: Any) -> Iterator[Event]:
    """All events of a list, streamed in constant memory from one moment. Conditions are those of `list_logs`."""

    def step(work: Work) -> Iterator[Event]:
        return storage.events.list_page(work.db, _asked(work, **conditions), None, _position(work, after))

    return directory.stream(step)


def follow_logs(
    directory: Directory, wait: Callable[[], None], *, limit: int | None = 25, **conditions: Any
) -> Iterator[Event]:
    """The newest events, the oldest of them first, and then what happens, without end.

    wait: called between looks; it returns when it is time to look again, or raises to stop. limit: how many of those
    that have happened already; None for all of them. Conditions are those of `list_logs`.
    """
    asked, behind, begin = directory.read(_begin, limit, conditions)
    yield from begin
    # Numbers are given before a transaction is through, so one may appear below others: each look goes back a while.
    seen: set[int] = set()
    if limit is not None:
        seen = {seq for seq, _ in directory.stream(lambda work: storage.events.list_behind(work.db, asked, behind))}
    looks = [behind]
    while True:
        newest = looks[-1]
        for seq, event in directory.stream(lambda work: storage.events.list_behind(work.db, asked, looks[0])):
            newest = max(newest, seq)
            if seq not in seen:
                seen.add(seq)
                yield event
        looks = [*looks, newest][-SETTLING:]
        seen = {seq for seq in seen if seq > looks[0]}
        wait()
