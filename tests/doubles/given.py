"""A source of records that a test has made; its files say nothing."""

from __future__ import annotations

import json
from typing import ClassVar


class Given:
    """The records, in the order that they were given."""

    name, help, joins, asks_password, addresses = "given", "records of a test", False, False, "given"
    options: ClassVar = {"colour": "of no use"}

    def __init__(self, *items):
        self.items = items

    def recognises(self, head, name):
        return False

    def read(self, files, options, start):
        yield from self.items[start:]

    def rejects(self, raws):
        for raw in raws:
            yield json.dumps(raw).encode() + b"\n"
