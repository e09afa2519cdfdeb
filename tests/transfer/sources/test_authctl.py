"""Our own export comes back the same, from JSON Lines and from CSV."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from authctl.transfer import sources
from authctl.transfer.records import ImportedTotp, Linked, Record, Refused, Secret
from authctl.transfer.sources import authctl, field_reader

ARGON2 = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA"
ADA = {
    "id": "ada",
    "username": "ada",
    "name": 'Ada, "the" first\nof Lovelace',
    "email": "ada@example.com",
    "email_verified": True,
    "phone": "+442079460123",
    "phone_verified": False,
    "status": "blocked",
    "blocked_until": "2030-01-02T03:04:05.678Z",
    "labels": ["vip", "beta"],
    "prefs": {"theme": "dark", "count": 3},
    "metadata": {"plan": None},
    "locale": "de",
    "mfa": True,
    "password": {
        "hash": ARGON2,
        "algorithm": "argon2id",
        "updated_at": "2025-01-01T00:00:00.000Z",
        "must_change": True,
    },
    "totp": [{"name": "phone", "secret": "JBSWY3DPEHPK3PXP", "algorithm": "SHA256", "digits": 8, "period": 60}],
    "identities": [
        {
            "provider": "google",
            "provider_uid": "1",
            "email": "a@gmail.com",
            "email_verified": True,
            "created_at": "2024-01-01T00:00:00.000Z",
        }
    ],
    "created_at": "2024-01-01T00:00:00.000Z",
    "updated_at": "2024-01-02T00:00:00.001Z",
    "last_sign_in_at": "2025-06-01T00:00:00.000Z",
}
BOB = {"id": "bob", "name": "", "email": None, "email_verified": False, "status": "active", "labels": [], "prefs": {}}
FULL = Record(
    at=1,
    ref="ada",
    raw=None,
    id="ada",
    username="ada",
    name=ADA["name"],
    email="ada@example.com",
    email_verified=True,
    phone="+442079460123",
    phone_verified=False,
    blocked=True,
    blocked_until=datetime(2030, 1, 2, 3, 4, 5, 678000, UTC),
    labels=("vip", "beta"),
    prefs=ADA["prefs"],
    metadata=ADA["metadata"],
    texts={"locale": "de"},
    mfa=True,
    created_at=datetime(2024, 1, 1, tzinfo=UTC),
    updated_at=datetime(2024, 1, 2, 0, 0, 0, 1000, UTC),
    last_sign_in_at=datetime(2025, 6, 1, tzinfo=UTC),
    password=Secret(ARGON2),
    password_updated_at=datetime(2025, 1, 1, tzinfo=UTC),
    must_change=True,
    totp=[ImportedTotp(b"Hello!\xde\xad\xbe\xef", "phone", "SHA256", 8, 60)],
    identities=[Linked("google", "1", "a@gmail.com", datetime(2024, 1, 1, tzinfo=UTC), True)],
)


def lines(*users):
    return "".join(json.dumps(user, ensure_ascii=False) + "\n" for user in users).encode()


def as_csv(*users):
    """The same flattened, as the export does it."""
    flat = []
    for user in users:
        row = {}
        for name, value in user.items():
            if name == "password":
                row |= {f"password.{part}": cell(inner) for part, inner in value.items()}
            else:
                row[name] = cell(value)
        flat.append(row)
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in flat for name in row))
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue().encode()


def cell(value):
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def without_raw(record):
    record.raw = None
    return record


@pytest.mark.parametrize("form", [lines, as_csv])
def test_everything_comes_back(read, form):
    [ada] = read("authctl", form(ADA))
    ada.at = 1
    assert without_raw(ada) == FULL


@pytest.mark.parametrize("form", [lines, as_csv])
def test_an_empty_name_is_a_name_and_an_empty_email_is_none(read, form):
    bob = read("authctl", form(ADA, BOB))[1]
    assert (bob.name, bob.email, bob.username, bob.blocked, bob.labels, bob.prefs) == ("", None, None, False, (), {})


def test_what_the_file_does_not_say_is_none(read):
    [bob] = read("authctl", b'{"id": "bob", "email_verified": false}')
    assert (bob.name, bob.labels, bob.prefs, bob.metadata, bob.mfa, bob.blocked) == (None, None, None, None, None, None)


def test_lines_are_counted(read):
    found = read("authctl", b"\n" + lines(ADA) + b"\n\n" + lines(BOB))
    assert [item.at for item in found] == [2, 5]
    assert [item.at for item in read("authctl", as_csv(ADA, BOB, ADA))] == [2, 4, 5]


def test_a_password_without_its_hash_is_told(read):
    shape = {"set": True, "algorithm": "argon2id", "updated_at": None, "must_change": False}
    [bob] = read("authctl", lines(BOB | {"password": shape}))
    assert bob.password is None
    assert [note.type for note in bob.notes] == ["import_password_lost"]


def test_no_password_is_nothing_to_tell(read):
    shape = {"set": False, "algorithm": None, "updated_at": None, "must_change": False}
    [bob] = read("authctl", lines(BOB | {"password": shape}))
    assert (bob.password, bob.notes) == (None, [])


def test_a_hash_that_was_taken_in_once_is_taken_in_again(read):
    text = "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"
    [bob] = read("authctl", lines(BOB | {"password": {"hash": text}}))
    assert bob.password == Secret(text, "bcrypt-2x")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": "odd"}, "status"),
        ({"name": 7}, "name"),
        ({"email": []}, "email"),
        ({"email_verified": "maybe"}, "email_verified"),
        ({"totp": [{"secret": "1"}]}, "totp"),
        ({"totp": [{}]}, "totp"),
        ({"identities": [{"provider": "google"}]}, "identities"),
    ],
)
def test_a_value_of_the_wrong_type_refuses_the_record(read, changes, field):
    found = read("authctl", lines(ADA, BOB | changes, ADA))
    assert [type(item) for item in found] == [Record, Refused, Record]
    assert (found[1].at, found[1].ref, found[1].notes[0].field) == (2, "bob", field)
    assert "hunter2" not in str(found[1])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"labels": "vip"}, "labels"),
        ({"labels": [1]}, "labels"),
        ({"prefs": [1]}, "prefs"),
        ({"totp": ["JBSWY3DPEHPK3PXP"]}, "totp"),
        ({"password": "hunter2"}, "password"),
    ],
)
def test_a_value_of_the_wrong_type_costs_itself_alone(read, changes, field):
    [bob] = read("authctl", lines(BOB | changes))
    assert [(note.type, note.field) for note in bob.notes] == [("import_value_dropped", field)]
    assert "hunter2" not in str(bob)
    assert "JBSWY3" not in str(bob)


def test_a_time_that_is_none_is_left_out_with_a_note(read):
    [bob] = read("authctl", lines(BOB | {"created_at": "yesterday"}))
    assert bob.created_at is None
    assert bob.notes[0].field == "created_at"


@pytest.mark.parametrize("form", [lines, as_csv])
def test_records_that_are_through_are_passed_over(read, form):
    assert [item.ref for item in read("authctl", form(ADA, BOB, ADA, BOB), start=3)] == ["bob"]


@pytest.mark.parametrize("form", [lines, as_csv])
def test_refused_records_are_written_as_they_stood(read, mended, form):
    whole = form(ADA, BOB)
    assert mended("authctl", read("authctl", whole)) == whole


def test_it_is_recognised():
    for form in (lines, as_csv):
        assert sources.recognise(form(ADA), "users.txt") == ["authctl"]


def test_the_manual_has_every_field_that_is_read():
    documented = {name for names in authctl.SHAPE for name in names.split(", ")}
    assert documented >= field_reader.READERS.keys() | {"status", "labels", "password", "totp", "identities"}
