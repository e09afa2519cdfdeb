"""What hatchling runs when it builds a wheel: it makes the man pages, which lie beside the code."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPages(BuildHookInterface[Any]):
    """Adds share/man/man1 and share/man/man7."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)  # the code that is being built
        from authctl.cli import man_pages

        self.folder = tempfile.TemporaryDirectory()
        man_pages.write(Path(self.folder.name))
        build_data["shared_data"][self.folder.name] = "share/man"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.folder.cleanup()
