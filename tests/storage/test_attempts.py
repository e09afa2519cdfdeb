"""Attempts of a source, which many count at once in slots of their own: never more than one bucket would allow, nor
fewer."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from authctl.storage import attempts

WINDOW = LOCK = timedelta(minutes=15)
SOURCE, LIMIT = "source:192.0.2.1", 3 * 2 * attempts.SLOTS


def claim(directory, account, limit=LIMIT):
    """Count an attempt, and lock the source with the one that reaches the limit; what counted it, None if locked."""

    def count(work):
        now = work.now
        times = attempts.Times(now, now - WINDOW, now + timedelta(minutes=5), now + timedelta(days=1))
        source, _ = attempts.count_both(work.db, attempts.Source(SOURCE, limit), account, None, times)
        if source.locked_until is not None:
            return None
        if source.count >= limit:
            attempts.lock(work.db, SOURCE, now + LOCK)
        return source

    return directory.write(count)


def succeed(directory, account, source):
    directory.write(lambda work: attempts.succeed(work.db, account, source, unlock=False))


@dataclass
class OneBucket:
    """What a single count would allow."""

    since: datetime | None = None
    count: int = 0
    locked_until: datetime | None = None
    claims: list = field(default_factory=list)

    def claim(self, now, limit):
        if self.locked_until is not None and self.locked_until > now:
            return False
        if self.locked_until is not None or self.since is None or self.since <= now - WINDOW:
            self.since, self.count, self.locked_until = now, 0, None
        self.count += 1
        if self.count >= limit:
            self.locked_until = now + LOCK
        return True


def test_slots_allow_what_one_bucket_does(directory, clock):
    """Right and wrong attempts at many accounts, through windows, locks and another limit."""
    dice, one, claimed, locks, limit = random.Random(20260102), OneBucket(), [], 0, LIMIT
    for step in range(900):
        if step == 600:
            limit = LIMIT // 2
        if claimed and dice.random() < 0.35:
            account, source, since = claimed.pop(dice.randrange(len(claimed)))
            succeed(directory, account, source)
            one.count -= since == one.since
            continue
        account = f"user:{dice.randrange(300)}"
        source = claim(directory, account, limit)
        was_locked = one.locked_until
        assert (source is not None) is one.claim(clock(), limit), step
        locks += one.locked_until is not None and one.locked_until != was_locked
        if source is not None and dice.random() < 0.8:
            claimed.append((account, source, one.since))
        if source is None or dice.random() < 0.002:
            clock.forward(minutes=15)
    assert locks > 2


def test_threads_get_no_more_attempts_than_one(directory):
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda number: claim(directory, f"user:{number}"), range(LIMIT + 40)))
    assert sum(source is not None for source in counted) == LIMIT
