"""How bytes become text and records a file again."""

import io

import pytest

from authctl.transfer.sources import text_files


def test_reading_leaves_the_file_open():
    file = io.BytesIO(b"text")
    text_files.opened(file).close()
    assert not file.closed


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
