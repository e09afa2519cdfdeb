"""The wheel, built and installed as the README begins: what a user gets."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from doubles.documents import MANUAL, README, blocks
from doubles.programs import program
from doubles.shell import Shell

from authctl.cli.completion import tree

REPOSITORY = Path(__file__).parents[2]


def run(*words, **options):
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    """A copy of this folder, where the first command of the README was run as it stands: the folder, and its answer."""
    folder = tmp_path_factory.mktemp("wheel") / "authctl"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "authctl", "completions", "sample-config.toml", "tests"):
        source, ignored = REPOSITORY / name, shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy(source, folder)
    first, _ = [block for block in blocks("sh", README) if "pip install" in block]
    environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environ |= {"HOME": str(folder.parent / "home"), "PATH": os.environ["PATH"]}
    environ["PIP_NO_COMPILE"] = "1"  # the most of what is installed is never run here
    return folder, run("bash", "-c", first, cwd=folder, env=environ)


@pytest.fixture(scope="session")
def installed(started):
    """The prefix of an environment that holds the wheel, and what it needs."""
    folder, _ = started
    return folder / ".venv"


@pytest.fixture
def command(installed, home):
    """Runs the installed command."""
    return lambda *words: run(installed / "bin/authctl", *words, env=home, cwd=home["HOME"])


def test_the_first_command_of_the_readme_makes_a_user(started):
    folder, answer = started
    assert "Alan Turing" in answer
    assert (folder.parent / "home/.local/share/authctl/authctl.db").exists()


def test_the_wheel_has_the_command(command):
    assert command("--version").startswith("authctl ")
    assert "authctl users create" in command("--help")


def test_the_wheel_has_the_migrations(command):
    command("init")
    schema, wanted = command("status", "--fields", "schema,schema_wanted").split()
    assert schema == wanted
    assert command("users", "create", "--email", "ada@example.com", "--fields", "email").strip() == "ada@example.com"


def test_the_wheel_has_types(installed):
    (package,) = installed.glob("lib/python3*/site-packages/authctl")
    assert (package / "py.typed").is_file()


@pytest.mark.parametrize(
    ("committed", "place"),
    [
        ("authctl.bash", "bash-completion/completions/authctl"),
        ("_authctl", "zsh/site-functions/_authctl"),
        ("authctl.fish", "fish/vendor_completions.d/authctl.fish"),
    ],
)
def test_the_wheel_has_the_completions(installed, committed, place):
    assert (installed / "share" / place).read_text() == (REPOSITORY / "completions" / committed).read_text()


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_installed_completions_complete_ids(installed, command, home, name, tmp_path):
    command("users", "create", "--email", "ada@example.com", "--quiet")
    path = f"{installed}/bin:{home['PATH']}"
    shell = Shell(name, Path(home["HOME"]), installed / "share", path=path, folder=tmp_path)
    try:
        assert shell.completed("authctl users get ad") == ["authctl", "users", "get", "ada@example.com"]
    finally:
        shell.close()


def test_the_wheel_has_a_man_page_of_every_command_and_topic(installed):
    pages = {page.name for page in (installed / "share/man/man1").iterdir()}
    assert pages == {"-".join(["authctl", *node.path.split()]) + ".1" for node in tree.read().nodes}
    pages = {page.name for page in (installed / "share/man/man7").iterdir()}
    assert pages == {f"authctl-{page.stem}.7" for page in MANUAL}


def test_the_wheel_has_the_manual(command):
    for page in MANUAL:
        assert command("help", page.stem)


def test_man_can_read_every_page(installed):
    pages = sorted((installed / "share/man").glob("man*/*"))
    ran = subprocess.run(
        [program("groff"), "-man", "-Tutf8", "-ww", *pages], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\N{HYPHEN}\n" not in ran.stdout


def test_a_man_page_says_what_the_help_page_says(installed, home):
    page = installed / "share/man/man1/authctl-users-update-labels.1"
    shown = run(program("groff"), "-man", "-Tascii", "-P-cbou", page)
    words = " ".join(shown.split())
    for text in (
        "authctl-users-update-labels - Replace the labels",
        "authctl users update-labels [OPTIONS] USER",
        "--dry-run Show what would happen without doing it.",
        "authctl users update-labels ada@example.com",
        "EXIT STATUS 0 done",
        "SEE ALSO authctl-users(1)",
    ):
        assert text in words, text


def test_the_man_page_of_a_topic_says_what_the_page_of_the_manual_says(installed):
    shown = run(program("groff"), "-man", "-Tascii", "-P-cbou", installed / "share/man/man7/authctl-errors.7")
    words = " ".join(shown.split())
    for text in (
        "authctl-errors - Exit statuses, types of errors, and how errors are written",
        "EXIT STATUSES 0 done 1 unexpected",
        "user_not_found no such user (exit status 4, HTTP 404)",
        "SEE ALSO authctl(1), authctl-applications(7)",
    ):
        assert text in words, text


def test_what_the_build_needs_is_what_the_package_needs():
    """The build looks at the command tree, for which it needs the same Typer."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    needed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["dependencies"]
    assert {*needed} <= {*project["project"]["dependencies"]}
