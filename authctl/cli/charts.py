"""The picture of a directory as bars, as wide as the window, and in ASCII where the terminal knows no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile

from authctl.cli.output import percentage
from authctl.model import Json

WIDEST = 60  # characters of a bar; longer ones are no easier to compare
EIGHTHS = " ▏▎▍▌▋▊▉"

_CYAN, _PLAIN = "\x1b[36m", "\x1b[0m"


def drawn(picture: Json, columns: int, *, ascii: bool, has_colors: bool = False) -> str:
    """The picture in at most so many columns."""
    style, plain = (_CYAN, _PLAIN) if has_colors else ("", "")
    parts = (
        ("Users by month", _begun((each["month"], each["users"]) for each in picture["users_by_month"])),
        ("Sign-ins by day", _begun((each["day"], each["sign_ins"]) for each in picture["sign_ins_by_day"])),
        ("Second factor", _second_factor(picture)),
        ("Passwords", [(each["algorithm"] or "none", each["users"]) for each in picture["hashes"]]),
    )
    lines = (line for title, rows in parts for line in _part(title, rows, columns, ascii=ascii))
    return "".join(f"{text}{style}{bar}{plain}\n" if bar else f"{text.rstrip()}\n" for text, bar in lines)


def _begun(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """From the first month or day on in which there was anything."""
    return list(dropwhile(lambda row: not row[1], rows))


def _second_factor(picture: Json) -> list[tuple[str, int]]:
    total, on = sum(each["users"] for each in picture["hashes"]), picture["mfa"]["users"]
    return [("on", on), ("off", total - on)] if total else []


def _part(title: str, rows: Sequence[tuple[str, int]], columns: int, *, ascii: bool) -> Iterator[tuple[str, str]]:
    """Its lines, each with the bar at its end."""
    yield "", ""
    yield title, ""
    if not rows:
        yield "  none", ""
    total, most = sum(count for _, count in rows), max((count for _, count in rows), default=0)
    is_share = title in ("Second factor", "Passwords")
    numbers = [f"{count:,}" + (f" ({percentage(count, total)})" if is_share and total else "") for _, count in rows]
    names, ends = (max(map(len, texts), default=0) for texts in ([name for name, _ in rows], numbers))
    room = max(0, min(WIDEST, columns - names - ends - len("    ")))
    for (name, count), number in zip(rows, numbers, strict=True):
        text = f"  {name:<{names}}  {number:>{ends}} "[:columns]
        yield text, _bar(count / most * room if most else 0, ascii=ascii)[: columns - len(text)]


def _bar(length: float, *, ascii: bool) -> str:
    if ascii:
        return "#" * (round(length) or int(length > 0))
    whole, rest = divmod(max(round(length * 8), int(length > 0)), 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")
