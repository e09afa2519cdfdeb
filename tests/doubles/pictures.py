"""Pictures of a terminal as SVG: each cell where a terminal puts it, blocks as rectangles that touch, light and dark.

What a person sees of it depends on no font: text is stretched to its cells, and a colour that a program leaves to the
theme is one of these, by what the reader prefers.
"""

import html
import io
from itertools import groupby

from rich.cells import split_graphemes
from rich.console import Console
from rich.text import Text

WIDTH, HEIGHT = 10, 20  # pixels of a cell: half of one is a square
MARGIN = 16  # pixels
NAMES = ("ground", "ink", "dim", "edge", "red", "green", "yellow", "blue", "magenta", "cyan")
THEMES = {
    scheme: dict(zip(NAMES, colors.split(), strict=True))
    for scheme, colors in {
        "light": "#ffffff #1f2328 #59636e #d1d9e0 #b3261e #116329 #7d4e00 #0550ae #8250df #1b6f78",
        "dark": "#0d1117 #e6edf3 #9198a1 #3d444d #ff7b72 #57ab5a #d29922 #6cb6ff #d2a8ff #76d9e6",
    }.items()
}
ANSI = ("dim", "red", "green", "yellow", "blue", "magenta", "cyan", "ink")  # ECMA-48 §8.3.117, 30 to 37
BLOCKS = {"█": (0, 0, 1, 1), "▀": (0, 0, 1, 0.5), "▄": (0, 0.5, 1, 0.5)} | {  # left, top, width and height in a cell
    chr(0x2588 + eighth): (0, 0, 1 - eighth / 8, 1) for eighth in range(1, 8)
}

_CONSOLE = Console(file=io.StringIO())  # whom styles are asked of


def drawn(shown, columns):
    """A picture of what a terminal of so many columns was sent."""
    lines = [row for line in Text.from_ansi(shown).split() for row in _rows(line, columns)]
    body = "".join(_row(cells, number) for number, cells in enumerate(lines))
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f"<style>\n{_sheet('light')}@media (prefers-color-scheme: dark) {{\n{_sheet('dark')}}}\n"
        f"text {{ font: 16px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace }}\n"
        ".bold { font-weight: bold }\nrect { shape-rendering: crispEdges }\n</style>\n"
        f'<path class="ground edge" d="M6.5.5h{width - 13}a6 6 0 0 1 6 6v{height - 13}a6 6 0 0 1-6 6h-{width - 13}'
        f'a6 6 0 0 1-6-6v-{height - 13}a6 6 0 0 1 6-6z"/>\n<g transform="translate({MARGIN} {MARGIN})">\n'
        f"{body}</g>\n</svg>\n"
    )


def _sheet(theme):
    colors = dict(THEMES[theme])
    edge = colors.pop("edge")
    return "".join(f".{name} {{ fill: {color} }}\n" for name, color in colors.items()) + f".edge {{ stroke: {edge} }}\n"


def _rows(line, columns):
    """The cells of a line, in as many rows as a terminal needs: (column, text, width, style)."""
    rows, column = [[]], 0
    for start, end, width in split_graphemes(line.plain)[0]:
        if column + width > columns:
            rows, column = [*rows, []], 0
        rows[-1].append((column, line.plain[start:end], width, line.get_style_at_offset(_CONSOLE, start)))
        column += width
    return rows


def _row(cells, number):
    """One row: grounds, then blocks, then each word, so that no font can pull columns apart."""
    top, drawn = number * HEIGHT, ""
    for ground, run in _runs(cells, lambda cell: cell[3].bgcolor):
        drawn += _rect(run, top, (0, 0, 1, 1), _fill(ground)) if ground else ""
    for (block, style), run in _runs(cells, lambda cell: (BLOCKS.get(cell[1]), cell[3])):
        drawn += _rect(run, top, block, _paint(style)) if block else ""
    for (kind, style), run in _runs(cells, lambda cell: (_kind(cell), cell[3])):
        drawn += _word(run, top, style) if kind is not None else ""
    return drawn


def _kind(cell):
    """None for what is no text. A word in ASCII is one piece, since every font for terminals has that as wide."""
    column, text, _, _ = cell
    return None if text.isspace() or text in BLOCKS else "word" if text.isascii() else column


def _word(run, top, style):
    text = html.escape("".join(cell[1] for cell in run))
    place = f'x="{run[0][0] * WIDTH}" y="{top + 15}" textLength="{_width(run)}"'
    return f"<text {place} {_paint(style, bold=style.bold)}>{text}</text>\n"


def _runs(cells, key):
    return [(kind, list(run)) for kind, run in groupby(cells, key)]


def _width(run):
    """Its pixels."""
    return sum(cell[2] for cell in run) * WIDTH


def _rect(run, top, block, paint):
    left, down, width, height = block
    assert width == 1 or len(run) == 1
    return (
        f'<rect x="{run[0][0] * WIDTH + left * WIDTH:g}" y="{top + down * HEIGHT:g}"'
        f' width="{_width(run) * width:g}" height="{height * HEIGHT:g}" {paint}/>\n'
    )


def _paint(style, *, bold=False):
    words = _fill(style.color) if style.color else f'class="{"dim" if style.dim else "ink"}"'
    return words.replace('class="', 'class="bold ', 1) if bold else words


def _fill(color):
    if color.number is not None and color.number < 2 * len(ANSI):
        return f'class="{ANSI[color.number % len(ANSI)]}"'
    return f'fill="{color.get_truecolor().hex}"'
