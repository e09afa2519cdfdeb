"""Imports as processes of their own: the command's own engine, with batches small enough to be killed between.

Each is a fork of a process that has loaded the engine already, and nothing of the tests.
"""

import os
import sys
import traceback
import warnings
from contextlib import suppress
from signal import SIGKILL

from doubles.forks import FORKS


class Importer:
    """An import that has begun to run: what it says on `stdout`, and `stdin`, on which it waits where it `waits`.

    environ: its variables beside ours; base: the path of its reports, which end in .report and .rejects; its own
    errors end in .errors.
    """

    def __init__(self, environ, url, file, base, options, *, waits=False):
        heard, said = FORKS.Pipe(duplex=False), FORKS.Pipe(duplex=False)
        self._errors = f"{base}.errors"
        job = (environ, url, file, base, options, waits)
        self._process = FORKS.Process(target=serve, args=(heard[0], said[1], self._errors, job), daemon=True)
        self._process.start()
        heard[0].close()
        said[1].close()
        self.stdin, self.stdout = _file(heard[1], "wb", buffering=0), _file(said[0], "rb")

    def kill(self):
        self._process.kill()

    def wait(self):
        self._process.join()

    @property
    def returncode(self):
        return self._process.exitcode

    def communicate(self):
        """What else it says on stdout, and all on stderr, when it has ended."""
        said = self.stdout.read()
        self.wait()
        with open(self._errors, "rb") as errors:
            return said, errors.read()

    def end(self):
        """End it and its child, whatever they are at."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, SIGKILL)
        self.wait()
        self._process.close()
        self.stdout.close()
        self.stdin.close()


def _file(connection, mode, **options):
    file = open(os.dup(connection.fileno()), mode, **options)  # noqa: SIM115 - closed by end()
    connection.close()
    return file


def serve(heard, said, errors, job):
    """The process: an import that says what it is at."""
    os.setsid()
    for number, place in enumerate((heard.fileno(), said.fileno(), os.open(errors, os.O_CREAT | os.O_RDWR, 0o600))):
        os.dup2(place, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - to its end
    warnings.simplefilter("error")
    try:
        status = _import(*job)
    except BaseException:  # noqa: BLE001 - whatever it is, a test sees it
        traceback.print_exc()
        status = 1
    os._exit(status)


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def _import(environ, url, file, base, options, waits):
    os.environ.update(environ)
    import authctl
    from authctl.core.hashing import Parameters
    from authctl.errors import Unavailable
    from authctl.transfer import importing, reader_process

    of_child = reader_process.batches_of_child

    def tell(*words):
        say(*words)
        if waits:
            sys.stdin.readline()

    def batches_of_child(job, here, child=None):
        for batch in of_child(job, here, child):
            if waits:
                say("read", batch.records)
            yield batch

    reader_process.WORTH_IT = 1  # a child reads, however little there is
    reader_process.batches_of_child = batches_of_child
    say("ready")
    cheap = Parameters(time_cost=1, memory_cost=8, parallelism=1)
    with authctl.open(url, actor="importer@example.com", hash_parameters=cheap) as directory:
        try:
            journal = importing.import_users(
                directory, [file], source="authctl", options=importing.Options(**options),
                report=f"{base}.report", rejects=f"{base}.rejects",
                begun=lambda journal: waits and tell("begun"),
                watch=lambda progress: progress.hashed or tell("stored", progress.records),
            )  # fmt: skip
        except Unavailable as error:
            say(error.type)
            return 7
        say("finished", journal.id)
    return 0
