"""Commands at a pseudo-terminal, as a person meets them: questions, prompts, windows, colours, Ctrl-C."""

import re
import signal
import termios
import time

import pytest

from authctl.cli import prompts


@pytest.fixture
def ada(authctl, ready_home):
    authctl(["users", "create", "--id", "ada", "--name", "Ada [bold]Lovelace", "--email", "ada@example.com"])


# Questions


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "yellow\n"])
def test_delete_asks_and_does_nothing_without_a_yes(person, authctl, ada, answer):
    someone = person("users delete ada")
    someone.sees("Delete the user ada and all their data? [y/N] ")
    assert someone.screen.startswith("User: ada, Ada [bold]Lovelace, ada@example.com, 0 sessions\nDirectory: /")
    someone.types(answer)
    assert someone.leaves() == 130
    assert "nothing was done" in someone.screen.lower()
    assert authctl("users list --count").stdout == "1\n"


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_delete_asks_and_does_it_after_a_yes(person, authctl, ada, answer):
    someone = person("users delete ada")
    someone.sees("[y/N] ")
    someone.types(answer)
    assert someone.leaves() == 0
    assert authctl("users list --count").stdout == "0\n"


@pytest.mark.parametrize("line", ["users delete ada --yes", "users -y delete ada", "users delete ada --dry-run"])
def test_delete_does_not_ask_where_the_line_answers(person, ada, line):
    someone = person(line)
    assert someone.leaves() == 0
    assert "[y/N]" not in someone.screen


def test_what_cannot_be_read_is_told_before_anything_is_asked(person, ada):
    someone = person("users delete ada --fields size")
    assert someone.leaves() == 3
    assert "[y/N]" not in someone.screen


def test_a_question_shows_no_control_characters_of_the_line(person):
    someone = person(["users", "delete-identity", "\x1b[2Jada"])
    someone.sees("[y/N] ")
    assert "Unlink the identity \\x1b[2Jada?" in someone.screen
    someone.types("n\n")
    assert someone.leaves() == 130


def test_a_question_names_teams_and_their_members(person, authctl, ada):
    for name in ("Maths", "Sciences", "Arts", "Sports"):
        authctl(["teams", "create", name, "--id", name.lower(), "--owner", "ada"])
    authctl("users create-session ada")
    for line, shown in {
        "users delete-sessions ada": "ada@example.com, teams Sports, Arts, Sciences, …, 1 session\n",
        "teams delete arts": "Team: arts, Arts, 1 member\n",
        "teams delete-membership arts ada": "Member: ada, Ada [bold]Lovelace, ada@example.com\n",
        "users update-status ada blocked": "Ada [bold]Lovelace, ada@example.com, teams",
    }.items():
        someone = person(line)
        someone.sees("[y/N] ")
        assert shown in someone.screen
        assert "Directory: /" in someone.screen
        someone.types("n\n")
        assert someone.leaves() == 130


def test_who_is_not_found_is_not_asked_about(person, ada):
    someone = person("users delete nobody")
    assert someone.leaves() == 4
    assert "[y/N]" not in someone.screen


@pytest.mark.parametrize(("answer", "status"), [("y\n", 8), ("n\n", 130)])
def test_where_stdin_is_a_list_the_terminal_is_asked(person, authctl, ada, tmp_path, answer, status):
    ids = tmp_path / "ids"
    authctl("users create --id bob")
    ids.write_text("ada\nnobody\nbob\n" + "ada\n" * 4)
    someone = person("users delete -", stdin=ids)
    someone.sees("[y/N] ")
    assert "Directory: /" in someone.screen
    assert "Delete 7 users (ada, nobody, bob, ada, ada, and 2 more) and all their data? [y/N]" in someone.screen
    someone.types(answer)
    assert someone.leaves() == status
    assert authctl("users list --count").stdout == ("0\n" if status == 8 else "2\n")


def test_blocking_asks_on_a_terminal_only(authctl, ada):
    assert authctl("users update-status ada blocked").status == 0


def test_ctrl_c_at_a_question_ends_with_130(person, authctl, ada):
    someone = person("users delete ada")
    someone.sees("[y/N] ")
    someone.types("\x03")
    assert someone.leaves() == 130
    assert "Traceback" not in someone.screen
    assert someone.screen.endswith("authctl: Stopped.\n")
    assert authctl("users list --count").stdout == "1\n"


def test_ending_everybodys_sessions_asks_for_everybody_and_for_nobody_not_at_all(person, ada):
    someone = person("users delete-sessions --all")
    someone.sees("End all sessions of everybody? [y/N] ")
    someone.types("n\n")
    assert someone.leaves() == 130
    someone = person("users delete-sessions")
    assert someone.leaves() == 2
    assert "[y/N]" not in someone.screen


def test_sessions_that_ended_are_told_from_those_that_live(person, authctl, ada):
    for _ in range(2):
        authctl("users create-session ada")
    someone = person("users list-sessions ada --all")
    assert someone.leaves() == 0
    assert "ended_reason" not in someone.screen
    authctl("users delete-sessions ada --yes")
    someone = person("users list-sessions ada --all")
    assert someone.leaves() == 0
    assert someone.screen.count("deleted") == 2


# Secrets


@pytest.mark.parametrize("line", ["users update-password ada", "users create --id bob --ask-password"])
def test_a_new_password_is_asked_twice_and_never_shown(person, authctl, ada, line):
    someone = person(line)
    someone.sees("New password: ")
    someone.types("correct horse\n")
    someone.sees("New password again: ")
    someone.types("correct horse\n")
    assert someone.leaves() == 0
    assert "correct horse" not in someone.screen
    name = "bob" if "bob" in line else "ada"
    assert authctl(f"users verify-password {name} --password-stdin", stdin="correct horse\n").status == 0


def test_two_passwords_that_differ_are_asked_for_again(person, ada):
    someone = person("users update-password ada")
    for first, second in (("correct horse\n", "correct house\n"), ("correct horse\n", "correct horse\n")):
        someone.sees("New password: ")
        someone.types(first)
        someone.sees("New password again: ")
        someone.types(second)
        someone.screen, someone._bytes = "", b""
    assert someone.leaves() == 0


@pytest.mark.parametrize("line", ["users update-password ada", "users create --id bob --ask-password"])
def test_a_weak_password_is_told_before_it_is_entered_again(person, authctl, ada, line):
    authctl("security set password-strength all")
    someone = person(line)
    someone.sees("New password: ")
    someone.types("passwrd\n")
    someone.sees(
        "The password is too short. Use at least 8 characters.\nThe password needs an upper-case letter, a digit and "
        "a symbol.\nNew password: "
    )
    someone.types("Correct horse 1!\n")
    someone.sees("New password again: ")
    someone.types("Correct horse 1!\n")
    assert someone.leaves() == 0
    assert "passwrd" not in someone.screen
    name = "bob" if "bob" in line else "ada"
    assert authctl(f"users verify-password {name} --password-stdin", stdin="Correct horse 1!\n").status == 0


def test_a_password_that_is_weak_each_time_is_refused(person, authctl, ada):
    someone = person("users update-password ada")
    for _ in range(prompts.ENTRIES):
        someone.sees("New password: ")
        someone.screen, someone._bytes = "", b""
        someone.types("password1\n")
    assert someone.leaves() == 3
    assert "again" not in someone.screen
    assert authctl("users get ada -o jsonl --fields password.set").stdout == '{"password": {"set": false}}\n'


def test_a_password_to_check_is_asked_once(person, authctl, ada):
    authctl("users update-password ada --password-stdin", stdin="correct horse\n")
    someone = person("users verify-password ada")
    someone.sees("Password: ")
    someone.types("correct horse\n")
    assert someone.leaves() == 0
    assert "correct" not in someone.screen
    assert "again" not in someone.screen


def test_ctrl_c_at_a_password_gives_the_echo_back(person, ada):
    someone = person("users update-password ada")
    someone.sees("New password: ")
    someone.types("\x03")
    assert someone.leaves() == 130
    assert someone.screen.endswith("authctl: Stopped.\n")
    assert termios.tcgetattr(someone.terminal)[3] & termios.ECHO


def test_a_password_stays_hidden_after_ctrl_z_and_fg(person, ada):
    """A shell sets the terminal as it wants it meanwhile, and leaves it so."""
    someone = person("users update-password ada")
    someone.sees("New password: ")
    someone.child.send_signal(signal.SIGSTOP)
    while someone.child.state != "T":
        pass
    shown = termios.tcgetattr(someone.terminal)
    shown[3] |= termios.ECHO
    termios.tcsetattr(someone.terminal, termios.TCSANOW, shown)
    someone.child.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + 60
    while termios.tcgetattr(someone.terminal)[3] & termios.ECHO:
        assert time.monotonic() < deadline, "the echo stays on"
    for _ in range(2):
        someone.types("correct horse battery\n")
    assert someone.leaves() == 0
    assert "horse" not in someone.screen
    assert termios.tcgetattr(someone.terminal)[3] & termios.ECHO


# What is shown


def test_a_terminal_gets_a_table_with_bold_headings(person, ada):
    someone = person("users list")
    assert someone.leaves() == 0
    assert "\x1b[1m" in someone.screen
    assert "Ada [bold]Lovelace" in someone.screen
    lines = re.sub(r"\x1b\[[0-9;]*m", "", someone.screen).splitlines()
    assert lines[0].split() == ["id", "name", "email", "phone", "status"]
    assert lines[1] == "ada  Ada [bold]Lovelace  ada@example.com  -      active"


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(person, ada, variables):
    someone = person("users list", **variables)
    assert someone.leaves() == 0
    assert "\x1b" not in someone.screen
    assert someone.screen.startswith("id ")


def test_no_color_as_an_option(person, ada):
    someone = person("users list --no-color")
    assert someone.leaves() == 0
    assert "\x1b" not in someone.screen


@pytest.mark.parametrize("variables", [{"TERM": ""}, {"TERM": "no-such-terminal"}, {"COLUMNS": "x"}, {"COLUMNS": "0"}])
def test_a_terminal_that_nobody_knows_is_a_terminal(person, ada, variables):
    someone = person("users list", **variables)
    assert someone.leaves() == 0
    assert "Ada [bold]Lovelace" in someone.screen


@pytest.mark.parametrize("columns", [40, 20, 1])
def test_a_narrow_window_shows_records_one_below_another(person, ada, columns):
    someone = person("users list", columns=columns, NO_COLOR="1")
    assert someone.leaves() == 0
    assert "name    Ada [bold]Lovelace\nemail   ada@example.com\n" in someone.screen


def test_help_is_as_wide_as_the_window(person):
    for columns, widest in ((40, 40), (80, 80), (300, 100)):
        someone = person("users list --help", columns=columns, AUTHCTL_PAGER="")
        assert someone.leaves() == 0
        lines = [line for line in someone.screen.splitlines() if not line.startswith("  authctl ")]
        assert widest - 25 < max(map(len, lines)) <= widest


def test_a_full_page_says_how_to_go_on(person, authctl):
    for number in range(3):
        authctl(f"users create --id user{number}")
    someone = person("users list --limit 2")
    assert someone.leaves() == 0
    last = someone.screen.splitlines()[-2].split()[0]
    assert someone.screen.endswith(f"2 of 3 shown; more with --all or --after {last}\n")


def test_a_page_of_what_somebody_filters_is_not_counted(person, authctl):
    for number in range(3):
        authctl(f"users create --id user{number}")
    someone = person(["users", "list", "--limit", "2", "--filter", "status = active"])
    assert someone.leaves() == 0
    assert "\n2 shown; more with --all or --after user" in someone.screen


def test_an_empty_list_says_so(person, ada):
    someone = person("users list --search nobody")
    assert someone.leaves() == 0
    assert someone.screen == "Nothing found.\n"


def test_an_answer_for_scripts_is_the_same_at_a_terminal(person, authctl, ada):
    someone = person("users list -o json")
    assert someone.leaves() == 0
    assert someone.screen == authctl("users list -o json").stdout
