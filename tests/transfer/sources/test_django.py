"""Django: dumpdata of any user model, groups before and behind the users, and the table as CSV."""

import json

import pytest

from authctl.transfer.records import Skipped

ADA = {"password": "!x", "username": "ada", "email": "", "is_active": True, "groups": [1]}
GROUP = {"model": "auth.group", "pk": 1, "fields": {"name": "editors"}}


def dump(*rows):
    return json.dumps(rows).encode()


def row(model="auth.user", pk=1, **fields):
    return {"model": model, "pk": pk, "fields": ADA | fields}


def test_groups_before_the_users_or_in_the_same_file_again(read):
    ahead, behind = dump(GROUP, row()), dump(row(), GROUP)
    assert read("django", ahead, groups="labels")[1].labels == ("editors",)
    assert read("django", behind, behind, groups="labels")[0].labels == ("editors",)
    [ada, _] = read("django", behind, groups="labels")
    assert (ada.labels, ada.notes[0].field) == (None, "labels")
    assert read("django", behind)[0].labels is None


def test_groups_by_natural_keys(read):
    assert read("django", dump(row(groups=[["editors"]])), groups="labels")[0].labels == ("editors",)


@pytest.mark.parametrize("pk", [7, "7", "9f425a8d-7efc-4768-8f23-7647a74fdf13"])
def test_a_model_of_one_s_own(read, pk):
    [ada] = read("django", dump(row("shop.customer", pk, username="ada@example.com", full_name="Ada")))
    assert (ada.id, ada.email, ada.username, ada.name) == (str(pk), "ada@example.com", None, "Ada")


def test_other_rows_are_skipped(read):
    found = read("django", dump(GROUP, {"model": "admin.logentry", "pk": 1, "fields": {}}, {"model": "x"}))
    assert all(isinstance(item, Skipped) for item in found)


@pytest.mark.parametrize(("yes", "no"), [("t", "f"), ("1", "0"), ("True", "False")])
def test_the_table_as_csv(read, yes, no):
    content = (
        "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined\n"
        f"1,!x,,{yes},ada,Ada,L,ada@example.com,{no},{yes},2020-05-01 12:00:00+00\n"
        f"2,!x,,{no},bob,,,,{no},{no},2020-05-01 12:00:00.000001+00\n"
    )
    ada, bob = read("django", content.encode())
    assert (ada.id, ada.name, ada.labels, ada.blocked, ada.created_at.year) == (
        "1",
        "Ada L",
        ("superuser",),
        False,
        2020,
    )
    assert (bob.email, bob.labels, bob.blocked) == (None, None, True)
