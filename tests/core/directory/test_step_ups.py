"""Which verbs ask a person to step up: each of those for people tried in an old session, on both databases."""

from importlib import import_module

from doubles.verbs import VERBS, arguments, call

from authctl.cli import app
from authctl.core.work.unit import PERSON
from authctl.errors import AuthctlError

ASKS = {
    "users.update_email",
    "users.update_phone",
    "users.update_password",
    "users.secure",
    "users.create_identity",
    "users.delete_identity",
    "tokens.create_email_change",
    "tokens.create_phone_change",
    "mfa.enable",
    "mfa.disable",
    "mfa.create_authenticator",
    "mfa.delete_authenticator",
    "mfa.create_recovery_codes",
    "mfa.regenerate_recovery_codes",
}
OF_PEOPLE = [name for name, verb in VERBS.items() if PERSON in verb.by]


def test_the_table_says_which_ask():
    assert {name for name, verb in VERBS.items() if verb.steps_up} == ASKS


def test_every_verb_of_people_is_tried_in_an_old_session(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    secret = directory.tokens.redeem("ada", code, kind="email").secret
    identity = directory.users.create_identity("ada", "github", "1").id
    clock.forward(days=60)
    person = directory.as_session(secret)
    person.dry_run = True

    def asks(verb):
        try:
            call(person, verb, **arguments(verb, identity=identity))
        except AuthctlError as error:
            return error.type == "user_challenge_required"
        return False

    assert {verb for verb in OF_PEOPLE if asks(verb)} == ASKS


def test_their_commands_take_what_is_given_again():
    groups = [import_module(module).COMMANDS for module, _ in app.GROUPS.values()]
    commands = {
        f"{group.group}.{name.replace('-', '_')}"
        for group in groups
        for name in group.names
        if group.get(name).steps_up
    }
    assert commands == ASKS
