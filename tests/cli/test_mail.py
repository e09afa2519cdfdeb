"""Every kind of mail, from the command line over real SMTP (STARTTLS and a login), redeemed from its text."""

import json
import re
from urllib.parse import parse_qs, urlparse

import pytest
from doubles.mail import MailServer, make_certificate

LOGIN = ("authctl", "a password of the mail server")
LINK = "--url https://app.example.com/in"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    make_certificate(path)
    return path


@pytest.fixture
def server(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with MailServer("starttls", certificate=certificate, login=LOGIN) as server:
        yield server


@pytest.fixture
def ran(authctl, database_url, ready, server):
    env = {"AUTHCTL_DATABASE_URL": database_url, "AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"} | server.environ

    def run(line, **given):
        done = authctl(f"{line} --json", env=env, **given)
        assert done.status == 0, done.stderr
        assert LOGIN[1] not in done.stdout + done.stderr
        return json.loads(done.stdout)

    run("users create --id ada --email ada@example.com --name Ada")
    return run


def code_in(mail):
    return re.search(r"^(\d{6})$", mail.text, re.MULTILINE)[1]


def secret_in(mail):
    link = re.search(r"^(https://app\.example\.com/in\?\S+)$", mail.text, re.MULTILINE)[1]
    return parse_qs(urlparse(link).query)["secret"][0]


@pytest.mark.parametrize(
    ("asked", "kind", "found"),
    [
        ("create-email ada@example.com --phrase", "email", code_in),
        (f"create-magic-url ada@example.com {LINK}", "magic-url", secret_in),
        (f"create-email-verification ada {LINK}", "email-verification", secret_in),
        (f"create-recovery ada {LINK}", "recovery", secret_in),
        (f"create-email-change ada ada@example.org {LINK}", "email-change", secret_in),
    ],
)
def test_a_mail_is_redeemed_from_its_text(ran, server, asked, kind, found):
    ran(f"tokens {asked}")
    mail = server.last
    wanted = "ada@example.org" if kind == "email-change" else "ada@example.com"
    mail = next(mail for mail in server.mails if mail.recipients == [wanted])
    assert mail.message["Auto-Submitted"] == "auto-generated"
    lines = f"{found(mail)}\n" + ("a brand new password\n" if kind == "recovery" else "")
    new = " --new-password-stdin" if kind == "recovery" else ""
    answer = ran(f"tokens redeem ada --kind {kind} --secret-stdin{new}", stdin=lines)
    match kind:
        case "email" | "magic-url":
            assert (answer["user_id"], answer["factors"]) == ("ada", ["email"])
        case "email-verification":
            assert answer["email_verified"]
        case "recovery":
            assert answer["password"]["set"]
        case "email-change":
            assert (answer["email"], answer["email_verified"]) == (wanted, True)


def test_an_invitation_is_accepted_from_its_text(ran, server):
    ran("teams create Teachers --id teachers")
    membership = ran(f"teams create-membership teachers --email ada@example.com --roles maths --invite {LINK}")
    answer = ran(
        f"teams update-membership-status teachers {membership['id']} ada --secret-stdin",
        stdin=secret_in(server.last) + "\n",
    )
    assert (answer["status"], answer["roles"]) == ("confirmed", ["maths"])
