"""Local configuration: the order of its places, what each refuses, and that no secret gets out."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from authctl import settings
from authctl.core.maintenance import private_files
from authctl.errors import Invalid, Unavailable
from authctl.settings import new_files, paths, reference
from authctl.settings.definitions import ENTRIES
from authctl.settings.entries import DEFAULT
from authctl.settings.keys import parse_key

KEY = bytes(range(32))
KEY_TEXT = base64.b64encode(KEY).decode()
SECRET = "hunter2-and-more"
SAMPLE = Path(__file__).parent.parent / "sample-config.toml"

Write = Callable[..., str]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file for nobody else to read, by default the person's own configuration."""

    def write(text: str, name: str = "home/.config/authctl/config.toml", mode: int = 0o600) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return write


@pytest.fixture
def load(tmp_path: Path, environ: dict[str, str]) -> Callable[..., settings.Settings]:
    """Load with a system file that is this test's own."""

    def load(**given: Any) -> settings.Settings:
        variables = {**environ, **given.pop("variables", {})}
        return settings.load(variables, system_config=str(tmp_path / "etc/config.toml"), **given)

    return load


def problems_of(load: Callable[..., settings.Settings], **given: Any) -> str:
    with pytest.raises(Invalid) as caught:
        load(**given)
    assert caught.value.type == "general_config_invalid"
    return "\n".join(problem.message for problem in caught.value.problems)


# The order of places


def test_nothing_needs_to_be_configured(load, tmp_path):
    found = load()
    assert found.database_url == f"sqlite:///{tmp_path}/home/.local/share/authctl/authctl.db"
    assert found.secret_key_file == f"{tmp_path}/home/.config/authctl/secret.key"
    assert found.secret_key is None
    assert found.warnings == ()
    assert found.email.host is None
    assert found.sms.provider is None
    assert found.actor == f"{settings.os_user()}@{os.uname().nodename}"
    assert all(found.origin(name) == DEFAULT for name in ENTRIES)


def test_what_is_said_later_wins(load, write):
    """Each place is laid over those before; the places before it are then added one by one from the end."""
    own = write('actor = "own"\n[profiles.work]\nactor = "own profile"\n')
    system = write('actor = "system"\n[profiles.work]\nactor = "system profile"\n', "etc/config.toml")
    profile, variables, options = {"profile": "work"}, {"variables": {"AUTHCTL_ACTOR": "variable"}}, {"actor": "option"}

    def seen(**given):
        found = load(**given)
        return found.actor, str(found.origin("actor"))

    assert seen(**profile, **variables, options=options) == ("option", "option actor")
    assert seen(**profile, **variables) == ("variable", "environment AUTHCTL_ACTOR")
    assert seen(**profile) == ("own profile", f"profile work in {own}")
    assert seen() == ("own", f"file {own}")
    os.unlink(own)
    assert seen() == ("system", f"file {system}")
    assert seen(**profile) == ("system profile", f"profile work in {system}")


def test_the_profile_of_the_system_file_wins_over_a_persons_own_file(load, write):
    write('actor = "own"\n')
    write('[profiles.work]\nactor = "system profile"\n', "etc/config.toml")
    assert load(profile="work").actor == "system profile"


def test_a_named_file_replaces_the_persons_own_and_not_the_systems(load, write):
    write('actor = "own"\n')
    write('application_name = "System"\n', "etc/config.toml")
    named = write("", "named.toml")
    found = load(config=named)
    assert (found.application_name, found.origin("actor")) == ("System", DEFAULT)
    assert load(variables={"AUTHCTL_CONFIG": named}).origin("actor") == DEFAULT
    assert str(found.origin("config")) == "option --config"


def test_an_option_names_the_file_and_profile_before_a_variable_does(load, write):
    variables = {"AUTHCTL_CONFIG": write('actor = "a"', "a.toml"), "AUTHCTL_PROFILE": "missing"}
    named = write('actor = "b"\n[profiles.p]\napplication_name = "P"', "b.toml")
    found = load(config=named, profile="p", variables=variables)
    assert (found.actor, found.application_name, found.profile, found.config) == ("b", "P", "p", named)


def test_a_named_file_may_begin_with_the_home_folder(load, write):
    path = write('actor = "x"', "home/named.toml")
    found = load(variables={"AUTHCTL_CONFIG": "~/named.toml"})
    assert (found.actor, found.config) == ("x", path)


def test_a_named_file_must_be_there(load, tmp_path):
    with pytest.raises(Unavailable, match=r"missing\.toml: No such file") as caught:
        load(config=str(tmp_path / "missing.toml"))
    assert caught.value.type == "file_unavailable"
    assert "--config" in caught.value.hint
    with pytest.raises(Unavailable) as caught:
        load(variables={"AUTHCTL_CONFIG": str(tmp_path)})
    assert caught.value.field == "config"


def test_an_option_that_was_not_given_says_nothing(load, write):
    write('database_url = "postgresql://h/d"')
    found = load(options={"database_url": None, "output.format": "json"})
    assert found.database_url == "postgresql://h/d"
    assert (found.output.format, str(found.origin("output.format"))) == ("json", "option --output")


def test_an_empty_variable_says_nothing(load, write):
    write('actor = "own"')
    assert load(variables={"AUTHCTL_ACTOR": "", "AUTHCTL_CONFIG": "", "AUTHCTL_PROFILE": ""}).actor == "own"


def test_an_empty_text_takes_a_value_away(load, write):
    write('[email]\nhost = "smtp.example.com"\n[profiles.quiet.email]\nhost = ""\n')
    assert load(profile="quiet").email.host is None


def test_variables_that_are_not_settings_are_left_alone(load):
    load(variables={"AUTHCTL_SESSION": "s", "AUTHCTL_COMPLETE_DATA": "x", "AUTHCTL_TEST_POSTGRES_URL": "y"})


def test_xdg_folders_are_obeyed_when_absolute(load):
    found = load(variables={"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "relative"})
    assert found.database_url == "sqlite:////data/authctl/authctl.db"
    assert found.secret_key_file.endswith("home/.config/authctl/secret.key")


def test_without_home_only_what_is_needed_must_be_given(tmp_path):
    nowhere = str(tmp_path / "none")
    given = {"AUTHCTL_DATABASE_URL": "postgresql://h/d", "AUTHCTL_SECRET_KEY": KEY_TEXT}
    found = settings.load(given, system_config=nowhere)
    assert (found.database_url, settings.read_key(found), found.config) == ("postgresql://h/d", KEY, None)
    assert found.public()
    with pytest.raises(Invalid, match="HOME is not set") as caught:
        _ = settings.load({}, system_config=nowhere).database_url
    assert "AUTHCTL_DATABASE_URL" in caught.value.hint
    with pytest.raises(Invalid, match="HOME is not set"):
        settings.read_key(settings.load({}, system_config=nowhere))


# Values


@pytest.mark.parametrize("name", ENTRIES)
def test_every_setting_can_be_given_by_a_variable(load, tmp_path, name):
    entry = ENTRIES[name]
    example = ",".join(entry.example) if isinstance(entry.example, list) else str(entry.example)
    if name == "config":
        example = str(tmp_path / "config.toml")
        Path(example).touch()
    variables = {entry.variable: example}
    if name == "profile":
        variables["AUTHCTL_CONFIG"] = str(tmp_path / "profiles.toml")
        (tmp_path / "profiles.toml").write_text(f"[profiles.{example}]")
    found = load(variables=variables)
    value = getattr(getattr(found, entry.section) if entry.section else found, entry.attribute)
    wanted = example if name == "config" else entry.example
    assert value == (tuple(wanted) if isinstance(wanted, list) else wanted)
    assert str(found.origin(name)) == f"environment {entry.variable}"


def test_variables_have_one_meaning_each():
    variables = [entry.variable for entry in ENTRIES.values()]
    variables += [entry.variable + "_FILE" for entry in ENTRIES.values() if entry.has_file]
    assert len(variables) == len(set(variables))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[email]\nport = 0", "email.port must be a whole number from 1 to 65535 (it is 0)"),
        ("[email]\nport = true", "email.port must be a whole number from 1 to 65535 (it is True)"),
        ("[email]\nport = 1.5", "email.port must be a whole number"),
        ("[email]\nport = 1979-05-27", "email.port must be a whole number"),
        ("[email]\ntimeout = nan", "email.timeout must be a number of seconds from 1 to 600"),
        ('[email]\ntimeout = "soon"', "email.timeout must be a number of seconds"),
        ('[email]\nsecurity = "ssl"', "email.security must be starttls, tls or none (it is 'ssl')"),
        ('[email]\nfrom = "nobody"', "email.from must be an email address"),
        ("[email]\nfrom = 5", "email.from must be text, in quotes (it is 5)"),
        ('[email]\nhost = "a\\nb"', "email.host must be one line of text without control characters"),
        ('[email]\nhots = "x"', "unknown setting 'email.hots'. Did you mean 'email.host'?"),
        ('[emial]\nhost = "x"', "unknown setting 'emial'. Did you mean 'email'?"),
        ('email = "x"', "email is a table, written as [email]"),
        ('host = "x"', "unknown setting 'host'. Did you mean 'email.host'?"),
        ('database-url = "x"', "unknown setting 'database-url'. Did you mean 'database_url'?"),
        ('database_url = "mysql://h/d"', "database_url must begin with sqlite:/// or postgresql://"),
        ('database_url = "sqlite://x.db"', "database_url needs three slashes before the file"),
        ('database_url = "postgresql:h"', "database_url must begin with sqlite:/// or postgresql://"),
        ('application_name = ""', "application_name must not be empty"),
        ('actor = ["x"]', "actor must be text, in quotes"),
        ("allowed_redirects = 5", "allowed_redirects must be a list of texts"),
        ('allowed_redirects = ["https://app.example.com/"]', "allowed_redirects must be hosts only"),
        ("allowed_redirects = [5]", "allowed_redirects must be text, in quotes"),
        ('profile = "p"', "profile cannot be set in a file. Use --profile or AUTHCTL_PROFILE"),
        ('config = "p"', "config cannot be set in a file. Use --config or AUTHCTL_CONFIG"),
        ('actor_file = "x"', "unknown setting 'actor_file'"),
        ("secret_key_file = 5", "secret_key_file must be the path of a file"),
        ('profiles = "x"', "profiles are tables with a name"),
        ('[profiles]\nactor = "x"', "profiles are tables with a name"),
        ('[sms]\nbase_url = "api.example.com"', "sms.base_url must begin with https:// or http://"),
        ('[sms]\ntemplate = "hello"', "sms.template must be text that contains {code}"),
        ('[sms]\ntemplate = "{code} {name}"', "sms.template may only have the fields {code} and {application}"),
        ('[sms]\ntemplate = "{code} }"', "sms.template may only have the fields"),
        (
            '[sms]\nservice_sid = "MG1"',
            "sms.service_sid must be the Verify service's id, which begins with VA; this is a",
        ),
        (
            f'[sms]\nsender = "VA{"0" * 32}"',
            "or a messaging service (MG…); this is a Verify service",
        ),
        ('[sms]\nsender = "Example Shops"', "sms.sender must be a name of up to 11 letters or digits"),
        ('[sms]\nsender = "Bücher"', "sms.sender must be a name of up to 11 letters or digits"),
        ('[sms]\nsender = "+1234567890123456"', "a number of up to 15 digits"),
        ('[sms]\nsender = "+1 500 555 0006"', "a number of up to 15 digits"),
        (
            '[sms]\nwhatsapp_sender = "15005550006"',
            "sms.whatsapp_sender must be a number of up to 15 digits with its +",
        ),
        ('[sms]\nwhatsapp_sender = "Example"', "sms.whatsapp_sender must be a number"),
        ('[sms]\naccount_sid = "x"', "sms.account_sid must be the account's id, which begins with AC"),
    ],
)
def test_a_wrong_value_is_named_with_its_file_and_what_is_allowed(load, write, text, complaint):
    path = write(text)
    message = problems_of(load)
    assert message.startswith(path)
    assert complaint in message


def test_everything_that_is_wrong_is_told_at_once(load, write):
    write('[email]\nport = "x"\nhots = 1\n[profiles.p.sms]\nprovider = "pigeon"')
    message = problems_of(load, profile="p", variables={"AUTHCTL_OUTPUT_FORMAT": "xml"}, options={"email.timeout": -1})
    assert [line.split(": ")[0].rsplit("/")[-1] for line in message.splitlines()] == [
        "config.toml",
        "config.toml",
        "config.toml",
        "AUTHCTL_OUTPUT_FORMAT",
        "option email.timeout",
    ]


def test_an_unknown_profile_is_told_with_the_nearest(load, write):
    path = write("[profiles.staging]")
    assert problems_of(load, profile="stagging") == (
        f"There is no table [profiles.stagging] in {path}. Did you mean 'staging'? Profiles: staging."
    )
    write("[profiles.staging]\n[profiles.production]")
    assert problems_of(load, profile="x").endswith(f" in {path}. Profiles: production, staging.")
    os.unlink(path)
    assert "there is no configuration file" in problems_of(load, variables={"AUTHCTL_PROFILE": "staging"})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"actor = 'x'\nactor = \n", "line 2"),
        (b"actor = ", "at end of document"),
        (b"actor = 'x'\n\n# \xff\n", "line 3: not UTF-8"),
        (b"x = " + b"[" * 100_000, ": "),
        (b"\0", "line 1"),
    ],
)
def test_a_file_that_is_not_toml_is_named_with_the_line(load, write, content, complaint):
    path = write("")
    Path(path).write_bytes(content)
    message = problems_of(load)
    assert message.startswith(path)
    assert complaint in message


def test_a_byte_order_mark_is_no_error(load, write):
    write('\ufeffactor = "x"')
    assert load().actor == "x"


@given(st.dictionaries(st.sampled_from([e.variable for e in ENTRIES.values()]), st.text()))
def test_a_variable_is_taken_or_refused_and_never_crashes(variables):
    variables.pop("AUTHCTL_CONFIG", None)
    with contextlib.suppress(Invalid):
        settings.load(variables, system_config="/nonexistent").public()


def test_lists_take_commas_and_hosts_are_lower_case(load):
    found = load(variables={"AUTHCTL_ALLOWED_REDIRECTS": "App.example.com, localhost:3000,"})
    assert found.allowed_redirects == ("app.example.com", "localhost:3000")


def test_the_mail_port_follows_the_security(load):
    ports = {
        security: load(options={"email.security": security}).email.port for security in ("starttls", "tls", "none")
    }
    assert ports == {"starttls": 587, "tls": 465, "none": 25}
    assert load(options={"email.security": "tls", "email.port": "2465"}).email.port == 2465


def test_relative_paths_start_where_they_are_written(load, write, tmp_path):
    folder = tmp_path / "home/.config/authctl"
    write('database_url = "sqlite:///local.db"\nsecret_key_file = "~/my.key"\n[sms]\nfile = "sms.txt"')
    found = load()
    assert found.database_url == f"sqlite:///{folder}/local.db"
    assert found.secret_key_file == f"{tmp_path}/home/my.key"
    assert found.sms.file == f"{folder}/sms.txt"
    assert load(options={"database_url": "sqlite:///local.db"}).database_url == "sqlite:///local.db"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgres://u:p@h/d?sslmode=require", "postgresql://u:p@h/d?sslmode=require"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_database_urls_are_read(load, write, written, meant):
    write(f'database_url = "{written}"')
    assert load().database_url == meant


# Secrets


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_the_file_that_was_named(load, write, ending):
    path = write(f" {SECRET} {ending}", "password")
    write(f'[email]\npassword_file = "{path}"')
    found = load()
    assert found.email.password == f" {SECRET} "
    assert found.shown("email.password") == path
    assert load(variables={"AUTHCTL_SMS_AUTH_TOKEN_FILE": path}).sms.auth_token == f" {SECRET} "


def test_the_database_url_can_come_from_a_file(load, write):
    path = write("postgres://u:p@h/d\n", "url")
    found = load(variables={"AUTHCTL_DATABASE_URL_FILE": path})
    assert found.database_url == "postgresql://u:p@h/d"
    assert found.shown("database_url") == "postgresql://u:***@h/d"
    assert str(found.origin("database_url")) == "environment AUTHCTL_DATABASE_URL_FILE"
    with pytest.raises(
        Invalid, match=r"database_url in .*, named by environment AUTHCTL_DATABASE_URL_FILE, must begin"
    ):
        _ = load(variables={"AUTHCTL_DATABASE_URL_FILE": write(f"mysql://u:{SECRET}@h", "other")}).database_url


def test_a_secret_and_its_file_are_not_given_in_one_place(load, write):
    path = write('[email]\npassword = "x"\npassword_file = "y"')
    assert f"{path}: email.password and email.password_file are both set" in problems_of(load)
    os.unlink(path)
    variables = {"AUTHCTL_SECRET_KEY": KEY_TEXT, "AUTHCTL_SECRET_KEY_FILE": "x"}
    assert "AUTHCTL_SECRET_KEY and AUTHCTL_SECRET_KEY_FILE are both set" in problems_of(load, variables=variables)


def test_a_later_place_gives_the_secret_in_its_own_way(load, write):
    path = write(SECRET, "password")
    write(f'[email]\npassword_file = "{path}"')
    assert load(variables={"AUTHCTL_EMAIL_PASSWORD": "other"}).email.password == "other"
    write('[email]\npassword = "inline"')
    assert load(variables={"AUTHCTL_EMAIL_PASSWORD_FILE": path}).email.password == SECRET


def test_a_secrets_file_is_read_when_the_secret_is_asked_for(load, tmp_path):
    found = load(variables={"AUTHCTL_EMAIL_PASSWORD_FILE": str(tmp_path / "missing")})
    assert found.database_url
    with pytest.raises(Unavailable, match="missing: No such file") as caught:
        _ = found.email.password
    assert "AUTHCTL_EMAIL_PASSWORD_FILE" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "is empty"), (b"\xff", "not UTF-8"), (b"x" * 70_000, "longer")]
)
def test_a_secrets_file_holds_text(load, tmp_path, content, complaint):
    path = tmp_path / "password"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Invalid, match=complaint):
        _ = load(variables={"AUTHCTL_EMAIL_PASSWORD_FILE": str(path)}).email.password


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.has_file])
def test_no_secret_is_in_a_repr_an_error_or_the_status(load, write, name):
    entry = ENTRIES[name]
    value = f"postgresql://u:{SECRET}@h/d" if name == "database_url" else SECRET
    found = load(variables={entry.variable: value})
    section = getattr(found, entry.section) if entry.section else found
    for text in (repr(found), str(section), repr(section), str(found.public()), repr(found.origin(name))):
        assert SECRET not in text
    table = f"[{entry.section}]\n" if entry.section else ""
    write(f'{table}{entry.key} = ["{SECRET}"]')
    with pytest.raises(Invalid) as caught:
        load()
    assert SECRET not in repr(caught.value) + str(caught.value.hint)
    assert caught.value.__cause__ is None


def test_a_secret_in_the_wrong_line_is_not_repeated(load):
    token = "0123456789abcdef" * 2
    assert token not in problems_of(load, variables={"AUTHCTL_SMS_ACCOUNT_SID": token})


def test_broken_toml_does_not_carry_the_file_into_the_traceback(load, write):
    write(f'[email]\npassword = "{SECRET}\n')
    assert SECRET not in problems_of(load)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@h1:5432,h2:5432/d", "postgresql://u:***@h1:5432,h2:5432/d"),
        ("postgresql://:p@h/d", "postgresql://:***@h/d"),
        ("postgresql://u:p%40q@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@q/r?s@h/d", "postgresql://u:***@q/r?s@h/d"),
        ("postgresql://u:p/q?r#s@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p:q@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgresql://h:5432/d", "postgresql://h:5432/d"),
        ("postgresql://h/d?user=u&password=p&sslmode=require", "postgresql://h/d?user=u&password=***&sslmode=require"),
        ("postgresql://h/d?sslPassword=p", "postgresql://h/d?sslPassword=***"),
        ("postgresql://h/d?pass%77ord=p", "postgresql://h/d?pass%77ord=***"),
        ("postgresql://u:p@h/d?application_name=a@b:c", "postgresql://u:***@h/d?application_name=a@b:c"),
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("text", "text"),
    ],
)
def test_passwords_in_urls_are_hidden(url, shown):
    assert settings.redact_url(url) == shown


# Who may read files


def test_files_with_secrets_that_others_can_read_are_told(load, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = write(f'[profiles.p.email]\npassword = "{SECRET}"', mode=0o644)
    key = write(KEY_TEXT, "home/.config/authctl/secret.key", mode=0o640)
    url = write("sqlite:////x", "a url", mode=0o604)
    warnings = load(variables={"AUTHCTL_DATABASE_URL_FILE": url}).warnings
    assert warnings == (
        f"Others can read {config}, which contains a secret (mode 0644). Run: chmod 600 {config}",
        f"Others can read {url}, which contains a secret (mode 0604). Run: chmod 600 '{url}'",
        f"Others can read {key}, which contains a secret (mode 0640). Run: chmod 600 {key}",
    )


def test_only_files_of_ones_own_are_proposed_to_be_closed(load, write, tmp_path, monkeypatch):
    elsewhere = write("sqlite:////x", "elsewhere/url", mode=0o604)
    told = load(variables={"AUTHCTL_DATABASE_URL_FILE": elsewhere}).warnings
    assert told == (
        f"Others can read {elsewhere}, which contains a secret (mode 0604). Its owner should make it private.",
    )
    own = {"HOME": str(tmp_path / "elsewhere")}
    assert paths.is_own(elsewhere, own)
    assert not paths.is_own(f"{elsewhere}-gone", own)
    assert not paths.is_own(str(tmp_path / "elsewhere"), own)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert not paths.is_own(elsewhere, own)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('database_url = "postgresql://u:p@h/d"', True),
        ('database_url = "postgresql://u@h/d"', False),
        ('[email]\nhost = "h"\npassword = ""', False),
        ('[sms]\napi_key = "k"', True),
    ],
)
def test_only_files_with_secrets_need_to_be_closed(load, write, text, told):
    write(text, mode=0o644)
    assert bool(load().warnings) is told


# The object


def test_settings_are_frozen(load):
    found = load()
    with pytest.raises(AttributeError, match="frozen"):
        found.database_url = "x"
    with pytest.raises(AttributeError, match="frozen"):
        found.email.host = "x"
    with pytest.raises(AttributeError, match="frozen"):
        del found.actor


def test_status_shows_every_setting_with_its_origin(load):
    rows = load(variables={"AUTHCTL_SMS_API_KEY": SECRET, "AUTHCTL_ALLOWED_REDIRECTS": "a.example"}).public()
    assert [row["name"] for row in rows] == list(ENTRIES)
    by_name = {row["name"]: row for row in rows}
    assert by_name["sms.api_key"] == {
        "name": "sms.api_key",
        "value": "***",
        "origin": "environment AUTHCTL_SMS_API_KEY",
    }
    assert by_name["sms.api_secret"]["value"] is None
    assert by_name["allowed_redirects"]["value"] == ["a.example"]
    assert by_name["secret_key"]["value"].endswith("/secret.key")


def test_an_option_must_be_declared(load):
    with pytest.raises(KeyError):
        load(options={"databse_url": "x"})


def test_loading_imports_nothing_slow():
    """What each command pays: a file's absence costs no TOML parser, and errors are imported when one is raised."""
    code = """
import os, sys
from authctl import settings
found = settings.load({"HOME": "/nonexistent", "AUTHCTL_EMAIL_PORT": "25"}, system_config="/nonexistent")
found.database_url, found.actor, found.warnings, settings.read_key(found)
print(*({"tomllib", "re", "typing", "dataclasses", "enum", "pathlib", "urllib", "difflib", "json"} & set(sys.modules)))
"""
    # -S: what the environment's own start-up files import is not ours to answer for.
    root = str(Path(settings.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


# The key's file


def test_the_key_is_written_for_its_owner_alone_and_read_again(load, tmp_path):
    found = load()
    assert settings.read_key(found) is None
    assert settings.write_key_file(found.secret_key_file, KEY) is True
    path = Path(found.secret_key_file)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["secret.key"]
    assert settings.read_key(load()) == KEY
    assert load().warnings == ()


def test_a_key_that_is_there_is_never_written_over(load):
    path = load().secret_key_file
    settings.write_key_file(path, KEY)
    assert settings.write_key_file(path, bytes(32)) is False
    assert settings.read_key(load()) == KEY


def killed_while_writing(path, key):
    """A process that ends in the middle of it."""
    code = f"""
import os
from authctl.settings import new_files
with new_files.draft({str(path)!r}, prefix=".key.") as draft:
    open(draft, "wb").write({key!r}[:16])
    os._exit(9)
"""
    root = str(Path(settings.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": root}, check=False)
    assert done.returncode == 9


def test_a_key_that_a_kill_broke_off_is_written_by_the_next(tmp_path):
    path = tmp_path / "secret.key"
    killed_while_writing(tmp_path / "another.key", KEY)
    assert [each.startswith(".key.") for each in os.listdir(tmp_path)] == [True]
    assert settings.write_key_file(str(path), KEY)
    assert os.listdir(tmp_path) == ["secret.key"]
    assert settings.read_key_file(str(path)) == KEY


def test_what_another_process_is_writing_stays(tmp_path):
    path = tmp_path / "secret.key"
    draft = contextlib.ExitStack()
    mine = Path(draft.enter_context(new_files.draft(path, prefix=".key.")))
    assert settings.write_key_file(str(path), KEY)
    assert mine.exists()
    with pytest.raises(FileExistsError):
        draft.close()
    assert os.listdir(tmp_path) == ["secret.key"]


def test_a_draft_that_a_kill_left_beside_the_whole_file_goes(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("whole")
    os.link(path, tmp_path / ".out.jsonl.k3j2h1g0.part")
    with pytest.raises(Invalid, match="already exists"):
        private_files.check_new(path)
    assert (os.listdir(tmp_path), path.read_text()) == (["out.jsonl"], "whole")


def test_those_that_replace_a_file_at_once_do_not_meet(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("old")
    with new_files.draft(path, replaces=True) as one, new_files.draft(path, replaces=True) as other:
        Path(one).write_text("one")
        Path(other).write_text("other")
    assert (os.listdir(tmp_path), path.read_text()) == (["config.toml"], "one")


def test_a_draft_that_a_kill_left_is_told_when_it_is_removed(tmp_path):
    path, told = tmp_path / "config.toml", []
    (tmp_path / ".config.toml.k3j2h1g0.part").touch()
    with new_files.draft(path, replaces=True, tell=told.append):
        pass
    assert (os.listdir(tmp_path), told) == (["config.toml"], [f"{tmp_path}/.config.toml.k3j2h1g0.part"])


def test_of_many_writers_one_writes_the_key(tmp_path):
    path = str(tmp_path / "new/secret.key")
    code = """
import sys
from authctl import settings
from authctl.core.maintenance import private_files
print(settings.write_key_file(sys.argv[1], bytes([int(sys.argv[2])]) * 32))
"""
    root = str(Path(settings.__file__).parents[2])
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", code, path, str(number)], env={"PYTHONPATH": root}, stdout=subprocess.PIPE
        )
        for number in range(4)
    ]
    answers = [process.communicate()[0].strip() for process in racing]
    assert sorted(answers) == [b"False", b"False", b"False", b"True"]
    assert base64.b64decode(Path(path).read_text()) == bytes([answers.index(b"True")]) * 32
    assert os.listdir(tmp_path / "new") == ["secret.key"]


def test_threads_of_one_process_do_not_disturb_each_other(tmp_path):
    path = str(tmp_path / "new/secret.key")
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(settings.write_key_file(path, bytes([n]) * 32)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]


def test_a_key_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="Cannot write") as caught:
        settings.write_key_file(str(tmp_path / "file/secret.key"), KEY)
    assert "AUTHCTL_SECRET_KEY_FILE" in caught.value.hint


@given(st.binary(min_size=32, max_size=32))
def test_keys_are_read_in_either_alphabet_padded_or_not(key):
    for text in (base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()):
        assert parse_key(f" {text}\n") == parse_key(text.rstrip("=")) == key


@pytest.mark.parametrize(
    "text", ["", SECRET, "ä" * 44, KEY_TEXT + "AAAA", base64.b64encode(bytes(31)).decode(), "A" * 45]
)
def test_a_malformed_key_is_refused_without_being_shown(load, write, text):
    with pytest.raises(Invalid, match="32 random bytes in base64") as caught:
        parse_key(text)
    assert not text or text not in str(caught.value)
    path = write(text, "key")
    with pytest.raises(Invalid, match=path):
        settings.read_key(load(variables={"AUTHCTL_SECRET_KEY_FILE": path}))


def test_a_malformed_key_is_told_with_where_it_stands(load):
    with pytest.raises(Invalid, match="environment AUTHCTL_SECRET_KEY"):
        settings.read_key(load(variables={"AUTHCTL_SECRET_KEY": "abc"}))


# What is written for people


def uncommented(text: str) -> str:
    return "\n".join(
        line[1:] if line.startswith("#") and line[1:2] not in ("", " ") else "" for line in text.splitlines()
    )


def test_the_sample_file_is_current():
    assert SAMPLE.read_text() == reference.sample(), "run: python -m authctl.settings.reference > sample-config.toml"


def test_the_sample_file_says_nothing_until_it_is_uncommented():
    assert tomllib.loads(SAMPLE.read_text()) == {}


def test_every_line_of_the_sample_file_can_be_uncommented(load, write):
    path = write(uncommented(SAMPLE.read_text()))
    found = load()
    for name, entry in ENTRIES.items():
        if not entry.in_file:
            continue
        assert str(found.origin(name)) == f"file {path}"
        example = os.path.join(os.path.dirname(path), entry.example) if name == "sms.file" else entry.example
        assert found.shown(name) == example
    assert load(profile="staging").email.host == "localhost"


def test_the_reference_has_every_setting_with_its_meaning():
    rows = reference.reference()
    assert [row[0] for row in rows] == list(ENTRIES)
    assert all(all(row[index] for index in (0, 1, 2, 4)) for row in rows)
    assert all(row[4].endswith(".") for row in rows)
    assert ("email.timeout", "AUTHCTL_EMAIL_TIMEOUT", "seconds", "30") in [row[:4] for row in rows]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_not_a_regular_file_is_refused_and_not_waited_for(
    load: Callable[..., settings.Settings], tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "config.toml")
    with pytest.raises(Invalid, match="not a regular file"):
        load(config=str(tmp_path / "config.toml"))
