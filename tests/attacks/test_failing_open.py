"""What is missing, of a wrong type or cannot be read lets nobody in."""

import json
from datetime import timedelta

import pytest
from doubles.attackers import NEW, PASSWORD, proved, refusal, told
from doubles.logs import sql
from doubles.people import SIGNER_KEY

from authctl.errors import OUTAGE
from authctl.transfer import importing

NOBODY = [None, "", b"secret", 0, True]


# A missing session


@pytest.mark.parametrize("secret", NOBODY, ids=repr)
def test_a_request_without_a_cookie_is_no_operator(directory, application, secret):
    proved(directory, "ada")
    for door in (directory, application):
        nobody = door.as_session(secret)
        assert refusal(nobody.users.update_password, "ada", NEW) == "user_unauthorized"
        assert refusal(nobody.users.delete, "ada") == "user_unauthorized"
        assert refusal(nobody.users.get, "ada") == "user_unauthorized"
    assert directory.users.verify_password("ada", PASSWORD)


@pytest.mark.parametrize("given", ["", "\n", "5a5a\n"])
def test_a_command_line_whose_session_is_empty_is_no_operators(directory, run, given):
    proved(directory, "ada")
    for line in ("users delete ada --yes", "users update-name ada Eve", "users update-labels ada staff"):
        ran = run(f"{line} --as-session", session="", stdin=given)
        assert ran.status in (2, 6), ran
    ada = directory.users.get("ada")
    assert (ada.name, ada.labels) == ("", ())


def test_a_sign_up_through_the_door_for_applications_is_no_operators_act(directory, application):
    made = application.users.create(email="ada@example.com", password=PASSWORD)
    assert (made.email_self_service, made.password.self_service) == (True, True)


# A word that is no truth


@pytest.mark.parametrize("word", ["false", "no", "0", "", "maybe", 0, 1, None], ids=repr)
def test_a_provider_that_says_false_links_nobody_to_an_account(directory, application, word):
    proved(directory, "ada")
    given = {"email": "ada@example.com", "email_verified": word}
    assert refusal(application.sessions.create_with_identity, "google", "118", **given) == "general_argument_invalid"
    assert directory.users.list_identities("ada") == []


RECORDS = {
    "appwrite": {"$id": "ada", "email": "ada@example.com", "emailVerification": None},
    "auth0": {"user_id": "ada", "email": "ada@example.com", "email_verified": None},
    "cognito": {"Username": "ada", "Attributes": [{"Name": "email", "Value": "a@b.org"}], "email_verified": None},
    "firebase": {"localId": "ada", "email": "ada@example.com", "emailVerified": None},
    "keycloak": {"id": "ada", "username": "ada", "email": "ada@example.com", "emailVerified": None},
}


@pytest.mark.parametrize("source", RECORDS)
@pytest.mark.parametrize("word", ["false", "FALSE", "no", "0", 0, "maybe", "", []], ids=repr)
def test_an_import_takes_no_word_for_true_that_is_not(directory, tmp_path, source, word):
    record = {key: word if value is None else value for key, value in RECORDS[source].items()}
    whole = {"firebase": {"users": [record]}, "keycloak": {"realm": "x", "users": [record]}}.get(source, [record])
    file = tmp_path / "users.json"
    file.write_text(json.dumps(whole))
    given = {"signer_key": SIGNER_KEY, "salt_separator": "Bw==", "rounds": "8", "mem_cost": "14"}
    told = given if source == "firebase" else {}
    importing.import_users(directory, [str(file)], source=source, source_options=told, options=importing.Options())
    assert [user.id for user in directory.users.list() if user.email_verified] == []


# What is stored and cannot be read


ADMITTING = ("mfa-required", "session-idle-timeout")
SIGNING_IN = ("session-duration", "session-limit", "sign-in-attempts", "sign-in-lockout")


def forge(directory, name, value):
    sql(directory, f"DELETE FROM policies WHERE name = '{name}'")
    sql(directory, f"INSERT INTO policies (name, value) VALUES ('{name}', '{value}')")


@pytest.mark.parametrize("name", ADMITTING + SIGNING_IN)
@pytest.mark.parametrize("value", ['"what?"', '{"of": 7}'])
def test_a_policy_that_cannot_be_read_lets_nobody_in(directory, application, name, value, caplog):
    """And is an outage to whoever asks, until an operator sets it again."""
    session = proved(directory, "ada")
    directory.security.set("sign-in-attempts", 1)
    forge(directory, name, value)
    calls = [lambda: application.sessions.create("ada", PASSWORD)]
    if name in ADMITTING:
        calls += [
            lambda: application.sessions.get(session),
            lambda: application.as_session(session).users.update_password("ada", NEW, current=PASSWORD),
        ]
    for call in calls:
        status, public = told(call)
        assert (status, public["type"], public["message"]) == (503, OUTAGE.type, OUTAGE.message)
    assert "database_damaged" in caplog.text
    directory.security.reset([name])
    directory.security.reset(["sign-in-attempts"])
    directory.users.unlock("ada")
    assert application.sessions.create("ada", PASSWORD)


@pytest.mark.parametrize("name", ADMITTING + SIGNING_IN)
def test_a_policy_that_is_not_even_json_lets_nobody_in(directory, application, name):
    """Which only a backup, or whoever put it there, takes back."""
    session = proved(directory, "ada")
    forge(directory, name, "no JSON")
    for call in (
        lambda: application.sessions.create("ada", PASSWORD),
        lambda: application.sessions.get(session),
        lambda: application.as_session(session).users.update_password("ada", NEW, current=PASSWORD),
    ):
        assert told(call)[0] == 503
    sql(directory, f"DELETE FROM policies WHERE name = '{name}'")
    assert application.sessions.create("ada", PASSWORD)


def test_a_user_whose_status_cannot_be_read_is_not_let_in(directory, application):
    session = proved(directory, "ada")
    sql(directory, "UPDATE users SET status = 'BLOCKED'")
    for call in (lambda: application.sessions.get(session), lambda: application.sessions.create("ada", PASSWORD)):
        assert told(call)[0] == 503


def test_a_block_that_is_over_already_is_none(directory, clock):
    """It would look like one, and let the user in."""
    proved(directory, "ada")
    for until in (clock.now, clock.now - timedelta(days=1), "2020-01-01"):
        assert refusal(directory.users.update_status, "ada", "blocked", until=until) == "general_argument_invalid"
    assert directory.users.update_status("ada", "blocked", until=clock.now + timedelta(minutes=1))
    assert refusal(directory.sessions.create, "ada", PASSWORD) == "user_blocked"
