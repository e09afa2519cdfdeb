"""Hashes whose salts and costs are apart from them: what an operator says of a column of a CSV."""

import pytest

from authctl.core import hashing
from authctl.errors import Invalid


def accepted(item):
    given = item.password
    return hashing.accept(given.text, given.hash, given.options)


@pytest.mark.parametrize(
    ("sample", "hash", "options", "algorithm"),
    [
        ("discourse.csv", "pbkdf2-sha256", "iterations=64000", "pbkdf2-sha256"),
        ("better-auth.csv", "scrypt", "n=16384,r=16,p=1,length=64", "scrypt"),
        ("better-auth.csv", "scrypt", "N=16384,r=16", "scrypt"),
    ],
)
def test_salts_in_a_column_of_their_own(read, sample, hash, options, algorithm):
    [ada] = read("csv", sample, map="password_hash=hash", hash_format=hash, hash_options=options)
    assert accepted(ada).algorithm == algorithm


def test_an_nt_hash_is_named(read):
    with pytest.raises(Invalid, match="NT hash is not supported") as caught:
        read("csv", "nt-hash.csv", map="password_hash=hash", hash_format="nt")
    assert "--hash-format none" in caught.value.hint


def test_a_pepper_comes_from_its_file(read, tmp_path):
    pepper = tmp_path / "pepper"
    pepper.write_text("sesame and more\r\n")
    content = b"id,password_hash\n1,$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG\n"
    [ada] = read("csv", content, hash_options=f"pepper_file={pepper},pepper_position=prefix")
    assert ada.password.options == {"pepper": "sesame and more", "pepper_position": "prefix"}
    assert accepted(ada).holds_key


@pytest.mark.parametrize("options", ["pepper=sesame", "Pepper=sesame", "pepper_file=/nowhere/at/all"])
def test_a_pepper_is_not_said_where_others_see_it(read, options):
    with pytest.raises(Invalid) as caught:
        read("csv", b"id,password_hash\n1,x\n", hash_options=options)
    assert "sesame" not in f"{caught.value} {caught.value.hint}"
