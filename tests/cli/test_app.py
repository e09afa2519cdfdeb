"""The command line as a whole: the tree of commands, their help, what they load, and how they end."""

import errno
import functools
import json
import os
import pkgutil
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from typer.core import TyperOption

from authctl.cli import app, man_pages, options
from authctl.cli.commands import LazyGroup
from authctl.cli.environment import Environment
from authctl.errors import TYPES, ExitStatus


@functools.cache
def command_at(path):
    return command_at(path[:-1]).get_command(None, path[-1]) if path else app.Root()


def paths(path=()):
    """Every group and command of the tree, by the words that lead to it."""
    yield path
    command = command_at(path)
    if isinstance(command, LazyGroup):
        for name in command.list_commands(None):
            yield from paths((*path, name))


PATHS = list(paths())


@functools.cache
def helped(path, **environ):
    """The help page of a command."""
    environment = Environment(environ=environ)
    assert app.run([*path, "--help"], environment) == 0
    assert environment.stderr.getvalue() == ""
    return environment.stdout.getvalue()


def examples(path):
    command = command_at(path)
    return command.examples if isinstance(command, LazyGroup) else command.declaration.examples


# Help


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_says_what_it_does_and_shows_an_example(path):
    page = helped(path)
    assert page.startswith(" ".join(["Usage: authctl", *path]))
    assert command_at(path).help.strip()
    assert examples(path)
    for example in examples(path):
        assert f"\n  {example}\n" in page


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_is_ascii(path):
    assert helped(path).isascii()


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_fits_a_narrow_window(path):
    page = helped(path, COLUMNS="40")
    beside_examples = page.replace("".join(f"  {example}\n" for example in examples(path)), "")
    lines = [line for line in beside_examples.splitlines() if not line.startswith("Usage: ")]
    assert max(map(len, lines)) <= 40


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_breaks_no_word_at_a_hyphen(path):
    page = helped(path, COLUMNS="60")
    assert [line for line in page.splitlines() if re.search(r"\w-$", line)] == []


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_parameter_has_help(path):
    command = command_at(path)
    for parameter in command.params:
        assert parameter.help or parameter.hidden, parameter.name


COMMON = [*options.common_options(), *options.writing_options(), *options.stepping_options(set())]
ROWS = 24  # of a terminal of 80 columns, one of them for the prompt


def has_own_options(path):
    known = {parameter.name for parameter in COMMON} | getattr(command_at(path), "twins", {}).keys()
    return any(isinstance(each, TyperOption) and each.name not in known for each in command_at(path).params)


@pytest.mark.parametrize("path", [path for path in PATHS if len(path) < 2], ids=" ".join)
def test_a_group_lists_each_command_in_a_line(path):
    command = command_at(path)
    if isinstance(command, LazyGroup):
        page = helped(path)
        for name, summary in command.summaries.items():
            assert re.search(rf"^  {name} +{re.escape(summary)}$", page, re.MULTILINE), name


@pytest.mark.parametrize("path", [path for path in PATHS if len(path) == 2 and not has_own_options(path)], ids=" ".join)
def test_a_page_without_options_of_its_own_fits_a_terminal(path):
    assert helped(path).count("\n") < ROWS


def listed(page):
    """The options that a page explains."""
    return {word for line in page.splitlines() for word in re.findall(r"^  (-\S+?)(?:, --\S+)?(?: \S+)?(?:  |$)", line)}


def test_common_options_are_explained_in_one_place(authctl):
    page = authctl("help options").stdout
    words = {each.opts[0] for each in COMMON}
    assert words == listed(page)
    assert "`-h` or `--help`" in page
    for path in PATHS:
        own = {word for each in command_at(path).params if each not in COMMON for word in each.opts}
        assert not listed(helped(path)) & words - own, path


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_each_page_says_in_a_line_where_common_options_are_explained(path):
    (line,) = [line for line in helped(path).splitlines() if line.startswith("Common options ")]
    assert line.endswith(", ...): authctl help options")
    assert " -q, " in line
    assert ("--dry-run" in line) == ("--dry-run" in {word for each in command_at(path).params for word in each.opts})


def test_man_pages_list_every_option():
    pages = {name: text.replace("\\-", "-") for name, text in man_pages.pages()}
    for path in PATHS:
        shown = [each for each in command_at(path).params if isinstance(each, TyperOption) and not each.hidden]
        page = pages["-".join(["authctl", *path]) + ".1"]
        listed = [line for line in page.splitlines() if line.startswith(".B -")]
        assert {word for each in shown for word in each.opts} <= {*re.findall(r"-[-\w]+", " ".join(listed))}, path
        assert "\n.B -h, --help\n" in page


MOST_IN_A_SECTION = 8  # commands of a group, from which on they have headings


@pytest.mark.parametrize("path", [path for path in PATHS if isinstance(command_at(path), LazyGroup)], ids=" ".join)
def test_each_command_of_a_group_stands_under_one_heading(path):
    group, page = command_at(path), helped(path)
    if path:
        declared = import_module(app.GROUPS[path[0]][0]).COMMANDS
        assert sorted(declared.names) == sorted(declared.declared)
    assert [*group.summaries] == [name for names in group.sections.values() for name in names] == [*group.commands]
    assert all(f"\n{title}:\n  {next(iter(names))} " in page for title, names in group.sections.items())
    assert len(group.commands) <= MOST_IN_A_SECTION or len(group.sections) > 1


def test_a_page_says_where_stdin_can_name_users_or_teams():
    for path in PATHS:
        command, page = command_at(path), helped(path)
        takes = {"user", "team"} & getattr(command, "twins", {}).keys() and command.declaration.writes
        assert ("`-` reads them from stdin." in " ".join(page.split())) == bool(takes), path
        assert not takes or ", 8)" in page


# What stands for a value: the kind of it in capitals, or the very words, with bars between; a list has dots behind it.
KIND = r"[A-Z]+(=[A-Z]+)?"
METAVAR = re.compile(rf"-?{KIND}(\|(-?{KIND}|-))*(,?[.][.][.])?|[\w-]+(\|[\w-]+)+|PROVIDER UID")
WIDE = 24  # characters; words that are no longer together are shown in the place of a value


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_values_are_called_alike_everywhere(path):
    command = command_at(path)
    page = helped(path)
    assert not re.search(r"\[x[<>]=|<[a-z]|\.\.\.\]\.\.\.", page)
    for parameter in command.params:
        if getattr(parameter, "is_flag", False) or parameter.hidden:
            continue
        assert parameter.metavar, f"{parameter.name} has no metavar"
        assert METAVAR.fullmatch(parameter.metavar), parameter.metavar
        choices = [str(choice) for choice in getattr(parameter.type, "choices", ())]
        assert not choices or len("|".join(choices)) > WIDE or parameter.metavar == "|".join(choices)


COMMANDS = re.compile(
    rf"(?<![`\w-])(authctl )?({'|'.join(' '.join(path) for path in PATHS if len(path) == 2)})(?![\w-])"
)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_commands_in_a_text_are_written_as_they_are_typed(path):
    command = command_at(path)
    for text in (command.help, *(parameter.help or "" for parameter in command.params)):
        for quoted in re.findall(r"`([^`]*)`", text):
            words = tuple(quoted.split())
            assert words[:1] != ("authctl",) or words[1:2] in PATHS or words[1:3] in PATHS, quoted
            assert words[:2] not in PATHS, f"`{quoted}` wants authctl before it"
        assert not COMMANDS.search(re.sub(r"`[^`]*`", "", text)), text


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_examples_can_be_read(path, authctl, ready_home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where some write files
    for example in examples(path):
        for part in example.split(" | "):
            words = shlex.split(part.partition(" < ")[0].partition(" > ")[0])
            if words[0] == "authctl" and "--follow" not in words:  # which goes on until Ctrl-C
                ran = authctl(words[1:], stdin="correct horse battery\n")
                assert ran.status != ExitStatus.UNEXPECTED, ran.stderr
                assert "hint: See: authctl" not in ran.stderr  # which is said of lines that cannot be read


def test_a_group_without_a_command_shows_its_help(authctl):
    assert authctl("users").stdout == authctl("users --help").stdout == authctl("users -h").stdout


def test_without_a_word_it_says_what_to_do_next(authctl, tmp_path):
    before = authctl("")
    assert "There is no directory yet" in before.stdout
    assert "authctl users create" in before.stdout
    database = {"AUTHCTL_DATABASE_URL": f"sqlite:///{tmp_path}/authctl.db"}
    assert "authctl init" in authctl("", env=database).stdout
    assert authctl("init", env=database).status == 0
    after = authctl("", env=database)
    assert f"Your directory: {tmp_path}/authctl.db\n" in after.stdout
    assert "authctl users list" in after.stdout
    assert "s3cret" not in authctl("", env={"AUTHCTL_DATABASE_URL": "postgresql://me:s3cret@localhost/x"}).stdout
    assert (before.stderr, after.stderr) == ("", "")


# How they end


def test_a_bug_asks_for_a_report_and_shows_no_values(authctl):
    def broken():
        raise ValueError("s3cret")

    ran = authctl("users create --password s3cret-s3cret -o json", clock=broken)
    error = json.loads(ran.stderr.splitlines()[-1])["error"]
    assert (ran.status, error["type"]) == (1, "general_unexpected")
    assert "ValueError" in error["message"]
    assert "s3cret" not in ran.stderr + ran.stdout


def test_too_many_open_files_are_no_bug(authctl):
    def unopened():
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    ran = authctl("users create -o json", clock=unopened)
    assert (ran.status, json.loads(ran.stderr)["error"]["type"]) == (7, "file_unavailable")
    assert "ulimit -n" in ran.stderr


def test_an_interruption_ends_with_130(authctl):
    def interrupted():
        raise KeyboardInterrupt

    ran = authctl("users create", clock=interrupted)
    assert (ran.status, ran.stdout) == (130, "")
    assert ran.stderr.endswith("authctl: Stopped.\n")


@pytest.mark.parametrize(
    "line", ["users list -o json -x", "-o jsonl users lst", "users --json get", "--output=json x", "users get -ojson"]
)
def test_usage_errors_are_json_where_json_was_asked_for(authctl, line):
    ran = authctl(line)
    error = json.loads(ran.stderr)["error"]
    assert (ran.status, ran.stdout, error["type"]) == (2, "", "general_usage")
    assert error["hint"].startswith("See: authctl")
    assert error["errors"][0]["message"] == error["message"]


def test_the_words_of_a_usage_error_do_not_repeat_what_may_be_a_secret(authctl):
    ran = authctl("users update-password ada hunter2-hunter2")
    assert ran.status == 2
    assert "hunter2" not in ran.stderr


def test_every_error_type_has_a_status_and_a_meaning():
    for status, meaning in TYPES.values():
        assert status != ExitStatus.DONE
        assert meaning


@pytest.mark.parametrize("option", ["--database", "--config", "--profile"])
def test_an_empty_value_does_not_stand_for_the_default(authctl, option):
    """As in `--database "$URL"` where the variable is not set: what follows would be done to another database."""
    ran = authctl(["users", "delete", "ada", "--yes", option, ""])
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"authctl: {option}: this is empty; ")


def test_the_settings_say_how_results_and_errors_are_written(authctl):
    env = {"AUTHCTL_OUTPUT_FORMAT": "jsonl", "AUTHCTL_OUTPUT_COLOR": "always"}
    assert authctl("users create --id ada --fields id", env=env).stdout == '{"id": "ada"}\n'
    assert json.loads(authctl("users get bob", env=env).stderr)["error"]["type"] == "user_not_found"
    assert authctl("users get ada --fields id -o csv", env=env).stdout == "id\nada\n".replace("\n", "\r\n")
    assert authctl("users get ada --fields id -o table", env=env).stdout == "\x1b[1mid\x1b[0m  ada\n"
    assert authctl("users get ada --fields id -o table --no-color", env=env).stdout == "id  ada\n"


# What they load

HEAVY = ("sqlalchemy", "alembic", "psycopg", "argon2", "cryptography", "rich", "pydantic", "email_validator")


def loaded(program, home, watched, stdin=""):
    """Which of those packages a program has loaded at its end."""
    program += f"\nimport sys\nprint(*[name for name in {watched!r} if name in sys.modules], file=sys.__stderr__)"
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environ(home), input=stdin, capture_output=True, text=True, check=True
    )
    return ran.stderr.split()


def environ(home, **variables):
    """The variables of a real process on an empty machine."""
    python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    return python | home | variables


RUN = """
from authctl.cli.app import run
from authctl.cli.environment import Environment
import os
import sys
for line in {lines!r}:
    status = run(line.split(), Environment(stdin=sys.stdin, environ=os.environ))
    assert status in {statuses!r}, (line, status)
"""


def test_help_loads_nothing_heavy(home):
    lines = [" ".join([*path, "--help"]) for path in PATHS]
    assert loaded(RUN.format(lines=lines, statuses=[0]), home, HEAVY) == []


def test_the_first_page_loads_next_to_nothing(home):
    unused = ("json", "authctl.cli.list_options", "authctl.model")
    assert loaded(RUN.format(lines=["--help"], statuses=[0]), home, unused) == []


def test_a_usage_error_loads_nothing_heavy(home):
    lines = ["usres", "users lst", "users list --al", "users get", "users get a b", "users list -o x", "users delete a"]
    assert loaded(RUN.format(lines=lines, statuses=[2]), home, HEAVY) == []


# The groups whose commands are in several modules, and those of the modules that load much.
PACKAGES = [group for group in (import_module(name) for name, _ in app.GROUPS.values()) if hasattr(group, "__path__")]
BULKY = {"exports", "imports", "import_dialogue", "import_journal", "check"}


def modules_of(package):
    return [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]


def test_a_command_loads_only_its_own_module(authctl, ready_home, clock):
    clock.now = datetime.now(UTC)  # which the process goes by
    for line in ("users create --id ada", "teams create t --id t"):
        assert authctl(line).status == 0
    secret = authctl("users create-session ada --fields secret").stdout.strip()
    others = [name for package in PACKAGES for name in modules_of(package) if name.rpartition(".")[2] in BULKY]
    assert len(others) == len(BULKY)
    lines = ["users get ada", "users list", "teams get t", "sessions get", "security show"]
    program = RUN.format(lines=lines, statuses=[0])
    assert loaded(program, ready_home | {"AUTHCTL_SESSION": secret}, ["authctl.transfer", *others]) == []


# Ada owns the team t; TOKEN is one of hers, whose secret stdin holds, and BOBS one of bob.
EVERYDAY = {
    "users": (
        "users create --id eve --email eve@example.com",
        "users get eve",
        "users list",
        "users list --after eve",
        "users update-name eve Eve",
        "users update-username eve eva",
        "users update-email eve eva@example.com",
        "users update-phone eve +15555550100",
        "users update-password eve --generate-password",
        "users update-labels eve staff",
        'users update-prefs eve {"a":1}',
        'users update-metadata eve {"a":1}',
        "users update-email-verification eve true",
        "users update-phone-verification eve true",
        "users update-status eve blocked",
        "users create-identity eve google 1",
        "users list-identities",
        "users list-identities eve",
        "users list-memberships ada",
        "users list-roles ada",
        "users delete eve --yes",
    ),
    "teams": (
        "teams create u --id u --owner ada",
        "teams get u",
        "teams list",
        "teams list --after u",
        "teams update-name t T",
        'teams update-prefs t {"a":1}',
        "teams create-membership t --user-id bob --roles staff",
        "teams create-membership t --email eve@example.com --print-secret",
        "teams list-memberships t",
        "teams get-membership t bob",
        "teams update-membership t bob --add owner",
        "teams delete-membership t bob --yes",
        "teams delete u --yes",
    ),
    "tokens": (
        "tokens list ada",
        "tokens redeem ada --id TOKEN --secret-stdin",
        "tokens create ada",
        "tokens create-email ada@example.com --print-secret",
        "tokens list ada --all",
        "tokens delete bob BOBS --yes",
    ),
}
RUN_EACH = """
import io, os, sys
from authctl.cli.app import run
from authctl.cli.environment import Environment
for line in {lines!r}:
    environment = Environment(io.StringIO({stdin!r}), environ=os.environ)
    status = run(line.split(), environment)
    assert status == 0, (line, environment.stderr.getvalue())
    assert not {watched!r} & sys.modules.keys(), line
"""


@pytest.mark.parametrize("group", EVERYDAY)
def test_everyday_commands_do_without_sqlalchemy(authctl, ready_home, clock, group):
    clock.now = datetime.now(UTC)
    for line in (
        "users create --id ada --email ada@example.com",
        "users create --id bob",
        "teams create t --id t --owner ada",
    ):
        assert authctl(line).status == 0
    token, secret = authctl("tokens create ada -o csv --fields id,secret").stdout.split()[1].split(",")
    bobs = authctl("tokens create bob --fields id").stdout.strip()
    lines = [line.replace("TOKEN", token).replace("BOBS", bobs) for line in EVERYDAY[group]]
    watched = {"sqlalchemy", "alembic", "authctl.transfer"}
    program = RUN_EACH.format(lines=lines, stdin=f"{secret}\n", watched=watched)
    ran = subprocess.run([sys.executable, "-c", program], env=environ(ready_home), capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_table_of_a_group_is_what_its_modules_declare(package):
    for module in modules_of(package):
        import_module(module)
    declared = {name: each.function.__module__ for name, each in package.COMMANDS.declared.items()}
    table = {name: module for names in package.COMMANDS.modules.values() for name, module in names.items()}
    assert declared == {name: f"{package.__name__}.{module}" for name, module in table.items()}


def test_no_command_loads_pydantic(home):
    lines = ["users create --id ada --password correct-horse", "users list -o table", "users get ada -o json", "status"]
    assert loaded(RUN.format(lines=lines, statuses=[0]), home, ("pydantic",)) == []


def test_reading_loads_no_hashing(home):
    # What writes opens the sealed key of the audit log.
    assert loaded(RUN.format(lines=["users create --id ada"], statuses=[0]), home, ("argon2", "bcrypt", "rich")) == []
    lines = ["users get ada", "users list", "security list-logs"]
    assert loaded(RUN.format(lines=lines, statuses=[0]), home, ("argon2", "bcrypt", "rich", "cryptography")) == []


def test_who_reads_an_import_loads_no_database(home):
    program = "from authctl.transfer.reader_process import serve\nfrom authctl.transfer.sources import authctl"
    assert loaded(program, home, ("sqlalchemy", "typer", "argon2", "cryptography", "rich", "email_validator")) == []


def test_the_version_is_answered_without_typer(home):
    program = "import sys\nsys.argv = ['authctl', '--version']\nfrom authctl.__main__ import main\nassert main() == 0"
    assert loaded(program, home, ("typer", "sqlalchemy", "authctl.cli")) == []


# What people do all day, and who looks after them: statements compiled ahead are enough for it. `<<<` begins stdin.
SIGNED_IN = [
    "sessions create ada --password-stdin <<< correct-horse",
    "sessions create ada --password-stdin <<< wrong-horse",
    "sessions get",
    "sessions update",
    "sessions delete",
    "sessions create-jwt",
    "sessions verify-jwt --secret-stdin <<< {jwt}",
    "mfa status ada",
    "mfa list-factors ada",
    "mfa create-challenge --factor recovery_code",
    "mfa complete-challenge {challenge} {code}",
    "security list-logs",
    "users list-logs ada",
]


@pytest.fixture
def signed_in(authctl, ready_home, clock):
    """The variables of somebody who is signed in, and what the lines above are filled with."""
    clock.now = datetime.now(UTC)  # which the process goes by

    def run(line):
        ran = authctl(line, env=env, hash_parameters=Environment().hash_parameters)  # else it is hashed anew
        assert ran.status == 0, ran
        return ran.stdout.split()

    env = {}
    run("users create --id ada --email ada@example.com --password correct-horse")
    env = {"AUTHCTL_SESSION": run("users create-session ada --fields secret")[0]}
    code, *_ = run("mfa create-recovery-codes ada")
    (jwt,) = run("sessions create-jwt --fields jwt")
    (challenge,) = run("mfa create-challenge --factor recovery_code --fields id")
    return ready_home | env, {"code": code, "jwt": jwt, "challenge": challenge}


@pytest.mark.parametrize("line", SIGNED_IN)
def test_being_signed_in_loads_no_sqlalchemy(signed_in, line):
    home, given = signed_in
    words, _, stdin = line.format(**given).partition(" <<< ")
    program = RUN.format(lines=[words], statuses=[6 if "wrong" in line else 0])
    assert loaded(program, home, ("sqlalchemy", "alembic", "authctl.transfer"), stdin) == []


# Real processes


def process(words, home, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "authctl", *words],
        env=environ(home, **variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(words, home, **variables):
    with process(words, home, **variables) as child:
        stdout, stderr = child.communicate(timeout=60)
    return child.returncode, stdout, stderr


@pytest.mark.parametrize("format", ["tsv", "csv", "json", "jsonl", "table"])
def test_a_closed_pipe_is_no_error(authctl, home, format):
    name = "x" * 128
    metadata = json.dumps({"long": "y" * 30_000})
    for number in range(8):  # more than a pipe holds
        assert authctl(["users", "create", "--id", f"u{number}", "--name", name, "--metadata", metadata]).status == 0
    child = process(["users", "list", "-o", format, "--fields", "id,metadata"], home)
    child.stdout.read(10)
    child.stdout.close()
    with child:
        assert child.stderr.read() == ""
    assert child.returncode == 0


def test_a_connection_that_is_cut_is_no_bug(authctl, home):
    metadata = json.dumps({"long": "y" * 30_000})
    for number in range(8):  # more than the buffers below hold
        authctl(["users", "create", "--id", f"u{number}", "--metadata", metadata])
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(server.getsockname())
        stdout, _ = server.accept()
    with stdout:
        words = [sys.executable, "-m", "authctl", "users", "list", "--fields", "id,metadata"]
        child = subprocess.Popen(words, env=environ(home), stdout=stdout, stderr=subprocess.PIPE, text=True)
    reader.recv(10)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing it cuts the connection
    reader.close()
    with child:
        told = child.stderr.read()
    assert (child.returncode, told.splitlines()[0]) == (
        ExitStatus.UNAVAILABLE,
        "authctl: Cannot write the results: Connection reset by peer.",
    )


@pytest.mark.parametrize("format", ["tsv", "csv", "json", "jsonl", "table"])
def test_changes_go_on_where_nobody_reads_their_answers(authctl, home, format):
    for number in range(5):
        authctl(["users", "create", "--id", f"u{number}"])
    child = process(["users", "delete", "-", "--yes", "-o", format], home)
    child.stdout.close()
    with child:
        child.stdin.write("".join(f"u{number}\n" for number in (0, 1, 9, 2, 3, 4)))
        child.stdin.close()
        assert "There is no user 'u9'." in child.stderr.read()
    assert child.returncode == ExitStatus.PARTIAL
    assert authctl("users list --count").stdout == "0\n"


@pytest.mark.parametrize("format", ["tsv", "csv", "json", "jsonl", "table"])
def test_results_that_cannot_be_written_are_told(authctl, home, format):
    """A full disk is no bug, and the answer that is lost does not mean that nothing was changed."""
    words = ["users", "create", "--id", "ada", "--metadata", json.dumps({"long": "y" * 30_000}), "-o", format]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "authctl", *words], env=environ(home), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == ExitStatus.UNAVAILABLE
    assert "Cannot write the results: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert authctl("users get ada").status == 0


def test_a_real_ctrl_c_ends_with_130_and_keeps_what_was_done(authctl, home):
    authctl("users create --id ada")
    with process(["users", "delete", "-", "--yes"], home) as child:
        child.stdin.write("ada\nnobody\n")
        child.stdin.flush()
        assert "nobody" in child.stderr.readline()  # it waits for the next id now
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=60)
    assert (child.returncode, stdout) == (130, "ada\ttrue\n")
    assert stderr.endswith("authctl: Stopped.\n")
    assert "Traceback" not in stderr


def test_a_locale_without_unicode_shows_escapes_and_stays_exact_in_json(authctl, home):
    authctl(["users", "create", "--id", "zoe", "--name", "Zoë 日本"])
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    status, stdout, stderr = ran(["users", "list"], home, **ascii_only)
    assert (status, stdout, stderr) == (0, "zoe\tZo\\xeb \\u65e5\\u672c\t\t\tactive\t\n", "")
    status, stdout, _ = ran(["users", "get", "zoe", "-o", "json"], home, **ascii_only)
    assert stdout.isascii()
    assert json.loads(stdout)["name"] == "Zoë 日本"
    status, stdout, _ = ran(["users", "list", "-o", "table"], home, **ascii_only)
    assert (status, stdout.splitlines()[1].split()[:3]) == (0, ["zoe", "Zo\\xeb", "\\u65e5\\u672c"])
    assert ran(["users", "create", "--help"], home, **ascii_only)[1].isascii()


def test_a_locale_without_unicode_takes_no_broken_name(home):
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    status, stdout, stderr = ran(["users", "create", "--name", "Zoë"], home, **ascii_only)
    assert (status, stdout) in [(0, ""), (3, "")]
    assert "locale" in stderr


def test_a_missing_word_is_called_by_what_it_is(authctl):
    assert authctl("users update-status ada").stderr.startswith("authctl: STATUS (active|blocked) is missing.\n")
    assert authctl("users get").stderr.startswith("authctl: USER is missing.\n")
    assert authctl("completion tcsh").stderr.startswith("authctl: SHELL (bash|zsh|fish|powershell): 'tcsh' is not")


# Options and their values


def valued(path):
    """The flags of a command that take a value, each with what goes before it."""
    command = command_at(path)
    return [max(each.opts, key=len) for each in command.params if isinstance(each, TyperOption) and not each.is_flag]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_an_option_is_never_the_value_of_another(authctl, path):
    for flag in valued(path):
        for other in ("--no-color", "--help", "-y", "--database=x"):
            if flag == "--roles" and path in [("teams", "create"), ("teams", "create-membership")]:
                continue
            if flag == "--prune":  # whose value stands behind = alone
                continue
            ran = authctl([*path, flag, other])
            name = other.partition("=")[0]
            told = (
                f"authctl: {flag} needs a value, and {name} is an option.\nhint: If you mean it as the value: "
                f"{flag}={name}\n"
            )
            assert (ran.status, ran.stdout, ran.stderr) == (ExitStatus.USAGE, "", told)


def test_an_option_is_a_value_where_that_is_said(authctl):
    assert authctl("users create --id ada --name=--json --reason=--dry-run").stdout.startswith("ada\t--json\t")
    assert "--dry-run" in authctl("security list-logs --fields reason").stdout
    assert authctl("users create --name -- --id").status == ExitStatus.USAGE


@pytest.mark.parametrize("words", ["-yo --quiet", "-o -y", "-qo -y"])
def test_short_options_have_values_of_their_own_too(authctl, words):
    ran = authctl(f"users list {words}")
    assert (ran.status, ran.stderr.partition(" needs")[0]) == (ExitStatus.USAGE, "authctl: --output")
    assert authctl("users create -ojson --name x").status == 0


def test_roles_may_stand_without_a_value_where_a_member_is_new(authctl):
    authctl("teams create Teachers --id t")
    line = "teams create-membership --team-id t --roles --phone +12065550100 --name Ada --user-id ada"
    assert json.loads(authctl(f"{line} --json").stdout)["roles"] == []
    assert authctl("teams create-membership t --email x@example.com --roles --fields roles").status == 0
    assert authctl("teams create-membership t --email y@example.com --roles").status == 0
    ran = authctl("teams update-membership t ada --roles --force")
    assert "--roles needs a value" in ran.stderr
    assert ran.status == ExitStatus.USAGE


@pytest.mark.parametrize(("flag", "elsewhere"), options.ELSEWHERE.items())
def test_values_have_their_names_in_other_documents(authctl, flag, elsewhere):
    path = {"--factor": "mfa create-challenge", "--kind": "tokens redeem ada"}[flag]
    authctl("users create --id ada")
    for word, ours in elsewhere.items():
        answers = {
            authctl(f"{path} {said} --secret-stdin", stdin="x\n")
            for said in (f"{flag} {word}", f"{flag}={word}", f"{flag} {ours}")
        }
        assert [answer.status for answer in answers] == [ExitStatus.DENIED]


def test_an_empty_search_is_none(authctl):
    for line in ("users create --id ada", "teams create t --id t --owner ada"):
        authctl(line)
    for line in ("users list", "teams list", "users list-memberships ada", "teams list-memberships t"):
        assert authctl([*line.split(), "--search", "", "--count"]).stdout == "1\n"


# The default database

MAKES = {
    ("init",),
    ("restore",),
    ("apply",),
    ("users", "create"),
    ("users", "import"),
    ("teams", "create"),
}
DECLARED = [path for path in PATHS if not isinstance(command_at(path), LazyGroup)]


def test_few_commands_make_the_default_database():
    assert {path for path in DECLARED if command_at(path).declaration.makes} == MAKES


@pytest.mark.parametrize("path", [path for path in DECLARED if path not in MAKES], ids=" ".join)
def test_other_commands_do_not(authctl, home, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    for example in examples(path):
        words = shlex.split(re.sub(r" [<>|](?=[^']*(?:'[^']*'[^']*)*$).*|\[.*", "", example))[1:]  # not within quotes
        ran = authctl([*words, "--yes"], stdin="one\ntwo\n", env={"AUTHCTL_SESSION": "x"})
        assert "bug" not in ran.stderr
    assert not (Path(home["HOME"]) / ".local/share/authctl").exists()


@pytest.mark.parametrize(
    "line", ["users list", "users export -", "security verify-logs", "status", "security purge", "backup new.backup"]
)
def test_what_misses_the_default_database_fails(authctl, tmp_path, monkeypatch, line):
    """A cron job with a wrong HOME must not export, back up or verify nothing, and call it done."""
    monkeypatch.chdir(tmp_path)
    ran = authctl(line)
    assert (ran.status, ran.stdout) == (ExitStatus.UNAVAILABLE, "")
    assert "There is no database at " in ran.stderr
    assert ran.stderr.endswith("create a directory there with: authctl init\n")


# Hints


def test_a_hint_names_the_directory_that_the_line_named(authctl, tmp_path):
    place = f"sqlite:///{tmp_path}/my users.db"
    ran = authctl(["users", "list", "--database", place])
    assert ran.stderr.splitlines()[-1] == (
        f"hint: Check the path, or create a directory there with: authctl --database '{place}' init"
    )
    ran = authctl(["--database", place, "users", "list", "-o", "json"])
    assert json.loads(ran.stderr)["error"]["hint"].endswith(f"authctl --database '{place}' init")


def test_a_hint_names_the_profile_and_the_configuration(authctl, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'[profiles.staging]\ndatabase_url = "sqlite:///{tmp_path}/none.db"\n')
    ran = authctl(f"users list --config {config} --profile staging")
    assert ran.stderr.endswith(f": authctl --config {config} --profile staging init\n")
    assert "hint: See: authctl users list --help" in authctl("users list --colour --profile staging").stderr


def test_a_hint_never_repeats_a_password(authctl):
    line = "users list --database postgresql://u:hunter22@127.0.0.1:1/none"
    assert "hunter22" not in authctl(line).stderr
