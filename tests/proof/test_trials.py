"""Each trial for a second or so; `python tests/proof` runs them for an hour."""

from collections import Counter

import pytest
from proof import clocks, damage, faults, fuzz, machine, meetings, mutations, stress
from proof.world import Files, Servers

from authctl.core.maintenance import backup


@pytest.fixture
def files(ready_file, tmp_path):
    return Files(*ready_file, tmp_path)


@pytest.fixture
def servers(ready_copies, connections):
    with connections.unkept():  # trials wait until nobody else is connected
        yield Servers(*ready_copies)


def test_damage_is_told_or_answered(files):
    for seed in range(5):
        damage.run_round(files, Counter(), seed)


def test_damaged_rows_of_postgres_are_told_or_answered(servers):
    damage.run_round(servers, Counter(), 1)


def test_changed_backups_are_refused_or_restored_soundly(files):
    for seed in range(12):
        mutations.run_round(files, Counter(), seed)


def test_nothing_that_comes_in_is_a_bug(files):
    fuzz.run_round(files, Counter(), None, examples=12)


def test_a_directory_is_what_a_simple_model_says(files):
    machine.run_round(files, Counter(), examples=5, steps=12)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_isolation_loses_what_many_do_at_once(servers, seed):
    stress.run_round(servers, Counter(), seed, count=2, threads=2, tokens=3)


def test_two_imports_that_wait_for_each_other_both_end(servers):
    counts = Counter()
    meetings.run_round(servers, counts, 1, batch=meetings.PEOPLE)
    assert counts["deadlocks"]


def test_no_leap_of_a_clock_locks_anybody_out(files):
    for seed in range(3):
        clocks.run_round(files, Counter(), seed, acts=8, with_processes=False)


# What they would see, if something were other than it is


def test_a_half_restore_is_seen(files, monkeypatch):
    monkeypatch.setattr(backup, "_check_rows", lambda work, file: None)

    def try_some():
        for seed in range(40):
            mutations.run_round(files, Counter(), seed)

    with pytest.raises(faults.Wrong):
        try_some()
