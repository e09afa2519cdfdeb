"""`authctl users`, where a session as text (tests/sessions) cannot say it: long values, bytes, many at once."""

import csv
import io
import json
import os
import subprocess

import pytest
from doubles import forks


@pytest.fixture
def users(authctl, database_url, ready):
    """Runs `authctl users …` on a new directory of each database."""
    env = {"AUTHCTL_DATABASE_URL": database_url}

    def run(line, **options):
        words = line.split() if isinstance(line, str) else line
        return authctl(["users", *words], env=env | options.pop("env", {}), **options)

    return run


def refused(ran):
    """The exit status, and each type and field of an error as JSON."""
    assert ran.stdout == ""
    error = json.loads(ran.stderr.splitlines()[0])["error"]
    return ran.status, [(problem["type"], problem["field"]) for problem in error["errors"]]


@pytest.mark.parametrize(
    ("option", "value", "type"),
    [
        ("--name", "x" * 129, "general_argument_invalid"),
        ("--id", "x" * 129, "general_argument_invalid"),
        ("--username", "x" * 129, "general_argument_invalid"),
        ("--email", "x" * 250 + "@example.com", "general_argument_invalid"),
        ("--phone", "+1234567890123456", "general_argument_invalid"),
        ("--labels", "x" * 37, "general_argument_invalid"),
        ("--labels", ",".join(f"label{number}" for number in range(1001)), "general_argument_invalid"),
        ("--prefs", json.dumps({"a": "x" * 65_530}), "general_argument_invalid"),
        ("--prefs", "[" * 60_000, "general_argument_invalid"),
        ("--metadata", json.dumps({"a": "x" * 65_530}), "general_argument_invalid"),
        ("--password", "x" * 257, "password_too_long"),
    ],
)
def test_create_refuses_what_is_too_long_and_repeats_little_of_it(users, option, value, type):
    ran = users(["create", option, value, "-o", "json"])
    assert refused(ran) == (3, [(type, option.strip("-"))])
    assert value[:60] not in ran.stderr or len(value) < 60
    assert len(ran.stderr) < 1000
    assert users("list --count").stdout == "0\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--name", "x" * 128),
        ("--id", "x" * 128),
        ("--username", "x" * 128),
        ("--labels", "x" * 36),
        ("--labels", ",".join(f"label{number}" for number in range(1000))),
        ("--prefs", json.dumps({"a": "x" * 65_527})),
        ("--password", "x" * 256),
    ],
)
def test_create_takes_what_is_as_long_as_allowed(users, option, value):
    assert users(["create", option, value]).status == 0


def test_prefs_that_grow_too_large_by_merging_are_refused(users):
    users(["create", "--id", "ada", "--prefs", json.dumps({"a": "x" * 40_000})])
    ran = users(["update-prefs", "ada", json.dumps({"b": "x" * 40_000}), "--merge", "-o", "json"])
    assert refused(ran) == (3, [("general_argument_invalid", "prefs")])
    assert json.loads(users("get-prefs ada").stdout) == {"a": "x" * 40_000}


def test_csv_for_a_round_trip_is_exact(users):
    names = ["=1+1", "\x1b[31mred", "👩‍🚀", "[bold]", "\u202eevil", 'a "quote", a comma', "two\nlines\ttab"]
    for number, name in enumerate(names):
        assert users(["create", "--id", f"user{number}", "--name", name]).status == 0
    written = users("list --sort id -o csv --csv-raw --fields id,name").stdout
    assert [row["name"] for row in csv.DictReader(io.StringIO(written, newline=""))] == names
    guarded = users("list --sort id -o csv --fields id,name").stdout
    assert "\x1b" not in guarded
    assert "\u202e" not in guarded
    assert next(csv.DictReader(io.StringIO(guarded, newline="")))["name"] == "'=1+1"


def test_json_is_exact(users):
    name = 'a\x1b\u202e"\\\n\U0001f469'
    users(["create", "--id", "ada", "--name", name])
    for format in ("json", "jsonl"):
        assert json.loads(users(f"get ada -o {format}").stdout)["name"] == name


def test_the_key_order_and_numbers_of_prefs_are_kept(users):
    text = '{"b": 1, "a": 12345678901234567890, "c": 1.5, "d": {"z": null, "y": [true]}}'
    users(["create", "--id", "ada", "--prefs", text])
    assert users("get-prefs ada").stdout == text + "\n"


def test_ids_from_stdin_are_each_a_unit_of_work(users):
    for name in ("ada", "bob", "cay"):
        users(f"create --id {name}")
    ran = users("delete - --yes -o json", stdin="ada\r\nnobody\n  bob  \n\n\x1b\n" + "x" * 5000 + "\ncay")
    assert ran.status == 8
    assert [deleted["id"] for deleted in json.loads(ran.stdout)] == ["ada", "bob", "cay"]
    errors = [json.loads(line)["error"]["type"] for line in ran.stderr.splitlines()]
    assert errors == ["user_not_found", "user_not_found", "user_not_found", "general_partial"]
    assert users("list --count").stdout == "0\n"


def test_every_user_can_be_deleted_by_a_pipe(users):
    for number in range(30):
        users(f"create --id user{number}")
    ids = users("list --all --fields id").stdout
    assert len(ids.splitlines()) == 30
    assert users("delete - --yes", stdin=ids).status == 0
    assert users("list --count").stdout == "0\n"


def test_a_dry_run_changes_nothing_and_says_what_it_would_have_changed(users):
    users("create --id ada --name Ada")
    before = users("get ada -o json").stdout
    lines = [
        ["update-name", "ada", "X"],
        ["update-email", "ada", "x@example.com"],
        ["update-status", "ada", "blocked"],
        ["update-password", "ada", "--generate-password"],
        ["update-prefs", "ada", '{"a": 1}'],
        ["update-labels", "ada", "x"],
        ["delete", "ada"],
        ["create", "--id", "bob"],
    ]
    for words in lines:
        ran = users([*words, "--dry-run", "-o", "json"])
        answer = json.loads(ran.stdout)
        assert (ran.status, answer["dry_run"], len(answer["changes"])) == (0, True, 1), words
    assert users("get ada -o json").stdout == before
    assert users("list --count").stdout == "1\n"
    assert len(users("list-logs ada").stdout.splitlines()) == 1


def test_a_dry_run_refuses_what_would_be_refused(users):
    users("create --id ada --email ada@example.com")
    assert users("create --email ada@example.com --dry-run").status == 5
    assert users("update-name nobody X --dry-run").status == 4


def test_a_password_is_taken_exactly_as_it_was_sent(users):
    users("create --id ada --password-stdin", stdin=" spaces \t and ü \n")
    assert users("verify-password ada --password-stdin", stdin=" spaces \t and ü \n").status == 0
    assert users("verify-password ada --password-stdin", stdin="spaces \t and ü\n").status == 6


def test_a_password_by_descriptor(users, tmp_path):
    file = tmp_path / "password"
    file.write_text("correct horse\nnext line\n")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        assert users(f"create --id ada --password-fd {descriptor}").status == 0
    finally:
        os.close(descriptor)
    assert users("verify-password ada --password-stdin", stdin="correct horse\n").status == 0


def test_a_password_is_in_no_output_and_no_log(users):
    password = "correct-horse-battery"
    answers = [
        users(f"create --id ada --password {password} -o json"),
        users(f"update-password ada --password {password}x -o json"),
        users(f"verify-password ada --password {password}"),
        users(f"create --id ada --password {password}"),
        users("list-logs ada -o json"),
        users("get ada -o json"),
    ]
    assert all(password not in answer.stdout + answer.stderr for answer in answers)


def test_a_made_password_works_and_is_shown_in_every_format(users):
    for format in ("json", "jsonl", "csv", "tsv", "table"):
        ran = users(f"create --id {format} --generate-password -o {format}")
        assert ran.status == 0
        if format in ("json", "jsonl"):
            made = json.loads(ran.stdout)["generated_password"]
            assert users(f"verify-password {format} --password-stdin", stdin=made + "\n").status == 0
        elif format == "tsv":
            made = ran.stdout.rstrip("\n").split("\t")[-1]
            assert users(f"verify-password {format} --password-stdin", stdin=made + "\n").status == 0
        else:
            assert "generated_password" in ran.stdout


def test_eight_processes_that_want_one_email_get_one_account(users, home, database_url):
    children = [
        subprocess.Popen(
            [forks.program(), "users", "create", "--email", "ada@example.com"],
            env=home | {"AUTHCTL_DATABASE_URL": database_url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(8)
    ]
    assert sorted(child.wait(120) for child in children) == [0, *[5] * 7]
    assert users("list --count").stdout == "1\n"


# An account that nobody can sign in to


@pytest.mark.parametrize("options", ["", "--username ada", "--name Ada"])
def test_create_says_what_an_account_lacks_to_sign_in_with(users, options):
    ran = users(f"create --id ada {options}", stdin_isatty=True, stderr_isatty=True)
    assert ran.status == 0
    assert ran.stderr == (
        "Nobody can sign in to this account yet. Add an email or a password:\n  authctl users "
        "update-email ada EMAIL\n  authctl users update-password ada\n"
    )


@pytest.mark.parametrize("options", ["--email a@example.com", "--phone +14255550123"])
def test_create_says_nothing_of_an_account_with_a_way_in(users, options):
    assert users(f"create --id ada {options}", stderr_isatty=True).stderr == ""


@pytest.mark.parametrize("options", ["", "-o json"])
def test_create_tells_a_script_nothing_of_it(users, options):
    assert users(f"create --id ada {options}").stderr == ""
    assert users(f"create --id bob -q {options}", stderr_isatty=True).stderr == ""


# Usernames in lists


def test_a_list_shows_usernames_where_there_are_any(users):
    terminal = {"stdout_isatty": True, "env": {"COLUMNS": "80", "NO_COLOR": "1"}}
    users("create --id bob --email bob@example.com")
    assert users("list", **terminal).stdout.split() == [
        *("id", "name", "email", "phone", "status", "bob", "-", "bob@example.com", "-", "active"),
    ]
    users("create --id ada --username lovelace")
    assert users("list", **terminal).stdout == (
        "id   username  name  email            phone  status\n"
        "ada  lovelace  -     -                -      active\n"
        "bob  -         -     bob@example.com  -      active\n"
    )
    assert users("list").stdout == "ada\t\t\t\tactive\tlovelace\nbob\t\tbob@example.com\t\tactive\t\n"
