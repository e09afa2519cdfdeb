"""Following the log: each event once, whatever is held open, and from wherever somebody stopped."""

import random
from contextlib import ExitStack

import psycopg
import pytest

from authctl.errors import Invalid

INSERT = (
    "INSERT INTO events (id, time, actor, name, resource, details)"
    " VALUES (%s, 1, 'slow@example.com', 'users.unlock', 'users/ada', '{}')"
)


class Stopped(Exception):
    pass


def stop():
    raise Stopped


def ids_until_stopped(following):
    found = []
    with pytest.raises(Stopped):
        found.extend(event.id for event in following)
    return found


class Writers:
    """Transactions that are held open across many looks, and end in any order, one step at a time."""

    def __init__(self, url, dice, until_the_end):
        self.dice = dice
        self.open = {until_the_end.enter_context(psycopg.connect(url)): [] for _ in range(6)}
        self.committed = []
        self.steps = 0

    def step(self):
        self.steps += 1
        if self.steps == 150:
            for writer in self.open:
                self.commit(writer)
        if self.steps == 152:
            raise Stopped
        if self.steps < 150:
            writer = self.dice.choice(list(self.open))
            self.dice.choices([self.write, self.commit, self.roll_back], [8, 1, 1])[0](writer)

    def write(self, writer):
        id = f"{list(self.open).index(writer)}-{self.steps:03}"
        writer.execute(INSERT, [id])
        self.open[writer].append(id)

    def commit(self, writer):
        writer.commit()
        self.committed += self.open[writer]
        self.open[writer] = []

    def roll_back(self, writer):
        writer.rollback()
        self.open[writer] = []


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("number", range(3))
def test_each_event_comes_once_across_long_transactions_and_restarts(directory, settings, number):
    dice, came, cursor = random.Random(number), [], None
    is_over = False
    with ExitStack() as until_the_end:
        writers = Writers(settings.database_url, dice, until_the_end)
        before = [event.id for event in directory.security.list_logs()]
        while not is_over:
            following = directory.security.follow_logs(writers.step, limit=None, after=cursor)
            try:
                for event in following:
                    came.append(event.id)
                    cursor = following.cursor
                    if dice.random() < 0.2:  # killed
                        break
            except Stopped:
                is_over = True
            following.close()
    assert sorted(came) == sorted(before + writers.committed)
    assert len(writers.committed) > 50
    for number in range(6):
        own = [id for id in came if id.startswith(f"{number}-")]
        assert own == sorted(own)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_an_event_that_was_held_at_the_start_comes_later(directory, settings):
    with psycopg.connect(settings.database_url) as slow:
        slow.execute(INSERT, ["slow"])
        directory.users.create(id="ada")
        steps = iter([lambda: None, slow.commit, lambda: None, stop])
        following = directory.security.follow_logs(lambda: next(steps)(), limit=1)
        newest, late = ids_until_stopped(following)
    assert (newest, late) == (directory.security.list_logs(limit=1)[0].id, "slow")


def test_following_goes_on_behind_a_cursor(directory):
    directory.users.create(id="ada")
    first = directory.security.follow_logs(stop, limit=1)
    next(first)
    first.close()
    directory.users.create(id="bob")
    later = directory.security.follow_logs(stop, after=first.cursor)
    assert ids_until_stopped(later) == [directory.security.list_logs(limit=1)[0].id]
    assert ids_until_stopped(directory.security.follow_logs(stop, after=later.cursor)) == []
    assert later.cursor.isdecimal()  # nothing above a settled number


@pytest.mark.parametrize("cursor", ["", "x", "1 x", "-1", "9" * 30])
def test_a_cursor_that_is_none_is_refused(directory, cursor):
    with pytest.raises(Invalid) as refused:
        directory.security.follow_logs(stop, after=cursor)
    assert refused.value.field == "after"
