"""Reading and checking, in batches: beside the inserting in a process of its own where a file is worth it.

That process is a plain child that knows neither the database nor the secret key. It may be started early, so that it
loads while its parent does. It greets when it is ready, gets its job by standard input and answers with batches on
standard output; it is at most two batches ahead, since nobody takes more from the pipe. Where no child can be had, this
process reads.
"""

from __future__ import annotations

import marshal
import os
import pickle  # noqa: S403 - between us and our own child
import subprocess  # noqa: S404 - runs this Python alone
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import RawIOBase
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, cast

from authctl import __version__
from authctl.core.work.unit import system_random_bytes
from authctl.errors import Invalid, Unavailable
from authctl.model import RandomBytes
from authctl.storage.bulk import UserRow
from authctl.transfer import sources
from authctl.transfer.files import STDIN, Input, Reading
from authctl.transfer.records import Item, Source
from authctl.transfer.validation import NOTHING, Checked, Checker, Outcome, Rules

FIRST = 500  # records in the first batch of a file, so that hashing and storing begin soon
SIZE = 1 << 23  # characters of a batch, behind which no other record comes into it: it is held in memory
OBJECTS = 200_000  # between two searches for garbage, of which batches make none
_MARSHAL = 2  # its last form without references to what is there twice, which take longer to look for
GREETING = f"authctl {__version__}\n".encode()  # of a child that is ready, and of this version
WORTH_IT = 2_000_000  # bytes; below, the child takes longer to start than it saves


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read, from where on. file, records: the file, and how many of its records are through already.

    stdin: the descriptor of standard input, where a file is `-`.
    """

    source: str
    inputs: tuple[Input, ...]
    options: Mapping[str, str] = field(repr=False)
    rules: Rules
    batch: int
    file: int = 0
    records: int = 0
    stdin: int | None = None


class Batch(NamedTuple):
    """So many records of a file are through after it; done: bytes of all files that they take up to there, about."""

    file: int
    records: int
    done: int
    items: list[Outcome]


def batches(job: Job, source: Source, random: RandomBytes, stdin: BinaryIO | None) -> Generator[Batch]:
    """What the job says, batch by batch, in this process."""
    checker = Checker(job.rules, random)
    before = sum(each.size or 0 for each in job.inputs[: job.file])
    for place in range(job.file, 1 if source.joins else len(job.inputs)):
        opened = [Reading(each, stdin) for each in (job.inputs if source.joins else job.inputs[place : place + 1])]
        try:
            through = job.records if place == job.file else 0
            weight = _Weight(opened[0], is_known=through == 0)
            items = weight.of(source.read([each.file for each in opened], job.options, through))
            size = min(FIRST, job.batch)
            while batch := [checker(item) for item in weight.few(items, size)]:
                through, size = through + len(batch), job.batch
                yield Batch(place, through, before + weight.done, batch)
            for each in opened:
                each.check_unchanged()
        finally:
            for each in opened:
                each.close()
        before += job.inputs[place].size or 0


class _Weight:
    """How much of a file the records take that were read of it: what is read ahead of them says nothing."""

    def __init__(self, file: Reading, *, is_known: bool) -> None:
        self._file, self._is_known = file, is_known and not file.is_compressed
        self._characters = 0

    def of(self, items: Iterator[Item]) -> Iterator[Item]:
        """The same items, weighed."""
        for item in items:
            self._characters += len(getattr(getattr(item, "raw", None), "text", ""))
            yield item

    def few(self, items: Iterator[Item], count: int) -> Iterator[Item]:
        """So many of these items, or those of SIZE."""
        end = self._characters + SIZE
        for item in islice(items, count):
            yield item
            if self._characters >= end:
                return

    @property
    def done(self) -> int:
        """Bytes, about; where nothing is known of the records, those that were read."""
        return min(self._characters, self._file.done) if self._is_known and self._characters else self._file.done


def is_worth_a_child(job: Job) -> bool:
    """Whether there is enough to read, by a source that a child can load, and a Python to run."""
    sizes = {each.path: each.size or 0 for each in job.inputs}
    return job.source in sources.NAMES and _is_worth_it(sizes, job.stdin)


@contextmanager
def early_child(paths: Sequence[str], stdin: BinaryIO | None) -> Iterator[Child | None]:
    """A child that is to read these files, where they are worth one; it loads while its parent finds out how."""
    descriptor = descriptor_of(stdin)
    if not _is_worth_it({path: _size_of(path) for path in paths}, descriptor):
        yield None
        return
    with _started(descriptor) as child:
        yield child


@contextmanager
def _started(stdin: int | None) -> Iterator[Child | None]:
    """A child, which ends with the block; None where the system has none to give."""
    try:
        child = Child(stdin)
    except OSError:  # as many processes as may be, or no such program
        yield None
        return
    with closing(child):
        yield child


def _size_of(path: str) -> int:
    """Bytes of a file; of one that cannot be read, as is told later, none."""
    with suppress(OSError):
        return os.stat(path).st_size
    return 0


def _is_worth_it(sizes: Mapping[str, int], stdin: int | None) -> bool:
    """Whether files of these sizes, by their paths, are; standard input, whose size nobody knows, if it can be lent."""
    if not _is_python(sys.executable):
        return False
    return stdin is not None if STDIN in sizes else sum(sizes.values()) >= WORTH_IT


def _is_python(program: str | None) -> bool:
    """Whether a program runs Python, by its name. That of an application which Python is built into would run that."""
    return os.path.basename(program or "").lower().startswith(("python", "pypy"))


def descriptor_of(stdin: BinaryIO | None) -> int | None:
    """The number of standard input, where it is a file of this process, and nothing that was read waits in a buffer."""
    return stdin.fileno() if isinstance(stdin, RawIOBase) else None


def _lent(stdin: int) -> int:
    """Standard input by another number, which is none of the child's own streams where ours are closed."""
    lower: list[int] = []
    try:
        while (number := os.dup(stdin)) < 3:
            lower.append(number)
        return number
    finally:
        for each in lower:
            os.close(each)


class Child:
    """The process that reads, for one job. stdin: the descriptor of standard input, where a file is `-`."""

    def __init__(self, stdin: int | None) -> None:
        # The child's own standard input is the job, so that ours goes along under another number.
        self._stdin = None if stdin is None else _lent(stdin)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", "from authctl.transfer.reader_process import serve; serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # its tracebacks may hold values
                pass_fds=() if self._stdin is None else (self._stdin,),
                bufsize=1 << 20,
            )
        finally:
            if self._stdin is not None:
                os.close(self._stdin)

    def is_ready(self) -> bool:
        """Whether it came to be, which is waited for: what it needs may be short, or its Python another."""
        assert self._process.stdout is not None
        return self._process.stdout.read(len(GREETING)) == GREETING

    def batches(self, job: Job) -> Iterator[Batch]:
        """What the job says, batch by batch."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), closing(self._process.stdin) as jobs:
            pickle.dump(replace(job, stdin=self._stdin), jobs)
        return _answers(self._process.stdout, self._process)

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        with self._process:  # waits for it
            pass


def batches_of_child(job: Job, here: Callable[[], Iterator[Batch]], child: Child | None = None) -> Generator[Batch]:
    """The same from a child, which ends with the iteration. child: one that was started early.

    here: reads where no child can be had; nothing was read by then.
    """
    with closing(child) if child else _started(job.stdin) as reader:
        if reader is not None and reader.is_ready():
            yield from reader.batches(job)
            return
    yield from here()


def _answers(answers: Any, child: subprocess.Popen[bytes]) -> Iterator[Batch]:
    while True:
        try:
            answer = pickle.load(answers)  # noqa: S301 - from our own child
        except (EOFError, pickle.UnpicklingError):  # it ended, or ended within an answer
            answers.close()  # whoever is there yet has nobody to write to
            raise _died(child.wait()) from None
        if answer is None:
            return
        if isinstance(answer, _Failure):
            raise answer.error()
        yield answer.batch()


class _Packed(NamedTuple):
    """A batch on its way from the child. plain: what most records are, as tuples, for which marshal is the faster way.

    others: by their places, the items of which there is more to say.
    """

    file: int
    records: int
    done: int
    plain: bytes  # with the hashes
    others: list[tuple[int, Outcome]]

    def __repr__(self) -> str:
        return "_Packed(…)"

    @classmethod
    def of(cls, batch: Batch) -> _Packed:
        plain, others = [], []
        for place, item in enumerate(batch.items):
            if type(item) is Checked and item.extra is NOTHING and not item.notes and item.raw is None:
                plain.append((item.at, item.ref, item.has_id, tuple(item.row), item.strength, item.unread, item.words))
            else:
                others.append((place, item))
        return cls(batch.file, batch.records, batch.done, marshal.dumps(plain, _MARSHAL), others)

    def batch(self) -> Batch:
        make = tuple.__new__
        items: list[Outcome] = [
            make(Checked, (at, ref, has_id, make(UserRow, row), strength, NOTHING, (), None, unread, words))
            for at, ref, has_id, row, strength, unread, words in marshal.loads(self.plain)  # noqa: S302 - as above
        ]
        for place, item in self.others:
            items.insert(place, item)
        return Batch(self.file, self.records, self.done, items)


def _died(status: int) -> Exception:
    """Why there is no answer. status: of the child; a negative one says that somebody killed it, 0 that this process
    is not told of its children (SIGCHLD)."""
    if status > 0:
        return RuntimeError("the reader process died")
    return Unavailable(
        "file_unavailable",
        "The process reading the files was killed, probably because memory ran out.",
        hint="What was imported so far is saved. Run the same command again to continue.",
    )


class _Failure(NamedTuple):
    """An error on its way from the child."""

    is_invalid: bool
    type: str
    message: str
    field: str | None
    hint: str | None

    def error(self) -> Invalid | Unavailable:
        kind = Invalid if self.is_invalid else Unavailable
        return kind(self.type, self.message, field=self.field, hint=self.hint)


def serve() -> None:
    """The child: greet, read a job, answer with its batches, then None."""
    import gc
    import signal

    gc.set_threshold(OBJECTS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this
    try:
        with open(1, "wb", closefd=False) as answers:
            _serve(answers)
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)  # as the system would have


def _serve(answers: BinaryIO) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(what: bytes) -> None:
        try:
            answers.write(what)
            answers.flush()
        except BrokenPipeError:  # the parent has ended, or needs no more
            os._exit(0)

    with ThreadPoolExecutor(1) as writer:  # which waits for the parent, while the next batch is made
        last = writer.submit(write, GREETING)
        with open(0, "rb") as jobs:
            job: Job = pickle.load(jobs)  # noqa: S301 - from our own parent
        stdin = None if job.stdin is None else os.fdopen(job.stdin, "rb", buffering=0)
        for what in _said(job, cast("BinaryIO", stdin)):
            packed = pickle.dumps(what, protocol=5)
            last.result()
            last = writer.submit(write, packed)


def _said(job: Job, stdin: BinaryIO | None) -> Iterator[_Packed | _Failure | None]:
    """Batches, and what they ended by; None where all were read."""
    try:
        for batch in batches(job, sources.load(job.source), system_random_bytes, stdin):
            yield _Packed.of(batch)
        yield None
    except (Invalid, Unavailable) as error:
        yield _Failure(isinstance(error, Invalid), error.type, error.message, error.field, error.hint)
