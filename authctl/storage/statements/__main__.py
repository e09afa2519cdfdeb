"""Writes `storage/compiled.py` anew."""

from pathlib import Path

from authctl.storage import compiled
from authctl.storage.connection import Statement

if __name__ == "__main__":
    # What is not compiled yet may be named already by those who are to send it.
    vars(compiled)["__getattr__"] = lambda name: Statement(None, None, ())
    from authctl.storage.statements.generating import text

    Path(compiled.__file__).write_text(text())
