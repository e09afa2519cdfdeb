"""QR codes that phones read: drawn in a terminal of any theme, and written as SVG and PNG files.

    text → matrix → lines for a terminal │ SVG │ PNG

In a terminal every cell has both its colours, so that no theme matters: two spaces a module where the window is large
enough, else `▀` for two modules, the upper one its ink and the lower one its ground. Drawn so, a code is read even
where the terminal puts a few pixels of its own between lines; half blocks that leave a colour to the theme are not.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from authctl.core.maintenance import private_files
from authctl.errors import UsageError

Matrix = list[list[bool]]  # rows of modules, True is dark; the quiet zone is part of it

QUIET_ZONE = 2  # modules; readers take it as well as the standard's 4 where the colours are explicit, and 1 no more
DARK, LIGHT = 16, 231  # black and white among the 256 colours; the first 16 are the theme's
FILE_SCALE = 8  # pixels a module in files; in a PNG of one bit a pixel that is a byte
HALF_BLOCK = "▀"

_RESET = "\x1b[0m"
_FORMATS = (".svg", ".png")


def matrix_of(text: str) -> Matrix:
    """The QR code of a text, in the smallest size that holds it at error correction level L."""
    from qrcode.constants import ERROR_CORRECT_L
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_L, border=QUIET_ZONE)
    code.add_data(text)
    matrix: Matrix = code.get_matrix()
    return matrix


def drawn(matrix: Matrix, *, columns: int, lines: int, half_blocks: bool = True) -> str | None:
    """The code as lines for a terminal that leaves it so much room; None where that is too little.

    half_blocks: whether the terminal can show `▀`, which is not in ASCII.
    """
    for is_half in (False, True)[: 1 + half_blocks]:
        least_columns, least_lines = least_room(matrix, half_blocks=is_half)
        if columns >= least_columns and lines >= least_lines:
            return _halves(matrix) if is_half else _spaces(matrix)
    return None


def least_room(matrix: Matrix, *, half_blocks: bool = True) -> tuple[int, int]:
    """The columns and lines that a drawing takes."""
    size = len(matrix)
    return (size, (size + 1) // 2) if half_blocks else (2 * size, size)


def _spaces(matrix: Matrix) -> str:
    return "".join(_line("  ", (f"\x1b[48;5;{_color(module)}m" for module in row)) for row in matrix)


def _halves(matrix: Matrix) -> str:
    even = [*matrix, [False] * len(matrix)]  # light below the last line, where the half is no longer of the code
    colors = (
        (f"\x1b[38;5;{_color(up)};48;5;{_color(down)}m" for up, down in zip(upper, lower, strict=True))
        for upper, lower in zip(even[::2], even[1::2], strict=False)
    )
    return "".join(_line(HALF_BLOCK, line) for line in colors)


def _color(dark: bool) -> int:
    return DARK if dark else LIGHT


def _line(cell: str, colors: Iterable[str]) -> str:
    """A line of cells, each in its colours; the next line begins in the terminal's own."""
    return "".join(color + cell * len([*run]) for color, run in groupby(colors)) + _RESET + "\n"


# Files


def check_file(path: Path) -> None:
    """Refuses, before anything is done, a file that cannot be made here."""
    if path.suffix.lower() not in _FORMATS:
        raise UsageError("general_usage", "--qr-file needs a name that ends in .svg or .png.", field="qr_file")
    private_files.check_new(path, field="qr_file")


def write_file(path: Path, text: str) -> None:
    """Write the code as the name's ending says, into a new file that only its owner can read, whole or absent."""
    matrix = matrix_of(text)
    with private_files.draft(path, field="qr_file") as draft:
        Path(draft).write_bytes(png(matrix) if path.suffix.lower() == ".png" else svg(matrix).encode())


def svg(matrix: Matrix) -> str:
    """The code as an SVG image: a light ground, and a bar for every run of dark modules in a row."""
    bars = []
    for y, row in enumerate(matrix):
        x = 0
        for dark, run in groupby(row):
            width = len([*run])
            if dark:
                bars.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    size = len(matrix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size * FILE_SCALE}" height="{size * FILE_SCALE}"'
        f' viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path d="{"".join(bars)}"/></svg>\n'
    )


def png(matrix: Matrix) -> bytes:
    """The code as a PNG image of one bit a pixel (W3C PNG, clauses 5, 7 and 11)."""
    side = len(matrix) * FILE_SCALE
    rows = (b"\0" + bytes(0x00 if dark else 0xFF for dark in row) for row in matrix)  # 0: the row is not filtered
    pixels = b"".join(row * FILE_SCALE for row in rows)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit of grey, not interlaced
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
