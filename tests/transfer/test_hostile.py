"""Files that are damaged, or made to do harm: no traceback, a refusal, and the good around it."""

import io
import json
import os
import re
from datetime import UTC, datetime

import pytest
from doubles.samples import SAMPLES
from hypothesis import given, settings, strategies as st

from authctl.core.policy.policies import Policy
from authctl.errors import Invalid
from authctl.transfer import files, reader_process, sources
from authctl.transfer.records import Record, Refused, Skipped
from authctl.transfer.sources import csv_files, field_reader
from authctl.transfer.validation import Rules

BY_NAME = {sample.name: sample for sample in SAMPLES}
JSON = [name for name, sample in BY_NAME.items() if name.endswith(".json") and len(sample.expected) > 2]
LINES = ["firebase-users.csv", "cognito-import.csv", "clerk-users.csv", "plain.csv", "htpasswd", "supabase-users.csv"]
JOINS = [sample for sample in SAMPLES if sample.others]

DEEP = "[" * 100_000 + "]" * 100_000
HUGE = "9" * 5_000
ODD_JSON = [
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "NaN",
    HUGE,
    f"-{HUGE}.5",
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff x"',
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[1]",
    '[{"a": 1}]',
    '{"a": {}}',
    '"{"',
    '"[]"',
    '"not json"',
    f'"{"x" * 300_000}"',
    DEEP[:900] + DEEP[-900:],
]
BROKEN_JSON = [
    "",
    "{",
    "}",
    "[",
    "]",
    '"',
    '{"a"',
    '{"a": }',
    '{"a": tru}',
    "{'a': 1}",
    '{"a": 1,}',
    '{"a": "\n"}',
    '{"a": "\\x"}',
    "\0",
    "x",
    '{"$id": "a", "email": "b"',
    '"email": "b"}',
    DEEP,
    '{"a": ' + DEEP + "}",
    '{"a": ' + HUGE + "}",
    '{"a": "\udc80',
    "// no",
    '{"a" 1}',
]
BROKEN_LINES = [
    '"',
    '"stray',
    'a"b',
    "\0",
    "",
    ",",
    ":",
    "a:b:c",
    "x" * 300_000,
    "\ud800",
    '"a"b,c',
    "\x85\u2028",
    "=cmd()",
]


def read(sample, *contents):
    """The items of a sample whose files are these."""
    files = [io.BytesIO(content) for content in contents]
    items = list(sources.load(sample.source).read(files, sample.options, 0))
    for item in items:
        check(item)
    return items


def check(item):
    """What every item must be, wherever it comes from."""
    assert isinstance(item, Record | Refused | Skipped)
    assert item.at >= 1
    assert item.ref is None or (item.ref.isprintable() and len(item.ref) <= 128)
    for note in item.notes:
        assert re.fullmatch(r"import_[a-z_]+", note.type)
        assert re.search(r"\.$|: --\S", note.message)  # a sentence, or one that ends with what to type
        assert note.message.isprintable()
        assert len(note.message) < 300
    if isinstance(item, Refused):
        assert item.notes
    if not isinstance(item, Skipped):
        json.loads(json.dumps(item.raw))


def contents(sample):
    return [path.read_bytes() for path in sample.paths]


def shape(items):
    """What of items does not hang on where they stand."""
    return [repr(item).partition(", ref=")[2] if isinstance(item, Record) else (type(item), item.ref) for item in items]


def mutated(content, draw):
    """The bytes after one of the things that happen to files."""
    place = draw(st.integers(0, len(content)))
    match draw(st.sampled_from(["cut", "drop", "flip", "insert", "repeat", "crlf", "bom", "utf16", "latin1"])):
        case "cut":
            return content[:place]
        case "drop":
            return content[:place] + content[place + draw(st.integers(1, 50)) :]
        case "flip":
            return content[:place] + bytes([draw(st.integers(0, 255))]) + content[place + 1 :]
        case "insert":
            odd = [
                b"\0",
                b'"',
                b"\\",
                b"{",
                b"}",
                b"[",
                b"]",
                b",",
                b"\n",
                b"\r",
                b"\xff\xfe",
                b"\xed\xa0\x80",
                b"'",
                b":",
                b"=",
                b"9" * 5_000,
            ]
            return content[:place] + draw(st.sampled_from(odd)) + content[place:]
        case "repeat":
            return content[:place] + content[place // 2 :]
        case "crlf":
            return content.replace(b"\n", b"\r\n")
        case "bom":
            return b"\xef\xbb\xbf" + content
        case "utf16":
            return content.decode().encode("utf-16")
        case _:
            return content.decode().encode("latin-1", "replace")


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_mutated_files_are_read_or_refused(sample):
    whole, *others = contents(sample)

    @settings(max_examples=60)
    @given(st.data())
    def mutate(data):
        content = whole
        for _ in range(data.draw(st.integers(1, 3))):
            try:
                content = mutated(content, data.draw)
            except UnicodeDecodeError:
                break
        try:
            read(sample, content, *others)
        except Invalid as error:  # as a whole, or for want of the columns that the options name
            assert error.type in ("import_file_invalid", "general_argument_invalid")  # noqa: PT017 - or it is read

    mutate()


@pytest.mark.parametrize("sample", JOINS, ids=str)
def test_mutated_files_to_join_are_read_or_refused(sample):
    first, *others = contents(sample)

    @settings(max_examples=60)
    @given(st.data())
    def mutate(data):
        try:
            read(sample, first, *(mutated(other, data.draw) for other in others))
        except Invalid as error:
            assert error.type == "import_file_invalid"  # noqa: PT017 - it may as well be read

    mutate()


# One record


def parts(name):
    """What stands before the records of a JSON sample, the records, and what stands behind."""
    whole = json.loads((BY_NAME[name].paths[0]).read_bytes())
    records = whole if isinstance(whole, list) else whole["users"]
    before, after = ("[", "]") if isinstance(whole, list) else ('{"users": [', "]}")
    return before, [json.dumps(record, indent=1, ensure_ascii=False) for record in records], after


def as_json(before, records, after):
    return (before + "\n" + ",\n".join(records) + "\n" + after).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize("broken", BROKEN_JSON, ids=lambda text: repr(text[:12]))
def test_records_around_a_malformed_one_come_in(name, broken):
    before, records, after = parts(name)
    good = shape(read(BY_NAME[name], as_json(before, records, after)))
    for place in (0, 2, len(records)):
        if (broken, place) == ("]", 0):
            continue  # an empty list, and then what is not JSON
        found = read(BY_NAME[name], as_json(before, [*records[:place], broken, *records[place:]], after))
        refused = [item for item in found if isinstance(item, Refused) and item.ref is None]
        if broken not in ("[", "]"):  # which open or close a list, so that it ends elsewhere
            assert [item.at for item in refused] == [place + 1] * bool(broken)
        assert shape(item for item in found if item not in refused) == good


@pytest.mark.parametrize("name", JSON)
def test_records_around_one_of_wrong_types_come_in(name):
    before, records, after = parts(name)
    good = shape(read(BY_NAME[name], as_json(before, records, after)))
    places = sorted(set(re.findall(r'"[$\w]+": (?=[^\s{\[]|\[\]|\{\})', records[0] + records[1])))

    @settings(max_examples=120)
    @given(st.sampled_from(places), st.sampled_from(ODD_JSON), st.sampled_from((0, 1)))
    def replace(field, value, place):
        pattern = re.escape(field) + r'("(?:[^"\\]|\\.)*"|[^\s,]+)'
        changed = re.sub(pattern, lambda match: field + value, records[place], count=1)
        found = shape(read(BY_NAME[name], as_json(before, [*records[:place], changed, *records[place + 1 :]], after)))
        assert found[:place] == good[:place]
        assert found[place + 1 :] == good[place + 1 :]

    replace()


@pytest.mark.parametrize("name", [name for name in JSON if name != "django-dumpdata.json"])  # which ends in a group
def test_a_file_that_ends_within_a_record(name):
    before, records, after = parts(name)
    whole = as_json(before, records, "")
    good = shape(read(BY_NAME[name], as_json(before, records, after)))
    found = read(BY_NAME[name], whole[:-40])
    assert shape(found)[: len(records) - 1] == good[: len(records) - 1]
    assert isinstance(found[-1], Refused)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("broken", BROKEN_LINES, ids=lambda text: repr(text[:12]))
def test_lines_around_a_malformed_one_come_in(name, broken):
    sample = BY_NAME[name]
    whole, *others = contents(sample)
    lines = whole.splitlines(keepends=True)[:9]  # before the one cell with a line break
    good = shape(read(sample, b"".join(lines), *others))
    bad = broken.encode("utf-8", "surrogatepass") + b"\n"
    for place in (1, 4, len(lines)):
        found = read(sample, b"".join([*lines[:place], bad, *lines[place:]]), *others)
        there = [item for item in found if item.at == place + 1]
        assert len(there) <= 1
        assert shape(item for item in found if item not in there) == good


def test_ldif_entries_around_a_malformed_one_come_in():
    sample = BY_NAME["ldap.ldif"]
    entries = contents(sample)[0].split(b"\n\n")
    good = shape(read(sample, b"\n\n".join(entries)))
    for bad in (
        b"no colon",
        b": none",
        b"cn:: !!!",
        b" folded",
        b"\0",
        b"dn: x\nuserPassword:: \xff",
        b"dn:: gA==\nuid: x",
        b"x: y",
    ):
        found = read(sample, b"\n\n".join([*entries[:3], bad, *entries[3:]]))
        assert len(found) == len(good) + 1
        assert shape(found[:2] + found[3:]) == good


def test_fields_of_ten_megabytes():
    long = "x" * 10_000_000
    for source, content in [
        ("authctl", json.dumps({"id": "a", "name": long, "email_verified": False}).encode()),
        ("csv", f'email,name\na@example.com,"{long}"\n'.encode()),
        ("csv", f"email,name\na@example.com,{long}\n".encode()),
        ("appwrite", json.dumps({"users": [{"$id": "a", "name": long, "registration": "2024-01-01"}]}).encode()),
        ("htpasswd", f"ada:{long}\n".encode()),
        ("ldif", f"dn: uid=a\nobjectClass: person\nuid: a\ncn: {long}\n".encode()),
    ]:
        good = {
            "authctl": b'\n{"id": "b", "email_verified": true}',
            "csv": b"b@example.com,B\n",
            "htpasswd": b"bob:x\n",
        }
        [first, *_] = found = list(sources.load(source).read([io.BytesIO(content + good.get(source, b""))], {}, 0))
        check(first)
        assert isinstance(first, Record)
        assert len(found) == 1 + (source in good)


def test_a_first_row_that_is_long_takes_no_longer_for_each_of_its_names():
    table = csv_files.Table(io.BytesIO(b"id" + b",x" * 100_000 + b"\n" + b"-" * 100_000 + b"x\n"))
    assert (table.names[1:3], table.names[-1]) == (("x", "x (2)"), "x (100000)")


def test_rows_are_read_again_only_as_often_as_is_worth_it():
    block = b'x","\n' + b"x,x,x\n" * 2
    content = b"id,email,name\n" + (block * 3_000 + b'y"y\n') * 3
    found = list(csv_files.Table(io.BytesIO(content)).rows())
    assert sum(isinstance(item, csv_files.SourceRow) for item in found) == 18_000


def test_a_first_row_that_is_very_long_is_refused():
    with pytest.raises(Invalid, match="too long"):
        csv_files.Table(io.BytesIO(b"id" + b",x" * 600_000 + b"\nx\n"))


def test_of_large_records_few_are_held_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(reader_process, "SIZE", 1_000)
    file = tmp_path / "users.jsonl"
    file.write_text("".join(json.dumps({"id": f"u{n}", "name": "x" * 300}) + "\n" for n in range(10)))
    rules = Rules("import", datetime(2026, 1, 2, tzinfo=UTC), Policy({}))
    job = reader_process.Job("authctl", (files.look_at(str(file), None),), {}, rules, 30)
    batches = reader_process.batches(job, sources.load("authctl"), os.urandom, None)
    assert [len(batch.items) for batch in batches] == [4, 4, 2]


def test_of_a_list_of_wrong_values_a_part_is_told():
    content = json.dumps({"$id": "a", "registration": "2024-01-01", "labels": [1] * 5_000}).encode()
    [record] = read(BY_NAME["appwrite-users.json"], content)
    assert len(record.notes) == 1_001
    assert record.notes[-1].message == "More than 1,000 values were left out."


def test_of_a_list_of_objects_the_first_are_read(monkeypatch):
    monkeypatch.setattr(field_reader, "MOST_OBJECTS", 2)
    identities = [{"provider": "google", "provider_uid": uid} for uid in "abc"]
    content = json.dumps({"id": "a", "email_verified": False, "identities": identities}).encode()
    [record] = sources.load("authctl").read([io.BytesIO(content)], {}, 0)
    assert [each.provider_uid for each in record.identities] == ["a", "b"]
    assert [note.message for note in record.notes] == ["Only the first 2 of identities were read."]


def test_a_json_object_without_users_is_invalid_in_little_memory():
    with pytest.raises(Invalid) as caught:
        read(BY_NAME["appwrite-users.json"], b'{"documents": [' + b'{"a": 1},' * 100_000 + b'{"a": 1}]}')
    assert caught.value.type == "import_file_invalid"
