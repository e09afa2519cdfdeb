"""`authctl mfa` at a terminal and off one: QR codes that readers read, codes that are typed in, secrets that stay."""

import json
import os
import re
import stat
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime

import pyotp
import pytest
from doubles.qr import everywhere, read
from PIL import Image

from authctl.cli import mfa
from authctl.core.crypto import otp

QUESTION = "Code from the app (Enter: later): "


@pytest.fixture
def ada(authctl, ready_home):
    authctl(["users", "create", "--id", "ada", "--email", "ada@example.com"])


def uri_in(text):
    """The URI that was shown; the program leaves it to the terminal to wrap."""
    return re.search(r"otpauth://\S+", text)[0]


def totp_of(uri):
    return pyotp.parse_uri(uri)


def now():
    return datetime.now(UTC)


def wrong(totp):
    """A code that is no step's near now."""
    steps = range(-90, 91, 30)
    good = {totp.at(int(now().timestamp()) + step) for step in steps}
    return next(
        code
        for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
        if code not in good
    )


# The QR code, as terminals draw it


@pytest.mark.parametrize(("columns", "lines", "cell"), [(80, 24, "▀"), (120, 50, "  ")])
def test_the_code_that_a_terminal_draws_is_read_back(person, ada, columns, lines, cell):
    someone = person("mfa create-authenticator ada", columns=columns, lines=lines)
    someone.sees(QUESTION)
    uri = uri_in(someone.screen)
    assert f"m{cell}" in someone.screen
    assert everywhere(someone.window()) == [{"zxing": [uri], "zbar": [uri]}] * 6
    someone.types("\n")
    assert someone.leaves() == 0


@pytest.mark.parametrize(("columns", "lines"), [(40, 20), (40, 50), (80, 21), (1, 1)])
def test_a_window_that_is_too_small_is_told_and_shows_no_half_of_a_code(person, ada, columns, lines):
    someone = person("mfa create-authenticator ada", columns=columns, lines=lines)
    someone.sees(QUESTION)
    assert "Make it at least 41 columns by 22 lines and try again, or use --qr-file FILE.svg" in someone.screen
    assert "48;5" not in someone.screen
    assert "▀" not in someone.screen
    assert read_nothing(someone.window())
    assert uri_in(someone.screen).startswith("otpauth://totp/this%20service:ada@example.com?secret=")
    someone.types("\n")
    assert someone.leaves() == 0


def read_nothing(window):
    return all(found == {"zxing": [], "zbar": []} for found in everywhere(window))


def test_the_smallest_window_that_is_told_of_is_large_enough(person, ada):
    someone = person("mfa create-authenticator ada", columns=41, lines=22)
    someone.sees(QUESTION)
    uri = uri_in(someone.screen)
    assert everywhere(someone.window()) == [{"zxing": [uri], "zbar": [uri]}] * 6


def test_the_longest_names_still_make_a_code(person, authctl):
    email = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.com"
    authctl(["users", "create", "--id", "ada", "--email", email])
    someone = person("mfa create-authenticator ada", columns=200, lines=80, AUTHCTL_APPLICATION_NAME="n" * 64)
    someone.sees(QUESTION)
    uri = uri_in(someone.screen)
    assert email in uri
    assert everywhere(someone.window()) == [{"zxing": [uri], "zbar": [uri]}] * 6


def test_colours_that_a_reader_needs_are_no_decoration(person, ada):
    someone = person("mfa create-authenticator ada", NO_COLOR="1")
    someone.sees(QUESTION)
    uri = uri_in(someone.screen)
    assert everywhere(someone.window()) == [{"zxing": [uri], "zbar": [uri]}] * 6


def test_a_terminal_that_cannot_draw_says_what_to_do(person, ada):
    someone = person("mfa create-authenticator ada", TERM="dumb")
    someone.sees(QUESTION)
    assert "This terminal cannot draw the QR code. To write it to a file: --qr-file FILE.svg" in someone.screen
    assert "\x1b" not in someone.screen


def test_a_terminal_without_unicode_draws_with_spaces(person, ada):
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    someone = person("mfa create-authenticator ada", columns=120, lines=50, **ascii_only)
    someone.sees(QUESTION)
    uri = uri_in(someone.screen)
    assert everywhere(someone.window()) == [{"zxing": [uri], "zbar": [uri]}] * 6
    small = person("mfa create-authenticator ada", **ascii_only)
    small.sees("Make it at least 82 columns by 42 lines")


def test_the_secret_is_shown_in_groups(person, ada):
    someone = person("mfa create-authenticator ada", NO_COLOR="1")
    someone.sees(QUESTION)
    secret = totp_of(uri_in(someone.screen)).secret
    assert " ".join(re.findall("....", secret)) in someone.screen
    assert len(secret) * 5 // 8 == otp.SECRET_SIZE


# The first code, there and then


def test_a_code_is_verified_there_and_then(person, authctl, ada):
    someone = person("mfa create-authenticator ada")
    someone.sees(QUESTION)
    totp = totp_of(uri_in(someone.screen))
    someone.types(wrong(totp) + "\n")
    someone.sees("Wrong code. The next code from the app (Enter: later): ")
    someone.types(totp.now() + "\n")
    assert someone.leaves() == 0
    assert "Verified: it is now a second factor." in someone.screen
    assert someone.screen.endswith("Sign-ins do not ask for it yet. To turn that on: authctl mfa enable ada\n")
    assert json.loads(authctl("mfa status ada -o json").stdout)["factors"]["totp"] is True


@pytest.mark.parametrize("answer", ["\n", "  \n", "\x04"])
def test_no_code_leaves_it_for_later_and_says_how(person, authctl, ada, answer):
    someone = person(["mfa", "create-authenticator", "ada", "--name", "my phone"])
    someone.sees(QUESTION)
    someone.types(answer)
    assert someone.leaves() == 0
    hint = "Not active yet. To activate it: authctl mfa verify-authenticator ada CODE --name 'my phone'\n"
    assert someone.screen.endswith(hint)
    code = totp_of(uri_in(someone.screen)).now()
    assert authctl(["mfa", "verify-authenticator", "ada", code, "--name", "my phone"], clock=now).status == 0


def test_a_person_is_told_how_to_verify_as_one(person, authctl, ada):
    authctl("users update-password ada --password-stdin", stdin="correct horse battery\n")
    secret = made(authctl, "sessions create ada --password-stdin", stdin="correct horse battery\n", clock=now)["secret"]
    someone = person("mfa create-authenticator ada --as-session", AUTHCTL_SESSION=secret)
    someone.sees(QUESTION)
    someone.types("\n")
    assert someone.leaves() == 0
    assert someone.screen.endswith("authctl mfa verify-authenticator ada CODE --as-session\n")


def test_codes_are_not_asked_for_for_ever(person, authctl, ada):
    someone = person("mfa create-authenticator ada")
    for _ in range(mfa.TRIES):
        someone.sees("Enter: later): ")
        code = wrong(totp_of(uri_in(someone.screen)))
        someone._bytes = re.sub(rb"\(Enter", b"(Answered", someone._bytes)
        someone.screen = someone.screen.replace("(Enter", "(Answered")
        someone.types(code + "\n")
    assert someone.leaves() == 6
    assert "The code is wrong, expired or used." in someone.screen
    assert json.loads(authctl("mfa status ada -o json").stdout)["factors"]["totp"] is False


def test_ctrl_c_at_the_question_ends_with_130_and_says_how_to_go_on(person, ada):
    someone = person("mfa create-authenticator ada")
    someone.sees(QUESTION)
    someone.types("\x03")
    assert someone.leaves() == 130
    verify = "authctl: Not active yet. To activate it: authctl mfa verify-authenticator ada CODE\n"
    assert someone.screen.endswith(f"^C\n{verify}\nauthctl: Stopped.\n")


def test_quiet_leaves_out_the_words(person, ada):
    someone = person("mfa create-authenticator ada -q")
    someone.sees(QUESTION)
    someone.types("\n")
    assert someone.leaves() == 0
    assert "▀" in someone.screen
    assert "Not active yet" not in someone.screen


@pytest.mark.parametrize("option", ["-o json", "-o tsv", "--fields secret", "--dry-run"])
def test_what_is_for_a_program_is_neither_drawn_nor_asked(person, ada, option):
    someone = person(f"mfa create-authenticator ada {option}")
    assert someone.leaves() == 0
    assert "▀" not in someone.screen
    assert "Code from" not in someone.screen


def test_a_result_that_goes_into_a_file_is_not_drawn(home, ada, tmp_path):
    """stdin and stderr may be a terminal all the same."""
    terminal, other = os.openpty()
    with open(tmp_path / "out.json", "wb") as file:
        words = [sys.executable, "-m", "authctl", "mfa", "create-authenticator", "ada"]
        ran = subprocess.run(words, env=home, stdin=other, stdout=file, stderr=other, timeout=60)
    os.close(other)
    os.close(terminal)
    assert ran.returncode == 0
    secret, uri = (tmp_path / "out.json").read_text().rstrip("\n").split("\t")
    assert totp_of(uri).secret == secret


def test_nobody_at_a_terminal_is_told_how_to_verify(home, ada):
    """The answer is shown to somebody who cannot answer."""
    terminal, other = os.openpty()
    words = [sys.executable, "-m", "authctl", "mfa", "create-authenticator", "ada", "-o", "table"]
    child = subprocess.Popen(
        words, env=home | {"TERM": "xterm"}, stdin=subprocess.DEVNULL, stdout=other, stderr=subprocess.PIPE
    )
    os.close(other)
    with suppress(OSError):  # what a terminal answers when its last program has ended
        while os.read(terminal, 65_536):
            pass
    os.close(terminal)
    _, told = child.communicate()
    assert child.returncode == 0
    assert told.endswith(b"To activate it: authctl mfa verify-authenticator ada CODE\n")


# Files


@pytest.mark.parametrize("name", ["ada.svg", "ada.png"])
def test_a_file_has_the_code_and_the_terminal_does_not(person, ada, tmp_path, name):
    path = tmp_path / name
    someone = person(["mfa", "create-authenticator", "ada", "--qr-file", str(path)], columns=200)
    someone.sees(QUESTION)
    assert f"The QR code is in {path}. Delete the file after scanning it." in someone.screen
    assert "▀" not in someone.screen
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if name.endswith(".png"):
        uri = uri_in(someone.screen)
        assert read(Image.open(path)) == {"zxing": [uri], "zbar": [uri]}


def test_a_file_that_is_there_is_told_before_anything_is_made(authctl, ada, tmp_path):
    (tmp_path / "ada.svg").write_text("mine")
    ran = authctl(["mfa", "create-authenticator", "ada", "--qr-file", str(tmp_path / "ada.svg")])
    assert (ran.status, ran.stdout) == (3, "")
    assert "already exists" in ran.stderr
    assert (tmp_path / "ada.svg").read_text() == "mine"
    assert json.loads(authctl("mfa list-factors ada -o json").stdout)[0]["type"] == "email"


def test_a_dry_run_writes_no_file(authctl, ada, tmp_path):
    assert (
        authctl(["mfa", "create-authenticator", "ada", "--qr-file", str(tmp_path / "a.svg"), "--dry-run"]).status == 0
    )
    assert not (tmp_path / "a.svg").exists()


def test_an_unknown_user_leaves_no_file(authctl, ada, tmp_path):
    assert authctl(["mfa", "create-authenticator", "bob", "--qr-file", str(tmp_path / "a.svg")]).status == 4
    assert not (tmp_path / "a.svg").exists()


# Off a terminal


def made(authctl, line, **options):
    ran = authctl(f"{line} -o json", **options)
    assert ran.status == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_program_gets_the_secret_and_the_uri(authctl, ada):
    created = made(authctl, "mfa create-authenticator ada")
    assert list(created) == ["secret", "uri"]
    assert totp_of(created["uri"]).secret == created["secret"]
    ran = authctl("mfa create-authenticator ada")
    assert ran.stdout.count("\t") == 1
    assert ran.stderr == ""


@pytest.mark.parametrize("ways", ["CODE", "--secret-stdin"])
def test_a_code_comes_as_a_word_or_by_stdin(authctl, ada, clock, ways):
    code = totp_of(made(authctl, "mfa create-authenticator ada")["uri"]).at(clock.now)
    spaced = f"{code[:3]} {code[3:]}"
    words = ["mfa", "verify-authenticator", "ada", spaced if ways == "CODE" else ways]
    ran = authctl([*words, "--fields", "type,name,verified"], stdin=f"{spaced}\n" if ways != "CODE" else "")
    assert (ran.status, ran.stdout) == (0, "totp\tauthenticator\ttrue\n")


def test_a_code_comes_by_one_way(authctl, ada):
    ran = authctl("mfa verify-authenticator ada 123456 --secret-stdin", stdin="123456\n")
    assert ran.status == 2
    assert "Use only one of" in ran.stderr
    assert authctl("mfa verify-authenticator ada").status == 2


def test_a_code_is_asked_for_and_not_shown(person, authctl, ada):
    code = totp_of(made(authctl, "mfa create-authenticator ada", clock=now)["uri"]).now()
    someone = person("mfa verify-authenticator ada")
    someone.sees("Code: ")
    someone.types(f"{code}\n")
    assert someone.leaves() == 0
    assert code not in someone.screen


def test_recovery_codes_are_lines_and_an_array(authctl, ada):
    ran = authctl("mfa create-recovery-codes ada")
    codes = ran.stdout.splitlines()
    assert len(codes) == 6
    assert all(re.fullmatch(r"(?:[a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", code) for code in codes)
    assert ran.stderr == "authctl: Keep them in a safe place: they are not shown again, and each works once.\n"
    assert authctl("mfa regenerate-recovery-codes ada -q").stderr == ""
    new = made(authctl, "mfa regenerate-recovery-codes ada")
    assert list(new) == ["recovery_codes"]
    assert not set(new["recovery_codes"]) & set(codes)


def test_what_is_made_for_many_says_for_whom(authctl, ada):
    authctl("users create --id bob")
    for line in ("mfa create-authenticator - -o jsonl", "mfa create-recovery-codes - -o jsonl"):
        ran = authctl(line, stdin="ada\nnobody\nbob\n")
        assert ran.status == 8
        assert [json.loads(each)["user_id"] for each in ran.stdout.splitlines()] == ["ada", "bob"]
    assert [
        line.split("\t")[-1]
        for line in authctl("mfa regenerate-recovery-codes -", stdin="ada\nbob\n").stdout.splitlines()
    ] == ["ada", "bob"]


# Signing in


@pytest.fixture
def session(authctl, ada, clock):
    """The secret of a session that is yet to be completed, and what makes codes."""
    authctl("users update-password ada --password-stdin", stdin="correct horse battery\n")
    totp = totp_of(made(authctl, "mfa create-authenticator ada")["uri"])
    made(authctl, f"mfa verify-authenticator ada {totp.at(clock.now)}")
    made(authctl, "mfa enable ada")
    clock.forward(seconds=30)
    signed_in = made(authctl, "sessions create ada --password-stdin", stdin="correct horse battery\n")
    assert signed_in["more_factors_required"] is True
    return signed_in["secret"], totp


def test_a_person_is_told_how_a_sign_in_goes_on(authctl, session):
    password = "correct horse battery\n"
    line = "sessions create ada --password-stdin"
    assert "mfa create-challenge --factor FACTOR" in authctl(line, stdin=password, stderr_isatty=True).stderr
    assert authctl(line, stdin=password).stderr == ""
    made(authctl, "mfa disable ada")
    assert authctl(line, stdin=password, stderr_isatty=True).stderr == ""


def challenge(authctl, secret, **options):
    return made(authctl, "mfa create-challenge --factor totp", env={"AUTHCTL_SESSION": secret}, **options)["id"]


@pytest.mark.parametrize("ways", ["environment", "stdin", "word"])
def test_a_challenge_is_completed(authctl, session, clock, ways):
    secret, totp = session
    id, code = challenge(authctl, secret), totp.at(clock.now)
    line, stdin, env = {
        "environment": ("--secret-stdin", f"{code}\n", {"AUTHCTL_SESSION": secret}),
        "stdin": ("--secret-stdin", f"{secret}\n{code}\n", {}),
        "word": (code, f"{secret}\n", {}),
    }[ways]
    signed_in = made(authctl, f"mfa complete-challenge {id} {line}", stdin=stdin, env=env)
    assert signed_in["factors"] == ["password", "totp"]
    assert signed_in["more_factors_required"] is False
    assert signed_in["secret"] != secret
    assert authctl("sessions get", env={"AUTHCTL_SESSION": signed_in["secret"]}).status == 0
    assert authctl("sessions get", env={"AUTHCTL_SESSION": secret}).status == 6


def test_a_challenge_is_completed_at_a_terminal(person, authctl, session):
    secret, totp = session
    someone = person("mfa create-challenge --factor totp --fields id", AUTHCTL_SESSION=secret, NO_COLOR="1")
    assert someone.leaves() == 0
    id = someone.screen.split()[-1]
    someone = person(f"mfa complete-challenge {id} --fields factors", AUTHCTL_SESSION=secret, NO_COLOR="1")
    someone.sees("Code: ")
    code = totp.now()
    someone.types(f"{code}\n")
    assert someone.leaves() == 0
    assert code not in someone.screen
    assert someone.screen.endswith("factors  password,totp\n")


def test_a_wrong_code_is_denied_and_repeats_nothing(authctl, session):
    secret, totp = session
    id = challenge(authctl, secret)
    ran = authctl(f"mfa complete-challenge {id} 000000 -o json", env={"AUTHCTL_SESSION": secret})
    assert (ran.status, ran.stdout) == (6, "")
    assert json.loads(ran.stderr)["error"]["type"] == "user_invalid_token"
    assert secret not in ran.stderr
    assert totp.secret not in ran.stderr


def test_a_challenge_is_the_sessions_own_business(authctl, session):
    secret, _ = session
    for line in ("mfa create-challenge --factor totp", "mfa complete-challenge x 123456"):
        ran = authctl(f"{line} --as-session", env={"AUTHCTL_SESSION": secret})
        assert ran.status == 2
        assert "Leave out --as-session" in ran.stderr


# What cannot be undone


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("mfa reset ada", "Remove every second factor of the user ada, and end all sessions? [y/N] "),
        ("mfa delete-authenticator ada", "Remove the authenticator of the user ada? [y/N] "),
    ],
)
def test_removing_asks(person, authctl, ada, line, question):
    made(authctl, "mfa create-authenticator ada")
    assert authctl(line).status == 2
    someone = person(line)
    someone.sees(question)
    someone.types("n\n")
    assert someone.leaves() == 130
    assert len(made(authctl, "mfa list-factors ada")) == 2
    assert authctl(f"{line} --yes --reason 'lost the phone'").status == 0
    assert len(made(authctl, "mfa list-factors ada")) == 1
    assert made(authctl, "users list-logs ada --limit 1")[0]["reason"] == "lost the phone"


def test_the_only_second_factor_stays_without_force(authctl, session):
    ran = authctl("mfa delete-authenticator ada --yes -o json")
    assert (ran.status, json.loads(ran.stderr)["error"]["type"]) == (5, "user_last_factor")
    assert authctl("mfa delete-authenticator ada --yes --force").status == 0
    assert made(authctl, "mfa status ada")["mfa"] is False


# Secrets


def test_no_secret_is_kept_in_the_log(authctl, session):
    """What was made is in no event, and no later answer."""
    _, totp = session
    codes = made(authctl, "mfa create-recovery-codes ada")["recovery_codes"]
    shown = authctl("security list-logs --all -o jsonl").stdout
    shown += authctl("users get ada -o json").stdout + authctl("mfa list-factors ada -o json").stdout
    assert "users.mfa.recovery_codes.create" in shown
    assert not [secret for secret in (totp.secret, *codes) if secret in shown]


# Asking for two factors


@pytest.mark.parametrize("has_factor", [False, True])
def test_enable_says_where_it_protects_nothing(authctl, ada, has_factor):
    if has_factor:
        authctl("mfa create-recovery-codes ada")
    ran = authctl("mfa enable ada --fields mfa")
    assert (ran.status, ran.stdout) == (0, "true\n")
    told = (
        "authctl: This has no effect yet: user ada has no second factor. To add one: authctl mfa "
        "create-authenticator ada\n"
    )
    assert ran.stderr == ("" if has_factor else told)
