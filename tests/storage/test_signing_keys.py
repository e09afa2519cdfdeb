"""Signing keys as they are stored, on both databases."""

from datetime import timedelta

import pytest

from authctl import storage
from authctl.model import SigningKey

JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


@pytest.fixture
def keys(directory, clock):
    """Three keys, the oldest first."""
    made = [SigningKey(name, "EdDSA", JWK, name.encode(), clock.now) for name in ("one", "two", "three")]
    for key in made:
        directory.write(lambda work, key=key: storage.signing_keys.insert(work.db, key))
    return made


def test_keys_are_listed_newest_first(directory, keys):
    assert directory.read(lambda work: storage.signing_keys.list_all(work.db)) == keys[::-1]
    assert directory.read(lambda work: storage.signing_keys.list_live(work.db)) == keys[::-1]
    assert directory.read(lambda work: storage.signing_keys.find(work.db, "two")) == keys[1]
    assert directory.read(lambda work: storage.signing_keys.find(work.db, "four")) is None


def test_a_retired_key_has_lost_its_private_half(directory, keys, clock):
    clock.forward(hours=1)
    retired = directory.write(lambda work: storage.signing_keys.retire_before(work.db, "three", work.now))
    assert retired == ["one", "two"]
    assert directory.read(lambda work: storage.signing_keys.list_live(work.db)) == keys[2:]
    one = directory.read(lambda work: storage.signing_keys.find(work.db, "one"))
    assert (one.sealed_private_key, one.retired_at, one.public_jwk) == (None, clock.now, JWK)


def test_what_is_retired_stays_retired_since_then(directory, keys, clock):
    directory.write(lambda work: storage.signing_keys.retire_before(work.db, "two", work.now))
    first = clock.now
    clock.forward(hours=1)
    assert directory.write(lambda work: storage.signing_keys.retire_before(work.db, "three", work.now)) == ["two"]
    assert directory.read(lambda work: storage.signing_keys.find(work.db, "one")).retired_at == first


def test_purge_takes_what_was_retired_by_then(directory, keys, clock):
    directory.write(lambda work: storage.signing_keys.retire_before(work.db, "three", work.now))
    early = clock.now - timedelta(milliseconds=1)
    assert directory.write(lambda work: storage.signing_keys.purge(work.db, early)) == []
    assert directory.write(lambda work: storage.signing_keys.purge(work.db, clock.now)) == ["one", "two"]
    assert directory.read(lambda work: storage.signing_keys.list_all(work.db)) == keys[2:]


def test_a_record_does_not_show_its_private_half(keys):
    assert "sealed_private_key" not in repr(keys[0])
    assert "sealed_private_key" not in keys[0].public()
