"""The pager of help pages: when there is one, which one, and that the page is shown whatever becomes of it."""

import shutil

import pytest

LAST = "Exit status (0, 2, 3, 5, 7): authctl help errors\n"  # line of a page that is longer than a window


@pytest.fixture
def pager(tmp_path):
    """Makes a pager of a line of shell, which notes what it was given."""

    def make(line, name="pager"):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho "LESS=$LESS $*" > {tmp_path}/called\n{line}\n')
        path.chmod(0o755)
        return str(path)

    make.called = tmp_path / "called"
    return make


@pytest.mark.parametrize("line", ["users create --help", "help users create", "help formats", "help sample-config"])
def test_a_long_page_is_shown_by_the_pager(person, authctl, pager, line):
    someone = person(line, AUTHCTL_PAGER=pager("sed 's/^/> /'") + " -x 1")
    assert someone.leaves() == 0
    assert someone.screen == "".join(f"> {each}\n" for each in authctl(line).stdout.splitlines())
    assert pager.called.read_text() == "LESS=FRX -x 1\n"


def test_the_variables_say_which_pager(person, pager):
    first, second = pager("cat > /dev/null; echo first", "first"), pager("cat > /dev/null; echo second", "second")
    for variables, shown in (
        ({"AUTHCTL_PAGER": first, "PAGER": second}, "first\n"),
        ({"PAGER": second, "LESS": "S"}, "second\n"),
    ):
        someone = person("users --help", **variables)
        assert someone.leaves() == 0
        assert someone.screen == shown
    assert pager.called.read_text() == "LESS=S \n"


@pytest.mark.parametrize(
    "variables",
    [
        {"AUTHCTL_PAGER": ""},
        {"AUTHCTL_PAGER": "cat"},
        {"PAGER": "cat"},
        {"AUTHCTL_PAGER": "/no/such/pager"},
        {"AUTHCTL_PAGER": "/tmp"},  # noqa: S108 - no program
        {"AUTHCTL_PAGER": "'"},
        {"TERM": "dumb"},
    ],
    ids=str,
)
def test_without_a_pager_the_page_is_written(person, authctl, pager, variables):
    someone = person("users create --help", **{"PAGER": pager("cat > /dev/null")} | variables)
    assert someone.leaves() == 0
    assert someone.screen == authctl("users create --help").stdout
    assert not pager.called.exists()


def test_a_page_that_fits_needs_no_pager(person, pager):
    someone = person("users get --help", PAGER=pager("cat"), lines=24)
    assert someone.leaves() == 0
    assert not pager.called.exists()


@pytest.mark.parametrize("streams", [{}, {"stdin_isatty": True}, {"stdout_isatty": True}], ids=str)
def test_off_a_terminal_there_is_no_pager(authctl, pager, streams):
    ran = authctl("users create --help", env={"PAGER": pager("cat")}, **streams)
    assert ran.stdout.endswith(LAST)
    assert not pager.called.exists()


def test_a_pager_that_reads_nothing_is_no_failure(person, pager):
    someone = person("help formats", PAGER=pager("exec true"))
    assert (someone.leaves(), someone.screen) == (0, "")


def test_ctrl_c_is_left_to_the_pager(person, pager):
    read = "read key < /dev/tty"  # which a signal that is heard ends, if it has begun
    shell = f"trap 'echo stays' INT; echo reads; cat; {read} || {read}; echo $key"
    someone = person("users --help", PAGER=pager(shell))
    someone.sees("reads")
    someone.sees("Common options")
    someone.types("\x03")
    someone.sees("stays")
    someone.types("q\n")
    assert someone.leaves() == 0
    assert someone.screen.endswith("q\n")


@pytest.mark.skipif(not shutil.which("less"), reason="less is not here")
def test_less_turns_the_pages(person, home):
    someone = person("users create --help", PATH=home["PATH"], PAGER="")
    someone.sees("--phone PHONE")
    assert LAST not in someone.screen
    someone.types("G")
    someone.sees("Exit status (0, 2, 3, 5, 7)")
    someone.types("q")
    assert someone.leaves() == 0
