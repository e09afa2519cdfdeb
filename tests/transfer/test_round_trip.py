"""What leaves comes back: our own export imported into an empty directory, and exported again, is the same bytes."""

import itertools
import os
import string
from datetime import UTC, datetime, timedelta

import pytest
from conftest import CHEAP, START
from doubles import people
from doubles.hashes import STORED
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from authctl.core import hashing, setup, values
from authctl.core.work import Actor
from authctl.errors import Invalid
from authctl.model import ImportStatus, Status
from authctl.settings import load
from authctl.transfer.engine import import_users
from authctl.transfer.export import Exports
from authctl.transfer.records import Linked, Totp

DRAWN = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=36)
SECONDS = int((START - EPOCH).total_seconds())
TIME = st.integers(0, SECONDS * 1000 - 1).map(lambda number: EPOCH + timedelta(milliseconds=number))
NUMBER = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | NUMBER | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=4,
    ),
    max_size=3,
)


# What weak hashes become inside argon2id, at a cheap cost.
WRAPPED = [
    hashing.wrap(stored, parameters=CHEAP, salt=bytes(16)) for stored in STORED if hashing.strength(stored) == "weak"
]


def is_username(text):
    try:
        return values.username(text) == text
    except Invalid:
        return False


USERNAME = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=12).filter(is_username)
PERSON = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._|:-]{0,100}", fullmatch=True),
        "username": st.none() | USERNAME,
        "name": TEXT,
        "email": st.none() | st.sampled_from(["o'brien+{}@example.com", "zoë{}@exämple.de", "{}.x@corp.local"]),
        "email_verified": st.booleans(),
        "phone": st.none() | st.just("+1425{:07}"),
        "phone_verified": st.booleans(),
        "until": st.none() | TIME,
        "is_blocked": st.booleans(),
        "labels": st.lists(WORD, unique=True, max_size=3).map(tuple),
        "prefs": JSON,
        "metadata": JSON,
        "mfa": st.booleans(),
        "hash": st.none() | st.sampled_from([*STORED, *WRAPPED]),
        "must_change": st.booleans(),
        "totp": st.lists(
            st.builds(
                Totp,
                st.binary(min_size=14, max_size=64),
                TEXT.filter(bool),
                st.sampled_from(["SHA1", "SHA256", "SHA512"]),
                st.integers(6, 8),
                st.integers(15, 120),
            ),
            max_size=2,
            unique_by=lambda totp: totp.name,
        ).map(tuple),
        "identities": st.lists(
            st.tuples(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), TEXT, st.booleans(), TIME),
            max_size=2,
        ),
        "created_at": TIME,
        "updated_at": TIME,
        "last_sign_in_at": st.none() | TIME,
    }
)


@pytest.fixture(scope="module")
def everybody():
    return [*made_people(10_000)]


def made_people(count):
    """Users as hypothesis makes them; what only one may have is made so by a number.

    Their values hang on nothing but themselves, so a user put together from several is another that it could have made.
    """
    drawn = []

    @settings(
        max_examples=DRAWN,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=[*HealthCheck],
    )
    @given(PERSON)
    def draw(person):
        drawn.append(person)

    draw()
    strides = dict(zip(drawn[0], itertools.count(1), strict=False))
    for number in range(count):
        turn = number // len(drawn)
        mixed = {name: drawn[(number + turn * stride) % len(drawn)][name] for name, stride in strides.items()}
        yield numbered(mixed, number)


def numbered(drawn, number):
    person = dict(drawn)
    until, is_blocked = person.pop("until"), person.pop("is_blocked")
    person["id"] = f"{person['id']}:{number}"
    if person["username"] is not None:
        person["username"] += f"~{number}"
    for kind in ("email", "phone"):
        if person[kind] is not None:
            person[kind] = person[kind].format(number)
        person[f"{kind}_verified"] &= person[kind] is not None
    if is_blocked:
        person |= {"status": Status.BLOCKED, "blocked_until": until and START + (START - until)}
    person["identities"] = tuple(
        Linked(
            provider, f"{uid}{number}/{place}", f"{number}-{place}@id.example.com" if has_email else None, created_at
        )
        for place, (provider, uid, has_email, created_at) in enumerate(person["identities"])
    )
    return person


@pytest.fixture
def new_directory(tmp_path, clock, dice):
    """Makes empty directories, each with a home and a key of its own."""
    opened = []

    def make(url):
        home = tmp_path / f"home{len(opened)}"
        home.mkdir()
        environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
        settings = load(environ, options={"database_url": url}, system_config=os.devnull)
        directory = setup.open_directory(
            settings, Actor("tester@example.com"), clock=clock, random_bytes=dice, hash_parameters=CHEAP
        )
        setup.initialize(directory, settings)
        opened.append(directory)
        return directory

    yield make
    for directory in opened:
        directory.close()


def exported(directory, path, format):
    made = Exports(directory).users(format, with_hashes=True, with_secrets=True)
    with open(path, "wb") as file:
        for text in made.text():
            file.write(text.encode())
    return path.read_bytes()


def imported(directory, path, source="authctl"):
    journal = import_users(directory, [str(path)], source=source)
    assert journal.status is ImportStatus.FINISHED
    return journal


@pytest.mark.parametrize("format", ["authctl", "csv"])
def test_what_leaves_comes_back_the_same(new_directory, new_postgres_url, everybody, tmp_path, format):
    """SQLite → Postgres → SQLite, each with another secret key."""
    count = len(everybody)
    first = new_directory(f"sqlite:///{tmp_path}/first/authctl.db")
    first.write(lambda work: [people.insert(work, **arguments(person)) for person in everybody])
    before = exported(first, tmp_path / "first.export", format)
    assert before.count(b"\n") >= count
    path = tmp_path / "first.export"
    for number, url in enumerate((new_postgres_url(), f"sqlite:///{tmp_path}/second/authctl.db")):
        directory = new_directory(url)
        assert imported(directory, path).counts["created"] == count
        path = tmp_path / f"{number}.export"
        after = exported(directory, path, format)
        for old, new in zip(before.split(b"\n"), after.split(b"\n"), strict=True):
            assert old == new
        assert before == after


def arguments(person):
    fields = dict(person)
    given = {name: fields.pop(name) for name in ("id", "hash", "totp", "identities", "must_change")}
    return given | {"recovery_code": False, "fields": fields}
