"""Sealing: its formats to the byte, what it refuses, and how a directory gets a new secret key."""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from hypothesis import given, strategies as st

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.directory import opening
from authctl.core.maintenance import key_rotation
from authctl.core.work.unit import Actor
from authctl.errors import Conflict, Invalid, Unavailable
from authctl.model import Password, SigningKey
from authctl.settings import write_key_file
from authctl.storage import sealed as storage_sealed

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
NONCE = bytes(range(12))

# Made by another implementation, Node's crypto, from the description in the header of core/crypto/sealing.py.
SEALED = "01f488a024c4aa82c6000102030405060708090a0b20230fc93818ef39438677557320e89a66ddfc523648e21b"
SEALED_TEXT = "sealed:AfSIoCTEqoLGAAECAwQFBgcICQoLICMPyTgY7zlDhndVcyDommbd_FI2SOIb"
DIGEST = "90093ca41a401a108202ee1826a9c26d31aa140038b648e0d3003fe767357eee"


def test_the_formats_stay_as_another_implementation_has_them():
    assert sealing.fingerprint(KEY) == "f488a024c4aa82c6"
    assert sealing.seal(KEY, b"a secret", context="table/row", nonce=NONCE).hex() == SEALED
    assert sealing.seal_text(KEY, "a secret", context="table/row", nonce=NONCE) == SEALED_TEXT
    assert sealing.digest(KEY, "code", "123456", "ada", "email").hex() == DIGEST


@given(st.binary(), st.text(), st.binary(min_size=12, max_size=12))
def test_what_is_sealed_opens_in_its_place(plaintext, context, nonce):
    sealed = sealing.seal(KEY, plaintext, context=context, nonce=nonce)
    assert sealing.unseal(KEY, sealed, context=context) == plaintext


@given(st.text())
def test_sealed_text_says_that_it_is(text):
    sealed = sealing.seal_text(KEY, text, context="password_hash/ada", nonce=NONCE)
    assert sealing.is_sealed_text(sealed)
    assert sealing.unseal_text(KEY, sealed, context="password_hash/ada") == text
    assert not sealing.is_sealed_text("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")


def test_a_secret_opens_in_its_own_row_alone():
    sealed = sealing.seal(KEY, b"a secret", context="signing_keys/one", nonce=NONCE)
    for context in ("signing_keys/two", "signing_keys/one ", "signing_keys/on", "factors/one", ""):
        with pytest.raises(Unavailable) as refused:
            sealing.unseal(KEY, sealed, context=context)
        assert refused.value.type == "general_secret_damaged"


def test_every_changed_bit_is_noticed():
    sealed = sealing.seal(KEY, b"a secret", context="table/row", nonce=NONCE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Invalid, Unavailable)):
            sealing.unseal(KEY, bytes(changed), context="table/row")


@pytest.mark.parametrize("size", range(0, 45, 4))
def test_what_is_cut_short_is_noticed(size):
    sealed = sealing.seal(KEY, b"a secret", context="table/row", nonce=NONCE)
    with pytest.raises(Unavailable):
        sealing.unseal(KEY, sealed[:size], context="table/row")


@pytest.mark.parametrize("text", ["sealed:", "sealed:A", "sealed:AAAA", "sealed:é", "sealed:AfSIoCTEqoLGAAEC"])
def test_text_that_is_not_sealed_is_noticed(text):
    with pytest.raises(Unavailable):
        sealing.unseal_text(KEY, text, context="table/row")


def test_another_key_is_told_by_the_names_of_both_and_nothing_else():
    sealed = sealing.seal(KEY, b"a secret", context="table/row", nonce=NONCE)
    with pytest.raises(Invalid) as refused:
        sealing.unseal(OTHER, sealed, context="table/row")
    assert refused.value.type == "general_key_mismatch"
    assert sealing.fingerprint(KEY) in refused.value.message
    assert sealing.fingerprint(OTHER) in refused.value.message
    assert KEY.hex() not in repr(refused.value)


def test_each_list_of_parts_has_a_digest_of_its_own():
    parts = [(), ("",), ("", ""), ("ab",), ("a", "b"), ("", "ab"), ("ab", ""), ("b", "a")]
    digests = {sealing.digest(KEY, purpose, *some) for some in parts for purpose in ("code", "other")}
    assert len(digests) == 2 * len(parts)
    assert sealing.digest(KEY, "code", "a") == sealing.digest(KEY, "code", b"a") != sealing.digest(OTHER, "code", "a")


@given(st.binary(min_size=32, max_size=32), st.text(max_size=40))
def test_subkeys_are_those_of_rfc_5869(key, purpose):
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    label = f"authctl {purpose} v1".encode()
    assert sealing._subkey(key, purpose) == HKDF(SHA256(), 32, None, label).derive(key)


# In a directory

HASH = "$firebase-scrypt$…$the-signer-key-of-the-source$…"


def _sealed(work, context, text):
    return sealing.seal_text(work.key, text, context=context, nonce=work.random(sealing.NONCE_SIZE))


def _store_secrets(work, user):
    """A signing key, and a sealed hash: the one that holds, and one before it."""
    private = sealing.seal(work.key, b"private", context="signing_keys/k", nonce=work.random(sealing.NONCE_SIZE))
    storage.signing_keys.insert(work.db, SigningKey("k", "EdDSA", {"kty": "OKP"}, private, work.now))
    password = Password(_sealed(work, f"password_hash/{user.id}", HASH), "firebase-scrypt", work.now)
    storage.users.update(work.db, user, replace(user, password=password))
    before = {"hash": _sealed(work, f"password_hash/{user.id}", HASH + "1"), "created_at": work.now}
    work.db.sqlalchemy.execute(storage.tables.password_history.insert().values(user_seq=user.seq, **before))


def _read_secrets(work, key):
    stored = storage.users.find(work.db, "id", "ada")
    history = work.db.sqlalchemy.execute(storage.tables.password_history.select()).one()
    signing_key = storage.signing_keys.find(work.db, "k")
    return (
        sealing.unseal(key, signing_key.sealed_private_key, context="signing_keys/k"),
        sealing.unseal_text(key, stored.password.hash, context="password_hash/ada"),
        sealing.unseal_text(key, history.hash, context="password_hash/ada"),
    )


SECRETS = (b"private", HASH, HASH + "1")


def test_a_new_key_opens_all_that_the_old_one_sealed(directory):
    directory.users.create(id="bob", password="correct horse battery")
    user = directory.users.create(id="ada")
    directory.write(_store_secrets, user)
    bob, old_key = directory.users.get("bob"), directory.key
    assert directory.write(key_rotation.reseal_all, old_key, OTHER) == 4
    assert directory.read(_read_secrets, OTHER) == SECRETS
    with pytest.raises(Invalid):
        directory.read(_read_secrets, old_key)
    assert directory.users.get("bob") == bob


def test_a_new_key_reaches_every_row_of_a_large_directory(directory, monkeypatch):
    monkeypatch.setattr(storage_sealed, "BATCH", 3)
    users = [directory.users.create(id=f"user{number}") for number in range(10)]

    def store(work):
        for user in users[::2] + users[7:8]:
            password = Password(_sealed(work, f"password_hash/{user.id}", user.id), "firebase-scrypt", work.now)
            storage.users.update(work.db, user, replace(user, password=password))

    directory.write(store)
    assert directory.write(key_rotation.reseal_all, directory.key, OTHER) == 7
    for user in users[::2] + users[7:8]:
        stored = directory.users.get(user.id).password.hash
        assert sealing.unseal_text(OTHER, stored, context=f"password_hash/{user.id}") == user.id


def test_a_damaged_secret_stops_the_new_key_and_nothing_has_changed(directory):
    user = directory.users.create(id="ada")
    directory.write(_store_secrets, user)
    history = storage.tables.password_history
    swapped = directory.write(lambda work: _sealed(work, "password_hash/bob", HASH))
    directory.write(
        lambda work: work.db.sqlalchemy.execute(
            history.insert().values(user_seq=user.seq, hash=swapped, created_at=work.now)
        )
    )
    with pytest.raises(Unavailable, match="password_hash/ada"):
        directory.write(key_rotation.reseal_all, directory.key, OTHER)
    directory.write(lambda work: work.db.sqlalchemy.execute(history.delete().where(history.c.hash == swapped)))
    assert directory.read(_read_secrets, directory.key) == SECRETS
    assert directory.read(lambda work: storage.state.find_key_fingerprint(work.db)) == sealing.fingerprint(
        directory.key
    )


def test_of_two_new_keys_at_once_one_is_refused(directory):
    old_key = directory.key
    directory.write(key_rotation.reseal_all, old_key, OTHER)
    with pytest.raises(Conflict) as refused:
        directory.write(key_rotation.reseal_all, old_key, KEY)
    assert refused.value.type == "general_key_changed"


def test_a_directory_that_is_open_finds_the_key_that_another_process_gave_it(directory, settings, home, clock, dice):
    """As an application that runs on, while an operator replaces the key."""
    fingerprint = sealing.fingerprint(OTHER)
    write_key_file(os.path.join(home["HOME"], ".config", "authctl", "keys", f"{fingerprint}.key"), OTHER)
    with opening.open_directory(settings, Actor("operator"), clock=clock, random_bytes=dice) as operator:
        operator.write(key_rotation.reseal_all, operator.key, OTHER)
    assert directory.write(lambda work: work.key) == OTHER
    assert directory.read(lambda work: work.key) == OTHER
    assert directory.key == OTHER


def test_without_the_new_key_nothing_is_sealed_any_more(directory):
    directory.write(key_rotation.reseal_all, directory.key, OTHER)
    with pytest.raises(Invalid) as refused:
        directory.write(lambda work: work.key)
    assert refused.value.type == "general_key_missing"
    assert sealing.fingerprint(OTHER) in refused.value.message


def test_the_key_does_not_change_under_those_who_seal_with_it(directory, settings):
    """Whoever has asked for the key lands first, so that its secrets are sealed anew, too."""

    def seal(work):
        work.key  # noqa: B018 - from here on
        with pytest.raises((sqlite3.OperationalError, psycopg.errors.LockNotAvailable)):
            _update_fingerprint_at_once(settings.database_url)

    directory.write(seal)
    _update_fingerprint_at_once(settings.database_url)


def _update_fingerprint_at_once(url):
    """What a rotation begins with, but giving up where it would have to wait."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
        with closing(connection):
            connection.execute("BEGIN IMMEDIATE")
    else:
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1 FROM directory WHERE name = 'key_fingerprint' FOR NO KEY UPDATE NOWAIT")
