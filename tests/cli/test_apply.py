"""`authctl apply` and `pull`: what is asked, shown and written; and the recipe of the manual, run."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from authctl.core.manifests import declarations, reading

MANUAL = Path(__file__).parents[2] / "authctl" / "manual" / "apply.md"
USER = '[[users]]\nid = "bob"\n'


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch, ready_home):
    monkeypatch.chdir(tmp_path)


def write(text, path="school.toml"):
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(text)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", MANUAL.read_text(), re.DOTALL | re.MULTILINE)


def test_the_manual_s_example_is_read_and_applied(authctl):
    [example] = blocks("toml")
    found = reading.read("example", [("example.toml", example)])
    assert (len(found.users), len(found.teams[0].members), len(found.mock_phones)) == (2, 2, 1)
    write(example.replace("invite = true", 'state = "absent"'))
    assert authctl("apply school.toml").status == 0
    assert authctl("apply school.toml --check").status == 0


def test_the_recipe_shows_the_plan_and_applies_it(authctl, home, tmp_path):
    recipe = blocks("yaml")[0]
    plan, merge = re.findall(r"run: \|\n((?: {10}.*\n)+)", recipe)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "authctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m authctl "$@"\n')
    (programs / "gh").write_text('#!/bin/sh\necho "$@" > said; cp "$5" comment\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    environ = home | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "REQUEST": "7", "GITHUB_SHA": "abc123"}
    write(USER, "directory/users.toml")
    for script in (plan, merge):
        subprocess.run(["bash", "-euc", script], env=environ, check=True, cwd=tmp_path)
        if script is plan:
            assert (tmp_path / "said").read_text() == "pr comment 7 --body-file plan.txt\n"
            assert (tmp_path / "comment").read_text() == "+ user bob\n    id  bob\nPlan: 1 to add.\n"
            assert authctl("users list --count").stdout == "0\n"
    [event] = json.loads(authctl("users list-logs bob -o json").stdout)
    assert (event["reason"], event["details"]["manifest"]) == ("abc123", "directory")


def test_what_takes_away_is_asked_about_with_the_plan(authctl):
    write(USER)
    assert authctl("apply school.toml").status == 0
    write(USER + 'state = "absent"\n')
    asked = authctl("apply school.toml")
    assert (asked.status, "Add --yes" in asked.stderr or "--yes" in asked.stderr) == (2, True)
    terminal = {"stdin_isatty": True, "stderr_isatty": True, "stdout_isatty": True}
    declined = authctl("apply school.toml", stdin="n\n", **terminal)
    assert declined.status == 130
    assert "- user bob" in declined.stderr
    assert authctl("users list --count").stdout == "1\n"
    assert authctl("apply school.toml", stdin="y\n", **terminal).status == 0
    assert authctl("users list --count").stdout == "0\n"


def test_a_generated_password_is_shown_once_however_it_is_asked_for(authctl):
    write(USER + 'password = "generate"\n')
    assert "generated_password" not in authctl("apply school.toml --plan -o table").stdout
    shown = authctl("apply school.toml -o table -q").stdout
    assert re.search(r"generated_password  \S{20}", shown)
    assert re.search(r"^    id {18}\S", shown, re.MULTILINE)
    assert authctl("apply school.toml -o table -q").stdout == ""
    write('[[users]]\nid = "eve"\npassword = "generate"\n')
    [change] = json.loads(authctl("apply school.toml -o json").stdout)["changes"]
    assert len(change["generated_password"]) == 20


def test_dry_run_is_a_plan(authctl):
    write(USER)
    ran = authctl("apply school.toml --dry-run -o json")
    assert json.loads(ran.stdout) == json.loads(authctl("apply school.toml --plan -o json").stdout)
    assert authctl("users list --count").stdout == "0\n"


def test_stdin_is_applied_by_a_name(authctl):
    assert authctl("apply -", stdin=USER).status == 2
    assert authctl("apply - --name school", stdin=USER).status == 0
    pulled = authctl("pull").stdout
    assert pulled.endswith("\n") > pulled.endswith("\n\n")
    assert authctl("apply - --name school --check", stdin=pulled).status == 0


def test_a_plan_has_colours_at_a_terminal(authctl):
    write(USER)
    terminal = {"stdout_isatty": True, "stderr_isatty": True}
    shown = authctl("apply school.toml --plan", env={"TERM": "xterm-256color"}, **terminal).stdout
    assert "\x1b[32m+ user bob\x1b[0m" in shown
    assert "\x1b" not in authctl("apply school.toml --plan -o table").stdout


def test_what_people_typed_in_is_not_obeyed_by_the_terminal(authctl):
    authctl(["users", "create", "--id", "ada", "--name", "\x1b[31mred\u202e"])
    assert "\x1b" not in authctl("pull").stdout
    assert tomllib.loads(authctl("pull").stdout)["users"][0]["name"] == "\x1b[31mred\u202e"
    write('[[users]]\nid = "ada"\nname = "Ada"\n')
    shown = authctl("apply school.toml --plan -o table").stdout
    assert "\\x1b[31mred\\u202e → Ada" in shown


def test_a_file_that_is_pulled_is_private_and_not_overwritten_unasked(authctl):
    authctl("users create --id ada")
    assert authctl("pull school.toml").status == 0
    assert Path("school.toml").stat().st_mode & 0o777 == 0o600
    assert authctl("pull school.toml").status == 2
    assert authctl("pull school.toml --yes").status == 0
    assert tomllib.loads(Path("school.toml").read_text()) == {"users": [{"id": "ada"}]}


def test_nothing_is_pulled_into_a_folder(authctl):
    Path("school").mkdir()
    pulled = authctl("pull school --yes")
    assert pulled.status == 3
    assert pulled.stderr == "authctl: 'school' is a folder.\nhint: Name a file, such as school/all.toml.\n"


def test_the_schema_is_printed(authctl):
    assert json.loads(authctl("help apply --schema").stdout) == declarations.schema()
    assert authctl("help users --schema").status == 2


def test_of_many_faults_people_see_the_first_and_how_many_more(authctl):
    write('[[users]]\nid = "ada"\n' * 1_031)
    *shown, last = authctl("apply school.toml").stderr.splitlines()
    assert shown == [f"authctl: school.toml:{line}: ada is named in school.toml:1 already." for line in range(3, 42, 2)]
    assert last == "authctl: 1,010 more. To see all of them, add -o json."
    assert len(json.loads(authctl("apply school.toml -o json").stderr)["error"]["errors"]) == 1_030


@pytest.mark.parametrize(
    ("content", "fault"), [(b"\xff", "not UTF-8"), (None, "Is a directory"), (b"", "")], ids=["bytes", "none", "empty"]
)
def test_files_that_cannot_be_read_are_told(authctl, content, fault):
    if content is None:
        Path("school.toml").mkdir()
        assert "There is no .toml file" in authctl("apply school.toml").stderr
    else:
        Path("school.toml").write_bytes(content)
        assert fault in authctl("apply school.toml").stderr


def test_a_file_whose_name_is_no_text_needs_a_name(authctl, tmp_path):
    file = tmp_path / "\udcff.toml"
    file.write_text("")
    ran = authctl(["apply", str(file), "--yes"])
    assert (ran.status, "name" in ran.stderr) == (3, True)
