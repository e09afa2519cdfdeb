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
RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "users"]), VALUE, max_size=2), max_size=6)
LAYOUTS = {
    "list": lambda texts: f"[{','.join(texts)}]",
    "envelope": lambda texts: f'{{"total": {len(texts)}, "users": [{" , ".join(texts)}], "more": {{"x": [1]}}}}',
    "lines": lambda texts: "\n".join(texts),
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
