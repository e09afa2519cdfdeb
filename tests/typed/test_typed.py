"""What type checkers see of the package from outside: programs that are right, one full of mistakes, and every verb."""

import ast
import asyncio
import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doubles.programs import program
from doubles.verbs import VERBS, bound

import authctl
from authctl.core.maintenance import setup

HERE = Path(__file__).parent
ANYTHING = ("expr", "explicit", "unimported", "decorated")  # where mypy is to refuse an Any
RIGHT = ("application.py", "awaiting.py")
CALLS_BACK = ("security.follow_logs", "security.verify_logs")  # whose functions each checker spells in its own way


def mypy(folder):
    """What mypy says: the file, the line, whether it is an error, and the words."""
    strict = ["--strict", *(f"--disallow-any-{each}" for each in ANYTHING)]
    ran = run(folder, "mypy", *strict, "--cache-dir", os.devnull, "--no-error-summary", ".")
    said = re.findall(r"^(\w+\.py):(\d+): (error|note): (.*)$", ran.stdout, re.MULTILINE)
    return [(file, int(line), severity == "error", words) for file, line, severity, words in said]


def pyright(folder):
    program("node")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    ran = run(folder, "pyright", "--pythonpath", sys.executable, "--outputjson")
    return [
        (Path(said["file"]).name, said["range"]["start"]["line"] + 1, said["severity"] == "error", said["message"])
        for said in json.loads(ran.stdout)["generalDiagnostics"]
    ]


def run(folder, *words):
    ran = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    assert ran.stderr == ""
    return ran


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_type_checkers_see_what_python_does(checker, tmp_path):
    for name in (*RIGHT, "mistakes.py"):
        shutil.copy(HERE / name, tmp_path)
    revealing = "".join(f"reveal_type(directory.{verb})\n" for verb in VERBS)
    (tmp_path / "verbs.py").write_text(f"import authctl\n\ndirectory = authctl.open()\n{revealing}")
    (tmp_path / "awaited.py").write_text(f"import authctl.aio\n\ndirectory = authctl.aio.open()\n{revealing}")
    said = checker(tmp_path)
    assert not [each for each in said if each[0] in RIGHT]
    assert {line for file, line, is_error, _ in said if file == "mistakes.py" and is_error} == mistaken()
    with authctl.open(f"sqlite:///{tmp_path}/none.db") as directory:
        signatures = {verb: inspect.signature(bound(directory, verb)) for verb in VERBS}
    for revealed_in, as_seen in (("verbs.py", str), ("awaited.py", awaited)):
        revealed = [words for file, _, is_error, words in said if file == revealed_in and not is_error]
        for (verb, signature), words in zip(signatures.items(), revealed, strict=True):
            if verb in CALLS_BACK:
                assert all(name in words for name in signature.parameters)
            else:
                assert seen(words) == as_seen(shown(signature)), verb


def awaited(signature):
    """The same signature, of the verb awaited."""
    taken, returned = re.fullmatch(r"(.*) -> (.*):\s+\.\.\.", signature).groups()
    streamed = re.fullmatch(r"Iterator\[(.*)\]", returned)
    answer = f"AsyncGenerator[{streamed[1]}, None]" if streamed else f"Coroutine[object, None, {returned}]"
    return normal(f"{taken.removeprefix('def function')} -> {answer}")


def mistaken():
    """The lines of the program that are wrong."""
    (main,) = [each for each in ast.parse((HERE / "mistakes.py").read_text()).body if isinstance(each, ast.FunctionDef)]
    return {each.lineno for each in main.body}


def seen(words):
    """The signature in what a checker reveals, as Python writes one; mypy leaves out the defaults themselves."""
    signature = re.search(r'is "(?:def )?(.*)"$', words)[1].replace(" =,", " = ...,").replace(" =)", " = ...)")
    return normal(signature)


def shown(signature):
    """The same as `inspect` has it."""
    return normal(re.sub(r"<(\w+\.\w+): '[^']*'>", r"\1", str(signature)))


def normal(signature):
    """A signature without modules and defaults: where there is one, but not what it is."""
    (function,) = ast.parse(f"def function{signature}: ...").body
    taken = function.args
    taken.defaults, taken.kw_defaults = (
        [ast.Constant(...) for _ in taken.defaults],
        [each and ast.Constant(...) for each in taken.kw_defaults],
    )
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", ast.unparse(function))


@pytest.mark.parametrize("name", RIGHT)
def test_the_programs_that_are_right_run(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    url = f"sqlite:///{tmp_path}/authctl.db"
    with authctl.open(url) as directory:
        setup.initialize(directory, directory.settings)
    spec = importlib.util.spec_from_file_location("application", HERE / name)
    application = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "application", application)  # where dataclasses look for their module
    spec.loader.exec_module(application)
    ran = application.main(url)
    if inspect.iscoroutine(ran):
        asyncio.run(ran)
