"""What sources have in common unless they say otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from authctl.transfer.sources import NAMES, text_files


class Base:
    """Records are kept as they stand in the file, so refused ones are written back to the letter."""

    name: str
    options: Mapping[str, str] = {}
    joins = False
    asks_password = False

    @property
    def help(self) -> str:
        return NAMES[self.name].help

    def rejects(self, raws: Iterator[text_files.Verbatim]) -> Iterator[bytes]:
        return text_files.together(raws)
