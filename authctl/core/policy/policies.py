"""The security policies, each declared once. They are in the database: every operator and application obeys them.

A declaration serves validation, `security show|set|reset|apply`, completion, help and README. What values it takes is
one of the `value_types`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from authctl.core.policy.value_types import (
    DAY,
    HOUR,
    MINUTE,
    YEAR,
    Choice,
    Domains,
    Duration,
    Integer,
    Networks,
    Path,
    PhonePlaces,
    Subset,
    Switch,
    Text,
    ValueType,
    Whom,
    Words,
)
from authctl.core.values import checks, json_objects
from authctl.errors import Invalid, Problem, Unavailable, did_you_mean
from authctl.model import EventName, Json


class Declaration:
    """A policy: its name, what it may be, what it is when nobody set it, and what it means.

    presets: what it is in the presets that differ from the default.
    """

    __slots__ = ("default", "help", "kind", "name", "presets")

    def __init__(
        self, name: str, kind: ValueType, default: Any, help: str, presets: Mapping[str, Any] | None = None
    ) -> None:
        self.name, self.kind, self.default, self.help = name, kind, default, help
        self.presets = presets or {}

    def parse(self, given: Any) -> Any:
        """The typed value, of any form of it; Invalid with the policy's name as the field."""
        try:
            return self.kind.read(given, self.name)
        except (RecursionError, ValueError):  # thousands of levels, or of digits
            message = f"Invalid {self.name}: must be {self.kind.range}."
            raise Invalid("general_argument_invalid", message, field=self.name) from None

    def preset(self, name: str) -> Any:
        return self.presets.get(name, self.default)


PRESETS = {
    "recommended": "the defaults: OWASP ASVS 5.0",
    "appwrite": "the settings of a new Appwrite project",
    "supabase": "the settings of Supabase's phone login",
}
CLASSES = ("upper", "lower", "digit", "symbol")
MEMBER_FIELDS = ("user_id", "user_name", "user_email", "mfa")
MFA_FACTORS = ("totp", "email", "phone")
SIGN_IN_METHODS = ("password", "email", "magic-url", "phone", "identity", "anonymous", "token")
_APPWRITE_AND_SUPABASE_LACK_IT = {"appwrite": False, "supabase": False}
_LIFE = Duration(MINUTE, YEAR)

DECLARATIONS: dict[str, Declaration] = {
    declaration.name: declaration
    for declaration in (
        Declaration("user-limit", Integer(0, 10_000_000, "no limit"), 0,
            "The most accounts before sign-ups are refused. Operators can create more."),
        Declaration("sign-in-methods", Subset(SIGN_IN_METHODS, off="none"), frozenset(SIGN_IN_METHODS),
            "How people can sign in and sign up. Operators can still create sessions."),
        Declaration("require-verified", Choice("off", "email", "phone", "any"), "off",
            "Which address people must verify before they can do anything else."),
        Declaration("email-domains", Domains(), None,
            "Domains of the emails people can sign up with or change to. Operators can use any."),
        Declaration("session-limit", Integer(1, 100), 10,
            "The most sessions a user can have at once. The oldest ends first."),
        Declaration("session-duration", Duration(MINUTE, YEAR), YEAR,
            "How long a session lasts. Existing sessions keep their end."),
        Declaration("session-idle-timeout", Duration(MINUTE, YEAR, optional=True), None,
            "How long a session lasts without being used."),
        Declaration("session-max-age", Duration(HOUR, 10 * YEAR, optional=True), None,
            "How long a session lasts in total, however often it is extended."),
        Declaration("recent-sign-in", Duration(MINUTE, DAY, optional=True), 10 * MINUTE,
            "How recent a sign-in must be to change factors, password and addresses without proving oneself again.",
            {"appwrite": None, "supabase": None}),
        Declaration("session-invalidation", Switch(), True,
            "Whether a new password ends the person's other sessions."),
        Declaration("session-alerts", Switch(), False,
            "Whether users get a mail about a sign-in from a new source, unless they signed in by mail or a provider."),
        Declaration("password-min-length", Integer(8, 256), 8,
            "The shortest new password, in characters."),
        Declaration("password-history", Integer(0, 20, "off"), 0,
            "How many of the last passwords cannot be used again."),
        Declaration("password-dictionary", Switch(), True,
            "Whether to refuse the 10,000 most common passwords.",
            _APPWRITE_AND_SUPABASE_LACK_IT),
        Declaration("password-personal-data", Switch(), True,
            "Whether to refuse passwords with the user's id, email, name, username or phone. Whole words of four "
            "letters and more count.",
            _APPWRITE_AND_SUPABASE_LACK_IT),
        Declaration("password-strength", Subset(CLASSES), frozenset(),
            "Kinds of characters every new password needs."),
        Declaration("password-context-words", Words(), (),
            "Words no new password may contain, such as the product's name."),
        Declaration("password-breached-file", Path(), None,
            "Sorted file of SHA-1 hashes from Have I Been Pwned. Passwords in it are refused."),
        Declaration("generated-password-expiry", Duration(HOUR, 30 * DAY, optional=True), 7 * DAY,
            "How long a generated password works before it must be changed. Existing ones keep their end.",
            {"appwrite": None, "supabase": None}),
        Declaration("memberships-privacy", Subset(MEMBER_FIELDS, off="none"), frozenset(),
            "What members of a team cannot see of each other.",
            {"appwrite": frozenset(MEMBER_FIELDS)}),
        Declaration("sign-in-attempts", Integer(1, 100), 10,
            "How many wrong attempts lock an account."),
        # Right passwords are not counted: in an office behind one address, a hundred people would have to mistype
        # theirs in the same quarter of an hour. Supabase allows 1,800 sign-ins an hour from one address.
        Declaration("source-attempts", Integer(1, 100_000), 100,
            "How many wrong attempts lock a source, whatever the accounts.",
            {"supabase": 450}),
        Declaration("sign-in-window", Duration(timedelta(seconds=1), DAY), 15 * MINUTE,
            "The period in which wrong attempts are counted."),
        Declaration("sign-in-lockout", Duration(timedelta(seconds=1), DAY), 15 * MINUTE,
            "How long a lock lasts. Each further one doubles, up to a day, except for known sources."),
        Declaration("trusted-sources", Networks(), (),
            "Addresses and networks of proxies, which are never locked or limited as one source."),
        Declaration("known-source-expiry", Duration(DAY, 10 * YEAR), 90 * DAY,
            "How long a source stays known to an account after a sign-in."),
        Declaration("otp-length", Integer(6, 10), 6,
            "How many digits a one-time code has."),
        Declaration("otp-expiry", Duration(MINUTE, HOUR), 10 * MINUTE,
            "How long a one-time code stays valid.",
            {"appwrite": 15 * MINUTE, "supabase": MINUTE}),
        Declaration("otp-interval", Duration(timedelta(0), HOUR), MINUTE,
            "How long to wait before sending another code."),
        Declaration("otp-attempts", Integer(1, 10), 5,
            "How many wrong attempts void a code."),
        Declaration("otp-hourly-limit", Integer(0, 10_000, "no limit"), 10,
            "The most messages to one address in an hour."),
        Declaration("person-hourly-limit", Integer(0, 100_000, "no limit"), 50,
            "The most mails, and the most SMS, one signed-in person can send in an hour."),
        # In a school or office, many people sign in by code from one address at the same time.
        Declaration("source-hourly-limit", Integer(0, 100_000, "no limit"), 100,
            "The most mails, and the most SMS, one source can cause in an hour."),
        Declaration("email-hourly-limit", Integer(0, 10_000_000, "no limit"), 10_000,
            "The most mails in an hour, in all. A quarter is reserved for recoveries and challenges.",
            {"supabase": 30}),
        Declaration("sms-hourly-limit", Integer(0, 1_000_000, "no limit"), 1_000,
            "The most SMS in an hour, in all. A quarter is reserved for challenges.",
            {"supabase": 30}),
        # Supabase allows 30 anonymous sign-ups an hour from one address.
        Declaration("creation-hourly-limit", Integer(0, 100_000, "no limit"), 100,
            "The most accounts, and the most teams, one person or source can create in an hour. Each sign-in code "
            "counts as an account.",
            {"supabase": 30}),
        Declaration("sms-countries", PhonePlaces(), None,
            "The countries and areas SMS may be sent to."),
        Declaration("magic-url-expiry", _LIFE, HOUR,
            "How long a magic URL stays valid."),
        Declaration("verification-expiry", _LIFE, HOUR,
            "How long an address can be verified after the message is sent."),
        Declaration("verification-needs-session", Switch(), True,
            "Whether people must be signed in to confirm an address they entered themselves.",
            _APPWRITE_AND_SUPABASE_LACK_IT),
        Declaration("recovery-expiry", _LIFE, HOUR,
            "How long a recovery link stays valid."),
        Declaration("token-expiry", _LIFE, 15 * MINUTE,
            "How long a token from an operator stays valid."),
        # Appwrite's invitations have no end; a year is the longest here.
        Declaration("invite-expiry", _LIFE, 7 * DAY,
            "How long a team invitation stays valid.",
            {"appwrite": YEAR}),
        Declaration("change-needs-old", Choice("off", "cancel", "confirm"), "cancel",
            "What the old email or phone can do about a change: nothing, cancel it, or confirm it first.",
            {"appwrite": "off", "supabase": "confirm"}),
        Declaration("mfa-factors", Subset(MFA_FACTORS), frozenset(MFA_FACTORS),
            "The second factors users can choose."),
        Declaration("mfa-required", Whom(), "off",
            "Who must use a second factor."),
        Declaration("challenge-expiry", Duration(MINUTE, HOUR), 10 * MINUTE,
            "How long a second-factor challenge stays valid."),
        Declaration("jwt-issuer", Text(), "authctl",
            "The issuer (iss) in JWTs."),
        Declaration("jwt-audience", Text(optional=True), None,
            "The audience (aud) in JWTs."),
        Declaration("reason-required", Switch(), False,
            "Whether operators must give a --reason to block, delete, label or change a rule."),
        Declaration("log-retention", Duration(DAY, 10 * YEAR, optional=True), None,
            "How long audit events are kept; off keeps them forever."),
    )
}  # fmt: skip

# What operators must give a reason for, where the policy reason-required says so: what takes something from somebody,
# gives somebody more rights, or changes the rules for all.
REASONED = (
    EventName.USERS_DELETE,
    EventName.USERS_SECURE,
    EventName.USERS_UPDATE_STATUS,
    EventName.USERS_UPDATE_LABELS,
    EventName.TEAMS_DELETE,
    EventName.SECURITY_UPDATE_POLICY,
    EventName.SECURITY_MOCK_PHONES_CREATE,
    EventName.SECURITY_KEYS_ROTATE,
)


def verification_due(required: str, *, email: bool, phone: bool) -> bool:
    """Whether the policy require-verified asks for more than the addresses of an account that are verified."""
    return {"off": False, "email": not email, "phone": not phone, "any": not (email or phone)}[required]


def get(name: str) -> Declaration:
    """The declaration of that name; Invalid with the nearest where there is none."""
    found = DECLARATIONS.get(name)
    if found is None:
        raise Invalid(
            "general_argument_invalid",
            f"Unknown policy {checks.shown(name)}.{did_you_mean(name, DECLARATIONS)}",
            field="name",
            hint="List them with: authctl security show",
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
            f"Unknown preset {checks.shown(name)}. Use {', '.join(PRESETS)}.{did_you_mean(name, PRESETS)}",
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
    if isinstance(given.get("policy"), dict) or {"teams", "users", "mock-phones"} & {*given}:
        message = "The file has more than policies: it is a manifest."
        raise Invalid("general_argument_invalid", message, field="policies", hint="Use it with: authctl apply FILE")
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

    try:
        found: Json = json.loads(text, object_pairs_hook=json_objects.unique)
    except json_objects.RepeatedName as twice:
        raise _unreadable(f"The policies have {checks.shown(twice.name)} twice.") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"The policies are not JSON: {error}.") from None
    except (RecursionError, ValueError):  # thousands of levels, or of digits
        raise _unreadable("The policies cannot be read as JSON.") from None
    return found


def _unreadable(message: str) -> Invalid:
    hint = 'Write one per line, as in: session-duration = "30d"'
    return Invalid("general_argument_invalid", message, field="policies", hint=hint)


class Policy(Mapping[str, Any]):
    """What holds now, typed: the values that were set, and the defaults of the rest.

    `policy["session-duration"]` is a timedelta, `policy["password-strength"]` a frozenset; what is off or absent is
    None, False or empty. A stored value that cannot be read is Unavailable (database_damaged), never ignored.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self._stored = stored
        self._typed: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._typed:
            declaration = DECLARATIONS[name]
            stored = self._stored.get(name)
            self._typed[name] = declaration.default if stored is None else self._read(declaration, stored)
        return self._typed[name]

    def _read(self, declaration: Declaration, stored: Any) -> Any:
        try:
            return declaration.parse(stored)
        except Invalid as error:
            raise Unavailable(
                "database_damaged",
                f"The stored policy {declaration.name} is unreadable. {error.message}",
                hint=f"Set it again: authctl security set {declaration.name} VALUE",
            ) from None

    def is_readable(self, name: str) -> bool:
        """Whether what is stored can be read."""
        try:
            self[name]
        except Unavailable:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(DECLARATIONS)

    def __len__(self) -> int:
        return len(DECLARATIONS)
