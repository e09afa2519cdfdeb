"""Every verb of every group of a directory, and arguments that each takes."""

import inspect
from collections.abc import Iterator

from authctl.core.directory import mfa, security, sessions, teams, tokens, users
from authctl.core.directory.verbs import flow, reads, writes

GROUPS = (users.Users, sessions.Sessions, tokens.Tokens, mfa.Mfa, teams.Teams, security.Security)

# "users.get" → what the table of its group says of it.
VERBS = {
    f"{group.__name__.lower()}.{name}": verb
    for group in GROUPS
    for name, verb in vars(group).items()
    if isinstance(verb, reads | writes | flow)
}

# By name, whatever the verb: each is well formed, and need not be there.
SAMPLES = {
    "user": "ada",
    "into": "bob",
    "team": "acme",
    "email": "new@example.com",
    "phone": "+4915123456789",
    "address": "+4915123456789",
    "channel": "sms",
    "limit": 5,
    "name": "Ada",
    "username": "countess",
    "locale": "de",
    "password": "correct horse battery",
    "secret": "5a" * 32,
    "token": "token",
    "code": "123456",
    "factor": "totp",
    "challenge": "challenge",
    "session": "session",
    "identity": "identity",
    "membership": "membership",
    "provider": "google",
    "provider_uid": "118",
    "prefs": {},
    "metadata": {},
    "status": "blocked",
    "verified": True,
    "value": "on",
    "wanted": {},
}
ALSO = {
    "security.set": {"name": "session-alerts"},
    "security.unlock_source": {"address": "192.0.2.7"},
    "tokens.redeem": {"kind": "email"},
    "teams.create_membership": {"user": "ada"},
    "teams.update_membership": {"roles": ["owner"]},
}


class Looked(Exception):
    """Ends what follows the log."""


def wait():
    raise Looked


def bound(directory, verb):
    """The verb of that name, as an application calls it."""
    group, name = verb.split(".")
    return getattr(getattr(directory, group), name)


def arguments(verb, **known):
    """What a verb needs, by name; known: what it should be where the verb takes it."""
    taken = inspect.signature(VERBS[verb].function).parameters
    needed = [name for name, each in taken.items() if each.default is each.empty][1:]
    given = {name: wait if name == "wait" else SAMPLES[name] for name in needed} | ALSO.get(verb, {})
    return given | {name: value for name, value in known.items() if name in taken}


def call(directory, verb, **given):
    """Do it with those arguments; what is streamed as a list, and what follows the log until it first waits."""
    try:
        result = bound(directory, verb)(**given)
        return list(result) if isinstance(result, Iterator) else result
    except Looked:
        return None
