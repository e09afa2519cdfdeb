"""The manual: the Markdown pages of authctl/manual/, written by the formatters of help pages and of man pages.

    # Policies                       the title
    Every policy, …                  the summary: one line, for lists of pages
    ## A section                     which holds text, lists, tables, blocks of code and links to other pages

A blank line stands between all of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "manual"
ALIASES = {"exit": "errors", "exit-codes": "errors", "environment": "settings"}  # by another word that people look for

# What help pages have in the place of characters that not every terminal can show.
PLAIN = str.maketrans({"…": "...", "→": "->", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'", "×": "x", "≤": "<="})


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def find(word: str) -> str | None:
    """The page that goes by a word."""
    name = ALIASES.get(word, word)
    return name if name in names() else None


def summaries() -> dict[str, str]:
    """What each page is about, by its name."""
    return {name: _text(_read(name).split("\n\n", 2)[1]) for name in names()}


def linked(name: str) -> list[str]:
    """The other pages that a page links to, in that order."""
    found = re.findall(r"\]\(([a-z-]+)\.md(?:#[\w-]*)?\)", _read(name))
    return [each for each in dict.fromkeys(found) if each != name]


def write(name: str, formatter: Any) -> None:
    """A page, without its title."""
    top, *sections = re.split(r"^##+ ", _read(name), flags=re.MULTILINE)
    _write_body(top.partition("\n")[2], formatter)
    for section in sections:
        heading, _, body = section.partition("\n")
        with formatter.section(_text(heading)):
            _write_body(body, formatter)


def _read(name: str) -> str:
    """A page's text; comments only mark what of it is generated."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)


def _write_body(body: str, formatter: Any) -> None:
    for place, (is_code, block) in enumerate(_blocks(body)):
        if place:
            formatter.write_paragraph()
        if is_code:
            indent = " " * (formatter.current_indent + 2)
            formatter.write("".join(f"{indent}{line}".rstrip() + "\n" for line in block.splitlines()))
        elif block.startswith("|"):
            formatter.write_dl(_rows(block), col_max=min(30, formatter.width // 3))
        elif re.match(r"- |\d+\. ", block):
            items = re.split(r"\n(?=- |\d+\. )", block)
            rows = [(mark, _text(text)) for mark, _, text in (each.partition(" ") for each in items)]
            formatter.write_dl(rows, col_max=3, col_spacing=1)
        else:
            formatter.write_text(_text(block))


def _blocks(body: str) -> Iterator[tuple[bool, str]]:
    """Paragraphs, lists, tables and blocks of code, in their order; and whether each is code."""
    pieces = re.split(r"^```\w*\n(.*?)^```$", body, flags=re.DOTALL | re.MULTILINE)
    for is_code, piece in zip(cycle((False, True)), pieces, strict=False):
        if is_code:
            yield True, piece
        else:
            yield from ((False, block.strip("\n")) for block in piece.split("\n\n") if block.strip())


def _rows(table: str) -> list[tuple[str, str]]:
    """What the first cell of each row names: the last cell, and those between by the words of the table's head."""
    head, _, *rows = ([_text(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines())
    found = []
    for term, *between, meaning in rows:
        details = ", ".join(f"{name} {cell}" for name, cell in zip(head[1:-1], between, strict=True) if cell)
        found.append((term.replace("`", ""), f"{meaning} ({details})" if details else meaning))
    return found


def _text(text: str) -> str:
    """Text in one line and without marks; a link to a page is the command that shows it."""
    text = " ".join(text.split()).replace("**", "").replace("\\|", "|")
    text = re.sub(r"\[([a-z-]+)\]\(\1\.md(?:#[\w-]*)?\)", r"`authctl help \1`", text)
    text = re.sub(r"!?\[([^]]*)\]\(([a-z-]+)\.md(?:#[\w-]*)?\)", r"\1 (`authctl help \2`)", text)
    text = re.sub(r"!?\[([^]]*)\]\((https?://[^)]*)\)", r"\1 (\2)", text)
    return re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
