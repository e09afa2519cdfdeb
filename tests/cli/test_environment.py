"""The outside of a command: the window, the machine, the clock and the dice."""

import fcntl
import json
import os
import pty
import pwd
import struct
import subprocess
import sys
import termios
from datetime import timedelta

import pytest

from authctl.cli.environment import USUAL_WINDOW, Environment


@pytest.mark.parametrize(("told", "columns"), [("40", 40), ("0", 80), ("-5", 80), ("wide", 80), ("²", 80), ("", 80)])
def test_columns_are_obeyed_when_they_are_a_number(told, columns):
    assert Environment(environ={"COLUMNS": told}).columns == columns


def test_the_window_is_asked_of_the_terminal_each_time():
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        for environment in (
            Environment(stdout=stream, stdout_isatty=True),
            Environment(stderr=stream, stderr_isatty=True),
        ):
            for columns, lines in ((40, 10), (132, 50)):
                fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
                assert (environment.columns, environment.lines) == (columns, lines)
    os.close(master)


def test_without_a_terminal_the_window_is_the_usual_one():
    for environment in (Environment(), Environment(stdout_isatty=True)):
        assert (environment.columns, environment.lines) == USUAL_WINDOW


def test_the_user_is_the_one_the_system_knows(monkeypatch):
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    assert Environment().os_user() == pwd.getpwuid(os.getuid()).pw_name
    assert Environment().host_name() == os.uname().nodename


def test_a_user_without_a_name_is_a_number(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert Environment().os_user() == "54321"


def test_clock_and_dice_are_those_of_the_program():
    environment = Environment()
    assert environment.clock().utcoffset() == timedelta(0)
    assert len(environment.random_bytes(16)) == 16
    assert environment.random_bytes(16) != environment.random_bytes(16)


def test_a_line_is_read_as_bytes_from_any_stream(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"a\rb\r\n\xff\nlong")
    with path.open(encoding="ascii") as stdin:
        environment = Environment(stdin=stdin)
        assert [environment.read_line(3) for _ in range(5)] == [b"a\rb", b"\r\n", b"\xff\n", b"lon", b"g"]
        assert environment.read_line(3) == b""


@pytest.mark.parametrize(
    ("given", "on_a_terminal", "elsewhere"),
    [
        ({"color": "auto"}, True, False),
        ({"color": "auto", "environ": {"NO_COLOR": "1"}}, False, False),
        ({"color": "always", "environ": {"NO_COLOR": "1", "TERM": "dumb"}}, True, True),
        ({"color": "never", "environ": {"FORCE_COLOR": "1"}}, False, False),
        ({"color": "always", "no_color": True}, False, False),
    ],
)
def test_the_setting_for_colors_comes_after_the_option_and_before_the_variables(given, on_a_terminal, elsewhere):
    environment = Environment(**given)
    assert (environment.colors(True), environment.colors(False)) == (on_a_terminal, elsewhere)


# Streams that another program has left so that nobody waits for them


@pytest.fixture
def start(home):
    """Starts a command in a process of its own; it has begun when the pipe says that it waits for it."""

    def start(pipe, *words, **streams):
        python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
        started = subprocess.Popen([sys.executable, "-m", "authctl", *words], env=python | home, **streams)
        while started.poll() is None and not os.get_blocking(pipe):
            pass
        return started

    return start


def test_what_is_not_written_yet_is_waited_for(start):
    pipe, written = os.pipe()
    os.set_blocking(pipe, False)
    words = ("users", "import", "-", "--from", "authctl", "--fields", "created")
    with start(pipe, *words, stdin=pipe, stdout=subprocess.PIPE) as process:
        with os.fdopen(written, "w") as file:
            file.writelines(json.dumps({"id": f"u{n}", "email_verified": False}) + "\n" for n in range(100))
        assert process.stdout.read() == b"100\n"
    os.close(pipe)
    assert process.returncode == 0


def test_what_does_not_fit_yet_is_not_lost(start, authctl):
    read, pipe = os.pipe()
    os.set_blocking(pipe, False)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    with start(pipe, "help", "import", stdout=pipe) as process:
        os.close(pipe)
        with os.fdopen(read, "rb") as file:
            page = file.read().decode()
    assert (process.returncode, page) == (0, authctl("help import").stdout)


# Streams that take nothing, or a part


@pytest.fixture
def ended(home):
    """Runs a line of the shell, in which `$authctl` is the command, and gives what it ended with."""

    def ended(line, **variables):
        kept = {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
        environ = kept | home | {"authctl": f"{sys.executable} -m authctl"} | variables
        return subprocess.run(["bash", "-c", line], env=environ, capture_output=True, text=True)

    return ended


@pytest.mark.parametrize("gone", ["2>/dev/full", "2>&-", "2</dev/null"])
def test_where_nobody_can_be_told_a_command_ends_as_it_would(ended, authctl, tmp_path, gone):
    authctl("users create --id bob")
    assert ended(f"$authctl users get nobody {gone}").returncode == 4
    file = tmp_path / "users.jsonl"
    file.write_text('{"id": "ada", "email": "ada@example.com"}\n')
    file.chmod(0o644)  # a warning
    assert ended(f"$authctl users import {file} --from authctl {gone}").returncode == 0
    assert authctl("users get ada").status == 0


def test_where_nobody_listens_any_more_a_command_ends_as_it_would(start, authctl):
    authctl("users create --id bob")
    read, pipe = os.pipe()
    os.close(read)
    with os.fdopen(pipe, "wb") as gone, start(pipe, "users", "get", "nobody", stderr=gone) as process:
        pass
    assert process.returncode == 4


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_a_full_disk_takes_a_part_of_is_not_all(ended, authctl, tmp_path, unbuffered):
    authctl(["users", "create", "--id", "ada", "--metadata", json.dumps({"long": "y" * 5_000})])
    done = ended(f"ulimit -f 2; $authctl users get ada -o json > {tmp_path}/ada", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, (tmp_path / "ada").stat().st_size) == (7, 2048)
    assert "Cannot write the results: File too large." in done.stderr


# A folder and a memory that are gone


@pytest.mark.parametrize("line", ["backup saved", "users list --database sqlite:///x"])
def test_a_folder_that_is_gone_is_told(ended, authctl, tmp_path, line):
    authctl("users create --id ada")
    done = ended(f"mkdir {tmp_path}/gone; cd {tmp_path}/gone; rmdir ../gone; $authctl {line}")
    assert (done.returncode, done.stderr.splitlines()[0]) == (7, "authctl: The current folder no longer exists.")


@pytest.fixture
def short_of_memory(home):
    """Runs a command that may have so many MB more than it begins with; each thread wants 1 GB."""

    def short_of_memory(more, *words):
        program = (
            "import os, resource, sys, threading\n"
            "from authctl.cli import apply, app\n"
            "has = int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGESIZE')\n"
            f"resource.setrlimit(resource.RLIMIT_AS, (has + {more}_000_000, resource.RLIM_INFINITY))\n"
            "threading.stack_size(1 << 30)\n"
            "sys.exit(app.run(sys.argv[1:]))\n"
        )
        python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
        return subprocess.run(
            [sys.executable, "-c", program, *words], env=python | home, capture_output=True, text=True
        )

    return short_of_memory


def test_a_memory_that_runs_out_is_no_bug(short_of_memory, authctl, tmp_path):
    authctl("users create --id ada")
    large = tmp_path / "large.toml"
    large.touch()
    os.truncate(large, 60_000_000)  # which takes none of the disk
    done = short_of_memory(50, "apply", large)
    assert (done.returncode, done.stderr.splitlines()[0]) == (7, "authctl: Memory ran out.")


def test_that_no_thread_can_be_started_is_no_bug(short_of_memory, authctl, tmp_path):
    authctl("users create --id ada")
    file = tmp_path / "users.csv"
    file.write_text("id,plain_password\nbob,correct horse battery staple\n")
    file.chmod(0o600)
    done = short_of_memory(500, "users", "import", file, "--from", "csv")
    assert (done.returncode, done.stderr.splitlines()[0]) == (7, "authctl: No more threads can be started.")


# Streams that are closed, whose numbers the next files would get


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", ">&-"])
def test_a_child_reads_where_streams_are_closed(ended, authctl, tmp_path, closed):
    authctl("users create --id ada")
    people = "".join(json.dumps({"id": f"u{n}", "email_verified": False}) + "\n" for n in range(5_000))
    (tmp_path / "users.jsonl").write_text(people)
    line = f"$authctl users import - --from authctl --report {tmp_path}/report < {tmp_path}/users.jsonl"
    assert ended(f"{line} {closed}").returncode == 0
    assert authctl("users list --count").stdout == "5001\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_opened_is_no_standard_stream(closed):
    program = (
        "import os\n"
        "from authctl.cli.environment import Environment\n"
        "Environment.of_process()\n"
        "raise SystemExit(os.open(os.devnull, os.O_RDONLY) < 3)\n"
    )
    assert subprocess.run(f'{sys.executable} -c "{program}" {closed}', shell=True).returncode == 0  # noqa: S602 - our own words; a shell closes
