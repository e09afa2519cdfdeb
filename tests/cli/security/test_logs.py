"""The audit log on the command line: read, followed, and found changed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from authctl.storage.database import Database


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


def test_a_process_that_follows_ends_with_its_reader(security, home, database_url):
    security("list")
    python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-m", "authctl", "security", "list-logs", "--follow", "-o", "jsonl"],
        env=python | home | {"AUTHCTL_DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout.readline()
        process.stdout.close()  # and no other event comes
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_following_goes_on_where_it_stopped(security, tmp_path):
    state = tmp_path / "state"

    def sleep(seconds):
        raise KeyboardInterrupt

    def shown():
        return security(f"list-logs --follow --state {state} --fields resource", sleep=sleep).stdout.splitlines()

    security("users create --id ada")
    assert shown() == ["directory", "users/ada"]
    assert shown() == []
    security("users create --id bob")
    with state.open("a") as file:
        file.write("9")  # which a killed process did not finish
    assert shown() == ["users/bob"]
    assert [file.name for file in tmp_path.iterdir() if "state" in file.name] == ["state"]


def test_a_process_that_is_killed_while_it_follows_loses_nothing(security, home, database_url, tmp_path):
    """What was being handed over when it was killed may come again; nothing else does."""
    python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    words = ["security", "list-logs", "--follow", "--state", str(tmp_path / "state"), "-o", "jsonl"]
    for number in range(6):
        security(f"users create --id u{number}")
    came = []
    for lines in (3, 2, 7):
        child = subprocess.Popen(
            [sys.executable, "-m", "authctl", *words],
            env=home | python | {"AUTHCTL_DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(lines):
            came.append(json.loads(child.stdout.readline())["resource"])
            if came[-1] == "users/u5":  # nothing more comes
                break
        child.kill()
        rest, _ = child.communicate()
        came += [json.loads(line)["resource"] for line in rest.splitlines()]
        if came[-1] == "users/u5":
            break
    once = [resource for place, resource in enumerate(came) if place == 0 or resource != came[place - 1]]
    assert once == ["directory", *(f"users/u{number}" for number in range(6))]


def test_a_state_is_of_what_is_followed_and_in_a_folder_that_is_there(security, tmp_path):
    assert security(f"list-logs --state {tmp_path}/state").status == 2
    ran = security(f"list-logs --follow --state {tmp_path}/missing/state -o json")
    assert (ran.status, json.loads(ran.stderr)["error"]["type"]) == (7, "file_unavailable")


# Whether the log was changed


def change(database_url):
    """Change an event by hand."""
    database = Database(database_url)
    database.write(lambda db: db.sqlalchemy.exec_driver_sql("UPDATE events SET actor = 'nobody' WHERE seq = 2"))
    database.close()


def test_verify_logs_shows_the_seal_for_the_next_time(security):
    security("users create --id ada")
    seal = security("verify-logs --fields seal").stdout.strip()
    again = security(f"verify-logs --expect {seal} -o json")
    assert (again.status, again.stderr) == (0, "")
    shown = json.loads(again.stdout)
    assert (shown["events"], shown["good"], shown["found"], shown["problems"]) == (1, 1, 0, [])
    assert shown["seal"] != shown["from_seal"] == seal
    assert shown["sealed_at"] == "2026-01-02T03:04:05.678Z"
    whole = security("verify-logs --all --fields events,good,unsigned,accepted,found,from_seal")
    assert whole.stdout == "4\t4\t0\t0\t0\t\n"


def test_verify_logs_looks_at_what_was_sealed_where_all_is_asked_for(security, database_url):
    security("users create --id ada")
    assert security("verify-logs").status == 0
    change(database_url)
    assert security("verify-logs").status == 0
    ran = security("verify-logs --all -o json")
    assert (ran.status, json.loads(ran.stdout)["found"]) == (3, 1)
    assert security("verify-logs").status == 3  # from now on


def test_verify_logs_tells_of_a_change_and_exits_with_3(security, database_url):
    security("users create --id ada")
    change(database_url)
    ran = security("verify-logs -o json")
    shown, error = json.loads(ran.stdout), json.loads(ran.stderr)["error"]
    assert (ran.status, error["type"]) == (3, "security_log_damaged")
    assert error["message"] == "The audit log was changed outside authctl: 1 problem was found."
    [problem] = shown["problems"]
    assert (problem["kind"], problem["seq"], problem["time"]) == ("changed", 2, "2026-01-02T03:04:05.678Z")
    ran = security("verify-logs -o table")
    assert ran.status == 3
    assert f"problems   {problem['message']}\n" in ran.stdout
    assert ran.stderr.startswith("authctl: The audit log was changed outside authctl")
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
    later = json.loads(security("verify-logs --all -o json").stdout)
    assert (later["found"], later["accepted"]) == (0, 1)
    log = security("list-logs --event security.logs.verify --fields details,reason").stdout.splitlines()
    assert log[1] == '{"seal": 2, "events": 3, "accepted": 1}\ta test'


def test_verify_logs_refuses_what_is_no_seal(security):
    refused = security("verify-logs --expect something")
    assert (refused.status, refused.stdout) == (3, "")
    assert refused.stderr == "authctl: A seal has 32 hex digits, as shown by verify-logs.\n"


def test_verify_logs_draws_a_bar_on_a_terminal_and_takes_it_away(security):
    ran = security("verify-logs", stderr_isatty=True)
    assert "Verifying" in ran.stderr
    assert ran.status == 0
    assert security("verify-logs --quiet", stderr_isatty=True).stderr == ""
