"""Records of one person become one user, where each has verified the same email; and never otherwise."""

import json

import pytest
from doubles.given import Given

from authctl.errors import NotFound
from authctl.transfer import importing
from authctl.transfer.records import ImportedTotp, Linked, Member, Record, Secret

HASH = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
EMAIL = "ada@example.com"


@pytest.fixture
def take(directory, tmp_path):
    """Imports records to be merged, and answers the type of the first note of each; None where there is none."""

    def run(*records, on_conflict="merge", **options):
        file, report = tmp_path / "given", tmp_path / "report"
        file.write_text("given")
        report.unlink(missing_ok=True)
        for number, each in enumerate(records, 1):
            each.at, each.notes = number, []
        journal = importing.import_users(
            directory,
            [str(file)],
            source=Given(*records),
            options=importing.Options(on_conflict=on_conflict, teams=True, **options),
            report=str(report),
        )
        run.counts, run.id = journal.counts, journal.id
        run.told = {line["at"]: line for line in map(json.loads, report.read_text().splitlines())}
        return [run.told[each.at]["type"] if each.at in run.told else None for each in records]

    return run


def record(id=None, **fields):
    return Record(0, id, None, **({"id": id, "email": EMAIL, "email_verified": True} | fields))


def auth0():
    return record(
        "auth0|1",
        username="ada",
        labels=("staff",),
        prefs={"theme": "dark"},
        metadata={"plan": "free"},
        identities=[Linked("auth0", "1")],
        members=[Member(None, "Maths", ("owner",))],
    )


def google():
    return record(
        "google-oauth2|2",
        username="countess",
        name="Ada",
        phone="+442079460123",
        phone_verified=True,
        labels=("staff", "vip"),
        prefs={"theme": "light", "lang": "en"},
        metadata={"plan": "pro", "age": 36},
        password=Secret(HASH),
        totp=[ImportedTotp(bytes(20))],
        mfa=True,
        identities=[Linked("google", "2", EMAIL, email_verified=True)],
        members=[Member(None, "Maths", ("guest",)), Member(None, "Arts", ())],
    )


def as_merged(directory):
    user = directory.users.get("auth0|1")
    assert (user.username, user.name, user.phone, user.phone_verified) == ("ada", "Ada", "+442079460123", True)
    assert (user.labels, user.prefs) == (("staff", "vip"), {"theme": "dark", "lang": "en"})
    assert user.metadata == {"plan": "free", "age": 36}
    assert (user.password.hash, user.mfa, user.totp) == (HASH, True, True)
    assert {each.provider for each in directory.users.list_identities("auth0|1")} == {"auth0", "google"}
    memberships = {each.team_name: each.roles for each in directory.users.list_memberships("auth0|1")}
    assert memberships == {"Maths": ("owner",), "Arts": ()}
    assert [each.id for each in directory.users.list(search="countess")] == []
    assert [each.id for each in directory.users.list(search="+4420")] == ["auth0|1"]
    return user


@pytest.mark.parametrize("batch", [1, 100])
def test_two_records_become_one_user(take, directory, clock, batch):
    assert take(auth0(), google(), batch=batch) == [None, "import_merged"]
    assert "auth0|1" in take.told[2]["message"]
    assert (take.counts["created"], take.counts["updated"], take.counts["without_password"]) == (1, 1, 1 - (batch > 1))
    assert take.counts["reasons"]["import_merged"] == 1
    assert take.counts["hashes"] == {"bcrypt": {"strong": 1}} or take.counts["hashes"]["bcrypt"]
    user = as_merged(directory)
    clock.forward(days=1)
    for on_conflict in ("merge", "merge"):
        assert take(auth0(), google(), batch=batch, on_conflict=on_conflict) == [None, None]
        assert take.counts["reasons"] == {"import_unchanged": 2}
    assert directory.users.get("auth0|1") == user


def test_a_record_joins_a_user_who_is_there(take, directory):
    directory.users.create(id="auth0|1", email=EMAIL, email_verified=True, username="ada", labels=["staff"])
    directory.users.update_prefs("auth0|1", {"theme": "dark"})
    directory.users.update_metadata("auth0|1", {"plan": "free"})
    directory.users.create_identity("auth0|1", "auth0", "1")
    directory.teams.create("Maths", roles=["owner"], owner="auth0|1")
    assert take(google(), record("third", name="Other")) == ["import_merged", None]
    assert take.counts["skipped"] == 1
    as_merged(directory)


def test_several_records_join_one_user(take, directory):
    for batch in (1, 2, 100):
        first, *others = (record(f"{batch}|{n}", email=f"{batch}@example.com") for n in range(4))
        for number, each in enumerate(others):
            each.identities = [Linked("p", f"{batch}-{number}")]
        take(first, *others, batch=batch)
        assert (take.counts["created"], take.counts["updated"]) == (1, 3)
        assert len(directory.users.list_identities(f"{batch}|0")) == 3


def test_the_old_id_tells_where_the_account_went(take, directory):
    take(auth0(), google())
    with pytest.raises(NotFound) as found:
        directory.users.get("google-oauth2|2")
    assert "authctl users get 'id:auth0|1'" in found.value.hint


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email_verified": False}, {}),
        ({}, {"email_verified": False}),
        ({"blocked": True}, {}),
        ({}, {"blocked": True}),
        ({"email": "other@example.com"}, {"identities": [Linked("g", "1", "other@example.com", None, True)]}),
        ({"email": None, "identities": [Linked("g", "1", EMAIL, None, True)]}, {}),
    ],
)
def test_whoever_may_be_somebody_else_is_not_merged(take, directory, first, second, batch):
    one, other = record("a", **first), record("b", name="Eve", password=Secret(HASH), **second)
    assert take(one, other, batch=batch)[1] == "user_email_already_exists"
    assert (take.counts["created"], take.counts["refused"]) == (1, 1)
    assert (directory.users.get("a").name, directory.users.get("a").password) == ("", None)


def test_marking_as_unverified_merges_nobody(take):
    assert take(record("a"), record("b"), mark_unverified=True)[1] == "user_email_already_exists"


def test_a_claimed_address_merges_nobody(take, directory):
    """Whoever signs up here with somebody's email waits for that person's account."""
    directory.users.create(id="eve", email=EMAIL, password="correct horse battery", self_service=True)
    for _ in range(2):
        assert take(google()) == ["user_email_already_exists"]
    assert directory.users.list_identities("eve") == []


def test_other_ways_are_as_they_were(take):
    take(auth0())
    for on_conflict in ("fail", "update"):
        assert take(google(), on_conflict=on_conflict) == ["user_email_already_exists"]


def test_an_id_twice_is_refused_and_anothers_identity_left_out(take, directory):
    taken = record("c", email="c@example.com", identities=[Linked("google", "2")])
    again = record("auth0|1", name="Other")
    notes = take(auth0(), taken, google(), again)
    assert notes == [None, None, "import_merged", "user_already_exists"]
    assert {error["type"] for error in take.told[3]["errors"]} == {"import_merged", "import_value_dropped"}
    assert [each.provider for each in directory.users.list_identities("auth0|1")] == ["auth0"]


def test_the_command_merges(directory, authctl, database_url, tmp_path):
    file = tmp_path / "users.json"
    users = [
        {"user_id": "auth0|1", "email": EMAIL, "email_verified": True,
         "identities": [{"provider": "auth0", "user_id": "1"}]},
        {"user_id": "google-oauth2|2", "email": EMAIL, "email_verified": True,
         "identities": [{"provider": "google-oauth2", "user_id": "2"}]},
    ]  # fmt: skip
    file.write_text(json.dumps(users))
    file.chmod(0o600)
    env = {"AUTHCTL_DATABASE_URL": database_url}
    ran = authctl(f"users import {file} --from auth0 --on-conflict merge -o json", env=env)
    answer = json.loads(ran.stdout)
    assert (ran.status, answer["created"], answer["updated"]) == (0, 1, 1)
    assert answer["reasons"]["import_merged"] == 1
