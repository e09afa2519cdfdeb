"""What tests share: a real Postgres beside the real SQLite, a fixed clock, counted dice, and a command line."""

import sys

sys.dont_write_bytecode = False  # keep what pytest makes of a file: that takes most of the time before the first test

import contextlib
import gc
import io
import os
import re
import shlex
import shutil
import signal
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from doubles.databases import Connections, Copies, Databases, Engines
from doubles.mail import MailServer
from doubles.postgres import embedded

from authctl.cli import app, commands
from authctl.cli.commands import build_command
from authctl.cli.environment import Environment
from authctl.core.directory import opening
from authctl.core.directory.application import Application
from authctl.core.hashing import Parameters
from authctl.core.maintenance import key_files, setup
from authctl.core.work.unit import Actor
from authctl.settings import load
from authctl.storage import postgres as storage_postgres, sqlalchemy_over, sqlite as storage_sqlite

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
START = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POSTGRES_FOLDER = pytest.StashKey()
MEMORY_FOLDER = pytest.StashKey()
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of it
ROOM = 4 * 2**30  # bytes, to be free there
# No test is timed: a busy machine makes none fail.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


def pytest_configure(config):
    """Give the embedded Postgres a folder of its own, which all workers share."""
    if config.getoption("dist", "no") != "no" and "TMPDIR" not in os.environ and is_roomy(MEMORY):
        write_to_memory(config)
    shared = getattr(config, "workerinput", {}).get("postgres_folder")
    # Apart from pytest's own, which another run of root's would close to the user that Postgres runs as.
    config.stash[POSTGRES_FOLDER] = Path(shared or tempfile.mkdtemp(prefix="authctl-postgres-"))
    if hasattr(config, "workerinput") and config.args == config.getini("testpaths"):
        config.args = files_of_worker(config)


def is_roomy(memory):
    """Whether programs can run there, and there is room for all that tests write."""
    if not memory.is_dir() or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return False
    available = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    return min(shutil.disk_usage(memory).free, int(available[1]) * 1024) > ROOM


def write_to_memory(config):
    """Keep the files of tests off the disk where many run. They go at the end: whoever wants them runs a test alone."""
    folder = config.stash[MEMORY_FOLDER] = Path(tempfile.mkdtemp(prefix="authctl-", dir=MEMORY))
    folder.chmod(0o711)  # Postgres, which runs as another user, goes through it
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # what was found before
    config.option.basetemp = config.option.basetemp or folder / "pytest"  # short: a socket's path has 107 bytes at most


def pytest_runtest_protocol(item, nextitem):
    """Have a worker tell by one report instead of three that a test passed: each costs as much as a short test."""
    options = item.config.option
    if not hasattr(item.config, "workerinput") or options.durations is not None or options.xmlpath:
        return None  # as pytest does it: who asks for times wants those of the steps before and after a test
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed or report.sections:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def files_of_worker(config):
    """All test files, where each worker begins with others: what it comes to later is compiled by then."""
    files = sorted(str(path) for name in config.args for path in (config.rootpath / name).rglob("test_*.py"))
    number = int(config.workerinput["workerid"].removeprefix("gw"))
    first = len(files) * number // config.workerinput["workercount"]
    return files[first:] + files[:first]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["postgres_folder"] = str(node.config.stash[POSTGRES_FOLDER])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Half as many workers again as cores: each waits for processes and databases a third of its time."""
    cores = len(os.sched_getaffinity(0))
    return cores + cores // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Leave the tests of a file with one worker, which keeps what its fixtures made, and no worker idle at the end."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


# What takes longest, to begin with: were it the end of one worker's work, the others would wait for it.
LONGEST = (
    "tests/transfer/test_resume.py",
    "tests/cli/test_wheel.py",
    "tests/typed/",
    "tests/cli/test_vectors.py",
    "tests/test_readme.py",
    "tests/transfer/test_accepted_elsewhere.py",
    "tests/test_adding.py",
)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (not item.nodeid.startswith(LONGEST), item.path))


def pytest_collection_finish():
    """Spare the tests that are collected, which stay, each search for garbage."""
    gc.freeze()


def pytest_unconfigure(config):
    folder = config.stash[POSTGRES_FOLDER]
    if hasattr(config, "workerinput"):
        return
    if (folder / "data").exists():
        embedded(folder).stop()
    shutil.rmtree(folder)
    if MEMORY_FOLDER in config.stash:
        shutil.rmtree(config.stash[MEMORY_FOLDER])


@pytest.fixture(autouse=True, scope="session")
def forget_files():
    """Write without waiting for the disk, in SQLite and beside it: no file of this process's outlives the tests."""
    connect = storage_sqlite.connect

    def connect_quickly(path, lock_timeout):
        connection = connect(path, lock_timeout)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    with (
        mock.patch.object(storage_sqlite, "connect", connect_quickly),
        mock.patch.object(os, "fsync", return_value=None),
    ):
        yield


@pytest.fixture(autouse=True, scope="session")
def share_engines():
    """Ask a server once what SQLAlchemy wants to know of it, and compile its statements once for all directories."""
    with mock.patch.object(sqlalchemy_over, "_engines", Engines()):
        yield


@pytest.fixture(autouse=True, scope="session")
def build_commands_once():
    """Build a command for the first line that names it, as a process does: nothing of a line stays in it."""
    built = {}

    def build_once(declaration):
        if declaration.function not in built:
            built[declaration.function] = build_command(declaration)
        return built[declaration.function]

    with mock.patch.object(app, "build_command", build_once), mock.patch.object(commands, "build_command", build_once):
        yield


class Clock:
    """A clock that stands still until it is set forward."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, **duration):
        self.now += timedelta(**duration)


class Dice:
    """Random bytes that count, so that every run throws the same."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return (self.count * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big").rjust(size, b"\x5a")[-size:]


@pytest.fixture(scope="session", autouse=True)
def interrupts():
    """Let what tests start hear Ctrl-C, also where they run in the background of a shell, which has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # What is ignored is inherited; what a function of ours handles is not.
        signal.signal(signal.SIGINT, lambda number, frame: None)


@pytest.fixture(scope="session")
def postgres_server(request):
    """The URL of a Postgres to make databases in: AUTHCTL_TEST_POSTGRES_URL, or one that all workers share."""
    return os.environ.get("AUTHCTL_TEST_POSTGRES_URL") or embedded(request.config.stash[POSTGRES_FOLDER]).get_uri()


@pytest.fixture(scope="session")
def databases(postgres_server):
    with contextlib.closing(Databases(postgres_server)) as databases:
        yield databases


@pytest.fixture(scope="session")
def postgres(databases):
    """A connection to the server, for statements of the tests' own."""
    return databases.connection


@pytest.fixture
def new_postgres_url(databases):
    """Makes empty Postgres databases, dropped afterwards; the URL of each."""
    made = []

    def make():
        made.append(databases.create())
        return databases.url_of(made[-1])

    yield make
    for name in made:
        databases.drop(name)


@pytest.fixture
def postgres_url(new_postgres_url):
    """The URL of an empty Postgres database, dropped afterwards."""
    return new_postgres_url()


@dataclass(frozen=True)
class Ready:
    """What went into an empty directory that was made once: its key, and so many throws of the dice."""

    key: bytes
    throws: int


def make_ready(url, home):
    """An empty directory in an empty database."""
    settings = load({"HOME": str(home)}, options={"database_url": url}, system_config=os.devnull)
    dice = Dice()
    actor = Actor("tester@example.com")
    with opening.open_directory(settings, actor, clock=Clock(), random_bytes=dice) as directory:
        made = setup.initialize(directory, settings)
    return Ready(key_files.find_key(settings, made.key_fingerprint), dice.count)


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory):
    """An SQLite file with an empty directory in it."""
    folder = tmp_path_factory.mktemp("ready")
    path = folder / "authctl.db"
    return path, make_ready(f"sqlite:///{path}", folder)


@pytest.fixture(scope="session")
def ready_copies(databases, tmp_path_factory):
    """Copies of a Postgres database with an empty directory in it."""
    name = databases.create()
    ready = make_ready(databases.url_of(name), tmp_path_factory.mktemp("ready"))
    copies = Copies(databases, name)
    yield copies, ready
    copies.close()
    databases.drop(name)


@pytest.fixture(scope="session")
def connections():
    """authctl's, in this process, to those of tests' databases whose connections are kept."""
    kept = Connections()
    with (
        mock.patch.object(storage_postgres.Connection, "connect", kept.connect),
        mock.patch.object(storage_postgres.Connection, "close", lambda connection: kept.close(connection)),
    ):
        yield kept


@pytest.fixture
def ready_postgres_url(ready_copies, connections):
    copies, _ = ready_copies
    taken = copies.take()
    url = copies.databases.url_of(taken.name)
    connections.keep(url)
    yield url
    if not copies.give_back(taken, connections.processes(url)):
        connections.let_go(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path):
    """The URL of an empty database, once on each of the two; of an empty directory where the test wants it `ready`."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/directory/authctl.db"
    return request.getfixturevalue("ready_postgres_url" if "ready" in request.fixturenames else "postgres_url")


def copy_file(file, url):
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(file, path)
    path.chmod(0o600)


@pytest.fixture
def ready(request, home, database_url, dice):
    """Makes what `authctl init` would in the database of that URL, with its key where commands look for it."""
    if database_url.startswith("sqlite"):
        file, made = request.getfixturevalue("ready_file")
        copy_file(file, database_url)
    else:
        _, made = request.getfixturevalue("ready_copies")
    key_files.keep_key(load(home, options={"database_url": database_url}, system_config=os.devnull), made.key)
    dice.count += made.throws


def make_home_ready(home, ready_file, dice):
    """Make the default directory of a machine, as the first command would make it."""
    file, made = ready_file
    settings = load(home, system_config=os.devnull)
    copy_file(file, settings.database_url)
    key_files.keep_key(settings, made.key)
    dice.count += made.throws


@pytest.fixture
def ready_home(home, ready_file, dice):
    """The variables of a machine where the default directory is made already."""
    make_home_ready(home, ready_file, dice)
    return home


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dice():
    return Dice()


def home_in(folder):
    """The variables of an empty machine with a home folder in that one."""
    folder = folder / "home"
    folder.mkdir(exist_ok=True)
    return {"HOME": str(folder), "PATH": os.environ["PATH"], "AUTHCTL_ACTOR": "tester@example.com"}


@pytest.fixture
def home(tmp_path):
    """The variables of an empty machine with a home folder of the test's own."""
    return home_in(tmp_path)


@pytest.fixture
def settings(home, database_url):
    return load(home, options={"database_url": database_url}, system_config=os.devnull)


@pytest.fixture
def directory(ready, settings, clock, dice):
    """An empty directory, on each of the two databases."""
    actor = Actor("tester@example.com")
    with opening.open_directory(settings, actor, clock=clock, random_bytes=dice, hash_parameters=CHEAP) as opened:
        opened.require_key()
        yield opened


@pytest.fixture
def opened(home, database_url, clock, dice, directory):
    """Opens that directory once more, with those variables."""
    with contextlib.ExitStack() as until_the_end:

        def open_(environ):
            settings = load(home | environ, options={"database_url": database_url}, system_config=os.devnull)
            actor = Actor("tester@example.com")
            return until_the_end.enter_context(
                opening.open_directory(settings, actor, clock=clock, random_bytes=dice, hash_parameters=CHEAP)
            )

        yield open_


@pytest.fixture
def mail():
    """A server that takes mails and shows them."""
    with MailServer() as server:
        yield server


@pytest.fixture
def application(directory, settings, clock, dice):
    """The same directory by the door for applications."""
    actor = Actor("application")
    options = {"clock": clock, "random_bytes": dice, "hash_parameters": CHEAP}
    with opening.open_door(Application, settings, actor, **options) as opened:
        yield opened


@dataclass(frozen=True)
class Ran:
    """What one command line left behind."""

    status: int
    stdout: str
    stderr: str


def command_line(home, clock, dice):
    """What runs command lines in this process, off a terminal, for the variables of a home."""

    def run(line, *, stdin="", env=None, **changes):
        words = shlex.split(line) if isinstance(line, str) else list(line)
        environment = Environment(
            stdin=io.StringIO(stdin) if isinstance(stdin, str) else stdin,
            stdout=io.StringIO(),
            stderr=io.StringIO(),
            environ=home | (env or {}),
            clock=clock,
            random_bytes=dice,
            hash_parameters=CHEAP,
        )
        environment = replace(environment, **changes)
        status = app.run(words, environment)
        return Ran(int(status), environment.stdout.getvalue(), environment.stderr.getvalue())

    return run


@pytest.fixture
def authctl(home, clock, dice):
    """Runs a command line: authctl("users get ada", stdin=…, env={…})."""
    return command_line(home, clock, dice)
