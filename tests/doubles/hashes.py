"""Every hash that other implementations made, as it is stored: those that the tests of hashing have for vectors."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from authctl.core import hashing


def _stored():
    path = Path(__file__).parents[1] / "core/hashing/test_vectors.py"
    spec = spec_from_file_location("vectors", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    given = [module.given(vector) for vector in module.REAL]
    given += [(vector["text"], vector["name"], vector["options"]) for vector in module.MADE]
    return [hashing.accept(*each).stored for each in given]


STORED = _stored()
