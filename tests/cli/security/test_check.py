"""`authctl security check` on the command line: formats, exit statuses, SARIF, and commands that name the directory."""

import json

import pytest


@pytest.fixture
def env(authctl, database_url, ready):
    """The variables of a directory with something weak in it, of each severity."""
    environ = {"AUTHCTL_DATABASE_URL": database_url}
    assert authctl("users create --id ada", env=environ).status == 0
    line = f"users create --id md5 --password-hash {'5f' * 16} --hash md5"
    assert authctl(line, env=environ).status == 0
    return environ


def findings(ran):
    return [finding["id"] for finding in json.loads(ran.stdout)]


def test_what_is_weak_is_listed_the_worst_first(authctl, env):
    ran = authctl("security check -o json", env=env)
    assert ran.status == 0
    found = json.loads(ran.stdout)
    ranks = [["high", "medium", "low"].index(finding["severity"]) for finding in found]
    assert ranks == sorted(ranks)
    assert found[0] == {
        "id": "weak-hashes",
        "severity": "high",
        "resource": "md5",
        "message": "1 password is hashed with md5, the oldest of January 2026.",
        "meaning": "Whoever steals these password hashes can try billions of passwords a second.",
        "command": "authctl users list --all --filter 'password.algorithm = md5' --fields id -o tsv"
        " | authctl users wrap-password -",
    }


@pytest.mark.parametrize(("level", "status"), [("low", 3), ("medium", 3), ("high", 0)])
def test_fail_on_decides_the_exit_status(authctl, env, level, status):
    assert authctl("users delete md5 --yes", env=env).status == 0
    ran = authctl(f"security check --fail-on {level} -o json", env=env)
    assert ran.status == status
    assert "users-without-mfa" in findings(ran)  # whatever the exit status
    if status:
        assert json.loads(ran.stderr)["error"]["type"] == "security_check_failed"
    assert authctl("security check --fail-on worst", env=env).status == 2


def test_sarif_has_a_rule_for_each_check_and_a_result_for_each_finding(authctl, env, tmp_path):
    from authctl.core.maintenance.findings import CHECKS

    listed = findings(authctl("security check -o json", env=env))
    ran = authctl("security check --sarif - --fail-on high", env=env)
    assert ran.status == 3
    sarif = json.loads(ran.stdout)
    [run] = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [*CHECKS]
    assert [result["ruleId"] for result in run["results"]] == listed
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning", "error")
        assert result["locations"]
    file = tmp_path / "authctl.sarif"
    assert authctl(f"security check --sarif {file}", env=env).status == 0
    assert [result["ruleId"] for result in json.loads(file.read_text())["runs"][0]["results"]] == listed
    assert file.stat().st_mode & 0o777 == 0o600
    again = authctl(f"security check --sarif {file}", env=env)
    assert (again.status, "already exists" in again.stderr) == (3, True)


def test_commands_name_the_directory_that_the_line_named(authctl, tmp_path):
    url = f"sqlite:///{tmp_path}/my%20directory.db"
    assert authctl(["init", "--database", url]).status == 0
    assert authctl(["users", "create", "--database", url]).status == 0
    command = authctl(["security", "check", "--database", url, "--fields", "command"]).stdout.splitlines()[0]
    assert command == f"authctl --database '{url}' security set mfa-required all" or command == (
        f"authctl --database {url} security set mfa-required all"
    )


def test_a_check_of_an_empty_machine_makes_nothing(authctl, home):
    from pathlib import Path

    assert authctl("security check").status == 7
    assert list(Path(home["HOME"]).iterdir()) == []


def test_the_verbs_that_mend_take_many_by_stdin(authctl, env):
    wrapped = authctl("users wrap-password - --fields password.algorithm", stdin="md5\n", env=env)
    assert (wrapped.status, wrapped.stdout) == (0, "wrapped-md5\n")
    required = authctl("users require-password-change -", stdin="md5\nada\n", env=env)
    assert required.status == 8
    assert "no password" in required.stderr


def test_people_get_paragraphs_with_commands_that_can_be_copied(authctl, env):
    ran = authctl("security check -o table", env=env | {"COLUMNS": "40"})
    assert (
        "medium: 2 of 2 users sign in with one\n"
        "  factor. (users-without-mfa)\n"
        "  A stolen or guessed password is enough\n"
        "  to sign in to these accounts.\n"
        "  authctl security set mfa-required all\n"
    ) in ran.stdout
    assert "  authctl users list --all --filter 'password.algorithm = md5' --fields id -o tsv | auth" in ran.stdout
