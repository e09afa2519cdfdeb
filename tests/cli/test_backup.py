"""`authctl backup` and `restore` on the command line."""

import json

import pytest


@pytest.fixture
def env(authctl, database_url, ready):
    """The variables of a directory with a user in it."""
    environ = {"AUTHCTL_DATABASE_URL": database_url}
    assert authctl("users create --id ada --email ada@example.com", env=environ).status == 0
    return environ


def test_a_directory_goes_into_a_file_and_comes_back(authctl, env, tmp_path):
    made = authctl(f"backup {tmp_path}/one.backup -o json", env=env)
    assert made.status == 0
    assert {name: json.loads(made.stdout)[name] for name in ("users", "with_key", "file")} == {
        "users": 1,
        "with_key": False,
        "file": f"{tmp_path}/one.backup",
    }
    restored = authctl(f"restore {tmp_path}/one.backup --database sqlite:///{tmp_path}/two.db -o json")
    found = json.loads(restored.stdout)
    assert (restored.status, found["users"], found["database"]) == (0, 1, f"{tmp_path}/two.db")
    assert authctl(f"users get ada --database sqlite:///{tmp_path}/two.db --fields email").stdout == "ada@example.com\n"


def test_a_lost_default_directory_comes_back(authctl, home, tmp_path):
    from pathlib import Path

    authctl("users create --id ada")
    authctl(f"backup {tmp_path}/one.backup")
    for path in (Path(home["HOME"]) / ".local/share/authctl").iterdir():
        path.unlink()
    ran = authctl(f"restore {tmp_path}/one.backup --fields users,key")
    assert (ran.status, ran.stdout, ran.stderr) == (0, "1\tok\n", "")
    assert authctl("users get ada --fields id").stdout == "ada\n"


def test_nothing_is_overwritten(authctl, env, tmp_path):
    assert authctl(f"backup {tmp_path}/one.backup", env=env).status == 0
    again = authctl(f"backup {tmp_path}/one.backup", env=env)
    assert (again.status, again.stdout) == (3, "")
    assert "already exists" in again.stderr
    over = authctl(f"restore {tmp_path}/one.backup -o json", env=env)
    assert (over.status, json.loads(over.stderr)["error"]["type"]) == (5, "database_not_empty")


def test_the_key_is_asked_about(authctl, env, tmp_path):
    asked = authctl(f"backup {tmp_path}/one.backup --with-key", env=env)
    assert asked.status == 2
    assert "--yes" in asked.stderr
    assert not (tmp_path / "one.backup").exists()
    assert authctl(f"backup {tmp_path}/one.backup --with-key --yes --fields with_key", env=env).stdout == "true\n"


def test_a_dry_run_writes_nothing(authctl, env, tmp_path):
    dry = authctl(f"backup {tmp_path}/one.backup --dry-run -o json", env=env)
    found = json.loads(dry.stdout)
    assert (dry.status, found["users"], found["size"], found["dry_run"]) == (0, 1, None, True)
    assert not (tmp_path / "one.backup").exists()
    assert "directory.backup" not in authctl("security list-logs", env=env).stdout


def test_why_is_in_the_log(authctl, env, tmp_path):
    authctl(f"backup {tmp_path}/one.backup --reason nightly", env=env)
    logged = authctl("security list-logs --event directory.backup --fields reason", env=env)
    assert logged.stdout == "nightly\n"


def test_a_folder_keeps_the_last_ones(authctl, env, tmp_path):
    (tmp_path / "folder").mkdir()
    kept = json.loads(authctl(f"backup {tmp_path}/folder --keep 3 -o json", env=env).stdout)
    assert (kept["file"].startswith(f"{tmp_path}/folder/authctl-"), kept["removed"]) == (True, [])
    refused = authctl(f"backup {tmp_path}/folder --keep 0", env=env)
    assert (refused.status, "--keep" in refused.stderr) == (2, True)
    assert len(list((tmp_path / "folder").iterdir())) == 1


@pytest.mark.parametrize("name", ["missing", ".", "missing/one.backup"])
def test_what_cannot_be_read_or_written_is_told(authctl, env, tmp_path, name):
    restored = authctl(f"restore {tmp_path}/{name} --database sqlite:///{tmp_path}/two.db")
    assert restored.status in (3, 7)
    assert str(tmp_path) in restored.stderr
    assert not (tmp_path / "two.db").exists()
    if name != "missing":
        assert authctl(f"backup {tmp_path}/{name}", env=env).status in (3, 7)


def test_a_copy_of_another_program_is_refused(authctl, tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE users (id)")
    ran = authctl(f"restore {tmp_path}/other.db --database sqlite:///{tmp_path}/two.db")
    assert ran.status == 3
    assert "is not an authctl backup" in ran.stderr
