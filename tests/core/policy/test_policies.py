"""Every policy at its bounds and one beyond, in each of its forms."""

import json
import tomllib
from datetime import timedelta
from ipaddress import ip_network

import hypothesis
import pytest
import tomli_w
from hypothesis import strategies as st

from authctl.core.policy import policies
from authctl.core.policy.policies import Policy
from authctl.core.policy.value_types import DAY, HOUR, MINUTE, YEAR, DomainList
from authctl.errors import Invalid, Unavailable

SECOND = timedelta(seconds=1)

INTEGERS = {
    "user-limit": (0, 10_000_000, 0),
    "session-limit": (1, 100, 10),
    "password-min-length": (8, 256, 8),
    "password-history": (0, 20, 0),
    "sign-in-attempts": (1, 100, 10),
    "source-attempts": (1, 100_000, 100),
    "otp-length": (6, 10, 6),
    "otp-attempts": (1, 10, 5),
    "otp-hourly-limit": (0, 10_000, 10),
    "person-hourly-limit": (0, 100_000, 50),
    "source-hourly-limit": (0, 100_000, 100),
    "email-hourly-limit": (0, 10_000_000, 10_000),
    "sms-hourly-limit": (0, 1_000_000, 1_000),
    "creation-hourly-limit": (0, 100_000, 100),
}
DURATIONS = {
    "session-duration": (MINUTE, YEAR, YEAR),
    "session-idle-timeout": (MINUTE, YEAR, None),
    "session-max-age": (HOUR, 10 * YEAR, None),
    "recent-sign-in": (MINUTE, DAY, 10 * MINUTE),
    "sign-in-window": (SECOND, DAY, 15 * MINUTE),
    "sign-in-lockout": (SECOND, DAY, 15 * MINUTE),
    "known-source-expiry": (DAY, 10 * YEAR, 90 * DAY),
    "otp-expiry": (MINUTE, HOUR, 10 * MINUTE),
    "otp-interval": (timedelta(0), HOUR, MINUTE),
    "magic-url-expiry": (MINUTE, YEAR, HOUR),
    "verification-expiry": (MINUTE, YEAR, HOUR),
    "recovery-expiry": (MINUTE, YEAR, HOUR),
    "token-expiry": (MINUTE, YEAR, 15 * MINUTE),
    "invite-expiry": (MINUTE, YEAR, 7 * DAY),
    "challenge-expiry": (MINUTE, HOUR, 10 * MINUTE),
    "generated-password-expiry": (HOUR, 30 * DAY, 7 * DAY),
    "log-retention": (DAY, 10 * YEAR, None),
}
MAY_BE_OFF = {
    "recent-sign-in",
    "generated-password-expiry",
    *(name for name, row in DURATIONS.items() if row[2] is None),
}
SWITCHES = {
    "session-invalidation": True,
    "session-alerts": False,
    "password-dictionary": True,
    "password-personal-data": True,
    "reason-required": False,
    "verification-needs-session": True,
}
# Text as people type it, and the value that it means; the default first.
OTHERS = {
    "password-strength": [
        ("off", frozenset()),
        ("all", frozenset({"upper", "lower", "digit", "symbol"})),
        ("Upper, digit", frozenset({"upper", "digit"})),
    ],
    "password-context-words": [("none", ()), ("acme", ("acme",)), ("acme, Röcket Co,acme", ("acme", "Röcket Co"))],
    "password-breached-file": [("none", None), ("/srv/pwned passwords.txt", "/srv/pwned passwords.txt")],
    "memberships-privacy": [
        ("none", frozenset()),
        ("all", frozenset({"user_id", "user_name", "user_email", "mfa"})),
        ("user_email,mfa", frozenset({"user_email", "mfa"})),
    ],
    "trusted-sources": [
        ("none", ()),
        ("192.0.2.7, 10.0.0.0/8,192.0.2.7", (ip_network("192.0.2.7"), ip_network("10.0.0.0/8"))),
        ("2001:DB8::/32", (ip_network("2001:db8::/32"),)),
    ],
    "sms-countries": [
        ("any", None),
        ("+44, 1,49", frozenset({"44", "1", "49"})),
        ("de,+1-876 JM", frozenset({"DE", "1-876", "JM"})),
    ],
    "sign-in-methods": [
        ("all", frozenset(policies.SIGN_IN_METHODS)),
        ("email,Magic-URL", frozenset({"email", "magic-url"})),
        ("none", frozenset()),
    ],
    "require-verified": [("off", "off"), ("Email", "email"), ("any", "any"), ("phone", "phone"), ("none", "off")],
    "email-domains": [
        ("any", None),
        (
            "Example.com, @example.org *.example.net",
            DomainList(frozenset({"example.com", "example.org", "example.net"}), False),
        ),
        ("deny:example.com,deny:disposable", DomainList(frozenset({"example.com"}), True, disposable=True)),
        ("deny:disposable", DomainList(frozenset(), True, disposable=True)),
        ("BÜCHER.example", DomainList(frozenset({"bücher.example"}), False)),
    ],
    "mfa-factors": [
        ("all", frozenset({"totp", "email", "phone"})),
        ("totp", frozenset({"totp"})),
        ("none", frozenset()),
    ],
    "change-needs-old": [("cancel", "cancel"), ("Confirm", "confirm"), ("off", "off"), ("none", "off")],
    "mfa-required": [("off", "off"), ("all", "all"), ("staff,admin", ("staff", "admin"))],
    "jwt-issuer": [("authctl", "authctl"), ("https://id.example.com", "https://id.example.com")],
    "jwt-audience": [("none", None), ("app", "app")],
}
WRONG = {
    "password-strength": ["uper", 7, ["upper", 7], "upper;digit"],
    "password-context-words": ["a", "x" * 129, ["acme, rocket"], ["none"], "a\u202ebc", 7],
    "password-breached-file": ["pwned.txt", "~/pwned.txt", "/a\nb", "/" + "x" * 4096, 7],
    "memberships-privacy": ["user_phone", "name"],
    "trusted-sources": ["localhost", "192.0.2.1/24", "192.0.2.256", "/8", 7, [7], ["::1", ""]],
    "sms-countries": ["", "none", "444", "0", "+", "x", [], 12.5, "XX", "EU", "1-", "-876", "1876", "1-8-7", "444-1"],
    "sign-in-methods": ["sms", "password totp", 7],
    "require-verified": ["on", "mail", True, ["email"]],
    "email-domains": [
        "",
        [],
        "example",
        "a@b",
        "example.com,deny:example.org",
        "deny:",
        "disposable",
        7,
        [7],
        "exa mple",
    ],
    "mfa-factors": ["sms", "totp email push"],
    "change-needs-old": ["on", "canel", 7, True, ["cancel"]],
    "mfa-required": ["sta ff!", "all,staff", "on", "yes", "True", "staff,no", "x" * 37],
    "jwt-issuer": ["", "none\0", "x" * 257, "a\tb", None, 7],
    "jwt-audience": ["x" * 257, "a\x1bb", 7],
}


def test_these_are_all_policies():
    assert {*INTEGERS, *DURATIONS, *SWITCHES, *OTHERS} == {*policies.DECLARATIONS}
    assert sum(map(len, (INTEGERS, DURATIONS, SWITCHES, OTHERS))) == len(policies.DECLARATIONS)


@pytest.mark.parametrize(("name", "minimum", "maximum", "default"), [(name, *row) for name, row in INTEGERS.items()])
def test_a_number_is_taken_to_its_bounds(name, minimum, maximum, default):
    assert Policy({})[name] == default
    for given in (minimum, maximum):
        assert policies.parse(name, str(given)) == given == policies.parse(name, given)
    for given in (minimum - 1, maximum + 1, 10**30):
        refused(name, given)
        refused(name, str(given))
    for given in ("", "x", "1.5", "٣", "1e3", 1.0, True, None, [1]):
        refused(name, given)
    if minimum == 0:
        assert policies.parse(name, "off") == policies.parse(name, "none") == 0


@pytest.mark.parametrize(("name", "minimum", "maximum", "default"), [(name, *row) for name, row in DURATIONS.items()])
def test_a_duration_is_taken_to_its_bounds(name, minimum, maximum, default):
    assert Policy({})[name] == default
    for given in (minimum, maximum):
        seconds = int(given.total_seconds())
        for form in (given, seconds, str(seconds), f"{seconds}s", policies.shown(name, given)[1]):
            assert policies.parse(name, form) == given
    for given in (minimum - SECOND, maximum + SECOND):
        refused(name, given)
        refused(name, int(given.total_seconds()))
        refused(name, str(int(given.total_seconds())))
    for given in ("soon", "15 minutes", -1, 1.5, True, ["15m"], timedelta(minutes=2, microseconds=1)):
        refused(name, given)
    for given in ("off", "OFF", "none", ""):
        if name in MAY_BE_OFF:
            assert policies.parse(name, given) is None
        elif minimum or given not in ("off", "none"):
            refused(name, given)


@pytest.mark.parametrize(("name", "default"), SWITCHES.items())
def test_a_switch_is_on_or_off(name, default):
    assert Policy({})[name] is default
    assert [policies.parse(name, given) for given in ("on", "Yes", "true", "1", True)] == [True] * 5
    assert [policies.parse(name, given) for given in ("off", "NO", "false", "0", False)] == [False] * 5
    for given in ("", "maybe", 1, 0, None, []):
        refused(name, given)


@pytest.mark.parametrize("name", OTHERS)
def test_words_are_taken_as_they_are_meant(name):
    assert Policy({})[name] == OTHERS[name][0][1]
    for text, value in OTHERS[name]:
        assert policies.parse(name, text) == value == policies.parse(name, value)


@pytest.mark.parametrize(("name", "given"), [(name, each) for name, row in WRONG.items() for each in row])
def test_other_words_are_refused(name, given):
    refused(name, given)


def refused(name, given):
    with pytest.raises(Invalid) as error:
        policies.parse(name, given)
    assert (error.value.type, error.value.field) == ("general_argument_invalid", name)
    assert error.value.message.startswith(f"Invalid {name}")


def values_of(name):
    if name in INTEGERS:
        return st.integers(*INTEGERS[name][:2])
    if name in DURATIONS:
        minimum, maximum, _ = DURATIONS[name]
        seconds = st.integers(int(minimum.total_seconds()), int(maximum.total_seconds()))
        return seconds.map(lambda count: timedelta(seconds=count)) | (st.none() if name in MAY_BE_OFF else st.nothing())
    if name in SWITCHES:
        return st.booleans()
    return st.sampled_from([value for _, value in OTHERS[name]])


@hypothesis.given(st.fixed_dictionaries({}, optional={name: values_of(name) for name in policies.DECLARATIONS}))
def test_every_form_of_a_value_means_the_same(held):
    for name, value in held.items():
        shown, text = policies.shown(name, value)
        assert policies.parse(name, text) == value
        assert policies.parse(name, shown) == value
        assert Policy({name: policies.plain(name, value)})[name] == value
    assert (
        policies.parse_file(tomli_w.dumps({name: policies.plain(name, value) for name, value in held.items()})) == held
    )
    assert (
        policies.parse_file(json.dumps({name: policies.shown(name, value)[0] for name, value in held.items()})) == held
    )


def test_the_presets():
    recommended, appwrite, supabase = (policies.preset(name) for name in policies.PRESETS)
    assert recommended == dict(Policy({}))
    lacking = {
        "recent-sign-in": None,
        "password-dictionary": False,
        "password-personal-data": False,
        "generated-password-expiry": None,
        "verification-needs-session": False,
    }
    assert differing(recommended, appwrite) == lacking | {
        "memberships-privacy": frozenset({"user_id", "user_name", "user_email", "mfa"}),
        "otp-expiry": 15 * MINUTE,
        "invite-expiry": YEAR,
        "verification-needs-session": False,
        "change-needs-old": "off",
    }
    assert differing(recommended, supabase) == lacking | {
        "source-attempts": 450,
        "otp-expiry": MINUTE,
        "email-hourly-limit": 30,
        "sms-hourly-limit": 30,
        "creation-hourly-limit": 30,
        "verification-needs-session": False,
        "change-needs-old": "confirm",
    }
    for preset in (recommended, appwrite, supabase):
        assert policies.parse_all(preset) == preset
    with pytest.raises(Invalid, match="Did you mean 'supabase'"):
        policies.preset("supabse")


def differing(before, after):
    return {name: value for name, value in after.items() if before[name] != value}


def test_everything_wrong_in_a_file_is_told_at_once():
    with pytest.raises(Invalid) as error:
        policies.parse_file('session-limit = 0\npassword_history = 3\notp-length = 6\nlog-retention = "1h"\n[table]\n')
    assert [(problem.field, problem.message) for problem in error.value.problems] == [
        ("session-limit", "Invalid session-limit: must be 1 to 100, not 0."),
        ("password_history", "Unknown policy 'password_history'. Did you mean 'password-history'?"),
        ("log-retention", "Invalid log-retention: must be off, or 1d to 10y, not 1h."),
        ("table", "Unknown policy 'table'."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "session-limit",
        "session-limit = 1\nsession-limit = 2",
        '{"session-limit": 1, "session-limit": 2}',
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        "a = " + "[" * 100_000,
        "user-limit = " + "9" * 5000,
        '{"user-limit": ' + "9" * 5000 + "}",
    ],
)
def test_a_file_that_cannot_be_read_is_refused(text):
    with pytest.raises(Invalid) as error:
        policies.parse_file(text)
    assert error.value.field == "policies"
    assert len(error.value.message) < 200


@pytest.mark.parametrize("text", ["[policy]\notp-length = 6", '[[users]]\nid = "ada"', "[[teams]]", "[[mock-phones]]"])
def test_a_manifest_is_not_a_file_of_policies(text):
    with pytest.raises(Invalid, match="manifest") as error:
        policies.parse_file(text)
    assert error.value.hint == "Use it with: authctl apply FILE"


def test_an_empty_file_sets_nothing():
    assert policies.parse_file("") == policies.parse_file("# nothing\n") == policies.parse_file("{}") == {}


def test_a_stored_value_that_cannot_be_read_is_never_ignored():
    """Nor the fault of who asks."""
    with pytest.raises(Unavailable, match="session-limit") as refused:
        Policy({"session-limit": "many"})["session-limit"]
    assert refused.value.type == "database_damaged"


def test_what_a_newer_authctl_stored_does_not_disturb():
    assert dict(Policy({"from-the-future": 1})) == dict(Policy({}))


def test_toml_has_a_form_for_what_is_off():
    held = {name: policies.plain(name, value) for name, value in Policy({}).items()}
    assert tomllib.loads(tomli_w.dumps(held)) == held
    assert (held["session-idle-timeout"], held["jwt-audience"], held["session-duration"]) == ("off", "", "1y")
