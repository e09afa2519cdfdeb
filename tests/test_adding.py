"""README's "How to add …": a sample of each is added to a copy of the package, in the files that it says, and run."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import authctl

PACKAGE = Path(authctl.__file__).parent
README = (PACKAGE.parent / "README.md").read_text()


# Runs the command lines that it is given, with one copy of the package imported once.
COMMANDS = """
import json, os, sys
from authctl.cli import app
from authctl.cli.environment import Environment

for line in sys.stdin:
    environment = Environment(environ=os.environ)
    status = app.run(json.loads(line), environment)
    answer = [status, environment.stdout.getvalue(), environment.stderr.getvalue()]
    print(json.dumps(answer), file=sys.__stdout__, flush=True)
"""


class Copy:
    """A copy of the package that something is added to. touched: the files in it that were changed or made."""

    def __init__(self, folder):
        self.folder = folder
        self.touched = set()
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}
        self._commands = None
        shutil.copytree(PACKAGE, folder / "authctl")  # and what is compiled, as far as it is

    def change(self, file, old, new):
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} × {old!r}"
        path.write_text(text.replace(old, new))
        self.touched.add(file)

    def make(self, file, text):
        path = self.folder / file
        assert not path.exists()
        path.write_text(text)
        self.touched.add(file)

    def python(self, program):
        words = [sys.executable, "-c", program]
        ran = subprocess.run(words, env=self.environ, cwd=self.folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def authctl(self, *words):
        """What a command line prints; after the first, nothing more is added."""
        if self._commands is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            program = [sys.executable, "-c", COMMANDS]
            self._commands = subprocess.Popen(program, env=self.environ, cwd=self.folder, **pipes)
        self._commands.stdin.write(json.dumps(words) + "\n")
        self._commands.stdin.flush()
        status, stdout, stderr = json.loads(self._commands.stdout.readline())
        assert status == 0, stderr
        return stdout

    def close(self):
        if self._commands is not None:
            self._commands.communicate()


@pytest.fixture
def copy(tmp_path):
    with contextlib.closing(Copy(tmp_path)) as copy:
        yield copy


def said(what):
    """The files of the package that README says it takes to add that. FILE stands for a new one."""
    row = re.search(rf"^\| {what} \| (.*) \|$", README, re.MULTILINE)
    assert row, f"README does not say how to add {what}"
    return {file for file in re.findall(r"`(authctl/[^`]+)`", row[1]) if "NAME" not in file}


def new_file(what):
    """The folder that a new file of the package goes to, as README says it."""
    (found,) = re.findall(r"`(authctl/[^`]+)/NAME\.py`", re.search(rf"^\| {what} \| (.*) \|$", README, re.MULTILINE)[1])
    return found


def test_a_policy(copy):
    copy.change(
        "authctl/core/policy/policies.py",
        "    for declaration in (\n",
        '    for declaration in (\n        Declaration("sample-limit", Integer(1, 9), 3, "A sample."),\n',
    )
    assert copy.touched == said("a policy")
    copy.authctl("users", "create", "--id", "ada")
    assert json.loads(copy.authctl("security", "show", "sample-limit", "-o", "json")) == {"sample-limit": 3}
    copy.authctl("security", "set", "sample-limit", "7")
    assert json.loads(copy.authctl("security", "show", "sample-limit", "-o", "json")) == {"sample-limit": 7}


def test_an_sms_provider(copy):
    file = f"{new_file('an SMS provider')}/sample.py"
    copy.change(
        "authctl/settings/definitions.py",
        '    "twilio": "twilio:Twilio",\n',
        '    "twilio": "twilio:Twilio",\n    "sample": "sample:Sample",\n',
    )
    copy.make(
        file,
        '"""A sample."""\n'
        "from authctl.delivery.sms.provider import Provider, Request\n\n\n"
        "class Sample(Provider):\n"
        '    name = "sample"\n\n'
        "    def send(self, message):\n"
        '        self.console(f"sample sent to {message.to}")\n'
        '        return self.accepted(Request.of(message), "1")\n',
    )
    assert copy.touched == said("an SMS provider") | {file}
    program = (
        "import os\nos.environ['AUTHCTL_SMS_PROVIDER'] = 'sample'\n"
        "import authctl\n"
        "with authctl.open() as directory:\n"
        "    directory.warn = print\n"
        "    directory.tokens.create_phone('+13334445555')\n"
    )
    assert copy.python(program).strip() == "sample sent to +13334445555"


def test_an_import_source(copy):
    file = f"{new_file('an import source')}/sample.py"
    copy.change(
        "authctl/transfer/sources/__init__.py", "NAMES = {\n", 'NAMES = {\n    "sample": Name("sample", "a sample"),\n'
    )
    copy.make(
        file,
        '"""A sample: an id a line."""\n'
        "from authctl.transfer.records import Record\n"
        "from authctl.transfer.sources import text_files\n"
        "from authctl.transfer.sources.base import Base\n"
        "from authctl.transfer.sources.text_files import Form, SourceRow, Verbatim\n\n\n"
        "class Sample(Base):\n"
        '    name = "sample"\n\n'
        "    def recognises(self, head, name):\n"
        "        return False\n\n"
        "    def read(self, files, options, start):\n"
        "        text = text_files.opened(files[0])\n"
        "        form = Form()\n"
        "        rows = (\n"
        "            SourceRow(at, {'id': line.strip()}, Verbatim(line, form))\n"
        "            for at, line in enumerate(text_files.lines(text), 1)\n"
        "        )\n"
        "        return self.items(rows, record, start)\n\n\n"
        "def record(values):\n"
        "    return Record(id=values.text('id'))\n\n\n"
        "SOURCE = Sample()\n",
    )
    assert copy.touched == said("an import source") | {file}
    (copy.folder / "users.txt").write_text("ada\ngrace\n")
    copy.authctl("users", "import", "users.txt", "--from", "sample", "--yes")
    assert sorted(copy.authctl("users", "list", "--fields", "id").split()) == ["ada", "grace"]


def test_a_column_of_users(copy):
    file = f"{new_file('a column of users')}/sample.py"
    before = '    sa.Column("password_import", Text),\n'
    copy.change("authctl/storage/tables.py", before, before + '    sa.Column("nickname", Text),\n')
    copy.change(
        "authctl/model.py",
        "    locked_until: datetime | None = None\n    blocked_until",
        "    nickname: str | None = None\n    locked_until: datetime | None = None\n    blocked_until",
    )
    copy.change("authctl/storage/state.py", 'HEAD = "', 'HEAD = "9999"  # ')
    head = re.search('^HEAD = "([0-9]+)"', (PACKAGE / "storage/state.py").read_text(), re.MULTILINE)[1]
    copy.make(
        file,
        '"""A sample."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f'revision = "9999"\ndown_revision = "{head}"\n\n\n'
        "def upgrade() -> None:\n"
        '    op.add_column("users", sa.Column("nickname", sa.Text))\n',
    )
    assert copy.touched == said("a column of users") | {file}
    copy.python("import runpy; runpy.run_module('authctl.storage.statements', run_name='__main__')")
    (copy.folder / "users.csv").write_text("id,email,nickname\nada,ada@example.com,countess\ngrace,,\n")
    copy.authctl("users", "import", "users.csv", "--from", "csv", "--yes")
    assert json.loads(copy.authctl("users", "get", "ada", "-o", "json"))["nickname"] == "countess"
    assert copy.authctl("users", "get", "grace", "--fields", "nickname", "-o", "tsv").strip() == ""
    assert copy.authctl("users", "list", "--filter", "nickname ~ count", "--fields", "id").split() == ["ada"]
    assert copy.authctl("users", "list", "--sort", "-nickname", "--fields", "id").split() == ["ada", "grace"]
    for format, file in ("authctl", "all.jsonl"), ("csv", "all.csv"):
        copy.authctl("users", "export", file, "--format", format, "--yes")
        copy.authctl("users", "delete", "ada", "--yes")
        copy.authctl("users", "import", file, "--from", "authctl", "--on-conflict", "skip", "--yes")
        assert json.loads(copy.authctl("users", "get", "ada", "-o", "json"))["nickname"] == "countess"
    (copy.folder / "users.csv").write_text("id,nickname\nada,\ngrace,amazing\n")
    copy.authctl("users", "import", "users.csv", "--from", "csv", "--on-conflict", "update", "--yes")
    program = (
        "from dataclasses import replace\n"
        "import authctl\n"
        "from authctl.core.accounts import lookup, records\n"
        "from authctl.model import EventName\n"
        "def step(work):\n"
        "    ada, grace = lookup.get(work, 'ada'), lookup.get(work, 'grace')\n"
        "    print(ada.nickname, grace.nickname)\n"
        "    records.save(work, ada, replace(ada, nickname='enchantress'), EventName.USERS_UPDATE_NAME)\n"
        "    print(lookup.get(work, 'ada').nickname)\n"
        "with authctl.open() as directory:\n"
        "    directory.write(step)\n"
    )
    assert copy.python(program).split() == ["countess", "amazing", "enchantress"]
    exported = copy.authctl("users", "export", "all.ldif", "--format", "ldif", "--yes", "-o", "json")
    assert json.loads(exported)["left_out"]["nickname"] == 2


def test_a_kind_of_token(copy):
    copy.change(
        "authctl/model.py",
        '    PHONE_CHANGE = "phone-change"\n',
        '    PHONE_CHANGE = "phone-change"\n    SAMPLE = "sample"\n',
    )
    copy.change(
        "authctl/core/tokens/kinds.py",
        "}  # fmt: skip\n",
        "    TokenKind.SAMPLE: TokenDeclaration(\n"
        '        expiry="magic-url-expiry", secret=SecretForm.LONG, sent_to="email", message=MessageKind.MAGIC_URL,\n'
        "        effect=Effect.SIGN_IN, factor=Factor.EMAIL),\n"
        "}  # fmt: skip\n",
    )
    assert copy.touched == said("a kind of token")
    program = (
        "import authctl\n"
        "from authctl.core.accounts import lookup\n"
        "from authctl.core.tokens import issue\n"
        "with authctl.open() as directory:\n"
        "    directory.users.create(id='ada', email='ada@example.com')\n"
        "    asked = issue.TokenRequest(authctl.model.TokenKind.SAMPLE, print_secret=True)\n"
        "    made = issue.issue(directory, asked, lambda work: (lookup.get_locked(work, 'ada'), False))\n"
        "    print(directory.tokens.redeem('ada', made.secret, kind='sample').session.provider)\n"
    )
    assert copy.python(program).strip() == "sample"


def test_a_command(copy):
    copy.change(
        "authctl/cli/users/__init__.py",
        '            "unlock": "passwords",\n',
        '            "unlock": "passwords",\n            "initials": "accounts",\n',
    )
    with (copy.folder / "authctl/cli/users/accounts.py").open("a") as file:
        file.write(
            '\n\n@COMMANDS.command(example="authctl users initials ada")\n'
            "def initials(ctx: Context, user: User) -> None:\n"
            '    """Show the initials of a user."""\n'
            "    ctx.environment.stdout.write(ctx.directory.users.initials(user))\n"
        )
    copy.touched.add("authctl/cli/users/accounts.py")
    copy.change(
        "authctl/core/directory/users.py",
        "    get = reads(lookup.get, by=OPERATOR | PERSON, once=True)\n",
        "    get = reads(lookup.get, by=OPERATOR | PERSON, once=True)\n"
        "    initials = reads(lookup.initials, by=OPERATOR | PERSON)\n",
    )
    with (copy.folder / "authctl/core/accounts/lookup.py").open("a") as file:
        file.write(
            "\n\ndef initials(work: Work, user: str) -> str:\n"
            '    """The initials of a user."""\n'
            '    return "".join(word[0] for word in get(work, user).name.split())\n'
        )
    copy.touched.add("authctl/core/accounts/lookup.py")
    assert len(copy.touched) == 4  # of each room one
    assert said("a command") <= {*copy.touched, "authctl/cli/users/__init__.py", "authctl/core/directory/users.py"}
    copy.authctl("users", "create", "--id", "ada", "--name", "Ada Lovelace")
    assert copy.authctl("users", "initials", "ada").strip() == "AL"
    assert "initials" in copy.authctl("users", "--help")
