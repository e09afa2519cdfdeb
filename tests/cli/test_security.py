"""`authctl security` on the command line: policies in and out, the audit log, what a password would get."""

import io
import json
import os
import signal
import subprocess
import sys
import tomllib

import pytest

from authctl.core.policy import policies
from authctl.storage.database import Database


@pytest.fixture
def security(authctl, database_url, ready):
    """Runs `authctl security …` on a directory."""
    environ = {"AUTHCTL_DATABASE_URL": database_url}

    def run(line, **changes):
        return authctl(line if line.startswith("users ") else f"security {line}", env=environ, **changes)

    return run


def shown(security, options=""):
    return json.loads(security(f"show -o json {options}").stdout)


@pytest.mark.parametrize("preset", policies.PRESETS)
@pytest.mark.parametrize("format", ["toml", "json"])
def test_what_show_writes_apply_reads_and_nothing_changes(security, preset, format):
    assert security(f"apply {preset}").status == 0
    before, log = shown(security), security("list-logs").stdout
    written = security(f"show -o {format}")
    applied = security("apply - -o json", stdin=written.stdout)
    assert (applied.status, applied.stdout, applied.stderr) == (0, "[]\n", "")
    assert (shown(security), security("list-logs").stdout) == (before, log)


def test_policies_travel_between_directories(security):
    """Each policy away from its default, and back by the file of another directory."""
    defaults = security("show -o toml").stdout
    changed = {
        "user-limit": 5, "session-limit": 1, "session-duration": "1m", "session-idle-timeout": "1h",
        "session-invalidation": False, "session-alerts": True, "password-min-length": 256, "password-history": 20,
        "password-dictionary": False, "password-personal-data": False, "password-strength": ["upper", "symbol"],
        "password-context-words": ["Röcket \"Co\"", "acme"], "password-breached-file": "/srv/pwned.txt",
        "memberships-privacy": ["user_email"], "sign-in-attempts": 3, "sign-in-window": "1s", "sign-in-lockout": "1d",
        "otp-length": 10, "otp-expiry": "1h", "otp-interval": "0s", "otp-attempts": 1, "otp-hourly-limit": 0,
        "sms-hourly-limit": 0, "sms-countries": ["1", "44"], "magic-url-expiry": "1m", "verification-expiry": "1m",
        "recovery-expiry": "1m", "token-expiry": "1m", "invite-expiry": "1y", "mfa-factors": ["totp"],
        "mfa-required": ["staff"], "challenge-expiry": "1m", "jwt-issuer": "https://id.example.com",
        "jwt-audience": "app", "reason-required": True, "log-retention": "10y",
    }  # fmt: skip
    assert {*changed} == {*policies.DECLARATIONS}
    applied = security("apply - -o json", stdin=json.dumps(changed))
    assert [row["name"] for row in json.loads(applied.stdout)] == list(changed)
    written = security("show -o toml").stdout
    assert tomllib.loads(written) == changed
    assert security("apply -", stdin=defaults).status == 3  # reason-required is on
    assert security("apply - --reason 'back again'", stdin=defaults).status == 0
    assert security("show -o toml").stdout == defaults
    assert security("apply -", stdin=written).status == 0
    assert security("show -o toml").stdout == written


class Ascii(io.StringIO):
    """A stream that takes ASCII alone."""

    encoding = "ascii"

    def write(self, text):
        text.encode("ascii")
        return super().write(text)


def test_toml_survives_a_stream_without_unicode(security):
    assert security("set password-context-words 'Röcket,火箭,🚀🚀'").status == 0
    written = security("show password-context-words -o toml", stdout=Ascii())
    assert tomllib.loads(written.stdout) == {"password-context-words": ["Röcket", "火箭", "🚀🚀"]}


@pytest.mark.parametrize("where", ["before", "behind"])
def test_toml_is_for_policies_alone(authctl, home, where):
    line = "-o toml users list" if where == "before" else "users list -o toml"
    ran = authctl(line)
    assert ran.status == 2
    assert "table, json, jsonl, csv, tsv" in ran.stderr
    assert os.listdir(home["HOME"]) == []


def test_show_answers_scripts_with_values(security):
    security("set session-duration 2h")
    assert shown(security)["session-duration"] == 7200
    assert shown(security, "session-duration session-idle-timeout") == {
        "session-duration": 7200,
        "session-idle-timeout": None,
    }
    assert security("show session-duration --fields value").stdout == "2h\n"
    assert json.loads(security("show session-duration --fields value,default,range -o json").stdout) == {
        "value": 7200,
        "default": 31_536_000,
        "range": "1m to 1y",
    }
    rows = security("show -o csv --fields name,value,changed").stdout.splitlines()
    assert rows[0] == "name,value,changed"
    assert len(rows) == 1 + len(policies.DECLARATIONS)
    assert [row for row in rows if row.endswith("true")] == ["session-duration,2h,true"]


def test_set_answers_with_the_value(security):
    assert json.loads(security("set session-duration 2h -o json").stdout) == {"session-duration": 7200}
    assert json.loads(security("reset session-duration -o json").stdout) == {"session-duration": 31_536_000}
    assert json.loads(security("reset --all -o json").stdout) == shown(security)


def test_reset_wants_names_or_all(security):
    for line in ("reset", "reset session-limit --all"):
        assert security(line).status == 2


def test_a_dry_run_shows_the_difference_and_changes_nothing(security):
    before = shown(security)
    ran = security("apply supabase --dry-run")
    assert ran.stdout.splitlines() == [
        "password-dictionary\ton\toff",
        "password-personal-data\ton\toff",
        "otp-expiry\t10m\t1m",
        "sms-hourly-limit\t1000\t30",
    ]
    assert ran.stderr == "authctl: Dry run: nothing was changed.\n"
    assert json.loads(security("apply supabase --dry-run -o json").stdout)[2] == {
        "name": "otp-expiry",
        "before": 600,
        "after": 60,
        "dry_run": True,
        "changes": [{"resource": "policies/otp-expiry", "before": {"value": 600}, "after": {"value": 60}}],
    }
    assert json.loads(security("set otp-length 8 --dry-run -o json").stdout)["dry_run"] is True
    assert json.loads(security("reset --all --dry-run -o json").stdout)["changes"] == []
    assert shown(security) == before


def test_everything_wrong_in_a_file_is_told_at_once_and_nothing_changes(security, tmp_path):
    file = tmp_path / "policies.toml"
    file.write_text('session-limit = 3\nsession-limits = 3\notp-length = 11\njwt-issuer = ""\n')
    ran = security(f"apply {file} -o json")
    assert (ran.status, ran.stdout) == (3, "")
    assert [each["field"] for each in json.loads(ran.stderr)["error"]["errors"]] == [
        "session-limits",
        "otp-length",
        "jwt-issuer",
    ]
    assert "Did you mean 'session-limit'" in ran.stderr
    assert shown(security, "session-limit") == {"session-limit": 10}


@pytest.mark.parametrize(
    ("content", "status"), [(None, 7), (b"\xff\xfe", 3), (b"x" * 1_048_577, 3), (b"\xef\xbb\xbfotp-length = 7\r\n", 0)]
)
def test_a_file_is_read_as_it_is_or_refused(security, tmp_path, content, status):
    file = tmp_path / "policies.toml"
    if content is not None:
        file.write_bytes(content)
    ran = security(f"apply {file}")
    assert ran.status == status, ran.stderr
    assert shown(security, "otp-length") == {"otp-length": 6 if status else 7}


def test_a_misspelt_preset_names_the_presets(security):
    ran = security("apply superbase")
    assert ran.status == 7
    assert "recommended, appwrite, supabase" in ran.stderr


def test_a_breached_file_that_is_not_here_is_warned_of(security, tmp_path):
    ran = security(f"set password-breached-file {tmp_path}/pwned.txt")
    assert ran.status == 0
    assert "cannot be opened" in ran.stderr
    ran = security("users create --id ada --password-stdin", stdin="correct horse battery\n")
    assert (ran.status, ran.stdout) == (7, "")
    assert security("users get ada").status == 4


def test_a_label_that_nobody_has_is_warned_of(security):
    security("users create --id ada --labels staff")
    assert security("set mfa-required staff").stderr == ""
    warning = "authctl: warning: No user has the label 'of', which mfa-required names.\n"
    assert warning in security("set mfa-required staff,of").stderr
    assert security("apply -", stdin="mfa-required = ['of']").stderr == warning
    assert security("set mfa-required off").stderr == ""


def test_a_password_is_told_what_it_would_get(security):
    security("users create --id ada --name Lovelace --email ada@example.com")
    ran = security("check-password --password-stdin -o json", stdin="correct horse battery staple\n")
    assert ran.status == 0
    assert json.loads(ran.stdout) == {"accepted": True, "failures": [], "score": 4, "crack_time": "centuries"}
    security("set password-strength all")
    ran = security("check-password --user ada --password-stdin", stdin="lovelace\n")
    assert ran.status == 3
    assert ran.stdout.split("\t")[:3] == ["false", "password_personal_data,password_strength", "0"]
    assert ran.stderr == (
        "authctl: password contains the user's name; leave it out.\n"
        "authctl: password needs an upper-case letter, a digit and a symbol.\n"
    )
    ran = security("check-password --user ada --password-stdin -o json", stdin="lovelace\n")
    wanted = ["password_personal_data", "password_strength"]
    assert [each["type"] for each in json.loads(ran.stdout)["failures"]] == wanted
    assert [each["type"] for each in json.loads(ran.stderr)["error"]["errors"]] == wanted
    assert "lovelace" not in (ran.stdout + ran.stderr)
    assert security("check-password").status == 2
    assert security("check-password --user nobody --password-stdin", stdin="x\n").status == 4


def test_the_log_is_read_by_user_event_actor_and_time(security, clock):
    security("users create --id ada")
    clock.forward(hours=1)
    security("users update-name ada Ada")
    security("set session-limit 3 --reason 'asked by the auditor'")
    columns = "--fields name,resource,reason"
    assert security(f"list-logs --user ada {columns}").stdout.splitlines() == [
        "users.update.name\tusers/ada\t",
        "users.create\tusers/ada\t",
    ]
    assert security(f"list-logs --event 'security.*,users.delete' {columns}").stdout == (
        "security.update.policy\tpolicies/session-limit\tasked by the auditor\n"
    )
    assert len(security("list-logs --since 30m").stdout.splitlines()) == 2
    assert len(security("list-logs --until 30m").stdout.splitlines()) == 2
    assert len(security("list-logs --actor tester@example.com --all").stdout.splitlines()) == 4
    assert security("list-logs --actor nobody").stdout == ""
    page = json.loads(security("list-logs --limit 1 -o json").stdout)
    assert len(security(f"list-logs --after {page[0]['id']}").stdout.splitlines()) == 3


def test_following_ends_with_ctrl_c_and_a_whole_answer(security, clock):
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt
        security("set session-limit 3")

    ran = security("list-logs --follow -o json --limit 1", sleep=sleep)
    assert ran.status == 130
    assert [event["name"] for event in json.loads(ran.stdout)] == ["directory.create", "security.update.policy"]
    assert looks == [1.0, 1.0]


def test_following_writes_lines_at_a_terminal(security):
    def sleep(seconds):
        raise KeyboardInterrupt

    ran = security("list-logs --follow --fields name", sleep=sleep, stdout_isatty=True)
    assert ran.stdout == "directory.create\n"


@pytest.mark.parametrize("line", ["list-logs --follow --until 1h", "list-logs --follow --after x"])
def test_following_has_no_end_and_no_page(security, line):
    assert security(line).status == 2


def test_a_process_that_follows_is_heard_at_once(security, home, database_url):
    """Lines are handed over as they come, through a pipe, until a signal."""
    python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    child = subprocess.Popen(
        [sys.executable, "-m", "authctl", "security", "list-logs", "--follow", "-o", "jsonl"],
        env=home | python | {"AUTHCTL_DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert json.loads(child.stdout.readline())["name"] == "directory.create"
        security("users create --id ada")
        assert json.loads(child.stdout.readline())["resource"] == "users/ada"
        child.send_signal(signal.SIGINT)
        rest, told = child.communicate(timeout=60)
        assert (child.returncode, rest) == (130, "")
        assert json.loads(told)["error"]["type"] == "general_interrupted"
    finally:
        child.kill()
        child.communicate()


# Whether the log was changed


def change(database_url):
    """Change an event by hand."""
    database = Database(database_url)
    database.write(lambda db: db.exec_driver_sql("UPDATE events SET actor = 'nobody' WHERE seq = 2"))
    database.close()


def test_verify_logs_shows_the_seal_for_the_next_time(security):
    security("users create --id ada")
    seal = security("verify-logs --fields seal").stdout.strip()
    again = security(f"verify-logs --expect {seal} -o json")
    assert (again.status, again.stderr) == (0, "")
    shown = json.loads(again.stdout)
    assert (shown["events"], shown["good"], shown["found"], shown["problems"]) == (3, 3, 0, [])
    assert shown["seal"] != seal
    assert shown["sealed_at"] == "2026-01-02T03:04:05.678Z"
    assert security("verify-logs --fields events,good,unsigned,accepted,found").stdout == "4\t4\t0\t0\t0\n"


def test_verify_logs_tells_of_a_change_and_exits_with_3(security, database_url):
    security("users create --id ada")
    change(database_url)
    ran = security("verify-logs -o json")
    shown, error = json.loads(ran.stdout), json.loads(ran.stderr)["error"]
    assert (ran.status, error["type"]) == (3, "security_log_damaged")
    assert error["message"] == "The audit log is not what was written into it: 1 problem was found."
    [problem] = shown["problems"]
    assert (problem["kind"], problem["seq"], problem["time"]) == ("changed", 2, "2026-01-02T03:04:05.678Z")
    ran = security("verify-logs -o table")
    assert ran.status == 3
    assert f"problems   {problem['message']}\n" in ran.stdout
    assert ran.stderr.startswith("authctl: The audit log is not what was written into it")
    assert security("verify-logs --dry-run --quiet").status == 3
    log = security("list-logs --event security.logs.verify --fields details").stdout
    assert log == '{"problems": 1}\n' * 2


def test_verify_logs_accepts_nothing_without_being_told_so(security, database_url):
    security("users create --id ada")
    change(database_url)
    refused = security("verify-logs --accept")
    assert (refused.status, refused.stdout) == (2, "")
    assert "--yes" in refused.stderr
    assert security("verify-logs").status == 3
    accepted = security("verify-logs --accept --yes --reason 'a test' -o json")
    assert (accepted.status, json.loads(accepted.stdout)["found"], accepted.stderr) == (0, 1, "")
    later = json.loads(security("verify-logs -o json").stdout)
    assert (later["found"], later["accepted"]) == (0, 1)
    log = security("list-logs --event security.logs.verify --fields details,reason").stdout.splitlines()
    assert log[1] == '{"seal": 2, "events": 3, "accepted": 1}\ta test'


def test_verify_logs_refuses_what_is_no_seal(security):
    refused = security("verify-logs --expect something")
    assert (refused.status, refused.stdout) == (3, "")
    assert refused.stderr == "authctl: A seal has 32 hex digits, as verify-logs shows them.\n"


def test_verify_logs_draws_a_bar_on_a_terminal_and_takes_it_away(security):
    ran = security("verify-logs", stderr_isatty=True)
    assert "Verifying" in ran.stderr
    assert ran.status == 0
    assert security("verify-logs --quiet", stderr_isatty=True).stderr == ""
