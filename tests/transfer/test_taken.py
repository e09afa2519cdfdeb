"""A value that another user has does not cost the user: it is left out, told and kept, and the user comes in."""

import json

import pytest
from doubles.given import Given

from authctl.transfer import importing
from authctl.transfer.records import Linked, Record, Secret

PHONE = "+442079460123"
HASH = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"


@pytest.fixture
def take(directory, tmp_path):
    """Imports records and answers the notes of each that is told of: take(record, …) == {2: […]}."""

    def run(*records, **options):
        file, report = tmp_path / "given", tmp_path / "report"
        file.write_text("given")
        report.unlink(missing_ok=True)
        for number, each in enumerate(records, 1):
            each.at, each.notes = number, []
        run.counts = importing.import_users(
            directory,
            [str(file)],
            source=Given(*records),
            options=importing.Options(**options),
            report=str(report),
        ).counts
        lines = map(json.loads, report.read_text().splitlines())
        return {line["at"]: [(each["type"], each["field"]) for each in line["errors"]] for line in lines}

    return run


def record(id=None, **fields):
    return Record(0, id, None, id=id, **fields)


COLLEAGUES = [
    ({"phone": PHONE}, {"phone": "+44 20 7946 0123"}, "phone", PHONE),
    ({"username": "Boss"}, {"username": "BOSS"}, "username", "BOSS"),
    ({"identities": [Linked("google", "1")]}, {"identities": [Linked("Google", "1")]}, "identities", "google:1"),
]


@pytest.mark.parametrize("on_conflict", ["fail", "update", "merge"])
@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize(("first", "second", "field", "value"), COLLEAGUES)
def test_a_colleagues_value_is_left_out(take, directory, batch, first, second, field, value, on_conflict):
    given = (
        record("a", email="a@example.com", **first),
        record("b", email="b@example.com", metadata={"plan": "free"}, **second),
        record(None, email="c@example.com", **second),
    )
    told = take(*given, batch=batch, on_conflict=on_conflict)
    assert told == {2: [("import_value_dropped", field)], 3: [("import_value_dropped", field)]}
    assert (take.counts["created"], take.counts["reasons"]["import_value_dropped"]) == (3, 2)
    bob, cay = directory.users.get("b"), directory.users.get("c@example.com")
    assert bob.metadata == {"plan": "free", "imported": {field: value}}
    assert cay.metadata == {"imported": {field: value}}
    assert (bob.phone, bob.username, directory.users.list_identities("b")) == (None, None, [])
    before = {user.id: user for user in directory.users.iterate()}
    assert take(*given, batch=batch, on_conflict=on_conflict) == {}
    assert (take.counts["skipped"], take.counts["refused"]) == (3, 0)
    assert {user.id: user for user in directory.users.iterate()} == before


@pytest.mark.parametrize(("first", "second", "field", "value"), COLLEAGUES)
def test_strict_refuses_instead(take, directory, first, second, field, value):
    told = take(record("a", **first), record("b", email="b@example.com", **second), strict=True)
    assert told[2][0][1] == field
    assert take.counts["refused"] == 1


def test_people_with_one_phone_and_names_of_their_own_come_in(take, directory):
    """As in a directory of a firm: nothing else names them."""
    given = record(None, username="ada", phone=PHONE), record(None, username="bob", phone=PHONE)
    assert take(*given) == {2: [("import_value_dropped", "phone")]}
    assert directory.users.get(PHONE).username == "ada"
    (bob,) = directory.users.list(search="bob")
    assert bob.phone is None
    assert [user.username for user in directory.users.list(search="+4420")] == ["ada"]
    for on_conflict in ("fail", "skip", "update"):
        assert take(*given, on_conflict=on_conflict) == {}
        assert take.counts["skipped"] == 2


def test_what_alone_names_a_user_is_no_value_to_leave_out(take):
    assert take(record(None, username="ada"), record(None, username="ADA"))[2][0] == ("user_already_exists", "username")
    twice = take(record(None, phone=PHONE), record(None, phone=PHONE))
    assert twice[2][0] == ("user_phone_already_exists", "phone")
    google = [Linked("google", "1")]
    twice = take(record(None, identities=google), record(None, identities=google))
    assert twice[2][0] == ("user_identity_already_exists", "identities")


def test_an_email_that_somebody_has_is_a_conflict(take, directory):
    directory.users.create(id="ada", email="ada@example.com", phone=PHONE)
    given = record("b", username="b", email="ada@example.com", phone=PHONE)
    assert take(given)[1][0] == ("user_email_already_exists", "email")
    by_identity = record("b", identities=[Linked("google", "1", "ada@example.com", email_verified=True)])
    assert take(by_identity)[1][0] == ("user_email_already_exists", "identities")


def test_a_password_without_a_name_to_sign_in_with_is_told(take, directory):
    directory.users.create(id="ada", username="boss")
    told = take(record("b", username="boss", password=Secret(HASH)))
    assert told == {1: [("import_value_dropped", "username"), ("import_no_way_in", None)]}


def test_what_does_not_fit_into_metadata_is_told_alone(take, directory):
    directory.users.create(id="ada", phone=PHONE)
    full = {"notes": "x" * 65_500}
    assert take(record("b", phone=PHONE, metadata=full))[1][0] == ("import_value_dropped", "phone")
    assert directory.users.get("b").metadata == full


def test_a_username_that_is_anothers_id_is_left_out(take, directory):
    directory.users.create(id="boss")
    assert take(record("b", username="Boss", email="b@example.com")) == {1: [("import_value_dropped", "username")]}
    assert directory.users.get("boss").id == "boss"


def test_the_command_says_what_was_left_out(directory, authctl, database_url, tmp_path):
    file = tmp_path / "users.csv"
    file.write_text("id,email,phone\na,ada@example.com,+442079460123\nb,bob@example.com,+442079460123\n")
    file.chmod(0o600)
    env = {"AUTHCTL_DATABASE_URL": database_url}
    ran = authctl(f"users import {file} --from csv --strict -o json", env=env)
    assert ran.status == 8
    assert json.loads(ran.stdout)["reasons"] == {"import_no_password": 1, "user_phone_already_exists": 1}
    ran = authctl(f"users import {file} --from csv -o json", env=env)
    assert ran.status == 0
    assert json.loads(ran.stdout)["created"] == 1
    assert json.loads(ran.stdout)["reasons"]["import_value_dropped"] == 1
