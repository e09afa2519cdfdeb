"""What the tests of sources share: a file of bytes or a sample goes in, items come out."""

import io
import json
from pathlib import Path

import pytest

from authctl.transfer import sources

SAMPLES = Path(__file__).parent.parent / "samples"


def open_files(contents):
    """Bytes, or the names of samples, as open binary files."""
    return [
        io.BytesIO(content if isinstance(content, bytes) else (SAMPLES / content).read_bytes()) for content in contents
    ]


@pytest.fixture
def read():
    """The items of files: read("csv", b"…", "sample-name", map="…")."""

    def reading(name, *contents, start=0, **options):
        return list(sources.load(name).read(open_files(contents), options, start))

    return reading


@pytest.fixture
def by_ref(read):
    """The same as {ref: item}."""

    def reading(name, *contents, **options):
        found = {}
        for item in read(name, *contents, **options):
            found.setdefault(item.ref, item)
        return found

    return reading


@pytest.fixture
def mended():
    """The file that a source writes of refused records, after they have been through the engine's JSON."""

    def writing(name, items):
        raws = (json.loads(json.dumps(item.raw)) for item in items)
        return b"".join(sources.load(name).rejects(raws))

    return writing


@pytest.fixture
def samples():
    return SAMPLES
