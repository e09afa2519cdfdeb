"""Records of JSON files, wherever the window that they are read through happens to end."""

import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings, strategies as st

from authctl.errors import Invalid
from authctl.transfer.records import Refused
from authctl.transfer.sources import json_files

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "users", "data"]), VALUE, max_size=2), max_size=6)
LAYOUTS = {
    "list": lambda texts: f"[{','.join(texts)}]",
    "envelope": lambda texts: f'{{"total": {len(texts)}, "users": [{" , ".join(texts)}], "more": {{"x": [1]}}}}',
    "lines": lambda texts: "\n".join(texts),
    "pages": lambda texts: "".join(f'{{"users": [{text}], "next": "x"}}' for text in texts),
    "a list of envelopes": lambda texts: "[" + ",".join(f'{{"json_agg": [{text}]}}' for text in texts) + "]",
    "a list of lists": lambda texts: "[" + ",".join(f"[{text}]" for text in texts) + "]",
    "an envelope in another": lambda texts: f'{{"data": {{"total": 1, "items": [{",".join(texts)}]}}}}',
    "one behind another": "".join,
    "text sequences": lambda texts: "".join(f"\x1e{text}\n" for text in texts),
    "lines with space": lambda texts: "\r\n\r\n ".join(texts) + "\n\n",
}


def rows(text, inside=("users",), typical=("id",)):
    return list(json_files.rows(io.BytesIO(text.encode()), inside, typical))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("chunk", [1, 7, 64])
@pytest.mark.parametrize("indent", [None, 1])
def test_records_come_out_as_they_went_in(monkeypatch, layout, chunk, indent):
    monkeypatch.setattr(json_files, "CHUNK", chunk)
    monkeypatch.setattr(json_files, "HEAD", 32)

    @settings(max_examples=40)
    @given(RECORDS, st.booleans())
    def check(records, ascii):
        records = [{"id": number, **record} for number, record in enumerate(records)]
        texts = [json.dumps(record, indent=indent, ensure_ascii=ascii) for record in records]
        found = rows(LAYOUTS[layout](texts))
        assert [row.values for row in found] == records
        assert [row.raw.text for row in found] == texts

    check()


def test_places_in_lists_and_lines_elsewhere():
    assert [row.at for row in rows('[{"id": 1},\n\n{"id": 2}]')] == [1, 2]
    assert [row.at for row in rows('\n{"id": 1}\n\n{"id":\n 2}\n{"id": 3} {"id": 4}')] == [2, 4, 6, 6]


def test_several_lists_one_behind_another():
    assert [row.values["id"] for row in rows('{"users": [{"id": 1}]}\n{"users": [{"id": 2}]}\n[{"id": 3}]')] == [
        1,
        2,
        3,
    ]


def test_a_record_that_is_broken_by_a_line():
    found = rows('{"id": 1}\n{"id": 2, "x": \n{"id": 3}\n')
    assert [type(row).__name__ for row in found] == ["SourceRow", "Refused", "SourceRow"]
    assert found[1].raw.text.strip() == '{"id": 2, "x":'


def test_a_broken_line_takes_no_other_line_along_whatever_they_name():
    found = rows('{"x": 1}\n{"x": 2, "y": \n{"x": 3}\n{"x": 4}\n', inside=())
    assert [row.values["x"] for row in found if not isinstance(row, Refused)] == [1, 3, 4]
    assert [row.at for row in found if isinstance(row, Refused)] == [2]


def test_an_indented_object_within_a_broken_record_is_no_record():
    found = rows('{\n "id": 1,\n "x": [\n  {"y": 1},\n  {"y": 2},\n tru]\n}\n{\n "id": 2\n}\n')
    assert [row.values["id"] for row in found if not isinstance(row, Refused)] == [2]


def test_an_object_within_a_broken_record_is_no_record():
    found = rows('[{"id": 1}, {"id": 2, "x": [{"y": 1}, {"y": 2}, tru], "z": [{"y": 3}, {"y": 4}]}, {"id": 3}]')
    assert [row.values["id"] for row in found if not isinstance(row, Refused)] == [1, 3]
    assert [row.at for row in found if isinstance(row, Refused)] == [2]


@pytest.mark.parametrize("text", ["hello", "7", '{"documents": []}', '{"users": {}}', '{"total": 1', '{"total" 1}'])
def test_what_has_no_users_is_invalid(text):
    with pytest.raises(Invalid) as caught:
        rows(text)
    assert caught.value.type == "import_file_invalid"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_stays_the_same_however_long_the_file_is(layout):
    def peak(count):
        text = LAYOUTS[layout]([json.dumps({"id": number, "x": "y" * 200}) for number in range(count)]).encode()
        tracemalloc.start()
        assert sum(1 for _ in json_files.rows(io.BytesIO(text), ("users",), ("id",))) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20_000) < 1.2 * peak(10_000)


SPACES = ["\xa0", "\x85", "\u2028", "\u2029", "\x0c", "\x0b", "\x1c", "\ufeff", "\u3000", "\x1e"]


@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_whatever_is_a_space_may_stand_around_records(space):
    for text in (
        f'{{"id": 1}}\n{space}',
        f'{space}[{space}{{"id": 1}}{space}]{space}',
        f'{{"id": 1}}{space}\n{space}\n',
    ):
        assert [row.values for row in rows(text)] == [{"id": 1}]


PIECES = [
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    ",",
    "\\",
    "\n",
    "1",
    "tru",
    '"id"',
    '"users"',
    '{"id": 1}',
    '{"users": [',
    *SPACES,
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.sampled_from([(1 << 22, 8), (0, 0)]))
def test_every_turn_takes_a_character(text, patience):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_files, "CHUNK", 4)
        patch.setattr(json_files, "PATIENCE", patience)
        try:
            found = rows('{"id": 0}\n' + text)
        except Invalid:
            return
    assert len(found) <= 2 * len(text) + 1


DAMAGE = ['{"id":1,"x":[', "{", '\n{"a":', "\n{", '{"id":"', ',{"id":tru}', "1,", " ]  ", '{"users":[', '"', ",{"]


@pytest.mark.parametrize("piece", DAMAGE)
@pytest.mark.parametrize("start", ['{"id":1}', '[{"id":1}', '{"users": [{"id":1}'])
def test_damaged_text_is_decoded_a_few_times_only(monkeypatch, piece, start):
    monkeypatch.setattr(json_files, "PATIENCE", (1 << 16, 2))
    text, decoded = start + piece * (200_000 // len(piece)), 0
    scan = json.JSONDecoder().scan_once

    def counted(window, place):
        nonlocal decoded
        try:
            value, end = scan(window, place)
        except (ValueError, StopIteration, RecursionError) as error:
            decoded += getattr(error, "pos", getattr(error, "value", 512)) + 1
            raise
        decoded += end - place
        return value, end

    reader = json_files._Reader(io.TextIOWrapper(io.BytesIO(text.encode())), frozenset(), frozenset(("id",)), False)
    monkeypatch.setattr(reader, "_scan", counted)
    assert sum(1 for _ in reader.rows(())) >= 1
    assert decoded < 20 * len(text)


def test_a_user_with_a_list_of_things_is_no_envelope():
    for name in ("data", "items", "users"):
        [row] = rows(f'[{{"{name}": [{{"x": 1}}], "id": 7}}]')
        assert row.values["id"] == 7


def test_a_page_without_anybody_on_it_is_passed_over():
    assert [row.values["id"] for row in rows('[{"users": []}, [], {"users": [{"id": 1}]}]')] == [1]


def test_a_path_leads_to_the_records():
    text = '{"meta": {"users": [{"id": 0}]}, "data": {"users": [{"id": 1, "users": [{"id": 3}]}, {"x": 2}]}}'
    found = list(json_files.rows(io.BytesIO(text.encode()), (), (), ("data", "users")))
    assert [row.values for row in found] == [{"id": 1, "users": [{"id": 3}]}, {"x": 2}]
    with pytest.raises(Invalid, match="called nobody"):
        list(json_files.rows(io.BytesIO(text.encode()), (), (), ("data", "nobody")))
