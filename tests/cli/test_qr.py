"""QR codes: drawn, painted as terminals paint them, and read back by two readers that know nothing of each other."""

import io
import stat
import xml.etree.ElementTree as ElementTree  # noqa: S405 - it reads what we draw
from pathlib import Path

import pyte
import pytest
from doubles.qr import everywhere, read
from doubles.terminal import THEMES, painted
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageDraw

from authctl.cli import qr
from authctl.errors import Invalid, Unavailable, UsageError

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
URI = f"otpauth://totp/authctl:ada@example.com?secret={SECRET}&issuer=authctl"
LONG = f"otpauth://totp/Analytical%20Engines:ada@{'x' * 60}.example.com?secret={SECRET}&issuer=Analytical%20Engines"


def shown(text, columns, lines):
    """A window with that text."""
    window = pyte.Screen(columns, lines)
    pyte.Stream(window).feed(text.replace("\n", "\r\n"))
    return window


# Drawn


@pytest.mark.parametrize("text", [URI, LONG])
@pytest.mark.parametrize(("columns", "lines", "cell"), [(80, 40, "▀"), (200, 100, "  ")])
def test_a_drawing_is_read_in_every_theme(text, columns, lines, cell):
    drawing = qr.drawn(qr.matrix_of(text), columns=columns, lines=lines)
    assert f"m{cell}" in drawing
    assert everywhere(shown(drawing, columns, lines)) == [{"zxing": [text], "zbar": [text]}] * 6


def test_half_blocks_without_a_ground_are_lost_between_lines():
    """What other programs draw, and why this one does not: so the tests here can fail."""
    matrix = qr.matrix_of(URI)
    rows = zip(matrix[::2], [*matrix[1::2], [False] * len(matrix)], strict=True)
    glyphs = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    window = shown("\n".join("".join(glyphs[pair] for pair in zip(*row, strict=True)) for row in rows), 80, 24)
    assert read(painted(window, THEMES["dark"])) == {"zxing": [URI], "zbar": [URI]}
    assert read(painted(window, THEMES["dark"], gap=3))["zxing"] == []
    assert read(painted(window, THEMES["light"], gap=3)) == {"zxing": [], "zbar": []}


def test_every_line_has_its_colours_and_gives_them_back():
    for drawing in (qr.drawn(qr.matrix_of(URI), columns=columns, lines=60) for columns in (80, 120)):
        for line in drawing.splitlines():
            assert line.startswith("\x1b[")
            assert line.endswith("\x1b[0m")


def test_two_spaces_a_module_where_there_is_room_for_them():
    matrix = qr.matrix_of(URI)
    size = len(matrix)
    assert size == 37 + 2 * qr.QUIET_ZONE
    assert "▀" not in qr.drawn(matrix, columns=2 * size, lines=size)
    assert "▀" in qr.drawn(matrix, columns=2 * size - 1, lines=size)
    assert "▀" in qr.drawn(matrix, columns=2 * size, lines=size - 1)


def test_nothing_is_drawn_where_it_would_be_cut():
    matrix = qr.matrix_of(URI)
    columns, lines = qr.least_room(matrix)
    assert (columns, lines) == (41, 21)
    assert qr.drawn(matrix, columns=columns, lines=lines).count("\n") == lines
    assert qr.drawn(matrix, columns=columns - 1, lines=lines) is None
    assert qr.drawn(matrix, columns=columns, lines=lines - 1) is None
    assert qr.drawn(matrix, columns=columns, lines=lines, half_blocks=False) is None


def test_a_terminal_without_unicode_gets_spaces_where_they_fit():
    assert qr.drawn(qr.matrix_of(URI), columns=120, lines=50, half_blocks=False).isascii()


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=200))
@settings(max_examples=50)
def test_a_drawing_says_what_the_matrix_says(text):
    matrix = qr.matrix_of(text)
    size = len(matrix)
    wide = shown(qr.drawn(matrix, columns=2 * size, lines=size), 2 * size, size + 1)
    high = shown(qr.drawn(matrix, columns=size, lines=size), size, size + 1)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            color = "000000" if dark else "ffffff"
            assert {wide.buffer[y][2 * x + side].bg for side in (0, 1)} == {color}
            cell = high.buffer[y // 2][x]
            assert (cell.bg if y % 2 else cell.fg) == color


# Files


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "codes"
    made.mkdir()
    return made


def opened(path):
    """An image file as a picture."""
    if path.suffix.lower() == ".png":
        return Image.open(path)
    root = ElementTree.parse(path).getroot()  # noqa: S314 - which we drew
    picture = Image.new("L", (int(root.get("width")), int(root.get("height"))), 128)
    scale = int(root.get("width")) // int(root.get("viewBox").split()[2])
    draw = ImageDraw.Draw(picture)
    ground, bars = root
    assert (ground.get("fill"), bars.get("fill")) == ("#fff", None)
    for path, fill in ((ground, 255), (bars, 0)):
        for bar in path.get("d").removesuffix("z").split("z"):
            place, size = bar[1:].split("h", 1)
            x, y = map(int, place.split())
            width, height = int(size.split("v")[0]), int(size.split("v")[1].split("h")[0])
            draw.rectangle((x * scale, y * scale, (x + width) * scale - 1, (y + height) * scale - 1), fill)
    return picture


@pytest.mark.parametrize("name", ["ada.svg", "ada.png", "ada.PNG"])
@pytest.mark.parametrize("text", [URI, LONG])
def test_a_file_is_read_back_and_is_its_owners_alone(folder, name, text):
    qr.check_file(folder / name)
    qr.write_file(folder / name, text)
    assert read(opened(folder / name)) == {"zxing": [text], "zbar": [text]}
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [name]


def test_an_svg_names_no_other_file_and_not_the_secret(folder):
    qr.write_file(folder / "ada.svg", URI)
    text = (folder / "ada.svg").read_text()
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert SECRET not in text


@pytest.mark.parametrize("name", ["ada.svg", "ada.png"])
def test_a_file_is_never_overwritten(folder, name):
    (folder / name).write_text("mine")
    for refused in (lambda: qr.check_file(folder / name), lambda: qr.write_file(folder / name, URI)):
        with pytest.raises(Invalid, match="already exists") as caught:
            refused()
        assert caught.value.field == "qr_file"
    assert (folder / name).read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == [name]


def test_a_link_that_leads_nowhere_is_not_followed(folder):
    (folder / "ada.svg").symlink_to(folder / "elsewhere.svg")
    for refused in (lambda: qr.check_file(folder / "ada.svg"), lambda: qr.write_file(folder / "ada.svg", URI)):
        with pytest.raises(Invalid):
            refused()
    assert not (folder / "elsewhere.svg").exists()


def test_a_folder_that_is_not_there_is_told(folder):
    with pytest.raises(Unavailable, match="its folder is missing"):
        qr.check_file(folder / "nowhere" / "ada.svg")


@pytest.mark.parametrize("name", ["ada", "ada.gif", "ada.svg.txt", ".svg"])
def test_only_two_kinds_of_files_are_known(name):
    with pytest.raises(UsageError, match=r"ends in \.svg or \.png"):
        qr.check_file(Path(name))


def test_what_cannot_be_written_leaves_nothing_behind(folder, monkeypatch):
    """A disk that is full, as the system tells it."""
    import errno
    import os

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(Unavailable, match="no space left on device"):
        qr.write_file(folder / "ada.svg", URI)
    assert list(folder.iterdir()) == []


def test_a_png_is_whole(folder):
    qr.write_file(folder / "ada.png", URI)
    with Image.open(io.BytesIO((folder / "ada.png").read_bytes())) as picture:
        picture.verify()
        assert (picture.mode, picture.size) == ("1", (41 * 8, 41 * 8))
