"""JWTs verified without the database: by keys that are kept, read anew in time, and never taken from anybody else."""

import base64
import hmac
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from doubles.documents import blocks

from authctl.core.sessions import jwts, key_sets
from authctl.errors import Denied, Invalid, Unavailable
from authctl.jwks import Verifier
from authctl.model import JwtAlgorithm, SigningKey

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PASSWORD = "correct horse battery"


def key_pair(id, algorithm=JwtAlgorithm.EDDSA, seed=b"\x07"):
    private, public = jwts.new_key_pair(algorithm, lambda size: seed * size)
    return private, SigningKey(id, str(algorithm), public, None, NOW)


PRIVATE, KEY = key_pair("k1")
OTHER_PRIVATE, OTHER = key_pair("k2", seed=b"\x08")
CLAIMS = {"iss": "authctl", "sub": "ada", "sid": "s1", "iat": int(NOW.timestamp()), "jti": "j1"}
CLAIMS |= {"exp": CLAIMS["iat"] + 900, "aud": "shop"}
TOKEN, OTHER_TOKEN = jwts.sign(KEY, PRIVATE, CLAIMS), jwts.sign(OTHER, OTHER_PRIVATE, CLAIMS)


def key_set(*keys):
    return {"keys": [key.public_jwk | {"kid": key.id, "alg": key.algorithm, "use": "sig"} for key in keys]}


class Site:
    """Answers with a key set, or with what a test says instead; counts who asks."""

    def __init__(self, *keys):
        self.keys, self.asked, self.status, self.headers = keys, 0, 200, {}
        self.body, self.gate = None, threading.Event()
        self.gate.set()

    def answer(self, request):
        self.asked += 1
        self.gate.wait()
        body = json.dumps(key_set(*self.keys)).encode() if self.body is None else self.body
        request.send_response(self.status)
        for name, value in {"Content-Length": str(len(body)), **self.headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def served(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.answer(self)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        site.gate.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def site():
    return Site(KEY)


@pytest.fixture
def verifier(site):
    """It reads from the site, by a clock that the test sets forward."""
    with served(site) as url:
        made = Verifier(url, issuer="authctl", audience="shop", clock=lambda: NOW)
        made.now = 1000.0
        made._monotonic = lambda: made.now
        yield made


def given(*keys, **options):
    return Verifier(key_set(*keys), **{"issuer": "authctl", "audience": "shop", "clock": lambda: NOW} | options)


# What it takes


def test_it_says_what_the_directory_says(directory, clock):
    ada = directory.users.create(id="ada", password=PASSWORD)
    session = directory.sessions.create("ada", PASSWORD)
    token = directory.sessions.create_jwt(session.secret).jwt
    verifier = Verifier(directory.security.show_jwks(), issuer="authctl", clock=clock)
    assert verifier.verify(token) == directory.sessions.verify_jwt(token)
    directory.users.update_status(ada.id, "blocked")
    assert verifier.verify(token).user_id == "ada"  # what it cannot know
    with pytest.raises(Denied, match="blocked"):
        directory.sessions.verify_jwt(token)
    clock.forward(minutes=15)
    with pytest.raises(Denied) as refused:
        verifier.verify(token)
    assert "policies jwt-issuer and jwt-audience" in refused.value.hint


@pytest.mark.parametrize("algorithm", list(JwtAlgorithm))
def test_it_takes_what_directories_sign_with(algorithm):
    private, key = key_pair("k", algorithm)
    assert given(key).verify(jwts.sign(key, private, CLAIMS)).user_id == "ada"


# What it refuses


def forged(algorithm, secret, kid="k1"):
    """A token whose header says another algorithm, by a secret that an attacker knows."""
    parts = {"alg": algorithm, "kid": kid, "typ": "JWT"}, CLAIMS | {"token_use": "session"}
    signed = b".".join(map(segment, (json.dumps(part).encode() for part in parts)))
    return (signed + b"." + segment(hmac.digest(secret, signed, "sha256"))).decode()


def segment(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def refused(verifier, token):
    with pytest.raises(Denied) as denied:
        verifier.verify(token)
    assert denied.value.type == "user_jwt_invalid"


@pytest.mark.parametrize(
    "token",
    [
        forged("none", b""),
        forged("none", b"").rpartition(".")[0] + ".",
        forged("HS256", KEY.public_jwk["x"].encode()),
        forged("HS256", json.dumps(KEY.public_jwk).encode()),
        forged("EdDSA", KEY.public_jwk["x"].encode()),
        OTHER_TOKEN,
        jwts.sign(SigningKey("k1", OTHER.algorithm, OTHER.public_jwk, None, NOW), OTHER_PRIVATE, CLAIMS),
        TOKEN[:-4] + "AAAA",
        TOKEN.rpartition(".")[0] + ".",
        "",
        None,
        "a" * 10_000,
    ],
)
def test_it_refuses_what_the_key_has_not_signed(token):
    refused(given(KEY), token)


def test_it_refuses_another_algorithm_of_the_same_key():
    private, key = key_pair("k1", JwtAlgorithm.ES256)
    refused(given(KEY), jwts.sign(key, private, CLAIMS))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["shop"]},
        {"exp": CLAIMS["iat"]},
        {"exp": CLAIMS["iat"] + 7200},
        {"token_use": "id"},
        {"sub": None},
    ],
)
def test_it_refuses_what_is_not_for_here_and_now(changes):
    refused(given(KEY), jwts.sign(KEY, PRIVATE, CLAIMS | changes))


def test_an_audience_must_be_named():
    refused(given(KEY, audience=None), TOKEN)


@pytest.mark.parametrize(("ahead", "is_good"), [(-900, True), (-1200, True), (899, True), (900, False)])
def test_a_clock_that_differs_lengthens_nothing_and_denies_nothing(ahead, is_good):
    """A clock that is behind takes what its issuer has just made; one that is ahead refuses the sooner."""
    verifier = given(KEY, clock=lambda: NOW + timedelta(seconds=ahead))
    if is_good:
        assert verifier.verify(TOKEN)
    else:
        refused(verifier, TOKEN)


# When it reads the keys


def test_keys_are_read_once_and_anew_in_time(site, verifier):
    for _ in range(3):
        assert verifier.verify(TOKEN)
    assert site.asked == 1
    verifier.now += 299
    verifier.verify(TOKEN)
    assert site.asked == 1
    site.keys = (OTHER,)  # which the directory was told to forget
    verifier.now += 1
    refused(verifier, TOKEN)
    assert site.asked == 2


def test_an_unknown_key_has_them_read_anew_but_not_for_everybody(site, verifier):
    assert verifier.verify(TOKEN)
    site.keys = (KEY, OTHER)
    refused(verifier, OTHER_TOKEN)  # too soon
    verifier.now += 10
    assert verifier.verify(OTHER_TOKEN)
    verifier.now += 10
    for number in range(20):
        refused(verifier, forged("EdDSA", b"x", f"made up {number}"))
    assert site.asked == 3


def test_keys_from_before_are_used_for_an_hour_without_an_answer(site, verifier, caplog):
    assert verifier.verify(TOKEN)
    site.status = 503
    verifier.now += 3599
    assert verifier.verify(TOKEN)
    assert "HTTP 503" in caplog.text
    verifier.now += 10
    with pytest.raises(Unavailable) as unavailable:
        verifier.verify(TOKEN)
    assert unavailable.value.http_status == 503
    assert "127.0.0.1" not in str(unavailable.value.public())
    site.status = 200
    verifier.now += 10
    assert verifier.verify(TOKEN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/keys"}},
        {"status": 404},
        {"status": 206},
        {"body": b""},
        {"body": b"[]"},
        {"body": b'{"keys": {}}'},
        {"body": b'{"keys": [], "keys": []}'},
        {"body": b'{"keys": [' + b"[" * 20_000},
        {"body": b"\xff"},
        {"body": json.dumps({"keys": [{}] * 101}).encode()},
        {"body": json.dumps(key_set(KEY) | {"more": "x" * key_sets.MAX_SIZE}).encode()},
        {"body": json.dumps(key_set(KEY, KEY)).encode()},
        {"body": b"\x1f\x8b", "headers": {"Content-Encoding": "gzip"}},
        {"headers": {"Content-Length": "9999"}},
    ],
)
def test_an_answer_that_is_no_key_set_is_none(site, verifier, wrong):
    for name, value in wrong.items():
        setattr(site, name, value)
    with pytest.raises(Unavailable):
        verifier.verify(TOKEN)
    assert site.asked == 1


def test_a_site_that_hangs_holds_nobody_for_longer_than_the_time_limit(site):
    site.gate.clear()
    with served(site) as url:
        verifier = Verifier(url, issuer="authctl", audience="shop", clock=lambda: NOW, timeout=timedelta(seconds=0.05))
        for _ in range(3):
            with pytest.raises(Unavailable, match="cannot be read"):
                verifier.verify(TOKEN)
        assert site.asked <= 1  # a busy machine may not have come so far


def test_many_threads_have_them_read_once(site, verifier):
    site.gate.clear()
    found = []
    threads = [threading.Thread(target=lambda: found.append(verifier.verify(TOKEN))) for _ in range(8)]
    for thread in threads:
        thread.start()
    site.gate.set()
    for thread in threads:
        thread.join()
    assert (len(found), site.asked) == (8, 1)


# What it is given


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/keys",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "https://ada:secret@app.example.com/keys",
        "file:///etc/passwd",
        "https://",
        "https://[",
        "keys",
        "",
    ],
)
def test_nobody_can_put_other_keys_in_the_place_of_those(url):
    with pytest.raises(Invalid):
        Verifier(url, issuer="authctl")


def test_keys_that_cannot_be_a_directorys_are_left_out():
    own = key_set(KEY)["keys"][0]
    _, key = key_pair("k3", JwtAlgorithm.ES256)
    strange = [
        own | {"use": "enc"},
        own | {"alg": "ES256"},
        own | {"alg": "none"},
        own | {"kid": ""},
        own | {"kid": 1},
        own | {"x": "AAAA"},
        own | {"x": None},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "k1"},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "EdDSA", "kid": "k1"},
        key_set(key)["keys"][0] | {"y": own["x"]},
        "key",
    ]
    assert key_sets.keys({"keys": strange}) == {}
    assert [*key_sets.keys({"keys": [own, *strange]})] == ["k1"]
    private_too = own | {"d": PRIVATE.hex()}
    assert key_sets.keys({"keys": [private_too]})["k1"].public_jwk == KEY.public_jwk
    for wrong in ({}, {"keys": None}):
        with pytest.raises(Invalid):
            Verifier(wrong, issuer="authctl")


def test_the_example_of_the_manual_runs(site, monkeypatch):
    [block] = [block for block in blocks("python") if "jwks.Verifier" in block]
    with served(site) as url:
        names = {}
        exec(block.replace("https://app.example.com/.well-known/jwks.json", url), names)  # noqa: S102 - our own manual
        names["verifier"]._clock = lambda: NOW
        assert names["user_of"](f"Bearer {TOKEN}") == "ada"
