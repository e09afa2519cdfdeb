"""The architecture, read from the source: arrows point down, and what is dear or dangerous is in its one place."""

import ast
import re
from pathlib import Path

import pytest

import authctl

PACKAGE = Path(authctl.__file__).parent
MODULES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}

# Each may import from those after it. What stands in one set may import from each other, too.
LAYERS = (
    {"cli", "__main__"},
    {"transfer"},
    {"core"},
    {"storage", "delivery"},
    {"model"},
    {"settings"},
    {"errors"},
)
# The door for applications names what it opens; the version is everybody's.
DOOR = "__init__.py"

# Who may import what. A name is a module; whatever is in it is meant as well.
ONLY_IN = {
    "typer": ("cli/",),
    "rich": ("cli/",),
    "qrcode": ("cli/",),
    "sqlalchemy": ("storage/",),
    "alembic": ("storage/",),
    "psycopg": ("storage/",),
    "sqlite3": ("storage/",),
    "smtplib": ("delivery/",),
    "secrets": (),
    "random": (),
    "uuid": (),
    "numpy": (),
    "click": (),  # Typer carries its own
    "pydantic": (),
}
CLOCK_AND_DICE = ("core/work.py", "core/secrets.py", "core/sealing.py")
CALLS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "os.urandom",
    "os.getrandom",
}


def layer_of(name):
    part = name.split("/")[0].split(".")[0]
    return next((place for place, layer in enumerate(LAYERS) if part in layer), None)


def imports(name, *, running=False):
    """The modules that a module imports, wherever in it, as dotted names; running: without what is for types alone."""
    types = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.If) and is_for_types(node)]
    unseen = {id(inner) for node in types for inner in ast.walk(node)} if running else set()
    for node in ast.walk(MODULES[name]):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def is_for_types(node):
    return ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse


def ours(name):
    """The modules of authctl that a module imports, as paths below the package."""
    for imported in imports(name):
        top, _, rest = imported.partition(".")
        if top == "authctl" and rest and rest != "__version__":
            yield rest.replace(".", "/")


@pytest.fixture(params=sorted(MODULES))
def module(request):
    return request.param


def test_imports_point_down(module):
    if module == DOOR:
        return
    own = layer_of(module)
    assert own is not None, f"{module} is in no layer"
    for imported in ours(module):
        assert layer_of(imported) is not None, f"{module} imports {imported}, which is in no layer"
        assert layer_of(imported) >= own, f"{module} imports {imported}, which is above it"


def test_storage_and_delivery_do_not_know_each_other(module):
    below = {"storage": "delivery", "delivery": "storage"}
    other = below.get(module.split("/")[0])
    assert not [imported for imported in ours(module) if other and imported.startswith(other)]


def test_what_is_dear_is_imported_in_its_one_place(module):
    for imported in imports(module, running=True):
        places = ONLY_IN.get(imported.partition(".")[0])
        assert places is None or module.startswith(places or ("nowhere",)), f"{module} imports {imported}"


def test_clock_and_dice_are_in_their_one_place(module):
    if module in CLOCK_AND_DICE:
        return
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in CALLS, f"{module}:{node.lineno} reads the clock or throws dice"
    for imported in imports(module):
        assert imported not in CALLS, f"{module} imports {imported}"


def test_only_the_last_handler_catches_everything(module):
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in node.body)
            broad = re.search(r"\b(Exception|BaseException|everything)\b", caught)
            assert not broad or raises or module == "cli/app.py", f"{module}:{node.lineno} catches {caught}"


def test_every_module_says_what_it_holds(module):
    assert ast.get_docstring(MODULES[module]), f"{module} has no docstring"


def test_no_module_is_named_for_nothing(module):
    nothing = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "tools"}
    assert not nothing & set(module.removesuffix(".py").split("/"))


def test_nothing_is_left_undone(module):
    text = (PACKAGE / module).read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b|for now\b", text)


def test_core_prints_nothing(module):
    if module.startswith("cli/") or module in ("__main__.py", "settings/manual.py"):
        return
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("print", "input"), f"{module}:{node.lineno} prints or asks"
        if isinstance(node, ast.Attribute):
            streams = ("sys.stdout", "sys.stderr", "sys.stdin")
            assert ast.unparse(node) not in streams, f"{module}:{node.lineno} uses a terminal's stream"
