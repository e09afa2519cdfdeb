"""Completion in real shells, from the files as a wheel installs them; and what the scripts say, read."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell
from doubles.shell import Shell

from authctl.cli import app
from authctl.cli.commands import LazyGroup
from authctl.cli.completion import scripts, tree, value_kinds
from authctl.cli.completion.command import script

REPOSITORY = Path(__file__).parents[2]
COMPLETIONS = REPOSITORY / "completions"
BIN = str(Path(sys.executable).parent)
SHELLS = ("bash", "zsh", "fish")
CHECKS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "-n"]}

# Values that are the person's own words, by metavar or option: nothing can complete them.
FREE = {
    *("FILTER", "FIELD,...", "FIELD=COLUMN,...", "FIELD|-FIELD", "KEY=VALUE", "LABEL,...", "LABEL...", "LOCALE"),
    *("PROVIDER UID", "ROLE,...", "ROLE...", "--database"),
    *("ADDRESS", "CHARACTER", "CODE", "COUNTRY", "DURATION", "EMAIL", "HASH", "ID", "JSON", "N", "NAME", "PHONE"),
    *("PERMISSION", "PROVIDER", "SEAL", "TEXT", "TIME", "UID", "URL", "USERNAME"),
}


@pytest.fixture(scope="session")
def share(tmp_path_factory):
    """The files of completions/ where a wheel puts them, below a prefix."""
    prefix = tmp_path_factory.mktemp("prefix")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    for source, place in project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].items():
        (prefix / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / source, prefix / place)
    return prefix / "share"


@pytest.fixture
def at(home, share, tmp_path):
    """Starts shells in an empty folder: at("bash")."""
    folder = tmp_path / "here"
    folder.mkdir()
    with ExitStack() as stack:

        def start(name, *, path=f"{BIN}:{os.environ['PATH']}", **variables):
            home_folder = Path(home["HOME"])
            shell = Shell(name, home_folder, share, path=path, folder=folder, **variables)
            stack.callback(shell.close)
            return shell

        yield start


@pytest.fixture
def people(authctl, ready_home):
    """A directory in its default place, with somebody in it."""
    assert authctl("users create --id one --email ada@example.com --username xada --phone +442079460123").status == 0
    assert authctl("users create --id two --email grace@example.com").status == 0
    assert authctl("teams create Teachers --id teachers --owner ada@example.com").status == 0
    return authctl


# In the shells


WORDS = {
    "authctl us": ["authctl", "users"],
    "authctl users upd": ["authctl", "users", "update-"],
    "authctl users get --us": ["authctl", "users", "get", "--user-id"],
    "authctl --outp": ["authctl", "--output"],
    "authctl -o json users li": ["authctl", "-o", "json", "users", "list"],
    "authctl users list --outp": ["authctl", "users", "list", "--output"],
    "authctl users list -o cs": ["authctl", "users", "list", "-o", "csv"],
    "authctl users list --output=cs": ["authctl", "users", "list", "--output=csv"],
    "authctl users list --fields id,metad": ["authctl", "users", "list", "--fields", "id,metadata"],
    "authctl users list --fields=id,metad": ["authctl", "users", "list", "--fields=id,metadata"],
    "authctl users update-status ada@b.c bl": ["authctl", "users", "update-status", "ada@b.c", "blocked"],
    "authctl users create --weak-hash wr": ["authctl", "users", "create", "--weak-hash", "wrap"],
    "authctl users create --hash dja": ["authctl", "users", "create", "--hash", "django"],
    "authctl users import --from firebas": ["authctl", "users", "import", "--from", "firebase"],
    "authctl security set session-li": ["authctl", "security", "set", "session-limit"],
    "authctl security set mfa-required al": ["authctl", "security", "set", "mfa-required", "all"],
    "authctl security reset session-limit mfa-req": ["authctl", "security", "reset", "session-limit", "mfa-required"],
    "authctl security apply app": ["authctl", "security", "apply", "appwrite"],
    "authctl security list-logs --event users.create,teams.del": [
        "authctl", "security", "list-logs", "--event", "users.create,teams.delete",
    ],
    "authctl tokens redeem one --kind reco": ["authctl", "tokens", "redeem", "one", "--kind", "recovery"],
    "authctl help err": ["authctl", "help", "errors"],
    "authctl help users unl": ["authctl", "help", "users", "unlock"],
    "authctl completion pow": ["authctl", "completion", "powershell"],
}  # fmt: skip
IDS = {
    "authctl users get gra": ["authctl", "users", "get", "grace@example.com"],
    "authctl users get grace@ex": ["authctl", "users", "get", "grace@example.com"],
    "authctl users get 'gra": ["authctl", "users", "get", "grace@example.com"],
    'authctl users get "grace@ex': ["authctl", "users", "get", "grace@example.com"],
    "authctl users get email:gra": ["authctl", "users", "get", "email:grace@example.com"],
    "authctl users get +44": ["authctl", "users", "get", "+442079460123"],
    "authctl users get --user-id tw": ["authctl", "users", "get", "--user-id", "two"],
    "authctl users get --user-id=tw": ["authctl", "users", "get", "--user-id=two"],
    "authctl users get -- gra": ["authctl", "users", "get", "--", "grace@example.com"],
    "authctl users update-name tw": ["authctl", "users", "update-name", "two"],
    "authctl teams get Tea": ["authctl", "teams", "get", "Teachers"],
    "authctl teams get-membership teachers xa": ["authctl", "teams", "get-membership", "teachers", "xada"],
    "authctl teams get-membership --team-id teachers xa": [
        "authctl", "teams", "get-membership", "--team-id", "teachers", "xada",
    ],
    "authctl teams create-membership teachers --email gra": [
        "authctl", "teams", "create-membership", "teachers", "--email", "grace@example.com",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SHELLS)
def test_the_first_tab_completes_a_word(at, name):
    line = "authctl users list --outp"
    assert at(name).completed(line)[-1] == "--output"


@pytest.mark.parametrize("name", SHELLS)
def test_the_first_tab_completes_an_id(at, people, name):
    assert at(name).completed("authctl users get gra") == ["authctl", "users", "get", "grace@example.com"]


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("lines", [WORDS, IDS], ids=["words", "ids"])
def test_a_tab_completes_what_is_unique(at, people, name, lines):
    shell = at(name)
    for line, words in lines.items():
        assert shell.completed(line) == words, line


@pytest.mark.parametrize("name", SHELLS)
def test_a_tab_completes_files_where_a_file_is_meant(at, name, tmp_path):
    shell = at(name)
    (tmp_path / "here" / "a strange $(touch pwned) name.toml").touch()
    (tmp_path / "here" / "policies.toml").touch()
    for line in ("authctl users list --config a", "authctl security apply a\\ str"):
        assert shell.completed(line)[-1] == "a strange $(touch pwned) name.toml", line
    assert shell.completed("authctl security apply pol")[-1] == "policies.toml"
    assert not (tmp_path / "here" / "pwned").exists()


@pytest.mark.parametrize("name", SHELLS)
def test_a_tab_shows_what_there_is_to_choose_from(at, people, name):
    shell = at(name)
    shell.types("authctl users update-status one \t")
    shell.sees("active", "blocked")


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_choices_are_shown_with_what_they_mean(at, name):
    shell = at(name)
    shell.types("authctl \t")
    shell.sees("users", "Create, find, change and delete users", "teams", "Create teams")


@pytest.mark.parametrize("name", SHELLS)
def test_nothing_is_completed_where_words_are_ones_own(at, people, name):
    shell = at(name)
    lines = [
        "authctl users update-name one x",
        "authctl users create --name x",
        "authctl nonsense x",
        "authctl users get zz",
    ]
    for line in lines:
        assert shell.completed(line) == line.split(), line


@pytest.mark.parametrize("name", SHELLS)
def test_what_the_line_says_is_where_ids_come_from(at, people, name, tmp_path):
    other = f"sqlite:///{tmp_path}/o t'h\"er.db"
    for words in (["init"], ["users", "create", "--username", "zoe"]):
        assert people([*words, "--database", other]).status == 0
    config = tmp_path / "config.toml"
    config.write_text('[profiles.staging]\ndatabase_url = "sqlite:///o t\'h\\"er.db"\n')
    quoted = "sqlite:///" + str(tmp_path) + "/o\\ t\\'h\\\"er.db"
    shell = at(name)
    assert shell.completed(f"authctl users get --database {quoted} zo")[-1] == "zoe"
    assert shell.completed(f"authctl --database={quoted} users get zo")[-1] == "zoe"
    assert shell.completed(f"authctl users get --config '{config}' --profile stag")[-1] == "staging"
    assert shell.completed(f'authctl users get --config "{config}" --profile staging zo')[-1] == "zoe"
    assert shell.completed("authctl users get zo")[-1] == "zo"


@pytest.mark.parametrize("name", SHELLS)
def test_sessions_are_those_of_the_user_on_the_line(at, people, name):
    session = people("users create-session one --fields id").stdout.strip()
    shell = at(name)
    for line in ("delete-session ada@example.com", "delete-session --user-id one"):
        assert shell.completed(f"authctl users {line} {session[:-2]}")[-1] == session
    assert shell.completed(f"authctl users delete-session two {session[:-2]}")[-1] == session[:-2]


@pytest.mark.parametrize("name", SHELLS)
def test_the_switch_keeps_ids_off_the_screen(at, people, name):
    shell = at(name, AUTHCTL_COMPLETE_DATA="0")
    assert shell.completed("authctl users get gra")[-1] == "gra"
    assert shell.completed("authctl users ge") == ["authctl", "users", "get"]


@pytest.mark.parametrize("name", SHELLS)
def test_hostile_names_run_nothing_and_expand_nothing(at, people, name, home, tmp_path):
    names = [
        "x$(touch pwned)",
        "x`touch pwned`",
        "x;touch pwned;",
        "x\ntouch pwned\n",
        "x*",
        "x{a,b}",
        "x'\"",
        "x\\",
        "x|touch pwned",
    ]
    database = Path(home["HOME"], ".local/share/authctl/authctl.db")
    with closing(sqlite3.connect(database)) as db, db:
        for number, hostile in enumerate(names):
            assert people(["users", "create", "--id", f"h{number}"]).status == 0
            columns = ("username", "username_key", "email", "phone", "name", "id")
            changes = ", ".join(f"{column} = :name" for column in columns)
            db.execute(f"UPDATE users SET {changes} WHERE id = :id", {"name": hostile, "id": f"h{number}"})
            db.commit()
        db.execute("UPDATE teams SET name = 'x$(touch pwned)'")
    shell = at(name)
    assert shell.completed("authctl users get x") == ["authctl", "users", "get", "xada"]
    assert shell.completed("authctl users get x\\$\\(touch\\ p")[-1] == "x$(touch p"
    assert shell.completed("authctl teams get x") == ["authctl", "teams", "get", "x"]
    assert [*(tmp_path / "here").iterdir()] == []


LIAR = """#!/bin/sh
printf '%s\\n' 'y$(touch pwned)' 'y`touch pwned`' 'y;touch pwned' 'y*' 'y{a,b}' "y'" 'y"' 'y\\' 'y|touch pwned' \\
    '$(touch pwned)' 'y z' '-y' 'y	z' 'yes@example.com'
"""


@pytest.mark.parametrize("name", SHELLS)
def test_even_answers_that_are_not_authctls_run_nothing(at, name, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "authctl").write_text(LIAR)
    (folder / "authctl").chmod(0o755)
    shell = at(name, path=f"{folder}:{os.environ['PATH']}")
    assert shell.completed("authctl users get y") == ["authctl", "users", "get", "yes@example.com"]
    assert [*(tmp_path / "here").iterdir()] == []


@pytest.mark.parametrize("name", SHELLS)
def test_what_is_on_the_line_is_never_run(at, people, name, tmp_path):
    shell = at(name)
    for line in (
        "authctl users get --database '$(touch pwned)' o",
        "authctl users delete-session '`touch pwned`' o",
        "authctl '$(touch pwned)' o",
        "authctl security set 'a;touch pwned' o",
        "authctl users list '--output=$(touch pwned)' --fields=name,i",
        "authctl users get --profile '*' --config '{a,b}' o",
    ):
        assert shell.completed(line)[0] == "authctl", line
    assert shell.completed("authctl users get gra")[-1] == "grace@example.com"
    assert [*(tmp_path / "here").iterdir()] == []


# The scripts, read


@pytest.mark.parametrize("shell", scripts.NAMES)
def test_the_committed_files_are_current(shell):
    committed = (COMPLETIONS / scripts.NAMES[shell]).read_text(encoding="utf-8")
    assert committed == script(shell), "write them anew: python -m authctl.cli.completion"


def test_the_generator_writes_them(tmp_path):
    subprocess.run([sys.executable, "-m", "authctl.cli.completion", str(tmp_path)], check=True)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        name: script(shell) for shell, name in scripts.NAMES.items()
    }


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_its_script(shell):
    file = COMPLETIONS / scripts.NAMES[shell]
    ran = subprocess.run([*CHECKS[shell], str(file)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("shell", scripts.NAMES)
def test_scripts_evaluate_nothing(shell):
    text = script(shell)
    assert text.isascii()
    for word in ("eval ", "compgen -W", "Invoke-Expression", "iex ", "_call_program"):
        assert word not in text, word


def test_zsh_finds_its_script_by_the_first_line():
    assert script("zsh").startswith("#compdef authctl\n")


def powershell():
    """The syntax tree of PowerShell's script, by the grammar that editors use."""
    language = tree_sitter.Language(tree_sitter_powershell.language())
    return tree_sitter.Parser(language).parse(script("powershell").encode()).root_node


def nodes(node, kind):
    if node.type == kind:
        yield node
    for child in node.children:
        yield from nodes(child, kind)


def test_powershells_script_is_well_formed():
    assert not powershell().has_error


def test_powershells_script_has_every_command_and_option():
    held = {node.text.decode()[1:-1].replace("''", "'") for node in nodes(powershell(), "verbatim_string_characters")}
    whole = tree.read()
    assert {node.path for node in whole.nodes} <= held
    for node in whole.nodes:
        assert {scripts.option_row(option) for option in whole.own(node)} <= held, node.path
        assert {scripts.argument_row(argument) for argument in node.arguments} <= held, node.path
    assert {scripts.option_row(option) for option in whole.common} <= held
    assert {scripts.word_row(word, help) for words in whole.lists.values() for word, help in words} <= held


def test_powershells_script_runs_only_authctl_and_drops_what_is_not_text():
    text = script("powershell")
    started = [node.text.decode() for node in nodes(powershell(), "command") if node.text.startswith(b"&")]
    assert len(started) == 1
    assert started[0].startswith('& $authctl __complete "$kind=$typed" @about 2>$null')
    assert "$_ -cmatch '^[A-Za-z0-9@._+:-]+$'" in text
    assert "Get-Command authctl -CommandType Application" in text


# The tree


def commands(command, path=""):
    context = command.context_class(command, info_name="authctl")
    if isinstance(command, LazyGroup):
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}".strip())
    else:
        yield path, command


def test_every_command_and_option_is_completed():
    held = {node.path: node for node in tree.read().nodes}
    for path, command in commands(app.Root()):
        words = {option.word for option in held[path].options} | {argument.flag for argument in held[path].arguments}
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert set(parameter.opts) <= words, path


def test_every_value_is_completed_or_ones_own_words():
    for path, command in commands(app.Root()):
        for parameter in command.params:
            hidden = getattr(parameter, "hidden", False) or getattr(parameter, "is_flag", False)
            if (
                not hidden
                and value_kinds.spec_of(path, parameter, command.declaration.shape, {}) == value_kinds.NOTHING
            ):
                assert {parameter.metavar, parameter.opts[-1]} & FREE, (
                    f"{path}: say in values.SPECS what completes {parameter.metavar}, or here that nothing can"
                )


def test_every_list_that_is_named_is_there():
    whole = tree.read()
    named = [spec for node in whole.nodes for option in node.options for spec in option.specs]
    named += [argument.spec for node in whole.nodes for argument in node.arguments]
    lists = {spec.rstrip(",/") for spec in named if not spec.startswith(("@", "-"))} - {""}
    assert {name for name in lists if not name.endswith(".*")} <= {*whole.lists}
    assert {name for name in lists if name.endswith(".*")} == {"policy.*", "help.*"}
    for words in whole.lists.values():
        assert all(word.isascii() and word.isprintable() and "|" not in word for word, _ in words)


def test_every_spec_is_used():
    used = {spec for node in tree.read().nodes for option in node.options for spec in option.specs}
    used |= {argument.spec for node in tree.read().nodes for argument in node.arguments}
    assert {*value_kinds.SPECS.values()} <= used


# The command


def test_completion_without_a_shell_says_how(authctl):
    ran = authctl("completion")
    assert (ran.status, ran.stderr) == (0, "")
    for shell in scripts.NAMES:
        assert f"authctl completion {shell}\n" in ran.stdout


@pytest.mark.parametrize("shell", scripts.NAMES)
def test_completion_prints_the_script(authctl, shell):
    assert authctl(f"completion {shell}").stdout == script(shell)


def test_completion_refuses_other_shells(authctl):
    ran = authctl("completion tcsh")
    assert ran.status == 2
    assert "powershell" in ran.stderr


PLACED = {
    "bash": ".local/share/bash-completion/completions/authctl",
    "zsh": ".local/share/zsh/site-functions/_authctl",
    "fish": ".config/fish/completions/authctl.fish",
    "powershell": ".config/powershell/authctl.ps1",
}


@pytest.mark.parametrize("shell", scripts.NAMES)
def test_install_says_where_and_writes_only_when_it_is_sure(authctl, home, shell):
    file = Path(home["HOME"], PLACED[shell])
    ran = authctl(f"completion {shell} --install")
    assert ran.status == 0
    assert str(file) in ran.stdout
    assert ran.stderr == "authctl: Nothing was written yet: add --yes.\n"
    assert [*Path(home["HOME"]).iterdir()] == []
    ran = authctl(f"completion {shell} --install --yes")
    assert ran.status == 0
    assert file.read_text() == script(shell)
    assert file.stat().st_mode & 0o777 == 0o644
    assert [each for each in Path(home["HOME"]).rglob("*") if each.is_file()] == [file]
    assert authctl(f"completion {shell} --install --yes").status == 0, "its own file is written anew"


def test_install_obeys_the_folders_that_are_set(authctl, tmp_path):
    folders = {"XDG_DATA_HOME": f"{tmp_path}/data", "XDG_CONFIG_HOME": f"{tmp_path}/config"}
    ran = authctl("completion --install --fields file", env=folders)
    assert ran.stdout.splitlines() == [
        f"{tmp_path}/data/bash-completion/completions/authctl",
        f"{tmp_path}/data/zsh/site-functions/_authctl",
        f"{tmp_path}/config/fish/completions/authctl.fish",
        f"{tmp_path}/config/powershell/authctl.ps1",
    ]
    ran = authctl("completion bash --install --fields file", env={"BASH_COMPLETION_USER_DIR": f"{tmp_path}/own"})
    assert ran.stdout == f"{tmp_path}/own/completions/authctl\n"


def test_install_needs_a_shell_and_a_home(authctl):
    assert authctl("completion --install --yes").status == 2
    ran = authctl("completion zsh --install", env={"HOME": ""})
    assert ran.status == 7
    assert "HOME is not set" in ran.stderr


def test_install_leaves_others_files_alone(authctl, home, tmp_path):
    file = Path(home["HOME"], PLACED["fish"])
    file.parent.mkdir(parents=True)
    file.write_text("complete -c authctl -a mine\n")
    ran = authctl("completion fish --install --yes")
    assert ran.status == 7
    assert "is not authctl's" in ran.stderr
    assert file.read_text() == "complete -c authctl -a mine\n"
    file.unlink()
    (file.parent / "authctl.fish").symlink_to(tmp_path / "elsewhere")
    assert authctl("completion fish --install --yes").status == 7
    assert not (tmp_path / "elsewhere").exists()


def test_install_tells_of_folders_that_cannot_be_written_to(authctl, home):
    Path(home["HOME"], ".config").write_text("a file")
    ran = authctl("completion fish --install --yes")
    assert ran.status == 7
    assert "cannot be written: Not a directory" in ran.stderr
