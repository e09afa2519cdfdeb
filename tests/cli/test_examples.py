"""Every example of every help page runs as it stands there, in a directory where the people of the examples live."""

import re
import shutil
from pathlib import Path

import pyotp
import pytest
from doubles.lines import pipeline
from doubles.mail import MailServer

from authctl.cli import app
from authctl.cli.commands import LazyGroup

PASSWORD = "correct horse battery"

# The directory that examples are run in.
STAGE = f"""
users create --id ada --email ada@example.com --phone +14255550123 --name 'Ada Lovelace' --labels trial,staff \
  --password-stdin <<< '{PASSWORD}'
users create --id david --email david@example.com --username david
teams create Teachers --id teachers --owner ada
"""

# What a few examples need before they can do what they show.
BEFORE = {
    "users create --email": "users delete ada --yes --force",
    "users delete ada@example.com": "teams delete teachers --yes",
    "users list --filter 'labels ~ trial' --all --fields id": "teams delete teachers --yes",
    "teams create Teachers --id teachers": "teams delete teachers --yes",
    "teams create-membership teachers --user-id ada": "teams delete-membership teachers ada --yes --force",
    "teams delete-membership teachers ada@example.com": (
        "teams create-membership teachers --user-id david --roles owner"
    ),
    "teams update-membership teachers ada@example.com": (
        "teams create-membership teachers --user-id david --roles owner"
    ),
    "tokens create-phone +14255550123 --channel whatsapp --id hopper": "users delete ada --yes --force",
    "sessions create --identity google 1184": "users update-email-verification ada true",
    "mfa delete-authenticator ada@example.com --yes": "mfa create-authenticator ada",
    "mfa delete-authenticator ada@example.com --name phone": "mfa create-authenticator ada --name phone",
    "mfa regenerate-recovery-codes": "mfa create-recovery-codes ada",
    "mfa create-challenge --factor totp": (
        "mfa create-authenticator ada --fields secret | totp | authctl mfa verify-authenticator ada --secret-stdin"
    ),
    "mfa create-challenge --factor recovery_code": "mfa create-recovery-codes ada",
    "mfa complete-challenge": "users update-email-verification ada true",
    "security delete-mock-phone +14255550123": "security create-mock-phone +14255550123 123456",
}

# What stands for an id: the command that makes one.
IDS = {
    "SESSION": "users create-session ada --fields id",
    "IDENTITY": "users create-identity ada google 1190 --fields id",
    "TOKEN": "tokens create ada --fields id",
    "IMPORT": "users import users.csv --from csv --map email=E-Mail,password_hash=Hash -q --fields id",
    "SEAL": "security verify-logs --fields seal",
    "MEMBERSHIP": "teams create-membership teachers --user-id david --invite --print-secret --fields id,secret",
    "CODE": "mfa create-authenticator ada --fields secret | totp",
    "CHALLENGE": "mfa create-challenge --factor email --print-secret --fields id,secret < session-and-code.txt",
}

SAMPLES = Path(__file__).parent.parent / "transfer" / "samples"
BCRYPT = "$2b$10$" + "abcdefghijklmnopqrstuO" + "a" * 31

# What stands in a file: the text, or the command that prints it.
FILES = {
    "password.txt": f"{PASSWORD}\n",
    "new-password.txt": "another horse battery\n",
    "members.txt": "david\n",
    "session.txt": f"sessions create ada --password-stdin --fields secret <<< '{PASSWORD}'",
    "jwt.txt": f"sessions create ada --password-stdin --fields secret <<< '{PASSWORD}' | "
    "authctl sessions create-jwt --secret-stdin --fields jwt",
    "code.txt": "tokens create-email ada@example.com --print-secret --fields secret",
    "long-secret.txt": "tokens create ada --fields secret",
    "app-code.txt": "mfa create-authenticator ada --name phone --fields secret | totp",
    "session-and-code.txt": f"sessions create ada --password-stdin --fields secret <<< '{PASSWORD}'",
    "secret-and-password.txt": "tokens create-recovery ada --print-secret --fields secret",
    "directory.backup": "backup directory.backup",
    "directory.toml": "pull",
    "policies.toml": "security show -o toml",
    "users.csv": f"E-Mail,Full Name,Hash\nmaria@example.com,Maria,{BCRYPT}\n",
    "users.json": '{"users": [{"localId": "f1", "email": "f1@example.com"}]}\n',
    "parameters.txt": (SAMPLES / "firebase-hash-config.txt").read_text(),
    "realm.json": '{"realm": "r", "users": [{"id": "k1", "username": "kim", "enabled": true}]}\n',
    "people.json": f'[{{"_id": "m1", "email": "m1@example.com", "passwordHash": "{BCRYPT}"}}]\n',
    "auth0-users.json": '{"user_id": "auth0|a1", "email": "a1@example.com", "identities": []}\n',
    "auth0-passwords.json": f'{{"_id": {{"$oid": "a1"}}, "passwordHash": "{BCRYPT}"}}\n',
    "auth-users.csv": f"id,email,encrypted_password,created_at\ns1,s1@example.com,{BCRYPT},2024-01-02 03:04:05+00\n",
    "auth-identities.csv": "provider_id,user_id,identity_data,provider\n1184,s1,{},google\n",
}


# What is typed at a terminal, where an example asks.
TYPED = {"authctl security check-password": f"{PASSWORD}\n"}

POSTGRES = "postgresql://authctl@localhost/authctl"  # in examples; the tests have one of their own


def examples(group=None):
    group = group or app.Root()
    if group.name == "authctl":
        yield from group.examples
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield from examples(command) if isinstance(command, LazyGroup) else command.declaration.examples


EXAMPLES = list(dict.fromkeys(examples()))


@pytest.fixture(scope="module")
def mail():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Where the home of the stage is kept once it was set."""
    return tmp_path_factory.mktemp("stage") / "home"


@pytest.fixture
def run(authctl, home, template, mail, clock, dice, tmp_path, monkeypatch):
    """Runs a line as a shell would, on the stage, in a folder where the files of examples are."""
    monkeypatch.chdir(tmp_path)
    environ = mail.environ | {
        "AUTHCTL_SMS_PROVIDER": "file",
        "AUTHCTL_SMS_FILE": str(tmp_path / "messages.txt"),
        "AUTHCTL_ALLOWED_REDIRECTS": "example.com,app.example.com",
    }

    def run(line):
        output = ""
        for command in pipeline(line):
            if command.words == ["totp"]:  # what an app shows
                output = f"{pyotp.TOTP(output.strip()).at(clock.now)}\n"
                continue
            assert command.words[0] == "authctl", line
            stdin = command.given or output
            if command.reads is not None:
                stdin = (tmp_path / command.reads).read_text()
            terminal = {"stdin_isatty": True, "stderr_isatty": True} if line in TYPED else {}
            ran = authctl(command.words[1:], stdin=TYPED.get(line, stdin), env=environ, sleep=interrupt, **terminal)
            output = ran.stdout
            assert ran.status == (130 if "--follow" in command.words else 0), f"{line}\n{ran.stderr}"
            if command.writes is not None:
                (tmp_path / command.writes).write_text(output)
        return output

    if template.exists():
        shutil.copytree(template, home["HOME"], dirs_exist_ok=True)
    else:
        for line in STAGE.replace("\\\n", " ").strip().splitlines():
            run(f"authctl {line}")
        shutil.copytree(home["HOME"], template)
    dice.count = 1_000_000  # beyond what was thrown for the stage
    clock.forward(minutes=5)  # beyond what has to be waited between two messages
    return run


def interrupt(seconds):
    """Ctrl-C in what goes on until then."""
    raise KeyboardInterrupt


def prepare(run, example, folder):
    """Do what an example needs before it; the example with ids for the words that stand for them."""
    for beginning, line in BEFORE.items():
        if example.startswith(f"authctl {beginning}"):
            run(f"authctl {line}")
    read = " ".join([example, *(line for word, line in IDS.items() if word in example)])
    for name, content in FILES.items():
        if not re.search(rf"(?<![\w-]){re.escape(name)}", read) or re.search(rf"(> |backup ){name}", example):
            continue
        text = content if content.endswith("\n") else run(f"authctl {content}")
        if name == "secret-and-password.txt":
            text += "another horse battery\n"
        if not (folder / name).exists():
            (folder / name).write_text(text)
    for word, line in IDS.items():
        if re.search(rf"\b{word}\b", example):
            id, _, secret = run(f"authctl {line}").strip().partition("\t")
            (folder / "secret.txt").write_text(f"{secret}\n")
            if word == "CHALLENGE":
                with (folder / "session-and-code.txt").open("a") as file:
                    file.write(f"{secret}\n")
            example = re.sub(rf"\b{word}\b", id, example)
    return example


def test_examples_are_looked_at():
    """What is prepared is what examples ask for: nothing stands here that none of them needs."""
    everything = "\n".join(EXAMPLES)
    assert len(EXAMPLES) > 100
    for beginning in BEFORE:
        assert f"authctl {beginning}" in everything, beginning
    for word in (*IDS, *FILES):
        assert word in everything, word


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_run(run, example, tmp_path, request):
    if POSTGRES in example:
        example = example.replace(POSTGRES, request.getfixturevalue("postgres_url"))
    run(prepare(run, example, tmp_path))
