"""Quiet is quiet: what runs from cron prints nothing, so that cron mails nothing, unless something is wrong."""

import json

import pytest

from authctl.storage.database import Database

USERS = '{"id": "grace", "email": "grace@example.com"}\n'
JOBS = [
    "security purge",
    "security verify-logs",
    "tokens purge",
    "backup {folder}/one.backup",
    "users import {folder}/users.jsonl --from authctl",
    "users export {folder}/export.jsonl",
    "upgrade",
]


@pytest.fixture
def run(authctl, database_url, ready, tmp_path):
    """Runs a command on a directory with a user in it, and a file of users beside it."""
    (tmp_path / "users.jsonl").write_text(USERS)
    (tmp_path / "users.jsonl").chmod(0o600)
    environ = {"AUTHCTL_DATABASE_URL": database_url}
    assert authctl("users create --id ada --email ada@example.com", env=environ).status == 0
    return lambda line, **more: authctl(line.format(folder=tmp_path), env=environ, **more)


@pytest.mark.parametrize("line", JOBS)
@pytest.mark.parametrize("where", [{}, {"stdout_isatty": True, "stderr_isatty": True}], ids=["cron", "terminal"])
def test_a_job_prints_nothing(run, line, where):
    ran = run(f"{line} --quiet", **where)
    assert (ran.status, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("where", [{}, {"stdout_isatty": True, "stderr_isatty": True}], ids=["cron", "terminal"])
def test_a_change_prints_the_secrets_that_it_makes_and_nothing_else(run, where):
    for line in ("users update-name ada Ada", "teams create Maths --id maths", "security set otp-length 8"):
        assert run(f"{line} -q", **where).stdout == ""
    made = run("users create --id eve --generate-password -q", **where).stdout.split()
    token = run("tokens create ada -q", **where).stdout.split()
    assert run("users verify-password eve --password-stdin", stdin=made[-1]).status == 0
    assert (len(made), len(token)) == ((1, 1) if not where else (2, 2))  # at a terminal with its name
    assert run("users update-name ada Bo -q --fields name", **where).stdout.split()[-1] == "Bo"


@pytest.mark.parametrize("line", JOBS)
def test_a_job_prints_what_is_asked_for(run, line):
    ran = run(f"{line} --quiet -o json")
    assert (ran.status, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)


def test_a_quiet_dry_run_says_what_would_be(run):
    assert run("security purge --quiet --dry-run").stdout


def test_a_record_that_is_refused_is_told(run, tmp_path):
    (tmp_path / "users.jsonl").write_text(USERS + '{"id": "ada", "email": "other@example.com"}\n')
    ran = run("users import {folder}/users.jsonl --from authctl --quiet")
    assert (ran.status, ran.stdout) == (8, "")
    assert ran.stderr.startswith("authctl: 1 created, 0 updated, 1 refused.\n")


def test_a_log_that_was_changed_is_told(run, database_url):
    run("security verify-logs --quiet")
    database = Database(database_url)
    database.write(lambda db: db.sqlalchemy.exec_driver_sql("UPDATE events SET actor = 'nobody' WHERE seq = 2"))
    database.close()
    ran = run("security verify-logs --quiet --all")
    assert ran.status == 3
    assert "was changed or forged." in ran.stdout
    assert "The audit log was changed outside authctl" in ran.stderr


def test_a_check_prints_what_it_fails_on(run):
    assert run("security check --quiet --fields id").stdout
    low = run("security check --quiet --fail-on low")
    assert (low.status, bool(low.stdout)) == (3, True)
    high = run("security check --quiet --fail-on high")
    assert (high.status, high.stdout, high.stderr) == (0, "", "")
    assert run("security check --quiet --fail-on high -o json").stdout.startswith("[\n  {")
