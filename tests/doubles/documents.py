"""What people read, README and the pages of the manual, and the blocks of it that are run."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
MANUAL = sorted((REPOSITORY / "authctl" / "manual").glob("*.md"))
DOCUMENTS = [README, *MANUAL]


def blocks(language, *documents):
    """The blocks of a language, in their order; of all documents where none is named."""
    pattern = rf"^```{language}\n(.*?)^```"
    texts = (document.read_text() for document in documents or DOCUMENTS)
    return [block for text in texts for block in re.findall(pattern, text, re.DOTALL | re.MULTILINE)]
