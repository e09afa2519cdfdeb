"""What kinds of values settings take, and how what was written becomes one of them."""

from __future__ import annotations

import os

from authctl.settings.paths import find_home

TYPE_CHECKING = False  # importing typing costs milliseconds on every command; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Expand = Callable[[str], str]  # a path as it was written → the path that it means there

HIDDEN = "***"


class SettingType:
    """What values an entry takes. `read` turns what was written into the value, or raises ValueError with a sentence
    that goes on from the entry's name and does not repeat the value."""

    __slots__ = ("label", "read")

    def __init__(self, label: str, read: Callable[[object, Expand], object]) -> None:
        self.label = label
        self.read = read


def expander(folder: str, environ: Mapping[str, str]) -> Expand:
    """How paths are meant in a place: `~/` is the home folder, and a relative one starts at `folder`."""

    def expand(path: str) -> str:
        if path == "~" or path.startswith("~/"):
            home = find_home(environ)
            if home is None:
                raise ValueError("begins with ~, and HOME is not set")
            return os.path.join(home, path[2:])
        return os.path.join(folder, path)

    return expand


def _text(value: object, expand: Expand) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text, in quotes")
    if not value:
        raise ValueError("must not be empty")
    if any(character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be one line of text without control characters")
    return value


def _path(value: object, expand: Expand) -> str:
    return expand(_text(value, expand))


def _texts(value: object, expand: Expand) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise ValueError('must be a list of texts, as in ["a", "b"]')
    return tuple(_text(part, expand) for part in value)


def _hosts(value: object, expand: Expand) -> tuple[str, ...]:
    hosts = _texts(value, expand)
    if any(character in host for host in hosts for character in "/?#@ "):
        raise ValueError("must be hosts only, as in app.example.com, without https:// or a path")
    return tuple(host.lower() for host in hosts)


def _email_sender(value: object, expand: Expand) -> str:
    sender = _text(value, expand)
    if "@" not in sender:
        raise ValueError("must be an email address, as in Example <no-reply@example.com>")
    return sender


def _http_url(value: object, expand: Expand) -> str:
    url = _text(value, expand)
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return url.rstrip("/")


def _locale(value: object, expand: Expand) -> str:
    import re

    tag = _text(value, expand)
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?", tag, re.ASCII):
        raise ValueError("must be a language tag such as de, pt-BR or zh-Hant")
    return tag


def _template(value: object, expand: Expand) -> str:
    if not isinstance(value, str) or "{code}" not in value:
        raise ValueError("must be text that contains {code}")
    rest = value.replace("{code}", "").replace("{application}", "").replace("{{", "").replace("}}", "")
    if "{" in rest or "}" in rest:
        raise ValueError("may only have the fields {code} and {application}; write a literal brace twice")
    return value


def _database_url(value: object, expand: Expand) -> str:
    """`postgres://`, as hosting services say, is postgresql; a relative SQLite file starts where it was written."""
    scheme, _, rest = _text(value, expand).partition("://")
    if scheme == "postgres":
        scheme = "postgresql"
    if scheme not in DATABASE_SCHEMES or "://" not in str(value):
        raise ValueError("must begin with sqlite:/// or postgresql://; a file x.db is sqlite:///x.db")
    if not scheme.startswith("sqlite"):
        return f"{scheme}://{rest}"
    if not rest.startswith("/"):
        raise ValueError("needs three slashes before the file: sqlite:///FILE, and four for sqlite:////absolute/FILE")
    path = rest[1:]
    return f"{scheme}:///{path if path.startswith((':memory:', 'file:')) or not path else expand(path)}"


DATABASE_SCHEMES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")

TEXT = SettingType("text", _text)
PATH = SettingType("path", _path)
HOSTS = SettingType("list of hosts", _hosts)
EMAIL_SENDER = SettingType("email address", _email_sender)
HTTP_URL = SettingType("URL", _http_url)
TEMPLATE = SettingType("text", _template)
LOCALE = SettingType("language tag", _locale)
DATABASE_URL = SettingType("URL", _database_url)


def choice(*words: str) -> SettingType:
    """One of these words."""
    listed = ", ".join(words[:-1]) + " or " + words[-1]

    def read(value: object, expand: Expand) -> str:
        if value not in words:
            raise ValueError(f"must be {listed}")
        return str(value)

    return SettingType(listed, read)


def integer(low: int, high: int) -> SettingType:
    """A whole number, written as a number or as text."""

    def read(value: object, expand: Expand) -> int:
        number = _number(value)
        if number is None or number != int(number) or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(number)

    return SettingType(f"{low}–{high}", read)


def seconds(low: float, high: float) -> SettingType:
    """A number of seconds, whole or not."""

    def read(value: object, expand: Expand) -> float:
        number = _number(value)
        if number is None or not low <= number <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}")
        return number

    return SettingType("seconds", read)


def twilio_id(prefix: str, what: str) -> SettingType:
    """One of Twilio's ids. Taking one kind for another is the commonest mistake, and its first letters tell."""

    def read(value: object, expand: Expand) -> str:
        text = _text(value, expand)
        if not text.startswith(prefix):
            raise ValueError(f"must be {what}, which begins with {prefix}" + _what_it_is(text))
        return text

    return SettingType(f"{prefix}…", read)


def _sender(value: object, expand: Expand) -> str:
    """Phones show names of 11 characters (3GPP TS 23.040 §9.1.2.5). Blanks and `+-_&` in them are for twilio."""
    from re import fullmatch

    sender = _text(value, expand)
    if not fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}|\+?[0-9]{3,15}|MG[0-9A-Fa-f]{32}", sender):
        raise ValueError(
            "must be a name of up to 11 letters or digits, a number of up to 15 digits, or a messaging service (MG…)"
            + (_what_it_is(sender) if len(sender) == TWILIO_ID_LENGTH else "")
        )
    return sender


def _whatsapp_sender(value: object, expand: Expand) -> str:
    from re import fullmatch

    sender = _text(value, expand)
    if not fullmatch(r"\+[0-9]{7,15}|MG[0-9A-Fa-f]{32}", sender):
        raise ValueError("must be a number of up to 15 digits with its +, or a messaging service (MG…)")
    return sender


TWILIO_ID_LENGTH = 34  # two letters and 32 hexadecimal digits
TWILIO_IDS = {
    "AC": "an account, which belongs in account_sid",
    "MG": "a messaging service, which belongs in sender",
    "VA": 'a Verify service, which belongs in service_sid with provider = "twilio-verify"',
    "HX": "a content template, which belongs in content_sid",
}
SENDER = SettingType("number, name or MG…", _sender)
WHATSAPP_SENDER = SettingType("number or MG…", _whatsapp_sender)


def _what_it_is(text: str) -> str:
    other = TWILIO_IDS.get(text[:2])
    return f"; this is {other}" if other else ""


def _number(value: object) -> float | None:
    """The finite number that was written, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def redact_url(url: str) -> str:
    """The URL with every password in it replaced by ***: before the `@`, and in query parameters.

    Rather hides too much than too little: an unescaped `@`, `/` or `?` in a password hides with it.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    user, colon, after = rest.partition(":")
    if colon and "@" in after and not any(mark in user for mark in "@/?"):
        first = after.index("@")
        query = after.find("?", first)
        end = after.rindex("@", 0, query if query >= 0 else None)
        rest = f"{user}:{HIDDEN}{after[end:]}"
    head, question, query_text = rest.partition("?")
    return scheme + separator + head + question + "&".join(_redact_parameter(part) for part in query_text.split("&"))


def _redact_parameter(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    # A name with an escape in it may spell `password` in another way.
    return f"{name}={HIDDEN}" if equals and ("password" in name.lower() or "%" in name) else parameter
