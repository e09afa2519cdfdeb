"""What a change answers somebody at a terminal: a sentence, what was made by the way, the fields that it changed."""

import io

import pytest
from rich.cells import cell_len

from authctl.cli import app
from authctl.cli.commands import LazyGroup

# Whose answer is more than a change: tables, secrets to scan, dialogues, and reports.
OTHERWISE = {
    "apply",
    "init",
    "upgrade",
    "mfa create-authenticator",
    "mfa create-recovery-codes",
    "mfa regenerate-recovery-codes",
    "security apply",
    "security rotate-key",
    "security unlock-source",
    "security verify-logs",
    "users import",
    "users export",
    "users undo-import",
}


@pytest.fixture
def seen(authctl, ready_home):
    """Runs a line at a terminal; gives what it shows, stderr and stdout in one."""

    def run(line, columns=80, stdin="", is_asked=False, **environ):
        stream = io.StringIO()
        environ = {"COLUMNS": str(columns), "NO_COLOR": "1"} | environ
        terminal = {"stdin_isatty": is_asked, "stdout_isatty": True, "stderr_isatty": True}
        authctl(line, stdin=stdin, env=environ, stdout=stream, stderr=stream, **terminal)
        return stream.getvalue()

    return run


@pytest.fixture
def ada(authctl, ready_home):
    authctl("users create --id ada --name 'Ada Lovelace' --email ada@example.com --labels admin,beta")


def declared(group=None, path=()):
    """Every command that writes, by its words."""
    group = group or app.Root()
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if isinstance(command, LazyGroup):
            yield from declared(command, (*path, name))
        elif getattr(getattr(command, "declaration", None), "writes", False):
            yield " ".join((*path, name)), command.declaration


def test_every_change_says_what_it_did():
    silent = {line for line, declaration in declared() if declaration.says is None}
    assert silent <= OTHERWISE
    for line, declaration in declared():
        if declaration.says:
            assert declaration.says[0].isupper(), line
            assert declaration.says.endswith("."), line


def test_a_change_is_a_sentence_and_the_fields_before_and_after(seen, ada):
    assert seen("users update-labels ada --add vip") == (
        "Changed the labels of Ada Lovelace.\nlabels  admin, beta → admin, beta, vip\nid      ada\n"
    )
    assert seen('users update-prefs ada \'{"theme": "dark"}\'') == (
        "Changed the preferences of Ada Lovelace.\nprefs.theme  - → dark\nid           ada\n"
    )
    assert seen("users update-status ada blocked --until 2h") == (
        "Changed the status of Ada Lovelace.\nstatus         active → blocked\n"
        "blocked_until  - → 2026-01-02 05:04\nid             ada\nTimes are in UTC.\n"
    )


def test_a_merge_shows_what_both_accounts_have_a_row_each(seen, ada, authctl):
    authctl("users update-password ada --password-stdin", stdin="correct horse battery\n")
    authctl("users create --id bob --name Bob --email bob@example.com --password-stdin", stdin="staple of a horse\n")
    rows = (
        "field     FROM               INTO               kept\n"
        "name      Ada Lovelace       Bob                FROM\n"
        "email     ada@example.com    bob@example.com    INTO\n"
        "password  set on 2026-01-02  set on 2026-01-02  FROM\n"
    )
    shown = seen("users merge ada bob --prefer FROM --dry-run")
    assert f"Would have merged ada into bob.\n{rows}merged " in shown
    asked = seen("users merge ada bob --prefer FROM", stdin="n\n", is_asked=True)
    assert f"Both have:\n{rows}Released: ada@example.com\n" in asked


def test_what_changes_nothing_says_so(seen, ada):
    assert seen("users update-name ada 'Ada Lovelace'") == "Nothing changed.\nid  ada\n"


def test_a_dry_run_says_what_it_would_have_done(seen, ada, authctl):
    assert seen("users update-name ada Ada --dry-run") == (
        "authctl: Dry run: nothing was changed.\nWould have renamed the user Ada.\n"
        "name  Ada Lovelace → Ada\nid    ada\n"
    )
    assert authctl("users get ada --fields name").stdout == "Ada Lovelace\n"


def test_what_is_made_by_the_way_is_said(seen, authctl, ada):
    authctl("teams create Maths --id maths")
    shown = seen("teams create-membership maths --email neu@example.com").splitlines()
    id = authctl("users get neu@example.com --fields id").stdout.strip()
    assert shown[:2] == ["Added neu@example.com to Maths: confirmed.", f"No user had this email: made user {id}."]
    assert "No user" not in seen("teams create-membership maths --email ada@example.com")
    dry = seen("teams create-membership maths --email other@example.com --dry-run")
    assert "No user had this email: would have made a user.\n" in dry


def test_a_secret_comes_last_and_is_never_cut(seen, ada):
    lines = seen("users create-session ada", columns=40).splitlines()
    assert lines[-3].startswith("id ")
    assert lines[-2].startswith("secret ")
    assert len(lines[-2].split()[-1]) == 64
    assert lines[-1] == "Times are in UTC."


def test_an_answer_fits_24_rows_and_its_window(seen, ada):
    many = ", ".join(f'"key{number}": {number}' for number in range(100))
    lines = seen(f"users update-metadata ada '{{{many}}}'", columns=60).splitlines()
    assert len(lines) < 24
    assert lines[-2].split() == ["id", "ada"]
    assert lines[-1] == "84 more fields: see -o json."
    for line in seen(f"users update-name ada '{'李' * 60}'", columns=60).splitlines()[1:]:
        assert cell_len(line) <= 60


def test_quiet_shows_secrets_and_nothing_else(seen, ada):
    assert seen("users update-name ada Ada -q") == ""
    shown = seen("users update-password ada --generate-password -q")
    assert shown.startswith("generated_password  ")
    assert shown.count("\n") == 1


def test_policies_are_as_people_write_them(seen, ada):
    assert seen("security set session-duration 30d") == "Set session-duration.\nvalue  1y → 30d\n"


def test_the_whole_record_comes_where_it_is_asked_for(seen, ada, authctl):
    for line in ("-o table", "--fields id,name", "-o json"):
        assert "Renamed" not in seen(f"users update-name ada Ada {line}")
    assert "\tAda\t" in authctl("users update-name ada Ada").stdout


def test_a_name_cannot_write_into_the_sentence(seen, ada):
    shown = seen(["users", "update-name", "ada", "A{id}\x1b[2J"])
    assert shown.splitlines()[0] == r"Renamed the user A{id}\x1b[2J."


def test_an_application_keeps_no_changes(directory):
    directory.users.create(name="Ada")
    assert directory.changes == []
