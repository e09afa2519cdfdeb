"""Exports in the other systems themselves: Django, Apache, OpenLDAP and Postgres take the files, and sign people in;
firebase-tools takes its files."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg
import pytest
from doubles import people
from doubles.hashes import WITH_PASSWORDS
from doubles.programs import program

from authctl.core import hashing
from authctl.core.hashing import registry
from authctl.transfer import targets
from authctl.transfer.exporting import Exports
from authctl.transfer.targets.firebase import ALGORITHMS

WRONG = "not the password"
BASE = "dc=example,dc=com"
ODD_NAME = 'Zoë "=1+1", \\O\'Brien; <x>#\u2028 李'


def run(*words, check=True, **options):
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, **options)
    assert not check or ran.returncode == 0, ran.stdout + ran.stderr
    return ran


def hashes_of(format):
    """The hashes that a system takes, with their passwords, as far as a line of text can hold those."""
    target = targets.load(format)({}, with_hashes=True, with_secrets=True)
    return [
        (stored, password)
        for stored, password in WITH_PASSWORDS
        if password.isprintable()
        and 0 < len(password.encode(errors="replace")) <= 72
        and target.spell(registry.parse(stored)) is not None
    ]


@pytest.fixture
def database_url(tmp_path):
    """One will do: what leaves is the same from both."""
    return f"sqlite:///{tmp_path}/directory/authctl.db"


@pytest.fixture
def signing_in(directory, tmp_path):
    """An export of users with the hashes that its format takes: the file, and the password of each username."""

    def make(format, **options):
        passwords = {}
        for number, (hash, password) in enumerate(hashes_of(format)):
            name = f"u{number}"
            people.add(directory, name, username=name, name=ODD_NAME, email=f"{name}@example.com", hash=hash)
            passwords[name] = password
        people.add(directory, "blocked", username="blocked", hash=hashes_of(format)[0][0], **people.block())
        path = tmp_path / f"export.{format}"
        made = Exports(directory).users(format, with_hashes=True, with_secrets=True, **options)
        path.write_bytes("".join(made.text()).encode())
        return path, passwords

    return make


# Django

SETTINGS = """
SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = [
    f"django.contrib.auth.hashers.{name}PasswordHasher"
    for name in ("MD5", "PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt")
]  # whoever signs in is hashed anew by the first
"""
SIGNING_IN = """
import json, sys
import django
django.setup()
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
answers = [bool(authenticate(username=name, password=password)) for name, password in json.load(sys.stdin)]
ada = User.objects.get(username="ada")
json.dump({
    "answers": answers,
    "users": User.objects.count(),
    "ada": [ada.get_full_name(), ada.email, ada.is_staff, ada.is_superuser, [group.name for group in ada.groups.all()]],
}, sys.stdout)
"""


def test_django_loads_the_fixture_and_signs_in(directory, signing_in, tmp_path):
    people.everything(directory, labels=("staff", "maths", "physics"))
    path, passwords = signing_in("django")
    project = tmp_path / "project"
    project.mkdir()
    (project / "project_settings.py").write_text(SETTINGS)
    path = path.rename(project / "users.json")
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "project_settings", "PYTHONPATH": str(project)}
    django = [sys.executable, "-W", "ignore", "-m", "django"]
    run(*django, "migrate", cwd=project, env=environ)
    for _ in range(2):  # twice is no more
        run(*django, "loaddata", path, cwd=project, env=environ)
    asked = [*passwords.items(), ("u0", WRONG), ("blocked", hashes_of("django")[0][1]), ("ada", WRONG)]
    ran = run(sys.executable, "-W", "ignore", "-c", SIGNING_IN, cwd=project, env=environ, input=json.dumps(asked))
    said = json.loads(ran.stdout)
    assert len(passwords) >= 12
    assert said["answers"] == [True] * len(passwords) + [False] * 3
    assert said["users"] == len(passwords) + 2
    assert said["ada"] == ["Ada Lovelace", "ada@example.com", True, False, ["maths", "physics"]]


# Apache


def test_apache_verifies(signing_in):
    htpasswd = program("htpasswd")
    path, passwords = signing_in("htpasswd")
    assert len(passwords) >= 8
    for name, password in passwords.items():
        assert run(htpasswd, "-vi", path, name, input=password, check=False).returncode == 0
        assert run(htpasswd, "-vi", path, name, input=WRONG, check=False).returncode == 3
    assert run(htpasswd, "-vi", path, "blocked", input=WRONG, check=False).returncode == 6  # is not there


# OpenLDAP

SLAPD = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload argon2
moduleload pw-sha2
moduleload pw-pbkdf2
pidfile {folder}/slapd.pid
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw secret
directory {folder}/data
maxsize 16777216
"""
ABOVE = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

""" + "".join(f"dn: ou={name},{BASE}\nobjectClass: organizationalUnit\nou: {name}\n\n" for name in ("people", "others"))


@pytest.fixture
def slapd(tmp_path):
    """Starts OpenLDAP with what slapadd put into its database; the URL of its socket."""
    folder = tmp_path / "slapd"
    (folder / "data").mkdir(parents=True)
    (folder / "slapd.conf").write_text(SLAPD.format(folder=folder, base=BASE))
    (folder / "above.ldif").write_text(ABOVE)
    slapadd, server = program("slapadd"), program("slapd")
    if not Path("/usr/lib/ldap/pw-pbkdf2.so").exists():
        program("slapd's pw-pbkdf2.so")
    socket = f"ldapi://{str(folder / 'socket').replace('/', '%2F')}"

    def start(path):
        for file in (folder / "above.ldif", path):
            run(slapadd, "-f", folder / "slapd.conf", "-l", file)
        run(server, "-f", folder / "slapd.conf", "-h", socket)  # which returns when it listens
        answers = (run(program("ldapwhoami"), "-x", "-H", socket, check=False).returncode for _ in range(500))
        assert 0 in answers  # on a busy machine not at once
        return socket

    yield start
    pid = folder / "slapd.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), 15)


def signs_in(socket, dn, password, folder):
    secret = folder / "password"
    secret.write_bytes(password.encode())
    return run(program("ldapwhoami"), "-x", "-H", socket, "-D", dn, "-y", secret, check=False).returncode == 0


def test_openldap_takes_the_ldif_and_signs_in(directory, signing_in, slapd, tmp_path):
    people.everything(directory, username=None, email="o'brien+x@example.com", name="  ")
    path, passwords = signing_in("ldif")
    socket = slapd(path)
    assert len(passwords) >= 15
    for name, password in passwords.items():
        assert signs_in(socket, f"uid={name},ou=people,{BASE}", password, tmp_path), name
    assert not signs_in(socket, f"uid=u0,ou=people,{BASE}", WRONG, tmp_path)
    assert not signs_in(socket, f"uid=blocked,ou=people,{BASE}", passwords["u0"], tmp_path)

    # The same below another entry, by a server that is running.
    made = Exports(directory).users("ldif", with_hashes=True, options={"base_dn": f"ou=others,{BASE}"})
    path.write_bytes("".join(made.text()).encode())
    admin = ("-x", "-H", socket, "-D", f"cn=admin,{BASE}", "-w", "secret")
    run(program("ldapmodify"), "-a", *admin, "-f", path)
    assert signs_in(socket, f"uid=u0,ou=others,{BASE}", passwords["u0"], tmp_path)
    search = (program("ldapsearch"), *admin, "-LLL", "-o", "ldif-wrap=no", "-b", BASE)
    found = run(*search, "(mail=o'brien+x@example.com)", "mobile").stdout
    assert "uid=o'brien\\2Bx@example.com,ou=others" in found
    assert found.count("mobile: +14255550123") == 2
    assert run(*search, f"(cn={ldap_escaped(ODD_NAME)})", "uid").stdout.count("uid: ") == 2 * len(passwords)


def ldap_escaped(value):
    """A value in a filter (RFC 4515)."""
    return "".join(f"\\{octet:02x}" for octet in value.encode())


# Supabase

# The columns of auth.users as GoTrue's migrations make them.
AUTH_USERS = """
CREATE TABLE users (
    instance_id uuid,
    id uuid PRIMARY KEY,
    aud varchar(255),
    role varchar(255),
    email varchar(255) UNIQUE,
    encrypted_password varchar(255),
    email_confirmed_at timestamptz,
    invited_at timestamptz,
    confirmation_token varchar(255),
    confirmation_sent_at timestamptz,
    recovery_token varchar(255),
    recovery_sent_at timestamptz,
    email_change_token_new varchar(255),
    email_change varchar(255),
    email_change_sent_at timestamptz,
    last_sign_in_at timestamptz,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    is_super_admin bool,
    created_at timestamptz,
    updated_at timestamptz,
    phone text UNIQUE DEFAULT NULL,
    phone_confirmed_at timestamptz,
    phone_change text DEFAULT '',
    phone_change_token varchar(255) DEFAULT '',
    phone_change_sent_at timestamptz,
    confirmed_at timestamptz GENERATED ALWAYS AS (LEAST(email_confirmed_at, phone_confirmed_at)) STORED,
    email_change_token_current varchar(255) DEFAULT '',
    email_change_confirm_status smallint DEFAULT 0,
    banned_until timestamptz,
    reauthentication_token varchar(255) DEFAULT '',
    reauthentication_sent_at timestamptz,
    is_sso_user bool NOT NULL DEFAULT false,
    deleted_at timestamptz,
    is_anonymous bool NOT NULL DEFAULT false
)
"""


def test_postgres_takes_the_csv_into_gotrues_table(directory, signing_in, new_postgres_url):
    people.everything(directory, username=None, name=ODD_NAME, prefs={'a,"b"\r\n': [1, None, "é"]})
    path, passwords = signing_in("supabase")
    with psycopg.connect(new_postgres_url(), row_factory=psycopg.rows.dict_row) as connection:
        connection.execute(AUTH_USERS)
        columns = path.read_text().partition("\n")[0]
        with connection.cursor().copy(f"COPY users ({columns}) FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(path.read_bytes())
        rows = {row["email"]: row for row in connection.execute("SELECT * FROM users")}
    assert len(rows) == len(passwords) + 2
    ada = rows["ada@example.com"]
    assert ada["raw_user_meta_data"] == {'a,"b"\r\n': [1, None, "é"], "full_name": ODD_NAME}
    assert ada["raw_app_meta_data"] == {"plan": "pro", "provider": "email", "providers": ["email", "phone", "google"]}
    assert (ada["phone"], ada["confirmed_at"], ada["encrypted_password"]) == ("14255550123", people.THEN, "")
    assert (ada["last_sign_in_at"], ada["banned_until"]) == (people.THEN, None)
    tokens = [name for name in ada if name.endswith(("_token", "_token_new", "_token_current", "_change"))]
    assert len(tokens) == 8
    assert {row[name] for row in rows.values() for name in tokens} == {""}  # GoTrue stumbles over NULL
    for name, password in passwords.items():
        row = rows[f"{name}@example.com"]
        assert hashing.verify(hashing.accept(row["encrypted_password"]).stored, password)


# Firebase

FIREBASE_TOOLS = "firebase-tools@15.34.2"
# What checks a file before it is sent; what it loads besides is of the network and the terminal.
IMPORTING = """
const Module = require("module"), load = Module._load, sent = [];
const parts = {
  colorette: {bold: String},
  "./apiv2": {Client: class { async post(_, body) { sent.push(body); return {body: {}}; } }},
  "./api": {googleOrigin: () => ""},
  "./logger": {logger: {info() {}}},
  "./error": {FirebaseError: Error},
  "./utils": {logWarning() {}, logSuccess() {}},
};
Module._load = (name, ...rest) => parts[name] ?? load(name, ...rest);
const importer = require(process.argv[1]);
const {users, options} = JSON.parse(require("fs").readFileSync(0));
const hashes = importer.validateOptions(options), answers = users.map(importer.validateUserJson);
importer.serialImportUsers("project", hashes, [users], 0).then(() => console.log(JSON.stringify({answers, sent})));
"""


@pytest.fixture(scope="module")
def firebase_tools(tmp_path_factory):
    """The part of the real firebase-tools that checks and sends users; its package is 1.3 MB."""
    folder = tmp_path_factory.mktemp("firebase-tools")
    patience = ("--fetch-retries=2", "--fetch-timeout=20000")
    packed = run(program("npm"), "pack", "--silent", *patience, FIREBASE_TOOLS, cwd=folder, check=False)
    if packed.returncode:
        pytest.skip(f"{FIREBASE_TOOLS} cannot be fetched from the npm registry: {packed.stderr.strip()[-200:]}")
    with tarfile.open(folder / packed.stdout.strip()) as package:
        package.extract("package/lib/accountImporter.js", folder, filter="data")
    return folder / "package/lib/accountImporter.js"


@pytest.mark.parametrize("hash", ALGORITHMS)
def test_firebase_tools_takes_the_file_and_its_flags(directory, firebase_tools, hash):
    for number, (stored, _) in enumerate(WITH_PASSWORDS):
        people.add(directory, f"u{number}", name=ODD_NAME, email=f"u{number}@example.com", hash=stored)
    directory.users.create_identity("u0", provider="google", provider_uid="108")
    made = Exports(directory).users("firebase", with_hashes=True, options={"hash": hash})
    users = json.loads("".join(made.text()))["users"]
    flags = [word[2:].split("=", 1) for word in made.target.next_step().split() if word.startswith("--")]
    options = {re.sub("-(.)", lambda found: found[1].upper(), name): value for name, value in flags}
    given = json.dumps({"users": users, "options": options})
    found = json.loads(run(program("node"), "-e", IMPORTING, firebase_tools, input=given).stdout)
    assert found["answers"] == [{}] * len(users)
    [sent] = found["sent"]
    assert sent["hashAlgorithm"] == ALGORITHMS[hash]
    assert sum("passwordHash" in user for user in sent["users"]) > 0
