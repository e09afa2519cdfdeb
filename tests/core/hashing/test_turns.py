"""Turns: so many at once, the longest waiting first, and nobody waits without end."""

import os
import threading

import pytest

from authctl.core.hashing.turns import Turns
from authctl.errors import Unavailable


def test_no_more_are_at_it_than_may():
    turns, most, running, lock = Turns(3, 60), 0, 0, threading.Lock()
    rendezvous = threading.Barrier(3)  # each waits for two others, so that three are at it at once

    def work():
        nonlocal most, running
        with turns.turn():
            with lock:
                running += 1
                most = max(most, running)
            rendezvous.wait(60)
            with lock:
                running -= 1

    threads = [threading.Thread(target=work) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_the_longest_waiting_is_next():
    turns, came = Turns(1, 60), []

    def work(name):
        with turns.turn():
            came.append(name)

    with turns.turn():
        threads = []
        for name in range(8):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            while len(turns._waiting) <= name:  # until it stands in the line
                pass
    for thread in threads:
        thread.join()
    assert came == list(range(8))


def test_who_would_wait_too_long_is_refused_and_takes_no_turn():
    turns = Turns(1, 0)
    with turns.turn(), pytest.raises(Unavailable) as busy, turns.turn():
        pass
    assert busy.value.type == "general_busy"
    assert not turns._waiting
    with turns.turn():
        pass


def test_what_takes_much_memory_takes_several_turns_in_its_order():
    turns, came = Turns(3, 60), []

    def work(name, weight):
        with turns.turn(weight):
            came.append(name)

    with turns.turn(2):
        threads = []
        for name, weight in (("heavy", 100), ("light", 1)):
            threads.append(threading.Thread(target=work, args=(name, weight)))
            threads[-1].start()
            while len(turns._waiting) < len(threads):  # until it stands in the line
                pass
        assert came == []  # though a turn is free: the heavy one waits for all of them
    for thread in threads:
        thread.join()
    assert (came, turns._free) == (["heavy", "light"], 3)


def test_who_gives_up_waiting_for_several_lets_the_next_one_in():
    turns = Turns(2, 0.05)
    with turns.turn(), pytest.raises(Unavailable), turns.turn(2):
        pass
    with turns.turn(2):
        pass
    assert turns._free == 2


def test_a_turn_is_given_back_where_the_work_fails():
    turns = Turns(1, 0)
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    with turns.turn():
        pass


def test_by_default_there_is_a_turn_for_each_core():
    assert Turns(0, 0)._free == len(os.sched_getaffinity(0))


def test_a_fork_begins_anew():
    turns = Turns(1, 0)
    with turns.turn():
        child = os.fork()
        if not child:
            with turns.turn():
                os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
