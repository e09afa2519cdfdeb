"""The README, and the blocks of it that are run."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def blocks(language):
    """The blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
