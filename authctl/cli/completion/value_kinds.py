"""What completes the value of an option or an argument, in one place.

A value's spec is read alike by every shell's script:

    -            nothing: text of one's own
    @users       the hidden command is asked for these
    formats      a list of words; with `,` behind it, of which several may stand with commas between
    presets/     such a list, and files; `/` alone is files
    policy.*     the list that the word before names: `policy.session-limit`
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from authctl.cli.output import Shape

Words = tuple[tuple[str, str], ...]  # each word, and what it means

WIDEST = 100  # characters of a description beside a word

NOTHING = "-"
FILES = "/"

# By the command and the metavar or the option, by the option, or by the metavar alone: the closest holds.
SPECS = {
    "USER": "@users",
    "FROM": "@users",
    "INTO": "@users",
    "TEAM": "@teams",
    "MEMBERSHIP": "@memberships",
    "SESSION": "@sessions",
    "TOKEN": "@tokens",
    "IDENTITY": "@identities",
    "IMPORT": "@imports",
    "CHALLENGE": "@challenges",
    "FILE": FILES,
    "FILE|-": FILES,
    "FILE...": FILES,
    "FILE|FOLDER...": FILES,
    "FILE|PRESET|-": "presets/",
    "--profile": "@profiles",
    "--hash": "hashes",
    "--hash-format": "hashes",
    "--from": "sources",
    "--resume": "@imports",
    "--event": "events,",
    "tokens create-email EMAIL": "@emails",
    "tokens create-magic-url EMAIL": "@emails",
    "tokens create-phone PHONE": "@phones",
    "mfa verify-authenticator --name": "@authenticators",
    "mfa delete-authenticator --name": "@authenticators",
    "teams create-membership --email": "@emails",
    "teams create-membership --phone": "@phones",
    "security show NAME...": "policies",
    "security set NAME": "policies",
    "security set VALUE": "policy.*",
    "security reset NAME...": "policies",
    "security delete-mock-phone PHONE": "@mock-phones",
    "help TOPIC|COMMAND...": "help.*",
}


def spec_of(path: str, parameter: Any, shape: Shape | None, lists: dict[str, Words]) -> str:
    """What completes a parameter's value. Words that it declares itself are put into `lists`."""
    metavar, option = parameter.metavar or "", parameter.opts[-1]
    if option == "--fields":
        return _fields(shape, lists)
    if option == "--output":
        return _formats(shape, lists)
    choices = getattr(parameter.type, "choices", None) or _alternatives(metavar)
    if choices:
        return _listed(parameter.name.replace("_", "-"), [(str(choice), "") for choice in choices], lists)
    return next((SPECS[key] for key in (f"{path} {metavar}", f"{path} {option}", option, metavar) if key in SPECS), "-")


def common_lists() -> dict[str, Words]:
    """The lists that SPECS names."""
    from authctl.core.hashing import registry
    from authctl.core.policy import policies
    from authctl.model import EventName
    from authctl.transfer import sources

    declarations = policies.DECLARATIONS.values()
    return {
        "presets": _plain(tuple(policies.PRESETS)),
        "sources": tuple((name, brief(source.help)) for name, source in sources.NAMES.items()),
        "hashes": tuple((entry.name, brief(entry.help)) for entry in registry.ENTRIES),
        "events": _plain(tuple(EventName)),
        "policies": tuple((each.name, brief(each.help)) for each in declarations),
        **{f"policy.{each.name}": _plain(each.kind.words) for each in declarations if each.kind.words},
    }


def topics() -> Words:
    """What `authctl help` explains beside the commands."""
    from authctl.cli.topics import summaries

    return tuple((name, brief(summary)) for name, summary in summaries().items())


def _fields(shape: Shape | None, lists: dict[str, Words]) -> str:
    """The fields of what the command answers, of which several may be named."""
    if shape is None or not shape.fields:
        return NOTHING
    fields = _plain((*shape.fields, *shape.extras))
    return _listed(f"fields.{shape.name.replace(' ', '-')}", fields, lists) + ","


def _formats(shape: Shape | None, lists: dict[str, Words]) -> str:
    formats = shape.formats if shape is not None else Shape("", ()).formats
    return _listed("formats", _plain(tuple(formats)), lists)


def _alternatives(metavar: str) -> list[str]:
    """`true|false` as words; metavars of kinds of values are in capitals."""
    words = metavar.split("|")
    return words if len(words) > 1 and all(word.islower() for word in words) else []


def _listed(name: str, words: Sequence[tuple[str, str]], lists: dict[str, Words]) -> str:
    """The name under which `lists` has these words; others of that name get a number."""
    number, free = 1, name
    while lists.setdefault(free, tuple(words)) != tuple(words):
        number += 1
        free = f"{name}{number}"
    return free


def _plain(words: Sequence[str]) -> Words:
    return tuple((str(word), "") for word in words)


def brief(help: str | None) -> str:
    """The first sentence of a help text without its full stop, on one line, in letters that every shell can read."""
    text = " ".join((help or "").replace("…", "...").split())
    sentence = text.partition(". ")[0].removesuffix(".")
    return sentence if len(sentence) <= WIDEST else sentence[: WIDEST - 3].rsplit(" ", 1)[0] + "..."
