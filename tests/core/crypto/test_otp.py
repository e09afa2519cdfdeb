"""One-time passwords: the vectors of the standards, another implementation's answers, and what is accepted when."""

import base64
import random
import subprocess
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from doubles.programs import program
from hypothesis import given, strategies as st

from authctl.core.crypto import otp
from authctl.errors import Invalid

SECRET = b"12345678901234567890"
SECRETS = {"SHA1": SECRET, "SHA256": (SECRET * 2)[:32], "SHA512": (SECRET * 4)[:64]}

# RFC 4226, appendix D: the counters 0 to 9.
HOTP = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")

# RFC 6238, appendix B: the time in seconds, and the code by each algorithm.
TOTP = {
    59: ("94287082", "46119246", "90693936"),
    1111111109: ("07081804", "68084774", "25091201"),
    1111111111: ("14050471", "67062674", "99943326"),
    1234567890: ("89005924", "91819424", "93441116"),
    2000000000: ("69279037", "90698825", "38618901"),
    20000000000: ("65353130", "77737706", "47863826"),
}


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("counter", range(10))
def test_the_vectors_of_rfc_4226(counter):
    assert otp.code_of(otp.Totp(SECRET), counter) == HOTP[counter]


@pytest.mark.parametrize("seconds", TOTP)
@pytest.mark.parametrize("algorithm", otp.ALGORITHMS)
def test_the_vectors_of_rfc_6238(algorithm, seconds):
    totp = otp.Totp(SECRETS[algorithm], algorithm, digits=8)
    expected = TOTP[seconds][otp.ALGORITHMS.index(algorithm)]
    assert otp.code_of(totp, otp.step_at(totp, at(seconds))) == expected
    assert otp.find_step(totp, expected, at(seconds)) == seconds // 30


def oathtool(totp, seconds):
    """What oathtool says that the code is."""
    kind = f"--totp={totp.algorithm.lower()}"
    options = (kind, f"--digits={totp.digits}", f"--time-step-size={totp.period}s", f"--now=@{seconds}")
    done = subprocess.run(
        [program("oathtool"), *options, "-"], input=totp.secret.hex(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_thousand_codes_agree_with_oathtool():
    dice = random.Random("authctl")
    for _ in range(1000):
        secret = dice.randbytes(dice.choice((10, 16, 20, 20, 32, 64, 128)))
        totp = otp.Totp(secret, dice.choice(otp.ALGORITHMS), dice.choice((6, 7, 8)), dice.choice((30, 30, 60, 15, 120)))
        seconds = dice.randrange(2**33)
        assert otp.code_of(totp, otp.step_at(totp, at(seconds))) == oathtool(totp, seconds)


NOW = at(1_800_000_015)  # in the middle of a step
STEP = 60_000_000


@pytest.mark.parametrize(("offset", "found"), [(-2, None), (-1, STEP - 1), (0, STEP), (1, STEP + 1), (2, None)])
def test_a_code_is_good_one_step_before_and_after(offset, found):
    totp = otp.Totp(SECRET)
    assert otp.find_step(totp, otp.code_of(totp, STEP + offset), NOW) == found


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٠١٢٣٤٥", "\ud800", "a" * 5000, "755224 "])
def test_what_is_no_code_is_wrong(code):
    assert otp.find_step(otp.Totp(SECRET), code, NOW) is None


def test_a_code_that_two_steps_share_is_of_the_later_one(monkeypatch):
    monkeypatch.setattr(otp, "code_of", lambda totp, step: "123456" if step != STEP + 1 else "000000")
    assert otp.find_step(otp.Totp(SECRET), "123456", NOW) == STEP


def test_time_begins_in_1970():
    assert otp.find_step(otp.Totp(SECRET), HOTP[0], at(0)) == 0
    assert otp.find_step(otp.Totp(SECRET), HOTP[1], at(0) + timedelta(seconds=29, milliseconds=999)) == 1


@given(st.binary(min_size=1, max_size=80))
def test_a_secret_is_typed_as_base32(secret):
    typed = otp.base32(secret)
    assert base64.b32decode(typed + "=" * (-len(typed) % 8)) == secret
    assert "=" not in typed


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@given(NAMES, NAMES, st.sampled_from(otp.ALGORITHMS), st.sampled_from((6, 7, 8)), st.sampled_from((15, 30, 60)))
def test_a_uri_says_what_it_was_told(issuer, account, algorithm, digits, period):
    uri = otp.uri(otp.Totp(SECRET, algorithm, digits, period), issuer=issuer, account=account)
    assert uri.isascii()
    parts = urlsplit(uri)
    query = {name: value for name, (value,) in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert [unquote(part) for part in parts.path.removeprefix("/").split(":")] == [issuer, account]
    assert (query["issuer"], query["secret"]) == (issuer, otp.base32(SECRET))
    told = (query.get("algorithm", "SHA1"), int(query.get("digits", 6)), int(query.get("period", 30)))
    assert told == (algorithm, digits, period)


def test_a_uri_is_as_short_as_it_can_be():
    uri = otp.uri(otp.Totp(SECRET), issuer="Example", account="ada@example.com")
    assert uri == ("otpauth://totp/Example:ada@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example")
    assert pyotp.parse_uri(uri).at(59) == HOTP[1]


def test_a_uri_spells_out_what_is_not_usual():
    uri = otp.uri(otp.Totp(SECRET, "SHA256", 8, 60), issuer="A & B: C", account="+14255550123")
    assert uri.startswith("otpauth://totp/A%20%26%20B%3A%20C:%2B14255550123?secret=")
    assert uri.endswith("&issuer=A%20%26%20B%3A%20C&algorithm=SHA256&digits=8&period=60")


@pytest.mark.parametrize("spelling", ["SHA256", "sha256", "SHA-256", "HmacSHA256", "HMAC-SHA-256"])
def test_another_systems_algorithm_is_known_in_any_spelling(spelling):
    assert otp.new(SECRET, algorithm=spelling) == otp.Totp(SECRET, "SHA256")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("algorithm", {"algorithm": "MD5"}),
        ("digits", {"digits": 5}),
        ("digits", {"digits": 9}),
        ("period", {"period": 0}),
        ("period", {"period": 3600}),
        ("secret", {"secret": b""}),
    ],
)
def test_what_no_app_does_is_refused(field, given):
    with pytest.raises(Invalid) as refused:
        otp.new(**({"secret": SECRET} | given))
    assert refused.value.field == field


def test_the_secret_is_in_no_repr():
    assert "1234" not in repr(otp.Totp(SECRET))
