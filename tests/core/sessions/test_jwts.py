"""JWTs: made, checked by this and by other implementations, and refused."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cryptography
import jwt
import pytest
from doubles.programs import program
from hypothesis import given, strategies as st

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.directory import opening
from authctl.core.maintenance import key_rotation
from authctl.core.policy import value_types
from authctl.core.sessions import jwts
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Invalid, Unavailable
from authctl.model import JwtAlgorithm, Session, SigningKey

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALGORITHMS = list(JwtAlgorithm)


def key_pair(algorithm=JwtAlgorithm.EDDSA, id="k1", seed=b"\x07"):
    """A private key, and its record."""
    private, jwk = jwts.new_key_pair(algorithm, lambda size: seed * size)
    return private, SigningKey(id, algorithm, jwk, None, NOW)


PRIVATE, KEY = key_pair()
CLAIMS = {
    "iss": "authctl",
    "aud": "shop",
    "sub": "ada",
    "sid": "s1",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 900,
    "jti": "j1",
}


def read(token, keys=(KEY,), *, issuer="authctl", audience="shop", now=NOW):
    return jwts.read(jwts.parse(token), keys, issuer=issuer, audience=audience, now=now)


def refused(token, **given):
    """The error, which says nothing of what was wrong."""
    with pytest.raises(Denied) as denied:
        read(token, **given)
    error = denied.value
    assert (error.type, error.message) == ("user_jwt_invalid", "The JWT is invalid or expired.")
    assert error.__cause__ is None
    return error


def segment(value):
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(header, payload, private=PRIVATE):
    """Any header and payload at all, signed with Ed25519."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    message = f"{segment(header)}.{segment(payload)}"
    return f"{message}.{segment(Ed25519PrivateKey.from_private_bytes(private).sign(message.encode()))}"


HEADER = {"alg": "EdDSA", "kid": "k1", "typ": "JWT"}
PAYLOAD = CLAIMS | jwts.PURPOSE


# What they look like


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_is_read(algorithm):
    private, key = key_pair(algorithm)
    found = read(jwts.sign(key, private, CLAIMS), [key])
    assert (found.user_id, found.session_id, found.id, found.key_id) == ("ada", "s1", "j1", "k1")
    assert (found.issuer, found.audience) == ("authctl", "shop")
    assert (found.issued_at, found.expires_at) == (NOW, NOW + timedelta(minutes=15))


def test_a_token_holds_what_it_is_for_and_nothing_private():
    header, payload, _ = jwts.sign(KEY, PRIVATE, CLAIMS).split(".")
    assert decoded(header) == HEADER
    assert decoded(payload) == PAYLOAD


def test_the_key_of_rfc_8037_signs_as_it_says():
    """RFC 8037, appendices A.1 to A.3."""
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    private, jwk = jwts.new_key_pair(JwtAlgorithm.EDDSA, lambda size: seed)
    assert jwk == {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    thumbprint = hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest()
    assert segment(thumbprint) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert private == seed


def test_a_key_of_p256_is_never_out_of_range():
    """FIPS 186-5 §A.2.2: candidates beyond the order are thrown again."""
    throws = iter([b"\xff" * 32, jwts._P256_ORDER.to_bytes(32, "big"), bytes(32)])
    private, jwk = jwts.new_key_pair(JwtAlgorithm.ES256, lambda size: next(throws))
    assert int.from_bytes(private, "big") == 1
    # The public key of 1 is the base point, SP 800-186 §3.2.1.3.
    assert base64.urlsafe_b64decode(jwk["x"] + "=").hex().startswith("6b17d1f2e12c4247f8bce6e563a440f2")


# What is refused


def test_a_token_expires_to_the_second():
    token = jwts.sign(KEY, PRIVATE, CLAIMS)
    read(token, now=NOW + timedelta(minutes=15, milliseconds=-1))
    refused(token, now=NOW + timedelta(minutes=15))


@pytest.mark.parametrize("audience", ["other", "shop ", "SHOP", "", None])
def test_a_token_for_another_audience_is_refused(audience):
    refused(jwts.sign(KEY, PRIVATE, CLAIMS), audience=audience)


def test_a_token_for_nobody_is_not_for_an_audience():
    token = jwts.sign(KEY, PRIVATE, {name: value for name, value in CLAIMS.items() if name != "aud"})
    refused(token)
    assert read(token, audience=None).audience is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": None},
        {"iss": ["authctl"]},
        {"token_use": "id"},
        {"token_use": None},
        {"aud": ["shop"]},
        {"aud": None},
        {"sub": None},
        {"sub": 7},
        {"sid": None},
        {"sid": ["s1"]},
        {"jti": None},
        {"exp": None},
        {"exp": str(CLAIMS["exp"])},
        {"exp": float(CLAIMS["exp"])},
        {"exp": True},
        {"exp": CLAIMS["iat"] + 3601},
        {"exp": 10**15, "iat": 10**15 - 1},
        {"iat": None},
        {"iat": CLAIMS["exp"]},
        {"iat": "0"},
    ],
)
def test_claims_that_are_not_ours_are_refused_whoever_signed_them(changes):
    payload = {name: value for name, value in (PAYLOAD | changes).items() if value is not None}
    refused(signed(HEADER, payload))


@pytest.mark.parametrize(
    "header",
    [
        HEADER | {"typ": "at+jwt"},
        HEADER | {"typ": "jwt"},
        {"alg": "EdDSA", "kid": "k1"},
        HEADER | {"kid": "k2"},
        HEADER | {"kid": "k\0"},
        HEADER | {"kid": ["k1"]},
        {"alg": "EdDSA", "typ": "JWT"},
        HEADER | {"alg": "ES256"},
        HEADER | {"alg": "none"},
        HEADER | {"alg": "eddsa"},
        HEADER | {"crit": ["exp"]},
        HEADER | {"jwk": KEY.public_jwk},
        HEADER | {"jku": "https://example.com/jwks.json"},
        HEADER | {"b64": False},
        [],
        "EdDSA",
        None,
    ],
)
def test_a_header_that_is_not_ours_is_refused_whoever_signed_it(header):
    assert read(signed(HEADER, PAYLOAD)).user_id == "ada"
    refused(signed(header, PAYLOAD))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "EdDSA", ""])
@pytest.mark.parametrize("signature", ["", "AA", "A" * 86])
def test_a_token_without_a_signature_is_refused(alg, signature):
    refused(f"{segment(HEADER | {'alg': alg})}.{segment(PAYLOAD)}.{signature}")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("form", ["PEM", "DER", "raw", "JWK"])
def test_an_hmac_made_from_the_public_key_is_refused(algorithm, form):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    _, key = key_pair(algorithm)
    public = jwt.PyJWK(key.public_jwk, algorithm=str(algorithm)).key
    secrets = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "raw": base64.urlsafe_b64decode(key.public_jwk["x"] + "="),
        "JWK": json.dumps(key.public_jwk).encode(),
    }
    for alg in ("HS256", str(algorithm)):
        message = f"{segment(HEADER | {'alg': alg})}.{segment(PAYLOAD)}"
        made = hmac.digest(secrets[form], message.encode(), hashlib.sha256)
        refused(f"{message}.{segment(made)}", keys=[key])
        refused(f"{message}.{segment(made + made)}", keys=[key])


def test_a_name_that_stands_twice_is_refused():
    text = json.dumps(PAYLOAD).encode()
    assert read(signed(HEADER, text)).user_id == "ada"
    refused(signed(HEADER, text[:-1] + b', "sub": "bob"}'))
    refused(signed(HEADER, b'{"sub": "bob", ' + text[1:]))
    refused(signed(json.dumps(HEADER).encode()[:-1] + b', "alg": "EdDSA"}', PAYLOAD))


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b"7", b'"text"', b"{", b"\xff", b"[" * 5000, b'{"exp": NaN}', b"9" * 5000]
)
def test_a_payload_that_is_no_object_is_refused_whoever_signed_it(payload):
    refused(signed(HEADER, payload))
    refused(signed(payload, PAYLOAD))


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "\0", "\ud800", " " * 9])
def test_what_is_no_token_is_refused(text):
    refused(text)


@pytest.mark.parametrize("text", [".", " ", "\n", "=", "\0", "A"])
def test_a_token_with_more_around_it_is_refused(text):
    token = jwts.sign(KEY, PRIVATE, CLAIMS)
    refused(text + token)
    refused(token + text)


def test_a_huge_token_is_refused_before_it_is_parsed():
    header, payload, signature = jwts.sign(KEY, PRIVATE, CLAIMS | {"more": "x" * 10_000}).split(".")
    refused(f"{header}.{payload}.{signature}")
    refused("A" * 10_000_000)


def test_every_changed_character_is_refused():
    token = jwts.sign(KEY, PRIVATE, CLAIMS)
    for place, letter in enumerate(token):
        if place == len(token) - 1:
            continue  # of the last one, four bits are not part of the signature
        refused(token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :])


def test_another_key_of_the_same_name_is_refused():
    other, _ = key_pair(seed=b"\x08")
    refused(signed(HEADER, PAYLOAD, private=other))
    refused(jwts.sign(KEY, PRIVATE, CLAIMS), keys=[])


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z"))
def test_no_text_breaks_it(text):
    refused(text)


# In a directory


@pytest.fixture
def user(directory):
    return directory.users.create(id="ada")


@pytest.fixture
def session(clock):
    times = {"created_at": clock.now, "used_at": clock.now, "expires_at": clock.now + timedelta(days=1)}
    return Session(1, "s1", "ada", "email", ("password",), None, None, **times)


def create(work, session, user, **given):
    return jwts.create(work, storage.signing_keys.ask_live(work.db), session, user, **given)


def verify(work, token, **given):
    return jwts.verify(work, jwts.parse(token), storage.signing_keys.list_all(work.db), **given)


@pytest.fixture
def make(directory, user, session):
    return lambda **given: directory.write(create, session, user, **given)


def test_a_directory_reads_what_it_made(directory, make, clock):
    made = make()
    found = directory.read(verify, made.jwt)
    assert (found.user_id, found.session_id, found.issuer, found.audience) == ("ada", "s1", "authctl", None)
    assert found.issued_at == clock.now.replace(microsecond=0)
    assert made.expires_at == found.expires_at == found.issued_at + timedelta(minutes=15)
    assert made.jwt not in repr(made)
    assert make().jwt != make().jwt


@pytest.mark.parametrize("sid", ["", "s1", "z" * 20, "\0", "\ud800", "é" * 20, 7])
def test_a_session_that_is_claimed_is_looked_for_whatever_it_is(directory, sid):
    """By the claim of anybody: the signature is verified afterwards."""
    with pytest.raises(Denied) as denied:
        directory.sessions.verify_jwt(signed(HEADER, PAYLOAD | {"sid": sid}))
    assert denied.value.type == "user_jwt_invalid"


def test_the_clock_of_the_directory_decides(directory, make, clock):
    made = make(duration=timedelta(hours=1))
    clock.now = made.expires_at - timedelta(milliseconds=1)
    assert directory.read(verify, made.jwt).user_id == "ada"
    clock.now = made.expires_at
    with pytest.raises(Denied):
        directory.read(verify, made.jwt)


@pytest.mark.parametrize("duration", [timedelta(0), timedelta(milliseconds=999), timedelta(hours=1, milliseconds=1)])
def test_a_token_lives_a_second_to_an_hour(make, duration):
    with pytest.raises(Invalid) as wrong:
        make(duration=duration)
    assert wrong.value.field == "duration"
    assert make(duration=timedelta(seconds=1)).expires_at < make(duration=timedelta(hours=1)).expires_at


def test_a_token_never_outlives_its_session(directory, user, session, clock):
    short = replace(session, expires_at=clock.now + timedelta(minutes=5))
    made = directory.write(create, short, user)
    assert clock.now < made.expires_at <= short.expires_at


def test_issuer_and_audience_are_the_policy_s(directory, make):
    before = make()
    directory.write(_set_policies, {"jwt-issuer": "https://id.example.com", "jwt-audience": "shop"})
    made = make()
    found = directory.read(verify, made.jwt)
    assert (found.issuer, found.audience) == ("https://id.example.com", "shop")
    assert directory.read(verify, made.jwt, audience="shop") == found
    for token, audience in ((made.jwt, "other"), (made.jwt, ""), (before.jwt, None)):
        with pytest.raises(Denied):
            directory.read(verify, token, audience=audience)


def test_the_longest_names_make_a_token_that_is_read(directory, session, clock):
    longest = "\U0001f511" * value_types.MAX_TEXT
    directory.write(_set_policies, {"jwt-issuer": longest, "jwt-audience": longest})
    user = directory.users.create(id="a" * 128)
    made = directory.write(create, session, user)
    assert directory.read(verify, made.jwt).issuer == longest


def _set_policies(work, values):
    for name, value in values.items():
        work.db.sqlalchemy.execute(storage.tables.policies.insert().values(name=name, value=value))


def test_the_first_token_makes_the_key(directory, make):
    assert directory.read(jwts.jwks) == {"keys": []}
    make()
    make()
    (key,) = directory.read(jwts.jwks)["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert _events(directory) == ["security.keys.create"]


def _events(directory):
    events = storage.tables.events
    names = directory.read(lambda work: work.db.sqlalchemy.execute(events.select().order_by(events.c.seq)).all())
    return [row.name for row in names if row.name.startswith("security.")]


def test_many_first_tokens_at_once_are_signed_by_one_key(directory, settings, user, session, clock):
    def make_one(number):
        opened = opening.open_directory(settings, Actor(f"worker{number}"), clock=clock)
        with opened:
            return [opened.write(create, session, user).jwt for _ in range(3)]

    with ThreadPoolExecutor(6) as workers:
        tokens = [token for some in workers.map(make_one, range(6)) for token in some]
    (key,) = directory.read(jwts.jwks)["keys"]
    assert {directory.read(verify, token).key_id for token in tokens} == {key["kid"]}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rotation_signs_with_the_new_key_and_takes_the_old_one_s_tokens(directory, make, clock, algorithm):
    old = make(duration=timedelta(hours=1))
    old_key = directory.read(verify, old.jwt).key_id
    key = directory.write(jwts.rotate, algorithm=algorithm)
    assert directory.read(verify, make().jwt).key_id == key.id
    assert [jwk["kid"] for jwk in directory.read(jwts.jwks)["keys"]] == [key.id, old_key]
    assert directory.read(jwts.jwks)["keys"][0]["alg"] == algorithm
    clock.now = old.expires_at - timedelta(milliseconds=1)
    assert directory.read(verify, old.jwt).key_id == old_key
    clock.forward(seconds=1)
    assert [jwk["kid"] for jwk in directory.read(jwts.jwks)["keys"]] == [key.id]
    assert directory.write(jwts.purge) == 1
    assert directory.write(jwts.purge) == 0
    assert directory.read(lambda work: storage.signing_keys.find(work.db, old_key)) is None
    assert _events(directory) == ["security.keys.create", "security.keys.create", "security.keys.rotate"]


def test_rotation_purges_what_nobody_needs(directory, make, clock):
    make()
    directory.write(jwts.rotate)
    clock.forward(hours=2)
    newest = directory.write(jwts.rotate)
    assert len(directory.read(lambda work: storage.signing_keys.list_all(work.db))) == 2
    assert directory.read(verify, make().jwt).key_id == newest.id


def test_a_key_that_others_have_is_forgotten_at_once(directory, make):
    old = make()
    key = directory.write(jwts.rotate, forget=True)
    assert [jwk["kid"] for jwk in directory.read(jwts.jwks)["keys"]] == [key.id]
    with pytest.raises(Denied):
        directory.read(verify, old.jwt)


def test_private_keys_that_were_swapped_do_not_open(directory, make):
    make()
    key = directory.write(jwts.rotate)
    stolen = sealing.seal(directory.key, PRIVATE, context="signing_keys/other", nonce=bytes(12))
    table = storage.tables.signing_keys
    directory.write(
        lambda work: work.db.sqlalchemy.execute(
            table.update().where(table.c.id == key.id).values(sealed_private_key=stolen)
        )
    )
    with pytest.raises(Unavailable) as damaged:
        make()
    assert damaged.value.type == "general_secret_damaged"


def test_a_new_secret_key_leaves_the_tokens_alone(directory, make, settings, home):
    from authctl.settings import write_key_file

    before, new_key = make(), bytes(range(32))
    name = f"{sealing.fingerprint(new_key)}.key"
    write_key_file(os.path.join(home["HOME"], ".config", "authctl", "keys", name), new_key)
    directory.write(key_rotation.reseal_all, directory.key, new_key)
    after = make()
    assert directory.read(verify, before.jwt).key_id == directory.read(verify, after.jwt).key_id


def test_the_database_alone_does_not_sign(directory, make, user, session):
    """Without the secret key there is neither the private key in it, nor a way to seal another."""
    made = make()
    row = directory.read(lambda work: work.db.sqlalchemy.execute(storage.tables.signing_keys.select()).one())
    private = sealing.unseal(directory.key, row.sealed_private_key, context=f"signing_keys/{row.id}")
    kept = b"".join(_everything(directory))
    for form in (private, private.hex().encode(), segment(private).encode(), made.jwt.encode()):
        assert form not in kept
    with pytest.raises(Invalid):
        sealing.unseal(bytes(32), row.sealed_private_key, context=f"signing_keys/{row.id}")


def _everything(directory):
    """All values of all tables."""

    def values(work):
        for table in storage.tables.metadata.sorted_tables:
            for row in work.db.sqlalchemy.exec_driver_sql(f"SELECT * FROM {table.name}"):
                yield from (bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row)

    return list(directory.stream(values))


# Other implementations, with the JWKS alone

PYTHON = """
import json, sys
sys.path += {paths!r}
import jwt
given = json.load(sys.stdin)
key = jwt.PyJWKSet.from_dict(given["jwks"])[jwt.get_unverified_header(given["token"])["kid"]]
# The token is of the tests' clock, not of this machine's.
options = {{"verify_exp": False, "require": ["exp", "iat", "sub"]}}
print(json.dumps(jwt.decode(given["token"], key, algorithms=[key.algorithm_name], issuer="authctl", options=options)))
assert "authctl" not in sys.modules
"""

NODE = """
const crypto = require("node:crypto");
const {token, jwks} = JSON.parse(require("node:fs").readFileSync(0));
const [header, payload, signature] = token.split(".");
const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
const jwk = jwks.keys.find((jwk) => jwk.kid === read(header).kid);
const key = crypto.createPublicKey({key: jwk, format: "jwk"});
const message = Buffer.from(`${header}.${payload}`);
const made = Buffer.from(signature, "base64url");
const verified = jwk.alg === "EdDSA"
  ? crypto.verify(null, message, key, made)
  : crypto.verify("sha256", message, {key, dsaEncoding: "ieee-p1363"}, made);
if (!verified) process.exit(1);
console.log(JSON.stringify(read(payload)));
"""


def run(command, given):
    """What another program prints of a token and a JWKS; None where it refuses."""
    ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, env={"PATH": os.defpath})
    return json.loads(ran.stdout) if ran.returncode == 0 else None


def in_a_clean_python(given):
    paths = sorted({str(Path(module.__file__).parents[1]) for module in (jwt, cryptography)})
    return run([sys.executable, "-I", "-S", "-c", PYTHON.format(paths=paths)], given)


def in_node(given):
    return run([program("node"), "-e", NODE], given)


@pytest.mark.parametrize("verify", [in_a_clean_python, in_node])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_implementation_verifies_by_the_jwks_alone(directory, make, algorithm, verify):
    make()
    directory.write(jwts.rotate, algorithm=algorithm)
    token = make().jwt
    jwks = json.loads(json.dumps(directory.read(jwts.jwks)))
    found = verify({"token": token, "jwks": jwks})
    assert (found["sub"], found["sid"], found["iss"], found["token_use"]) == ("ada", "s1", "authctl", "session")
    header, payload, signature = token.split(".")
    forged = segment(decoded(payload) | {"sub": "bob"})
    assert verify({"token": f"{header}.{forged}.{signature}", "jwks": jwks}) is None
