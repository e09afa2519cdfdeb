"""The manual's web applications: they sign in and out, and refuse what they should."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from doubles.documents import MANUAL, blocks
from fastapi.testclient import TestClient

import authctl
from authctl import aio

[PAGE] = [page for page in MANUAL if page.stem == "frameworks"]
RIGHT, WRONG = ({"email": "ada@example.com", "password": word} for word in ("correct horse battery", "wrong"))


@pytest.fixture(params=["fastapi", "flask"])
def serve(request, monkeypatch):
    """Runs an application of the manual on a directory, behind a proxy where one is given; and what asks it."""

    def run(directory, *, proxy=None, client="192.0.2.7"):
        monkeypatch.setattr(authctl, "application", lambda url: directory)
        monkeypatch.setattr(aio, "application", lambda url: aio.Application(directory))
        [block] = [block for block in blocks("python") if f"from {request.param} " in block]
        names = {"__name__": "application"}
        exec(block, names)  # noqa: S102 - our own manual
        app = names["app"]
        if request.param == "fastapi":
            from fastapi.testclient import TestClient
            from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

            served = ProxyHeadersMiddleware(app, trusted_hosts=proxy) if proxy else app
            return TestClient(
                served, base_url="https://testserver", client=client if client is None else (client, 50000)
            )
        from werkzeug.middleware.proxy_fix import ProxyFix

        if proxy:
            app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)
        return Browser(app.test_client(), client)

    return run


class Browser:
    """Flask's test client, called and answering as FastAPI's."""

    def __init__(self, client, address):
        self._client, self._environ = client, {"REMOTE_ADDR": address}

    def _ask(self, ask, *given, **named):
        answer = ask(*given, base_url="https://localhost", environ_overrides=self._environ, **named)
        return SimpleNamespace(status_code=answer.status_code, json=answer.get_json, headers=answer.headers)

    def get(self, *given, **named):
        return self._ask(self._client.get, *given, **named)

    def post(self, *given, **named):
        return self._ask(self._client.post, *given, **named)


def test_they_sign_in(serve, directory, application):
    client = serve(application)
    assert client.post("/sign-up", data=RIGHT).json() == {"more_factors_required": False}
    (ada,) = directory.users.list()
    assert ada.email_self_service
    refused = client.post("/sign-in", data=WRONG)
    assert (refused.status_code, refused.json()["type"]) == (401, "user_invalid_credentials")
    assert client.post("/sign-in", data=RIGHT).json() == {"more_factors_required": False}
    assert client.get("/me").json() == {"id": ada.id, "name": ""}
    assert [session.ip for session in directory.users.list_sessions(ada.id)] == ["192.0.2.7"] * 2
    changed = {"current": RIGHT["password"], "new": "another fine password"}
    assert client.post("/me/password", data={**changed, "current": "wrong"}).status_code == 401
    assert client.post("/me/password", data=changed).status_code == 200
    assert client.post("/sign-out").status_code == 200
    assert directory.users.list_sessions(ada.id) == []
    assert client.get("/me").status_code == 401


def test_they_do_nothing_without_a_session(serve, directory, application):
    client = serve(application)
    directory.users.create(id="ada", password=RIGHT["password"])
    for answer in (
        client.get("/me"),
        client.post("/me/password", data={"current": RIGHT["password"], "new": "another fine password"}),
        client.post("/sign-out"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (401, "user_unauthorized")
    assert directory.users.verify_password("ada", RIGHT["password"])


def test_they_tell_nothing_of_an_outage(serve, home, monkeypatch, caplog):
    monkeypatch.setenv("HOME", home["HOME"])
    with authctl.application("postgresql://ada@127.0.0.1:1/directory") as broken:
        client = serve(broken)
        for answer in (client.get("/me"), client.post("/sign-in", data=RIGHT), client.post("/sign-up", data=RIGHT)):
            assert (answer.status_code, answer.json()["type"]) == (503, "general_unavailable")
            assert "127.0.0.1" not in str(answer.json())
    assert "database_unavailable" in caplog.text


def test_they_see_through_a_proxy(serve, directory, application):
    """And not what a browser says of itself: the last address is the proxy's word, those before it are anybody's."""
    client = serve(application, proxy="10.0.0.1", client="10.0.0.1")
    client.post("/sign-up", data=RIGHT, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    (ada,) = directory.users.list()
    assert [session.ip for session in directory.users.list_sessions(ada.id)] == ["198.51.100.7"]
    for _ in range(12):
        refused = client.post("/sign-in", data=WRONG, headers={"X-Forwarded-For": "192.0.2.66"})
        assert refused.status_code == 401
    assert client.post("/sign-in", data=RIGHT, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 200


@pytest.mark.parametrize("client", ["", None])
def test_they_need_no_address(serve, directory, application, client):
    """As on a unix socket, where there is none."""
    client = serve(application, client=client)
    assert client.post("/sign-up", data=RIGHT).status_code == 200
    (ada,) = directory.users.list()
    assert [session.ip for session in directory.users.list_sessions(ada.id)] == [None]


def test_they_take_no_browsers_word_for_its_address(serve, directory, application):
    """Where there is no proxy, whoever guesses cannot be somebody new each time."""
    directory.security.set("source-attempts", 5)
    client = serve(application, client="192.0.2.66")
    for number in range(5):
        spoofed = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": "for=198.51.100.9", "X-Real-IP": "1.1.1.1"}
        assert client.post("/sign-in", data=WRONG, headers=spoofed).status_code == 401
    client.post("/sign-up", data=RIGHT)
    assert client.post("/sign-in", data=RIGHT, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 401
    assert serve(application, client="192.0.2.7").post("/sign-in", data=RIGHT).status_code == 200
    (ada,) = directory.users.list()
    assert [session.ip for session in directory.users.list_sessions(ada.id)] == ["192.0.2.7"]


def test_they_refuse_an_address_that_is_none(serve, directory, application):
    """As from a proxy that passes on anything: nobody is counted as nobody."""
    client = serve(application, client="unknown")
    answer = client.post("/sign-up", data=RIGHT)
    assert (answer.status_code, answer.json()["field"]) == (400, "ip")
    assert directory.users.count() == 0


def test_they_shut_out_whoever_is_blocked(serve, directory, database_url, application, authctl):
    client = serve(application)
    client.post("/sign-up", data=RIGHT)
    assert client.get("/me").status_code == 200
    assert (
        authctl("users update-status ada@example.com blocked --yes", env={"AUTHCTL_DATABASE_URL": database_url}).status
        == 0
    )
    refused = client.get("/me")
    assert (refused.status_code, refused.json()["type"]) == (403, "user_blocked")


def test_their_cookie_is_for_their_host_alone(serve, directory, application):
    client = serve(application)
    given = client.post("/sign-up", data=RIGHT).headers["Set-Cookie"]
    taken = client.post("/sign-out").headers["Set-Cookie"]
    for cookie in (given, taken):
        name, *flags = (part.strip().lower() for part in cookie.split(";"))
        assert name.startswith("__host-session=")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {*flags}
        assert not [flag for flag in flags if flag.startswith("domain")]


def test_they_refuse_the_forms_of_other_sites(serve, directory, application):
    client = serve(application)
    for origin in ("https://evil.example.com", "https://testserver.evil.example.com", "null"):
        assert client.post("/sign-up", data=RIGHT, headers={"Origin": origin}).status_code == 403
    assert directory.users.count() == 0
    own = "https://testserver" if isinstance(client, TestClient) else "https://localhost"
    assert client.post("/sign-up", data=RIGHT, headers={"Origin": own}).status_code == 200


# Django, whose settings are of a whole process

DRIVER = Path(__file__).parent / "doubles" / "django_visitor.py"


def test_django_signs_in_and_out(tmp_path):
    files = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert [name for name, _ in files] == ["settings.py", "shop.py"]
    for name, text in files:
        (tmp_path / name).write_text(text)
    environ = os.environ | {"DJANGO_SECRET_KEY": "made up", "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "error", DRIVER], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
