"""The doors for asyncio: every verb awaited, on so many threads, and whole whenever it is cancelled."""

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from contextvars import ContextVar

import pytest
from doubles.documents import blocks
from doubles.verbs import VERBS, bound

import authctl
from authctl import aio
from authctl.core.directory import threads as pools
from authctl.core.directory.threads import Threads
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import Status

PASSWORD = "correct horse battery"


class Paused:
    """Stops whoever comes to it for the nth time, until it is let go."""

    def __init__(self, does, nth):
        self.does, self.left = does, nth
        self.reached, self.let_go = threading.Event(), threading.Event()

    def __call__(self, *given):
        self.left -= 1
        if self.left == 0:
            self.reached.set()
            self.let_go.wait()
        return self.does(*given)


async def until(event):
    """Until a thread has come to it; the loop goes on."""
    while not event.is_set():
        await asyncio.sleep(0)


def is_idle(database):
    """Whether all connections are back, and no transaction is open."""
    pool = database._pool
    return not database._first_is_free.locked() and (pool is None or pool.checkedout() == 0)


def test_it_does_what_the_other_door_does(application, directory):
    async def run():
        door = aio.Application(application)
        ada = await door.users.create(email="ada@example.com", password=PASSWORD)
        signed_in = await door.from_request(ip="192.0.2.7").sessions.create("ada@example.com", PASSWORD)
        assert signed_in.session.ip == "192.0.2.7"
        person = door.as_session(signed_in.secret)
        assert (await person.users.update_name(ada.id, "Ada")).name == "Ada"
        with pytest.raises(Denied):
            await door.users.get(ada.id)
        operators = aio.Directory(directory)
        await operators.users.update_status(ada.id, Status.BLOCKED)
        with pytest.raises(Denied, match="blocked"):
            await door.sessions.get(signed_in.secret)
        dry = operators.acting(directory.actor, dry_run=True)
        await dry.users.delete(ada.id)
        assert [change.after for change in dry.sync.changes] == [None]
        assert (await operators.users.get(ada.id)).name == "Ada"

    asyncio.run(run())


def test_every_verb_is_awaited_and_keeps_its_signature(tmp_path):
    with authctl.open(f"sqlite:///{tmp_path}/none.db") as sync:
        door = aio.Directory(sync)
        for name in VERBS:
            verb = bound(door, name)
            assert inspect.signature(verb) == inspect.signature(bound(sync, name))
            assert verb.__doc__ == bound(sync, name).__doc__


def test_the_doors_take_the_options_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    options = {*inspect.signature(authctl.open).parameters} - {"url"}
    assert {*aio.Options.__annotations__} == options
    opened = aio.open(f"sqlite:///{tmp_path}/none.db", pool_size=2, pool_overflow=1)
    assert opened._threads._size == 4
    assert aio.application(f"sqlite:///{tmp_path}/none.db", threads=7)._threads._size == 7
    with pytest.raises(Invalid):
        aio.open(threads=0)


def test_more_tasks_than_threads_wait_for_their_turn():
    gate, running = threading.Event(), []

    def step(number):
        running.append(number)
        gate.wait()
        return number

    async def run():
        threads = Threads(2)
        tasks = [asyncio.create_task(threads.run(lambda number=number: step(number))) for number in range(9)]
        while len(running) < 2:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert running == [0, 1]
        gate.set()
        assert await asyncio.gather(*tasks) == [*range(9)]
        threads.close()

    asyncio.run(run())


def test_what_waits_for_a_thread_never_begins_once_it_is_cancelled(directory):
    paused = directory.clock = Paused(directory.clock, 1)

    async def run():
        async with aio.Directory(directory, threads=1) as door:
            first = asyncio.create_task(door.users.create(id="ada"))
            await until(paused.reached)
            second = asyncio.create_task(door.users.create(id="bob"))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            paused.let_go.set()
            assert (await first).id == "ada"
            with pytest.raises(NotFound):
                await door.users.get("bob")

    asyncio.run(run())


def test_a_verb_is_whole_whenever_it_is_cancelled(directory):
    """At each place where it asks for the time or for random bytes, in transactions and between them."""
    clock, dice = directory.clock, directory.random_bytes

    async def cancelled_at(door, name, moment):
        """Whether it came so far."""
        paused = Paused(lambda do, *given: do(*given), moment)
        directory.clock, directory.random_bytes = (lambda: paused(clock)), (lambda size: paused(dice, size))
        task = asyncio.create_task(door.users.create(id=name, password=PASSWORD))
        while not paused.reached.is_set() and not task.done():
            await asyncio.sleep(0)
        task.cancel()
        came = paused.reached.is_set()
        if came:
            with pytest.raises(asyncio.CancelledError):
                await task
        paused.let_go.set()
        await door.users.count()  # behind it, since there is one thread
        return came

    async def run():
        moment = 1
        async with aio.Directory(directory, threads=1) as door:
            while await cancelled_at(door, f"user{moment}", moment):
                moment += 1
            directory.clock, directory.random_bytes = clock, dice
            for number in range(1, moment + 1):
                assert await door.users.verify_password(f"user{number}", PASSWORD)
                events = await door.security.list_logs(user=f"user{number}", events=["users.create"])
                assert len(events) == 1
            assert moment > 3

    asyncio.run(run())
    assert is_idle(directory.database)


def test_closing_waits_for_what_is_running(directory):
    paused = directory.clock = Paused(directory.clock, 2)

    async def run():
        door = aio.Directory(directory)
        creating = asyncio.create_task(door.users.create(id="ada"))
        await until(paused.reached)
        closing = asyncio.create_task(door.close())
        for _ in range(100):
            await asyncio.sleep(0)
        assert not closing.done()
        paused.let_go.set()
        await closing
        assert creating.done()
        async with door:
            assert (await door.users.get("ada")).id == "ada"

    paused.left = 1
    asyncio.run(run())
    assert is_idle(directory.database)


def test_two_loops_share_a_directory(directory):
    door = aio.Directory(directory, threads=3)

    async def run(loop):
        created = [door.users.create(id=f"user{loop}.{number}") for number in range(8)]
        return [user.id for user in await asyncio.gather(*created)]

    with ThreadPoolExecutor(2) as loops:
        ids = [id for found in loops.map(lambda loop: asyncio.run(run(loop)), "ab") for id in found]
    assert {user.id for user in directory.users.iterate()} == {*ids}
    asyncio.run(door.close())


def test_threads_know_the_context_of_whoever_asks(directory):
    request, clock, seen = ContextVar("request"), directory.clock, []

    def look():
        seen.append(request.get())
        return clock()

    async def run(number):
        request.set(number)
        await door.users.create(id=f"user{number}")

    async def both():
        await asyncio.gather(run(1), run(2))

    directory.clock = look
    door = aio.Directory(directory)
    asyncio.run(both())
    assert {*seen} == {1, 2}


def test_a_bug_that_nobody_waits_for_is_logged(caplog):
    reached, let_go = threading.Event(), threading.Event()

    def step():
        reached.set()
        let_go.wait()
        raise ZeroDivisionError

    async def run():
        threads = Threads(1)
        task = asyncio.create_task(threads.run(step))
        await until(reached)
        task.cancel()
        await asyncio.wait([task])
        let_go.set()
        threads.close()

    asyncio.run(run())
    assert [record.exc_info[0] for record in caplog.records if record.name == "authctl"] == [ZeroDivisionError]


def test_threads_survive_a_fork():
    threads = Threads(1)
    threads.submit(int).result()
    threads._process = 0  # as in the child, which has inherited threads that do not run in it
    assert threads.submit(int).result(timeout=60) == 0


@pytest.fixture
def many(directory, monkeypatch):
    monkeypatch.setattr(pools, "AT_ONCE", 2)
    for number in range(5):
        directory.users.create(id=f"user{number}")


def test_a_stream_is_read_some_at_a_time(directory, many):
    async def run():
        async with aio.Directory(directory) as door:
            ids = [user.id async for user in door.users.iterate(sort="created_at")]
            assert sorted(ids) == [f"user{number}" for number in range(5)]
            with pytest.raises(Invalid):
                await anext(door.users.iterate(sort="nothing"))

    asyncio.run(run())


def test_a_stream_that_is_left_gives_its_connection_back(directory, many):
    async def run():
        door = aio.Directory(directory)
        async with aclosing(door.users.iterate()) as stream:
            async for _ in stream:
                assert not is_idle(directory.database)
                break
        await door.close()

    asyncio.run(run())
    assert is_idle(directory.database)


def test_a_stream_goes_on_where_all_threads_wait_for_its_connection(directory, many):
    async def run():
        door, gate = aio.Directory(directory, threads=1), threading.Event()
        async with aclosing(door.users.iterate()) as stream:
            await anext(stream)
            waiting = asyncio.create_task(door._threads.run(gate.wait))
            try:
                rest = await asyncio.wait_for(read(stream), 60)
            finally:
                gate.set()
            assert len(rest) == 4
            await waiting

    async def read(stream):
        return [user async for user in stream]

    asyncio.run(run())


def test_a_stream_that_is_cancelled_gives_its_connection_back(directory, many):
    """While a thread is reading; and where the directory was closed meanwhile."""

    async def run():
        door = aio.Directory(directory, threads=1)
        paused = directory.clock = Paused(directory.clock, 1)
        reading = asyncio.create_task(anext(door.users.iterate()))
        await until(paused.reached)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        paused.let_go.set()
        stream = door.users.iterate()
        await anext(stream)
        await door.close()
        await stream.aclose()
        await door.close()

    asyncio.run(run())
    assert is_idle(directory.database)


def test_following_loses_nothing_to_a_time_limit(directory):
    waits = []

    async def wait():
        waits.append(1)
        await asyncio.sleep(0)
        if len(waits) == 2:
            await asyncio.Event().wait()  # nothing happens, for ever

    async def run():
        async with aio.Directory(directory) as door:
            await door.users.create(id="ada")
            following = door.security.follow_logs(wait, events=["users.create"])
            assert following.cursor is None
            assert (await anext(following)).resource == "users/ada"
            step = asyncio.create_task(anext(following))
            while len(waits) < 2:
                await asyncio.sleep(0)
            step.cancel()
            await asyncio.wait([step])
            await door.users.create(id="bob")
            paused = directory.clock = Paused(directory.clock, 1)
            step = asyncio.create_task(anext(following))
            await until(paused.reached)
            step.cancel()
            await asyncio.wait([step])
            paused.let_go.set()
            assert (await anext(following)).resource == "users/bob"
            cursor = following.cursor
            await following.aclose()
            await door.users.create(id="eve")
            async for event in (again := door.security.follow_logs(wait, events=["users.create"], after=cursor)):
                assert event.resource == "users/eve"
                break
            await again.aclose()

    asyncio.run(run())
    assert is_idle(directory.database)


def test_the_example_of_the_manual_runs(directory, monkeypatch):
    [block] = [block for block in blocks("python") if "newest_names" in block]
    monkeypatch.setattr(aio, "open", lambda url, threads: aio.Directory(directory, threads=threads))
    names = {}
    exec(block, names)  # noqa: S102 - our own manual
    directory.users.create(id="ada", name="Ada")
    assert asyncio.run(names["newest_names"]("url")) == ["Ada"]
