"""Many at once: one invitation accepted by eight processes, two owners who remove each other."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from authctl.errors import AuthctlError

PASSWORD = "correct horse battery"


def at_once(*calls):
    """The answers of the calls, all begun in the same instant: `done`, or the type of the error."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait(20)
        try:
            call()
        except AuthctlError as error:
            return error.type
        return "done"

    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(threads.map(run, calls))


@pytest.fixture
def teachers(directory):
    for id in ("ada", "bob"):
        directory.users.create(id=id, email=f"{id}@example.com", password=PASSWORD)
    directory.teams.create("Teachers", id="teachers", owner="ada")
    directory.teams.create_membership("teachers", user="bob", roles=["owner"])


def test_eight_processes_accept_an_invitation_once(authctl, home, database_url, ready):
    environ = {"AUTHCTL_DATABASE_URL": database_url}
    assert authctl("teams create Teachers --id teachers", env=environ).status == 0
    line = "teams create-membership teachers --email david@example.com --invite --print-secret --fields id,secret"
    id, secret = authctl(line, env=environ).stdout.split()
    python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    words = ["teams", "update-membership-status", "teachers", id, "david@example.com", "--secret-stdin"]
    # The clock of the tests stands still in the past, where the invitation was made to end.
    script = (
        "import sys, datetime\n"
        "from authctl.cli import app\n"
        "from authctl.cli.environment import Environment\n"
        "from dataclasses import replace\n"
        "now = datetime.datetime(2026, 1, 3, tzinfo=datetime.UTC)\n"
        "sys.exit(app.run(sys.argv[1:], replace(Environment.of_process(), clock=lambda: now)))\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, *words],
            env=python | home | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(8)
    ]
    for child in children:
        child.stdin.write(secret.encode() + b"\n")
        child.stdin.close()
    statuses = sorted(child.wait(120) for child in children)
    assert statuses[0] == 0
    assert set(statuses[1:]) <= {5, 6}
    assert authctl("teams get teachers --fields members", env=environ).stdout == "1\n"
    logged = authctl("security list-logs --event teams.memberships.update.status --fields details", env=environ)
    assert sum('"confirmed"' in line for line in logged.stdout.splitlines()) == 1


def test_two_owners_who_remove_each_other_leave_one(directory, teachers):
    answers = at_once(
        lambda: directory.teams.delete_membership("teachers", "ada"),
        lambda: directory.teams.delete_membership("teachers", "bob"),
    )
    assert answers == ["done", "membership_last_owner"]
    (left,) = directory.teams.list_memberships("teachers")
    assert left.is_owner


def test_two_persons_who_remove_each_other_leave_one(directory, teachers):
    ada, bob = (directory.as_session(directory.sessions.create(id, PASSWORD).secret) for id in ("ada", "bob"))
    answers = at_once(
        lambda: ada.teams.delete_membership("teachers", "bob"), lambda: bob.teams.delete_membership("teachers", "ada")
    )
    assert answers[0] == "done"
    assert answers[1] in ("team_not_found", "user_unauthorized")
    assert directory.teams.get("teachers").members == 1


def test_two_owners_who_step_down_at_once_leave_one(directory, teachers):
    answers = at_once(
        *(lambda id=id: directory.teams.update_membership("teachers", id, []) for id in ("ada", "bob")),
    )
    assert answers == ["done", "membership_last_owner"]
    assert [each.is_owner for each in directory.teams.list_memberships("teachers")].count(True) == 1


def test_the_same_new_user_is_made_once_and_a_member_once(directory, teachers):
    directory.teams.create("Other", id="other")
    adding = directory.teams.create_membership
    calls = [lambda team=team: adding(team, email="cay@example.com") for team in ("teachers", "other") * 3]
    assert at_once(*calls) == ["done", "done", *["membership_already_confirmed"] * 4]
    assert directory.users.count() == 3
    assert (directory.teams.get("teachers").members, directory.teams.get("other").members) == (3, 1)


def test_invitations_renewed_at_once_leave_one_that_is_good(directory, teachers):
    added = []
    inviting = directory.teams.create_membership
    calls = [lambda: added.append(inviting("teachers", email="cay@example.com", print_secret=True)) for _ in range(6)]
    assert at_once(*calls) == ["done"] * 6
    accept = directory.teams.update_membership_status
    answers = at_once(
        *(lambda one=one: accept("teachers", one.membership.id, "cay@example.com", one.secret) for one in added)
    )
    assert answers == ["done", *["team_invalid_secret"] * 5]


def test_accepting_removing_and_deleting_the_user_at_once_ends_well(directory, teachers):
    for _ in range(4):
        added = directory.teams.create_membership("teachers", email="cay@example.com", print_secret=True)
        id, user = added.membership.id, added.membership.user_id
        answers = at_once(
            partial(directory.teams.update_membership_status, "teachers", id, user, added.secret),
            partial(directory.users.delete, user),
            partial(directory.teams.update_membership, "teachers", id, ["maths"]),
        )
        assert "done" in answers
        assert set(answers) <= {"done", "membership_not_found", "team_invalid_secret"}
        assert directory.teams.get("teachers").members == 2
