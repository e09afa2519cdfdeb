"""Hashes of other systems through the command line: taken in, signed in with, and replaced; or refused for a reason."""

import functools
import json
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from unittest import mock

import pytest

from authctl.core import hashing
from authctl.model import WeakHash


def _vectors():
    """The vectors of the hashes' own tests, and how an operator gives them."""
    spec = spec_from_file_location("vectors", Path(__file__).parents[1] / "core/hashing/test_vectors.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VECTORS = _vectors()


@pytest.fixture(autouse=True, scope="module")
def known_answers():
    """Know which password a hash is of, as the hashes' own tests find it out of the same text, at its full cost."""
    known = {hashing.accept(*VECTORS.given(vector)).stored: VECTORS.password_of(vector) for vector in VECTORS.REAL}
    find_out = hashing.matching

    def matching(stored, password):
        if stored in known:
            return password if password == known[stored] else None
        return find_out(stored, password)

    with mock.patch.object(hashing, "matching", functools.cache(matching)):
        yield


@pytest.fixture
def run(authctl, database_url, ready):
    """Runs a command on a new directory of each database."""
    env = {"AUTHCTL_DATABASE_URL": database_url}

    def run(*words, **options):
        return authctl(words, env=env, **options)

    return run


def in_file(pepper):
    """The path of a file that holds it, as a command takes a pepper."""
    with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-8") as file:
        file.write(f"{pepper}\n")
    return file.name


def create(run, id, text, name, options, *, by_stdin=False, weak=WeakHash.KEEP):
    words = ["--hash", name] if name else []
    for key, value in options.items():
        words += ["--hash-option", f"pepper_file={in_file(value)}" if key == "pepper" else f"{key}={value}"]
    given = ["--password-hash-stdin"] if by_stdin else ["--password-hash", text]
    stdin = f"{text}\n" if by_stdin else ""
    return run("users", "create", "--id", id, *given, *words, "--weak-hash", weak, "-o", "json", stdin=stdin)


def sign_in(run, id, password):
    """The exit status. Bytes that are no UTF-8 come as the shell passes them on."""
    if any("\udc80" <= character <= "\udcff" for character in password):
        return run("sessions", "create", id, "--password", password).status
    return run("sessions", "create", id, "--password-stdin", stdin=f"{password}\n").status


def algorithm(run, id):
    return json.loads(run("users", "get", id, "-o", "json").stdout)["password"]["algorithm"]


def as_it_should(run, id, given, password, wrong, **options):
    """What happens to an imported user, step by step; None where that is all as it should be."""
    created = create(run, id, *given, **options)
    if created.status:
        return created.stderr
    steps = [
        ("wrong", sign_in(run, id, wrong), 6),
        ("right", sign_in(run, id, password), 0),
        ("stored", algorithm(run, id), "argon2id"),
        ("again", sign_in(run, id, password), 0),
        ("wrong again", sign_in(run, id, wrong), 6),
    ]
    return [(step, found) for step, found, wanted in steps if found != wanted] or None


def test_every_hash_of_a_real_export_signs_in_and_is_replaced(run):
    found = {}
    for number, vector in enumerate(VECTORS.REAL):
        password = VECTORS.password_of(vector)
        wrong = vector.get("wrongPassword", f"x{password}")
        found[vector["id"]] = as_it_should(
            run, vector["id"], VECTORS.given(vector), password, wrong, by_stdin=number % 2 == 0
        )
    assert {id: steps for id, steps in found.items() if steps} == {}


def test_every_weak_hash_signs_in_wrapped_and_is_replaced(run):
    weak = [one for one in VECTORS.REAL if VECTORS.hashing.accept(*VECTORS.given(one)).strength == "weak"]
    found = {}
    for vector in weak:
        password = VECTORS.password_of(vector)
        found[vector["id"]] = as_it_should(
            run, vector["id"], VECTORS.given(vector), password, f"x{password}", weak=WeakHash.WRAP
        )
    assert len(weak) > 10
    assert {id: steps for id, steps in found.items() if steps} == {}


def test_every_hostile_hash_gets_the_wanted_decision_and_changes_nothing(run):
    found, taken = {}, 0
    for number, vector in enumerate(VECTORS.HOSTILE):
        wanted = VECTORS.DECISIONS[vector["decision"]]
        ran = create(run, f"hostile{number}", VECTORS.hostile_text(vector), None, {}, by_stdin=number % 2 == 0)
        type = json.loads(ran.stderr)["error"]["type"] if ran.status else None
        if vector["decision"] == "refuse" and type == "general_argument_invalid":
            type = "password_hash_invalid"  # too long for a line of stdin, and refused before it is looked at
        taken += type is None
        if type not in wanted or ran.status != (3 if type else 0) or (type and ran.stdout):
            found[vector["why"]] = (ran.status, type)
    assert found == {}
    assert run("users", "list", "--count").stdout == f"{taken}\n"


TWO_X = "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"


@pytest.mark.parametrize("name", [None, "bcrypt"])
def test_the_faulty_bcrypt_is_refused_unless_it_is_named(run, name):
    ran = create(run, "ada", TWO_X, name, {})
    assert (ran.status, json.loads(ran.stderr)["error"]["type"]) == (3, "password_hash_unsupported")
    named = create(run, "ada", TWO_X, "bcrypt-2x", {})
    assert named.status == 0
    assert "ASCII" in json.loads(named.stderr)["warning"]["message"]


def test_a_warning_comes_also_when_quiet_and_shows_no_hash(run):
    md5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"
    ran = run("users", "create", "--id", "ada", "--password-hash", md5, "--hash", "md5", "-q")
    assert ran.stderr.startswith("authctl: warning: md5 without salt")
    assert md5 not in ran.stderr + ran.stdout


@pytest.mark.parametrize(
    ("words", "type"),
    [
        (["--hash-option", "salt=abc"], "password_hash_invalid"),
        (["--hash", "md5", "--hash-option", "salt"], "general_usage"),
        (["--hash", "md5", "--hash-option", "pepper=abc"], "general_argument_invalid"),
        (["--hash", "md5", "--hash-option", "pepper_file=/nowhere"], "general_argument_invalid"),
        (["--hash", "md5", "--hash-option", "paprika=abc"], "password_hash_invalid"),
        (["--hash", "nothing"], "password_hash_unsupported"),
    ],
)
def test_a_wrong_name_or_option_is_told_without_its_value(run, words, type):
    ran = run("users", "create", "--password-hash", "$1$yydZhP1c$iTBr/phRmFITk6ogGONWX1", *words, "-o", "json")
    assert ran.status in (2, 3)
    assert json.loads(ran.stderr)["error"]["type"] == type
    assert "abc" not in ran.stderr
    assert "yydZ" not in ran.stderr
