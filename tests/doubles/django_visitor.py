"""A browser at the Django application of the manual, in a process of its own: what it does is said by `assert`."""

import os
import subprocess
import sys

import authctl
from authctl import testing

PASSWORD = " correct horse battery "  # which no form may trim
HOST = "shop.example.com"


def main(sandbox):
    authctl.application = lambda url: sandbox.application
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    browse(sandbox, Client(enforce_csrf_checks=True, HTTP_HOST=HOST))


def browse(sandbox, client):
    def get(path):
        return client.get(path, secure=True)

    def post(path, **fields):
        fields["csrfmiddlewaretoken"] = client.cookies["__Host-csrf"].value
        return client.post(path, fields, secure=True, headers={"Referer": f"https://{HOST}{path}"})

    assert get("/me").headers["Location"].startswith("/sign-in")
    get("/sign-up")
    assert post("/sign-up", email="ada@example.com", password="short").json()["type"] == "password_too_short"
    assert post("/sign-up", email="ada@example.com", password=PASSWORD).headers["Location"] == "/me"
    assert "Hello ada@example.com" in get("/me").text
    cookie = client.cookies["__Host-session"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert (cookie["domain"], cookie["max-age"]) == ("", "")

    ada = sandbox.operators.users.get("ada@example.com")
    assert client.post("/sign-out", secure=True).status_code == 403  # without its token, as of another site
    assert len(sandbox.operators.users.list_sessions(ada.id)) == 1
    before = cookie.value
    assert post("/sign-out").headers["Location"] == "/sign-in"
    assert sandbox.operators.users.list_sessions(ada.id) == []
    client.cookies["__Host-session"] = before  # which somebody kept
    assert get("/me").status_code == 302

    get("/sign-in")
    assert "correct username and password" in post("/sign-in", username="ada@example.com", password="wrong").text
    assert post("/sign-in", username="ada@example.com", password=PASSWORD).headers["Location"] == "/me"
    assert get("/me").status_code == 200
    blocking = [sys.executable, "-m", "authctl", "users", "update-status", "ada@example.com", "blocked", "--yes", "-q"]
    subprocess.run(blocking, env=os.environ | sandbox.environ, check=True)
    assert get("/me").headers["Location"].startswith("/sign-in")
    refused = post("/sign-in", username="ada@example.com", password=PASSWORD)
    assert (refused.status_code, refused.json()["type"]) == (403, "user_blocked")


if __name__ == "__main__":
    with testing.sandbox() as made:
        main(made)
