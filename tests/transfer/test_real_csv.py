"""CSV as spreadsheets, databases and people write it, through the command: who comes in, and what is said of it."""

import json
from pathlib import Path

import pytest

REAL = Path(__file__).parent / "samples" / "real"


@pytest.fixture
def run(authctl, database_url, ready):
    def run(line):
        return authctl(line, env={"AUTHCTL_DATABASE_URL": database_url})

    return run


@pytest.fixture
def take(run):
    """Imports a file of samples/real; the answer."""

    def taking(name, options=""):
        ran = run(f"users import {REAL / name} {options if '--from' in options else '--from csv ' + options} -o json")
        return json.loads(ran.stdout)

    return taking


@pytest.mark.parametrize(
    ("name", "options", "created", "refused", "lost"),
    [
        ("mysql.csv", "", 1, 0, {}),
        ("bool.csv", "", 6, 0, {}),
        ("footer.csv", "", 1, 0, {}),
        ("dup.csv", "", 2, 3, {}),
        ("nohdr.csv", "--source-option header=no --map email=2,name=3", 2, 0, {"1": 2}),
        ("emails.csv", "", 23, 2, {"email": 10}),
        ("roles.csv", "", 5, 0, {"labels": 4}),
        ("okta.csv", "--from okta", 1, 0, {}),
    ],
)
def test_who_comes_in_and_what_is_lost(take, name, options, created, refused, lost):
    answer = take(name, options)
    assert (answer["created"], answer["refused"]) == (created, refused)
    assert {each["field"]: each["count"] for each in answer["lost"]} == lost


def test_a_file_without_names_of_columns_is_refused_by_that_name(run):
    ran = run(f"users import {REAL / 'nohdr.csv'} --from csv")
    assert (ran.status, "The first row does not name columns" in ran.stderr, "header=no" in ran.stderr) == (
        3,
        True,
        True,
    )


def test_phones_of_a_country(run, take):
    take("phones.csv", "--phone-region DE --on-conflict skip")
    found = {
        id: json.loads(run(f"users get id:{id} -o json").stdout)["phone"] for id in ("0", "5", "6", "8", "10", "2")
    }
    assert found == {
        "0": "+14155550100",
        "5": "+491512345678",
        "6": "+442079460958",
        "8": None,
        "10": "+4915123456789",
        "2": "+494155550100",
    }


def test_an_authenticator_is_asked_for(run, take):
    take("totpmfa.csv")
    user = json.loads(run("users get 1 -o json").stdout)
    assert (user["mfa"], user["factors"]["totp"]) == (True, True)


def test_what_is_left_out_is_said_and_kept(run):
    ran = run(f"users import {REAL / 'roles.csv'} --from csv")
    assert "Left out: labels, 4 values" in ran.stderr
    assert json.loads(run("users get 1 -o json").stdout)["metadata"]["imported"] == {"labels": "shop_manager"}
