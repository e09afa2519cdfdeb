"""Kills and deprived disks for a moment, on both databases; `python tests/proof` runs them for an hour."""

from collections import Counter

import pytest
from proof import disks, kills, scenes
from proof.kills import Broken
from proof.world import Files, Servers

WHOLE, IN_BATCHES = ("update name", "merge"), ("import with files", "purge", "backup")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(request, tmp_path_factory):
    if request.param == "sqlite":
        place = Files(*request.getfixturevalue("ready_file"), tmp_path_factory.mktemp("files"))
    else:
        place = Servers(*request.getfixturevalue("ready_copies"))
    with scenes.closing_with(place):
        yield place


def test_a_kill_leaves_nothing_half(place):
    kinds = WHOLE + IN_BATCHES if place.name == "sqlite" else ("merge", "import")
    counts = Counter()
    kills.run_round(place, counts, 1, kinds)
    assert counts.total() == len(kinds)


def test_what_moves_a_directory_is_whole_or_absent(place):
    """At a moment in the middle; `--only moments` tries all, on Postgres too."""
    if place.name == "sqlite":
        counts = Counter()
        kills.run_moments(place, counts, 150, count=1)
        assert counts["kills"] == len(kills.MOVES)


def test_without_a_disk_nothing_is_changed(place):
    if place.name == "sqlite":
        disks.run_round(place, Counter(), 1, ("update email", "export", "backup"))


def test_what_is_neither_before_nor_after_is_seen(place, monkeypatch):
    if place.name == "sqlite":
        monkeypatch.setitem(kills.KINDS, "batches", kills.Kind(kills.KINDS["import"].line))
        monkeypatch.setattr(kills, "STRIDE", 1)
        monkeypatch.setattr(kills, "AT_A_TIME", 0)
        with pytest.raises(Broken, match="neither before nor after"):
            kills.run_round(place, Counter(), 300, ("batches",))  # about half of its moments
