"""Clearing the audit log, on both databases: what goes, what stays, and that the rest is still held to its seals."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.logs import asked, events, kinds, seals, sql, verified
from doubles.statements import caught

from authctl import storage
from authctl.core.audit import seals as audit_seals
from authctl.core.audit.damages import DamageKind
from authctl.core.crypto import log_digests
from authctl.core.directory import opening
from authctl.core.work.unit import Actor
from authctl.model import milliseconds

LAST = 22  # the number of the last event that is due


@pytest.fixture
def old(log, clock, monkeypatch):
    """A log with a retention of a day, and more to clear than goes into one transaction; the last seals are of today.

    Seal 1 is over nothing, seal 2 over the events up to 7, 3 to 6 over three each, 7 over the last that are due.
    """
    log.sleep = lambda seconds: None
    log.security.verify_logs()
    log.security.set("log-retention", "1d")
    monkeypatch.setattr(audit_seals, "SEGMENT", 3)
    for number in range(9):
        log.users.create(id=f"old{number}")
    log.security.verify_logs()
    log.users.create(id="last")
    assert events(log)[-1][0] == LAST
    clock.forward(days=2)
    for number in range(5):
        log.users.create(id=f"new{number}")
    return log


def first(directory):
    return events(directory)[0][0]


def told(directory):
    """The warnings of a directory from now on."""
    found = []
    directory.warn = found.append
    return found


def cuts(directory):
    key = directory.find_log_key()
    kinds = [(seal, log_digests.seal_kind(key, seal, digest)) for seal, digest in seals(directory)]
    return [(seal.behind, seal.up_to, seal.events) for seal, kind in kinds if kind == log_digests.CUT]


# What goes


def test_events_go_after_the_retention_and_the_rest_is_still_verified(old):
    dry = old.acting(old.actor, dry_run=True)
    assert dry.security.purge().events == LAST
    assert first(old) == 1  # a dry run clears nothing
    assert old.security.purge().events == LAST
    assert first(old) == LAST + 1
    found = verified(old)
    assert (found.is_good, found.good) == (True, found.events)
    assert old.security.verify_logs().is_good
    before = seals(old)
    assert old.security.purge().events == 0
    assert [cut for cut in cuts(old) if cut in before] == []


def test_nothing_goes_without_a_retention(log, clock):
    clock.forward(days=2)
    assert log.security.purge().events == 0


def test_nothing_is_verified_where_nothing_goes(log):
    log.security.set("log-retention", "1d")
    before = seals(log)
    assert log.security.purge().events == 0
    assert seals(log) == before


def test_a_log_whose_events_are_all_due_keeps_the_last_verification(log, clock):
    log.security.set("log-retention", "1d")
    clock.forward(days=2)
    assert log.security.purge().events == 10
    told = [(row.name, row.resource) for _, row, _ in events(log)]
    purge = "security.purge"
    assert told == [("security.logs.verify", "events"), (purge, "events"), (purge, "directory")]
    assert verified(log).is_good
    assert log.security.verify_logs().is_good


def test_a_cut_says_where_the_log_begins_and_is_over_what_is_left_of_a_segment(old):
    old.security.purge()
    [*others, (behind, up_to, count)] = cuts(old)
    assert (behind, count) == (LAST, up_to - LAST)
    assert all(begin < behind for begin, _, _ in others[2:])
    sql(old, f"DELETE FROM events WHERE seq = {LAST + 1}")
    [problem] = verified(old).problems
    assert (problem.kind, problem.seq) == (DamageKind.REMOVED, up_to)
    assert f"after number {LAST} up to number {up_to}" in problem.message


def test_day_after_day_each_purge_clears_a_day(old, clock):
    for _ in range(4):
        old.security.purge()
        assert verified(old).is_good
        day = events(old)
        clock.forward(days=1, minutes=1)
        old.users.create(name="somebody")
        old.security.verify_logs()
        dry = old.acting(old.actor, dry_run=True).security.purge().events
        assert old.security.purge().events == dry == sum(1 for _, row, _ in day if row.time < day[-1][1].time + 60_000)
    assert verified(old).is_good


def test_a_purge_reads_what_is_new_and_what_goes(old):
    """And of what stays no more than the rest of a segment."""
    for number in range(12):
        old.users.create(id=f"more{number}")
    old.security.verify_logs()
    sealed, found = seals(old)[-1][0].up_to, []
    with caught(lambda driver, statement, parameters: found.append((statement, parameters))):
        old.security.purge()
    _, *read = asked(found)  # the first looks at the oldest event alone
    rest = LAST + audit_seals.SEGMENT
    assert [each for each in read if each[-1] <= rest]
    assert [each for each in read if each[-1] > rest] == [[sealed, sealed + 1]] * 3


def test_a_large_segment_is_read_once_and_split(old, monkeypatch):
    """An older version has sealed a log of any size with one seal, from its beginning on."""
    monkeypatch.setattr(audit_seals, "SEGMENT", 1_000)
    sql(old, "UPDATE events SET actor = 'nobody' WHERE seq = 3")
    old.security.verify_logs(whole=True, accept=True)
    monkeypatch.setattr(audit_seals, "SEGMENT", 4)
    [(base, _)] = [(seal, digest) for seal, digest in seals(old) if seal.number == 8]
    assert (base.behind, base.events) == (None, 27)
    assert old.security.purge().events == LAST
    split = cuts(old)[:7]
    assert split == [(begin, min(begin + 4, 27), min(4, 27 - begin)) for begin in (24, 20, 16, 12, 8, 4, 0)]
    found = verified(old)
    assert (found.is_good, found.accepted) == (True, 0)
    sql(old, "DELETE FROM events WHERE seq = 25")
    assert [kind for kind, _ in kinds(verified(old))] == [DamageKind.REMOVED]


def test_a_seal_from_before_a_purge_is_still_known(old):
    kept = old.security.verify_logs().seal
    old.security.purge()
    assert old.security.verify_logs(expect=kept).is_good
    assert old.security.verify_logs(expect=kept, whole=True).is_good


def test_the_check_up_takes_the_rest_for_sealed(old):
    old.security.purge()
    since = old.read(lambda work: storage.statistics.first_unsealed_at(work.db))
    assert milliseconds(since) == events(old)[-1][1].time


# At any moment


def test_others_write_between_two_transactions(old, settings, clock):
    numbers = []

    def sleep(seconds):
        numbers.append(seconds)
        assert verified(old).is_good
        with opening.open_directory(settings, Actor("other@example.com"), clock=clock) as other:
            other.users.create(id=f"between{len(numbers)}")
            if len(numbers) == 2:
                assert other.security.verify_logs().is_good

    old.sleep = sleep
    assert old.security.purge().events == LAST
    assert len(numbers) > 3
    assert verified(old).is_good


class Killed(BaseException):
    pass


@pytest.mark.parametrize("place", ["INSERT INTO log_seals", "DELETE FROM events"])
@pytest.mark.parametrize("number", range(2, 6))
def test_a_purge_that_is_killed_leaves_a_log_that_is_whole(old, place, number):
    seen = []

    def kill(driver, statement, parameters):
        if place in statement:
            seen.append(statement)
            if len(seen) == number:
                raise Killed

    with pytest.raises(Killed), caught(kill):
        old.security.purge()
    begun = first(old)
    assert 1 <= begun <= LAST
    found = verified(old)
    assert (found.is_good, found.good) == (True, found.events)
    assert old.security.verify_logs().is_good
    assert old.security.purge().events == LAST - begun + 1
    assert verified(old).is_good


def test_several_that_purge_and_verify_at_once_clear_it_once(old, settings, clock):
    def work(number):
        with opening.open_directory(settings, Actor("other@example.com"), clock=clock) as other:
            other.sleep = lambda seconds: None
            warned = told(other)
            removed = other.security.purge().events
            return removed, warned, other.security.verify_logs().is_good

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(work, range(3)))
    assert [(warned, is_good) for _, warned, is_good in found] == [([], True)] * 3
    assert sum(removed for removed, _, _ in found) + old.security.purge().events == LAST
    assert first(old) == LAST + 1
    assert verified(old).is_good


# Of a log that was changed


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ("UPDATE events SET actor = 'nobody' WHERE seq = 3", 1),
        ("UPDATE events SET actor = 'nobody' WHERE seq = 9", 9),
        ("DELETE FROM events WHERE seq = 20", 19),
        (f"UPDATE events SET time = 0 WHERE seq = {LAST + 1}", LAST),
        ("DELETE FROM events WHERE seq <= 7", 8),
        ("DELETE FROM log_seals WHERE number = 4", 10),
        ("UPDATE log_seals SET behind = NULL WHERE number = 4", 1),
    ],
)
def test_what_was_changed_is_not_cleared(old, change, kept):
    """With it, what is wrong would go."""
    old.security.verify_logs()
    sql(old, change)
    warned = told(old)
    old.security.purge()
    assert ["verify-logs" in line for line in warned] == [True]
    assert first(old) <= kept
    assert not verified(old).is_good
    assert not old.security.verify_logs().is_good  # it is recorded, and so all of it is read


def test_oldest_events_that_were_taken_away_with_their_seals_are_not_hidden(old):
    sql(old, "DELETE FROM events WHERE seq <= 7")
    sql(old, "DELETE FROM log_seals WHERE number <= 2")
    warned = told(old)
    assert old.security.purge().events == 0
    assert len(warned) == 1
    assert not verified(old).is_good


def test_what_is_wrong_with_the_rest_is_found_after_a_purge(old, clock):
    old.security.verify_logs()
    sql(old, "UPDATE events SET actor = 'nobody' WHERE seq = 26")
    assert old.security.purge().events == LAST
    assert kinds(verified(old)) == [(DamageKind.CHANGED, 26)]


def test_a_change_behind_the_last_seal_stops_a_purge(old):
    sql(old, f"UPDATE events SET actor = 'nobody' WHERE seq = {LAST + 2}")
    warned = told(old)
    assert old.security.purge().events == 0
    assert (len(warned), first(old)) == (1, 1)


def test_events_that_come_back_after_they_were_cleared_are_told(old):
    row = events(old)[2]
    old.security.purge()
    old.database.write(lambda db: storage.events.insert(db, row[1], row[2]))
    assert verified(old).is_good  # as one that was copied, before the log had another
    sql(old, f"UPDATE events SET seq = 3 WHERE id = '{row[1].id}'")
    [problem] = verified(old).problems
    assert problem.kind == DamageKind.ADDED
    assert problem.message.startswith(f"1 events beyond the expected 0 were added up to number {LAST}, covered by seal")


def test_a_cut_that_was_taken_away_is_missed(old):
    old.security.purge()
    [*_, (cut, _)] = seals(old)
    sql(old, f"DELETE FROM log_seals WHERE number = {cut.number}")
    assert DamageKind.REMOVED in [kind for kind, _ in kinds(verified(old))]
    warned = told(old)
    assert old.security.purge().events == 0
    assert warned == []  # nothing is due
