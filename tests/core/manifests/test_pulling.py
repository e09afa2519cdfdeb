"""What `pull` writes of any directory, `apply` finds nothing to do for; and in an empty one, it makes the same."""

import tomllib
from contextlib import suppress

import pytest
from doubles.values import JSON, TEXT
from hypothesis import HealthCheck, given, settings, strategies as st

from authctl.core.accounts import records
from authctl.core.manifests import applying, pulling, reading
from authctl.errors import AuthctlError, Denied, Invalid
from authctl.model import NewUser

NUMBERS = st.integers(0, 99)
PHONE = NUMBERS.map(lambda number: f"+4420794601{number:02}")
EMAIL = NUMBERS.map(lambda number: f"user{number}@example.com")
# Ids of other systems may be read as something else, and as others' phones and usernames.
ID = (
    NUMBERS.map(lambda number: f"u{number}")
    | EMAIL
    | PHONE
    | PHONE.map(lambda phone: phone[1:])
    | NUMBERS.map(lambda number: f"ada {number}")
    | NUMBERS.map(lambda number: f"id:u{number}")
    | NUMBERS.map(lambda number: f"username:name{number}")
    | st.sampled_from(["1-555", "Zoë", "x" * 255])
)
WORDS = st.lists(st.sampled_from(["admin", "staff", "beta", "vip"]), unique=True, max_size=3)
USER = st.fixed_dictionaries(
    {"id": ID},
    optional={
        "username": NUMBERS.map(lambda number: f"Name{number}"),
        "email": EMAIL,
        "phone": PHONE,
        "name": TEXT,
        "labels": WORDS.map(tuple),
        "prefs": JSON,
        "metadata": JSON,
        "locale": st.sampled_from(["de", "pt-BR"]),
        "email_verified": st.booleans(),
        "phone_verified": st.booleans(),
    },
)
TEAM = st.fixed_dictionaries(
    {"id": NUMBERS.map(lambda number: f"t{number}"), "name": st.sampled_from(["Maths", "t1", "[x]\n"])}
)
POLICY = st.sampled_from(
    [
        ("session-idle-timeout", "off"),
        ("session-idle-timeout", "1h30m"),
        ("password-strength", "upper,digit"),
        ("password-context-words", "acme,school"),
        ("sms-countries", "GB,1-876"),
        ("mfa-required", "admin,staff"),
        ("trusted-sources", "192.0.2.0/24"),
        ("jwt-audience", 'say "hi"'),
        ("user-limit", "0"),
        ("change-needs-old", "off"),
    ]
)


def pulled(directory, **chosen):
    return "".join(pulling.pull(directory, **chosen))


def differences(directory, text):
    """What has to be done so that a directory is as a text says; nothing is."""
    manifest = reading.read("pulled", [("pulled.toml", text)])
    plan = applying.apply(directory.acting(directory.actor, dry_run=True), manifest)
    return [step.public() for step in plan.steps]


# All that happens in a directory: who is made and how, which teams, who joins them, and what else.
HAPPENINGS = st.fixed_dictionaries(
    {
        "users": st.lists(st.tuples(USER, st.booleans()), max_size=4),
        "teams": st.lists(st.tuples(TEAM, JSON), max_size=2),
        "members": st.lists(st.tuples(WORDS, st.booleans()), min_size=4, max_size=4),
        "until": st.sampled_from([None, "2h"]),
        "policy": POLICY,
    }
)


def fill(directory, users, teams, members, until, policy):
    """Do a few things of any kind in a directory; what is refused is not done."""
    ids = []
    for user, self_service in users:
        new = NewUser(**user)
        if new.email_verified > (new.email is not None) or new.phone_verified > (new.phone is not None):
            continue
        with suppress(AuthctlError):
            ids.append(directory.write(records.insert_new, new, self_service=self_service).id)
    for team, prefs in teams:
        with suppress(AuthctlError):
            directory.teams.create(**team)
            directory.teams.update_prefs(f"id:{team['id']}", prefs)
        for id, (roles, is_invited) in zip(ids, members, strict=False):
            with suppress(AuthctlError):
                invites = {"invite": True, "print_secret": True} if is_invited else {}
                directory.teams.create_membership(f"id:{team['id']}", user=f"id:{id}", roles=roles, **invites)
    for id in ids[:1]:
        directory.users.update_status(f"id:{id}", "blocked", until=until)
    directory.security.set(*policy)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HAPPENINGS)
def test_pulled_and_applied_differs_in_nothing(directory, happenings):
    fill(directory, **happenings)  # on top of what the examples before have left
    text = pulled(directory)
    assert differences(directory, text) == [], text
    for chosen in ({"teams": True}, {"users": ["labels ~ staff"]}, {"policy": True}):
        assert differences(directory, pulled(directory, **chosen)) == []


def test_what_is_pulled_makes_the_same_directory_elsewhere(directory, application, clock):
    ids = [
        directory.users.create(
            id="ada", username="Countess", email="ada@example.com", email_verified=True, phone="+442079460123",
            name='A "quoted"\nname\x7f', labels=["staff"], prefs={"theme": "dark", "": [1.5, {"a": None}]},
            metadata={"big": 10**30, "small": 1e-7, "inner": {"b c": True}}, locale="de",
        ).id,
        directory.users.create(id="bob", blocked=True).id,
    ]  # fmt: skip
    directory.teams.create("Maths", id="maths")
    directory.teams.update_prefs("maths", {"room": 4})
    directory.teams.create_membership("maths", user="ada", roles=["owner", "teacher"])
    directory.security.set("session-duration", "30d")
    directory.security.create_mock_phone("+13334445555", "123456")
    text = pulled(directory)
    assert tomllib.loads(text)["users"][0]["prefs"] == '{"theme": "dark", "": [1.5, {"a": null}]}'
    assert tomllib.loads(text)["users"][0]["metadata"] == {"big": 10**30, "small": 1e-7, "inner": {"b c": True}}
    directory.teams.delete("maths")
    for id in ids:
        directory.users.delete(id)
    directory.security.reset(all=True)
    directory.security.delete_mock_phone("+13334445555")
    assert pulled(directory) == ""
    applying.apply(directory, reading.read("pulled", [("pulled.toml", text)]))
    assert pulled(directory) == text


def test_no_secret_is_pulled(directory):
    directory.users.create(id="ada", email="ada@example.com", password="correct horse battery")
    session = directory.users.create_session("ada")
    text = pulled(directory)
    assert "argon2" not in text
    assert "password" not in text
    assert session.secret not in text


def test_a_person_s_invitation_is_not_pulled(directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    secret = directory.users.create_session("ada").secret
    team = directory.as_session(secret).teams.create("Art")
    owner = directory.as_session(secret)
    with suppress(AuthctlError):  # without a mail server it isn't sent; the membership goes with it
        owner.teams.create_membership(team.id, email="new@example.com")
    assert "new@example.com" not in pulled(directory)


def test_what_is_pulled_is_chosen(directory):
    directory.users.create(id="ada", labels=["staff"])
    directory.users.create(id="bob")
    directory.teams.create("Art", id="art")
    assert tomllib.loads(pulled(directory, users=["labels ~ staff"])) == {"users": [{"id": "ada", "labels": ["staff"]}]}
    assert tomllib.loads(pulled(directory, teams=True)) == {"teams": [{"id": "art", "name": "Art"}]}
    assert pulled(directory, policy=True) == ""
    with pytest.raises(Invalid):
        pulled(directory, users=["nothing = 1"])


def test_it_is_for_operators(application):
    with pytest.raises(Denied):
        pulled(application)
