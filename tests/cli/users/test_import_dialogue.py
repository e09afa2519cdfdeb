"""What `authctl users import` asks whoever sits at the terminal, and what comes of the answers."""

import json
import shutil

import pytest
from doubles.samples import FOLDER

USERS, CONFIG = FOLDER / "firebase-users.json", FOLDER / "firebase-hash-config.txt"
WHO, PASSWORD = "A user from the file (Enter: skip): ", "Password of user1@test.com: "


@pytest.fixture
def ask(authctl, ready_home):
    """What a command answers without a terminal."""

    def ask(*words):
        ran = authctl(words)
        assert ran.status in (0, 8), ran.stderr  # the samples hold bad records
        return ran.stdout

    return ask


@pytest.fixture
def start(person, tmp_path):
    """Begins an import of the Firebase sample at a terminal."""
    users = tmp_path / "firebase.json"
    shutil.copyfile(USERS, users)
    users.chmod(0o600)

    def start(*words):
        return person(["users", "import", str(users), *words])

    return start


def test_the_right_password_goes_on(ask, start):
    someone = start("--from", "firebase", "--hash-config", str(CONFIG))
    someone.sees(WHO)
    someone.types("user1@test.com\r")
    someone.sees(PASSWORD)
    someone.types("user1password\r")
    assert someone.leaves() == 8  # since the sample holds a bad record
    assert "The password matches, so the hash settings are right." in someone.screen
    assert "user1password" not in someone.screen
    assert json.loads(ask("users", "list", "--count", "-o", "json")) == {"count": 9}


def test_a_wrong_password_changes_nothing_and_says_what_to_check(ask, start):
    someone = start("--from", "firebase", "--hash-config", str(CONFIG))
    someone.sees(WHO)
    someone.types("user1@test.com\r")
    someone.sees(PASSWORD)
    someone.types("another password\r")
    assert someone.leaves() == 6
    assert "The password does not match the user's hash. Nothing was imported." in someone.screen
    assert "hint: Check the hash settings, such as --hash-config, and the password." in someone.screen
    assert ask("users", "list") == ask("users", "list-imports") == ""


def test_enter_goes_without_the_proof(ask, start):
    someone = start("--from", "firebase", "--hash-config", str(CONFIG))
    someone.sees(WHO)
    someone.types("\r")
    assert someone.leaves() == 8
    assert "Password of" not in someone.screen
    assert json.loads(ask("users", "list", "--count", "-o", "json")) == {"count": 9}


def test_no_password_is_asked_for_a_user_who_is_not_there(ask, start):
    someone = start("--from", "firebase", "--hash-config", str(CONFIG))
    someone.sees(WHO)
    someone.types("nobody\r")
    assert someone.leaves() == 4
    assert "There is no user 'nobody' in firebase.json." in someone.screen
    assert "Password of" not in someone.screen
    assert ask("users", "list") == ""


def test_no_password_is_asked_without_the_settings(ask, start):
    someone = start("--from", "firebase")
    assert someone.leaves() == 3
    assert "name it with --hash-config" in someone.screen
    assert WHO not in someone.screen
    assert "Password of" not in someone.screen


def test_what_is_typed_before_the_question_is_no_password(ask, start):
    someone = start("--from", "firebase", "--hash-config", str(CONFIG))
    someone.sees(WHO)
    someone.types("user1@test.com\rtyped too early\r")
    someone.sees(PASSWORD)
    someone.types("user1password\r")
    assert someone.leaves() == 8
    assert "The password matches" in someone.screen


@pytest.mark.parametrize(("answer", "status", "users"), [("y", 8, 9), ("n", 130, 0), ("", 130, 0)])
def test_a_recognised_source_is_confirmed_first(ask, start, answer, status, users):
    someone = start("--hash-config", str(CONFIG))
    someone.sees("Import it from firebase? [y/N] ")
    someone.types(answer + "\r")
    if users:
        someone.sees(WHO)
        someone.types("\r")
    assert someone.leaves() == status
    assert "firebase.json looks like firebase" in someone.screen
    assert "firebase.json:1  id: " in someone.screen
    assert "email: user1@test.com" in someone.screen
    assert json.loads(ask("users", "list", "--count", "-o", "json")) == {"count": users}


def test_the_summary_is_what_an_operator_wants_to_know(ask, start):
    options = ["--source-option", "unmapped=ignore", "--dry-run", "--no-color"]
    someone = start("--from", "firebase", "--hash-config", str(CONFIG), *options)
    someone.sees(WHO)
    someone.types("\r")
    assert someone.leaves() == 8
    shown = [line.rstrip() for line in someone.screen.splitlines()]
    summary = shown[shown.index("source            firebase") :]
    assert summary[:13] == [
        "source            firebase",
        "status            finished",
        "created           9",
        "updated           0",
        "skipped           1",
        "without_password  4",
        "refused           1",
        "reasons           2  import_no_password",
        "reasons           1  import_not_a_user",
        "reasons           1  import_password_lost",
        "reasons           1  password_hash_invalid",
        "reasons           1  user_email_already_exists",
        "hashes            5  firebase-scrypt, legacy",
    ]


def test_imports_are_a_table_of_80_columns(ask, person):
    ask("users", "import", str(USERS), "--from", "firebase", "--source-option", "hash_config=none", "--max-errors", "1")
    someone = person("users list-imports --no-color")
    assert someone.leaves() == 0
    head, row, _ = someone.screen.splitlines()
    assert head.split() == ["id", "source", "status", "created", "refused", "created_at"]
    assert row.split()[1:5] == ["firebase", "finished", "9", "1"]


def test_what_undoing_left_is_counted_in_words(ask, person):
    ask("users", "import", str(FOLDER / "htpasswd"), "--from", "htpasswd")
    id = json.loads(ask("users", "list-imports", "-o", "jsonl"))["id"]
    ask("users", "undo-import", id, "--yes")
    someone = person(f"users undo-import {id} --yes --no-color")
    assert someone.leaves() == 0
    assert someone.screen.splitlines()[-3:] == ["removed   0", "restored  0", "kept      10  gone"]


def test_a_first_import_tells_what_it_made_before_the_bar_is_drawn(start):
    someone = start("--from", "firebase", "--hash-config", str(CONFIG))
    someone.sees(WHO)
    someone.types("\r")
    assert someone.leaves() == 8
    before, _, after = someone.screen.partition("authctl: Created the database ")
    assert "Importing users" in after
    assert "Importing users" not in before


def test_the_first_users_are_shown_as_they_will_be(person, tmp_path):
    users = tmp_path / "users.csv"
    users.write_text("email,phone,username\nada@example.com,0170 1234567,ada\nbob@example.com,12,b b\nnobody,,\n")
    users.chmod(0o600)
    someone = person(["users", "import", str(users), "--phone-region", "DE"])
    someone.sees("Import it from csv? [y/N] ")
    shown = " ".join(someone.screen.split())
    assert "users.csv:2 username: ada, email: ada@example.com, phone: +491701234567" in shown
    assert "users.csv:3 email: bob@example.com, left out: username, phone" in shown
    assert "users.csv:4 Refused: Invalid email 'nobody': " in shown
    someone.types("n\r")
    someone.leaves()
