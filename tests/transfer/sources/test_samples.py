"""What holds for every source: its sample is mapped and recognised, and what is refused can be mended."""

import pytest
from doubles.samples import EXPECTED, SAMPLES

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import Addresses, Record, Refused, Skipped

PASSWORDS = [
    pytest.param(sample, place, id=f"{sample}-{entry['ref']}")
    for sample in SAMPLES
    for place, entry in enumerate(sample.expected)
    if "password" in entry
]


def items_of(read, sample):
    return read(sample.source, sample.name, *sample.others, **sample.options)


def test_every_sample_has_its_source():
    assert {sample.name for sample in SAMPLES} == EXPECTED.keys()
    assert {sample.source for sample in SAMPLES} == sources.NAMES.keys() - {"authctl"}  # which is tested by itself


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_there_is_an_item_for_each_record(read, sample):
    for item, entry in zip(items_of(read, sample), sample.expected, strict=True):
        assert isinstance(item, Skipped) == (entry["outcome"] == "skip"), entry
        if isinstance(item, Refused):
            assert entry["outcome"] == "reject", entry
        if entry["outcome"] == "import" and isinstance(item, Record):
            assert item.notes == [], entry


@pytest.mark.parametrize(("sample", "place"), PASSWORDS)
def test_each_password_is_that_of_its_hash(read, sample, place):
    item, entry = items_of(read, sample)[place], sample.expected[place]
    if item.password.is_plain:
        assert item.password.text == entry["password"]
        return
    found = hashing.accept(item.password.text, item.password.hash, item.password.options)
    assert hashing.verify(found.stored, entry["password"])
    assert not hashing.verify(found.stored, entry["password"] + "x")


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_it_is_recognised_by_its_content(sample):
    head = sample.paths[0].read_bytes()[:65_536]
    assert sources.recognise(head, "export") == [sample.source]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_what_is_written_for_mending_reads_the_same(read, mended, sample):
    before = [item for item in items_of(read, sample) if not isinstance(item, Skipped)]
    after = read(sample.source, mended(sample.source, before), *sample.others, **sample.options)
    after = [item for item in after if not isinstance(item, Skipped)]
    assert len(after) == len(before)
    for one, other in zip(before, after, strict=True):
        one.at = other.at = 0
        one.raw = other.raw = None
    assert after == before


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_records_that_are_through_are_passed_over(read, sample):
    whole = items_of(read, sample)
    for start in (1, len(whole) // 2, len(whole), len(whole) + 1):
        rest = read(sample.source, sample.name, *sample.others, start=start, **sample.options)
        assert [(item.at, item.ref) for item in rest] == [(item.at, item.ref) for item in whole[start:]]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_no_note_holds_a_hash_or_a_secret(read, sample):
    said = repr([(item, [note.message for note in item.notes]) for item in items_of(read, sample)])
    for item in items_of(read, sample):
        if isinstance(item, Record) and item.password:
            assert item.password.text not in said
            assert not any(len(value) > 8 and value in said for value in item.password.options.values())
        for totp in getattr(item, "totp", ()):
            assert repr(totp.secret) not in said


@pytest.mark.parametrize("name", sources.NAMES)
def test_every_source_says_what_it_is(name):
    source = sources.load(name)
    assert source.name == name
    assert source.help
    assert all(text and not text.endswith(".") for text in source.options.values())
    assert isinstance(source.joins, bool)
    assert isinstance(source.asks_password, bool)
    assert source.addresses in Addresses


@pytest.mark.parametrize("name", sources.NAMES)
def test_an_empty_file_has_no_records(read, name):
    options = {"hash_config": "none"} if name == "firebase" else {}
    if name in (
        "authctl",
        "csv",
        "supabase",
        "auth0",
        "cognito",
        "clerk",
        "django",
        "okta",
        "wordpress",
    ):  # which must name their columns
        with pytest.raises(Invalid) as caught:
            read(name, b"", **options)
        assert caught.value.type == "import_file_invalid"
    else:
        assert read(name, b"", **options) == []
    assert sources.recognise(b"", "file") == []


@pytest.mark.parametrize("name", ["appwrite", "keycloak", "okta", "kratos", "django", "auth0"])
def test_another_system_s_file_is_not_recognised_as_this(samples, name):
    others = [sample for sample in SAMPLES if sample.source != name]
    for sample in others:
        assert not sources.load(name).recognises(sample.paths[0].read_bytes(), name), sample
