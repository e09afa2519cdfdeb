"""`authctl sessions`, and every place that a secret must not reach: tables, files, the log, output, errors."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from authctl.cli.users import COMMANDS
from authctl.core import hashing

PASSWORD, NEW, WRONG = "marked-right-7c1f-Qx", "marked-newer-7c1f-Qy", "marked-wrong-7c1f-Qz"
UNKNOWN = "marked-typed-as-name-7c1f"  # a password in the wrong place
MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # of the word "secret"
BCRYPT = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
SIGNER_KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
DIGESTS = [hashing.accept(MD5, "md5").stored, BCRYPT]
FIREBASE = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="


class Terminal:
    """Runs command lines on one directory, and keeps what they printed."""

    def __init__(self, authctl, url):
        self.authctl, self.url = authctl, url
        self.shown = []

    def __call__(self, line, *, stdin="", env=None, **options):
        words = shlex.split(line) if isinstance(line, str) else line
        ran = self.authctl(words, stdin=stdin, env={"AUTHCTL_DATABASE_URL": self.url} | (env or {}), **options)
        self.shown.append((words, ran))
        return ran

    def json(self, line, **options):
        ran = self(f"{line} -o json", **options)
        assert ran.status == 0, ran.stderr
        return json.loads(ran.stdout)

    def error(self, line, **options):
        """The exit status and the type of the refusal."""
        ran = self(f"{line} -o json", **options)
        assert ran.stdout == ""
        return ran.status, json.loads(ran.stderr.splitlines()[-1])["error"]["type"]


@pytest.fixture
def run(authctl, database_url, ready):
    return Terminal(authctl, database_url)


# Secrets stay


def stored(url):
    """All that a database holds, as one text for each table; of SQLite, the bytes of its files as well."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            names = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            return {
                name: "\n".join(row for (row,) in connection.execute(f'SELECT to_jsonb(t)::text FROM "{name}" t'))
                for (name,) in names.fetchall()
            }
    path = Path(url.removeprefix("sqlite:///"))
    files = {each.name: each.read_bytes().decode("latin-1") for each in path.parent.iterdir()}
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {
            name: "\n".join(repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
            for name in names
            if "_words" not in name  # of which nothing can be read back
        }
    return files | tables


def test_no_secret_is_found_where_it_must_not_be(run):
    run("security set password-history 3")
    run("users create --id ada --email ada@example.com --password-stdin", stdin=f"{PASSWORD}\n")
    first = run.json("sessions create ada --password-stdin --ip 192.0.2.1", stdin=f"{PASSWORD}\n")
    for _ in range(11):
        run("sessions create ada --password-stdin --ip 192.0.2.7", stdin=f"{WRONG}\n")
    run(f"sessions create {UNKNOWN} --password-stdin", stdin=f"{WRONG}\n")
    run("users verify-password ada --password-stdin", stdin=f"{WRONG}\n")
    env = {"AUTHCTL_SESSION": first["secret"]}
    jwt = run.json("sessions create-jwt", env=env)["jwt"]
    assert run("sessions verify-jwt --secret-stdin", stdin=f"{jwt}\n").status == 0
    run("sessions verify-jwt --secret-stdin", stdin=f"{jwt[:-4]}AAAA\n")
    run("users unlock ada")
    run("users update-email ada x@example.com --as-session --password-stdin", env=env, stdin=f"{WRONG}\n")
    run("users update-password ada --as-session --password-stdin", env=env, stdin=f"{PASSWORD}\n{NEW}\n")
    run("users update-password ada --as-session --password-stdin", env=env, stdin=f"{NEW}\n{NEW}\n")
    run("users update-password ada --password-stdin --dry-run", stdin=f"{WRONG}\n")
    run("security check-password --password-stdin", stdin=f"{WRONG}\n")
    run("users create --id md5 --password-hash-stdin --hash md5", stdin=f"{MD5}\n")
    run("users create --id wrapped --password-hash-stdin --hash md5 --weak-hash wrap", stdin=f"{MD5}\n")
    run("users create --id bad --password-hash-stdin", stdin=f"{MD5}\n")
    run("users create --id bcrypt --password-hash-stdin --dry-run", stdin=f"{BCRYPT}\n")
    options = {"salt": "42xEC+ixf3L2lw==", "salt_separator": "Bw==", "rounds": "8", "mem_cost": "14"}
    given = " ".join(f"--hash-option {key}={value}" for key, value in (options | {"signer_key": SIGNER_KEY}).items())
    assert (
        run(f"users create --id fire --password-hash-stdin --hash firebase {given}", stdin=f"{FIREBASE}\n").status == 0
    )
    generated = run.json("users create --id made --generate-password")["generated_password"]
    made = run.json("users create-session ada")["secret"]
    run("sessions delete", env={"AUTHCTL_SESSION": made})
    run("sessions get", env={"AUTHCTL_SESSION": made})

    before = stored(run.url)
    assert {"users", "events", "password_history"} <= before.keys()
    forbidden = [PASSWORD, NEW, WRONG, UNKNOWN, generated, first["secret"], made, jwt, *jwt.split("."), SIGNER_KEY]
    forbidden = [secret for secret in forbidden if secret != jwt.split(".")[0]]  # the header says which key signed
    for name, text in before.items():
        assert [secret for secret in forbidden if secret in text] == [], name
    # An imported digest is in the columns that it is for, and nowhere beside them; a wrapped one is nowhere at all.
    tables = {name: text for name, text in before.items() if not name.startswith("authctl.db")}
    for digest in DIGESTS:
        assert {name for name, text in tables.items() if digest in text} <= {"users", "password_history"}
    assert sum(text.count(DIGESTS[0]) for text in tables.values()) == 2
    assert all(one not in text for one in (MD5, FIREBASE, SIGNER_KEY) for text in before.values())

    # Each secret that a command made is in its own answer and in no other output; what was given, in none at all.
    own = {"generated_password": generated, "secret": made, "jwt": jwt, "first": first["secret"]}
    for secret in own.values():
        assert sum(secret in ran.stdout for _, ran in run.shown) == 1
        assert not any(secret in ran.stderr for _, ran in run.shown)
    hashes = [re.escape(one) for one in (MD5, BCRYPT, FIREBASE, SIGNER_KEY, PASSWORD, NEW, WRONG, "argon2id$")]
    for words, ran in run.shown:
        assert not re.search("|".join(hashes), ran.stdout + ran.stderr), words
    logs = run("security list-logs --limit 1000 -o json").stdout
    assert not any(secret in logs for secret in [*forbidden, MD5, FIREBASE])


def test_a_failure_inside_shows_no_secret(run):
    """The database fails half-way: what it says has the statement's values in it, and stays inside."""
    run("users create --id ada --password-stdin", stdin=f"{PASSWORD}\n")
    secret = run.json("sessions create ada --password-stdin", stdin=f"{PASSWORD}\n")["secret"]
    execute(run.url, "ALTER TABLE events RENAME COLUMN details TO missing")
    lines = [
        ("sessions create ada --password-stdin", f"{PASSWORD}\n"),
        ("sessions create ada --password-stdin", f"{WRONG}\n"),
        ("users update-password ada --password-stdin", f"{NEW}\n"),
        ("sessions delete --secret-stdin", f"{secret}\n"),
        ("users create --id md5 --hash md5 --password-hash-stdin", f"{MD5}\n"),
        ("users update-password ada --as-session --password-stdin", f"{secret}\n{PASSWORD}\n{NEW}\n"),
    ]
    for line, stdin in lines:
        ran = run(line, stdin=stdin)
        assert ran.status in (1, 7), line
        assert ran.stdout == ""
        assert not any(word in ran.stderr for word in (PASSWORD, WRONG, NEW, secret, MD5, "Traceback")), line


def execute(url, statement):
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_damaged_hash_is_refused_without_showing_it(run):
    run("users create --id ada --password-stdin", stdin=f"{PASSWORD}\n")
    execute(run.url, f"UPDATE users SET password_hash = '$damaged${MD5}'")
    ran = run("sessions create ada --password-stdin", stdin=f"{PASSWORD}\n")
    assert ran.status == 6
    log = run("users list-logs ada -o json").stdout
    assert "damaged hash" in log
    assert not any(secret in text for secret in (MD5, PASSWORD) for text in (ran.stderr, log))


def test_secrets_of_records_are_not_in_their_text(directory):
    directory.users.create(id="ada", password=PASSWORD)
    signed_in = directory.sessions.create("ada", PASSWORD)
    person = directory.as_session(signed_in.secret)
    jwt = directory.sessions.create_jwt(signed_in.secret)
    shown = repr(
        [signed_in, person, directory, jwt, directory.users.get("ada"), directory.sessions.get(signed_in.secret)]
    )
    for secret in (signed_in.secret, jwt.jwt, PASSWORD, directory.users.get("ada").password.hash):
        assert secret not in shown


# Acting for a person


@pytest.fixture
def person(run):
    """The environment of somebody who is signed in as ada, beside bob."""
    run("users create --id ada --email ada@example.com --password-stdin", stdin=f"{PASSWORD}\n")
    run("users create --id bob --email bob@example.com --labels staff")
    return {"AUTHCTL_SESSION": run.json("sessions create ada --password-stdin", stdin=f"{PASSWORD}\n")["secret"]}


OPERATORS = [
    "users create --id eve",
    "users list",
    "users list --count",
    "users list --all",
    "users delete ada --yes",
    "users merge ada eve --yes",
    "users update-username ada ada",
    "users update-email-verification ada true",
    "users update-phone-verification ada true",
    "users update-labels ada admin",
    "users update-metadata ada {}",
    "users update-status ada blocked",
    "users verify-password ada --password-stdin",
    "users create-session ada",
    "users unlock ada",
    "users delete-sessions --all --yes",
    "users require-password-change ada",
    "users wrap-password ada",
    "users import - --from authctl",
    "users export",
    "users list-imports",
    "users undo-import something --yes",
    "users import-status",
    "mfa reset ada --yes",
    "backup saved.backup",
    "security check",
    "security verify-logs",
    "sessions create ada --password-stdin",
    "sessions create --anonymous",
    "security set session-limit 1",
    "security reset session-limit --yes",
    "security apply supabase --yes",
    "security list-logs",
]


def test_what_operators_do_is_refused_to_a_person(run, person):
    before = run("users list --all -o json").stdout
    answers = {
        line: run.error(f"{line} --as-session", env=person, stdin=f"{PASSWORD}\n{PASSWORD}\n") for line in OPERATORS
    }
    assert {line: found for line, found in answers.items() if found != (6, "user_unauthorized")} == {}
    assert run("users list --all -o json").stdout == before


OWN = [
    "users get USER",
    "users update-name USER Name",
    "users update-locale USER de",
    "users update-email USER new@example.com --password-stdin",
    "users update-phone USER +442079460123 --password-stdin",
    "users update-password USER --password-stdin",
    "users get-prefs USER",
    "users update-prefs USER {}",
    "users list-logs USER",
    "users list-roles USER",
    "users list-sessions USER",
    "users delete-session USER something --yes",
    "users delete-sessions USER --yes",
]


def test_a_person_is_not_told_whether_others_exist(run, person):
    def answer(line, user):
        ran = run(line.replace("USER", user) + " --as-session -o json", env=person, stdin=f"{PASSWORD}\n{NEW}\n")
        return ran.status, ran.stdout, ran.stderr.replace(user, "USER")

    for line in OWN:
        found = [answer(line, user) for user in ("bob", "bob@example.com", "nobody", "nobody@example.com")]
        assert len(set(found)) == 1, line
        assert found[0][0] == 6, line
        assert "user_unauthorized" in found[0][2]


def test_every_command_on_accounts_is_for_operators_or_for_the_own_account(run):
    """A new command has to say which."""
    tested = {line.split()[1] for line in [*OPERATORS, *OWN] if line.startswith("users ")}
    # In tests/core/accounts/test_identities.py, core/teams/test_memberships.py and core/users/test_securing.py.
    elsewhere = {"list-identities", "create-identity", "delete-identity", "list-memberships", "secure"}
    commands = {name for section in COMMANDS.modules.values() for name in section}
    assert commands - tested - elsewhere == set()


def test_a_person_signs_out_everywhere(run, person):
    ended = run.json("users delete-sessions ada --as-session --yes", env=person)
    assert ended == {"id": "ada", "deleted": True, "sessions": 1}
    assert run.error("sessions get", env=person) == (6, "user_unauthorized")


def test_a_session_is_taken_by_stdin_in_front_of_passwords(run, person):
    lines = f"{person['AUTHCTL_SESSION']}\n{PASSWORD}\n{NEW}\n"
    assert run("users update-password ada --as-session --password-stdin", stdin=lines).status == 0
    assert run("sessions create ada --password-stdin", stdin=f"{NEW}\n").status == 0


@pytest.mark.parametrize("stdin", ["", "\n", "x\n", f"{'0' * 64}\n", "\x00\n", f"{'x' * 2000}\n"])
def test_what_is_no_session_is_refused(run, stdin):
    for line in ("sessions get --secret-stdin", "sessions delete --secret-stdin", "users get ada --as-session"):
        ran = run(line, stdin=stdin)
        assert ran.status in (2, 3, 6)
        assert ran.stdout == ""


def test_a_real_process_takes_secrets_by_stdin_and_shows_none_in_its_words(tmp_path):
    """From the shell to the exit status: nothing secret is in an argument, and the answer says who is signed in."""
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "AUTHCTL_ACTOR": "tester"}

    def real(*words, stdin=""):
        return subprocess.run([sys.executable, "-m", "authctl", *words], env=env, input=stdin, text=True,
                              capture_output=True, check=False)  # fmt: skip

    assert real("users", "create", "--id", "ada", "--password-stdin", "-q", stdin=f"{PASSWORD}\n").returncode == 0
    signed_in = real("sessions", "create", "ada", "--password-stdin", "-o", "json", stdin=f"{PASSWORD}\n")
    secret = json.loads(signed_in.stdout)["secret"]
    assert (
        json.loads(real("sessions", "get", "--secret-stdin", "-o", "json", stdin=f"{secret}\n").stdout)["id"] == "ada"
    )
    refused = real("sessions", "create", "ada", "--password-stdin", stdin=f"{WRONG}\n")
    assert (refused.returncode, refused.stdout) == (6, "")
    assert refused.stderr == "authctl: Wrong user or password.\n"
