"""Deleting what has expired: tokens, challenges, ended sessions, invitations, counts of attempts, known sources, old
events, and what imports replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from authctl import storage
from authctl.core.accounts import throttle
from authctl.core.audit import clearing, retention
from authctl.core.mfa import challenges as mfa_challenges
from authctl.core.sessions import jwts
from authctl.core.tokens import tokens as tokens_tokens
from authctl.core.work import batches
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Unavailable
from authctl.model import EventName, instant
from authctl.storage.connection import Connection

DAY = timedelta(days=1)
_Step = Callable[[Connection, datetime], int]


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was cleared: dead tokens and challenges, sessions that are over, counts of attempts, sources that are
    known no more, retired keys, events of the audit log, memberships of nobody, whose invitation expired, and what old
    imports changed of users, which undoing them would bring back."""

    tokens: int
    challenges: int
    sessions: int
    attempts: int
    known_sources: int
    signing_keys: int
    events: int
    invitations: int
    import_changes: int


CHANGES_KEPT = timedelta(days=30)  # how long an import's changes, former password hashes among them, can be undone
INVITATIONS_KEPT = timedelta(days=30)  # how long an address is kept that never accepted, and its team's owners see it
LONGEST_SILENCE = timedelta(days=90)  # of a directory whose clock is believed
SESSIONS_KEPT = timedelta(days=30)  # how long sessions that are over are kept, where log-retention does not say


def purge(directory: Engine, *, force: bool = False) -> Purged:
    """Clear what is dead, some at a time: tokens and challenges after a day, sessions after the policy log-retention,
    else 30 days. Events of the audit log go after that policy alone, and not where it, or the log, was changed by hand.
    Invitations of addresses that nobody accepted with go after 30 days, with the memberships that waited for them; so
    does what imports replaced.

    force: even where nothing was done in the directory for long before today, which else is Unavailable
    (general_clock_doubtful).
    """
    if not force:
        directory.read(_check_clock)
    tokens = tokens_tokens.purge(directory)
    challenges = mfa_challenges.purge(directory)
    kept = _retention(directory)
    rows, now = storage.purging, directory.clock()
    since = sessions_kept_since(now, kept)
    sessions = batches.remove_overdue(directory, "sessions", rows.sessions_over(since))
    events = clearing.purge(directory, now - kept) if kept is not None else 0
    invitations = _purge(directory, "invitations", now - INVITATIONS_KEPT, rows.count_invited, rows.delete_invited)
    since = now - CHANGES_KEPT
    changes = _purge(directory, "import_changes", since, rows.count_import_changes, rows.delete_import_changes)
    attempts, known = throttle.purge(directory), throttle.purge_known_sources(directory)
    return directory.write(
        _finish, Purged(tokens, challenges, sessions, attempts, known, 0, events, invitations, changes)
    )


def _check_clock(work: Work) -> None:
    """Refuse a clock that jumped: what was done by it today does not vouch for it."""
    last = storage.statistics.last_event_at(work.db, work.now - DAY)
    if last is not None and work.now - last > LONGEST_SILENCE:
        silent = f"{(work.now - last) // DAY:,}"
        raise Unavailable(
            "general_clock_doubtful",
            f"Nothing was deleted: this machine's clock says {instant(work.now)}, {silent} days after the last event "
            "before today. With a wrong clock, a purge deletes too much.",
            hint="Check the clock. If it is right: authctl security purge --force",
        )


def _retention(directory: Engine) -> timedelta | None:
    """The policy log-retention; None where it is off, or not what was signed last."""
    kept: timedelta | None = directory.read(lambda work: work.policy[retention.POLICY])
    if kept is not None and directory.read(retention.signed, directory.find_log_key()) != kept:
        directory.warn(
            "The policy log-retention was changed outside authctl or by an older version, so no events were "
            "cleared. Check it with: authctl security check"
        )
        return None
    return kept


def _finish(work: Work, purged: Purged) -> Purged:
    """Remove the keys, which are few, and say what was removed in all."""
    purged = replace(purged, signing_keys=jwts.purge(work))
    work.record(EventName.SECURITY_PURGE, "directory", asdict(purged))
    return purged


def _purge(directory: Engine, what: str, before: datetime, count: _Step, delete: _Step) -> int:
    """Remove what is older, batch by batch; how many there were, or in a dry run are."""
    return batches.remove(directory, what, lambda work: count(work.db, before), lambda work: delete(work.db, before))


def sessions_kept_since(now: datetime, kept: timedelta | None) -> datetime:
    """Since when sessions that are over are kept. kept: the policy log-retention."""
    return now - (kept or SESSIONS_KEPT)
