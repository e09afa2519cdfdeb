"""What the policy has against a new password: every rule that one password can be held against by itself.

Length, the most common passwords, the user's own data, kinds of characters, context words, breaches. History is in
passwords.py, because it needs the stored hashes. All failures are told at once, each with its type, and none of them
repeats the password. All rules look at the form that is hashed, NFC; comparisons are after NFKC and without case, so
that `Ｐassword` is `password`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Protocol

from authctl.core import hashing
from authctl.core.credentials import breached
from authctl.core.policy.policies import Policy
from authctl.core.values import checks, identifiers
from authctl.errors import Invalid, Problem
from authctl.model import fold

COMMON = 10_000  # passwords; ASVS 5.0 §6.2.4 asks for 3,000 at least that the length policy lets through
LEAST_LENGTH = 8  # characters; what the length policy lets through at its lowest
SHORTEST_DATUM = 4  # characters; a user called Ada may have a password with "ada" in it
ESTIMATED = 72  # characters; zxcvbn takes seconds for long ones, and these say enough


class PersonalData(Protocol):
    """What is known of somebody, and others know too: a user, or the row that one is about to be."""

    @property
    def id(self) -> str: ...
    @property
    def username(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...


def failures(password: str, policy: Policy, *, user: PersonalData | None) -> list[Problem]:
    """All that the policy has against a password for that user; nothing where it is good.

    user: the account, or one that is about to be made; None where there is none, and no personal data.
    Raises Unavailable where the file of breached passwords cannot be read.
    """
    password = hashing.composed(password)
    # The limits alone: nothing else is done with a text of any length.
    return limits(password) or [problem for problem in _failures(password, policy, user) if problem is not None]


def limits(password: str) -> list[Problem]:
    """What no policy lets through: text that cannot be stored, and more of it than is hashed."""
    password = hashing.composed(password)
    try:
        checks.text(password, "password")
    except Invalid as error:
        return list(error.problems)
    return [_too_long(password)] if len(password) > identifiers.MAX_PASSWORD else []


def _failures(password: str, policy: Policy, user: PersonalData | None) -> Iterator[Problem | None]:
    folded = fold(password)
    yield _too_short(password, policy["password-min-length"])
    if policy["password-dictionary"]:
        yield _common(folded)
    if policy["password-personal-data"] and user is not None:
        yield _personal(password, user)
    yield _weak(password, policy["password-strength"])
    yield _in_context(folded, policy["password-context-words"])
    if policy["password-breached-file"] is not None:
        yield _breached(password, policy["password-breached-file"])


# The rules


def _too_short(password: str, minimum: int) -> Problem | None:
    if len(password) >= minimum:
        return None
    return _problem("password_too_short", f"The password is too short. Use at least {minimum} characters.")


def _too_long(password: str) -> Problem:
    return _problem(
        "password_too_long", f"The password is too long. Use at most {identifiers.MAX_PASSWORD} characters."
    )


def _common(folded: str) -> Problem | None:
    if folded not in _common_passwords():
        return None
    return _problem("password_in_dictionary", "The password is too common. Choose a less common one.")


@cache
def _common_passwords() -> frozenset[str]:
    """The most common passwords, and as many that are long enough to be let through, from zxcvbn's ranked list."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    ranked = FREQUENCY_LISTS["passwords"]
    long_enough = [password for password in ranked if len(password) >= LEAST_LENGTH]
    return frozenset(fold(password) for password in (*ranked[:COMMON], *long_enough[:COMMON]))


def _personal(password: str, user: PersonalData) -> Problem | None:
    """A datum that is a word counts as a whole one alone, so that Rose may prosecute; any other counts anywhere."""
    from unicodedata import normalize

    shown = normalize("NFKC", password)
    folded, words = fold(shown), {fold(word) for way in _WORDS for word in re.split(way, shown)}
    data = ((label, fold(datum)) for label, datum in personal_data(user))
    found = next((label for label, datum in data if datum in (words if datum.isalpha() else folded)), None)
    if found is None:
        return None
    return _problem("password_personal_data", f"The password contains the user's {found}. Leave it out.")


_WORDS = (r"[\W\d_]+", r"[\W\d_]+|(?<=[a-z])(?=[A-Z])")  # AdaLovelace is one word, and two


def personal_data(user: PersonalData) -> Iterator[tuple[str, str]]:
    """What must not be in a user's password, each with what it is: the id, email and its part before the @, name, its
    words and these run together, username, phone with and without +. What is shorter than four characters is in too
    many passwords to count.
    """
    data = [("id", user.id)]
    if user.email:
        data += (("email", user.email), ("email", user.email.rpartition("@")[0]))
    if user.name:
        words = re.split(r"[\W_]+", user.name)
        data += (("name", word) for word in (user.name.strip(), *words, "".join(words)))
    if user.username:
        data.append(("username", user.username))
    if user.phone:
        data += (("phone", user.phone), ("phone", user.phone.removeprefix("+")))
    return ((label, datum) for label, datum in data if len(datum) >= SHORTEST_DATUM)


def _weak(password: str, wanted: frozenset[str]) -> Problem | None:
    if not wanted:
        return None
    missing = wanted - _kinds(password)
    if not missing:
        return None
    return _problem(
        "password_strength",
        (f"The password needs {_and([words for kind, words in _KINDS.items() if kind in missing])}."),
    )


_KINDS = {
    "upper": "an upper-case letter",
    "lower": "a lower-case letter",
    "digit": "a digit",
    "symbol": "a symbol",
}


def _kinds(password: str) -> set[str]:
    """The kinds of characters that a password has. A symbol is what is no letter, number or whitespace."""
    from unicodedata import category

    found = set()
    for character in password:
        group = category(character)
        if group in ("Lu", "Lt"):
            found.add("upper")
        elif group == "Ll":
            found.add("lower")
        elif group[0] == "N":
            found.add("digit")
        elif group[0] != "L" and not character.isspace():
            found.add("symbol")
    return found


def _in_context(folded: str, words: tuple[str, ...]) -> Problem | None:
    found = next((word for word in words if fold(word) in folded), None)
    if found is None:
        return None
    return _problem("password_context_word", f"The password contains {checks.shown(found)}. Leave it out.")


def _breached(password: str, path: str) -> Problem | None:
    if not breached.count(path, password):
        return None
    return _problem("password_breached", "The password was leaked in a breach. Choose another one.")


# An estimate


def estimate(password: str, *, user: PersonalData | None = None) -> tuple[int, str]:
    """How hard a password is to guess by zxcvbn: 0 (very easy) to 4 (very hard), and how long it would take, in words.

    The time is that of somebody who has stolen the hashes and tries ten thousand a second.
    """
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]

    password = hashing.composed(password)
    if not password:
        return 0, "less than a second"  # zxcvbn fails on it
    known = [datum for _, datum in personal_data(user)] if user else []
    found = zxcvbn(password[:ESTIMATED], user_inputs=known, max_length=ESTIMATED)
    return found["score"], str(found["crack_times_display"]["offline_slow_hashing_1e4_per_second"])


# Inside


def _and(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _problem(type: str, message: str) -> Problem:
    return Problem(type, message, "password")
