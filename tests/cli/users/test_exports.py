"""`authctl users export`: into a file of the operator's own or down a pipe, never over anything, never to be read."""

import gzip
import json
import os
import stat
import subprocess
import sys

import pytest
from doubles import forks

from authctl.cli.users.exports import ExportFormat
from authctl.transfer import targets

HASH = "$2b$04$abcdefghijklmnopqrstuuEMUXPy4hyKK4KlpKdWDkeGHVMBY1Vmu"


@pytest.fixture
def run(authctl, database_url, ready):
    env = {"AUTHCTL_DATABASE_URL": database_url}
    for name, more in (("ada", ["--password-hash", HASH]), ("grace", ["--labels", "staff"])):
        words = ["users", "create", "--username", name, "--email", f"{name}@example.com", *more]
        assert authctl(words, env=env).status == 0
    return lambda line, **options: authctl(line, env=env, **options)


def error(ran):
    return ran.status, json.loads(ran.stderr.splitlines()[-1])["error"]["type"]


def test_the_formats_are_those_of_the_targets():
    assert [*ExportFormat] == [*targets.NAMES]


def test_it_writes_to_standard_output(run):
    ran = run("users export")
    assert [json.loads(line)["username"] for line in ran.stdout.splitlines()] == ["ada", "grace"]
    assert ran.stderr == ("authctl: The password hash of 1 user was not exported; add --with-hashes to include them.\n")
    assert run("users export -").stdout == run("users export --quiet").stdout == ran.stdout
    assert run("users export --quiet").stderr == ""
    assert run("users export", stderr_isatty=True).stderr.endswith("2 users were exported.\n")


def test_it_takes_the_filters_of_lists(run):
    for asked in ("--filter 'labels ~ staff'", "--search grace"):
        assert json.loads(run(f"users export {asked}").stdout)["username"] == "grace"
    rows = run("users export --format csv --sort -username").stdout.splitlines()
    assert [row.split(",")[1] for row in rows] == ["username", "grace", "ada"]


def test_a_file_is_new_whole_and_its_owners(run, tmp_path):
    path = tmp_path / "users.jsonl"
    ran = run(f"users export --with-hashes {path} -o json")
    assert json.loads(ran.stdout) == {
        "format": "authctl",
        "file": str(path),
        "users": 2,
        "with_hashes": True,
        "with_secrets": False,
        "left_out": {},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == run("users export --with-hashes").stdout
    assert [file.name for file in tmp_path.iterdir() if "users.jsonl" in file.name] == ["users.jsonl"]
    assert error(run(f"users export --file {path} -o json")) == (3, "general_argument_invalid")
    assert HASH in path.read_text()


def test_gz_is_compressed_and_the_same_each_time(run, tmp_path):
    one, other = tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"
    for path in (one, other):
        assert run(f"users export --format csv --with-hashes --with-secrets {path}").status == 0
    assert (
        gzip.decompress(one.read_bytes()).decode()
        == run("users export --format csv --with-hashes --with-secrets").stdout
    )
    assert one.read_bytes() == other.read_bytes()


def test_what_fails_leaves_no_file(run, tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    assert error(run(f"users export {path}/a --filter 'shoe = 1' -o json")) == (3, "general_argument_invalid")
    assert error(run(f"users export {path}/a --format htpasswd -o json")) == (3, "general_argument_invalid")
    assert error(run(f"users export {path}/no/a -o json")) == (7, "file_unavailable")
    assert error(run(f"users export {path}/a --file {path}/b -o json")) == (2, "general_usage")
    assert error(run(f"users export {path}/a --target-option base -o json")) == (2, "general_usage")
    assert [*path.iterdir()] == []


def test_a_link_is_not_followed(run, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    assert error(run(f"users export {link} -o json")) == (3, "general_argument_invalid")
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_target_cannot_hold_is_told(run, tmp_path):
    ran = run(f"users export --format htpasswd --with-hashes {tmp_path}/htpasswd -o json")
    assert json.loads(ran.stdout)["left_out"] == {"created_at": 1, "email": 1, "id": 1, "user:password": 1}
    warnings = [json.loads(line)["warning"]["message"] for line in ran.stderr.splitlines()]
    assert any(each.startswith("1 user was not exported: no password. User: ") for each in warnings)
    assert (tmp_path / "htpasswd").read_text() == f"ada:{HASH.replace('$2b$', '$2y$')}\n"


def test_a_dry_run_writes_nothing_and_counts_all(run, tmp_path):
    ran = run(f"users export --format ldif {tmp_path}/x --dry-run -o json")
    answer = json.loads(ran.stdout)
    assert (answer["dry_run"], answer["users"], answer["left_out"]["labels"]) == (True, 2, 1)
    assert not (tmp_path / "x").exists()
    assert json.loads(run("security list-logs --event users.export -o json").stdout) == []


def test_the_log_says_who_let_what_leave_and_why(run):
    run("users export --with-hashes --reason 'moving out'")
    [event] = json.loads(run("security list-logs --event users.export -o json").stdout)
    assert (event["actor"], event["reason"]) == ("tester@example.com", "moving out")
    assert (event["details"]["with_hashes"], event["details"]["users"]) == (True, 2)
    assert HASH not in json.dumps(event)


def test_a_person_may_not(run):
    secret = json.loads(run("users create-session ada -o json").stdout)["secret"]
    assert error(run("users export --as-session -o json", stdin=f"{secret}\n")) == (6, "user_unauthorized")


# Back again


@pytest.mark.parametrize(("format", "source"), [("authctl", "authctl"), ("csv", "authctl"), ("csv", "csv")])
def test_what_leaves_comes_back_with_its_teams(run, authctl, tmp_path, format, source):
    for line in (
        "teams create Mathe,matics --id maths",
        "teams create-membership maths --email ada@example.com --roles owner,tutor",
        "users update-name grace@example.com =1+1",
    ):
        assert run(line).status == 0, run(line).stderr
    env = {"AUTHCTL_DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}
    run(f"users export --format {format} --with-hashes --with-secrets {tmp_path}/users")
    assert authctl("init", env=env).status == 0
    ran = authctl(f"users import {tmp_path}/users --from {source} --teams --addresses claimed", env=env)
    assert ran.status == 0, ran.stderr
    there = authctl("users export --with-hashes", env=env).stdout
    assert there == run("users export --with-hashes").stdout
    assert json.loads(there.splitlines()[0])["memberships"][0]["roles"] == ["owner", "tutor"]


@pytest.mark.parametrize("source", ["authctl", "csv"])
@pytest.mark.parametrize("raw", ["", "--csv-raw"])
def test_a_list_of_users_comes_back(run, authctl, tmp_path, raw, source):
    for name in ("=1+1", " @x", "-2", "'quoted'", "+44 1"):
        run(["users", "create", "--name", name, "--labels", "a,b", "--prefs", '{"a": [1]}'])
    path = tmp_path / "users.csv"
    path.touch(0o600)
    path.write_text(run(f"users list --all -o csv {raw}").stdout, newline="")
    env = {"AUTHCTL_DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}
    authctl("init", env=env)
    ran = authctl(f"users import {path} --from {source} --addresses claimed", env=env)
    assert ran.status == 0, ran.stderr
    fields = "--fields id,name,email,username,labels,prefs,metadata,status,created_at"
    command = f"users list --all -o jsonl {fields} --sort id"
    assert authctl(command, env=env).stdout == run(command).stdout


# Where secrets do not go


def test_hashes_are_shown_on_a_terminal_when_that_is_agreed_to(run):
    terminal = {"stdin_isatty": True, "stdout_isatty": True, "stderr_isatty": True}
    asked = run("users export --with-hashes", stdin="n\n", **terminal)
    assert (asked.status, asked.stdout) == (130, "")
    assert "Show hashes and secrets on this terminal?" in asked.stderr
    assert HASH in run("users export --with-hashes", stdin="y\n", **terminal).stdout
    assert HASH in run("users export --with-hashes --yes", **terminal).stdout
    assert "ada" in run("users export", **terminal).stdout


def test_a_terminal_obeys_no_name(run):
    run(["users", "create", "--name", "\x9b31mred\u202e"])
    assert "\x9b" in run("users export --format csv").stdout
    shown = run("users export --format csv", stdout_isatty=True).stdout
    assert r"\x9b31mred\u202e" in shown
    assert "\x9b" not in shown
    assert "\r" not in shown


def process(home, url, *words, **options):
    environ = home | {"AUTHCTL_DATABASE_URL": url, "LC_ALL": "C", "PYTHONUTF8": "0"}
    return subprocess.run([sys.executable, "-m", "authctl", *words], env=environ, timeout=60, **options)


def test_a_file_that_others_can_read_gets_no_hashes(run, home, database_url, tmp_path):
    for mode, status in ((0o644, 2), (0o640, 2), (0o600, 0)):
        descriptor = os.open(tmp_path / f"{mode:o}", os.O_CREAT | os.O_WRONLY, mode)
        os.fchmod(descriptor, mode)
        words, environ = ("users", "export", "--with-hashes"), home | {"AUTHCTL_DATABASE_URL": database_url}
        ran = subprocess.run([forks.program(), *words], env=environ, timeout=60, stdout=descriptor, stderr=-1)
        os.close(descriptor)
        assert ran.returncode == status
        assert (HASH in (tmp_path / f"{mode:o}").read_text()) == (status == 0)


def test_a_closed_pipe_is_no_error(run, home, database_url, tmp_path):
    path = tmp_path / "many.jsonl"
    path.touch(0o600)
    path.write_text("".join(f'{{"id": "u{n}", "email_verified": false, "name": "{"x" * 99}"}}\n' for n in range(500)))
    assert run(f"users import {path} --from authctl").status == 0
    environ = home | {"AUTHCTL_DATABASE_URL": database_url}
    words = [sys.executable, "-m", "authctl", "users", "export"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout.readline()
        export.stdout.close()
        assert export.stderr.read() == b""
        assert export.wait(60) in (0, 141)


def test_a_pipe_gets_utf8_whatever_the_locale(run, home, database_url):
    run(["users", "create", "--username", "zoë", "--name", "李"])
    ran = process(home, database_url, "users", "export", "--format", "csv", stdout=-1, stderr=-1)
    assert ",李,".encode() in ran.stdout
    assert ran.stdout.count(b"\r\n") == 4
