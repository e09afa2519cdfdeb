"""`authctl tokens` with a mail server: what leaves, what is shown, and every place that a secret must not reach."""

import json
import re
import sqlite3
from contextlib import closing

import psycopg
import pytest
from doubles.mail import MailServer, make_certificate
from doubles.sms import ACCOUNT, TOKEN, Twilio

PASSWORD, NEW = "marked-right-7c1f-Qx", "marked-newer-7c1f-Qy"
PHONE = "+14255550123"
URL = "https://app.example.com/go"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate") / "server.pem")


@pytest.fixture
def mail(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with MailServer("starttls", certificate=certificate, login=("sender", "smtp-password-5e5e")) as server:
        yield server


@pytest.fixture
def twilio():
    with Twilio() as provider:
        yield provider


class Terminal:
    """Runs command lines on one directory, and keeps what they printed."""

    def __init__(self, authctl, environ):
        self.authctl, self.environ, self.shown = authctl, environ, []

    def __call__(self, line, *, stdin="", env=()):
        ran = self.authctl(line, stdin=stdin, env=self.environ | dict(env))
        self.shown.append(ran.stdout + ran.stderr)
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
def run(authctl, database_url, ready, mail, twilio):
    sms = {
        "AUTHCTL_SMS_PROVIDER": "twilio",
        "AUTHCTL_SMS_BASE_URL": twilio.url,
        "AUTHCTL_SMS_ACCOUNT_SID": ACCOUNT,
        "AUTHCTL_SMS_AUTH_TOKEN": TOKEN,
        "AUTHCTL_SMS_SENDER": "+15005550006",
    }
    environ = (
        mail.environ | sms | {"AUTHCTL_DATABASE_URL": database_url, "AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"}
    )
    return Terminal(authctl, environ)


def secret_in(mail):
    """The code or secret that stands on a line of its own in a mail, or in its link."""
    found = re.search(r"^(\d{6}|[0-9a-f]{64})$|[?&]secret=([0-9a-f]{64})", mail.text, re.MULTILINE)
    return found[1] or found[2]


# Command → the kind, and what redeeming answers.
BY_MAIL = {
    "create-email ada@example.com": ("email", "session"),
    "create-magic-url ada@example.com": ("magic-url", "session"),
    f"create-magic-url ada@example.com --url {URL}": ("magic-url", "session"),
    "create-email-verification ada": ("email-verification", "user"),
    f"create-email-verification ada --url {URL}": ("email-verification", "user"),
    "create-recovery ada": ("recovery", "user"),
    f"create-recovery ada@example.com --url {URL}": ("recovery", "user"),
    "create-email-change ada new@example.com": ("email-change", "user"),
    f"create-email-change ada new@example.com --url {URL}": ("email-change", "user"),
}


@pytest.mark.parametrize("line", BY_MAIL)
def test_what_came_by_mail_is_redeemed(run, mail, line):
    kind, answer = BY_MAIL[line]
    assert run("users create --id ada --email ada@example.com").status == 0
    created = run.json(f"tokens {line}")
    sent = mail.mails[0]  # the old address is told after it
    assert (created["kind"], "secret" in created) == (kind, False)
    assert sent.recipients == ["new@example.com" if kind == "email-change" else "ada@example.com"]
    secret = secret_in(sent)
    words = f"tokens redeem ada --kind {kind} --secret-stdin"
    stdin = f"{secret}\n"
    if kind == "recovery":
        words, stdin = f"{words} --new-password-stdin", f"{secret}\n{NEW}\n"
    redeemed = run.json(words, stdin=stdin)
    assert ("factors" in redeemed and "provider" in redeemed) == (answer == "session")
    assert run.error(words, stdin=stdin) == (6, "user_invalid_token")
    assert run.json("users get ada")["email_verified"]
    if kind == "recovery":
        assert run("sessions create ada --password-stdin", stdin=NEW).status == 0


BY_PHONE = {
    f"create-phone {PHONE}": ("phone", "session"),
    "create-phone-verification ada": ("phone-verification", "user"),
    "create-phone-change ada +14255550124": ("phone-change", "user"),
}


@pytest.mark.parametrize("line", BY_PHONE)
def test_what_came_by_phone_is_redeemed(run, twilio, line):
    kind, answer = BY_PHONE[line]
    assert run(f"users create --id ada --phone {PHONE}").status == 0
    assert run("security set change-needs-old off").status == 0  # else the old phone is told after it
    run.json(f"tokens {line}")
    code = re.search(r"\d{6}", twilio.last["Body"])[0]
    redeemed = run.json(f"tokens redeem ada --kind {kind} --secret-stdin", stdin=f"{code}\n")
    assert ("factors" in redeemed and "provider" in redeemed) == (answer == "session")
    user = run.json("users get ada")
    assert (user["phone"], user["phone_verified"]) == (twilio.last["To"], True)


def test_a_refusal_has_the_providers_own_words_and_exit_status_7(run, twilio, mail):
    ran = run("tokens create-phone +15005550004")
    assert (ran.status, ran.stdout) == (7, "")
    assert "21610" in ran.stderr
    assert "5550004" not in ran.stderr
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox"
    ran = run("tokens create-email ada@example.com")
    assert ran.status == 7
    assert "550 5.1.1 No such mailbox" in ran.stderr
    assert run("users list --count").stdout == "0\n"


def test_the_one_live_kind_is_found_and_an_id_is_enough(run):
    run("users create --id ada --email ada@example.com")
    created = run.json("tokens create-recovery ada --print-secret")
    stdin = f"{created['secret']}\n{NEW}\n"
    assert run("tokens redeem ada --secret-stdin --new-password-stdin --dry-run", stdin=stdin).status == 0
    line = f"tokens redeem ada --id {created['id']} --secret-stdin --new-password-stdin --fields email_verified"
    assert run(line, stdin=stdin).stdout == "true\n"
    assert run.error("tokens redeem ada --kind email --id x --secret-stdin", stdin="1") == (2, "general_usage")


def test_a_quiet_recovery_is_answered_alike_for_anybody(run, mail):
    run("users create --id ada --email ada@example.com")
    lines = [f"tokens create-recovery {name}@example.com --quiet-unknown" for name in ("ada", "nobody")]
    known, unknown = map(run.json, lines)
    assert known.keys() == unknown.keys()
    assert [each["user_id"] for each in (known, unknown)] == ["ada@example.com", "nobody@example.com"]
    assert [each.recipients for each in mail.mails] == [["ada@example.com"]]
    assert run.error("tokens create-recovery nobody@example.com") == (4, "user_not_found")


def test_a_person_asks_for_the_own_address(run, mail):
    run("users create --id ada --email ada@example.com --password-stdin", stdin=PASSWORD)
    session = run.json("sessions create ada --password-stdin", stdin=PASSWORD)["secret"]
    env = {"AUTHCTL_SESSION": session}
    assert run("tokens create-email-verification ada --as-session", env=env).status == 0
    run("tokens redeem ada --kind email-verification --secret-stdin --as-session", stdin=secret_in(mail.last), env=env)
    assert run("sessions get", env=env).status == 0
    line = "tokens create-email-change ada new@example.com --as-session --password-stdin"
    assert run.error(line, stdin="wrong\n", env=env) == (6, "user_invalid_credentials")
    assert run(line, stdin=f"{PASSWORD}\n", env=env).status == 0
    assert run.error("tokens create ada --as-session", env=env) == (6, "user_unauthorized")


def test_a_dry_run_says_what_would_be_and_sends_nothing(run, mail):
    ran = run.json("tokens create-email ada@example.com --dry-run")
    assert ran["dry_run"]
    assert [change["resource"].split("/")[0] for change in ran["changes"]] == ["users", "users"]
    assert mail.mails == []
    assert run("users list --count").stdout == "0\n"


def test_delivery_is_tried(run, mail, twilio):
    receipt = run.json("security test-delivery email ada@example.com --locale de")
    assert (receipt["provider"], mail.last.recipients) == ("smtp", ["ada@example.com"])
    assert run.json(f"security test-delivery sms {PHONE}")["provider"] == "twilio"
    assert twilio.last["To"] == PHONE
    before = len(mail.mails)
    assert run.json("security test-delivery email ada@example.com --dry-run")["status"] == "dry-run"
    assert len(mail.mails) == before


def test_no_secret_and_no_code_is_kept_or_shown(run, mail, twilio, database_url, clock):
    """Everything is done with secrets that are known; then every table and all output is looked through."""
    secrets = []
    run("security create-mock-phone +14255550199 730519")
    run(f"users create --id ada --email ada@example.com --phone {PHONE}")
    for line, (kind, _) in BY_MAIL.items():
        if "create-email-change" in line:
            continue
        run(f"tokens {line}")
        secrets.append(secret_in(mail.last))
        run(f"tokens redeem ada --kind {kind} --secret-stdin --new-password-stdin", stdin=f"wrong\n{PASSWORD}\n")
        run("users update-email-verification ada false")
        clock.forward(minutes=61)
    run(f"tokens create-phone {PHONE}")
    secrets.append(re.search(r"\d{6}", twilio.last["Body"])[0])
    run("tokens create-phone +14255550199")
    secrets.append("730519")
    secrets += [PASSWORD, TOKEN, "smtp-password-5e5e"]
    mail.mailbox.data_answer = "554 5.7.1 Refused: " + "x" * 10
    run("tokens create-recovery ada")
    held = "\n".join(rows(database_url))
    shown = "\n".join(run.shown[2:]) + run("security list-logs --all -o jsonl").stdout
    # Six digits may stand in a longer number by chance.
    assert not [secret for secret in secrets if re.search(rf"(?<![0-9a-f]){secret}(?![0-9a-f])", held)]
    assert not [secret for secret in secrets if re.search(rf"(?<![0-9a-f]){secret}(?![0-9a-f])", shown)]


def rows(url):
    """Every row of every table as text; bytes in hexadecimal and as they are."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                if not name.endswith("_words"):  # which has no rows to be read
                    yield from (as_text(row) for row in db.execute(f"SELECT * FROM {name}"))
    else:
        with psycopg.connect(url) as db:
            names = db.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            for (name,) in names.fetchall():
                yield from (as_text(row) for row in db.execute(f"SELECT * FROM {name}").fetchall())


def as_text(row):
    return " | ".join(
        each.hex() + " " + each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in row
    )
