"""Every file that other systems' tools write comes in by the command as it is, and what does not is told."""

import json

import pytest
from doubles.samples import SAMPLES
from doubles.shapes import SHAPES

from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import Record


@pytest.fixture
def run(authctl, database_url, ready):
    def run(line):
        return authctl(line, env={"AUTHCTL_DATABASE_URL": database_url})

    return run


@pytest.fixture
def arrive(run):
    def arriving(shape):
        paths = " ".join(map(str, shape.paths))
        ran = run(f"users import {paths} --from {shape.source} {shape.options} -o json")
        assert ran.stdout, ran.stderr
        return json.loads(ran.stdout)

    return arriving


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_comes_in_and_what_does_not_is_told(arrive, shape):
    answer = arrive(shape)
    counts = (answer["created"], answer["skipped"], answer["refused"])
    assert counts == (shape.created, shape.skipped, 0), answer["reasons"]
    # The clock of the tests is behind some of the files, whose times are left out then.
    lost = {(each["type"], each["field"]) for each in answer["lost"] if "is in the future" not in str(each["message"])}
    assert lost == shape.all_lost
    again = arrive(shape)
    assert (again["created"], again["updated"], again["refused"]) == (0, 0, 0), again["reasons"]


EVERY = [(sample.source, sample.paths[0]) for sample in SAMPLES] + [(shape.source, shape.path) for shape in SHAPES]


@pytest.mark.parametrize(("source", "path"), EVERY, ids=lambda each: getattr(each, "name", each))
def test_a_file_is_recognised_as_of_its_source_alone(source, path):
    assert sources.recognise(path.read_bytes()[:65_536], "export") == [source]


OTHERS = [
    (name, path)
    for name in sorted({shape.source for shape in SHAPES})
    for source, path in EVERY
    if source != name and path.suffix == ".json"
]


@pytest.mark.parametrize(("name", "path"), OTHERS, ids=lambda each: getattr(each, "name", each))
def test_no_record_of_another_shape_comes_in(name, path):
    options = {"hash_config": "none"} if name == "firebase" else {}
    with path.open("rb") as file:
        try:
            found = list(sources.load(name).read([file], options, 0))
        except Invalid:
            return
    assert not any(isinstance(item, Record) for item in found)
