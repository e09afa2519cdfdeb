"""The hidden command that completion asks: which words it finds, on both databases, and what it keeps to itself."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from authctl.cli.completion import responder
from authctl.storage import completion

HOSTILE = (
    "x$(touch pwned)",
    "x`touch pwned`",
    "x;touch pwned",
    "x|touch",
    "x&touch",
    "x*",
    "x?",
    "x[a]",
    "x{a,b}",
    "x~",
    "x!!",
    "x'y",
    'x"y',
    "x\\y",
    "x\ntouch pwned",
    "x\ttouch",
    "x y",
    "x#y",
    "x=y",
    "x<y",
    "x>y",
    "x%y",
    "x,y",
    "xé",
    "x\u202ey",
    "x\x1b[2Jy",
)


@pytest.fixture
def ask(home, database_url, directory):
    """Asks for words as the scripts do: ask("users=ad", "--users", "ada")."""

    def run(*args, **variables):
        return responder.answer(args, home | {"AUTHCTL_DATABASE_URL": database_url} | variables)

    return run


@pytest.fixture
def execute(database_url, directory):
    """Runs a statement past all rules: whoever can write into a database writes what they like."""

    def run(statement, *parameters):
        if database_url.startswith("sqlite"):
            with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as db, db:
                db.execute(statement, parameters)
        else:
            with psycopg.connect(database_url) as db:
                db.execute(statement.replace("?", "%s"), parameters)

    return run


@pytest.fixture
def ada(directory):
    return directory.users.create(id="one", email="ada@example.com", username="Ada", phone="+442079460123")


@pytest.fixture
def alan(directory):
    return directory.users.create(id="two", email="alan@example.com", username="alan")


def test_users_are_found_by_each_of_their_names(ask, ada, alan):
    assert ask("users=a") == ["ada@example.com", "alan@example.com", "alan"]
    assert ask("users=A") == ["Ada"]
    assert ask("users=+44") == ["+442079460123"]
    assert ask("users=o") == ["one"]
    assert ask("users=alan@") == ["alan@example.com"]
    assert ask("users=z") == []


def test_users_are_found_by_the_name_that_is_told(ask, ada, alan):
    assert ask("users=email:a") == ["email:ada@example.com", "email:alan@example.com"]
    assert ask("users=username:al") == ["username:alan"]
    assert ask("users=id:") == ["id:two", "id:one"]
    assert ask("users=colour:a") == []


def test_without_a_beginning_the_newest_are_found_each_once(ask, ada, alan, directory):
    directory.users.create(id="three")
    assert ask("users=") == ["three", "alan@example.com", "ada@example.com"]


def test_emails_and_phones_are_found_alone(ask, ada):
    assert ask("emails=") == ask("emails=a") == ["ada@example.com"]
    assert ask("phones=") == ask("phones=+") == ["+442079460123"]
    assert ask("phones=a") == []


def test_at_most_fifty_are_found(ask, directory):
    for number in range(60):
        directory.users.create(email=f"user{number:02}@example.com")
    assert ask("users=u") == [f"user{number:02}@example.com" for number in range(50)]
    assert len(ask("users=")) == 50


def test_teams_are_found_by_a_name_that_only_one_has(ask, directory):
    directory.teams.create("Teachers", id="teachers")
    directory.teams.create("Pupils", id="pupils")
    directory.teams.create("Pupils", id="pupils-b")
    assert ask("teams=") == ["pupils-b", "pupils", "Teachers"]
    assert ask("teams=T") == ["Teachers"]
    assert ask("teams=P") == []
    assert ask("teams=p") == ["pupils", "pupils-b"]
    assert ask("teams=name:Te") == ["name:Teachers"]


def test_memberships_are_of_the_team_of_the_line(ask, directory, ada, alan):
    directory.teams.create("Teachers", id="teachers")
    directory.teams.create("Pupils", id="pupils")
    membership = directory.teams.create_membership("teachers", user="one").membership
    directory.teams.create_membership("pupils", user="two")
    for team in ("teachers", "Teachers", "name:Teachers", "id:teachers"):
        assert ask("memberships=a", "--teams", team) == ["ada@example.com"]
        assert ask("memberships=", "--teams", team) == ["ada@example.com"]
    assert ask(f"memberships={membership.id[:-1]}", "--teams", "teachers") == [membership.id]
    assert ask(f"memberships={membership.id[:-1]}", "--teams", "pupils") == []
    assert ask("memberships=a", "--teams", "nobodys") == []
    assert ask("memberships=a") == []


def test_sessions_and_tokens_are_of_the_user_of_the_line_and_live(ask, directory, ada, alan):
    session, ended = (directory.users.create_session("one").session for _ in range(2))
    directory.users.delete_session("one", ended.id)
    directory.users.create_session("two")
    token = directory.tokens.create("one").token
    for user in ("one", "ada@example.com", "email:ada@example.com", "+442079460123"):
        assert ask("sessions=", "--users", user) == [session.id]
        assert ask("tokens=", "--users", user) == [token.id]
    assert ask(f"sessions={session.id[:5]}", "--users", "one") == [session.id]
    assert ask("sessions=", "--users", "nobody") == []
    assert len(ask("sessions=")) == 2


def test_identities_mock_phones_and_imports_are_found(ask, directory, ada, execute):
    identity = directory.users.create_identity("one", "google", "108")
    directory.security.create_mock_phone("+14255550123", "123456")
    execute(
        "INSERT INTO imports (id, source, files, options, status, position, counts, actor, created_at, updated_at)"
        " VALUES ('import1', 'csv', '[]', '{}', 'done', '{}', '{}', 'x', 0, 0)"
    )
    assert ask("identities=", "--users", "one") == [identity.id]
    assert ask("mock-phones=+1") == ["+14255550123"]
    assert ask("imports=imp") == ask("imports=") == ["import1"]


def test_every_kind_that_scripts_ask_for_is_known(ask):
    from authctl.cli.completion.value_kinds import SPECS

    asked = {spec[1:] for spec in SPECS.values() if spec.startswith("@")}
    assert asked <= {*completion.KINDS, "profiles"}
    assert {*completion.KINDS} <= asked
    for kind in completion.KINDS:
        assert ask(f"{kind}=") == ask(f"{kind}=a") == []


def test_what_a_shell_could_take_for_more_than_text_is_never_offered(ask, execute, ada):
    for name in HOSTILE:
        execute("UPDATE users SET username = ?, username_key = ?, email = ?, name = ?, id = ?", *[name] * 5)
        assert ask("users=x") == ask(f"users={name}") == [], name
        assert ask("users=") == ["+442079460123"], name


def test_what_begins_otherwise_than_a_word_is_never_offered(ask, execute, ada):
    for name in ("-x", "@x", ":x", ".x"):
        execute("UPDATE users SET username = ?, username_key = ?, email = NULL, phone = NULL", name, name)
        assert ask(f"users={name[0]}") == [], name
        assert ask("users=") == ["one"], name


def test_what_is_not_offered_hides_nobody(ask, directory, execute):
    for number in range(60):
        directory.users.create(username=f"x{number}")
    execute("UPDATE users SET username = username || ?", "$(touch pwned)")
    directory.users.create(username="xz")
    assert ask("users=x") == ["xz"]


def test_what_is_typed_is_only_text(ask, ada):
    for typed in (*HOSTILE, "x' OR 1=1 --", "%", "_"):
        assert ask(f"users={typed}") == [], typed
        assert ask("sessions=", "--users", typed) == [], typed


def test_the_switch_turns_it_off(ask, ada):
    assert ask("users=a", AUTHCTL_COMPLETE_DATA="1") == ["ada@example.com"]
    assert ask("users=a", AUTHCTL_COMPLETE_DATA="0") == []


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("users",),
        ("colours=a",),
        ("=",),
        ("users=a", "--database"),
        ("users=a", "--database", "mysql://localhost/x"),
        ("users=a", "--database", "sqlite:///nowhere/authctl.db"),
        ("users=a", "--database", "postgresql://nobody@127.0.0.1:1/nothing"),
        ("users=a", "--database", "postgresql://%%/x?nothing=1"),
        ("users=a", "--config", "/nowhere.toml"),
        ("users=a", "--profile", "nobody"),
        ("profiles=a", "--config", "/nowhere.toml"),
    ],
)
def test_whatever_is_wrong_is_silent(home, args, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert responder.answer(args, home) == []
    assert sorted(tmp_path.rglob("*")) == before, "something was made"


def test_other_files_and_empty_databases_are_silent(home, tmp_path, postgres_url):
    (tmp_path / "text.db").write_text("This is not a database." * 100)
    (tmp_path / "empty.db").touch()
    for url in (f"sqlite:///{tmp_path}/text.db", f"sqlite:///{tmp_path}/empty.db", postgres_url):
        assert responder.answer(("users=a", "--database", url), home) == []


def test_options_files_and_variables_say_where_to_look(home, tmp_path, authctl):
    for name in ("ada", "bob", "cid", "dan"):
        assert authctl(f"init --database sqlite:///{tmp_path}/{name}.db").status == 0
        assert authctl(f"users create --username {name} --database sqlite:///{tmp_path}/{name}.db").status == 0
    assert authctl("users create --username eve").status == 0
    assert responder.answer(["users="], home) == ["eve"]
    config = Path(home["HOME"], ".config/authctl/config.toml")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f'database_url = "sqlite:///{tmp_path}/ada.db"\n'
        f'[profiles.bobs]\ndatabase_url = "sqlite:///{tmp_path}/bob.db"\n[profiles."$(x)"]\n'
    )
    assert responder.answer(["users="], home) == ["ada"]
    assert responder.answer(["users=", "--profile", "bobs"], home) == ["bob"]
    assert responder.answer(["users="], home | {"AUTHCTL_PROFILE": "bobs"}) == ["bob"]
    other = tmp_path / "other.toml"
    other.write_text(f'database_url = "sqlite:///{tmp_path}/cid.db"\n')
    assert responder.answer(["users=", "--config", str(other)], home) == ["cid"]
    assert responder.answer(["users=", "--database", f"sqlite:///{tmp_path}/dan.db"], home) == ["dan"]
    assert responder.answer(["profiles="], home) == responder.answer(["profiles=b"], home) == ["bobs"]
    assert responder.answer(["profiles=", "--config", str(other)], home) == []


def test_a_file_of_any_name_is_read(home, tmp_path, authctl):
    url = f"sqlite:///{tmp_path}/a %41?b#c.db"
    assert authctl(["init", "--database", url]).status == 0
    assert authctl(["users", "create", "--username", "ada", "--database", url]).status == 0
    assert responder.answer(["users=", "--database", url], home) == ["ada"]


def test_whoever_writes_is_not_waited_for(ask, ada, database_url, execute):
    if database_url.startswith("sqlite"):
        db = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
    else:
        db = psycopg.connect(database_url)
        db.execute("LOCK TABLE users IN EXCLUSIVE MODE")
    with contextlib.closing(db):
        db.execute("UPDATE users SET username = 'other', username_key = 'other'")
        assert ask("users=A") == ["Ada"]


def test_a_search_that_takes_long_is_given_up(ask, directory, database_url, monkeypatch, execute, ada):
    if database_url.startswith("sqlite"):
        monkeypatch.setattr(completion, "STEPS", 1)
        monkeypatch.setattr(completion, "LOOKS", 1)
        assert ask("users=a") == []
    else:
        monkeypatch.setattr(completion, "STATEMENT_TIMEOUT", 50)
        with psycopg.connect(database_url) as db:
            db.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            assert ask("users=a") == []


def test_reading_leaves_nothing_behind(home, tmp_path, authctl):
    assert authctl("users create --username ada").status == 0
    folder = Path(home["HOME"], ".local/share/authctl")
    before = sorted(folder.iterdir())
    assert responder.answer(["users="], home) == ["ada"]
    assert sorted(folder.iterdir()) == before


LIGHT = """
import sys
from authctl.__main__ import main
sys.argv = ["authctl", "__complete", "users="]
status = main()
heavy = {"re", "typing", "tomllib", "typer", "sqlalchemy", "dataclasses", "enum", "inspect"} & set(sys.modules)
print(status, sorted(heavy))
"""


def test_the_command_loads_nothing_that_is_dear(home, authctl):
    assert authctl("users create --username ada").status == 0
    # Without site-packages' .pth files, which may load what they like.
    code = f"import sys; sys.path[:0] = {sys.path!r}\n{LIGHT}"
    ran = subprocess.run([sys.executable, "-S", "-c", code], env=home, capture_output=True, text=True, check=True)
    assert ran.stdout == "ada\n0 []\n"
    assert ran.stderr == ""
