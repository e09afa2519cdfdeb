"""What leaves comes back: our own export imported into an empty directory, and exported again, is the same bytes.

AUTHCTL_TEST_ROUND_TRIP_USERS makes more of it, such as 10,000.
"""

import itertools
import json
import os
import string
from datetime import UTC, datetime, timedelta

import pytest
from conftest import CHEAP, START, Clock, Dice
from doubles import people
from doubles.hashes import STORED
from doubles.values import JSON, TEXT
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from authctl.core import hashing
from authctl.core.directory import opening
from authctl.core.hashing import registry
from authctl.core.hashing.hmacs import Hmac
from authctl.core.maintenance import setup
from authctl.core.values import identifiers
from authctl.core.work.unit import Actor
from authctl.errors import Invalid
from authctl.model import ImportStatus, Status
from authctl.settings import load
from authctl.transfer import targets
from authctl.transfer.exporting import Exports
from authctl.transfer.importing import Options, import_users
from authctl.transfer.records import ImportedTotp, Linked

COUNT = int(os.environ.get("AUTHCTL_TEST_ROUND_TRIP_USERS", "600"))
DRAWN = max(COUNT // 10, 500)
BATCH = COUNT // 2
TEAMS = ("Maths", "Maths", 'Zoë\'s, "李"/=1+1')  # two of one name
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=36)
SECONDS = int((START - EPOCH).total_seconds())
BEFORE = (EPOCH - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
TIME = (st.integers(0, SECONDS * 1000 - 1) | st.integers(-BEFORE, -1)).map(
    lambda number: EPOCH + timedelta(milliseconds=number)
)


# Each that is stored as it came, and what the weak ones become inside argon2id, at a cheap cost.
HASHES = STORED + [
    hashing.wrap(stored, parameters=CHEAP, salt=bytes(16)) for stored in STORED if hashing.strength(stored) == "weak"
]


def is_username(text):
    try:
        return identifiers.username(text) == text
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
        "hash": st.none() | st.sampled_from(HASHES),
        "must_change": st.booleans(),
        "totp": st.lists(
            st.builds(
                ImportedTotp,
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
    if number < len(HASHES):  # none is left to chance
        person["hash"] = HASHES[number]
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


def opened(url, home):
    """An empty directory, with a home and a key of its own."""
    home.mkdir()
    environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
    settings = load(environ, options={"database_url": url}, system_config=os.devnull)
    directory = opening.open_directory(
        settings, Actor("tester@example.com"), clock=Clock(), random_bytes=Dice(), hash_parameters=CHEAP
    )
    setup.initialize(directory, settings)
    return directory


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A directory with many users."""
    folder = tmp_path_factory.mktemp("first")
    everybody = [arguments(person) for person in made_people(COUNT)]
    with opened(f"sqlite:///{folder}/authctl.db", folder / "home") as directory:
        directory.write(lambda work: [people.insert(work, **person) for person in everybody])
        for number, name in enumerate(TEAMS):
            directory.teams.create(name, id=f"team{number}")
        for number, person in enumerate(everybody[::10]):
            for team in range(number % (len(TEAMS) + 1)):
                roles = ["owner", "tutor"][: number % 3]
                directory.teams.create_membership(f"id:team{team}", user=f"id:{person['id']}", roles=roles)
        yield directory


def exported(directory, path, format):
    made = Exports(directory).users(format, with_hashes=True, with_secrets=True)
    with open(path, "wb") as file:
        for text in made.text():
            file.write(text.encode())
    return path.read_bytes()


def imported(directory, path):
    journal = import_users(directory, [str(path)], source="authctl", options=Options(batch=BATCH, teams=True))
    assert journal.status is ImportStatus.FINISHED
    return journal


def arguments(person):
    fields = dict(person)
    given = {name: fields.pop(name) for name in ("id", "hash", "totp", "identities", "must_change")}
    return given | {"recovery_code": False, "fields": fields}


@pytest.mark.parametrize("format", ["authctl", "csv"])
def test_what_leaves_comes_back_the_same(first, new_postgres_url, tmp_path, format):
    """SQLite → Postgres → SQLite, each with another secret key."""
    path = tmp_path / "0.export"
    before = exported(first, path, format)
    assert before.count(b"\n") >= COUNT
    for number, url in enumerate((new_postgres_url(), f"sqlite:///{tmp_path}/last/authctl.db"), 1):
        with opened(url, tmp_path / f"home{number}") as directory:
            assert imported(directory, path).counts["created"] == COUNT
            path = tmp_path / f"{number}.export"
            after = exported(directory, path, format)
        for old, new in zip(before.split(b"\n"), after.split(b"\n"), strict=True):
            assert old == new


# Other systems' files, read back as if they came from there

OPTIONS = {
    "firebase": {"signer_key": people.SIGNER_KEY, "salt_separator": "Bw==", "rounds": "8", "mem_cost": "14"},
    "django": {"groups": "labels"},
    "keycloak": {"groups": "teams"},
}


@pytest.mark.parametrize("format", [name for name in targets.NAMES if name not in ("authctl", "csv")])
def test_another_systems_file_reads_back(tmp_path, format):
    """All that the file holds, and each hash that it has, as the very same."""
    target = targets.load(format)
    hashes = spelled(target)
    assert len(hashes) >= LEAST[format]
    path = tmp_path / "export"
    with opened(f"sqlite:///{tmp_path}/a/authctl.db", tmp_path / "home") as one:
        people.everything(one, id_of(0), hash=hashes[0], must_change=True, metadata={"plan": "pro", "n": [1, None]})
        for number, hash in enumerate(hashes[1:], 1):
            people.add(one, id_of(number), username=f"u{number}", email=f"u{number}@example.com", hash=hash)
        one.teams.create("Zoë's Maths", id="maths")
        one.teams.create_membership("maths", user=id_of(0), roles=["tutor"])
        before = [json.loads(line) for line in exported(one, path, "authctl").splitlines()]
        exported(one, path, format)
        lost = losses(one, format)
    with opened(f"sqlite:///{tmp_path}/b/authctl.db", tmp_path / "other") as other:
        options = {"source_options": OPTIONS.get(format), "options": Options(teams=True)}
        journal = import_users(other, [str(path)], source=format, **options)
        assert (journal.counts["created"], journal.counts["refused"]) == (len(hashes), 0)
        after = [json.loads(line) for line in exported(other, path, "authctl").splitlines()]
    for old, new in zip(before, after, strict=True):
        for name in target.holds - lost - {"must_change"}:
            assert shown(format, new, name) == shown(format, old, name), name
        assert same_hash(old["password"]["hash"], new["password"]["hash"])
    if "must_change" in target.holds:
        assert [user["password"]["must_change"] for user in after[:2]] == [True, False]


def losses(directory, format):
    made = Exports(directory).users(format, with_hashes=True, with_secrets=True)
    assert "".join(made.text())
    return set(made.left_out)


def id_of(number):
    return f"6b1c0000-0000-4000-8000-{number:012}"


def spelled(target):
    """The hashes that the system takes, one of each source where it takes those of one source alone."""
    made = target({}, with_hashes=True, with_secrets=True)
    own = [stored for stored in STORED if people.SIGNER_KEY.rstrip("=") in stored]
    hashes = own if target is targets.load("firebase") else STORED
    return [stored for stored in hashes if made.spell(registry.parse(stored)) is not None]


LEAST = {
    "appwrite": 20, "supabase": 10, "firebase": 1, "auth0": 20, "keycloak": 10, "django": 15, "htpasswd": 8, "ldif": 15,
}  # fmt: skip


def without(*names):
    """Each object of a list, but for these members."""
    return lambda value, user: [{**each, **dict.fromkeys(names)} for each in value]


# What comes back in another way than it left: (format, field) → what is compared of it, and why.
OTHERWISE = {
    ("htpasswd", "email"): (
        lambda value, user: value if not user["username"] else None,
        "the file has one name a user",
    ),
    ("ldif", "name"): (
        lambda value, user: None if value in ("", user["username"]) else value,
        "everybody has one there",
    ),
    ("auth0", "totp"): (without("name"), "authenticators have no names there"),
    ("firebase", "identities"): (without("created_at", "email_verified"), "neither is known there"),
    ("keycloak", "identities"): (without("created_at", "email_verified"), "neither is known there"),
    ("keycloak", "memberships"): (without("team_id", "roles", "joined_at"), "a group is a name, and who is in it"),
    ("django", "labels"): (lambda value, user: sorted(value), "flags come before groups"),
}


def shown(format, user, name):
    compared, _ = OTHERWISE.get((format, name), (lambda value, user: value, ""))
    return compared(user[name], user)


def same_hash(old, new):
    old, new = registry.parse(old), registry.parse(new)
    salt = "key" if isinstance(old, Hmac) else "salt"
    return (type(old), old.expected, getattr(old, salt)) == (type(new), new.expected, getattr(new, salt))
