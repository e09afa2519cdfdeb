"""AWS Cognito: the API's answer, pages of it one behind another, and the CSV's commas."""

import json

from authctl.transfer.records import Linked

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


def test_a_username_that_is_no_id_makes_a_new_one(read):
    [ada] = read("cognito", "cognito:username,email,name\nzoë,zoe@example.com,Müller\\, Zoë\n".encode())
    assert (ada.id, ada.username, ada.name) == (None, "zoë", "Müller, Zoë")
