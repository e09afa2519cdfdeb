"""Every source against everything that files have in them: each cell is tried, or says why it cannot be.

A row is a sample record in the source's own shape, with {id}, {email}, {phone} and {name} in it. A cell is what a
change to such records must come to.
"""

import base64
import csv
import io
import json
from dataclasses import dataclass, field
from itertools import count

import pytest
from doubles.samples import HASH_CONFIG

from authctl.errors import Invalid
from authctl.transfer import importing, sources

NAME = "Zoë Müller"
PHONE = "+442079460123"
ODD_IDS = (
    "samlp|corp|jane@corp.com",
    "waad|AbC~d!",
    "{8281CEC3-5B48-46EB-A41D-72C15EC3F9E4}",
    "an id with blanks",
    "пользователь",
)
BCRYPT = "$2b$04$rCsP4x9VbWwYmn9RFH8s4eadQpB0fsvC5fiVcYdzQjSDg2AHPTe66"


# How each format is written


def as_json(records):
    return json.dumps(records, ensure_ascii=False)


def as_users(records):
    return json.dumps({"users": records}, ensure_ascii=False)


def as_pages(records):
    return "".join(json.dumps({"Users": [record]}, ensure_ascii=False) for record in records)


def as_lines(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def as_csv(records):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for record in records for name in record)))
    writer.writeheader()
    for record in records:
        writer.writerow({name: as_json(value) if isinstance(value, dict) else value for name, value in record.items()})
    return text.getvalue()


def as_htpasswd(records):
    return "".join(":".join(record.values()) + "\n" for record in records)


def as_ldif(records):
    def line(name, value):
        if value.isascii() and value.isprintable() and not value.startswith(("{", " ")):
            return f"{name}: {value}\n"
        return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"

    return "\n".join("".join(line(name, value) for name, value in record.items()) for record in records)


# The cells


def cell(function):
    """A test of a change, which CELLS names."""
    CELLS[function.__name__.replace("_", " ")] = function
    return function


CELLS = {}


@cell
def unread_fields(row, take, directory):
    """Are counted by name; unmapped=metadata keeps them."""
    record = row.changed(row.user(), row.unread, "marked")
    counts = take([record])
    assert (counts["created"], counts["refused"]) == (1, 0)
    lost = {each["field"]: each["count"] for each in counts["lost"] if each["type"] == "import_field_unread"}
    assert lost.get(".".join(row.unread), lost.get(row.unread[-1])) == 1
    counts = take([row.changed(row.user(), row.unread, "marked")], unmapped="metadata")
    assert (counts["created"], counts["lost"]) == (1, take.lost_anyway(counts))
    assert "marked" in json.dumps([user.metadata for user in directory.users.iterate()])


@cell
def dropped_values(row, take, directory):
    """Cost themselves: the user comes in, and the value is told and kept. --strict refuses."""
    path, value = row.bad
    record = row.changed(row.user(), path, value)
    assert take([record], strict=True)["refused"] == 1
    counts = take([record])
    assert (counts["created"], counts["refused"], counts["reasons"].get("import_value_dropped")) == (1, 0, 1)
    [user] = directory.users.iterate()
    assert value in json.dumps(user.metadata, ensure_ascii=False)


@cell
def wrong_shape(row, take, directory):
    """A record of another system is refused, and not taken in under a made-up id."""
    try:
        counts = take([row.stranger] * 2)
    except Invalid:
        pass
    else:
        assert (counts["created"], counts["refused"] + counts["skipped"]) == (0, 2)
    assert directory.users.count() == 0


@cell
def utf_16(row, take, directory):
    """As Windows PowerShell's > writes it."""
    assert take([row.user(), row.user()], encoding="utf-16")["created"] == 2
    assert row.nameless or {user.name for user in directory.users.iterate()} == {NAME}


@cell
def taken_phone(row, take, directory):
    """Costs itself, whether a colleague in the file or somebody in the directory has it."""
    directory.users.create(phone=PHONE)
    counts = take([row.user(phone=PHONE), row.user(phone="+442079460124"), row.user(phone="+442079460124")])
    assert (counts["created"], counts["refused"]) == (3, 0)
    phones = sorted(user.phone or "" for user in directory.users.iterate())
    assert phones == ["", "", PHONE, "+442079460124"]


@cell
def odd_id(row, take, directory):
    """Stays as it is."""
    counts = take([row.user(id=id) for id in ODD_IDS])
    assert (counts["created"], counts["refused"]) == (len(ODD_IDS), 0)
    assert {user.id for user in directory.users.iterate()} == set(ODD_IDS)


@cell
def duplicate_in_the_file(row, take, directory):
    """The first comes in, the second is counted."""
    record = row.user()
    counts = take([record, row.user(), record])
    assert (counts["created"], counts["skipped"] + counts["refused"]) == (2, 1)


@cell
def imported_twice(row, take, directory):
    """Changes nothing the second time."""
    records = [row.user(), row.user()]
    assert take(records)["created"] == 2
    before = list(directory.users.iterate())
    counts = take(records)
    assert (counts["created"], counts["updated"], counts["refused"], counts["skipped"]) == (0, 0, 0, 2)
    assert list(directory.users.iterate()) == before


# The rows


# As firebase-admin has it; many systems call an email so.
STRANGER = {"uid": "alice1", "email": "alice@example.com", "customClaims": {"role": "admin"}}


@dataclass
class Row:
    """A source's sample record, and where in it things stand.

    write: its format. bad: a place, and what cannot be taken there. stranger: a record of none of its shapes. without:
    by cell, why it cannot be tried. nameless: whether it has no names of people.
    """

    record: dict
    write: object = as_json
    unread: tuple = ("marker",)
    bad: tuple = ()
    stranger: dict = field(default_factory=lambda: STRANGER)
    options: dict = field(default_factory=dict)
    without: dict = field(default_factory=dict)
    nameless: bool = False
    numbers: count = field(default_factory=lambda: count(1))

    def user(self, **values):
        """Another user of that shape."""
        number = next(self.numbers)
        given = {
            "id": f"u{number}",
            "email": f"u{number}@example.com",
            "phone": f"+4420794602{number:02}",
            "name": NAME,
        }
        return filled(self.record, given | values)

    def changed(self, record, path, value):
        """The record with that value in that place."""
        name, *rest = path
        inner = record.get(name)
        return record | {name: self.changed(inner, rest, value) if rest else value}


def filled(template, values):
    if isinstance(template, dict):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if isinstance(template, str) and template.startswith("{") and template.endswith("}"):
        return values[template[1:-1]]
    return template.format(**values) if isinstance(template, str) and "{" in template else template


NO_PHONE = "its records have no phone"
ANY_SHAPE = {"wrong shape": "every shape is its own, and what it does not know is told"}

TABLE = {
    "authctl": Row(
        {"id": "{id}", "name": "{name}", "email": "{email}", "phone": "{phone}", "labels": ["a"], "prefs": {"a": 1}},
        as_lines,
        bad=(("phone",), "call me"),
        without=ANY_SHAPE,
    ),
    "csv": Row(
        {"id": "{id}", "name": "{name}", "email": "{email}", "phone": "{phone}"},
        as_csv,
        bad=(("phone",), "call me"),
        without=ANY_SHAPE,
    ),
    "appwrite": Row(
        {
            "$id": "{id}",
            "$createdAt": "2024-03-01T10:00:00.000+00:00",
            "name": "{name}",
            "email": "{email}",
            "phone": "{phone}",
            "status": True,
            "emailVerification": True,
            "password": BCRYPT,
            "hash": "bcrypt",
        },
        as_users,
        bad=(("phone",), "call me"),
    ),
    "supabase": Row(
        {
            "id": "{id}",
            "aud": "authenticated",
            "email": "{email}",
            "encrypted_password": BCRYPT,
            "phone": "{phone}",
            "raw_user_meta_data": {"full_name": "{name}"},
            "instance_id": "",
        },
        as_csv,
        bad=(("phone",), "call me"),
    ),
    "firebase": Row(
        {"localId": "{id}", "email": "{email}", "displayName": "{name}", "phoneNumber": "{phone}", "createdAt": "1"},
        as_users,
        stranger={"id": "alice1", "email": "alice@example.com", "plan": "pro"},
        options={"hash_config": HASH_CONFIG},
        bad=(("phoneNumber",), "call me"),
    ),
    "auth0": Row(
        {"user_id": "{id}", "email": "{email}", "name": "{name}", "phone_number": "{phone}", "email_verified": True},
        bad=(("phone_number",), "call me"),
    ),
    "keycloak": Row(
        {
            "id": "{id}",
            "username": "{email}",
            "email": "{email}",
            "lastName": "{name}",
            "createdTimestamp": 1700000000004,
            "attributes": {"phoneNumber": ["{phone}"]},
        },
        as_users,
        bad=(("attributes", "phoneNumber"), "call me"),
    ),
    "cognito": Row(
        {"sub": "{id}", "cognito:username": "{id}", "email": "{email}", "name": "{name}", "phone_number": "{phone}"},
        as_csv,
        bad=(("phone_number",), "call me"),
    ),
    "okta": Row(
        {
            "id": "{id}",
            "status": "ACTIVE",
            "created": "2022-01-10T12:00:00.000Z",
            "profile": {"login": "{email}", "email": "{email}", "displayName": "{name}", "mobilePhone": "{phone}"},
            "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
        },
        bad=(("profile", "mobilePhone"), "call me"),
    ),
    "clerk": Row(
        {
            "id": "{id}",
            "first_name": "{name}",
            "last_name": "",
            "username": "",
            "primary_email_address": "{email}",
            "primary_phone_number": "{phone}",
            "verified_phone_numbers": "",
            "totp_secret": "",
            "password_digest": BCRYPT,
            "password_hasher": "bcrypt",
        },
        as_csv,
        bad=(("primary_phone_number",), "call me"),
    ),
    "django": Row(
        {
            "model": "auth.user",
            "pk": "{id}",
            "fields": {
                "password": f"bcrypt${BCRYPT}",
                "last_login": None,
                "first_name": "{name}",
                "email": "{email}",
                "phone": "{phone}",
                "is_active": True,
            },
        },
        unread=("fields", "marker"),
        bad=(("fields", "phone"), "call me"),
    ),
    "kratos": Row(
        {
            "id": "{id}",
            "schema_id": "default",
            "traits": {"email": "{email}", "phone": "{phone}", "name": "{name}"},
        },
        bad=(("traits", "phone"), "call me"),
    ),
    "htpasswd": Row(
        {"user": "{id}", "hash": BCRYPT},
        as_htpasswd,
        stranger={"user": "alice1 alice@example.com"},
        nameless=True,
        without={
            "unread fields": "a line has a name and a hash alone",
            "dropped values": "the name is all that is left of a line without its hash",
            "taken phone": NO_PHONE,
            "odd id": "its records have no id",
        },
    ),
    "ldif": Row(
        {
            "dn": "uid={id},dc=example,dc=com",
            "objectClass": "inetOrgPerson",
            "entryUUID": "{id}",
            "cn": "{name}",
            "mail": "{email}",
            "mobile": "{phone}",
        },
        as_ldif,
        bad=(("mobile",), "call me"),
        stranger={"dn": "cn=printer,dc=example,dc=com", "objectClass": "device", "cn": "printer"},
    ),
    "json": Row(
        {"id": "{id}", "email": "{email}", "name": "{name}", "phone": "{phone}"},
        bad=(("phone",), "call me"),
        options={"map": "id=id,email=email,name=name,phone=phone"},
        without=ANY_SHAPE,
    ),
    "wordpress": Row(
        {
            "ID": "{id}",
            "user_login": "{id}",
            "user_email": "{email}",
            "display_name": "{name}",
            "user_registered": "2024-01-01 00:00:00",
            "roles": "editor",
        },
        bad=(("user_login",), "with a blank"),
        without={"taken phone": NO_PHONE, "odd id": "its ids are numbers"},
    ),
}


def cells_of(name):
    return [cell for cell in CELLS if name in TABLE and cell not in TABLE[name].without]


@pytest.fixture
def database_url(request, tmp_path):
    """SQLite, but where a test asks for both."""
    if getattr(request, "param", "sqlite") == "postgres":
        return request.getfixturevalue("ready_postgres_url")
    return f"sqlite:///{tmp_path}/directory/authctl.db"


@pytest.fixture
def take(directory, tmp_path):
    """Imports records of a row, and answers what was counted."""
    numbers = count(1)

    def taking(name):
        row = TABLE[name]

        def run(records, encoding="utf-8", unmapped=None, **options):
            path = tmp_path / f"users{next(numbers)}"
            path.write_bytes(row.write(records).encode(encoding))
            asked = row.options | ({"unmapped": unmapped} if unmapped else {})
            settings = importing.Options(**options)
            return importing.import_users(
                directory, [str(path)], source=name, source_options=asked, options=settings
            ).counts

        run.lost_anyway = lambda counts: [each for each in counts["lost"] if each["type"] != "import_field_unread"]
        return run

    return taking


def test_every_source_is_in_the_table():
    assert sources.NAMES.keys() == TABLE.keys()
    for name, row in TABLE.items():
        assert row.without.keys() <= CELLS.keys(), name
        assert all(row.without.values()), name


@pytest.mark.parametrize(("name", "cell"), [(name, cell) for name in sources.NAMES for cell in cells_of(name)])
def test_each_cell(take, directory, name, cell):
    CELLS[cell](TABLE[name], take(name), directory)


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("cell", cells_of("keycloak"))
def test_a_row_on_both_databases(take, directory, cell):
    CELLS[cell](TABLE["keycloak"], take("keycloak"), directory)
