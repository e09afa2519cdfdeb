"""The file of breached passwords: searched on disk, and refused where it cannot be trusted."""

import os
from hashlib import sha1

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from authctl.core.credentials import breached
from authctl.errors import Unavailable

PASSWORDS = [f"password {number}" for number in range(1000)]


def digest(password):
    return sha1(password.encode()).hexdigest().upper()


def lines(passwords, end="\n"):
    return [f"{hash}:{number + 1}{end}" for number, hash in enumerate(sorted(map(digest, passwords)))]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pwned.txt"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_what_is_in_the_file_is_found_and_nothing_else(path, end, last, size):
    text = "".join(lines(PASSWORDS[:size], end))
    path.write_bytes((text if last else text.removesuffix(end)).encode())
    ranks = {hash: number + 1 for number, hash in enumerate(sorted(map(digest, PASSWORDS[:size])))}
    assert all(breached.count(str(path), password) == ranks[digest(password)] for password in PASSWORDS[:size])
    assert not any(breached.count(str(path), f"other {number}") for number in range(200))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text(max_size=12), min_size=1, max_size=40), st.text(max_size=12))
def test_any_password_is_found_by_its_hash(path, passwords, other):
    path.write_text("".join(lines(passwords)))
    assert all(breached.count(str(path), password) for password in passwords)
    assert bool(breached.count(str(path), other)) == (other in passwords)


def test_lower_case_and_lines_without_a_count_are_read(path):
    path.write_text("".join(f"{line.partition(':')[0].lower()}\n" for line in lines(PASSWORDS)))
    assert breached.count(str(path), PASSWORDS[7]) == 1
    assert breached.count(str(path), "other") == 0


def test_a_count_of_none_is_no_breach(path):
    path.write_text(f"{digest('password')}:0\n")
    assert breached.count(str(path), "password") == 0


def test_a_large_file_is_read_in_few_places(path):
    rows = lines(PASSWORDS)
    path.write_text("".join(rows))
    reads = []

    class Counting:
        def __init__(self, file):
            self.file = file

        def read(self, size):
            reads.append(size)
            return self.file.read(size)

        def __getattr__(self, name):
            return getattr(self.file, name)

    with open(path, "rb", buffering=0) as file:
        assert breached._search(Counting(file), str(path), digest(PASSWORDS[3]).encode())
    assert len(reads) <= 2 * 11  # 2 ** 10 > 1000
    assert max(reads) <= breached.LONGEST_LINE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "no SHA-1"),
        (b"hello\n", "no SHA-1"),
        (b"\x00" * 10_000, "no SHA-1"),
        (b"A" * 10_000, "no SHA-1"),
        (("8846F7EAEE8FB117AD06BDD830B7586C:5\n" * 9).encode(), "no SHA-1"),  # the NTLM file
        (("A" * 39 + ":1\n").encode(), "no SHA-1"),
        (("A" * 40 + ";1\n").encode(), "no SHA-1"),
        (("A" * 40 + ":1\n" * 2).encode(), "no SHA-1"),
        (("A" * 40 + ":1\n").encode() * 3, "not sorted"),
        ("".join(reversed(lines(PASSWORDS))).encode(), "not sorted"),
        ("\ufeff".encode() + lines(PASSWORDS)[0].encode(), "no SHA-1"),
    ],
)
def test_a_file_that_is_none_of_these_refuses_every_password(path, content, reason):
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=reason) as error:
        any(breached.count(str(path), f"other {number}") for number in range(50))
    assert (error.value.type, error.value.field) == ("file_unavailable", "password-breached-file")
    assert repr(str(path)) in error.value.message


def test_a_file_by_count_is_seen_to_be_out_of_order(path):
    path.write_text("".join(f"{digest(password)}:9\n" for password in PASSWORDS))
    with pytest.raises(Unavailable, match="not sorted"):
        any(breached.count(str(path), f"other {number}") for number in range(50))


def test_what_is_no_file_refuses_every_password(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("missing", "No such file"), ("", "is not a file"), ("pipe", "is not a file")):
        with pytest.raises(Unavailable, match=reason):
            breached.count(str(tmp_path / name), "password")


def test_no_error_has_the_password_or_its_hash(path):
    path.write_text("hello\n")
    with pytest.raises(Unavailable) as error:
        breached.count(str(path), "marked secret")
    told = f"{error.value!r} {error.value.message} {error.value.hint}"
    assert "marked secret" not in told
    assert digest("marked secret") not in told.upper()
