"""The README says what is so: its tables are generated from the declarations, its session is replayed."""

import os
import re
from pathlib import Path

import pytest

import authctl
from authctl.cli import shapes
from authctl.cli.output import Shape
from authctl.core import policy
from authctl.errors import EXIT_STATUSES, TYPES
from authctl.model import EventName
from authctl.settings.manual import reference

README = Path(__file__).parent.parent / "README.md"
UPDATING = bool(os.environ.get("UPDATE_README"))


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def exit_statuses():
    return table(["status", "meaning"], [[int(status), meaning] for status, meaning in EXIT_STATUSES.items()])


def error_types():
    rows = [[f"`{type}`", int(status), meaning] for type, (status, meaning) in TYPES.items()]
    return table(["type", "exit status", "meaning"], rows)


def shape_tables():
    named = {value.name: value for value in vars(shapes).values() if isinstance(value, Shape) and value.fields}
    return table(["answer", "fields"], [[name, f"`{' '.join(shape.fields)}`"] for name, shape in named.items()])


def policies():
    rows = [
        [f"`{entry.name}`", entry.kind.range, policy.shown(entry.name, entry.default)[1], entry.help]
        for entry in policy.DECLARATIONS.values()
    ]
    return table(["policy", "may be", "default", "meaning"], rows)


def settings():
    return table(["setting", "from", "takes", "default", "meaning"], reference())


def events():
    return ", ".join(f"`{name}`" for name in EventName) + ".\n"


TABLES = {
    "events": events,
    "exit-statuses": exit_statuses,
    "error-types": error_types,
    "shapes": shape_tables,
    "policies": policies,
    "settings": settings,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_generated(name):
    text = README.read_text()
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, _, rest = text.partition(begin)
    written, _, after = rest.partition(end)
    if UPDATING:
        README.write_text(before + begin + TABLES[name]() + end + after)
    else:
        assert written == TABLES[name](), "UPDATE_README=1 writes it anew"


def test_its_session_is_replayed():
    replayed = (Path(__file__).parent / "sessions" / "readme.txt").read_text()
    [session] = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    assert replayed.endswith(session)


def test_its_python_runs(settings, directory, monkeypatch):
    [program] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    monkeypatch.setattr(authctl, "open", lambda url: directory)
    names = {}
    exec(compile(program, "README.md", "exec"), names)
    assert names["person"].user.email == "ada@example.com"


def test_its_files_are_there():
    for line in re.findall(r"^\| `(.+?)` \|", README.read_text(), re.MULTILINE):
        for path in line.split("`, `"):
            root = README.parent
            if "/" in path:
                assert (root / path).exists(), path
