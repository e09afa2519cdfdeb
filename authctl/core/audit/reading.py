"""The audit log as operators and people read it: pages, streams, and what happens next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from authctl import storage
from authctl.core.accounts import lookup
from authctl.core.audit import following
from authctl.core.values import checks, identifiers, times
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid, NotFound, did_you_mean
from authctl.model import Event, EventName
from authctl.storage.events import EventPosition, EventQuery


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

    user: whom it is about; by id also one that is deleted, or was merged into another, whose log has it too. events:
    names, with `*` for any part (`users.*`), one of which must fit. since, until: aware datetimes, or as `times.moment`
    reads them (`2h` is two hours ago); until is exclusive. limit: 1 to 10,000. after: the id of the event that the page
    goes on from.

    Found by index: time and user. Other conditions read the log from its end until enough is found.
    """
    identifiers.limit(limit)
    asked = _asked(work, user=user, events=events, actor=actor, since=since, until=until)
    lists = storage.events if asked.is_plain else storage.event_lists
    found: list[Event] = lists.list_page(work.db, asked, limit, _position(work, after))
    return found


def iterate_logs(
    directory: Engine,
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
        return storage.event_lists.iterate(work.db, asked, _position(work, after))

    return directory.stream(step)


def follow_logs(
    directory: Engine,
    wait: Callable[[], object],
    *,
    user: str | None = None,
    events: Iterable[str] = (),
    actor: str | None = None,
    since: datetime | str | None = None,
    limit: int | None = 25,
    after: str | None = None,
) -> following.Following:
    """The newest events, the oldest of them first, and then what happens, without end: each event once.

    wait: called between looks; it returns when it is time to look again, or raises to stop. `authctl.aio` awaits what
    it returns. limit: how many of those that have happened already; None for all of them. after: the `cursor` of what
    an earlier call answered with, to go on behind the event that came last; keep it together with what was made of that
    event. The other conditions are those of `list_logs`. Raises Unavailable (database_read_only) on a standby, which
    does not know who writes.
    """
    asked = directory.read(_asked, user=user, events=events, actor=actor, since=since)
    if after is not None:
        return following.go_on(directory, wait, asked, after)
    return following.begin(directory, wait, asked, None if limit is None else identifiers.limit(limit))


def _asked(
    work: Work,
    *,
    user: str | None = None,
    events: Iterable[str] = (),
    actor: str | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
) -> EventQuery:
    check = checks.Collector()
    names = [name for name in (check(_event, event) for event in events) if name]
    begin, end = (
        check(times.moment, given, work.now, bare="ago", field=field) if isinstance(given, str) else given
        for field, given in (("since", since), ("until", until))
    )
    check(checks.text, actor, "actor")
    check.done()
    id = None if user is None else _user_id(work, user)
    return storage.events.EventQuery(
        user_id=id,
        merged_ids=_merged_ids(work, id) if id is not None and work.is_operator else (),
        names=tuple(names),
        actor=actor,
        since=begin,
        until=end,
    )


def _merged_ids(work: Work, id: str) -> tuple[str, ...]:
    """The ids of the accounts that were merged into a user, whose log is the user's."""
    return storage.user_names.ask_merged(work.db, [("id", id)])(id)


def _event(name: str) -> str:
    """The name of an event, or a pattern that fits some: `users.*`."""
    from fnmatch import fnmatchcase

    wanted = checks.text(name, "event").strip()
    if re.fullmatch("[a-z0-9_.*]+", wanted) and any(fnmatchcase(known, wanted) for known in EventName):
        return wanted
    raise Invalid(
        "general_argument_invalid",
        f"Unknown event {checks.shown(name)}.{did_you_mean(wanted, EventName)}",
        field="event",
        hint="Use a name such as users.create, or a pattern such as 'users.*' or '*.delete'.",
    )


def _user_id(work: Work, user: str) -> str:
    """The id of a user, also of one that only the log knows."""
    found = lookup.find(work, user)
    if found is not None:
        return found.id
    id = user.removeprefix("id:")
    if not storage.events.has_user(work.db, id):
        lookup.get(work, user)
    return id


def _position(work: Work, id: str | None) -> EventPosition | None:
    if id is None:
        return None
    found = storage.events.find_position(work.db, checks.text(id, "after"))
    if found is None:
        raise NotFound("event_not_found", f"There is no event {checks.shown(id)} to continue after.", field="after")
    return found


def list_of_user(work: Work, user: str, *, limit: int = 25, after: str | None = None) -> list[Event]:
    """What was done to an account, the newest first. after: the id of the event that the page goes on from.

    Asked by id, it answers for a deleted account too; a person sees nothing from before the account was made, when
    another may have had its id.
    """
    if work.is_operator:
        return list_logs(work, user=user, limit=limit, after=after)
    found = lookup.get(work, user)
    events = list_logs(work, user=f"id:{found.id}", limit=limit, after=after)
    events = [event for event in events if event.time >= found.created_at]
    own = f"user:{found.id}"
    return [replace(event, os_user=None) if event.actor == own else event.as_the_person_sees_it() for event in events]
