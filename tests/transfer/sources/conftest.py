"""What the tests of sources share: a file of bytes or a sample goes in, items come out."""

import io
import json
from pathlib import Path

import pytest

from authctl.transfer import encodings, sources

SAMPLES = Path(__file__).parent.parent / "samples"


def open_files(contents, encoding=None):
    """Bytes, or the names of samples, as open binary files of UTF-8."""
    found = (content if isinstance(content, bytes) else (SAMPLES / content).read_bytes() for content in contents)
    return [as_utf_8(content, encoding) for content in found]


def as_utf_8(content, encoding):
    encoding = encodings.checked(encoding) if encoding else encodings.found(content[:65_536])
    file = io.BytesIO(content)
    if encoding == encodings.UTF_8:
        return file
    return io.BufferedReader(encodings.Transcoded(io.BufferedReader(file), encoding))


@pytest.fixture
def read():
    """The items of files: read("csv", b"…", "sample-name", map="…")."""

    def reading(name, *contents, start=0, **options):
        return list(sources.load(name).read(open_files(contents, options.pop("encoding", None)), options, start))

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
