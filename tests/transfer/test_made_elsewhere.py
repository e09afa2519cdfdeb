"""Files that the other systems make themselves, here: their users come in, and sign in with the passwords they had."""

import os
import subprocess
import sys

import pytest
from doubles.programs import program

from authctl.errors import Invalid
from authctl.transfer.importing import Options, import_users

PASSWORD = "correct horse battery"


@pytest.fixture
def database_url(tmp_path):
    """One will do: what comes in is the same for both."""
    return f"sqlite:///{tmp_path}/directory/authctl.db"


@pytest.fixture
def take(directory):
    """Imports a file twice, the second time to no effect; what the first counted."""

    def run(path, source, *others, **source_options):
        def taken():
            paths = [str(each) for each in (path, *others)]
            return import_users(
                directory, paths, source=source, source_options=source_options, options=Options(teams=True)
            ).counts

        counts, again = taken(), taken()
        assert (again["created"], again["updated"], again["refused"]) == (0, 0, counts["refused"])
        return counts

    return run


def signs_in(directory, login, password=PASSWORD):
    return directory.sessions.create(login, password).session is not None


# Django

SETTINGS = """
import os
SECRET_KEY = "x"
USE_TZ = True
AUTH_USER_MODEL = os.environ["PROJECT_USER"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
if AUTH_USER_MODEL == "people.Person":
    INSTALLED_APPS.append("people")
MIGRATION_MODULES = dict.fromkeys(("contenttypes", "auth"))  # tables without their history, which takes long
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = [
    f"django.contrib.auth.hashers.{name}PasswordHasher"
    for name in ("PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "MD5")
]
"""
MODELS = """
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=200)
    phone = models.CharField(max_length=30)
    department = models.CharField(max_length=30)
    is_active = models.BooleanField(default=True)
    objects = BaseUserManager()
    USERNAME_FIELD = "email"

class Door(models.Model):
    password = models.CharField(max_length=30)
"""
MAKING = """
import sys, uuid
import django
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone
password, folder = sys.argv[1:]
call_command("migrate", run_syncdb=True, verbosity=0)
groups = [Group.objects.create(name=name) for name in ("editors", "Night & shift")]
User = get_user_model()

def make(user, hash="pbkdf2_sha256"):
    hasher = get_hasher(hash)
    hasher.rounds = 4
    more = {"iterations": 1000} if "pbkdf2" in hash else {}
    user.password = hasher.encode(password, hasher.salt(), **more)
    user.save()
    user.groups.set(groups)

if User.__name__ == "Person":
    from people.models import Door
    person = {"full_name": "Ada", "phone": "+44 20 7946 0123", "department": "maths"}
    make(User(id=uuid.UUID(int=7), email="ada@example.com", **person))
    Door.objects.create(password="1234")
else:
    for name in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt", "md5"):
        make(User(username=name, first_name="Zoë <&>", email=name + "@Example.com", last_login=timezone.now()), name)
    nobody = User(username="nobody", is_active=False, is_staff=True)
    nobody.set_unusable_password()
    nobody.save()
for form in ("json", "jsonl", "xml", "yaml"):
    call_command("dumpdata", format=form, output=f"{folder}/whole.{form}")
    natural = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    call_command("dumpdata", format=form, output=f"{folder}/natural.{form}", **natural)
"""
FORMS = [f"{kind}.{form}" for kind in ("whole", "natural") for form in ("json", "jsonl", "xml")]


TIMES = {"created_at", "last_sign_in_at"}  # which are ahead of the tests' clock


@pytest.fixture(scope="module")
def dumps(tmp_path_factory):
    """Folders of what Django dumps of whole projects: one with its own model of users, one with another."""
    project = tmp_path_factory.mktemp("project")
    (project / "project_settings.py").write_text(SETTINGS)
    (project / "people").mkdir()
    (project / "people" / "__init__.py").touch()
    (project / "people" / "models.py").write_text(MODELS)
    for model in ("auth.User", "people.Person"):
        folder = project / model
        folder.mkdir()
        environ = {"DJANGO_SETTINGS_MODULE": "project_settings", "PYTHONPATH": str(project), "PROJECT_USER": model}
        words = [sys.executable, "-W", "ignore", "-c", MAKING, PASSWORD, str(folder)]
        ran = subprocess.run(words, env=os.environ | environ, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
    return project


@pytest.mark.parametrize("name", FORMS)
def test_what_django_dumps_comes_in(directory, take, dumps, name):
    path = dumps / "auth.User" / name
    counts = take(path, "django", path, groups="teams")
    assert (counts["created"], counts["refused"], counts["without_password"]) == (8, 0, 1)
    assert {each["field"] for each in counts["lost"]} <= TIMES
    assert counts["reasons"]["import_not_a_user"] == counts["skipped"] > 10
    for login in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt", "md5"):
        user = directory.users.get(f"username:{login}")
        assert (user.name, user.email, user.email_verified) == ("Zoë <&>", f"{login}@example.com", False)
        teams = {each.team_name for each in directory.users.list_memberships(user.id)}
        assert teams == {"editors", "Night & shift"}
        assert signs_in(directory, f"username:{login}")
    nobody = directory.users.get("username:nobody")
    assert (nobody.status, nobody.labels) == ("blocked", ("staff",))


@pytest.mark.parametrize("name", FORMS)
def test_what_django_dumps_of_a_project_s_own_users_comes_in(directory, take, dumps, name):
    path = dumps / "people.Person" / name
    counts = take(path, "django", groups="labels")
    assert (counts["created"], counts["refused"]) == (1, 0)
    lost = {each["field"]: each["count"] for each in counts["lost"] if each["field"] not in TIMES}
    assert lost == {"department": 1, "labels": 1}
    ada = directory.users.get("ada@example.com")
    assert (ada.name, ada.phone, ada.labels) == ("Ada", "+442079460123", ("editors",))
    assert name.startswith("natural") or ada.id == "00000000-0000-0000-0000-000000000007"
    assert signs_in(directory, "ada@example.com")


def test_what_django_dumps_as_yaml_is_named(take, dumps):
    with pytest.raises(Invalid, match="YAML"):
        take(dumps / "auth.User" / "whole.yaml", "django")


# Apache


def test_what_apache_makes_comes_in(directory, take, tmp_path):
    htpasswd, path = program("htpasswd"), tmp_path / "htpasswd"
    flags = ["-B", "-m", "-s", "-2", "-5"]
    for flag in flags:
        words = [htpasswd, "-ib", flag, str(path), f"user{flag}", PASSWORD]
        words[1:2] = ["-cb"] if not path.exists() else ["-b"]
        subprocess.run(words, check=True, capture_output=True, timeout=60)
    counts = take(path, "htpasswd")
    assert (counts["created"], counts["without_password"]) == (len(flags), 0)
    assert all(signs_in(directory, f"username:user{flag}") for flag in flags)
