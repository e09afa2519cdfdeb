"""Which encoding a file has, when nobody can tell, and that refused records are written as they stood."""

import io

import pytest

from authctl.errors import Invalid
from authctl.transfer import encodings

RUSSIAN = "email,name\na@example.ru,Иван Петров\nb@example.ru,Мария Кузнецова\n"
JAPANESE = "email,name\na@example.jp,山田 太郎\nb@example.jp,さとう はなこ\n"
CZECH = "email,name\na@example.cz,Jiří Dvořák\n"
GERMAN = "email,name\na@example.de,Jürgen Müßig\nb@example.de,Zoë Größe ÜBER 5 €\n"
FRENCH = "name\nHélène François-Poncet\nL’Été “Noël” «Cœur»\n"
PORTUGUESE = "name\nJoão da Conceição\nÍñigo Muñoz\n"
NORDIC = "name\nBjørn Ødegård\nÞórður Jónsson\nÅsa Öberg\n"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"name", "utf-8"),
        (b"", "utf-8"),
        ("Zoë".encode(), "utf-8"),
        ("Zoë".encode("utf-8-sig"), "utf-8-sig"),
        ("Zoë".encode("utf-16"), "utf-16"),
        ("Zoë".encode("utf-32"), "utf-32"),
        (RUSSIAN.encode("utf-16-le"), "utf-16-le"),
        ('{"id": "Zoë"}'.encode("utf-16-be"), "utf-16-be"),
        ("Zoë".encode("latin-1"), "cp1252"),
        *((text.encode("cp1252"), "cp1252") for text in (GERMAN, FRENCH, PORTUGUESE, NORDIC)),
        ("Zoë, Jürgen, Åsa ".encode() + b"\xff", "utf-8"),  # one damaged byte in a file that is UTF-8
    ],
)
def test_the_encoding_is_found(head, encoding):
    assert encodings.found(head) == encoding


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CZECH, "cp1250"),
        ("name\nŁukasz Wałęsa\n", "cp1250"),
        ("name\nΓιώργος Παπαδόπουλος\n", "cp1253"),
        ("name\n김철수\n이영희\n", "euc_kr"),
        ("name\n王小明\n李雷 张伟\n", "gb18030"),
        ("name\nJürgen Größe\nAndré\n", "cp850"),
        ("name\nJürgen Größe\nAndré\n", "mac_roman"),
    ],
)
def test_what_makes_no_western_words_is_refused_with_the_likely_encodings(text, encoding):
    with pytest.raises(Invalid) as caught:
        encodings.found(text.encode(encoding))
    assert (caught.value.type, caught.value.field) == ("import_file_invalid", "encoding")
    assert f"--encoding {encoding}" in caught.value.hint


def test_a_character_cut_in_two_at_the_end_of_the_head_is_no_reason_to_guess():
    assert encodings.found(b"a" * 65_535 + "ë".encode()[:1]) == "utf-8"


@pytest.mark.parametrize("name", ["no-such", "base64", "rot13", "undefined", "\0"])
def test_what_is_no_text_encoding_is_refused(name):
    with pytest.raises(Invalid) as caught:
        encodings.checked(name)
    assert caught.value.field == "encoding"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "shift_jis"])
@pytest.mark.parametrize("size", [1, 3, 4096])
def test_a_file_comes_back_as_it_was(encoding, size):
    whole = "a,b\r\n1,Zoe\r\n2,O\r\n".replace("e", "ë" if "jis" not in encoding else "さ").encode(encoding)
    parts = encodings.Transcoded(io.BufferedReader(io.BytesIO(whole), size), encoding)
    text = b"".join(iter(lambda: parts.read(size), b""))
    assert b"".join(encodings.recoded(text.splitlines(keepends=True), encoding)) == whole


def test_bytes_that_are_not_of_the_encoding_come_back():
    for whole, encoding in ((b"Zo\xeb \x81\x8d", "cp1252"), (b"a\x00\x00\xd8b\x00", "utf-16-le")):
        parts = encodings.Transcoded(io.BufferedReader(io.BytesIO(whole)), encoding)
        assert b"".join(encodings.recoded([parts.read()], encoding)) == whole
