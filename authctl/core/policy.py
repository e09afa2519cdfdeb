"""The security policies, each declared once. They are in the database: every operator and application obeys them.

A declaration serves validation, `security show|set|reset|apply`, completion, help and README. A value has four forms:
typed for the rules (a timedelta, a bool, a frozenset …), text for the command line (`15m`, `on`, `totp,email`), JSON
for programs (900, true, ["totp", "email"]), and plain for files and the database, which is TOML's (`"15m"`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from authctl.core import values
from authctl.errors import Invalid, Problem
from authctl.model import EventName, Json

NOTHING = ("off", "none", "")  # what clears a policy that may be without a value
MAX_TEXT = 256  # characters of an issuer or audience
MAX_PATH = 4096  # bytes; PATH_MAX of Linux
MAX_WORDS = 1_000
SHORTEST_WORD = 2  # characters; a single one is in most passwords

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
_UNITS = (("y", YEAR), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", timedelta(seconds=1)))


# Kinds of values


class Kind(ABC):
    """What values a policy takes. `read` accepts the typed value and every form of it; the others make the forms.

    range: the values in words. words: those that completion offers. Kinds are no dataclasses, because making those
    costs a millisecond each on every command.
    """

    words: tuple[str, ...] = ()

    @property
    @abstractmethod
    def range(self) -> str:
        """The values in words."""

    @abstractmethod
    def read(self, given: Any, name: str) -> Any:
        """The typed value of whatever form; Invalid names the policy."""

    def text(self, value: Any) -> str:
        return str(value)

    def json(self, value: Any) -> Any:
        return value

    def plain(self, value: Any) -> Any:
        return self.json(value)


class Integer(Kind):
    """A whole number. zero: what 0 means, where it switches the policy off."""

    def __init__(self, minimum: int, maximum: int, zero: str | None = None) -> None:
        self.minimum, self.maximum, self.zero = minimum, maximum, zero

    @property
    def range(self) -> str:
        return f"{self.minimum:,} to {self.maximum:,}" + (f", 0 is {self.zero}" if self.zero else "")

    def read(self, given: Any, name: str) -> int:
        if isinstance(given, str):
            word = values.text(given, name).strip().lower()
            if self.zero is not None and word in NOTHING[:2]:
                return 0
            if re.fullmatch("[+-]?[0-9]{1,18}", word, re.ASCII):
                given = int(word)
        if not isinstance(given, int) or isinstance(given, bool):
            raise _invalid(name, f"takes a whole number, {self.range}; {_shown(given)} is none")
        if not self.minimum <= given <= self.maximum:
            raise _invalid(name, f"takes {self.range}; {given} is out of range")
        return given


class Duration(Kind):
    """A length of time in whole seconds; None where it may be off and is. Numbers are seconds."""

    def __init__(self, minimum: timedelta, maximum: timedelta, *, optional: bool = False) -> None:
        self.minimum, self.maximum, self.optional = minimum, maximum, optional
        self.words = ("off",) if optional else ()

    @property
    def range(self) -> str:
        return ("off, or " if self.optional else "") + f"{_span(self.minimum)} to {_span(self.maximum)}"

    def read(self, given: Any, name: str) -> timedelta | None:
        if self.optional and _is_nothing(given):
            return None
        if not self.minimum and given in NOTHING[:2]:
            return timedelta(0)
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if isinstance(given, str):
            found = self._parsed(given, name)
        elif isinstance(given, timedelta) and not given.microseconds:
            found = given
        else:
            raise _invalid(name, f"takes a duration, {self.range}; {_shown(given)} is none")
        if not self.minimum <= found <= self.maximum:
            raise _invalid(name, f"takes {self.range}; {_span(found)} is out of range")
        return found

    def _parsed(self, given: str, name: str) -> timedelta:
        try:
            return values.duration(given, field=name)
        except Invalid:
            message = f"takes a duration, {self.range}; {_shown(given)} is none: write seconds, or 90s, 15m, 7d, 1y"
            raise _invalid(name, message) from None

    def text(self, value: timedelta | None) -> str:
        return "off" if value is None else _span(value)

    def json(self, value: timedelta | None) -> int | None:
        return None if value is None else int(value.total_seconds())

    def plain(self, value: timedelta | None) -> str:
        return self.text(value)


class Switch(Kind):
    """On or off."""

    range = "on or off"
    words = ("on", "off")

    def read(self, given: Any, name: str) -> bool:
        if isinstance(given, str):
            try:
                return values.boolean(given, field=name)
            except Invalid:
                pass  # the message below fits better
        if not isinstance(given, bool):
            raise _invalid(name, f"is on or off; {_shown(given)} is neither")
        return given

    def text(self, value: bool) -> str:
        return "on" if value else "off"


class Subset(Kind):
    """Some of a few words, in no order: a frozenset. off: what none of them is called."""

    def __init__(self, words: tuple[str, ...], off: str = "off") -> None:
        self.members, self.off = words, off
        self.words = (off, "all", *words)

    @property
    def range(self) -> str:
        return f"{self.off}, all, or any of {', '.join(self.members)}"

    def read(self, given: Any, name: str) -> frozenset[str]:
        if _is_nothing(given):
            return frozenset()
        if isinstance(given, str) and given.strip().lower() == "all":
            return frozenset(self.members)
        found = [word.lower() for word in _parts(given, name)]
        unknown = [word for word in found if word not in self.members]
        if unknown:
            raise _invalid(name, f"takes {self.range}, not {_shown(unknown[0])}{_suggestion(unknown[0], self.members)}")
        return frozenset(found)

    def text(self, value: frozenset[str]) -> str:
        return ",".join(self.json(value)) or self.off

    def json(self, value: frozenset[str]) -> list[str]:
        return [word for word in self.members if word in value]


class Text(Kind):
    """One line of text; None where it may be without and is."""

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional
        self.words = ("none",) if optional else ()

    @property
    def range(self) -> str:
        return ("none, or " if self.optional else "") + f"text of 1 to {MAX_TEXT} characters"

    def read(self, given: Any, name: str) -> str | None:
        if self.optional and _is_nothing(given):
            return None
        found = _line(given, name)
        if not 1 <= len(found) <= MAX_TEXT:
            raise _invalid(name, f"takes {self.range}; this has {len(found)}")
        return found

    def text(self, value: str | None) -> str:
        return "none" if value is None else value

    def plain(self, value: str | None) -> str:
        return value or ""


class Path(Text):
    """The absolute path of a file, or None."""

    def __init__(self) -> None:
        super().__init__(optional=True)

    @property
    def range(self) -> str:
        return "none, or an absolute path"

    def read(self, given: Any, name: str) -> str | None:
        if _is_nothing(given):
            return None
        found = _line(given, name)
        if not found.startswith("/"):
            raise _invalid(name, f"takes an absolute path, which begins with /; {_shown(found)} does not")
        if len(found.encode()) > MAX_PATH:
            raise _invalid(name, f"takes a path of at most {MAX_PATH} bytes")
        return found


class Words(Kind):
    """A list of words, as a tuple in the order given."""

    range = f"none, or words of {SHORTEST_WORD} characters and more: acme,rocket"
    words = ("none",)

    def read(self, given: Any, name: str) -> tuple[str, ...]:
        if _is_nothing(given):
            return ()
        found = tuple(dict.fromkeys(word.strip() for word in _parts(given, name, between=",") if word.strip()))
        if len(found) > MAX_WORDS:
            raise _invalid(name, f"takes at most {MAX_WORDS:,} words; these are {len(found):,}")
        for word in found:
            _line(word, name)
            if not SHORTEST_WORD <= len(word) <= values.MAX_NAME or "," in word or word.lower() in NOTHING:
                raise _invalid(
                    name,
                    f"takes words of {SHORTEST_WORD} to {values.MAX_NAME} characters without commas,"
                    f" and not off or none; {_shown(word)} is none of them",
                )
        return found

    def text(self, value: tuple[str, ...]) -> str:
        return ",".join(value) or "none"

    def json(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


class CallingCodes(Kind):
    """The calling codes of countries as a frozenset of digits; None for any."""

    range = "any, or calling codes such as 44,49"
    words = ("any",)

    def read(self, given: Any, name: str) -> frozenset[str] | None:
        if given is None or (isinstance(given, str) and given.strip().lower() in ("any", "all")):
            return None
        if isinstance(given, (list, tuple, set, frozenset)):
            given = [str(code) if isinstance(code, int) else code for code in given]
        elif isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        codes = [code.removeprefix("+") for code in _parts(given, name)]
        for code in codes:
            if not re.fullmatch("[1-9][0-9]{0,2}", code) or values.calling_code("+" + code) != code:
                raise _invalid(name, f"takes {self.range}; {_shown(code)} is no country's calling code")
        if not codes:
            raise _invalid(name, f"takes {self.range}; to send no SMS at all, configure no provider")
        return frozenset(codes)

    def text(self, value: frozenset[str] | None) -> str:
        return "any" if value is None else ",".join(sorted(value))

    def json(self, value: frozenset[str] | None) -> list[str] | str:
        return "any" if value is None else sorted(value)


class Whom(Kind):
    """Whom a rule is for: "off" for nobody, "all", or whoever has one of the labels of a tuple."""

    range = "off, all, or labels with commas between"
    words = ("off", "all")
    no_labels = (
        "off",
        "none",
        "all",
        "on",
        "yes",
        "true",
        "no",
        "false",
        "everybody",
    )  # whoever types one means a rule

    def read(self, given: Any, name: str) -> str | tuple[str, ...]:
        if _is_nothing(given):
            return "off"
        if isinstance(given, str) and given.strip().lower() == "all":
            return "all"
        labels = values.labels(_parts(given, name), field=name)
        reserved = [label for label in labels if label.lower() in self.no_labels]
        if reserved:
            raise _invalid(name, f"takes {self.range}; {_shown(reserved[0])} cannot stand among labels")
        return labels

    def text(self, value: str | tuple[str, ...]) -> str:
        return value if isinstance(value, str) else ",".join(value)

    def json(self, value: str | tuple[str, ...]) -> str | list[str]:
        return value if isinstance(value, str) else list(value)


# The declarations


class Declaration:
    """A policy: its name, what it may be, what it is when nobody set it, and what it means.

    presets: what it is in the presets that differ from the default.
    """

    __slots__ = ("default", "help", "kind", "name", "presets")

    def __init__(
        self, name: str, kind: Kind, default: Any, help: str, presets: Mapping[str, Any] | None = None
    ) -> None:
        self.name, self.kind, self.default, self.help = name, kind, default, help
        self.presets = presets or {}

    def parse(self, given: Any) -> Any:
        """The typed value, of any form of it; Invalid with the policy's name as the field."""
        return self.kind.read(given, self.name)

    def preset(self, name: str) -> Any:
        return self.presets.get(name, self.default)


PRESETS = {
    "recommended": "the defaults: OWASP ASVS 5.0",
    "appwrite": "what a new Appwrite project has",
    "supabase": "what Supabase's phone login has",
}
CLASSES = ("upper", "lower", "digit", "symbol")
MEMBER_FIELDS = ("user_id", "user_name", "user_email", "mfa")
MFA_FACTORS = ("totp", "email", "phone")
_APPWRITE_AND_SUPABASE_LACK_IT = {"appwrite": False, "supabase": False}
_LIFE = Duration(MINUTE, YEAR)

DECLARATIONS: dict[str, Declaration] = {
    declaration.name: declaration
    for declaration in (
        Declaration("user-limit", Integer(0, 10_000_000, "no limit"), 0,
            "How many accounts there may be before sign-ups are refused; operators make more."),
        Declaration("session-limit", Integer(1, 100), 10,
            "How many sessions a user has at once; the oldest goes."),
        Declaration("session-duration", Duration(MINUTE, YEAR), YEAR,
            "How long a session lives; sessions that exist keep their end."),
        Declaration("session-idle-timeout", Duration(MINUTE, YEAR, optional=True), None,
            "How long a session lives without being used."),
        Declaration("session-invalidation", Switch(), True,
            "Whether a new password ends the user's other sessions."),
        Declaration("session-alerts", Switch(), False,
            "Whether users get a mail about a new session."),
        Declaration("password-min-length", Integer(8, 256), 8,
            "The fewest characters of a new password."),
        Declaration("password-history", Integer(0, 20, "off"), 0,
            "How many of the last passwords may not come back."),
        Declaration("password-dictionary", Switch(), True,
            "Whether the 10,000 most common passwords are refused.",
            _APPWRITE_AND_SUPABASE_LACK_IT),
        Declaration("password-personal-data", Switch(), True,
            "Whether passwords with the user's id, email, name, username or phone are refused.",
            _APPWRITE_AND_SUPABASE_LACK_IT),
        Declaration("password-strength", Subset(CLASSES), frozenset(),
            "Kinds of characters that every new password needs."),
        Declaration("password-context-words", Words(), (),
            "Words that no new password may hold, such as the product's name."),
        Declaration("password-breached-file", Path(), None,
            "A sorted file of SHA-1 hashes by Have I Been Pwned; passwords in it are refused."),
        Declaration("memberships-privacy", Subset(MEMBER_FIELDS, off="none"), frozenset(),
            "What members of a team do not see of each other.",
            {"appwrite": frozenset(MEMBER_FIELDS)}),
        Declaration("sign-in-attempts", Integer(1, 100), 10,
            "How many wrong attempts lock an account, or a source."),
        Declaration("sign-in-window", Duration(timedelta(seconds=1), DAY), 15 * MINUTE,
            "In what time wrong attempts are counted together."),
        Declaration("sign-in-lockout", Duration(timedelta(seconds=1), DAY), 15 * MINUTE,
            "How long a lock-out lasts."),
        Declaration("otp-length", Integer(6, 10), 6,
            "How many digits a one-time code has."),
        Declaration("otp-expiry", Duration(MINUTE, HOUR), 10 * MINUTE,
            "How long a one-time code works.",
            {"appwrite": 15 * MINUTE, "supabase": MINUTE}),
        Declaration("otp-interval", Duration(timedelta(0), HOUR), MINUTE,
            "How long to wait before a code is sent again."),
        Declaration("otp-attempts", Integer(1, 10), 5,
            "How many wrong attempts end a code."),
        Declaration("otp-hourly-limit", Integer(0, 10_000, "no limit"), 10,
            "How many codes an address gets in an hour."),
        Declaration("sms-hourly-limit", Integer(0, 1_000_000, "no limit"), 1_000,
            "How many SMS are sent in an hour, in all.",
            {"supabase": 30}),
        Declaration("sms-countries", CallingCodes(), None,
            "The countries that SMS are sent to, by calling code."),
        Declaration("magic-url-expiry", _LIFE, HOUR,
            "How long a magic URL works."),
        Declaration("verification-expiry", _LIFE, HOUR,
            "How long the verification of an address works."),
        Declaration("recovery-expiry", _LIFE, HOUR,
            "How long a recovery works."),
        Declaration("token-expiry", _LIFE, 15 * MINUTE,
            "How long a token made by an operator works."),
        # Appwrite's invitations have no end; a year is the longest here.
        Declaration("invite-expiry", _LIFE, 7 * DAY,
            "How long an invitation to a team works.",
            {"appwrite": YEAR}),
        Declaration("mfa-factors", Subset(MFA_FACTORS), frozenset(MFA_FACTORS),
            "The second factors that may be used."),
        Declaration("mfa-required", Whom(), "off",
            "Who must use a second factor."),
        Declaration("challenge-expiry", Duration(MINUTE, HOUR), 10 * MINUTE,
            "How long the challenge of a second factor works."),
        Declaration("jwt-issuer", Text(), "authctl",
            "The issuer (iss) that JWTs name."),
        Declaration("jwt-audience", Text(optional=True), None,
            "The audience (aud) that JWTs name."),
        Declaration("reason-required", Switch(), False,
            "Whether operators must say why (--reason) when they block, delete, label or change a rule."),
        Declaration("log-retention", Duration(DAY, 10 * YEAR, optional=True), None,
            "How long the audit log is kept; off keeps it for ever."),
    )
}  # fmt: skip

# What operators must give a reason for, where the policy reason-required says so: what takes something from somebody,
# gives somebody more rights, or changes the rules for all.
REASONED = (
    EventName.USERS_DELETE,
    EventName.USERS_UPDATE_STATUS,
    EventName.USERS_UPDATE_LABELS,
    EventName.TEAMS_DELETE,
    EventName.SECURITY_UPDATE_POLICY,
    EventName.SECURITY_MOCK_PHONES_CREATE,
    EventName.SECURITY_KEYS_ROTATE,
)


def get(name: str) -> Declaration:
    """The declaration of that name; Invalid with the nearest where there is none."""
    found = DECLARATIONS.get(name)
    if found is None:
        near = _suggestion(name.replace("_", "-"), tuple(DECLARATIONS))
        raise Invalid(
            "general_argument_invalid",
            f"There is no policy {values.shown(name)}.{near}",
            field="name",
            hint="See all of them with: authctl security show",
        )
    return found


def parse(name: str, given: Any) -> Any:
    """A policy's typed value, of its text or another form of it."""
    return get(name).parse(given)


def shown(name: str, value: Any) -> tuple[Any, str]:
    """A typed value as JSON has it, and as text."""
    kind = get(name).kind
    return kind.json(value), kind.text(value)


def plain(name: str, value: Any) -> Any:
    """A typed value as files and the database hold it: text, number, boolean or list."""
    return get(name).kind.plain(value)


def preset(name: str) -> dict[str, Any]:
    """Every policy as that preset has it."""
    if name not in PRESETS:
        raise Invalid(
            "general_argument_invalid",
            f"There is no preset {values.shown(name)}; there are {', '.join(PRESETS)}."
            f"{_suggestion(name, tuple(PRESETS))}",
            field="preset",
        )
    return {each.name: each.preset(name) for each in DECLARATIONS.values()}


def parse_all(given: Mapping[str, Any]) -> dict[str, Any]:
    """The typed values of several policies, or one error with all that is wrong."""
    found, problems, hint = {}, [], None
    for name, value in given.items():
        try:
            found[name] = parse(name, value)
        except Invalid as error:
            problems += [Problem(each.type, each.message, name) for each in error.problems]
            hint = hint or error.hint
    if problems:
        raise Invalid.of(problems, hint=hint)
    return found


def parse_file(text: str) -> dict[str, Any]:
    """The typed values in a file: TOML as `security show -o toml` writes it, or the object of `-o json`."""
    given = _json(text) if text.lstrip().startswith("{") else _toml(text)
    return parse_all(given)


def _toml(text: str) -> Json:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(f"The policies are not TOML: {error}.") from None
    except (RecursionError, ValueError):  # thousands of levels, or of digits
        raise _unreadable("The policies cannot be read as TOML.") from None


def _json(text: str) -> Json:
    import json

    def once(pairs: list[tuple[str, Any]]) -> Json:
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise _unreadable(f"The policies have {values.shown(twice)} twice.")
        return dict(pairs)

    try:
        found: Json = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise _unreadable(f"The policies are not JSON: {error}.") from None
    except (RecursionError, ValueError):  # thousands of levels, or of digits
        raise _unreadable("The policies cannot be read as JSON.") from None
    return found


def _unreadable(message: str) -> Invalid:
    hint = 'Write one a line, as in: session-duration = "30d"'
    return Invalid("general_argument_invalid", message, field="policies", hint=hint)


class Policy(Mapping[str, Any]):
    """What holds now, typed: the values that were set, and the defaults of the rest.

    `policy["session-duration"]` is a timedelta, `policy["password-strength"]` a frozenset; what is off or absent is
    None, False or empty. A stored value that cannot be read is refused, never ignored.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self._stored = stored
        self._typed: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._typed:
            declaration = DECLARATIONS[name]
            stored = self._stored.get(name)
            self._typed[name] = declaration.default if stored is None else declaration.parse(stored)
        return self._typed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(DECLARATIONS)

    def __len__(self) -> int:
        return len(DECLARATIONS)


# Inside


def _invalid(name: str, message: str) -> Invalid:
    return Invalid("general_argument_invalid", f"{name} {message}.", field=name)


def _shown(given: Any) -> str:
    return values.shown(given) if isinstance(given, str) else values.shown(repr(given))[1:-1]


def _is_nothing(given: Any) -> bool:
    """Whether a value says that there is none."""
    if isinstance(given, str):
        return given.strip().lower() in NOTHING
    return given is None or given is False or (isinstance(given, (list, tuple, set, frozenset)) and not given)


def _parts(given: Any, name: str, *, between: str = r"[\s,]+") -> list[str]:
    """The words of a list, or of text with commas or spaces between."""
    if isinstance(given, str):
        return [part for part in re.split(between, values.text(given, name)) if part]
    if not isinstance(given, (list, tuple, set, frozenset)) or not all(isinstance(part, str) for part in given):
        raise _invalid(name, f"takes words with commas between, or a list of them; {_shown(given)} is neither")
    return [values.text(part, name) for part in given]


def _line(given: Any, name: str) -> str:
    """Text that can be shown everywhere as it is: no control, line-breaking or direction-changing characters."""
    if not isinstance(given, str):
        raise _invalid(name, f"takes text; {_shown(given)} is none")
    found = values.text(given, name).strip()
    if not found.isprintable():
        raise _invalid(name, "takes one line of printable characters")
    return found


def _span(value: timedelta) -> str:
    """A duration as people write it: `15m`, `1h30m`, `7d`, `1y`."""
    written = ""
    for unit, size in _UNITS:
        count, value = divmod(value, size)
        written += f"{count}{unit}" if count else ""
    return written or "0s"


def _suggestion(word: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), known, n=1)
    return f" Did you mean {near[0]}?" if near else ""
