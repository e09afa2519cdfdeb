"""bcrypt's corners: 72 bytes, the variants, and bits that carry nothing."""

from __future__ import annotations

import bcrypt
import pytest

from authctl.core import hashing
from authctl.errors import Invalid


def made(password: bytes, salt: bytes = b"$2b$04$abcdefghijklmnopqrstuu") -> str:
    return bcrypt.hashpw(password, salt).decode()


def test_an_imported_hash_reads_72_bytes_as_its_source_did() -> None:
    stored = hashing.accept(made(b"x" * 72)).stored
    assert hashing.verify(stored, "x" * 72)
    assert hashing.verify(stored, "x" * 100)
    assert not hashing.verify(stored, "x" * 71)


def test_a_character_is_cut_where_its_bytes_are() -> None:
    password = "x" * 71 + "é"
    stored = hashing.accept(made(password.encode()[:72])).stored
    assert hashing.verify(stored, password)


@pytest.mark.parametrize("variant", ["2a", "2b", "2y"])
def test_every_variant_is_kept_and_matches(variant: str) -> None:
    text = made(b"secret").replace("$2b$", f"${variant}$")
    imported = hashing.accept(text, "bcrypt")
    assert imported.stored == text
    assert hashing.verify(imported.stored, "secret")
    assert imported.warnings == ()


@pytest.mark.parametrize("name", [None, "bcrypt", "bcrypt-2a", "phpass"])
def test_the_faulty_variant_needs_a_reset(name: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        hashing.accept(made(b"secret").replace("$2b$", "$2x$"), name)
    assert refused.value.type == "password_hash_unsupported"
    assert "bcrypt-2x" in refused.value.message


def test_the_faulty_variant_is_taken_by_its_own_name_with_a_warning() -> None:
    imported = hashing.accept(made(b"secret").replace("$2b$", "$2x$"), "bcrypt-2x")
    assert hashing.verify(imported.stored, "secret")
    assert "ASCII" in imported.warnings[0]
    with pytest.raises(Invalid):
        hashing.accept(made(b"secret"), "bcrypt-2x")


def test_bits_that_carry_nothing_are_cleared() -> None:
    text = made(b"secret")
    odd = text[:28] + chr(ord(text[28]) + 1) + text[29:]
    imported = hashing.accept(odd)
    assert imported.stored == text
    assert hashing.verify(imported.stored, "secret")


def test_a_costly_one_is_taken_with_a_warning() -> None:
    assert hashing.accept(made(b"secret").replace("$04$", "$14$")).warnings
    assert hashing.accept(made(b"secret").replace("$04$", "$10$")).warnings == ()


def test_a_password_with_nul_matches_the_hash_of_all_its_bytes() -> None:
    stored = hashing.accept(made(b"a\0b")).stored
    assert hashing.verify(stored, "a\0b")
    assert not hashing.verify(stored, "a")


def test_wordpress_trims_and_others_do_not() -> None:
    text = "$wp$2y$08$YTRbn9W4iY7ARvxLDipuo.fFPCd5DUUjBb9tWyLWlLo1suzEOgKdu"
    assert hashing.verify(hashing.accept(text).stored, " correct horse battery staple\n")
    assert not hashing.verify(hashing.accept(made(b"secret")).stored, " secret")
