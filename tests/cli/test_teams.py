"""`authctl teams`, where a session as text (tests/sessions) cannot say it: mail, files, many at once, persons."""

import json

import pytest
from doubles.mail import MailServer

PASSWORD = "correct horse battery"


@pytest.fixture
def teams(authctl, database_url, ready):
    """Runs `authctl …` on a directory of each database that has a team, `teachers`, whose owner is Ada."""
    env = {"AUTHCTL_DATABASE_URL": database_url}

    def run(line, **options):
        return authctl(line, env=env | options.pop("env", {}), **options)

    assert run(f"users create --id ada --email ada@example.com --password '{PASSWORD}'").status == 0
    assert run("teams create Teachers --id teachers --owner ada").status == 0
    return run


def refused(ran):
    """The exit status, and each type and field of an error as JSON."""
    assert ran.stdout == ""
    error = json.loads(ran.stderr.splitlines()[0])["error"]
    return ran.status, [(problem["type"], problem["field"]) for problem in error["errors"]]


def test_the_shapes_are_those_of_the_contract(teams):
    team = json.loads(teams("teams get teachers -o json").stdout)
    assert list(team) == ["id", "name", "prefs", "members", "created_at", "updated_at"]
    fields = [
        "id",
        "team_id",
        "team_name",
        "user_id",
        "user_name",
        "user_email",
        "roles",
        "status",
        "invited_at",
        "joined_at",
        "mfa",
        "invited_as",
    ]
    line = "teams create-membership teachers --email bob@example.com -o json"
    assert list(json.loads(teams(line).stdout)) == fields
    for line in ("teams list-memberships teachers -o json", "users list-memberships ada -o json"):
        assert list(json.loads(teams(line).stdout)[0]) == fields
    line = "teams create-membership teachers --email cay@example.com --invite --print-secret -o json"
    assert list(json.loads(teams(line).stdout)) == [*fields, "secret"]
    assert json.loads(teams("teams delete teachers --yes -o json").stdout) == {"id": "teachers", "deleted": True}


def test_every_subject_may_be_a_flag(teams):
    added = teams("teams create-membership --team-id teachers --user-id bob --email bob@example.com --fields id")
    flags = f"--team-id teachers --membership-id {added.stdout.strip()}"
    assert teams(f"teams update-membership {flags} --roles maths --roles arts,sciences").status == 0
    assert teams(f"teams get-membership {flags} --fields roles").stdout == "maths,arts,sciences\n"
    assert teams(f"teams update-membership {flags} --roles ''").status == 0
    assert teams(f"teams get-membership {flags} --fields roles").stdout == "\n"
    assert teams("teams list-memberships --team-id teachers --count").stdout == "2\n"
    assert teams("users list-memberships --user-id bob --count").stdout == "1\n"
    assert teams(f"teams delete-membership {flags} --yes").status == 0
    assert teams("teams update-name --team-id teachers --name X").status == 0
    assert teams("teams delete --team-id teachers --yes").status == 0


@pytest.mark.parametrize(
    ("line", "status", "type", "field"),
    [
        ("teams get nothing", 4, "team_not_found", "team"),
        ("teams create X --id teachers", 5, "team_already_exists", "id"),
        ("teams create X --id 'a b'", 3, "general_argument_invalid", "id"),
        ("teams create-membership teachers --user-id nobody", 4, "user_not_found", "user"),
        ("teams create-membership teachers --user-id ada", 5, "membership_already_confirmed", "user"),
        ("teams get-membership teachers nothing", 4, "membership_not_found", "membership"),
        ("teams delete-membership teachers ada --yes", 5, "membership_last_owner", "membership"),
        ("teams update-membership-status teachers ada ada --secret-stdin", 6, "team_invalid_secret", "secret"),
        ("teams create-membership teachers --email x@example.com --invite", 7, "delivery_unconfigured", "email"),
        ("teams list --limit 0", 3, "general_argument_invalid", "limit"),
        ("teams list --all --limit 1", 2, "general_usage", "all"),
        ("teams list --after a --before b", 2, "general_usage", "before"),
        ("teams update-membership teachers ada maths --add arts", 2, "general_usage", None),
        ("teams create-membership teachers --user-id ada --users-from -", 2, "general_usage", "users_from"),
        ("teams create-membership teachers --email x@y.zz --print-secret --fields id", 2, "general_usage", "fields"),
        ("teams delete-membership teachers ada", 2, "general_confirmation_required", None),
    ],
)
def test_each_refusal_has_its_type_and_status(teams, line, status, type, field):
    ran = teams(f"{line} -o json", stdin="wrong\n")
    found, errors = refused(ran)
    assert (found, errors[0][0]) == (status, type)
    if type != "delivery_unconfigured":
        assert errors == [(type, field)]
    assert teams("users list --count").stdout == "1\n"


def test_a_mailed_invitation_and_a_refused_one(teams):
    with MailServer() as server:
        env = server.environ | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"}
        line = "teams create-membership teachers --email bob@example.com --invite --url https://app.example.com/join"
        ran = teams(f"{line} -o json", env=env)
        assert (ran.status, "secret" in json.loads(ran.stdout)) == (0, False)
        assert "https://app.example.com/join?" in server.last.text
        server.mailbox.recipient_answer = "550 5.1.1 Nobody of that name"
        ran = teams("teams create-membership teachers --email cay@example.com --invite -o json", env=env)
        assert refused(ran)[0] == 7
        assert "Nobody of that name" in ran.stderr
        line = "teams create-membership teachers --email dan@example.com --invite --url https://evil.example.com"
        assert refused(teams(f"{line} -o json", env=env)) == (3, [("general_redirect_denied", "url")])
    assert teams("teams list-memberships teachers --count").stdout == "2\n"
    assert teams("users list --count").stdout == "2\n"


def test_a_secret_is_in_no_log_and_no_other_answer(teams):
    secret = teams(
        "teams create-membership teachers --email b@example.com --print-secret --fields secret"
    ).stdout.strip()
    answers = [
        teams("teams list-memberships teachers -o json"),
        teams("security list-logs -o json"),
        teams("teams update-membership-status teachers b@example.com ada --secret-stdin -o json", stdin=secret + "\n"),
        teams("teams update-membership-status teachers b@example.com b@example.com --secret-stdin -o json",
              stdin=secret + "\n"),
    ]  # fmt: skip
    assert [answer.status for answer in answers] == [0, 0, 6, 0]
    assert all(secret not in answer.stdout + answer.stderr for answer in answers)


# Many at once


def test_users_from_a_file_are_each_a_unit_of_work(teams, tmp_path):
    for id in ("bob", "cay"):
        teams(f"users create --id {id}")
    path = tmp_path / "members.txt"
    path.write_bytes("\ufeffbob\r\n\n  cay  \nnobody\nnew@example.com\n+12065550100\n\nnot@an@email\nada\n".encode())
    ran = teams(f"teams create-membership teachers --users-from {path} --roles maths -o json")
    assert ran.status == 8
    assert [each["user_email"] or each["user_id"] for each in json.loads(ran.stdout)][:3] == [
        "bob",
        "cay",
        "new@example.com",
    ]
    errors = [json.loads(line)["error"] for line in ran.stderr.splitlines()]
    assert [(each["type"], each["message"].partition(":")[0]) for each in errors[:-1]] == [
        ("user_not_found", "Line 4"),
        ("general_argument_invalid", "Line 8"),
        ("membership_already_confirmed", "Line 9"),
    ]
    assert (errors[-1]["type"], errors[-1]["message"]) == ("general_partial", "4 done, 3 refused.")
    assert teams("teams get teachers --fields members").stdout == "5\n"
    assert teams("teams list-memberships teachers --filter 'roles ~ maths' --count").stdout == "4\n"


def test_a_dry_run_of_many_adds_nobody(teams):
    ran = teams("teams create-membership teachers --users-from - --dry-run -o json", stdin="x@example.com\nnobody\n")
    assert ran.status == 8
    (answer,) = json.loads(ran.stdout)
    assert (answer["dry_run"], len(answer["changes"])) == (True, 2)
    assert teams("teams get teachers --fields members").stdout == "1\n"
    assert teams("users list --count").stdout == "1\n"


def test_many_are_invited_and_their_secrets_printed(teams):
    line = "teams create-membership teachers --users-from - --invite --print-secret --fields user_email,secret"
    ran = teams(line, stdin="x@example.com\ny@example.com\n")
    assert [row.split("\t")[0] for row in ran.stdout.splitlines()] == ["x@example.com", "y@example.com"]
    assert len({row.split("\t")[1] for row in ran.stdout.splitlines()}) == 2
    assert teams("teams list-memberships teachers --filter 'status = pending' --count").stdout == "2\n"


def test_an_unknown_team_is_told_once(teams):
    ran = teams("teams create-membership nothing --users-from -", stdin="x@example.com\ny@example.com\n")
    assert (ran.status, ran.stderr.count("There is no team")) == (4, 1)


def test_members_are_removed_by_a_pipe(teams):
    teams("teams create-membership teachers --users-from -", stdin="x@example.com\ny@example.com\n")
    ids = teams("teams list-memberships teachers --all --fields id").stdout
    ran = teams("teams delete-membership teachers - --yes --fields deleted", stdin=ids)
    assert (ran.status, ran.stdout) == (8, "true\ntrue\n")  # the last owner stays
    assert teams("teams delete - --yes", stdin="teachers\n").stdout == "teachers\ttrue\n"


def test_progress_is_told_on_stderr(teams):
    ticks = iter(range(0, 1000, 10))
    lines = "".join(f"user{number}@example.com\n" for number in range(3))
    ran = teams("teams create-membership teachers --users-from -", stdin=lines, monotonic=lambda: next(ticks))
    assert ran.stderr.splitlines()[0].startswith("Memberships: 1")
    ran = teams("teams create-membership teachers --users-from - -q", stdin=lines, monotonic=lambda: next(ticks))
    assert "Memberships:" not in ran.stderr


# Acting for a person


def test_a_person_acts_with_a_session(teams):
    secret = teams("sessions create ada --password-stdin --fields secret", stdin=PASSWORD + "\n").stdout.strip()
    env = {"AUTHCTL_SESSION": secret}
    made = teams("teams create Chess --as-session --fields id,members", env=env).stdout.split()
    assert made[1] == "1"
    assert len(teams("teams list --as-session --all", env=env).stdout.splitlines()) == 2
    teams("teams create Hidden --id hidden")
    assert teams("teams get hidden --as-session", env=env).status == 4
    line = "teams create-membership Chess --email bob@example.com --as-session"
    assert teams(f"{line} --print-secret", env=env).status == 6
    assert teams(f"{line} --dry-run", env=env).status == 6  # who has verified nothing invites nobody
    assert teams("teams create-membership Chess --email bob@example.com --invite --print-secret").status == 0
    assert teams("teams delete-membership Chess ada --as-session --yes --force", env=env).status == 5
    assert teams("teams delete-membership Chess bob@example.com --as-session --yes", env=env).status == 4
    pending = teams("teams list-memberships Chess --filter 'status = pending' --fields id", env=env).stdout.strip()
    assert teams(f"teams delete-membership Chess {pending} --as-session --yes", env=env).status == 0
    assert teams("teams delete Chess --as-session --yes", env=env).status == 0
