"""Firebase: the hash parameters in every form, and the CSV in every width."""

import json

import pytest

from authctl.errors import Invalid
from authctl.transfer.records import Linked, Record, Refused, Skipped
from authctl.transfer.sources.firebase import hash_parameters

WANTED = {"signer_key": "a+b/c==", "salt_separator": "Bw==", "rounds": "8", "mem_cost": "14"}
CONSOLE = """hash_config {
  algorithm: SCRYPT,
  base64_signer_key: a+b/c==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}"""
API = {"algorithm": "SCRYPT", "signerKey": "a+b/c==", "saltSeparator": "Bw==", "rounds": 8, "memoryCost": 14}


@pytest.mark.parametrize(
    "text", [CONSOLE, CONSOLE.replace("\n", " "), json.dumps({"signIn": {"hashConfig": API}}, indent=2)]
)
def test_parameters_in_any_form(text):
    assert hash_parameters({"hash_config": text}) == WANTED


def test_parameters_one_by_one():
    assert hash_parameters(WANTED) == WANTED
    assert hash_parameters({"hash_config": CONSOLE, "rounds": "7"}) == WANTED | {"rounds": "7"}


@pytest.mark.parametrize("name", WANTED)
def test_a_missing_parameter_is_asked_for_before_anything_comes_in(read, name):
    options = {option: value for option, value in WANTED.items() if option != name}
    with pytest.raises(Invalid, match=name) as caught:
        read("firebase", "firebase-users.json", **options)
    assert "--hash-config" in caught.value.hint


def test_another_algorithm_s_parameters_are_refused():
    with pytest.raises(Invalid, match="SCRYPT"):
        hash_parameters({"hash_config": CONSOLE.replace("SCRYPT", "PBKDF2_SHA256")})


def test_without_parameters_if_it_is_said(by_ref):
    user = by_ref("firebase", "firebase-users.json", hash_config="none")["kYi4EvWQlQTKSfnJ3dRSP6IH3ed2"]
    assert user.password is None
    assert [note.type for note in user.notes] == ["import_password_lost"]


@pytest.mark.parametrize("width", [28, 29, 53])
def test_lines_of_every_age(read, width):
    cells = ["uid1", "a@example.com", "true", "", "", "Ada", "", "108", "a@gmail.com"] + [""] * 14
    cells += ["1508893925000", "1672531200000", "+442079460123", "true", '"{""role"":""admin""}"']
    [user] = read("firebase", (",".join(cells + [""] * (width - 28)) + "\n").encode(), hash_config="none")
    assert isinstance(user, Record)
    assert (user.id, user.name, user.phone, user.phone_verified, user.blocked) == (
        "uid1",
        "Ada",
        "+442079460123",
        True,
        True,
    )
    assert user.identities == [Linked("google", "108", "a@gmail.com")]
    assert user.metadata == {"role": "admin"}


@pytest.mark.parametrize("width", [27, 30, 52, 54])
def test_lines_of_other_widths_are_refused(read, width):
    [item] = read("firebase", ("uid1," + "," * (width - 2) + "\n").encode(), hash_config="none")
    assert isinstance(item, Refused)
    assert item.ref == "uid1"


def test_a_line_whose_times_are_none_is_refused(read):
    cells = ["uid1"] + ["x"] * 27
    [item] = read("firebase", (",".join(cells) + ",\n").encode(), hash_config="none")
    assert isinstance(item, Refused)


def test_a_provider_has_the_name_that_others_give_it(read):
    info = [
        {"providerId": "google.com", "rawId": "1"},
        {"providerId": "password", "rawId": "x"},
        {"providerId": "oidc.corp", "rawId": "2"},
    ]
    content = json.dumps({"users": [{"localId": "a", "providerUserInfo": info}]}).encode()
    assert read("firebase", content, hash_config="none")[0].identities == [
        Linked("google", "1"),
        Linked("oidc.corp", "2"),
    ]


def test_users_of_the_admin_sdk(read):
    [first, _, ann] = read("firebase", "real/fb-admin.json", **WANTED)
    assert (first.id, first.metadata) == ("kakao:123", {"photoURL": "https://photourl.jpg"})
    assert (first.created_at.isoformat(), first.last_sign_in_at.year) == ("2023-12-29T15:21:03+00:00", 2023)
    assert (ann.email_verified, ann.metadata) == (True, {"admin": True})
    assert ann.identities == [Linked("google", "a@b", "ann@example.com")]
    assert ann.password.options["salt"] == "42xEC+ixf3L2lw=="


def test_answers_of_the_identity_toolkit(read):
    [user] = read("firebase", "real/fb-rest.json", **WANTED)
    assert (user.created_at.year, user.last_sign_in_at.year, user.password_updated_at.year) == (2018, 2018, 2018)
    assert user.password.options["salt"] == "42xEC-ixf3L2lw=="


def test_what_the_emulator_says(read):
    anonymous, linked, odd, plain = read("firebase", "real/emu.json", **WANTED)
    assert isinstance(anonymous, Skipped)
    assert linked.metadata == {"photoUrl": "https://x/p.png", "role": "admin"}
    assert linked.identities == [Linked("google", "1122", "ext1@gmail.com"), Linked("oidc.corp", "o1")]
    assert [note.type for note in linked.notes] == ["import_factor_lost"]
    assert (odd.id, odd.blocked, odd.phone_verified) == ("has space@x", True, True)
    assert (plain.password, [note.type for note in plain.notes]) == (None, ["import_password_lost"])


def test_a_hash_that_is_redacted_is_named(read):
    user = read("firebase", "real/fb-list-users.json", **WANTED)[0]
    assert user.password is None
    assert "firebaseauth.configs.getHashConfig" in user.notes[0].message
    assert user.mfa


def test_an_account_of_an_own_token_is_not_anonymous(read):
    content = json.dumps({"users": [{"localId": "a", "customAuth": True}, {"localId": "b"}]}).encode()
    [own, anonymous] = read("firebase", content, hash_config="none")
    assert (own.id, isinstance(anonymous, Skipped)) == ("a", True)


def test_claims_come_before_the_profile(read):
    user = {"uid": "a", "photoURL": "https://x", "tenantId": "mine", "customClaims": {"tenantId": "theirs"}}
    assert read("firebase", json.dumps([user]).encode(), hash_config="none")[0].metadata == {
        "photoURL": "https://x",
        "tenantId": "theirs",
    }


@pytest.mark.parametrize("record", [{"id": "a", "email": "a@example.com"}, {"localId": "", "email": "a@example.com"}])
def test_a_record_without_its_id_is_refused_by_name(read, record):
    [item] = read("firebase", json.dumps({"users": [record]}).encode(), hash_config="none")
    assert isinstance(item, Refused)
    assert "localId or uid" in item.notes[0].message
