"""The architecture, read from the source: arrows point down, and what is dear or dangerous is in its one place."""

import ast
import functools
import re
from pathlib import Path

import pytest

import authctl

PACKAGE = Path(authctl.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

# Each may import from those after it. What stands in one set may import from each other, too.
LAYERS = (
    {"cli", "__main__"},
    {"transfer"},
    {"aio", "jwks", "testing"},
    {"core"},
    {"storage", "delivery"},
    {"model"},
    {"settings"},
    {"errors"},
)
# The rooms of core/, from the top down: each imports only from those after it. Those in one set know nothing of each
# other.
ROOMS = (
    {"directory"},
    {"maintenance", "manifests"},
    {"users", "security"},
    {"mfa", "teams", "audit"},
    {"tokens"},
    {"sessions"},
    {"credentials"},
    {"accounts", "messages"},
    {"work"},
    {"policy"},
    {"values", "hashing", "crypto"},
)
PURE = {"values", "hashing", "crypto"}  # of the database, too

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
    "pytest": ("testing/pytest.py",),
    "secrets": (),
    "random": (),
    "uuid": (),
    "numpy": (),
    "click": (),  # Typer carries its own
    "pydantic": (),
}
CLOCK_AND_DICE = ("core/work/unit.py",)
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


@functools.cache
def tree(module):
    return ast.parse((PACKAGE / module).read_text())


@functools.cache
def nodes(module):
    return list(ast.walk(tree(module)))


def layer_of(name):
    part = name.split("/")[0].split(".")[0]
    return next((place for place, layer in enumerate(LAYERS) if part in layer), None)


@functools.cache
def imports(name, *, running=False):
    """The modules that a module imports, wherever in it, as dotted names; running: without what is for types alone."""
    types = [node for node in nodes(name) if isinstance(node, ast.If) and is_for_types(node)] if running else ()
    unseen = {id(inner) for node in types for inner in ast.walk(node)}
    found = []
    for node in nodes(name):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return found


def is_for_types(node):
    return ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse


def ours(name):
    """The modules of authctl that a module imports, as paths below the package."""
    for imported in imports(name):
        top, _, rest = imported.partition(".")
        if top == "authctl" and rest and rest != "__version__":
            yield rest.replace(".", "/")


def file_of(imported):
    """The file that such a path is of: what is imported from it may be a name in it."""
    while imported:
        for file in (f"{imported}.py", f"{imported}/__init__.py"):
            if file in MODULES:
                return file
        imported = imported.rpartition("/")[0]
    return None


def files_used(name):
    """The files that a module uses: those it imports, whenever and if for types alone, and those of `storage.x`."""
    used = {file_of(imported) for imported in ours(name)}
    if "storage" in ours(name):
        for node in nodes(name):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "storage":
                used.add(file_of(f"storage/{node.attr}"))
    return used - {name, None}


def room_of(file):
    """The floor and the room of a file of core/; None for others."""
    layer, _, rest = file.partition("/")
    if layer != "core" or "/" not in rest:
        return None
    room = rest.split("/")[0]
    return next(floor for floor, rooms in enumerate(ROOMS) if room in rooms), room


def of_each_module(check):
    """A test that checks every module, and names all that fail: one, since thousands would take long to report."""

    @functools.wraps(check)
    def test():
        failed = []
        for module in MODULES:
            try:
                check(module)
            except AssertionError as error:
                failed.append(f"{module}: {error}")
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)

    del test.__wrapped__  # whose parameter would be a fixture's
    return test


@of_each_module
def test_imports_point_down(module):
    if module == DOOR:
        return
    own = layer_of(module)
    assert own is not None, f"{module} is in no layer"
    for imported in ours(module):
        assert layer_of(imported) is not None, f"{module} imports {imported}, which is in no layer"
        assert layer_of(imported) >= own, f"{module} imports {imported}, which is above it"


@of_each_module
def test_rooms_import_from_those_below_alone(module):
    own = room_of(module)
    for file in files_used(module) if own else ():
        used = room_of(file)
        assert used is None or used[1] == own[1] or used[0] > own[0], (
            f"{module} imports {file}, from above or beside it"
        )


def test_every_room_has_its_floor():
    rooms = {path.parent.name for path in (PACKAGE / "core").glob("*/__init__.py")}
    assert rooms == set().union(*ROOMS)
    assert [path.name for path in (PACKAGE / "core").glob("*.py")] == ["__init__.py"]


@of_each_module
def test_pure_rooms_know_no_database(module):
    own = room_of(module)
    if own and own[1] in PURE:
        assert not [file for file in files_used(module) if file.startswith("storage/")]


def test_no_files_import_each_other_in_a_circle():
    depths = {}

    def depth(file, path=()):
        assert file not in path, f"a circle: {' → '.join((*path[path.index(file) :], file))}"
        if file not in depths:
            depths[file] = 1 + max((depth(used, (*path, file)) for used in sorted(files_used(file))), default=0)
        return depths[file]

    for module in MODULES:
        if module != DOOR:
            depth(module)


@of_each_module
def test_storage_and_delivery_do_not_know_each_other(module):
    below = {"storage": "delivery", "delivery": "storage"}
    other = below.get(module.split("/")[0])
    assert not [imported for imported in ours(module) if other and imported.startswith(other)]


@of_each_module
def test_what_is_dear_is_imported_in_its_one_place(module):
    for imported in imports(module, running=True):
        places = ONLY_IN.get(imported.partition(".")[0])
        assert places is None or module.startswith(places or ("nowhere",)), f"{module} imports {imported}"


@of_each_module
def test_clock_and_dice_are_in_their_one_place(module):
    if module in CLOCK_AND_DICE:
        return
    for node in nodes(module):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in CALLS, f"{module}:{node.lineno} reads the clock or throws dice"
    for imported in imports(module):
        assert imported not in CALLS, f"{module} imports {imported}"


@of_each_module
def test_one_table_says_what_ends_with_what(module):
    if module == "core/accounts/endings.py" or not module.startswith(("core/", "transfer/", "cli/")):
        return
    ended = {"storage.sessions.end_of_user"}
    if not module.startswith("core/tokens/"):  # where a newer token ends the older ones of its kind
        ended.add("storage.tokens.end_of_user")
    assert not ended & {ast.unparse(node) for node in nodes(module) if isinstance(node, ast.Attribute)}


@of_each_module
def test_only_the_last_handler_catches_everything(module):
    for node in nodes(module):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in node.body)
            broad = re.search(r"\b(Exception|BaseException|everything)\b", caught)
            assert not broad or raises or module == "cli/app.py", f"{module}:{node.lineno} catches {caught}"


@of_each_module
def test_every_module_says_what_it_holds(module):
    assert ast.get_docstring(tree(module)), f"{module} has no docstring"


@of_each_module
def test_no_module_is_named_for_nothing(module):
    nothing = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "tools"}
    assert not nothing & set(module.removesuffix(".py").split("/"))


@of_each_module
def test_nothing_is_left_undone(module):
    text = (PACKAGE / module).read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b|for now\b", text)


@of_each_module
def test_core_prints_nothing(module):
    if module.startswith("cli/") or module in ("__main__.py", "settings/reference.py"):
        return
    for node in nodes(module):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("print", "input"), f"{module}:{node.lineno} prints or asks"
        if isinstance(node, ast.Attribute):
            streams = ("sys.stdout", "sys.stderr", "sys.stdin")
            assert ast.unparse(node) not in streams, f"{module}:{node.lineno} uses a terminal's stream"
