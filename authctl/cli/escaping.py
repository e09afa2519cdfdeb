"""Text that people typed into the database, made safe to show: what a terminal would obey is written as an escape.

Hostile are: control characters (C0, DEL, C1), which move the cursor, colour, or type on the operator's behalf;
characters that turn the direction of what follows, so that text reads as something else; line and paragraph
separators; and lone surrogates, which no stream can carry. A backslash stays as it is: names like `DOMAIN\\user` are
read more often than escapes are undone, and JSON is there for who needs every character exactly.
"""

from __future__ import annotations

import re

# Patterns are text: `re` compiles and keeps them when the first odd character comes, which most commands never see.
# Also what is not seen at all, but for the joiners that scripts and emoji need.
_BEYOND_C0 = "\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff"
_HOSTILE = f"[\x00-\x1f{_BEYOND_C0}]"
# RFC 4180 gives lines and quotes a way to live inside a cell; other control characters are not part of its text.
_HOSTILE_IN_CSV = f"[\x00-\x08\x0b\x0c\x0e-\x1f{_BEYOND_C0}]"
_HOSTILE_IN_JSON = f"[{_BEYOND_C0}]"  # json escapes C0 itself; what is left of it is its own layout
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# Spreadsheets run a cell that begins with one of these (OWASP, CSV Injection), the full-width forms included.
_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")


def visible(text: str) -> str:
    """The text with every hostile character shown as `\\n`, `\\x1b` or `\\u202e`."""
    if text.isprintable():
        return text
    return re.sub(_HOSTILE, _escape, text)


def visible_in_csv(text: str) -> str:
    """The same for a quoted cell, where line ends and tabs may stay."""
    if text.isprintable():
        return text
    return re.sub(_HOSTILE_IN_CSV, _escape, text)


def safe_json(text: str) -> str:
    """JSON text with hostile characters as `\\uNNNN`: they stand in strings only, so the value stays exact."""
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(_HOSTILE_IN_JSON, lambda found: f"\\u{ord(found[0]):04x}", text)


def safe_toml(text: str, *, ascii: bool) -> str:
    """TOML text with hostile characters as escapes, and all beyond ASCII where the stream cannot carry them."""
    hostile = "[^\x00-\x7e]" if ascii else _HOSTILE_IN_JSON
    return re.sub(hostile, lambda found: f"\\U{ord(found[0]):08x}", text)


def without_formula(text: str) -> str:
    """The cell with `'` before it where a spreadsheet would run it.

    A plain `+` and digits stays: it is a number to a spreadsheet and runs nothing, and every phone is one.
    """
    if text.lstrip(" ")[:1] not in _FORMULA_STARTS or (text[0] == "+" and text[1:].isascii() and text[1:].isdigit()):
        return text
    return "'" + text


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
