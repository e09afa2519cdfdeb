"""Security: the policies that hold, what happened, and what a password would get. The verbs of `authctl security`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from authctl import core, storage
from authctl.core import jwts, log_verification, mock_phones, password_rules, policy, users, values
from authctl.core.directory import Directory, Group, flow, reads, writes
from authctl.errors import Invalid, NotFound, Problem
from authctl.model import Event, EventName, User

if TYPE_CHECKING:
    from authctl.core.work import Work
    from authctl.delivery import Channel, Receipt
    from authctl.storage.events import Asked, Position

# How far behind the newest event one may still appear, because its transaction was not through.
SETTLING_LOOKS = 10
SETTLING_EVENTS = 100  # before the first look


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
    _change(work, defaults, to_default=True)
    return defaults


def apply(work: Work, wanted: Mapping[str, Any] | str) -> list[Difference]:
    """Set several policies, or none where anything is wrong with one; returns what differs from before.

    wanted: values by name, as `set` takes them, the others staying as they are; or the name of a preset (recommended,
    appwrite, supabase), which sets them all. Raises Invalid with all that is wrong.
    """
    return _change(work, policy.preset(wanted) if isinstance(wanted, str) else policy.parse_all(wanted))


def _change(work: Work, wanted: Mapping[str, Any], *, to_default: bool = False) -> list[Difference]:
    """Store what differs, with an event for each. to_default: nobody has set these policies any more."""
    before = policy.Policy(storage.policies.read_locked(work.db))
    work.policy  # noqa: B018 - read now, since what holds before says whether a reason is asked for
    changes = [Difference(name, before[name], value) for name, value in wanted.items() if before[name] != value]
    if to_default:
        storage.policies.remove(work.db, wanted)
    else:
        storage.policies.put(work.db, {each.name: policy.plain(each.name, each.after) for each in changes})
    for each in changes:
        old, new = (policy.shown(each.name, value)[0] for value in (each.before, each.after))
        resource = f"policies/{each.name}"
        work.record(EventName.SECURITY_UPDATE_POLICY, resource, {"before": old, "after": new})
        work.changed(resource, {"value": old}, {"value": new})
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
    values.limit(limit)
    asked = _asked(work, user=user, events=events, actor=actor, since=since, until=until)
    return list(storage.events.list_page(work.db, asked, limit, _position(work, after)))


def iterate_logs(
    directory: Directory,
    *,
    user: str | None = None,
    events: Iterable[str] = (),
    actor: str | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    after: str | None = None,
) -> Iterator[Event]:
    """All events of a list, streamed in constant memory from one moment; by the same conditions."""

    def step(work: Work) -> Iterator[Event]:
        asked = _asked(work, user=user, events=events, actor=actor, since=since, until=until)
        return storage.events.list_page(work.db, asked, None, _position(work, after))

    return directory.stream(step)


def follow_logs(
    directory: Directory,
    wait: Callable[[], None],
    *,
    user: str | None = None,
    events: Iterable[str] = (),
    actor: str | None = None,
    since: datetime | str | None = None,
    limit: int | None = 25,
) -> Iterator[Event]:
    """The newest events, the oldest of them first, and then what happens, without end.

    wait: called between looks; it returns when it is time to look again, or raises to stop. limit: how many of those
    that have happened already; None for all of them. The other conditions are those of `list_logs`.
    """
    asked = directory.read(_asked, user=user, events=events, actor=actor, since=since)
    first, last = directory.read(_beginning, asked, limit)
    # Numbers are given before a transaction is through, so an event may appear below others: looks go back a while.
    looks = [max(0, last - SETTLING_EVENTS)]
    behind = min(first - 1, looks[0])
    seen: set[int] = set()
    while True:
        newest = looks[-1]
        for seq, event in directory.stream(partial(_behind, asked=asked, seq=behind)):
            newest = max(newest, seq)
            if seq in seen:
                continue
            if seq > looks[0]:
                seen.add(seq)
            if seq >= first:
                yield event
        first = 0
        looks = [*looks, newest][-SETTLING_LOOKS:]
        behind = looks[0]
        seen = {seq for seq in seen if seq > behind}
        wait()


def _beginning(work: Work, asked: Asked, limit: int | None) -> tuple[int, int]:
    """The number of the first event to show, and of the last that there is."""
    last = storage.events.last_seq(work.db)
    if limit is None:
        return 1, last
    first = storage.events.first_seq(work.db, asked, values.limit(limit))
    return last + 1 if first is None else first, last


def _behind(work: Work, asked: Asked, seq: int) -> Iterator[tuple[int, Event]]:
    return storage.events.list_behind(work.db, asked, seq)


def _asked(
    work: Work,
    *,
    user: str | None = None,
    events: Iterable[str] = (),
    actor: str | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
) -> Asked:
    check = values.Check()
    names = [name for name in (check(_event, event) for event in events) if name]
    begin, end = (
        check(values.moment, given, work.now, bare="ago", field=field) if isinstance(given, str) else given
        for field, given in (("since", since), ("until", until))
    )
    check(values.text, actor, "actor")
    check.done()
    return storage.events.Asked(
        user_id=None if user is None else _user_id(work, user),
        names=tuple(names),
        actor=actor,
        since=begin,
        until=end,
    )


def _event(name: str) -> str:
    """The name of an event, or a pattern that fits some: `users.*`."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    wanted = values.text(name, "event").strip()
    if re.fullmatch("[a-z0-9_.*]+", wanted) and any(fnmatchcase(known, wanted) for known in EventName):
        return wanted
    near = get_close_matches(wanted, list(EventName), n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise Invalid(
        "general_argument_invalid",
        f"event {values.shown(name)} is the name of no event.{meant}",
        field="event",
        hint="Write a name such as users.create, or a pattern such as 'users.*' or '*.delete'.",
    )


def _user_id(work: Work, user: str) -> str:
    """The id of a user, also of one that only the log knows."""
    found = users.find(work, user)
    if found is not None:
        return found.id
    id = user.removeprefix("id:")
    if not storage.events.has_user(work.db, id):
        users.get(work, user)
    return id


def _position(work: Work, id: str | None) -> Position | None:
    if id is None:
        return None
    found = storage.events.find_position(work.db, values.text(id, "after"))
    if found is None:
        raise NotFound("event_not_found", f"There is no event {values.shown(id)} to go on from.", field="after")
    return found


# Trying, and clearing up


def test_delivery(directory: Directory, channel: Channel | str, address: str) -> Receipt:
    """Send a message that says that it is a test; what the server or provider answered.

    channel: email, sms or whatsapp. A provider that makes codes itself sends one, which nobody asks for.
    Raises Unavailable: delivery_unconfigured, delivery_failed.
    """
    from authctl.core import messages
    from authctl.delivery import Channel

    if channel not in tuple(Channel):
        raise Invalid("general_argument_invalid", f"channel is one of {', '.join(Channel)}.", field="channel")
    way = Channel(channel)
    transport = directory.transport
    if way is Channel.EMAIL:
        return transport.send(messages.trial_email(directory.settings, values.email(address)))
    phone = values.phone(address)
    if transport.makes_codes:
        return transport.start(phone, way)
    return transport.send(messages.trial_sms(directory.settings, phone, channel=way))


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was cleared: dead tokens and challenges, sessions that are over, counts of attempts, retired keys, and
    events of the audit log."""

    tokens: int
    challenges: int
    sessions: int
    attempts: int
    signing_keys: int
    events: int


SESSIONS_KEPT = timedelta(days=30)  # how long sessions that are over are kept, where log-retention does not say


def purge(directory: Directory) -> Purged:
    """Clear what is dead, some at a time: tokens and challenges after a day, sessions after the policy log-retention,
    else 30 days. Events of the audit log go after that policy alone, and not where the log was changed by hand."""
    tokens = core.tokens.purge(directory)
    challenges = core.challenges.purge(directory)
    sessions = _purge_sessions(directory)
    kept_since = directory.read(_events_kept_since)
    events = log_verification.purge(directory, kept_since) if kept_since is not None else 0
    return directory.write(_purge_rest, tokens, challenges, sessions, events)


def _events_kept_since(work: Work) -> datetime | None:
    kept: timedelta | None = work.policy["log-retention"]
    return None if kept is None else work.now - kept


def _purge_rest(work: Work, tokens: int, challenges: int, sessions: int, events: int) -> Purged:
    attempts, keys = core.throttle.purge(work), jwts.purge(work)
    purged = Purged(tokens, challenges, sessions, attempts, keys, events)
    work.record(EventName.SECURITY_PURGE, "directory", asdict(purged))
    return purged


def _purge_sessions(directory: Directory) -> int:
    if directory.dry_run:
        return directory.read(lambda work: storage.sessions.count_over(work.db, sessions_kept_since(work)))
    total = 0
    while removed := directory.write(lambda work: storage.sessions.purge(work.db, sessions_kept_since(work))):
        total += removed
    return total


def sessions_kept_since(work: Work) -> datetime:
    """Since when sessions that are over are kept."""
    kept: timedelta = work.policy["log-retention"] or SESSIONS_KEPT
    return work.now - kept


class Security(Group):
    """Policies and the audit log: the same verbs as the commands of `authctl security`."""

    show = reads(show)
    set = writes(set_)
    reset = writes(reset)
    apply = writes(apply)
    check_password = flow(check_password)
    list_logs = reads(list_logs)
    iterate_logs = flow(iterate_logs)
    follow_logs = flow(follow_logs)
    verify_logs = flow(log_verification.verify)
    show_jwks = reads(jwts.jwks)
    rotate_jwt_key = writes(jwts.rotate)
    create_mock_phone = writes(mock_phones.create)
    list_mock_phones = reads(mock_phones.list_)
    delete_mock_phone = writes(mock_phones.delete)
    test_delivery = flow(test_delivery)
    purge = flow(purge)
