"""Auth0: an export joined with the password file, its CSV, and the bulk import's form."""

import json

import pytest

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import ImportedTotp, Linked, Refused, Skipped

BCRYPT = "$2b$10$D9EUmOTd7lmZgCpSpdnHle83xUk7xU1pRAjfGtQ2PQlHAPV5zHIzO"
ADA = {"user_id": "auth0|1", "email": "ada@example.com", "identities": [{"provider": "auth0", "user_id": "1"}]}
BOB = {"user_id": "auth0|2", "email": "bob@example.com"}
EVE = {
    "user_id": "google-oauth2|3",
    "email": "eve@example.com",
    "identities": [{"provider": "google-oauth2", "user_id": 3}],
}


def lines(*found):
    return "".join(json.dumps(each) + "\n" for each in found).encode()


def password(id, **more):
    return {
        "_id": {"$oid": id},
        "passwordHash": BCRYPT,
        "password_set_date": {"$date": "2024-01-01T00:00:00.000Z"},
    } | more


@pytest.mark.parametrize("entry", [password("1"), password("auth0|1"), password("other", alt_id="1")])
def test_passwords_are_joined(read, entry):
    ada, eve = read("auth0", lines(ADA, EVE), lines(entry))
    assert (ada.id, ada.password.text, ada.password_updated_at.year) == ("auth0|1", BCRYPT, 2024)
    assert (eve.password, eve.notes, eve.identities) == (None, [], [Linked("google", "3")])


def test_who_is_in_one_file_alone_is_told(read):
    found = read("auth0", lines(ADA, BOB), lines(password("1"), password("9")))
    assert [note.type for note in found[1].notes] == ["import_password_lost"]
    assert isinstance(found[2], Skipped)
    assert (found[2].at, found[2].ref) == (2, "9")


def test_going_on_in_the_middle_tells_the_same(read):
    files = lines(ADA, BOB), lines(password("1"), password("9"))
    assert [item.ref for item in read("auth0", *files, start=2)] == ["9"]


@pytest.mark.parametrize(
    "entry", [b"{", b'{"_id": 1}', b'{"passwordHash": "x"}', b"[1]", b'{"_id": {"$oid": []}, "passwordHash": ""}']
)
def test_a_malformed_password_file_stops_before_anything_comes_in(read, entry):
    with pytest.raises(Invalid) as caught:
        read("auth0", lines(ADA), entry)
    assert caught.value.type == "import_file_invalid"


@pytest.mark.parametrize(
    ("line", "is_bob_s"),
    [
        (b'{"_id": {"$oid": "2"}, "passwordHash": []}', True),
        (b'{"_id": {"$oid": "2"}}', True),
        (b'{"passwordHash": "x"}', False),
        (b'{"_id": {"$oid": "2"}, "passwordHa', False),
    ],
)
def test_a_malformed_line_of_the_passwords_costs_its_user_only(read, line, is_bob_s):
    ada, bob, *others = read("auth0", lines(ADA, BOB), lines(password("1")) + line)
    assert (ada.password.text, bob.password) == (BCRYPT, None)
    assert [note.type for note in bob.notes] == ["import_password_lost"]
    assert ("Line 2" in bob.notes[0].message) == is_bob_s
    assert [(item.at, item.file, item.notes[0].type) for item in others] == (
        [] if is_bob_s else [(2, 1, "import_password_lost")]
    )


def test_the_csv_has_an_apostrophe_before_every_text(read):
    content = (
        "user_id,email,email_verified,name,created_at,identities[0].provider,identities[0].user_id,app_metadata\n"
        '"\'auth0|1","\'ada@example.com",true,"\'\'t Hooft","\'2024-01-01T00:00:00.000Z","\'github","\'7",'
        '"{""role"":""vip""}"\n'
    )
    [ada] = read("auth0", content.encode(), roles="labels", ids="bare")
    assert (ada.id, ada.email, ada.email_verified, ada.name) == ("1", "ada@example.com", True, "'t Hooft")
    assert (ada.created_at.year, ada.identities, ada.labels) == (2024, [Linked("github", "7")], ("vip",))


def test_a_name_that_is_the_email_is_none(read):
    assert read("auth0", lines(ADA | {"name": "Ada@Example.com"}))[0].name is None
    assert (
        read("auth0", lines(ADA | {"name": "ada@example.com", "given_name": "Ada", "family_name": "L"}))[0].name
        == "Ada L"
    )


@pytest.mark.parametrize(
    ("custom", "password"),
    [
        ({"algorithm": "md5", "hash": {"value": "XrY7u+Ae7tCTyyK7j1rNww==", "encoding": "base64"}}, "hello world"),
        (
            {"algorithm": "sha1", "hash": {"value": "3f8f4b1ab1f6f8b2", "encoding": "hex"}, "salt": {"value": "x"}},
            None,
        ),
        ({"algorithm": "bcrypt", "hash": {"value": BCRYPT}, "salt": {"value": "pepper"}}, None),
        ({"algorithm": "new", "hash": {"value": "x"}}, None),
    ],
)
def test_hashes_of_the_bulk_form(read, custom, password):
    [ada] = read("auth0", lines({"email": "a@example.com", "custom_password_hash": custom}))
    if password:
        found = hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
        assert hashing.verify(found.stored, password)
    elif ada.password is None:
        assert ada.notes[0].type == "import_password_lost"
    else:
        with pytest.raises(Invalid):
            hashing.accept(ada.password.text, ada.password.hash, ada.password.options)


def test_a_secret_of_fifteen_characters(read):
    [ada] = read("auth0", lines(ADA | {"mfa_factors": [{"totp": {"secret": "2PRXZWZAYYDAWCD"}}]}))
    assert isinstance(ada.totp[0], ImportedTotp)
    assert len(ada.totp[0].secret) == 9


def test_two_hashes_exclude_each_other(read):
    both = {"password_hash": BCRYPT, "custom_password_hash": {"algorithm": "bcrypt", "hash": {"value": BCRYPT}}}
    ada, bob = read("auth0", lines(ADA | both, BOB))
    assert isinstance(ada, Refused)
    assert bob.email == "bob@example.com"


@pytest.mark.parametrize("files", [[lines(password("1"))], [lines(password("1")), lines(ADA)]])
def test_the_password_file_does_not_come_first(read, files):
    with pytest.raises(Invalid, match="This is the password file"):
        read("auth0", *files)


def test_the_management_api_s_pages(read):
    ann, jane, corp = read("auth0", "real/auth0-pages.json", roles="labels")
    assert (ann.name, ann.labels, ann.prefs) == ("Ann Berg", ("editor",), {"lang": "de"})
    assert ann.metadata == {"nickname": "ann", "picture": "https://s.gravatar.com/avatar/1", "roles": ["editor"]}
    assert [note.type for note in ann.notes] == ["import_password_lost", "import_factor_lost"]
    assert (jane.name, jane.blocked, jane.texts) == ("Jane Doe", True, {"locale": "en"})
    assert jane.identities == [Linked("google", "112233445566778899001")]
    assert [(note.field, note.value) for note in jane.notes] == [("identities", "github")]
    assert (corp.id, corp.identities) == ("samlp|corp|jane", [Linked("samlp", "corp|jane")])
    assert corp.unread == {"upn": "jane@corp.com", "groups": ["Staff"]}


@pytest.mark.parametrize("id", ["samlp|corp|jane@corp.com", "waad|AbC~d!", "oauth2|x|{8281CEC3}"])
def test_ids_stay_as_they_are(read, id):
    [user] = read("auth0", lines({"user_id": id, "email": "a@example.com"}))
    provider, _, number = id.partition("|")
    assert (user.id, user.identities) == (id, [Linked(provider, number)])


def test_the_export_extension_s_headings(read):
    [one], [bea, tweety] = read("auth0", "real/auth0-ext.csv"), read("auth0", "real/auth0-ext.json")
    assert (one.id, one.email, one.email_verified, one.name, one.created_at.year) == (
        "auth0|1",
        "a@example.com",
        True,
        "Ann B",
        2021,
    )
    assert (one.metadata, bea.email_verified, bea.name) == ({"nickname": "ann"}, True, "Bea Cruz")
    assert (tweety.email, tweety.identities) == (None, [Linked("twitter", "77")])


def test_the_job_s_csv(read):
    [user] = read("auth0", "real/auth0-job.csv")
    assert (user.id, user.email_verified, user.phone) == ("auth0|1", True, "+14155550100")
    assert (user.identities, user.metadata, user.prefs) == ([Linked("google", "1122")], {"plan": "pro"}, {"a": 1})


def test_the_parts_of_a_name_are_kept_where_it_is_another(read):
    parts = {"given_name": "Ada", "family_name": "King"}
    [same, other] = read("auth0", lines(ADA | parts | {"name": "Ada King"}, ADA | parts | {"name": "Countess"}))
    assert (same.metadata, other.metadata) == ({}, parts)


def test_a_secret_that_is_no_base32_costs_the_factor_alone(read):
    [john] = read("auth0", "real/auth0-bulk.json")
    assert (john.email, john.totp, john.mfa) == ("john.doe@contoso.com", [], None)
    assert [note.type for note in john.notes] == ["import_factor_lost"] * 2


def test_a_record_of_neither_form_is_refused_by_name(read):
    [item] = read("auth0", lines({"id": "6f1d", "aud": "authenticated", "email": "a@example.com"}))
    assert isinstance(item, Refused)
    assert "user_id" in item.notes[0].message


def test_a_password_file_is_known_without_its_later_fields():
    line = b'{"_id":{"$oid":"1"},"email":"a@example.com","passwordHash":"$2b$10$x","tenant":"t","connection":"c"}'
    assert sources.recognise(line, "passwords.json") == ["auth0"]
