"""AWS Cognito: the API's answer, pages of it one behind another, and the CSV's commas."""

import json

from authctl.transfer.records import Linked, Refused

ADA = {
    "Username": "9f425a8d-7efc-4768-8f23-7647a74fdf13",
    "Attributes": [
        {"Name": "sub", "Value": "9f425a8d-7efc-4768-8f23-7647a74fdf13"},
        {"Name": "email", "Value": "ada@example.com"},
        {"Name": "email_verified", "Value": "True"},
        {"Name": "custom:plan", "Value": "pro"},
        {"Name": "identities", "Value": '[{"userId":"108","providerName":"Google","dateCreated":"1704067200000"}]'},
    ],
    "UserCreateDate": "2024-01-01T00:00:00.123000+01:00",
    "UserLastModifiedDate": 1704067200.5,
    "Enabled": False,
    "UserStatus": "FORCE_CHANGE_PASSWORD",
}


def test_the_answer_of_list_users(read):
    [ada] = read("cognito", json.dumps({"Users": [ADA]}).encode())
    assert (ada.id, ada.username, ada.email, ada.email_verified) == (ADA["Username"], None, "ada@example.com", True)
    assert (ada.blocked, ada.must_change, ada.metadata) == (True, True, {"plan": "pro"})
    assert (ada.created_at.year, ada.updated_at.year) == (2023, 2024)
    assert [(each.provider, each.provider_uid) for each in ada.identities] == [("Google", "108")]
    assert isinstance(ada.identities[0], Linked)


def test_pages_one_behind_another(read):
    pages = b"\n".join(json.dumps({"Users": [ADA | {"Username": f"u{n}"}]}, indent=4).encode() for n in range(3))
    assert [item.ref for item in read("cognito", pages)] == ["u0", "u1", "u2"]


def test_a_username_is_the_id_where_there_is_no_other(read):
    [ada] = read("cognito", "cognito:username,email,name\nzoë,zoe@example.com,Müller\\, Zoë\n".encode())
    assert (ada.id, ada.username, ada.name) == ("zoë", "zoë", "Müller, Zoë")


def test_pages_as_they_come(read):
    first, google, archived, *others = read("cognito", "cognito2p.json")
    assert first.metadata == {
        "picture": "http://x",
        "birthdate": "1990-01-01",
        "address": "x",
        "tenant": "42",
    }
    assert first.texts == {"locale": "de"}
    assert (google.id, google.username, google.phone, google.phone_verified) == (
        "b",
        "Google_1122",
        "+1 (415) 555-0100",
        True,
    )
    assert (archived.id, archived.email, archived.blocked) == ("jane@example.com", "jane@example.com", True)
    assert len(others) == 3


def test_the_answer_of_admin_get_user(read):
    [joe] = read("cognito", "real/cognito-get-user.json")
    assert (joe.id, joe.username, joe.name, joe.blocked) == (
        "d7f0a1b2-aaaa-4bbb-8ccc-0123456789ab",
        "jsmith",
        "Joe Smith",
        False,
    )
    assert joe.metadata == {
        "preferred_username": "joe",
        "given_name": "Joe",
        "middle_name": "Q",
        "family_name": "Smith",
        "tenant": "42",
    }
    assert (joe.mfa, joe.unread) == (True, {})
    assert [note.type for note in joe.notes] == ["import_password_lost", "import_factor_lost"]


def test_a_username_that_cognito_made_up_is_none(read):
    user = ADA | {"Username": "google_108"}
    assert read("cognito", json.dumps(user).encode())[0].username is None


def test_an_identity_without_its_number_is_left_out(read):
    identities = {"Name": "identities", "Value": '[{"providerName":"Google"}]'}
    [ada] = read("cognito", json.dumps({"Username": "ada", "UserAttributes": [identities]}).encode())
    assert (ada.identities, [note.field for note in ada.notes]) == ([], ["identities"])


def test_a_record_of_another_shape_is_refused(read):
    [item] = read("cognito", b'{"Users": [{"id": "a", "email": "a@example.com"}]}')
    assert isinstance(item, Refused)
    assert "Username" in item.notes[0].message
