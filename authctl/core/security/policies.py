"""Showing and changing the security policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from authctl import storage
from authctl.core.audit import retention
from authctl.core.policy import policies
from authctl.core.work.unit import Work
from authctl.model import EventName, JsonObject


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy before and after a change, as typed values."""

    name: str
    before: object
    after: object


def show(work: Work, names: Iterable[str] = ()) -> JsonObject:
    """The policies that hold, as typed values (durations are timedeltas, sets frozensets); all, or those named.

    Raises Invalid for an unknown name.
    """
    wanted = [policies.get(name).name for name in names] or list(policies.DECLARATIONS)
    return {name: work.policy[name] for name in wanted}


def set_(work: Work, name: str, value: object) -> object:
    """Set a policy, and return the value as the rules have it.

    value: typed, or text as on the command line (`15m`, `off`, `upper,digit`); numbers are seconds where the policy is
    a duration. Raises Invalid for an unknown name and a value out of range.
    """
    wanted = policies.parse(name, value)
    _change(work, {name: wanted})
    return wanted


def reset(work: Work, names: Iterable[str] = (), *, all: bool = False) -> JsonObject:
    """Give policies their defaults again: those named, or all; returns them."""
    wanted = [policies.get(name) for name in names] if not all else list(policies.DECLARATIONS.values())
    defaults = {declaration.name: declaration.default for declaration in wanted}
    _change(work, defaults, to_default=True)
    return defaults


def apply(work: Work, wanted: Mapping[str, object] | str) -> list[Difference]:
    """Set several policies, or none where anything is wrong with one; returns what differs from before.

    wanted: values by name, as `set` takes them, the others staying as they are; or the name of a preset (recommended,
    appwrite, supabase), which sets them all. Raises Invalid with all that is wrong.
    """
    return _change(work, policies.preset(wanted) if isinstance(wanted, str) else policies.parse_all(wanted))


def _change(work: Work, wanted: Mapping[str, Any], *, to_default: bool = False) -> list[Difference]:
    """Store what differs, with an event for each. to_default: nobody has set these policies any more."""
    before = policies.Policy(storage.policies.read_locked(work.db))
    work.load_policy()  # since what holds before says whether a reason is asked for
    changes = [
        Difference(name, before[name] if before.is_readable(name) else policies.get(name).default, value)
        for name, value in wanted.items()
        if not before.is_readable(name)
        or before[name] != value
        or (name == retention.POLICY and retention.signed(work, work.log_key) != value)
    ]
    if to_default:
        storage.policies.remove(work.db, wanted)
    else:
        storage.policies.put(work.db, {each.name: policies.plain(each.name, each.after) for each in changes})
    for each in changes:
        old, new = (policies.shown(each.name, value)[0] for value in (each.before, each.after))
        resource = f"policies/{each.name}"
        work.record(EventName.SECURITY_UPDATE_POLICY, resource, {"before": old, "after": new})
        work.changed(resource, {"value": old}, {"value": new})
        if each.name == "user-limit":
            work.at_end(storage.user_counts.start if each.after else storage.user_counts.stop, work.db)
        if each.name == "password-history":
            storage.purging.delete_history(work.db, wanted[each.name])
    return changes
