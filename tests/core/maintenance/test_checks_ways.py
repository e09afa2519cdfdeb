"""What a check-up finds of the machines round a directory: the ways to them, and their clocks.

Each is spoiled for real, mended by the command that is named, and asked again, by processes of their own.
"""

import json
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from doubles.advice import follow
from doubles.clocks import COMMANDS, Clock
from doubles.mail import MailServer, make_certificate
from doubles.postgres import HOST, Postgres

from authctl.core.directory import opening
from authctl.core.maintenance import checks, setup
from authctl.core.maintenance.findings import Look
from authctl.core.work.unit import Actor
from authctl.settings import load
from authctl.storage.state import State

MAIL_HOST = "mail.example.com"


def asked(env, folder):
    """What `authctl security check` finds, by id."""
    said, _ = follow("authctl security check -o json", env, folder)
    return {finding["id"]: finding for finding in json.loads(said)}


# The way to Postgres


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate") / "server.pem", HOST)


@pytest.fixture(scope="module")
def server(certificate, tmp_path_factory):
    """A Postgres that takes TLS and does without, with a directory in it."""
    with Postgres(certificate=certificate) as started:
        home = tmp_path_factory.mktemp("home")
        settings = load({"HOME": str(home), "AUTHCTL_DATABASE_URL": started.url()}, system_config=os.devnull)
        with opening.open_directory(settings, Actor("tester@example.com")) as directory:
            setup.initialize(directory, settings)
        yield started


WITHOUT_TLS, UNVERIFIED = "postgres-without-tls", "postgres-unverified"
DEV = "postgresql://localhost/dev?sslmode=disable"


def is_weak(found):
    return not {WITHOUT_TLS, UNVERIFIED}.isdisjoint(found)


@pytest.mark.parametrize(
    ("where", "sslmode", "id"),
    [
        ("variable", "disable", WITHOUT_TLS),
        ("variable", "require", UNVERIFIED),
        ("PGSSLMODE", "allow", WITHOUT_TLS),
        ("PGSSLMODE", "require", UNVERIFIED),
        ("config.toml", "disable", WITHOUT_TLS),
        ("profile", "prefer", WITHOUT_TLS),
        ("file of a variable", "require", UNVERIFIED),
        ("file in config.toml", "disable", WITHOUT_TLS),
    ],
)
def test_postgres_without_tls_is_mended_where_it_was_said(server, certificate, home, tmp_path, where, sslmode, id):
    env = home | {"SSL_CERT_FILE": certificate} | named(where, server, sslmode, tmp_path)
    before = asked(env, tmp_path)
    assert before[id]["resource"] == HOST
    assert "s3cret" not in json.dumps(before)
    _, env = follow(before[id]["command"], env, tmp_path)
    assert not is_weak(asked(env, tmp_path))  # and it was reached, by a connection that asked for the certificate
    if "AUTHCTL_CONFIG" in env:
        assert load(env | {"AUTHCTL_PROFILE": "dev"}, system_config=os.devnull).database_url == DEV


def named(where, server, sslmode, folder):
    """The variables that name the server, with sslmode in that place."""
    if where == "PGSSLMODE":
        return {"AUTHCTL_DATABASE_URL": server.url(), "PGSSLMODE": sslmode}
    url = server.url(sslmode=sslmode, password="s3cret")
    if where == "variable":
        return {"AUTHCTL_DATABASE_URL": url}
    file, config = folder / "a file", folder / "config.toml"
    file.write_text(f"{url}\n")
    if where == "file of a variable":
        return {"AUTHCTL_DATABASE_URL_FILE": str(file)}
    line = f'database_url_file = "{file}"\n' if where == "file in config.toml" else f'database_url = "{url}"\n'
    profile = "[profiles.p]\n" if where == "profile" else ""
    config.write_text(f'{profile}{line}[profiles.dev]\ndatabase_url = "{DEV}"\n')
    return {"AUTHCTL_CONFIG": str(config)} | ({"AUTHCTL_PROFILE": "p"} if profile else {})


def test_an_option_that_goes_without_tls_is_said_again(server, certificate, home, tmp_path):
    env = home | {"SSL_CERT_FILE": certificate}
    first, _ = follow(f"authctl security check -o json --database '{server.url(sslmode='disable')}'", env, tmp_path)
    [finding] = [each for each in json.loads(first) if each["id"] == WITHOUT_TLS]
    again, _ = follow(f"{finding['command']} -o json", env, tmp_path)
    assert not is_weak(each["id"] for each in json.loads(again))


def test_a_certificate_of_ones_own_is_trusted_by_the_file_that_the_finding_names(server, certificate, home, tmp_path):
    env = home | {"AUTHCTL_DATABASE_URL": server.url()}
    finding = asked(env, tmp_path)[WITHOUT_TLS]
    [file] = re.findall(r"~/[\w./]+", finding["message"])
    _, unknown = follow(finding["command"], env, tmp_path)  # nobody that the system trusts signed it
    said, _ = follow("authctl security check 2>&1 || true", unknown, tmp_path)
    assert "Cannot connect to" in said
    follow(f"mkdir -p $(dirname {file}) && cp '{certificate}' {file}", env, tmp_path)
    _, env = follow(asked(env, tmp_path)[WITHOUT_TLS]["command"], env, tmp_path)
    assert "PGSSLROOTCERT" not in env
    assert not is_weak(asked(env, tmp_path))


@pytest.mark.parametrize(
    ("sslmode", "trusts", "id", "said"),
    [
        ("disable", True, WITHOUT_TLS, "sslmode=disable); this one is not encrypted."),
        ("allow", True, WITHOUT_TLS, "sslmode=allow); this one is not encrypted."),
        ("prefer", True, WITHOUT_TLS, "sslmode=prefer); this one is encrypted."),
        (None, True, WITHOUT_TLS, "sslmode=prefer); this one is encrypted."),
        ("require", False, UNVERIFIED, "sslmode=require)."),
        ("require", True, None, None),  # libpq looks at the certificate where it can
        ("verify-ca", True, None, None),
        ("verify-full", True, None, None),
    ],
)
def test_each_sslmode_is_judged_by_what_libpq_does(server, certificate, home, monkeypatch, sslmode, trusts, id, said):
    if trusts:
        own = Path(home["HOME"], ".postgresql")
        own.mkdir()
        shutil.copy(certificate, own / "root.crt")
    found = ways(server.url(**({"sslmode": sslmode} if sslmode else {})), home, monkeypatch)
    assert [each.check.id for each in found] == ([id] if id else [])
    assert all(said in each.message for each in found)


def test_what_does_not_leave_the_machine_needs_no_tls(server, postgres_url, home, monkeypatch):
    by_socket = postgres_url
    assert "host=%2F" in by_socket or os.environ.get("AUTHCTL_TEST_POSTGRES_URL")
    assert ways(by_socket, home, monkeypatch) == []
    by_loopback = f"postgresql://postgres@127.0.0.1:{server.port}/postgres?sslmode=disable"
    assert ways(by_loopback, home, monkeypatch) == []


def test_a_host_that_only_the_environment_names_is_looked_at_too(server, home, monkeypatch):
    monkeypatch.setenv("PGHOST", HOST)
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(server.port))
    [finding] = ways("postgresql://postgres@/postgres", home, monkeypatch)
    assert (finding.check.id, finding.resource) == (WITHOUT_TLS, HOST)


def ways(url, home, monkeypatch):
    """What is found of the ways by a process with that home folder."""
    monkeypatch.setenv("HOME", home["HOME"])
    settings = load(home | {"AUTHCTL_DATABASE_URL": url}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as directory:
        look = Look(directory, settings, "authctl", State("", None))
        return list(checks._ways(look))


# The way to the mail server


def test_mails_without_tls_are_mended_and_arrive(authctl, database_url, ready, home, tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path / "mail.pem", MAIL_HOST)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    look_up = socket.getaddrinfo  # what a name server would answer
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: look_up("127.0.0.1" if host == MAIL_HOST else host, *rest, **more),
    )
    with MailServer("starttls", certificate=certificate) as mail:
        ours = {"AUTHCTL_DATABASE_URL": database_url, "AUTHCTL_EMAIL_HOST": MAIL_HOST, "AUTHCTL_EMAIL_SECURITY": "none"}
        env = home | mail.environ | ours
        send = "security test-delivery email ada@example.com"
        assert "STARTTLS" in authctl(send, env=env).stderr  # this server takes nothing in the clear
        finding = asked(env, tmp_path)["smtp-without-tls"]
        assert finding["resource"] == MAIL_HOST
        _, env = follow(finding["command"], env, tmp_path)
        assert "smtp-without-tls" not in asked(env, tmp_path)
        assert authctl(send, env=env).status == 0
        assert [each.recipients for each in mail.mails] == [["ada@example.com"]]


def test_an_application_without_a_name_is_named(authctl, database_url, ready, home, tmp_path):
    env = home | {"AUTHCTL_DATABASE_URL": database_url}
    assert "application-unnamed" not in asked(env, tmp_path)  # it writes to nobody
    for given, name in (
        ({"AUTHCTL_SMS_PROVIDER": "console"}, "this service"),
        ({"AUTHCTL_EMAIL_HOST": "127.0.0.1", "AUTHCTL_EMAIL_FROM": "no-reply@example.com"}, "example.com"),
    ):
        finding = asked(env | given, tmp_path)["application-unnamed"]
        assert f"“{name}”" in finding["message"]
    follow(finding["command"], env, tmp_path)
    assert "application-unnamed" not in asked(env | given, tmp_path)


# Clocks


@pytest.fixture
def clock_of_another():
    """A clock where the user that Postgres runs as can see it, which is not in a folder of pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="authctl-clock-"))
    folder.chmod(0o755)
    yield Clock(folder)
    shutil.rmtree(folder)


def off(finding):
    """By how many seconds a clock is off, and which way."""
    found = re.search(r"is ([\d,]+) seconds (behind|ahead of)", finding["message"])
    return int(found[1].replace(",", "")), found[2]


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_this_machines_clock_is_named_and_set(database_url, home, tmp_path, ahead):
    clock = Clock(tmp_path)
    env = home | {"AUTHCTL_DATABASE_URL": database_url} | clock.environ
    follow("authctl init", env, tmp_path)
    assert "clock-off" not in asked(env, tmp_path)
    clock.set(ahead)
    found = asked(env, tmp_path)
    if ahead > 0 and database_url.startswith("sqlite"):
        # The file has nothing to tell by, until something is written by that clock and another is asked.
        assert "clock-off" not in found
        follow("authctl users create --id ada", env, tmp_path)
        clock.set(0)
        seconds, which = off(asked(env, tmp_path)["clock-off"])
        assert (7100 < seconds < 7300, which) == (True, "behind")
        follow("authctl users create --id grace", env, tmp_path)
        assert "clock-off" not in asked(env, tmp_path)
        return
    seconds, which = off(found["clock-off"])
    assert (7100 < seconds < 7300, which) == (True, "behind" if ahead < 0 else "ahead of")
    follow(found["clock-off"]["command"], env, tmp_path, programs=clock.folder)
    assert "clock-off" not in asked(env, tmp_path)


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_a_databases_clock_is_named_and_set_there(clock_of_another, home, tmp_path, ahead):
    with Postgres(environ=clock_of_another.environ) as server:
        env = home | {"AUTHCTL_DATABASE_URL": server.url()}
        follow("authctl init", env, tmp_path)
        assert "clock-off" not in asked(env, tmp_path)
        clock_of_another.set(ahead)
        finding = asked(env, tmp_path)["clock-off"]
        seconds, which = off(finding)
        assert (7100 < seconds < 7300, which) == (True, "ahead of" if ahead < 0 else "behind")
        assert finding["message"].endswith(f"If that one is wrong, run the command on {HOST}.")
        follow(finding["command"], home, tmp_path, programs=clock_of_another.folder)
        assert "clock-off" not in asked(env, tmp_path)


@pytest.mark.parametrize("service", [*COMMANDS, None])
def test_the_clock_is_set_by_the_time_service_that_is_there(home, tmp_path, service):
    clock, path = Clock(tmp_path), tmp_path / "path"
    path.mkdir()
    if service:
        shutil.copy(clock.folder / service, path)
    settings = load(home | {"PATH": str(path)}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as directory:
        look = Look(directory, settings, "authctl", State("", None))
        command = checks._set_clock(look)
    is_systemd = Path("/run/systemd/system").is_dir()
    expected = "timedatectl" if service is None or is_systemd else service
    assert command == f"{expected} {COMMANDS[expected]}"
    clock.set(7200)
    follow(command, home, tmp_path, programs=clock.folder)
    assert clock.file.read_text() == "+0"
