"""The closed list of errors: what is raised is listed, what is listed is raised, and each ends as its kind says."""

import ast
import functools
from pathlib import Path

import pytest

import authctl
from authctl import errors
from authctl.errors import TYPES, AuthctlError, ExitStatus, Invalid, Problem, UsageError

PACKAGE = Path(authctl.__file__).parent
KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AuthctlError)}


@functools.cache
def trees():
    """Every file of the package, but the list itself."""
    return [ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py") if path != PACKAGE / "errors.py"]


def raised():
    """Every call in the source that makes an error or a problem, with the type in it where it stands there."""
    for tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in (*KINDS, "Problem") and node.args and isinstance(node.args[0], ast.Constant):
                yield name, node.args[0].value


def texts():
    return {node.value for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def test_what_is_raised_is_listed():
    assert {type for _, type in raised()} <= TYPES.keys()


def test_what_is_listed_is_raised():
    assert TYPES.keys() - texts() == set()


def test_each_type_is_raised_as_its_kind():
    wrong = [(name, type) for name, type in raised() if name in KINDS and TYPES[type][0] != KINDS[name].status]
    assert wrong == []


def test_each_kind_has_a_status_of_its_own():
    statuses = [kind.status for kind in KINDS.values()]
    assert sorted(statuses) == sorted(set(statuses))
    assert {*statuses, ExitStatus.DONE} == set(ExitStatus)


def test_types_are_named_and_explained():
    for type, (status, meaning) in TYPES.items():
        assert type == type.lower().replace("-", "_")
        assert isinstance(status, ExitStatus)
        assert meaning
        assert not meaning.endswith(".")


def test_the_first_problem_speaks_for_all():
    error = Invalid.of(
        [Problem("general_argument_invalid", "a", "x"), Problem("password_too_short", "b", "y")], hint="c"
    )
    assert (error.type, error.message, error.field, error.hint, error.status) == (
        "general_argument_invalid",
        "a.",
        "x",
        "c",
        ExitStatus.INVALID,
    )
    assert str(error) == "a. b."


def test_a_type_of_another_kind_is_refused():
    with pytest.raises(AssertionError):
        UsageError("password_too_short", "…")
    with pytest.raises(KeyError):
        Invalid("password_too_wonderful", "…")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("emial", "email"),
        ("EMAIL", "email"),
        ("--emial", "email"),
        ("database-url", "database_url"),
        ("totp", "factors.totp"),
        ("colour", None),
        ("", None),
    ],
)
def test_an_unknown_word_suggests_the_nearest(word, meant):
    known = ["email", "database_url", "factors.totp"]
    assert errors.did_you_mean(word, known) == (f" Did you mean '{meant}'?" if meant else "")
