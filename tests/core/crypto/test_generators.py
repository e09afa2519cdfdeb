"""Ids that sort by time, and passwords to read out; all of it from the bytes that are passed in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authctl.core.crypto import generators
from authctl.core.values import identifiers
from authctl.model import EPOCH, from_milliseconds, made_at, milliseconds

START = datetime(2026, 1, 2, tzinfo=UTC)
times = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))


def at(milliseconds):
    return START + timedelta(milliseconds=milliseconds)


def zeros(size):
    return bytes(size)


def ones(size):
    return b"\xff" * size


def test_ids_sort_by_the_millisecond_whatever_the_dice_say():
    ids = [
        generators.new_id(at(number), dice) for number in range(2000) for dice in ((zeros,) if number % 2 else (ones,))
    ]
    assert ids == sorted(ids)
    assert len({id[:9] for id in ids}) == 2000


@given(times, times, st.binary(min_size=7, max_size=7), st.binary(min_size=7, max_size=7))
def test_an_earlier_id_is_a_lesser_one(first, second, some, other):
    first, second = sorted((first, second))
    if second - first >= timedelta(milliseconds=1):
        assert generators.new_id(first, lambda size: some) < generators.new_id(second, lambda size: other)


@given(times, st.binary(min_size=7, max_size=7))
def test_ids_are_twenty_characters_that_an_id_may_have(now, some):
    id = generators.new_id(now, lambda size: some)
    assert len(id) == 20
    assert identifiers.identifier(id) == id
    assert not set(id) & set("ilouILOU")
    assert made_at(id) == from_milliseconds(milliseconds(now))


@pytest.mark.parametrize("id", ["", "ada", "Ünïcode", "0a3f1b2c-9d8e", "zzzzzzzzzzzzzzzzzzzz"])
def test_ids_from_elsewhere_have_some_time(id):
    assert made_at(id) >= EPOCH


def test_every_byte_counts():
    base = bytearray(7)
    seen = {generators.new_id(START, lambda size: bytes(base))}
    for bit in range(1, 56):  # the highest of 56 bits has no room in eleven characters of five
        changed = bytearray(7)
        changed[bit // 8] = 128 >> bit % 8
        seen.add(generators.new_id(START, lambda size, changed=changed: bytes(changed)))
    assert len(seen) == 56


@given(st.randoms(use_true_random=False), st.integers(min_value=0, max_value=64))
def test_a_password_has_every_class_and_no_character_that_is_misread(random, least):
    password = generators.new_password(random.randbytes, least)
    assert len(password) == max(least, 20)
    assert any(letter.islower() for letter in password)
    assert any(letter.isupper() for letter in password)
    assert any(letter.isdigit() for letter in password)
    assert any(not letter.isalnum() for letter in password)
    assert not set(password) & set("0O1lI")


def test_no_character_is_likelier_than_another():
    counts = dict.fromkeys(range(55), 0)
    every_byte = iter(range(256))

    def next_byte(size):
        return bytes([next(every_byte)])

    for _ in range(256 // 55 * 55):
        counts[generators._below(55, next_byte)] += 1
    assert set(counts.values()) == {256 // 55}
