"""How bytes become text and records a file again."""

import io

import pytest

from authctl.errors import Invalid
from authctl.transfer.sources import text_files


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"name", "utf-8"),
        (b"", "utf-8"),
        ("Zoë".encode(), "utf-8"),
        ("Zoë".encode("utf-8-sig"), "utf-8-sig"),
        ("Zoë".encode("utf-16"), "utf-16"),
        ("Zoë".encode("latin-1"), "cp1252"),
        ("Zoë, Jürgen, Åsa ".encode() + b"\xff", "utf-8"),  # one damaged byte in a file that is UTF-8
    ],
)
def test_the_encoding_is_found(head, encoding):
    assert text_files.found_encoding(head) == encoding


def test_a_character_cut_in_two_at_the_end_of_the_head_is_no_reason_to_guess():
    head = b"a" * (text_files.HEAD_SIZE - 1) + "ë".encode()[:1]
    assert text_files.found_encoding(head) == "utf-8"


def test_json_is_never_guessed_to_be_anything_but_unicode():
    assert text_files.opened(io.BytesIO("Zoë".encode("latin-1")), guess=False).read() == "Zo\udceb"


@pytest.mark.parametrize("name", ["no-such", "base64", "rot13", "undefined", "", "\0"])
def test_what_is_no_text_encoding_is_refused(name):
    if not name:
        assert text_files.opened(io.BytesIO(b"a"), {"encoding": name}).read() == "a"
        return
    with pytest.raises(Invalid) as caught:
        text_files.opened(io.BytesIO(b"a"), {"encoding": name})
    assert caught.value.field == "encoding"


def test_reading_leaves_the_file_open():
    file = io.BytesIO(b"text")
    text_files.opened(file).close()
    assert not file.closed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_records_are_written_as_they_stood(encoding):
    whole = "a,b\r\n1,Zoë\r\n2,Ö\r\n".encode(encoding)
    text = text_files.opened(io.BytesIO(whole))
    header, *rows = text.read().splitlines(keepends=True)
    form = text_files.Form(header, encoding=text.encoding)
    assert b"".join(text_files.together(text_files.Verbatim(row, form) for row in rows)) == whole


def test_bytes_that_are_no_text_come_back():
    whole = "Zoë Ö Ä ".encode() + b"\xff\xfe\n"
    row = text_files.opened(io.BytesIO(whole)).read()
    assert b"".join(text_files.together(iter([text_files.Verbatim(row, text_files.Form())]))) == whole


def test_nothing_prints_a_record():
    assert "secret" not in repr(text_files.Verbatim("secret", text_files.Form()))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("zoe", "zoe"),
        (7, "7"),
        ("", None),
        (None, None),
        ([], None),
        (True, None),
        ("a\nb\x1b\ud800", "a\\nb\\x1b\\ud800"),
    ],
)
def test_a_ref_is_safe_to_print(value, shown):
    assert text_files.ref(value) == shown


def test_a_long_ref_is_shortened():
    assert len(text_files.ref("x" * 10_000_000)) == text_files.MAX_REF
