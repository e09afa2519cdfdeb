"""Who may use which verb: what the tables of the groups say, tried with every verb, on both databases."""

import pytest
from doubles.verbs import ALSO, SAMPLES, VERBS, arguments, call

from authctl.errors import AuthctlError, Denied, NotFound

PASSWORD = SAMPLES["password"]
FOR_OPERATORS = "This is for operators. You can only see and change your own account."


@pytest.fixture
def person(directory):
    """The directory as Ada sees it, who owns a team."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    person.teams.create("Acme", id="acme")
    return person


@pytest.fixture
def others(directory):
    """What a person has nothing to do with, by the names of the arguments: somebody else, with a team."""
    directory.users.create(id="bob", email="bob@example.com", password=PASSWORD)
    directory.teams.create("Others", id="others", owner="bob")
    (membership,) = directory.teams.list_memberships("others")
    identity = directory.users.create_identity("bob", "google", "118")
    session = directory.users.create_session("bob").session
    return {
        "user": "bob",
        "team": "others",
        "membership": membership.id,
        "identity": identity.id,
        "session": session.id,
    }


def refusal(directory, verb, **given):
    try:
        call(directory, verb, **given)
    except AuthctlError as error:
        return error
    return None


OF_PEOPLE = [name for name, verb in VERBS.items() if verb.person]
OF_OPERATORS = [name for name, verb in VERBS.items() if not verb.person]


def test_a_person_is_refused_what_is_for_operators(person):
    for verb in OF_OPERATORS:
        refused = refusal(person, verb, **arguments(verb))
        assert isinstance(refused, Denied), verb
        assert (refused.type, refused.message) == ("user_unauthorized", FOR_OPERATORS), verb


def test_a_person_is_not_refused_what_the_table_gives(directory, person):
    """Each on what is the person's own: whatever else there may be against it, it is not the person."""
    membership = person.teams.list_memberships("acme")[0].id
    identity = directory.users.create_identity("ada", "github", "5").id
    dry = person.acting(person.actor, dry_run=True)
    for verb in OF_PEOPLE:
        refused = refusal(dry, verb, **arguments(verb, membership=membership, identity=identity))
        assert refused is None or refused.type != "user_unauthorized", (verb, refused)


def test_a_person_reaches_nobody_elses_account_or_team(directory, person, others):
    before = everything_of(directory)
    for verb in OF_PEOPLE:
        given = arguments(verb, **others, password=PASSWORD, current=PASSWORD)
        if not given.keys() & others.keys():
            continue
        refused = refusal(person, verb, **given)
        assert isinstance(refused, Denied | NotFound), (verb, refused)
    assert everything_of(directory) == before


def everything_of(directory):
    return (
        directory.users.get("bob"),
        directory.teams.get("others"),
        directory.teams.list_memberships("others"),
        directory.users.list_identities("bob"),
        directory.users.list_sessions("bob"),
        directory.tokens.list("bob"),
        directory.mfa.list_factors("bob"),
    )


def test_an_operator_is_refused_nothing_for_being_one(directory, person, others):
    dry = directory.acting(directory.actor, dry_run=True)
    for verb in VERBS:
        refused = refusal(dry, verb, **arguments(verb, **others))
        assert refused is None or refused.message != FOR_OPERATORS, verb


@pytest.mark.parametrize("secret", [None, "", 5, b"secret", "\ud800", "5a" * 32], ids=range(6))
def test_a_secret_that_is_none_acts_for_nobody(directory, secret):
    nobody = directory.as_session(secret)
    for verb in VERBS:
        refused = refusal(nobody, verb, **arguments(verb))
        assert isinstance(refused, Denied), verb
        assert refused.type == "user_unauthorized", verb


def test_arguments_are_samples_of_what_the_verbs_take():
    assert ALSO.keys() <= VERBS.keys()
    for verb in VERBS:
        assert arguments(verb).keys() >= ALSO.get(verb, {}).keys()
