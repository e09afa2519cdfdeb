"""Recovery codes and the secrets of authenticators as they are kept: the database alone opens neither."""

import math
import os
from collections import Counter
from hashlib import sha256
from pathlib import Path

import psycopg
import pyotp
import pytest
from hypothesis import given, strategies as st

from authctl import storage
from authctl.core.credentials import factors, recovery_codes
from authctl.core.crypto import sealing
from authctl.core.maintenance import key_rotation
from authctl.errors import Invalid, Unavailable
from authctl.settings import write_key_file

PASSWORD = "correct horse battery"
PEPPER, OTHER = bytes(range(32)), bytes(range(32, 64))


# Codes


def test_a_set_is_six_codes_of_more_than_64_bits():
    codes = recovery_codes.new(os.urandom)
    assert len(set(codes)) == 6
    letters = Counter("".join(recovery_codes.new(os.urandom)[0].replace("-", "") for _ in range(500)))
    assert not set(letters) & set("01oilOIL")
    assert len(letters) == 31
    assert {len(recovery_codes.normalized(code)) for code in codes} == {16}
    assert 16 * math.log2(len(letters)) > 79
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(4, 4, 4, 4)}


@given(st.randoms(use_true_random=False))
def test_a_code_is_the_same_however_it_is_typed(dice):
    [code, *_] = recovery_codes.new(dice.randbytes)
    typed = "".join(dice.choice((letter.upper(), letter, f" {letter}", f"{letter}-", f"{letter}\n")) for letter in code)
    assert recovery_codes.digest(PEPPER, "ada", typed) == recovery_codes.digest(PEPPER, "ada", code)


def test_a_digest_is_bound_to_the_user_and_the_pepper():
    digest = recovery_codes.digest(PEPPER, "ada", "3ruh-7vj8-wk9x-mqd3")
    assert digest.hex() == "1ab6a26f1983a8cde4671a903c4fa4b1f8ed36fee850a154c46c671e067c0261"
    assert recovery_codes.digest(PEPPER, "bob", "3ruh-7vj8-wk9x-mqd3") != digest
    assert recovery_codes.digest(OTHER, "ada", "3ruh-7vj8-wk9x-mqd3") != digest


# At rest


@pytest.fixture
def ada(directory, clock):
    """Ada with two factors: what makes her codes, and her recovery codes."""
    directory.users.create(id="ada", password=PASSWORD)
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    directory.mfa.verify_authenticator("ada", totp.at(clock.now))
    directory.mfa.enable("ada")
    clock.forward(seconds=30)
    return totp, directory.mfa.create_recovery_codes("ada").codes


def complete(directory, factor, code):
    secret = directory.sessions.create("ada", PASSWORD).secret
    challenge = directory.mfa.create_challenge(secret, factor)
    return directory.mfa.complete_challenge(secret, challenge.id, code)


def everything(url):
    """All that the database holds, as the files of SQLite or the rows of Postgres have it."""
    if url.startswith("sqlite"):
        database = Path(url.removeprefix("sqlite:///"))
        return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        held = b""
        for name in names:
            with connection.cursor().copy(f'COPY "{name}" TO STDOUT (FORMAT binary)') as copy:
                held += b"".join(copy)
        return held


def test_nothing_in_the_database_is_a_secret(directory, ada, database_url, clock):
    totp, codes = ada
    email = directory.users.create(id="bob", email="bob@example.com", email_verified=True, password=PASSWORD)
    secret = directory.sessions.create(email.id, PASSWORD).secret
    challenge = directory.mfa.create_challenge(secret, "email", print_secret=True)
    held = everything(database_url)
    assert b"users.mfa.recovery_codes.create" in held  # it does read what is there
    hidden = [totp.secret.encode(), totp.byte_secret(), totp.byte_secret().hex().encode(), secret.encode()]
    for code in codes:
        hidden += [code.encode(), recovery_codes.normalized(code).encode()]
    assert [each for each in hidden if each in held] == []
    assert challenge.secret is not None
    # A plain digest of a code would be found by trying all million of them; what is kept has a key in it.
    assert sha256(challenge.secret.encode()).digest() not in held


def test_a_sealed_secret_opens_in_its_own_row_alone(directory, ada, clock):
    directory.users.create(id="eve", password=PASSWORD)
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("eve").uri)
    directory.mfa.verify_authenticator("eve", totp.at(clock.now))
    clock.forward(seconds=30)
    table = storage.tables.authenticators

    def swap(work):
        (ada, eve) = work.db.sqlalchemy.execute(table.select().order_by(table.c.seq)).all()
        work.db.sqlalchemy.execute(table.update().where(table.c.seq == ada.seq).values(sealed_secret=eve.sealed_secret))

    directory.write(swap)
    with pytest.raises(Unavailable) as refused:
        complete(directory, "totp", totp.at(clock.now))
    assert refused.value.type == "general_secret_damaged"


def test_without_the_key_neither_opens(directory, ada):
    def open_(work):
        (row,) = work.db.sqlalchemy.execute(storage.tables.authenticators.select()).all()
        pepper = storage.sealed_keys.find(work.db, recovery_codes.PEPPER)
        for sealed, context in ((row.sealed_secret, f"authenticators/{row.id}"), (pepper, "peppers/recovery_codes")):
            with pytest.raises(Invalid) as refused:
                sealing.unseal(OTHER, sealed, context=context)
            assert refused.value.type == "general_key_mismatch"
            assert sealing.unseal(work.key, sealed, context=context)

    directory.read(open_)


def test_a_new_secret_key_leaves_every_factor_as_good_as_it_was(directory, ada, home, clock):
    totp, codes = ada
    write_key_file(os.path.join(home["HOME"], ".config", "authctl", "keys", f"{sealing.fingerprint(OTHER)}.key"), OTHER)
    assert directory.write(key_rotation.reseal_all, directory.key, OTHER) == 3
    assert complete(directory, "totp", totp.at(clock.now))
    assert complete(directory, "recovery_code", codes[3])
    assert directory.mfa.status("ada").recovery_codes_left == 5


def test_a_set_that_another_system_made_is_taken_in(directory, ada):
    """Shorter and in any form, as files have them."""
    directory.users.create(id="bob", password=PASSWORD)
    directory.mfa.enable("bob")

    def take_in(work):
        user = storage.users.find(work.db, "id", "bob", lock=True)
        pepper = recovery_codes.pepper(work)
        digests = [recovery_codes.digest(pepper, user.id, code) for code in ("0a1b2c3d4e", "Il0O-1234")]
        storage.recovery_codes.insert(work.db, user.seq, digests, work.now)
        storage.users.update(work.db, user, factors.reread(work, user))

    directory.write(take_in)
    for code in ("0A1B2C3D4E", "Il0O-1234"):
        secret = directory.sessions.create("bob", PASSWORD).secret
        challenge = directory.mfa.create_challenge(secret, "recovery_code")
        assert directory.mfa.complete_challenge(secret, challenge.id, code)
    assert not directory.users.get("bob").recovery_code
