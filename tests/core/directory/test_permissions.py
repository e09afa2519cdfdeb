"""Who may use which verb: the whole table, each cell of it tried, on both databases."""

from dataclasses import dataclass

import pytest
from doubles.verbs import ALSO, SAMPLES, VERBS, arguments, call

from authctl.core.directory.directory import Door
from authctl.core.directory.verbs import Group, reads
from authctl.core.work.unit import By
from authctl.errors import AuthctlError, Denied, NotFound

PASSWORD = SAMPLES["password"]

# O operator, A application, and of people: P signed in, N anonymous, H with one factor of two, M who must change the
# password. Nobody else may anything: not whoever has a wrong secret, nor whoever has none.
WHO_MAY = dict(
    line.split()
    for line in """
    users.create                        OA
    users.get                           OPN
    users.list                          O
    users.iterate                       O
    users.count                         O
    users.count_up_to                   O
    users.delete                        O
    users.update_name                   OPN
    users.update_username               O
    users.update_locale                 OPN
    users.update_email                  OPN
    users.update_phone                  OPN
    users.update_email_verification     O
    users.update_phone_verification     O
    users.update_labels                 O
    users.get_prefs                     OPN
    users.update_prefs                  OPN
    users.update_metadata               O
    users.update_status                 O
    users.update_password               OPNM
    users.remove_password               O
    users.require_password_change       O
    users.wrap_password                 O
    users.verify_password               O
    users.unlock                        O
    users.secure                        OPN
    users.merge                         O
    users.list_logs                     OPN
    users.list_roles                    OPN
    users.create_session                O
    users.list_sessions                 OPN
    users.delete_session                OPN
    users.delete_sessions               OPN
    users.delete_everybodys_sessions    O
    users.create_identity               OPN
    users.list_identities               OPN
    users.delete_identity               OPN
    users.list_memberships              OPN
    users.iterate_memberships           OPN
    users.count_memberships             OPN
    sessions.create                     OA
    sessions.create_anonymous           OA
    sessions.create_with_identity       OA
    sessions.get                        OAPN
    sessions.update                     OAPN
    sessions.delete                     OAPNHM
    sessions.create_jwt                 OAPN
    sessions.verify_jwt                 OA
    tokens.create                       O
    tokens.create_email                 OA
    tokens.create_phone                 OA
    tokens.create_magic_url             OA
    tokens.create_email_verification    OAPNM
    tokens.create_phone_verification    OAPNM
    tokens.create_recovery              OA
    tokens.create_email_change          OPN
    tokens.create_phone_change          OPN
    tokens.redeem                       OAPNM
    tokens.list                         O
    tokens.find_kind                    O
    tokens.list_live                    O
    tokens.delete                       O
    tokens.purge                        O
    mfa.status                          OPN
    mfa.list_factors                    OPNHM
    mfa.enable                          OPN
    mfa.disable                         OPN
    mfa.create_authenticator            OPN
    mfa.verify_authenticator            OPN
    mfa.delete_authenticator            OPN
    mfa.create_recovery_codes           OPN
    mfa.regenerate_recovery_codes       OPN
    mfa.create_challenge                OAPNHM
    mfa.complete_challenge              OAPNHM
    mfa.reset                           O
    teams.create                        OPN
    teams.get                           OPN
    teams.list                          OPN
    teams.iterate                       OPN
    teams.count                         OPN
    teams.update_name                   OPN
    teams.delete                        OPN
    teams.get_prefs                     OPN
    teams.update_prefs                  OPN
    teams.create_membership             OPN
    teams.list_memberships              OPN
    teams.iterate_memberships           OPN
    teams.count_memberships             OPN
    teams.get_membership                OPN
    teams.update_membership             OPN
    teams.update_membership_status      OAPN
    teams.delete_membership             OPN
    security.show                       O
    security.set                        O
    security.reset                      O
    security.apply                      O
    security.check_password             O
    security.list_logs                  O
    security.iterate_logs               O
    security.follow_logs                O
    security.verify_logs                O
    security.show_jwks                  OA
    security.rotate_jwt_key             O
    security.create_mock_phone          O
    security.list_mock_phones           O
    security.delete_mock_phone          O
    security.test_delivery              O
    security.unlock_source              O
    security.purge                      O
    """.strip().splitlines()
)
# These are given a session's secret, and belong to whoever has it.
OF_SESSIONS = {
    "sessions.get",
    "sessions.update",
    "sessions.delete",
    "sessions.create_jwt",
    "mfa.create_challenge",
    "mfa.complete_challenge",
}
REFUSALS = ("user_unauthorized", "user_more_factors_required", "user_password_reset_required")
OF_PEOPLE = [verb for verb, who in WHO_MAY.items() if "P" in who and verb not in OF_SESSIONS]


@dataclass(frozen=True)
class Actor:
    """Somebody who tries verbs: by which door, with which secret, and on what, by the names of the arguments.

    door: for what an application does with a secret that it is given.
    """

    directory: Door
    door: Door
    secret: str | None = None
    own: dict[str, str] | None = None

    def may(self, verb):
        """Whether the verb is refused to that actor, and not for another reason."""
        is_of_session = verb in OF_SESSIONS and self.secret is not None
        given = arguments(verb, **(self.own or {})) | ({"secret": self.secret} if is_of_session else {})
        door = self.door if is_of_session else self.directory
        refused = refusal(door.acting(door.actor, dry_run=True), verb, **given)
        return refused is None or refused.type not in REFUSALS


def refusal(directory, verb, **given):
    try:
        call(directory, verb, **given)
    except AuthctlError as error:
        return error
    return None


def theirs(directory, id):
    """What is that person's, by the names of the arguments."""
    directory.teams.create("Own", id=f"of-{id}", owner=id)
    (membership,) = directory.teams.list_memberships(f"of-{id}")
    return {
        "user": id,
        "team": f"of-{id}",
        "membership": membership.id,
        "identity": directory.users.create_identity(id, "github", id).id,
        "session": directory.users.create_session(id).session.id,
    }


def signed_up(directory, id, **options):
    directory.users.create(id=id, email=f"{id}@example.com", email_verified=True, password=PASSWORD, **options)
    return theirs(directory, id)


def person(directory, application, id):
    own = signed_up(directory, id)
    if id == "half":
        directory.mfa.create_recovery_codes(id)
        directory.mfa.enable(id)
    if id == "must-change":
        directory.users.require_password_change(id)
    secret = application.sessions.create(id, PASSWORD).secret
    return Actor(application.as_session(secret), application, secret, own)


def anonymous(directory, application):
    signed_in = application.sessions.create_anonymous()
    own = theirs(directory, signed_in.session.user_id)
    return Actor(application.as_session(signed_in.secret), application, signed_in.secret, own)


ACTORS = {
    "O": lambda directory, application: Actor(directory, directory, own=signed_up(directory, "bob")),
    "A": lambda directory, application: Actor(application, application, own=signed_up(directory, "bob")),
    "P": lambda directory, application: person(directory, application, "ada"),
    "N": anonymous,
    "H": lambda directory, application: person(directory, application, "half"),
    "M": lambda directory, application: person(directory, application, "must-change"),
}


@pytest.mark.parametrize("kind", ACTORS)
def test_every_verb_is_tried_by_every_kind_of_actor(kind, directory, application):
    actor = ACTORS[kind](directory, application)
    if kind in "OA":  # who have the secret of a session that may act
        own = application.sessions.create("bob", PASSWORD).secret
        actor = Actor(actor.directory, actor.directory, own, actor.own)
    wrong = [(verb, who) for verb, who in WHO_MAY.items() if actor.may(verb) != (kind in who)]
    assert wrong == []


def test_the_table_is_of_every_verb():
    assert WHO_MAY.keys() == VERBS.keys()


def test_a_verb_without_an_entry_is_an_error_at_import():
    with pytest.raises(TypeError):
        reads(lambda work: None)
    with pytest.raises(TypeError, match=r"Teams\.rename does not say who may use it"):
        type("Teams", (Group,), {"rename": lambda work: None})


@pytest.mark.parametrize("secret", [None, "", 5, b"secret", True, [], "\ud800", "5a" * 32], ids=range(8))
def test_a_secret_that_is_none_acts_for_nobody(directory, application, secret):
    for door in (directory, application):
        nobody = door.as_session(secret)
        for verb in VERBS:
            refused = refusal(nobody, verb, **arguments(verb))
            assert isinstance(refused, Denied), verb
            assert refused.type == "user_unauthorized", verb
        for verb in OF_SESSIONS:
            refused = refusal(door, verb, **arguments(verb) | {"secret": secret})
            assert refused.type in ("user_unauthorized", "general_argument_invalid"), verb


def test_whoever_acts_for_a_person_never_becomes_somebody_else(directory, application):
    """Whatever is made of the door of a person, it is that person's."""
    ada = ACTORS["P"](directory, application).directory
    for each in (ada.acting(ada.actor), ada.from_request(ip="192.0.2.7"), ada.acting(ada.actor, dry_run=True)):
        assert refusal(each, "users.delete", user="ada").type == "user_unauthorized"
    assert refusal(ada.as_session(None), "users.get", user="ada").type == "user_unauthorized"


def test_the_program_itself_may_use_no_verb(directory, application):
    for door in (directory, application):
        itself = door.operating()
        assert itself.by is By.PROGRAM
        assert all(isinstance(refusal(itself, verb, **arguments(verb)), Denied) for verb in VERBS)


def test_a_person_reaches_nobody_elses_account_or_team(directory, application):
    ada = ACTORS["P"](directory, application).directory
    others = signed_up(directory, "bob")
    before = everything_of(directory, "bob")
    for verb in OF_PEOPLE:
        given = arguments(verb, **others, password=PASSWORD, current=PASSWORD)
        if not given.keys() & others.keys():
            continue
        refused = refusal(ada, verb, **given)
        assert isinstance(refused, Denied | NotFound), (verb, refused)
    assert everything_of(directory, "bob") == before


def everything_of(directory, id):
    return (
        directory.users.get(id),
        directory.teams.get(f"of-{id}"),
        directory.teams.list_memberships(f"of-{id}"),
        directory.users.list_identities(id),
        directory.users.list_sessions(id),
        directory.tokens.list(id),
        directory.mfa.list_factors(id),
    )


def test_arguments_are_samples_of_what_the_verbs_take():
    assert ALSO.keys() <= VERBS.keys()
    for verb in VERBS:
        assert arguments(verb).keys() >= ALSO.get(verb, {}).keys()
