"""Every hash that other implementations made, as it is stored: those that the tests of hashing have for vectors."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from authctl.core import hashing


def _stored():
    """Each with its password."""
    path = Path(__file__).parents[1] / "core/hashing/test_vectors.py"
    spec = spec_from_file_location("vectors", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    given = [(module.given(vector), module.password_of(vector)) for vector in module.REAL]
    given += [((made["text"], made["name"], made["options"]), made["password"]) for made in module.MADE]
    return [(hashing.accept(*each).stored, password) for each, password in given]


WITH_PASSWORDS = _stored()
STORED = [stored for stored, _ in WITH_PASSWORDS]
