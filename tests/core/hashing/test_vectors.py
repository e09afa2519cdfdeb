"""Every hash that another implementation made is taken in, matches its password, and no other.

hash_vectors.json: hashes as exports of real systems have them. hash_hostile.json: hashes with the decision wanted.
made_vectors.json: hashes of invented passwords; `made_by` says which implementation and version made each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from authctl import errors
from authctl.core import hashing
from authctl.core.hashing import base

Vector = dict[str, Any]

HERE = Path(__file__).parent
REAL = json.loads((HERE / "hash_vectors.json").read_text())
MADE = json.loads((HERE / "made_vectors.json").read_text())
HOSTILE = json.loads((HERE / "hash_hostile.json").read_text())

# How each decision of hash_hostile.json shows: the error's types, none for a hash that is taken in.
DECISIONS = {
    "refuse": {"password_hash_invalid", "password_hash_too_costly"},
    "reset": {"password_hash_unsupported"},
    "none": {"password_hash_empty"},
    "ask": {"password_hash_unnamed"},
    "verify": {None},
    "normalise": {None},
}


def given(vector: Vector) -> tuple[str, str | None, dict[str, str]]:
    """What an operator would give for a hash of an export: text, name, options."""
    text, kind, salt, parameters = vector["hash"], vector["format"], vector["salt"], vector["params"]
    words = {key: str(value) for key, value in parameters.items()}
    if kind == "appwrite-sha":
        return text, "sha", {"version": parameters["hashOptions"]["version"]}
    if kind == "appwrite-scrypt":
        return text, "scrypt", {"salt": salt, **{key: value for key, value in words.items() if key != "type"}}
    if kind == "appwrite-scryptMod":
        return text, "scryptMod", {"salt": salt, **words}
    if kind == "okta":
        base64 = {"salt_encoding": "base64", "encoding": "base64"}
        return text, parameters["algorithm"], {"salt": salt, "saltOrder": parameters["saltOrder"], **base64}
    if kind == "rfc":
        return text, "pbkdf2", {"salt": salt, **words}
    if kind == "keycloak":
        return text, "keycloak", {"salt": salt, **words}
    if kind == "auth0-hmac":
        return text, "hmac", {key: value for key, value in words.items() if key != "algorithm"}
    if kind == "raw-base64":
        return text, parameters["digest"], {"encoding": "base64"}
    named = {"appwrite-md5": "md5", "clerk-scrypt_firebase": "scrypt_firebase", "raw-hex": parameters.get("digest")}
    if kind in ("django", "kratos"):
        return text, kind, {}
    return text, named.get(kind), {}


def password_of(vector: Vector) -> str:
    if "password_hex" in vector:
        return bytes.fromhex(vector["password_hex"]).decode("utf-8", "surrogateescape")
    return str(vector["password"])


def check(imported: base.Imported, password: str, wrong: str) -> None:
    assert hashing.verify(imported.stored, password)
    assert not hashing.verify(imported.stored, wrong)
    assert hashing.accept(imported.stored) == imported
    assert hashing.describe(imported.stored) == imported.algorithm
    assert hashing.strength(imported.stored) == imported.strength


@pytest.mark.parametrize("vector", REAL, ids=lambda vector: f"{vector['id']}-{vector['format']}")
def test_a_hash_of_a_real_export_matches_its_password_only(vector: Vector) -> None:
    imported = hashing.accept(*given(vector))
    password = password_of(vector)
    check(imported, password, vector.get("wrongPassword", f"x{password}"))
    algorithm = vector["algorithm"].replace("_", "-")
    for detail in ("-v16", "-2y-8bit", "-truncated"):
        algorithm = algorithm.removesuffix(detail)
    assert imported.algorithm == algorithm


@pytest.mark.parametrize("vector", MADE, ids=lambda vector: vector["made_by"])
def test_a_hash_of_another_implementation_matches_its_password_only(vector: Vector) -> None:
    imported = hashing.accept(vector["text"], vector["name"], vector["options"])
    check(imported, vector["password"], f"x{vector['password']}")
    assert imported.algorithm == vector["algorithm"]


def hostile_text(vector: Vector) -> str:
    if vector["hash"] is not None:
        return str(vector["hash"])
    recipe = vector["hash_recipe"]
    length: int = recipe["total_length"]
    return str((recipe["prefix"] + recipe["repeat"] * length)[:length])


def decide(text: str) -> str | None:
    """The type of the error, None where the hash is taken in."""
    try:
        hashing.accept(text)
    except errors.Invalid as error:
        return error.type
    return None


@pytest.mark.parametrize("vector", HOSTILE, ids=lambda vector: vector["why"][:40])
def test_a_hostile_hash_gets_the_wanted_decision(vector: Vector) -> None:
    assert decide(hostile_text(vector)) in DECISIONS[vector["decision"]]


def test_a_decision_is_taken_without_trying() -> None:
    """What could hash at any cost is not even loaded."""
    texts = [hostile_text(vector) for vector in HOSTILE if vector["hash"] is not None]
    program = """
import json, sys
from authctl import errors
from authctl.core import hashing
from authctl.core.hashing import base
for text in json.load(sys.stdin):
    try:
        hashing.accept(text)
    except errors.Invalid:
        pass
print(sorted({"argon2", "bcrypt", "cryptography"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], input=json.dumps(texts), capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
