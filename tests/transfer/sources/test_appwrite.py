"""Appwrite: what its API answers, joined with identities and memberships."""

import json

import pytest

from authctl.errors import Invalid
from authctl.transfer.records import Linked, Member, Refused, Secret

USER = {"$id": "a", "email": "a@example.com", "emailVerification": True, "status": True, "passwordUpdate": None}


def users(*found):
    return json.dumps({"total": len(found), "users": found}).encode()


def test_an_empty_list_of_php_is_an_object(read):
    assert read("appwrite", users(USER | {"prefs": []}))[0].prefs == {}


@pytest.mark.parametrize(
    ("hash", "given", "options"),
    [
        ("argon2", {"type": "argon2", "memory_cost": 1}, {}),
        ("argon2", {"memoryCost": 1}, {}),
        ("sha", {"version": "sha1"}, {"version": "sha1"}),
        ("sha", {}, {}),
        (
            "scrypt",
            {"costCpu": 16384, "costMemory": 13, "costParallel": 2, "length": 64, "salt": "s"},
            {"costCpu": "16384", "costMemory": "13", "costParallel": "2", "length": "64", "salt": "s"},
        ),
    ],
)
def test_only_what_an_algorithm_needs_is_taken_of_its_options(read, hash, given, options):
    [user] = read("appwrite", users(USER | {"password": "00ff", "hash": hash, "hashOptions": given}))
    assert user.password == Secret("00ff", hash, options)


def test_an_algorithm_that_is_not_known_is_left_to_the_rules(read):
    [user] = read("appwrite", users(USER | {"password": "00ff", "hash": "new", "hashOptions": []}))
    assert user.password == Secret("00ff", "new")


def test_identities_and_confirmed_memberships_are_joined(read):
    identities = {"total": 1, "identities": [{"$id": "i", "userId": "a", "provider": "google", "providerUid": "1"}]}
    member = {"$id": "m", "userId": "a", "teamId": "t", "teamName": "Maths", "roles": ["owner"], "confirm": True}
    memberships = {"memberships": [member, member | {"teamId": "u", "confirm": False}]}
    teams = {"teams": [{"$id": "t", "name": "Maths"}]}
    files = (json.dumps(each).encode() for each in (identities, memberships, teams))
    [user] = read("appwrite", users(USER), *files)
    assert user.identities == [Linked("google", "1")]
    assert user.members == [Member("t", "Maths", ("owner",))]


def test_a_malformed_file_to_join_stops_before_anything_comes_in(read):
    with pytest.raises(Invalid, match="malformed"):
        read("appwrite", users(USER), b'{"identities": [{"userId": 7.5, "providerUid": "1"}]}')


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"userId": "a", "teamId": 7.5, "confirm": True}, "members"),
        ({"userId": "a", "providerUid": [], "provider": "x"}, "identities"),
        ({"userId": "a", "teamId": "t", "confirm": "perhaps"}, "members"),
    ],
)
def test_a_malformed_record_to_join_costs_its_user_only(read, entry, field):
    good = {"$id": "i", "userId": "a", "provider": "google", "providerUid": "1"}
    ada, bob = read("appwrite", users(USER, USER | {"$id": "b"}), json.dumps([good, entry]).encode())
    assert (ada.identities, bob.notes) == ([Linked("google", "1")], [])
    assert [(note.field, note.message[:11]) for note in ada.notes] == [(field, "Record 2 of")]


def test_second_factors_stay_behind_and_are_told(read):
    [user] = read("appwrite", users(USER | {"mfa": True}))
    assert user.mfa
    assert [note.type for note in user.notes] == ["import_factor_lost"]


def test_an_identity_without_its_number_is_left_out(read):
    [john] = read("appwrite", "real/appwrite-list.json", "real/appwrite-identities.json")
    assert [each.provider for each in john.identities] == ["google"]
    assert [(note.field, note.value) for note in john.notes] == [("identities", "github")]
    assert john.unread == {"impersonator": True}


def test_a_record_that_is_no_user_is_refused(read):
    [team] = read("appwrite", users({"$id": "t", "name": "Maths", "total": 7}))
    assert isinstance(team, Refused)
    assert "not from appwrite" in team.notes[0].message
