"""Supabase: rows of auth.users in either form, with what is beside them."""

import json

import pytest

from authctl.errors import Invalid
from authctl.transfer.records import ImportedTotp, Linked, Refused, Skipped

COLUMNS = (
    "id",
    "aud",
    "email",
    "encrypted_password",
    "raw_app_meta_data",
    "raw_user_meta_data",
    "phone",
    "banned_until",
)
ROW = {"id": "a", "email": "a@example.com", "encrypted_password": "", "raw_user_meta_data": {"name": "Ada", "x": 1}}
ENVELOPE = '{"key_id":"k","alg":"aes","data":"d","nonce":"n"}'


def rows(*found):
    return json.dumps(found).encode()


def test_json_rows_read_as_csv_does(read):
    cells = [json.dumps(ROW.get(name)) if isinstance(ROW.get(name), dict) else ROW.get(name, "") for name in COLUMNS]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    [one], [other] = read("supabase", rows(ROW)), read("supabase", f"{','.join(COLUMNS)}\n{quoted}\n".encode())
    assert (one.name, one.prefs, one.email, one.password) == ("Ada", {"x": 1}, "a@example.com", None)
    assert (other.name, other.prefs, other.email, other.password) == ("Ada", {"x": 1}, "a@example.com", None)


@pytest.mark.parametrize("phone", ["4930901820", "+4930901820"])
def test_a_phone_gets_its_plus(read, phone):
    assert read("supabase", rows(ROW | {"phone": phone}))[0].phone == "+4930901820"


def test_an_encrypted_hash_is_left_behind_and_told(read):
    [user] = read("supabase", rows(ROW | {"encrypted_password": ENVELOPE}))
    assert user.password is None
    assert "encrypted" in user.notes[0].message


def test_a_ban_for_ever(read):
    [user] = read("supabase", rows(ROW | {"banned_until": "infinity"}))
    assert (user.blocked, user.blocked_until, user.notes) == (True, None, [])


def test_who_is_deleted_or_anonymous_is_skipped(read):
    found = read("supabase", rows(ROW | {"deleted_at": "2024-01-01 00:00:00+00"}, ROW | {"is_anonymous": True}))
    assert all(isinstance(item, Skipped) for item in found)


def test_factors_and_identities_are_joined(read):
    factors = [
        {
            "user_id": "a",
            "factor_type": "totp",
            "status": "verified",
            "secret": "JBSWY3DPEHPK3PXP",
            "friendly_name": "x",
        },
        {"user_id": "a", "factor_type": "totp", "status": "unverified", "secret": "not read"},
        {"user_id": "a", "factor_type": "totp", "status": "verified", "secret": ENVELOPE},
        {"user_id": "a", "factor_type": "webauthn", "status": "verified"},
    ]
    identities = [
        {"user_id": "a", "provider": "github", "identity_data": {"sub": "7", "email": "a@github.com"}},
        *(
            {"user_id": "a", "provider": "x", "identity_data": {"sub": sub, "email": "a@x.com", "email_verified": word}}
            for sub, word in (("1", True), ("2", "true"))
        ),
        {"user_id": "a", "provider": "email", "provider_id": "a"},
        {"user_id": "a", "provider": "sso:2f4c", "provider_id": "a"},
    ]
    [user] = read("supabase", rows(ROW), rows(*identities), rows(*factors))
    assert user.totp == [ImportedTotp(b"Hello!\xde\xad\xbe\xef", "x")]
    assert user.mfa
    assert user.identities == [
        Linked("github", "7", "a@github.com"),
        Linked("x", "1", "a@x.com", email_verified=True),
        Linked("x", "2", "a@x.com"),
    ]
    assert [note.type for note in user.notes] == ["import_factor_lost"] * 2


def test_the_users_come_first(read):
    with pytest.raises(Invalid, match="not a Supabase table"):
        read("supabase", "supabase-identities.csv", "supabase-users.csv")


def test_roles_become_labels_on_request(read):
    app = {"role": "editor", "roles": ["vip", "two words"], "admin": True, "provider": "email", "plan": "pro"}
    content = rows(ROW | {"raw_app_meta_data": app})
    [left], [made] = read("supabase", content), read("supabase", content, roles="labels")
    assert (left.labels, left.metadata["plan"], "provider" in left.metadata) == (None, "pro", False)
    assert made.labels == ("editor", "vip", "admin")
    assert [note.field for note in made.notes] == ["labels"]


def test_the_admin_api_s_answer(read):
    ida, phone, anonymous = read("supabase", "real/supa-list-users.json")
    assert (ida.name, ida.email_verified, ida.metadata) == ("Ida Bell", True, {"plan": "pro"})
    assert ida.prefs == {"avatar_url": "https://x/y.png", "email_verified": True}
    [google] = ida.identities
    assert (google.provider, google.provider_uid, google.email_verified) == ("google", "108123", True)
    assert [note.type for note in ida.notes] == ["import_password_lost", "import_factor_lost"]
    assert ida.unread == {"new_email": "ida.bell@example.com"}
    assert (phone.phone, phone.phone_verified, phone.blocked) == ("+4915112345678", True, True)
    assert isinstance(anonymous, Skipped)


def test_tables_say_more_than_the_admin_api(read):
    factor = {"user_id": "6f1d1c52-6a3f-4a54-9d0b-2f6d3b1c5f01", "factor_type": "totp", "status": "verified"}
    [ida, *_] = read("supabase", "real/supa-list-users.json", rows(factor | {"secret": "JBSWY3DPEHPK3PXP"}))
    assert (len(ida.totp), [note.type for note in ida.notes]) == (1, ["import_password_lost"])


def test_a_secret_that_is_no_base32_costs_the_factor_alone(read):
    factor = {"user_id": "a", "factor_type": "totp", "status": "verified", "secret": "no base32!"}
    [user] = read("supabase", rows(ROW), rows(factor))
    assert (user.totp, [note.type for note in user.notes]) == ([], ["import_factor_lost"])


def test_an_identity_without_its_number_is_left_out(read):
    [user] = read("supabase", rows(ROW), rows({"user_id": "a", "provider": "github", "identity_data": {}}))
    assert (user.identities, [note.field for note in user.notes]) == ([], ["identities"])


def test_a_role_that_is_not_everybody_s_is_kept(read):
    [same, other] = read("supabase", rows(ROW | {"role": "authenticated"}, ROW | {"role": "staff"}))
    assert (same.metadata, other.metadata) == ({}, {"role": "staff"})


def test_tokens_are_neither_kept_nor_told(read):
    [user] = read("supabase", rows(ROW | {"recovery_token": "x", "email_change": "b@example.com", "instance_id": "0"}))
    assert user.unread == {"email_change": "b@example.com"}


@pytest.mark.parametrize("record", [{"id": "a", "email": "a@example.com"}, ROW | {"id": None}])
def test_a_record_of_another_shape_is_refused(read, record):
    [item] = read("supabase", rows(record))
    assert isinstance(item, Refused)


IDENTITY = {"user_id": "a", "provider": "github", "identity_data": {"sub": "7"}}
BAD_LINES = [
    (b'{"user_id": "a", "provider": "x", "provider_id": []}', "identities", None),
    (b'{"user_id": "a", "factor_type": "totp", "status": {}}', "mfa", None),
    (b'{"provider": "github", "identity_data": {"sub": "8"}}', "identities", 1),
    (b'{"user_id": "a", "provider": "github", "identity_da', "identities", 1),
]


@pytest.mark.parametrize(("line", "field", "file"), BAD_LINES)
def test_a_malformed_line_to_join_costs_its_user_only(read, line, field, file):
    bob = ROW | {"id": "b", "email": "b@example.com"}
    ada, bob, *others = read("supabase", rows(ROW, bob), rows(IDENTITY) + b"\n" + line)
    assert (ada.identities, bob.notes) == ([Linked("github", "7")], [])
    notes = ada.notes if file is None else others[0].notes
    assert [note.field for note in notes] == [field]
    assert notes[0].message.startswith("Line 2 of the identities or factors is malformed: ")
    assert [(item.at, item.file) for item in others] == ([] if file is None else [(2, file)])
