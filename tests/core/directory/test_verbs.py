"""What verbs show of themselves: to `inspect`, to `help()`, and to whoever passes what they do not take."""

import inspect
import pydoc
import typing

import pytest
from doubles.verbs import GROUPS, VERBS, bound

import authctl
from authctl.core.directory.directory import Door
from authctl.transfer.exporting import Exports
from authctl.transfer.journal import Imports


@pytest.fixture
def directory_of_nothing(tmp_path):
    """A directory on a database that is not there: nothing here needs one."""
    with authctl.open(f"sqlite:///{tmp_path}/none.db") as directory:
        yield directory


@pytest.fixture(params=VERBS)
def verb(request):
    return request.param


def test_a_signature_is_what_callers_pass(directory_of_nothing, verb):
    shown = inspect.signature(bound(directory_of_nothing, verb))
    _, *written = inspect.signature(VERBS[verb].function).parameters.values()
    assert [(each.name, each.kind, each.default) for each in shown.parameters.values()] == [
        (each.name, each.kind, each.default) for each in written
    ]


def test_a_signature_has_types_and_not_their_names(directory_of_nothing, verb):
    shown = bound(directory_of_nothing, verb)
    signature = inspect.signature(shown)
    types = {name: each.annotation for name, each in signature.parameters.items()}
    types["return"] = signature.return_annotation
    assert not [name for name, each in types.items() if isinstance(each, str) or each is inspect.Parameter.empty]
    assert typing.get_type_hints(shown) == types


def test_help_says_what_a_verb_does_and_where(directory_of_nothing, verb):
    written = VERBS[verb].function
    text = pydoc.render_doc(bound(directory_of_nothing, verb), renderer=pydoc.plaintext)
    name = verb.split(".")[1]
    assert text.startswith(f"Python Library Documentation: method {name} in module {written.__module__}\n\n{name}(")
    assert inspect.getdoc(written).splitlines()[0] in text
    assert inspect.getsource(bound(directory_of_nothing, verb)) == inspect.getsource(written)


@pytest.mark.parametrize("group", [Exports, Imports])
def test_what_stands_on_the_directory_shows_types_too(group):
    for verb, function in inspect.getmembers(group, inspect.isfunction):
        if not verb.startswith("_"):
            assert not isinstance(inspect.signature(function).return_annotation, str)


def test_a_signature_reads_as_it_is_written(directory_of_nothing):
    signature = "(user: str, *, former_ids: bool = False) -> authctl.model.User"
    assert str(inspect.signature(directory_of_nothing.users.get)) == signature


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_a_group_names_its_verbs(directory_of_nothing, group):
    text = pydoc.render_doc(getattr(directory_of_nothing, group.__name__.lower()), renderer=pydoc.plaintext)
    for verb in VERBS:
        if verb.startswith(f"{group.__name__.lower()}."):
            assert f"\n |  {verb.split('.')[1]}(self" in text


def test_every_group_of_a_directory_is_tried_here():
    assert {name for name, each in vars(Door).items() if isinstance(each, property)} - {"outbox"} == {
        group.__name__.lower() for group in GROUPS
    }


def test_arguments_that_a_verb_does_not_have_are_errors_of_python(directory):
    for wrong in (
        lambda: directory.users.get(),
        lambda: directory.users.get("ada", "bob"),
        lambda: directory.users.get("ada", lock=True),
        lambda: directory.users.get("ada", user="ada"),
        lambda: directory.users.create("ada@example.com"),
        lambda: directory.users.create(mail="ada@example.com"),
        lambda: directory.users.iterate(limit=3),
    ):
        with pytest.raises(TypeError):
            wrong()
    assert directory.users.count() == 0
