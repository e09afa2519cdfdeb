"""Any JSON: paths, what MongoDB wraps, what is taken by its name, and what is proposed."""

import json

import pytest

from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.sources import any_json

USER = {"_id": {"$oid": "a1"}, "profile": {"fullName": "Ada", "mails": ["x", "ada@example.com"]}, "plan": "pro"}


def text(*records):
    return "\n".join(map(json.dumps, records)).encode()


@pytest.mark.parametrize("path", ["_id", "_id.$oid"])
def test_paths_lead_into_objects_and_lists(read, path):
    [ada] = read("json", text(USER), map=f"id={path},name=profile.fullName,email=profile.mails.1,metadata.plan=plan")
    assert (ada.id, ada.name, ada.email, ada.metadata) == ("a1", "Ada", "ada@example.com", {"plan": "pro"})
    assert ada.ref == "a1"
    assert ada.unread == {"profile.mails.0": "x"}


def test_a_dollar_may_be_escaped(read):
    [ada] = read("json", text({"_id": {"$oid": "a1"}}).replace(b"$", b"\\u0024"), map="id=_id")
    assert ada.id == "a1"


@pytest.mark.parametrize(
    "given",
    [
        {"$date": "2024-03-01T10:00:00Z"},
        {"$date": {"$numberLong": "1709287200000"}},
        1709287200,
        "2024-03-01T10:00:00.000Z",
    ],
)
def test_what_mongodb_wraps_is_unwrapped(read, given):
    [user] = read("json", text({"email": "a@example.com", "createdAt": given, "n": {"$numberInt": "7"}}))
    assert (user.created_at.isoformat(), user.unread) == ("2024-03-01T10:00:00+00:00", {"n": 7})


def test_names_that_are_obvious_need_no_saying(read):
    better_auth = {"id": "u1", "name": "Ada", "email": "a@example.com", "emailVerified": True, "image": None}
    [ada] = read("json", json.dumps([better_auth]).encode())
    assert (ada.id, ada.name, ada.email, ada.email_verified, ada.unread) == ("u1", "Ada", "a@example.com", True, {})


@pytest.mark.parametrize(
    "wrap",
    [
        lambda users: users,
        lambda users: {"users": users},
        lambda users: {"data": {"total": 1, "items": users}},
        lambda users: [{"json_agg": users}],
    ],
)
def test_the_list_is_found(read, wrap):
    users = [{"email": "a@example.com", "items": [{"sku": 1}]}]
    assert [user.email for user in read("json", json.dumps(wrap(users)).encode())] == ["a@example.com"]


def test_a_path_to_the_list_is_given(read):
    content = json.dumps({"users": [{"email": "no@example.com"}], "auth": {"people": [{"email": "a@example.com"}]}})
    assert [user.email for user in read("json", content.encode(), root="auth.people")] == ["a@example.com"]
    with pytest.raises(Invalid, match="called nobody"):
        read("json", content.encode(), root="nobody")


def test_where_nothing_names_a_user_a_mapping_is_proposed(read):
    zitadel = {"human": {"email": {"address": "a@example.com"}, "hashed_password": "$2b$04$x", "displayName": "Ada"}}
    with pytest.raises(Invalid) as caught:
        read("json", text(zitadel))
    assert caught.value.hint == (
        "If this looks right: --map "
        "email=human.email.address,password=human.hashed_password,name=human.displayName --hash-format NAME"
    )
    with pytest.raises(Invalid) as caught:
        read("json", text({"colour": "red"}))
    assert "'colour'" in caught.value.hint


def test_a_list_under_an_unusual_name_is_proposed_as_the_root(read):
    content = {"exported": "2024", "accounts": [{"uid": 7, "mail": "x@example.org"}]}
    with pytest.raises(Invalid) as caught:
        read("json", json.dumps(content).encode())
    assert caught.value.hint == "If accounts is the list of users: --source-option root=accounts"


def test_what_a_password_is_must_be_said(read):
    with pytest.raises(Invalid) as caught:
        read("json", text({"email": "a@example.com", "password": "x"}))
    assert caught.value.field == "hash_format"


def test_values_of_other_types_are_told(read):
    [user] = read("json", text({"id": "a", "email": {"x": 1}, "name": ["A"], "passwordHash": 7}))
    assert (user.email, user.name, user.password) == (None, None, None)
    assert {note.field for note in user.notes} == {"email", "name", "password"}


def test_a_path_that_no_record_has_is_refused(read):
    with pytest.raises(Invalid) as caught:
        read("json", text(USER), map="id=_id,email=profile.mail")
    assert caught.value.field == "map"


def test_a_path_that_large_records_lack_may_be_in_a_later_one(read, monkeypatch):
    monkeypatch.setattr(any_json, "FIRST_SIZE", 0)
    found = read("json", b'{"id": "a"}\n{"id": "b"}\n{"id": "c", "mail": "c@example.com"}', map="id=id,email=mail")
    assert [record.email for record in found] == [None, None, "c@example.com"]


def test_fields_are_shown_and_more_proposed(tmp_path):
    path = tmp_path / "u.json"
    path.write_bytes(text({"id": 7, "contact": {"mail": "a@example.com"}, "auth": {"password_digest": "x"}}))
    with path.open("rb") as file:
        taken, likely = sources.load("json").found(file, {})
    assert taken == {"id": "id"}
    assert likely == {"email": "contact.mail", "password": "auth.password_digest"}


@pytest.mark.parametrize(
    ("source", "name", "count"),
    [("cognito", "cognito2p.json", 6), ("okta", "okta-wrap.json", 1), ("supabase", "supa-agg.json", 1)],
)
def test_shapes_that_other_tools_wrap(read, source, name, count):
    found = read(source, name)
    assert len({item.ref for item in found}) == len(found) == count
