"""Whatever comes in, `accept` either takes it or raises Invalid; what it takes is stable; no password is an error."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import assume, example, given, settings, strategies as st

from authctl import errors
from authctl.core import hashing
from authctl.core.hashing import registry

VECTORS = json.loads((Path(__file__).parent / "made_vectors.json").read_text())
TEXTS = [vector["text"] for vector in VECTORS]
NAMES = sorted({entry.name for entry in registry.ENTRIES})
MARKS = sorted({*registry.STORED, *(mark for entry in registry.ENTRIES for mark in entry.marks)})
OPTIONS = sorted({option.name for entry in registry.ENTRIES for option in entry.options})
CHEAP = hashing.Parameters(time_cost=1, memory_cost=64, parallelism=1)
PASSWORDS = {vector["password"] for vector in VECTORS}
# One stored hash of each algorithm, the quick ones.
ONE_EACH = {
    vector["algorithm"]: hashing.accept(vector["text"], vector["name"], vector["options"]).stored
    for vector in VECTORS
    if "32768" not in vector["text"]
}

anything = st.text(st.characters(), max_size=80)
names = st.none() | st.sampled_from(NAMES) | anything
options = st.dictionaries(st.sampled_from(OPTIONS), anything | st.sampled_from(["1", "hex", "base64", "16384", "sha1"]))


def try_to_accept(text: str, name: str | None, given_options: dict[str, str]) -> None:
    try:
        imported = hashing.accept(text, name, given_options)
    except errors.Invalid:
        return
    assert hashing.accept(imported.stored) == imported
    assert hashing.holds_key(imported.stored) == imported.holds_key


@given(anything, names, options)
def test_garbage_is_refused(text: str, name: str | None, given_options: dict[str, str]) -> None:
    try_to_accept(text, name, given_options)


@given(st.sampled_from(MARKS), anything)
def test_garbage_behind_a_known_beginning_is_refused(mark: str, rest: str) -> None:
    try_to_accept(mark + rest, None, {})


@given(st.data(), st.sampled_from([*TEXTS, *ONE_EACH.values()]), names)
@settings(max_examples=300)
def test_a_damaged_hash_is_refused_or_taken_as_what_it_now_is(data: st.DataObject, text: str, name: str | None) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))
    piece = data.draw(st.text("0123456789$,=:{}./+-AZaz!é\0", max_size=4))
    try_to_accept(text[:start] + piece + text[end:], name, {})


@given(st.sampled_from(sorted(ONE_EACH)), anything)
@settings(max_examples=60)
def test_no_password_is_an_error(algorithm: str, password: str) -> None:
    assert hashing.verify(ONE_EACH[algorithm], password) in (False, password in PASSWORDS)


@given(st.text(max_size=80), st.binary(min_size=16, max_size=16))
@settings(max_examples=30)
def test_every_password_matches_its_own_hash(password: str, salt: bytes) -> None:
    stored = hashing.hash_new(password, parameters=CHEAP, salt=salt)
    assert hashing.verify(stored, password)
    assert hashing.accept(stored).stored == stored


SALT = "c2FsdHNhbHRzYWx0"
KEY = "A" * 43
FIREBASE = {"salt": "c2FsdA==", "salt_separator": "Bw==", "signer_key": "A" * 43 + "="}
QUICK = 1 << 17  # N·r·p


@given(cost=st.integers(1, 18), block=st.integers(1, 32), parallel=st.integers(1, 16))
@example(cost=15, block=1, parallel=1)
@example(cost=16, block=1, parallel=1)
@settings(max_examples=60, deadline=None)
def test_every_scrypt_that_is_taken_can_be_verified(cost: int, block: int, parallel: int) -> None:
    assume(block * parallel << cost <= QUICK)
    check_taken(f"$scrypt$ln={cost},r={block},p={parallel}${SALT}${KEY}", None, {})


@given(cost=st.integers(1, 17), rounds=st.integers(1, 8))
@example(cost=16, rounds=1)
@settings(max_examples=30, deadline=None)
def test_every_hash_of_firebase_that_is_taken_can_be_verified(cost: int, rounds: int) -> None:
    assume(rounds << cost <= QUICK)
    check_taken("A" * 43 + "=", "firebase-scrypt", FIREBASE | {"rounds": str(rounds), "mem_cost": str(cost)})


@given(memory=st.integers(1, 256), time=st.integers(1, 4), lanes=st.integers(1, 16), salt=st.integers(8, 24))
@example(memory=128, time=1, lanes=16, salt=8)
@settings(max_examples=60, deadline=None)
def test_every_argon2_that_is_taken_can_be_verified(memory: int, time: int, lanes: int, salt: int) -> None:
    for kind in ("i", "d", "id"):
        check_taken(f"$argon2{kind}$v=19$m={memory},t={time},p={lanes}${'A' * salt}${KEY}", None, {})


def check_taken(text: str, name: str | None, given_options: dict[str, str]) -> None:
    try:
        stored = hashing.accept(text, name, given_options).stored
    except errors.Invalid:
        return
    assert not hashing.verify(stored, "not the password")
