"""What one door refuses, every door refuses."""

import json

import pytest
from doubles.attackers import NEW, PASSWORD, PHONE, proved, refusal
from doubles.given import Given

from authctl.transfer import importing
from authctl.transfer.records import Record, Secret

# Ids that find somebody else

SIGN_UPS = {  # each door by which a stranger says the id of an account
    "a sign-up": lambda door, id: door.users.create(id=id, password=PASSWORD),
    "a code by mail": lambda door, id: door.tokens.create_email("eve@example.org", id=id, print_secret=True),
    "a magic link": lambda door, id: door.tokens.create_magic_url("eve@example.org", id=id, print_secret=True),
    "a code by SMS": lambda door, id: door.tokens.create_phone("+14255550188", id=id, print_secret=True),
}


@pytest.mark.parametrize("door", SIGN_UPS)
@pytest.mark.parametrize("id", ["countess", "COUNTESS", "u1"])
def test_no_stranger_takes_a_word_that_somebody_is_called_by(directory, application, door, id):
    """Else what an operator grants to that word lands there, and its owner cannot sign in."""
    directory.users.create(id="u1", username="countess", password=PASSWORD)
    assert refusal(SIGN_UPS[door], application, id) == "user_already_exists"
    assert directory.users.update_labels("countess", ["staff"]).id == "u1"
    assert application.sessions.create("countess", PASSWORD)


@pytest.mark.parametrize("door", SIGN_UPS)
@pytest.mark.parametrize(
    "id", ["id:u1", "username:countess", "phone:14255550123", "email:x", "1-425-555-0123", "1.425.5550123"]
)
def test_no_stranger_takes_an_id_that_is_read_as_somebody_else(directory, application, door, id):
    """Else a program that deletes each user of a list by the id deletes another."""
    directory.users.create(id="u1", username="countess", phone=PHONE)
    assert refusal(SIGN_UPS[door], application, id) == "general_argument_invalid"
    assert [user.id for user in directory.users.list()] == ["u1"]


@pytest.mark.parametrize("username", ["id:u1", "phone:1", "username:u1"])
def test_no_stranger_takes_a_username_that_is_read_as_somebody_else(directory, application, username):
    directory.users.create(id="u1")
    assert refusal(application.users.create, username=username) == "general_argument_invalid"
    assert [user.id for user in directory.users.list()] == ["u1"]


def test_an_id_of_another_system_is_found_by_its_prefix(directory):
    """Operators and imports bring what there is."""
    directory.users.create(id="u1", username="countess")
    directory.users.create(id="username:countess")
    assert directory.users.get("username:countess").id == "u1"
    assert directory.users.get("id:username:countess").id == "username:countess"


@pytest.mark.parametrize("id", ["id:maths", "name:Maths", "Maths"])
def test_nobodys_team_has_an_id_that_is_read_as_another_team(directory, application, id):
    """Else what an operator grants in that team lands in a stranger's."""
    directory.teams.create("Maths", id="maths")
    eve = application.as_session(proved(directory, "eve"))
    assert refusal(eve.teams.create, "Ours", id=id) in ("general_argument_invalid", "team_already_exists")
    assert directory.teams.create_membership("Maths", user="eve").membership.team_id == "maths"


def test_a_word_that_a_stranger_has_chosen_before_means_no_team_to_an_operator(directory, application):
    """The id of a stranger's team, and the name of one that was made later: the operator says which."""
    eve = application.as_session(proved(directory, "eve"))
    eve.teams.create("Ours", id="Staff")
    staff = directory.teams.create("Staff").id
    for call in (
        lambda team: directory.teams.create_membership(team, email="boss@example.com"),
        lambda team: directory.teams.update_prefs(team, {"a": 1}),
        lambda team: directory.teams.get(team),
    ):
        assert refusal(call, "Staff") == "general_argument_invalid"
        assert refusal(call, "name:Staff") is None
    assert [each.team_id for each in directory.users.list_memberships("boss@example.com")] == [staff]
    assert directory.teams.get("id:Staff").name == "Ours"


def test_nobodys_team_is_called_as_another_is_named_by_its_id(directory, application):
    """Else whoever says the id has to say that it is one."""
    directory.teams.create("Maths", id="maths")
    eve = application.as_session(proved(directory, "eve"))
    assert refusal(eve.teams.create, "maths") == "team_already_exists"
    ours = eve.teams.create("Ours").id
    assert refusal(eve.teams.update_name, ours, "maths") == "team_already_exists"
    assert directory.teams.get("maths").name == "Maths"


def test_ones_own_team_is_found_by_its_name_whatever_strangers_have_taken(directory, application):
    eve = application.as_session(proved(directory, "eve"))
    eve.teams.create("Ours", id="Family")
    ada = application.as_session(proved(directory, "ada"))
    family = ada.teams.create("Family 2").id
    directory.teams.update_name(family, "Family")
    assert ada.teams.get("Family").id == family
    assert ada.teams.update_prefs("Family", {"a": 1}) == {"a": 1}


# A new password


def imported(directory, word, file):
    file.write_text(word)  # the same file is the same import
    record = Record(1, "new", None, id="new", email="curious@example.com", password=Secret(word, is_plain=True))
    options = importing.Options(weak_passwords="refuse")
    importing.import_users(directory, [str(file)], source=Given(record), options=options)


def recovered(directory, word):
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.tokens.redeem("ada", secret, kind="recovery", new_password=word)


NEW_PASSWORDS = {
    "an operator's account": lambda directory, application, session, word: directory.users.create(
        email="curious@example.com", password=word
    ),
    "a sign-up": lambda directory, application, session, word: application.users.create(
        email="curious@example.com", password=word
    ),
    "an operator's change": lambda directory, application, session, word: directory.users.update_password("ada", word),
    "an operator's, to be changed": lambda directory, application, session, word: directory.users.update_password(
        "ada", word, must_change=True
    ),
    "one's own change": lambda directory, application, session, word: application.as_session(
        session
    ).users.update_password("ada", word, current=PASSWORD),
    "a recovery": lambda directory, application, session, word: recovered(application, word),
}
REFUSED = {
    "seven77": "password_too_short",
    "football": "password_in_dictionary",
    "curious-2026": "password_personal_data",
    "the-acme-word": "password_context_word",
    "no digit here": "password_strength",
}


@pytest.mark.parametrize("door", NEW_PASSWORDS)
def test_every_way_to_a_new_password_obeys_the_policy(directory, application, door):
    session = proved(directory, "ada", email="curious@example.com")
    directory.security.set("password-context-words", ["acme"])
    directory.security.set("password-strength", "digit")
    count = directory.users.count()
    if "account" in door or "sign-up" in door:
        directory.users.update_email("ada", "other@example.com")
    for word, type in REFUSED.items():
        with pytest.raises(Exception, match=r"^The password|^password") as refused:
            NEW_PASSWORDS[door](directory, application, session, word)
        assert type in [problem.type for problem in refused.value.problems], word
    assert directory.users.count() == count
    assert directory.users.verify_password("ada", PASSWORD)
    assert NEW_PASSWORDS[door](directory, application, session, "a fine one of 2026") is not False


def test_an_import_that_checks_plain_passwords_obeys_it_too(directory, tmp_path):
    directory.security.set("password-context-words", ["acme"])
    directory.security.set("password-strength", "digit")
    for word in REFUSED:
        imported(directory, word, tmp_path / "given")
        assert directory.users.get("new").password is None, word
        directory.users.delete("new")
    imported(directory, "a fine one of 2026", tmp_path / "given")
    assert directory.users.get("new").password is not None


def test_generated_passwords_obey_it(directory, run):
    """Whatever it asks for."""
    directory.security.set("password-strength", "upper,lower,digit,symbol")
    directory.security.set("password-min-length", 20)
    for number in range(20):
        ran = run(f"users create --id u{number} --generate-password -o json")
        assert ran.status == 0, ran.stderr
        assert len(json.loads(ran.stdout)["generated_password"]) >= 20


# A blocked user


def sign_ins(directory, application):
    """Each way in, prepared before the block."""
    secret = proved(directory, "ada", phone=PHONE, phone_verified=True)
    directory.users.create_identity("ada", "google", "118")
    half = application.sessions.create("ada", PASSWORD).secret
    challenge = application.mfa.create_challenge(half, "email", print_secret=True)
    jwt = application.sessions.create_jwt(secret).jwt
    directory.teams.create("Maths", id="maths")
    invited = directory.teams.create_membership("maths", user="ada", print_secret=True)
    tokens = {
        "email": application.tokens.create_email("ada@example.com", print_secret=True).secret,
        "magic-url": application.tokens.create_magic_url("ada@example.com", print_secret=True).secret,
        "phone": application.tokens.create_phone(PHONE, print_secret=True).secret,
        "token": directory.tokens.create("ada").secret,
        "recovery": directory.tokens.create_recovery("ada", print_secret=True).secret,
    }
    new = {"recovery": NEW}
    return {
        "password": lambda: application.sessions.create("ada", PASSWORD),
        "identity": lambda: application.sessions.create_with_identity("google", "118"),
        "an operator's session": lambda: directory.users.create_session("ada"),
        "an operator's token": lambda: directory.tokens.create("ada"),
        "challenge": lambda: application.mfa.complete_challenge(half, challenge.id, challenge.secret),
        "session": lambda: application.sessions.get(secret),
        "longer": lambda: application.sessions.update(secret),
        "jwt": lambda: application.sessions.verify_jwt(jwt),
        "new jwt": lambda: application.sessions.create_jwt(secret),
        "person": lambda: application.as_session(secret).users.get("ada"),
        "invitation": lambda: application.teams.update_membership_status(
            "maths", invited.membership.id, "ada", invited.secret
        ),
        **{
            kind: lambda kind=kind, token=token: application.tokens.redeem(
                "ada", token, kind=kind, new_password=new.get(kind)
            )
            for kind, token in tokens.items()
        },
    }


def test_a_block_closes_every_way_in(directory, application):
    ways = sign_ins(directory, application)
    directory.users.update_status("ada", "blocked")
    allowed = {"user_blocked", "user_invalid_token", "user_unauthorized"}
    assert {name: found for name, way in ways.items() if (found := refusal(way)) not in allowed} == {}
    assert application.tokens.create_email("ada@example.com", print_secret=True)  # which nobody is told from another
    assert [token.ended_reason for token in directory.tokens.list("ada")] == []
    directory.users.update_status("ada", "active")
    left = {"password", "identity", "an operator's session", "an operator's token", "invitation"}
    assert {name for name, way in ways.items() if refusal(way) is None} == left


# What is bounded by the policy


def test_the_user_limit_is_at_every_door_of_strangers(directory, application):
    directory.security.set("user-limit", 1)
    directory.users.create(id="ada")
    doors = {
        **{name: lambda each=each: each(application, "eve") for name, each in SIGN_UPS.items()},
        "anonymous": application.sessions.create_anonymous,
        "identity": lambda: application.sessions.create_with_identity("google", "1"),
    }
    assert {name: refusal(door) for name, door in doors.items()} == dict.fromkeys(doors, "user_count_exceeded")
