"""The first run, and `authctl init`, `upgrade` and `status`, on real files and in processes of their own."""

import json
import stat
import subprocess
from pathlib import Path

import pytest
from doubles import forks


def start(words, home, **variables):
    """A process on that machine."""
    return subprocess.Popen(
        [forks.program(), *words],
        env=home | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(child):
    with child:
        stdout, stderr = child.communicate(timeout=120)
    return child.returncode, stdout, stderr


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_command_makes_the_database_and_the_key_apart(authctl, home):
    folder = Path(home["HOME"])
    ran = authctl("users create --id ada")
    database = folder / ".local/share/authctl/authctl.db"
    key = folder / ".config/authctl/secret.key"
    assert ran.status == 0
    assert ran.stdout == "ada\t\t\t\tactive\t\n"
    assert ran.stderr.count(str(database)) == ran.stderr.count(str(key)) == 1
    assert [mode(path) for path in (database, key)] == [0o600, 0o600]
    assert [mode(path.parent) for path in (database, key)] == [0o700, 0o700]
    assert authctl("users get ada").stderr == ""


def test_the_first_command_obeys_the_folders_that_are_set(authctl, tmp_path):
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert authctl("users create", env=env).status == 0
    assert (tmp_path / "data/authctl/authctl.db").exists()
    assert (tmp_path / "config/authctl/secret.key").exists()


def test_files_beside_the_database_are_closed_to_others(home):
    assert finish(start(["users", "create"], home))[0] == 0
    folder = Path(home["HOME"]) / ".local/share/authctl"
    assert {path.name: mode(path) for path in folder.iterdir()} == {path.name: 0o600 for path in folder.iterdir()}


def test_eight_first_commands_at_once_all_succeed(home):
    children = [start(["users", "create", "--id", f"user{number}"], home) for number in range(8)]
    answers = [finish(child) for child in children]
    assert [(status, stdout) for status, stdout, _ in answers] == [
        (0, f"user{number}\t\t\t\tactive\t\n") for number in range(8)
    ]
    assert sum("Created the database" in stderr for _, _, stderr in answers) == 1
    status, stdout, _ = finish(start(["status", "-o", "json"], home))
    found = json.loads(stdout)
    assert (status, found["counts"]["users"], found["key"]["state"]) == (0, 8, "ok")


@pytest.mark.parametrize("place", ["a file in the way", "/proc"])
def test_a_home_that_cannot_be_written_to_is_told(home, tmp_path, place):
    if place == "/proc":
        folder = "/proc/authctl"
    else:
        folder = str(tmp_path / "file")
        Path(folder).write_text("")
    status, stdout, stderr = finish(start(["users", "create"], home | {"HOME": folder}))
    assert (status, stdout) == (7, "")
    assert folder in stderr
    assert "hint: " in stderr
    assert "Traceback" not in stderr


def test_without_a_home_an_error_says_what_to_set(home):
    status, _, stderr = finish(start(["users", "list"], {"PATH": home["PATH"], "HOME": ""}))
    assert status in (0, 3, 7)
    assert "Traceback" not in stderr


def test_init_keeps_what_is_there(authctl, database_url):
    env = {"AUTHCTL_DATABASE_URL": database_url}
    first = json.loads(authctl("init -o json", env=env).stdout)
    second = json.loads(authctl("init -o json", env=env).stdout)
    assert (first["created"], second["created"]) == (True, False)
    assert second | {"created": True} == first
    assert mode(Path(first["key_file"])) == 0o600


def test_a_missing_key_is_told_before_anything_is_written(authctl, database_url):
    env = {"AUTHCTL_DATABASE_URL": database_url}
    Path(json.loads(authctl("init -o json", env=env).stdout)["key_file"]).unlink()
    ran = authctl("users create --id ada -o json", env=env)
    assert (ran.status, json.loads(ran.stderr)["error"]["type"]) == (3, "general_key_missing")
    assert authctl("users list --count", env=env).stdout == "0\n"
    assert authctl("status --fields key.state", env=env).stdout == "missing\n"


def test_upgrade_as_a_dry_run_prints_the_statements_of_an_empty_database(authctl, postgres_url):
    ran = authctl("upgrade --dry-run", env={"AUTHCTL_DATABASE_URL": postgres_url})
    assert (ran.status, ran.stderr) == (0, "")
    assert "CREATE TABLE users" in ran.stdout


@pytest.mark.parametrize("line", ["upgrade", "upgrade --dry-run"])
def test_upgrade_tells_a_person_that_there_is_nothing_to_do(authctl, line):
    authctl("init")
    assert authctl(line).stderr == ""
    assert authctl(line, stderr_isatty=True).stderr == "Nothing to do: the schema is up to date.\n"


def test_status_says_where_settings_came_from_and_shows_no_secret(authctl, home, tmp_path):
    authctl("users create")
    config = tmp_path / "config.toml"
    config.write_text('[email]\nhost = "mail.example.com"\npassword = "s3cret"\nfrom = "a@example.com"\n')
    config.chmod(0o600)
    for format in ("json", "table"):
        ran = authctl(["status", "-o", format, "--config", str(config)])
        assert ran.status == 0
        assert "mail.example.com" in ran.stdout
        assert str(config) in ran.stdout
        assert "s3cret" not in ran.stdout + ran.stderr


def test_status_of_an_empty_machine_makes_nothing(authctl, home):
    assert authctl("status").status == 7
    assert list(Path(home["HOME"]).iterdir()) == []


# What the application is called

QUESTION = "Name of your application in mails (Enter: decide later): "


@pytest.fixture
def config(home):
    return Path(home["HOME"]) / ".config/authctl/config.toml"


def test_init_asks_at_a_terminal_what_the_application_is_called(person, config):
    someone = person("init")
    someone.sees(QUESTION)
    someone.types("Schule & Söhne\n")
    assert someone.leaves() == 0
    assert config.read_text() == 'application_name = "Schule & Söhne"\n'
    assert mode(config) == 0o600
    again = person("init")
    assert again.leaves() == 0
    assert QUESTION not in again.screen


def test_init_takes_no_answer_too(person, config):
    someone = person("init")
    someone.sees(QUESTION)
    someone.types("\n")
    assert someone.leaves() == 0
    assert not config.exists()


@pytest.mark.parametrize("line", ["init -q", "init -o json", "init --application-name Example"])
def test_init_asks_no_program_for_a_name(person, line):
    someone = person(line)
    assert someone.leaves() == 0
    assert QUESTION not in someone.screen


CONFIG = """\
# Ours
actor = "ci"  # stays

[email]
from = "a@example.com"

[profiles.staging]
# Theirs
actor = "staging"
"""


@pytest.mark.parametrize(("options", "above"), [("", "# Ours\n"), ("--profile staging ", "# Theirs\n")])
def test_a_name_goes_into_the_configuration_and_all_else_stays(authctl, config, options, above):
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    config.chmod(0o640)
    assert authctl(f"init {options}--application-name Example").status == 0
    assert config.read_text() == CONFIG.replace(above, 'application_name = "Example"\n' + above)
    assert mode(config) == 0o640
    again = authctl(f"init {options}--application-name Other")
    assert again.status == 3
    assert "application_name is already set" in again.stderr


def test_a_name_that_cannot_be_written_is_told(authctl, tmp_path):
    (tmp_path / "file").write_text("")
    ran = authctl("init --application-name Example", env={"XDG_CONFIG_HOME": f"{tmp_path}/file"})
    assert ran.status in (3, 7)
    assert f"{tmp_path}/file" in ran.stderr
