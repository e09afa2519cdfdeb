"""The digests of events, and the key that they are made with."""

import hashlib
import hmac
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.statements import statements
from hypothesis import given, strategies as some

from authctl import storage
from authctl.core.crypto import log_digests
from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.maintenance import key_rotation
from authctl.core.work.unit import Actor
from authctl.errors import Unavailable
from authctl.model import EventName
from authctl.storage.events import EventRow

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"
KEY = bytes(range(32))

texts = some.text(max_size=6) | some.sampled_from(["", "1", "n:", "s1:1", "i1:1", "b0:", ":", "s", "\ud800", "\x00"])
cells = some.none() | texts | some.integers() | some.binary(max_size=6) | some.sampled_from([b"1", b"", 1, -1])


def identity(value):
    """A value with its type: True is not 1, and text is not bytes, even where Python thinks so."""
    return type(value), value


@given(some.lists(cells, max_size=5), some.lists(cells, max_size=5))
def test_two_different_lists_of_values_never_have_the_same_encoding(one, two):
    same = list(map(identity, one)) == list(map(identity, two))
    assert (log_digests.encoding(one) == log_digests.encoding(two)) == same


@given(some.lists(cells, max_size=8))
def test_an_encoding_gives_back_what_it_was_made_of(values):
    octets, found = log_digests.encoding(values), []
    while octets:
        head, _, rest = octets.partition(b":")
        if head == b"n":
            found.append(None)
            octets = rest
            continue
        size = int(head[1:])
        kind, body, octets = head[:1], rest[:size], rest[size:]
        made = {b"s": lambda body: body.decode(errors="surrogatepass"), b"i": int, b"b": bytes}[kind](body)
        found.append(made)
    assert found == values


def test_text_that_moves_from_one_column_to_the_next_is_another_event():
    row = EventRow("1", 0, "ada", "ada", "users.create", "users/1", None, "{}", None, None)
    others = [
        row._replace(actor="adaa", os_user="da"),
        row._replace(os_user=None),
        row._replace(os_user=""),
        row._replace(user_id="{}", details="null"),
        row._replace(ip="", reason=None),
        row._replace(time="0"),
        row._replace(id=1),
        row._replace(details='{"a":1}'),
    ]
    assert len({log_digests.event_digest(KEY, each) for each in [row, *others]}) == 1 + len(others)


def test_the_digest_is_an_hmac_of_every_column():
    row = EventRow("1", 5, "ada", None, "users.create", "users/1", None, "{}", None, None)
    message = b"s16:authctl event v1s1:1i1:5s3:adan:s12:users.creates7:users/1n:s2:{}n:n:"
    assert log_digests.event_digest(KEY, row) == hmac.digest(KEY, message, hashlib.sha256)


# The key


def stored(directory):
    return directory.read(lambda work: list(storage.log_rows.list_rows(work.db)))


@pytest.fixture
def opened(settings, clock, dice):
    """Opens the same directory as other processes do."""
    directories = []

    def open_it():
        opened = opening.open_directory(
            settings, Actor("other@example.com"), clock=clock, random_bytes=dice, hash_parameters=CHEAP
        )
        directories.append(opened)
        return opened

    yield open_it
    for each in directories:
        each.close()


def test_every_event_has_its_digest_from_the_first_on(directory):
    directory.users.create(id="ada", password=PASSWORD)
    directory.sessions.create("ada", PASSWORD)
    key = directory.find_log_key()
    rows = stored(directory)
    assert [row.name for _, row, _ in rows] == ["directory.create", "users.create", "users.sessions.create"]
    assert all(digest == log_digests.event_digest(key, row) for _, row, digest in rows)


def test_the_key_is_read_once_for_a_directory_and_its_copies(directory, opened):
    directory.users.create(id="ada", password=PASSWORD)
    other = opened()
    requests = [other.from_request(f"192.0.2.{number}", None) for number in range(4)]
    sent = []
    for each in requests:
        with statements() as found:
            each.sessions.create("ada", PASSWORD)
        sent.append(found)
    assert [sum("peppers" in statement for statement in each) for each in sent] == [1, 0, 0, 0]
    # A first sign-in begins with what the others know.
    assert len(sent[1]) == len(sent[2]) == len(sent[3]) < len(sent[0])


def test_a_new_secret_key_leaves_the_log_key_as_it_is(directory, opened, settings):
    other = opened()
    other.users.create(id="ada")  # knows the key from now on
    before = directory.find_log_key()
    sealed = directory.read(lambda work: storage.sealed_keys.find_log_key(work.db))
    key_rotation.rotate_key(directory, settings)
    assert directory.read(lambda work: storage.sealed_keys.find_log_key(work.db)) != sealed
    other.users.create(id="bob")
    late = opened()
    late.users.create(id="eve")
    assert late.find_log_key() == before
    assert [digest == log_digests.event_digest(before, row) for _, row, digest in stored(directory)] == [True] * 5


def test_a_directory_that_opened_before_a_rotation_and_writes_after_it_finds_the_key(directory, opened, settings):
    other = opened()
    assert other.key == directory.key  # its state is that of before
    key_rotation.rotate_key(directory, settings)
    other.users.create(id="ada")
    assert other.find_log_key() == directory.find_log_key()


def without_key(directory):
    """The directory as it is after the schema was upgraded by hand: no key, no seal, no digest."""

    def step(db):
        for statement in (
            "DELETE FROM peppers WHERE id = 'audit_log'",
            "DELETE FROM log_seals",
            "UPDATE events SET digest = NULL",
        ):
            db.sqlalchemy.exec_driver_sql(statement)

    directory.database.write(step)
    directory.forget()


def test_a_key_that_is_missing_is_made_with_the_first_event(directory, opened):
    directory.users.create(id="ada")
    without_key(directory)
    opened().users.create(id="bob", password=PASSWORD)
    key = directory.find_log_key()
    assert [digest == log_digests.event_digest(key, row) for _, row, digest in stored(directory)] == [
        False,
        False,
        True,
    ]
    [(seal, digest)] = directory.read(lambda work: list(storage.log_seals.list_(work.db)))
    assert (seal.number, seal.behind, seal.up_to, seal.events) == (1, None, 2, 2)
    assert digest == log_digests.seal_digest(key, seal)


def test_a_key_that_was_made_in_vain_is_not_known(directory):
    directory.users.create(id="ada")
    without_key(directory)
    directory.acting(directory.actor, dry_run=True).users.create(id="bob")
    with pytest.raises(RuntimeError):
        directory.write(lambda work: fail(work.record(EventName.SECURITY_PURGE, "tokens")))
    assert directory.find_log_key() is None
    directory.users.create(id="bob")
    key = directory.find_log_key()
    assert [digest == log_digests.event_digest(key, row) for _, row, digest in stored(directory)][-1]


def fail(recorded):
    raise RuntimeError(recorded)


def test_many_who_make_the_key_at_once_have_one(directory, settings, clock):
    without_key(directory)

    def write(number):
        actor = Actor(f"writer{number}@example.com")
        with opening.open_directory(settings, actor, clock=clock, random_bytes=os.urandom) as other:
            other.users.create(id=f"user{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    key = directory.find_log_key()
    rows = stored(directory)
    assert [digest == log_digests.event_digest(key, row) for _, row, digest in rows] == [False] + [True] * 4
    assert len(directory.read(lambda work: list(storage.log_seals.list_(work.db)))) == 1


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM peppers WHERE id = 'audit_log'", "UPDATE peppers SET sealed_key = (SELECT digest FROM log_seals)"],
    ids=["gone", "changed"],
)
def test_nothing_is_written_with_another_key_once_there_was_one(directory, opened, statement):
    """Whoever takes the key away gets no fresh one, with which all would look good."""
    directory.users.create(id="ada")
    directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql(statement))
    before = stored(directory)
    with pytest.raises(Unavailable) as refused:
        opened().users.create(id="bob")
    assert refused.value.type == "general_secret_damaged"
    assert stored(directory) == before


def test_the_log_key_is_nowhere_in_the_clear(directory):
    key = directory.find_log_key()
    held = directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql("SELECT id, sealed_key FROM peppers").all())
    assert [id for id, _ in held] == ["audit_log"]
    assert key not in bytes(held[0][1])
    shown = directory.write(lambda work: f"{work!r} {directory._known!r}")
    assert repr(key)[2:-1] not in shown


# Seals


def test_the_digest_of_a_seal_says_what_kind_it_is():
    """By the bytes that older versions have made it of: what they sealed is good for ever."""
    seal = storage.log_seals.SealRow(2, None, 7, 3, b"\x01", b"\x02", 5)
    message = b"s15:authctl seal v1i1:2n:i1:7i1:3b1:\x01b1:\x02i1:5"
    assert log_digests.seal_digest(KEY, seal) == hmac.digest(KEY, message, hashlib.sha256)
    cut = hmac.digest(KEY, message.replace(b"s15:authctl seal v1", b"s14:authctl cut v1"), hashlib.sha256)
    assert log_digests.seal_kind(KEY, seal, log_digests.seal_digest(KEY, seal)) == log_digests.SEAL
    assert log_digests.seal_kind(KEY, seal, cut) == log_digests.CUT
    assert log_digests.seal_kind(KEY, seal._replace(up_to=8), cut) is None
    assert log_digests.seal_kind(KEY, seal, None) is None
