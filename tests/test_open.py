"""The door for applications: typed, quiet, for many threads, and closed by `with`."""

import inspect
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

import authctl
from authctl import errors
from authctl.core.hashing import Parameters
from authctl.errors import Invalid
from authctl.model import User

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)


def test_the_package_shows_what_is_public():
    public = ["Application", "Directory", "application", "errors", "model", "open"]
    assert sorted(authctl.__all__) == public
    assert sorted(dir(authctl)) == sorted([*public, "__version__"])
    assert authctl.open.__doc__
    assert authctl.application.__doc__
    with pytest.raises(AttributeError, match="has no attribute 'opne'"):
        authctl.opne  # noqa: B018 - looking is what is tried


def test_what_is_public_is_there_without_being_imported():
    public = "authctl.errors, authctl.model, authctl.Directory, authctl.Application"
    script = f"import authctl; print(*(each.__name__ for each in ({public})))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["authctl.errors", "authctl.model", "Directory", "Application"]


def test_both_doors_take_the_same_options():
    first, second = inspect.signature(authctl.open), inspect.signature(authctl.application)
    assert first.parameters == second.parameters


@pytest.fixture
def opened(directory, database_url, home, monkeypatch, clock, dice):
    """The directory as an application opens it, by its URL."""
    monkeypatch.delenv("AUTHCTL_CONFIG", raising=False)
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    with authctl.open(database_url, actor="app@example.com", clock=clock, hash_parameters=CHEAP) as opened:
        yield opened


def test_the_verbs_work(opened, clock):
    ada = opened.users.create(email="ada@example.com", password="correct horse battery")
    assert isinstance(ada, User)
    assert opened.users.verify_password("ada@example.com", "correct horse battery")
    assert [event.actor for event in opened.users.list_logs(ada.id)] == ["app@example.com"] * 2
    assert ada.created_at == clock()


def test_nothing_is_printed(opened, capfd):
    opened.users.create(id="ada")
    for step in (lambda: opened.users.get("nobody"), lambda: opened.users.create(id="ada")):
        with pytest.raises(errors.AuthctlError):
            step()
    assert capfd.readouterr() == ("", "")


def test_opening_reads_nothing_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with authctl.open(f"sqlite:///{tmp_path}/none/authctl.db"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("door", ["open", "application"])
def test_a_fresh_machine_needs_no_set_up(door, tmp_path):
    script = f"""
        import authctl
        with authctl.{door}() as directory:
            directory.users.create(id="ada", name="Ada")
        with authctl.open() as directory:
            assert directory.users.get("ada").name == "Ada"
    """
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        env={
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.path.dirname(os.path.dirname(authctl.__file__)),
        },
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    made = {path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert made == {
        ".config": 0o755,
        ".config/authctl": 0o700,
        ".config/authctl/secret.key": 0o600,
        ".local": 0o755,
        ".local/share": 0o755,
        ".local/share/authctl": 0o700,
        ".local/share/authctl/authctl.db": 0o600,
    }


def test_settings_that_cannot_be_read_are_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for options in ({"url": "mysql://host/name"}, {"url": "sqlite://"}, {"actor": ""}):
        with pytest.raises(Invalid) as refused:
            authctl.open(**options)
        assert refused.value.type == "general_config_invalid"


def test_what_is_wrong_is_called_as_the_program_calls_it(home):
    with pytest.raises(Invalid, match=r"^argument url: database_url must begin with sqlite:///"):
        authctl.open("mysql://example.com/users")
    with pytest.raises(Invalid, match=r"^argument pool_size: database.pool_size must be"):
        authctl.open("sqlite:///a.db", pool_size="many")


def test_a_key_that_is_none_is_not_shown(directory, database_url, monkeypatch, home):
    monkeypatch.setenv("HOME", home["HOME"])
    with authctl.open(database_url, key="hidden-value-7c1f") as opened, pytest.raises(Invalid) as refused:
        opened.users.create(id="ada")
    assert refused.value.field == "secret_key"
    assert "hidden-value" not in f"{refused.value} {refused.value.hint} {opened!r}"
    assert directory.users.count() == 0


def test_one_directory_serves_many_threads(opened):
    opened.users.create(id="shared", prefs={})

    def work(number):
        for turn in range(5):
            user = opened.users.create(email=f"user{number}.{turn}@example.com", name=f"Thread {number}")
            assert opened.users.get(user.email) == user
            opened.users.update_prefs("shared", {f"{number}.{turn}": True}, merge=True)
            assert user in opened.users.list(search=f"user{number}.{turn}")
        return [user.id for user in opened.users.iterate(filters=[f"name = Thread {number}"])]

    with ThreadPoolExecutor(16) as threads:
        ids = [id for found in threads.map(work, range(16)) for id in found]
    assert len(set(ids)) == 80
    assert len(opened.users.get_prefs("shared")) == 80


def test_closing_gives_the_connections_back(opened, request, tmp_path):
    opened.users.create(id="ada")
    opened.close()
    if opened.database.dialect == "postgresql":
        postgres = request.getfixturevalue("postgres")
        ours = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> ALL (%s) AND application_name = 'authctl'"
        )
        request.getfixturevalue("directory").close()
        name = opened.database.describe().rpartition("/")[2].partition("?")[0]
        closed = request.getfixturevalue("connections").processes(request.getfixturevalue("database_url"))
        while postgres.execute(ours, (name, closed)).fetchone() != (0,):
            pass  # the server takes a moment to see it
    else:
        request.getfixturevalue("directory").close()
        held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if is_open(fd)]
        assert not [path for path in held if path.startswith(opened.database.path)]


def is_open(descriptor):
    return os.path.lexists(f"/proc/self/fd/{descriptor}")
