"""The closed list of errors: what is raised is listed, what is listed is raised, and each ends as its kind says."""

import ast
import functools
import re
from pathlib import Path
from traceback import format_exception

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


@functools.cache
def raised():
    """Every call in the source that makes an error or a problem, with the type in it where it stands there."""
    found = []
    for tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in (*KINDS, "Problem") and node.args and isinstance(node.args[0], ast.Constant):
                found.append((name, node.args[0].value))
    return found


def texts():
    return {node.value for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def test_what_is_raised_is_listed():
    assert {type for _, type in raised()} <= TYPES.keys()


def test_what_is_listed_is_raised():
    assert TYPES.keys() <= texts()


def test_each_type_is_raised_as_its_kind():
    wrong = [(name, type) for name, type in raised() if name in KINDS and TYPES[type][0] != KINDS[name].status]
    assert wrong == []


def test_each_kind_has_a_status_of_its_own():
    statuses = [kind.status for kind in KINDS.values()]
    assert sorted(statuses) == sorted(set(statuses))
    assert {*statuses, ExitStatus.DONE} == set(ExitStatus)


# What a browser is told


@pytest.mark.parametrize(
    ("type", "status"),
    [
        ("general_argument_invalid", 400),
        ("user_unauthorized", 401),
        ("user_invalid_credentials", 401),
        ("user_more_factors_required", 403),
        ("user_not_found", 404),
        ("user_email_already_exists", 409),
        ("general_rate_limit_exceeded", 429),
        ("general_key_missing", 503),
        ("database_unavailable", 503),
        ("general_unexpected", 500),
    ],
)
def test_a_type_has_an_http_status(type, status):
    (kind,) = [kind for kind in KINDS.values() if kind.status == TYPES[type][0]]
    assert kind(type, "x").http_status == errors.http_status(type) == status


def test_every_type_is_an_error_for_a_browser():
    assert {errors.http_status(type) for type in TYPES} == {400, 401, 403, 404, 409, 429, 500, 503}


def test_a_traceback_ends_with_the_hint():
    error = errors.Denied("user_unauthorized", "Not you.", hint="Ask somebody.")
    assert format_exception(error)[-1] == "hint: Ask somebody.\n"
    error.hint = None
    assert format_exception(error)[-1] == "authctl.errors.Denied: Not you.\n"


def test_what_is_public_has_no_hint():
    error = Invalid.of([Problem("password_too_short", "a", "password"), Problem("user_count_exceeded", "b")], hint="c")
    first, second = (
        {"type": "password_too_short", "message": "a.", "field": "password"},
        {"type": "user_count_exceeded", "message": "b.", "field": None},
    )
    assert error.public() == first | {"errors": [first, second]}


def test_of_what_operators_have_to_mend_nothing_is_public():
    """Also where it is one problem of several."""
    outage = {"type": "general_unavailable", "message": errors.OUTAGE.message, "field": None}
    for type, (status, _) in TYPES.items():
        (kind,) = [kind for kind in KINDS.values() if kind.status == status]
        if errors.http_status(type) >= 500:
            assert kind(type, "postgresql://db.example.com", field="x", hint="y").public() == outage | {
                "errors": [outage]
            }
    mixed = Invalid.of([Problem("password_too_short", "a"), Problem("general_key_missing", "b")])
    assert (mixed.http_status, mixed.public()["type"]) == (503, "general_unavailable")
    link = Invalid("general_redirect_denied", "Links to db.example.com are not allowed.", field="url").public()
    assert (link["message"], link["field"]) == ("This link is not allowed.", "url")


UNTOLD = r"--[a-z]|authctl (users|sessions|tokens|mfa|teams|security)|://|describe\(|fingerprint|_file\b"


def test_what_is_public_names_no_command_and_no_place():
    """As it is written in the source, but for what operators alone do: the advice is in the hint."""
    for path in {*PACKAGE.glob("core/**/*.py")} - {*PACKAGE.glob("core/maintenance/*.py")} | {
        *PACKAGE.glob("storage/*.py")
    }:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in (*KINDS, "Problem"):
                continue
            type, *message = node.args[:2]
            if message and isinstance(type, ast.Constant) and errors.http_status(type.value) < 500:
                written = ast.unparse(message[0])
                assert not re.search(UNTOLD, written), written


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
