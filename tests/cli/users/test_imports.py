"""`authctl users import` and its like: from files and pipes, recognised or told, with what goes wrong."""

import bz2
import gzip
import io
import json
import lzma
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from authctl.cli.environment import Environment
from authctl.cli.users import imports
from authctl.transfer import files, reader_process

BCRYPT = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # of the word "secret"


@pytest.fixture
def run(authctl, database_url, ready):
    def run(line, **options):
        return authctl(line, env={"AUTHCTL_DATABASE_URL": database_url}, **options)

    return run


@pytest.fixture
def write(tmp_path):
    """Writes a file for its owner alone; its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return str(path)

    return write


def jsonl(*users):
    return "".join(
        json.dumps({"email_verified": False, "phone_verified": False, "last_sign_in_at": None} | user) + "\n"
        for user in users
    )


ADA = {"id": "ada", "email": "ada@example.com", "name": "Ada", "password": {"hash": BCRYPT}}


def test_import_answers_with_a_summary(run, write):
    path = write("users.jsonl", jsonl(ADA, {"id": "bob", "phone": "+442079460123"}, {"email": "nope"}))
    ran = run(f"users import {path} --from authctl -o json")
    answer = json.loads(ran.stdout)
    assert answer.pop("id")
    assert answer == {
        "source": "authctl",
        "files": ["users.jsonl"],
        "options": {
            "on_conflict": "fail",
            "match": None,
            "weak_hash": "keep",
            "mark_unverified": False,
            "addresses": "claimed",
            "teams": False,
        },
        "status": "finished",
        "created": 2,
        "updated": 0,
        "skipped": 0,
        "without_password": 1,
        "refused": 1,
        "reasons": {"import_no_password": 1, "import_value_dropped": 1},
        "hashes": {"bcrypt": {"legacy": 1}},
        "lost": [],
        "refusals": [
            {
                "file": "users.jsonl",
                "at": 3,
                "ref": "nope",
                "outcome": "refused",
                "type": "import_value_dropped",
                "field": "email",
                "message": answer["refusals"][0]["message"],
            }
        ],
        "actor": "tester@example.com",
        "created_at": answer["created_at"],
        "updated_at": answer["updated_at"],
        "ended_at": answer["ended_at"],
    }
    assert ran.status == 8
    assert json.loads(ran.stderr)["error"]["type"] == "general_partial"


def test_the_source_is_recognised_and_named(run, write):
    path = write("users.jsonl", jsonl(ADA))
    ran = run(f"users import {path}")
    assert ran.status == 0
    assert "users.jsonl looks like authctl" in ran.stderr
    assert "Standard input looks like authctl" in run("users import - --dry-run", stdin=jsonl(ADA)).stderr


def test_on_a_terminal_a_recognised_source_is_confirmed(run, write):
    path = write("users.jsonl", jsonl(ADA))
    answered = {"stdin_isatty": True, "stderr_isatty": True}
    ran = run(f"users import {path}", stdin="n\n", **answered)
    assert (ran.status, "Import it from authctl?" in ran.stderr) == (130, True)
    assert run("users list --count -o json").stdout.split() == ["{", '"count":', "0", "}"]
    assert run(f"users import {path}", stdin="y\n", **answered).status == 0


def test_who_was_to_read_a_file_ends_with_the_command(run, write, monkeypatch):
    class Child(reader_process.Child):
        def __init__(self, stdin):
            super().__init__(stdin)
            started.append(self)

    started = []
    monkeypatch.setattr(reader_process, "Child", Child)
    monkeypatch.setattr(reader_process, "WORTH_IT", 1)
    path = write("users.jsonl", jsonl(ADA))
    on_terminal = {"stdin_isatty": True, "stderr_isatty": True}
    assert run(f"users import {path}", stdin="n\n", **on_terminal).status == 130
    assert run(f"users import {path} {write('none.jsonl', '')}").status == 3
    assert run(f"users import {path} --from authctl --fields created").stdout == "1\n"
    ended = [child._process.returncode for child in started]
    assert ended[:2] == [-signal.SIGKILL] * 2
    assert ended[2] in (0, -signal.SIGKILL)  # it may have come to its end before it was ended


def test_a_dry_run_on_a_terminal_does_not_ask(run, write):
    ran = run(f"users import {write('users.jsonl', jsonl(ADA))} --dry-run", stdin_isatty=True, stderr_isatty=True)
    assert (ran.status, "users.jsonl:1  id: ada" in ran.stderr, "[y/N]" in ran.stderr) == (0, True, False)


def test_a_file_that_looks_like_another_source_is_warned_of(run, write):
    users = [{"id": "1", "username": "ada", "createdTimestamp": 1, "credentials": []}]
    realm = write("realm.json", json.dumps({"realm": "x", "users": users}))
    warning = "warning: realm.json looks like keycloak, not json. If it is: --from keycloak"
    assert warning in run(f"users import {realm} --from json --dry-run").stderr
    for line in ("--from json --map id=realm", "--from keycloak", ""):
        assert "warning" not in run(f"users import {realm} {line} --dry-run").stderr


@pytest.mark.parametrize(
    ("answers", "status"), [("appwrite\ny\n", 0), ("neither\nAppwrite\ny\n", 0), ("\n", 2), ("appwrite\nn\n", 130)]
)
def test_of_two_sources_that_fit_a_terminal_asks_which(run, write, answers, status):
    path = write("users.json", '[{"$id": "a", "user_id": "auth0|1", "emailVerification": true, "email": "a@b.com"}]')
    ran = run(f"users import {path}", stdin=answers, stdin_isatty=True, stderr_isatty=True)
    assert (ran.status, "Which one (appwrite, auth0)? " in ran.stderr) == (status, True)
    assert json.loads(run("users list --count -o json").stdout) == {"count": 0 if status else 1}


def test_of_two_sources_that_fit_a_script_must_name_one(run, write):
    path = write("users.json", '[{"$id": "a", "user_id": "auth0|1", "emailVerification": true, "email": "a@b.com"}]')
    ran = run(f"users import {path}")
    said = "authctl: users.json could be from appwrite or auth0.\nhint: Name it with --from: appwrite, auth0.\n"
    assert (ran.status, ran.stderr) == (2, said)


def test_what_is_not_recognised_must_be_named(run, write):
    ran = run(f"users import {write('x.bin', b'hello')}")
    assert ran.status == 2
    assert "--from" in ran.stderr
    ran = run(f"users import {write('users.jsonl', jsonl(ADA))} --from autctl")
    assert (ran.status, "Did you mean 'authctl'?" in ran.stderr) == (2, True)


def test_csv_is_mapped(run, write):
    content = "Kennung;E-Mail;Voller Name;Hash\n1;zoë@example.com;Zoë Müller;" + MD5 + "\n"
    path = write("users.csv", content.encode("latin-1"))
    line = (
        f"users import {path} --from csv --delimiter ; --encoding latin-1 --hash-format md5 --weak-hashes wrap "
        "--map 'id=Kennung,email=E-Mail,name=Voller Name,password_hash=Hash' -o json"
    )
    ran = run(line)
    assert ran.status == 0, ran.stderr
    assert json.loads(ran.stdout)["hashes"] == {"wrapped-md5": {"legacy": 1}}
    user = json.loads(run("users get 1 -o json").stdout)
    assert (user["email"], user["name"]) == ("zoë@example.com", "Zoë Müller")


def test_standard_input_is_a_file(run):
    ran = run("users import - -o json", stdin=jsonl(ADA))
    assert ran.status == 0, ran.stderr
    assert json.loads(ran.stdout)["created"] == 1


def test_a_process_reads_its_standard_input(home):
    lines = "".join(jsonl({"id": f"u{place}", "metadata": {"text": "x" * 900}}) for place in range(200))
    command = [sys.executable, "-m", "authctl", "users", "import", "-", "--fields", "created"]
    python = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    ran = subprocess.run(command, env=python | home, input=lines, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, "200\n"), ran.stderr


def test_what_is_behind_the_head_of_standard_input_stays_there(tmp_path):
    class Pipe(io.FileIO):
        def readinto(self, buffer):
            return super().readinto(memoryview(buffer)[:5001])

    content = b"0123456789" * 20_000
    (tmp_path / "users").write_bytes(content)
    with io.TextIOWrapper(io.BufferedReader(Pipe(tmp_path / "users"))) as stdin:
        taken = imports._stdin(Environment(stdin=stdin), ["-"], taken=False)
        head = files.look_at("-", taken).head
        assert head + os.read(stdin.fileno(), len(content)) == content


def test_an_application_may_pass_on_a_pipe_that_does_not_wait():
    pipe, written = os.pipe()
    os.set_blocking(pipe, False)
    with os.fdopen(pipe, "rb", buffering=0) as stdin, os.fdopen(written, "wb") as writer:
        looked = ThreadPoolExecutor(1).submit(files.look_at, "-", stdin)
        while not os.get_blocking(pipe) and not looked.done():
            pass
        writer.write(b"email\nada@example.com\n")
        writer.close()
        assert looked.result().head == b"email\nada@example.com\n"


def test_report_and_rejects_are_files_of_their_own(run, write, tmp_path):
    path = write("users.jsonl", jsonl(ADA, {"id": "b\td", "email": "bad@example.com", "password": {"hash": BCRYPT}}))
    ran = run(f"users import {path} --report {tmp_path}/report --rejects {tmp_path}/refused.jsonl")
    assert ran.status == 8
    assert f"{tmp_path}/report lists each" in ran.stderr
    report, rejects = (tmp_path / "report").read_text(), (tmp_path / "refused.jsonl").read_text()
    assert json.loads(report)["ref"] == r"b\td"
    assert BCRYPT not in report + ran.stdout + ran.stderr
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600 for name in ("report", "refused.jsonl"))
    mended = write("mended.jsonl", rejects.replace(r"b\td", "bad"))
    assert run(f"users import {mended} --from authctl").status == 0
    assert json.loads(run("users get bad -o json").stdout)["password"]["set"]


def test_a_dry_run_says_so_and_changes_nothing(run, write):
    path = write("users.jsonl", jsonl(ADA))
    ran = run(f"users import {path} --dry-run -o json")
    answer = json.loads(ran.stdout)
    assert (answer["dry_run"], answer["created"], answer["changes"]) == (True, 1, [])
    assert run("users get ada").status == 4
    assert run("users list-imports").stdout == ""


def test_a_file_that_all_can_read_is_warned_of(run, write, tmp_path, monkeypatch):
    path = write("users.jsonl", jsonl(ADA))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.jsonl").chmod(0o644)
    ran = run(f"users import {path} --from authctl")
    assert f"warning: Everybody on this machine can read {path}. Run: chmod 600 {path}\n" in ran.stderr


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("users import /nowhere/at/all --from csv", 7),
        ("users import {path} --from authctl --resume nobody", 4),
        ("users import {path} --from authctl --source-option colour=red", 3),
        ("users import {path} --from authctl --source-option colour", 2),
        ("users import {path} --from authctl --on-conflict replace", 2),
        ("users import {path} --from authctl --match name", 2),
        ("users import {path} --from authctl --max-errors -1", 2),
        ("users import {path} --from authctl --password-stdin", 2),
        ("users import {path} --from authctl --hash-config /nowhere", 7),
        ("users import - - --from authctl", 2),
        ("users import - --from authctl --check-password ada --password-stdin", 2),
        ("users import", 2),
        ("users undo-import nobody --yes", 4),
        ("users undo-import nobody", 2),
        ("users list-imports --after nobody", 4),
    ],
)
def test_what_cannot_start_says_why(run, write, line, status):
    path = write("users.jsonl", jsonl(ADA))
    ran = run(line.format(path=path))
    assert (ran.status, ran.stdout) == (status, "")
    assert ran.stderr.startswith("authctl: ")
    assert run("users list").stdout == ""


def test_check_password_proves_the_hashes_first(run, write):
    path = write("users.csv", f"id,email,password\nada,ada@example.com,{MD5}\n")
    line = f"users import {path} --from csv --hash-format md5 --check-password ada@example.com --password-stdin"
    wrong = run(line, stdin="not it\n")
    assert (wrong.status, "Nothing was imported" in wrong.stderr) == (6, True)
    assert run("users list").stdout == ""
    unknown = run(line.replace("ada@", "eve@"), stdin="secret\n")
    assert unknown.status == 4
    right = run(line, stdin="secret\n")
    assert right.status == 0, right.stderr
    assert "The password matches" in right.stderr
    assert "secret" not in right.stderr + right.stdout


def test_more_errors_than_allowed_stop_it(run, write):
    path = write("users.jsonl", jsonl(*({"email": f"nope{n}"} for n in range(5)), ADA))
    ran = run(f"users import {path} --from authctl --max-errors 2 -o json")
    assert ran.status == 8
    answer = json.loads(ran.stdout)
    assert (answer["refused"], answer["created"], answer["status"]) == (3, 0, "unfinished")
    again = run(f"users import {path} --from authctl -o json")
    assert "Resuming the import" in again.stderr
    assert json.loads(again.stdout)["id"] == answer["id"]
    assert json.loads(again.stdout)["created"] == 1


def test_imports_are_listed_undone_and_told_of(run, write, clock):
    path = write("users.jsonl", jsonl(ADA, {"id": "bob", "name": "Bob"}))
    id = json.loads(run(f"users import {path} --from authctl -o json").stdout)["id"]
    (listed,) = json.loads(run("users list-imports -o json").stdout)
    assert (listed["id"], listed["files"], listed["created"]) == (id, ["users.jsonl"], 2)
    (left,) = json.loads(run("users import-status -o json").stdout)
    assert (left["algorithm"], left["users"], left["import_id"]) == ("bcrypt", 1, id)
    clock.forward(minutes=1)
    assert run("users update-name bob Robert").status == 0
    ran = run(f"users undo-import {id} --yes -o json")
    assert ran.status == 0, ran.stderr
    assert json.loads(ran.stdout) == {"id": id, "removed": 1, "restored": 0, "kept": {"changed": 1}}
    assert run("users get ada").status == 4
    assert json.loads(run("users import-status -o json").stdout) == []


# Files of nobody


def test_an_empty_file_is_refused_whatever_it_is_called(run, write):
    path = write("users.csv", "")
    for line in (f"users import {path}", f"users import {path} --from csv"):
        ran = run(line)
        assert (ran.status, ran.stdout) == (3, "")
        assert ran.stderr == (
            f"authctl: {path} is empty.\nhint: Nothing was imported. Check whether the program that wrote it failed.\n"
        )
    assert run("users import - --from csv").stderr.startswith("authctl: Standard input is empty.\n")
    assert run("users list-imports").stdout == ""


def test_a_file_of_nobody_says_so(run, write):
    ran = run(f"users import {write('users.csv', 'email,name')} --from csv -o json")
    answer = json.loads(ran.stdout)
    assert (ran.status, answer["status"], answer["created"]) == (0, "finished", 0)
    assert ran.stderr == "authctl: The file contains no users.\n"


def test_a_file_that_cannot_be_read_is_not_said_to_be_gone_on_with(run, write):
    ran = run(f"users import {write('users.json', 'no JSON')} --from kratos")
    assert (ran.status, ran.stderr) == (3, "authctl: The file is not JSON.\n")
    assert run("users list-imports").stdout == ""


def test_columns_of_a_csv_that_are_not_read_are_named(run, write):
    path = write("users.csv", "email,Plan,Since\nada@example.com,pro,2024-05-01\n")
    told = "authctl: Not imported: {}, 1 user (users.csv:2).\n"
    said = run(f"users import {path} --from csv --dry-run").stderr
    assert told.format("'Plan'") + told.format("'Since'") in said
    mapped = f"users import {path} --from csv --dry-run --map created_at=Since"
    assert told.format("'Since'") not in run(mapped).stderr
    assert "Not imported" not in run(f"{mapped} --source-option unmapped=metadata").stderr
    assert "Not imported" not in run(f"{mapped} --source-option unmapped=ignore").stderr


def test_what_was_left_out_is_told_with_what_takes_it(run, write):
    path = write("users.csv", "email,phone,created_at\na@example.com,0151 234567,1.2.2021\nb@example.com,,2.2.2021\n")
    said = run(f"users import {path} --from csv --dry-run").stderr
    assert "Left out: created_at, 2 values (users.csv:2, users.csv:3). The first: created_at '1.2.2021'. " in said
    assert "--source-option date_format=%d.%m.%Y" in said
    assert "Left out: phone, 1 value (users.csv:2). Invalid phone '0151 234567': " in said
    assert "--phone-region DE" in said
    options = "--phone-region DE --source-option date_format=%d.%m.%Y"
    assert "Left out" not in run(f"users import {path} --from csv --dry-run {options}").stderr


def test_passwords_that_cannot_be_checked_are_told_and_counted(run, write):
    path = write("passwords", "ann:{SSHA512}AAAA\nbob:$P$B12345678abcdefghijklmnopqrstuv/\n")
    said = run(f"users import {path} --from htpasswd --dry-run").stderr
    assert "Left out: password, 2 values (passwords:1, passwords:2). The first: " in said
    assert "2 users cannot sign in: they have no name or no way to prove who they are." in said
    assert run(f"users import {path} --from htpasswd --dry-run --max-lost 1").status == 8


def test_a_time_that_is_none_is_not_lost(run, write):
    zero = "0001-01-01T00:00:00Z", "0000-00-00 00:00:00", "1601-01-01 00:00:00"
    rows = "".join(f"{place},{time}\n" for place, time in enumerate(zero))
    path = write("users.csv", f"id,created_at\n{rows}")
    assert "Left out" not in run(f"users import {path} --from csv --dry-run").stderr


def test_many_columns_that_are_not_read_fill_no_screen(run, write):
    names = [f"Extra {number:02}" for number in range(60)]
    path = write("users.csv", f"email,{','.join(names)}\nada@example.com{',x' * 60}\n")
    said = run(f"users import {path} --from csv --dry-run").stderr.splitlines()
    told = [line for line in said if "Not imported: " in line]
    assert told[9] == "authctl: Not imported: 'Extra 09', 1 user (users.csv:2)."
    assert told[10].startswith("authctl: Not imported: 50 more fields: 'Extra 10' (1), 'Extra 11' (1), ")
    assert told[10].endswith("'Extra 49' (1), …; -o json names all of them.")
    assert len(told) == 11
    assert "--source-option unmapped=metadata" in said[said.index(told[10]) + 1]


def test_memberships_that_were_not_asked_for_are_told(run, write):
    member = {"team_id": "maths", "team_name": "Maths", "roles": []}
    path = write("users.jsonl", jsonl(ADA | {"memberships": [member]}))
    told = "authctl: Not imported: 'memberships', 1 user (users.jsonl:1). To import it: --teams\n"
    assert told in run(f"users import {path} --from authctl --dry-run").stderr
    assert run(f"users import {path} --from authctl --dry-run --max-lost 0").status == 8
    assert "Not imported" not in run(f"users import {path} --from authctl --teams").stderr


@pytest.mark.parametrize(("most", "status"), [(0, 8), (1, 8), (2, 0)])
def test_more_lost_than_allowed_stops_it(run, write, most, status):
    ada = ADA | {"username": "a b", "phone": "1"}
    ran = run(f"users import {write('users.jsonl', jsonl(ada))} --from authctl --max-lost {most} -o json")
    assert ran.status == status
    assert ("more values were left out than --max-lost allows" in ran.stderr) == (status == 8)
    assert [(each["field"], each["count"], each["first"]) for each in json.loads(ran.stdout)["lost"]] == [
        ("phone", 1, ["users.jsonl:1"]),
        ("username", 1, ["users.jsonl:1"]),
    ]
    user = json.loads(run("users get ada -o json").stdout)
    assert (user["phone"], user["username"]) == (None, None)
    assert user["metadata"] == {"imported": {"username": "a b", "phone": "1"}}


def test_an_import_of_users_who_exist_says_how_to_take_them_and_who_is_unchanged(run, write):
    bob = {"id": "bob", "name": "Bob"}
    run(f"users import {write('users.jsonl', jsonl(ADA, bob))} --from authctl")
    again = f"users import {write('users.jsonl', jsonl(ADA, bob | {'name': 'Rob'}))} --from authctl"
    ran = run(again)
    assert "To update users who already exist: --on-conflict update. To leave them: --on-conflict skip." in ran.stderr
    assert "authctl: 0 created, 0 updated, 1 unchanged, 1 refused.\n" in ran.stderr
    assert "--on-conflict" not in run(f"{again} --on-conflict update").stderr


def test_records_that_are_not_users_are_counted(run, write):
    path = write("htpasswd", "# staff\nada:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/\n")
    assert "authctl: Skipped: 1 record that is not a user.\n" in run(f"users import {path} --from htpasswd").stderr


def test_a_strict_import_refuses_what_it_would_leave_out(run, write):
    path = write("users.jsonl", jsonl(ADA | {"username": "a b"}))
    ran = run(f"users import {path} --from authctl --strict -o json")
    assert (ran.status, json.loads(ran.stdout)["reasons"]) == (8, {"import_value_dropped": 1})
    assert run("users get ada").status == 4


def test_that_no_password_came_along_is_told(run, write):
    path = write("users.csv", "email\na@example.com\nb@example.com\n")
    ran = run(f"users import {path} --from csv")
    assert (ran.status, "None of the 2 users has a password." in ran.stderr) == (0, True)


def test_utf_16_is_read_from_any_source_and_comes_back(run, write, tmp_path):
    text = '{"id": "ada", "email_verified": true, "phone_verified": false, "last_sign_in_at": null, "name": "Zoë"}\n7\n'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path, rejects = write("u.json", text.encode(encoding)), tmp_path / encoding
        ran = run(f"users import {path} --rejects {rejects} -o json")
        assert (ran.status, json.loads(ran.stdout)["refused"]) == (8, 1), ran.stderr
        assert f"u.json is read as {encoding}." in ran.stderr
        assert rejects.read_bytes().decode(encoding).strip() == "7"
    assert json.loads(run("users get id:ada -o json").stdout)["name"] == "Zoë"


def test_a_guessed_encoding_is_said_and_a_doubtful_one_refused(run, write):
    path = write("w.csv", "email,name\na@example.com,Jürgen\n".encode("cp1252"))
    ran = run(f"users import {path} --from csv")
    assert "w.csv is not UTF-8; read as Western text (cp1252). If names look wrong: --encoding NAME" in ran.stderr
    path = write("r.csv", "email,name\nb@example.com,Иван Петров\n".encode("cp1251"))
    ran = run(f"users import {path} --from csv")
    assert ran.status == 3
    assert "hint: Name the encoding: --encoding cp1251" in ran.stderr
    assert run(f"users import {path} --from csv --encoding cp1251").status == 0
    assert json.loads(run("users get b@example.com -o json").stdout)["name"] == "Иван Петров"


@pytest.mark.parametrize(
    ("content", "kind", "remedy"),
    [
        (b"PK\x03\x04\x14\0\6\0[Content_Types].xml", "a spreadsheet", "Save it as CSV."),
        (b"PK\x03\x04\x14\0\0\0users.csv", "a zip archive", "Unpack it and import the file inside."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90), "an old Excel workbook (xls)", "Save it as CSV."),
        (bz2.compress(b"email\n"), "compressed with bzip2", "Unpack it: bunzip2."),
        (lzma.compress(b"email\n"), "compressed with xz", "Unpack it: unxz."),
        (b"\x28\xb5\x2f\xfd\x04\0", "compressed with zstd", "Unpack it: unzstd."),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive", "Unpack it and import the file inside."),
        (b"%PDF-1.7\n", "a PDF", "Ask for the data as CSV or JSON."),
        (b"SQLite format 3\0\x10\0", "an SQLite database", "Export its users as CSV or JSON."),
        (gzip.compress(b"a" * 257 + b"ustar\0", mtime=0), "a tar archive", "Unpack it and import the file inside."),
        (bytes(range(256)), "not a text file", "Export the users as CSV or JSON."),
    ],
)
def test_what_is_no_text_is_named(run, write, content, kind, remedy):
    path = write("users.csv", content)
    ran = run(f"users import {path} --from csv")
    assert ran.status == 3
    assert ran.stderr.endswith(f"authctl: {path} is {kind}, which cannot be imported.\nhint: {remedy}\n")


def kc_user(name):
    return {"id": name, "username": name, "email": f"{name}@example.com", "createdTimestamp": 1700000000000}


def test_a_folder_of_keycloak_is_read_and_its_realm_passed_over(run, write, tmp_path):
    write("shop-realm.json", '{"realm": "shop", "keycloakVersion": "26"}')
    for number in (0, 1, 10):
        write(f"shop-users-{number}.json", json.dumps({"realm": "shop", "users": [kc_user(f"u{number}")]}))
    write("shop-federated-users-0.json", '{"realm": "shop", "federatedUsers": [{"id": "f:1:ldap"}]}')
    ran = run(f"users import {tmp_path} --from keycloak -o json")
    counts = json.loads(ran.stdout)
    assert (counts["created"], counts["skipped"], counts["refused"]) == (3, 1, 0), ran.stderr
    assert counts["files"] == [*(f"shop-users-{n}.json" for n in (0, 1, 10)), "shop-federated-users-0.json"]
    assert f"Skipped in {tmp_path}: " in ran.stderr
    assert "'shop-realm.json'" in ran.stderr
    write("master-users-0.json", json.dumps({"realm": "master", "users": [kc_user("admin")]}))
    ran = run(f"users import {tmp_path} --from keycloak")
    assert (ran.status, "contains several exports: master and shop" in ran.stderr) == (3, True)


def test_a_folder_of_nobody_is_refused(run, tmp_path):
    (folder := tmp_path / "export").mkdir()
    for source, status, told in (
        ("--from okta", 3, f"{folder} is a folder, and okta exports are files."),
        ("--from keycloak", 3, "contains no users"),
        ("", 2, "is a folder, so its source must be named"),
    ):
        ran = run(f"users import {folder} {source}")
        assert (ran.status, told in ran.stderr) == (status, True)


def test_any_json_is_mapped_and_what_is_taken_is_shown(run, write):
    record = {"_id": {"$oid": "a1"}, "emails": [{"address": "ada@example.com"}], "age": 7}
    path = write("own.json", json.dumps([record]))
    ran = run(f"users import {path} --dry-run")
    assert "own.json looks like json" in ran.stderr
    assert "Fields recognised by name: id=_id\n" in ran.stderr
    assert "To import more fields: --map email=emails.0.address" in ran.stderr
    line = f"users import {path} --from json --map id=_id,email=emails.0.address"
    assert run(f"{line} --source-option unmapped=metadata").status == 0
    user = json.loads(run("users get ada@example.com -o json").stdout)
    assert (user["id"], user["metadata"]["age"]) == ("a1", 7)


def test_a_file_of_several_sources_must_be_named(run, write):
    both = write("x.json", '[{"createdTimestamp": 1, "UserStatus": "CONFIRMED"}]')
    ran = run(f"users import {both}")
    assert (ran.status, "could be from" in ran.stderr, "Name it with --from: " in ran.stderr) == (2, True, True)


def test_a_record_that_another_record_takes_from_is_told_without_a_made_up_id(run, write):
    path = write("users.csv", "email,name\nada@example.com,Ada\nada@example.com,Ada B.\n")
    ran = run(f"users import {path} --from csv --dry-run")
    assert "'ada@example.com' belongs to an earlier record of this import." in ran.stderr
    assert "--on-conflict merge" in ran.stderr


def test_a_refused_record_says_nothing_of_being_left_out(run, write):
    path = write("users.csv", "username,email\na b,root@localhost\n")
    refusal = next(line for line in run(f"users import {path} --from csv").stderr.splitlines() if "Refused" in line)
    assert "Invalid username" in refusal
    assert "It was left out" not in refusal


def test_a_time_that_has_not_come_is_told(run, write):
    path = write("users.jsonl", jsonl({**ADA, "last_sign_in_at": "2999-01-01T00:00:00Z"}))
    assert "Left out: last_sign_in_at, 1 value" in run(f"users import {path} --from authctl").stderr


def test_a_password_that_a_known_user_does_not_get_is_told(run, write):
    head = write("users.csv", "id,email\nada,ada@example.com\n")
    assert run(f"users import {head} --from csv").status == 0
    path = write("hashes.csv", "id,email,password_hash\nada,ada@example.com,abc\n")
    ran = run(f"users import {path} --from csv")
    assert "Left out: password, 1 value (hashes.csv:2)." in ran.stderr


def test_that_every_password_is_lost_is_said_to_whoever_asked_for_quiet(run, write):
    file = write("users.csv", "id,email,hash,salt\nada,ada@example.com,ab12,xy\nbob,bob@example.com,cd34,zz\n")
    line = f"users import {file} --from csv --hash-format sha256 --map password=hash,salt=salt -q"
    ran = run(line)
    assert ran.status == 0
    assert "warning: Left out: password, 2 values (users.csv:2, users.csv:3)." in ran.stderr
    more = write("more.csv", f"id,email,hash\neve,eve@example.com,{BCRYPT}\nsam,sam@example.com,ab12\n")
    assert run(f"users import {more} --from csv --hash-format bcrypt --map password=hash -q").stderr == ""


def test_names_that_are_no_text_come_into_no_journal(authctl, ready_home, write):
    path = write("\udcff.csv", b"id,name,\xff\na,A,x\n")
    assert authctl(["users", "import", path, "--from", "csv", "--yes"]).status == 0
    assert json.loads(authctl("users list-imports -o jsonl").stdout)["files"] == ["?.csv"]
