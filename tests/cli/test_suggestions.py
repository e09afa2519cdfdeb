"""What people type that is called something else here: each word leads to a command line that runs."""

import re
import shutil

import pytest
from conftest import Clock, Dice, command_line, home_in, make_home_ready

from authctl.cli import app, suggestions
from authctl.cli.commands import LazyGroup

GROUPS = ["", *app.GROUPS]
WORDS = sorted({word for words in suggestions.ANYWHERE.values() for word in words.split()})
# What people are known to try.
ASKED_FOR = (
    "block ban disable suspend unblock passwd reset-password set-password rename invite add-member enroll login logout"
    " whoami logs audit config search edit show info rm ls add new"
)
TYPED = [
    pytest.param(group, word, id=f"{group} {word}".strip())
    for group in GROUPS
    for word in sorted({*WORDS, *" ".join(suggestions.IN_GROUP.get(group or "authctl", {}).values()).split()})
    if word not in (app.Root().build(group) if group else app.Root()).commands
]
PLACES = {
    "USER": "ada",
    "TEAM": "teachers",
    "NAME": "Ada",
    "EMAIL": "bob@example.com",
    "TEXT": "ada",
    "POLICY": "password-history",
    "VALUE": "3",
}
PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory, ready_file):
    """A home folder whose directory has a user, a team and a token; the throws of the dice, the token, a session."""
    home, dice = home_in(tmp_path_factory.mktemp("filled")), Dice()
    make_home_ready(home, ready_file, dice)
    run = command_line(home, Clock(), dice)
    run(f"users create --id ada --email ada@example.com --password {PASSWORD}")
    run("users create --id owner")
    run("teams create Teachers --id teachers --owner owner")
    secret = run("users create-session ada --fields secret").stdout.strip()
    token = run("tokens create ada --fields id").stdout.strip()
    return home["HOME"], dice.count, token, secret


@pytest.fixture
def filled(filled_once, home, dice):
    """A copy of that folder; the places of a line, and the environment to fill it in."""
    folder, dice.count, token, secret = filled_once
    shutil.copytree(folder, home["HOME"], dirs_exist_ok=True)
    return PLACES | {"TOKEN": token}, {"AUTHCTL_SESSION": secret, "AUTHCTL_EMAIL_BACKEND": "console"}


def suggested(stderr):
    """The command line of a hint, without the program's name."""
    return re.search(r"^hint: Run: authctl (.*)$", stderr, re.MULTILINE)[1]


def test_what_people_try_is_in_the_table():
    assert set(ASKED_FOR.split()) <= set(WORDS)


@pytest.mark.parametrize(("group", "word"), TYPED)
def test_a_word_leads_to_a_command_line_that_runs(authctl, filled, group, word):
    places, env = filled
    line = suggested(authctl(f"{group} {word}").stderr)
    if "delete-membership" in line:
        authctl("teams create-membership teachers --user-id ada")
    for place, value in places.items():
        line = re.sub(rf"\b{place}\b", value, line)
    if "--invite" in line:
        line += " --print-secret"
    ran = authctl(
        f"{line} --yes", env=env, stdin=f"{PASSWORD}-2\n" * 2 if "update" in line else f"{PASSWORD}\n",
        stdin_isatty=True, stderr_isatty=True,
    )  # fmt: skip
    assert ran.status == 0, (line, ran)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("users block ada", "users update-status ada blocked"),
        ("block ada", "users update-status ada blocked"),
        ("users rename ada 'Ada King'", "users update-name ada 'Ada King'"),
        ("users set-password ada hunter22", "users update-password ada"),
        ("users block ada --reason hunter22", "users update-status ada blocked"),
        ("teams invite teachers bob@example.com", "teams create-membership teachers --email bob@example.com --invite"),
        ("invite bob@example.com teachers", "teams create-membership teachers --email bob@example.com --invite"),
        ("teams add-member teachers ada", "teams create-membership teachers --user-id ada"),
        ("security get session-limit", "security show session-limit"),
        ("users rm 'a;b'", "users delete 'a;b'"),
    ],
)
def test_what_was_typed_is_repeated(authctl, typed, hint):
    assert suggested(authctl(typed).stderr) == hint


def test_a_hint_says_where_the_directory_is(authctl):
    stderr = authctl("--database sqlite:///other.db users block ada").stderr
    assert stderr.endswith("hint: Run: authctl --database sqlite:///other.db users update-status ada blocked\n")


def commands(group=None):
    group = group or app.Root()
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield from commands(command) if isinstance(command, LazyGroup) else [command]


@pytest.mark.parametrize("word", suggestions.OPTIONS)
def test_an_option_leads_to_one_of_some_command(word):
    taken = [{word for each in command.params for word in each.opts} for command in commands()]
    assert any(word not in known and suggestions.option(word, known) for known in taken)
    for each in suggestions.OPTIONS[word]:
        assert any(word not in known and each.partition(" ")[0] in known for known in taken), each


def test_an_unknown_option_is_called_as_it_is_here(authctl):
    for line, meant in {
        "users list --format json": "--output",
        "users list --json-fields id": "--fields",
        "teams create-membership t --role maths": "--roles",
        "users list --role admin": "--filter",
        "users get --id ada": "--user-id",
        "users list --csv": "--output csv",
    }.items():
        assert f"Did you mean '{meant}'?" in authctl(line).stderr
