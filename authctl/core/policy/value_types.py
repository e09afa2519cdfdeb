"""Kinds of values that policies take: whole numbers, durations, switches, words.

A value has four forms: typed for the rules (a timedelta, a bool, a frozenset …), text for the command line (`15m`,
`on`, `totp,email`), JSON for programs (900, true, ["totp", "email"]), and plain for files and the database, which is
TOML's (`"15m"`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from authctl.core.values import checks, contacts, identifiers, times
from authctl.errors import Invalid, did_you_mean

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    Network = IPv4Network | IPv6Network

NOTHING = ("off", "none", "")  # what clears a policy that may be without a value
MAX_TEXT = 256  # characters of an issuer or audience
MAX_PATH = 4096  # bytes; PATH_MAX of Linux
MAX_WORDS = 1_000
SHORTEST_WORD = 2  # characters; a single one is in most passwords

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
_UNITS = (("y", YEAR), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", timedelta(seconds=1)))


class ValueType(ABC):
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


class Integer(ValueType):
    """A whole number. zero: what 0 means, where it switches the policy off."""

    def __init__(self, minimum: int, maximum: int, zero: str | None = None) -> None:
        self.minimum, self.maximum, self.zero = minimum, maximum, zero

    @property
    def range(self) -> str:
        return f"{self.minimum:,} to {self.maximum:,}" + (f", 0 is {self.zero}" if self.zero else "")

    def read(self, given: Any, name: str) -> int:
        if isinstance(given, str):
            word = checks.text(given, name).strip().lower()
            if self.zero is not None and word in NOTHING[:2]:
                return 0
            if re.fullmatch("[+-]?[0-9]{1,18}", word, re.ASCII):
                given = int(word)
        if not isinstance(given, int) or isinstance(given, bool):
            raise _invalid(name, f"must be a whole number, {self.range}, not {_shown(given)}")
        if not self.minimum <= given <= self.maximum:
            raise _invalid(name, f"must be {self.range}, not {given}")
        return given


class Duration(ValueType):
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
        if isinstance(given, str | int) and not isinstance(given, bool):
            found = self._parsed(given, name)
        elif isinstance(given, timedelta) and not given.microseconds:
            found = given
        else:
            raise _invalid(name, f"must be a duration, {self.range}, not {_shown(given)}")
        if not self.minimum <= found <= self.maximum:
            raise _invalid(name, f"must be {self.range}, not {_span(found)}")
        return found

    def _parsed(self, given: str | int, name: str) -> timedelta:
        try:
            return times.duration(given, field=name)
        except Invalid:
            message = f"must be a duration, {self.range}, not {_shown(given)}. Use seconds, or 90s, 15m, 7d, 1y"
            raise _invalid(name, message) from None

    def text(self, value: timedelta | None) -> str:
        return "off" if value is None else _span(value)

    def json(self, value: timedelta | None) -> int | None:
        return None if value is None else int(value.total_seconds())

    def plain(self, value: timedelta | None) -> str:
        return self.text(value)


class Switch(ValueType):
    """On or off."""

    range = "on or off"
    words = ("on", "off")

    def read(self, given: Any, name: str) -> bool:
        if isinstance(given, str):
            try:
                return identifiers.boolean(given, field=name)
            except Invalid:
                pass  # the message below fits better
        if not isinstance(given, bool):
            raise _invalid(name, f"must be on or off, not {_shown(given)}")
        return given

    def text(self, value: bool) -> str:
        return "on" if value else "off"


class Subset(ValueType):
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
            message = (
                f"Invalid {name}: must be {self.range}, not "
                f"{_shown(unknown[0])}.{did_you_mean(unknown[0], self.members)}"
            )
            raise Invalid("general_argument_invalid", message, field=name)
        return frozenset(found)

    def text(self, value: frozenset[str]) -> str:
        return ",".join(self.json(value)) or self.off

    def json(self, value: frozenset[str]) -> list[str]:
        return [word for word in self.members if word in value]


class Choice(ValueType):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    @property
    def range(self) -> str:
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"

    def read(self, given: Any, name: str) -> str:
        word = "off" if _is_nothing(given) else given.strip().lower() if isinstance(given, str) else None
        if word not in self.words:
            suggested = did_you_mean(word, self.words) if word else ""
            message = f"Invalid {name}: must be {self.range}, not {_shown(given)}.{suggested}"
            raise Invalid("general_argument_invalid", message, field=name)
        return str(word)


class Text(ValueType):
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
            raise _invalid(name, f"must be {self.range}, not {len(found)} characters")
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
            raise _invalid(name, f"must be an absolute path, not {_shown(found)}")
        if len(found.encode()) > MAX_PATH:
            raise _invalid(name, f"must be a path of at most {MAX_PATH} bytes")
        return found


class Words(ValueType):
    """A list of words, as a tuple in the order given."""

    range = f"none, or words of {SHORTEST_WORD} characters and more: acme,rocket"
    words = ("none",)

    def read(self, given: Any, name: str) -> tuple[str, ...]:
        if _is_nothing(given):
            return ()
        found = tuple(dict.fromkeys(word.strip() for word in _parts(given, name, between=",") if word.strip()))
        if len(found) > MAX_WORDS:
            raise _invalid(name, f"must be at most {MAX_WORDS:,} words, not {len(found):,}")
        for word in found:
            _line(word, name)
            if not SHORTEST_WORD <= len(word) <= identifiers.MAX_NAME or "," in word or word.lower() in NOTHING:
                raise _invalid(
                    name,
                    f"{_shown(word)} is not allowed: use words of {SHORTEST_WORD} to {identifiers.MAX_NAME} "
                    "characters without commas, other than off and none",
                )
        return found

    def text(self, value: tuple[str, ...]) -> str:
        return ",".join(value) or "none"

    def json(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


class PhonePlaces(ValueType):
    """Countries and areas that phone numbers are of, as a frozenset of text; None for any.

    Each is a calling code (`49`), a country (`DE`), or the beginning of numbers (`1-876`).
    """

    range = "any, or calling codes, countries and prefixes such as 44,DE,1-876"
    words = ("any",)

    def read(self, given: Any, name: str) -> frozenset[str] | None:
        if given is None or (isinstance(given, str) and given.strip().lower() in ("any", "all")):
            return None
        if isinstance(given, (list, tuple, set, frozenset)):
            given = [str(code) if isinstance(code, int) else code for code in given]
        elif isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        places = [place.removeprefix("+").upper() for place in _parts(given, name)]
        for place in places:
            if not contacts.is_place(place):
                raise _invalid(name, f"must be {self.range}, not {_shown(place)}")
        if not places:
            raise _invalid(name, f"must be {self.range}. To send no SMS at all, configure no provider")
        return frozenset(places)

    def text(self, value: frozenset[str] | None) -> str:
        return "any" if value is None else ",".join(sorted(value))

    def json(self, value: frozenset[str] | None) -> list[str] | str:
        return "any" if value is None else sorted(value)


class DomainList(NamedTuple):
    """Domains, each with all that are under it. is_denied: whether all others are allowed, else they alone are.

    disposable: whether those of disposable mailboxes are denied too.
    """

    names: frozenset[str]
    is_denied: bool
    disposable: bool = False


class Domains(ValueType):
    """The domains that emails may have, or may not: a DomainList; None for any."""

    range = "any, or domains such as example.com,example.org, or those denied: deny:example.net,deny:disposable"
    words = ("any", "deny:disposable")

    def read(self, given: Any, name: str) -> DomainList | None:
        if given is None or isinstance(given, DomainList):
            return given
        if isinstance(given, str) and given.strip().lower() in ("any", "all"):
            return None
        parts = [part.lower() for part in _parts(given, name)]
        denied = [part.removeprefix(DENY).strip() for part in parts if part.startswith(DENY)]
        if not parts or (denied and len(denied) < len(parts)):
            why = "it takes domains to allow or domains to deny, not both" if parts else f"it takes {self.range}"
            raise _invalid(name, f"is not clear: {why}")
        others = [part for part in denied or parts if not (denied and part == DISPOSABLE)]
        domains = frozenset(self._domain(part, name) for part in others)
        return DomainList(domains, bool(denied), disposable=len(others) < len(parts))

    def _domain(self, given: str, name: str) -> str:
        bare = given.removeprefix("@").removeprefix("*.")
        try:
            return contacts.email(f"x@{bare}").partition("@")[2]
        except Invalid:
            why = f"to refuse those, use {DENY}{DISPOSABLE}" if bare == DISPOSABLE else f"{_shown(given)} is no domain"
            raise _invalid(name, f"takes {self.range}; {why}") from None

    def text(self, value: DomainList | None) -> str:
        return "any" if value is None else ",".join(self.json(value))

    def json(self, value: DomainList | None) -> list[str] | str:
        if value is None:
            return "any"
        names = sorted(value.names) + ([DISPOSABLE] if value.disposable else [])
        return [DENY * value.is_denied + each for each in names]


DENY, DISPOSABLE = "deny:", "disposable"


class Networks(ValueType):
    """IP addresses and networks, as a tuple of networks in the order given."""

    range = "none, or addresses and networks such as 192.0.2.7,10.0.0.0/8"
    words = ("none",)

    def read(self, given: Any, name: str) -> tuple[Network, ...]:
        if _is_nothing(given):
            return ()
        if isinstance(given, tuple) and not any(isinstance(each, str) for each in given):
            given = [str(each) for each in given]
        return tuple(dict.fromkeys(self._network(each, name) for each in _parts(given, name)))

    def _network(self, given: str, name: str) -> Network:
        from ipaddress import ip_network

        try:
            network = ip_network(given)
        except ValueError:
            raise _invalid(name, f"must be {self.range}, not {_shown(given)}") from None
        # A server of both kinds of addresses shows 192.0.2.7 as ::ffff:192.0.2.7, and so may the log.
        mapped = network.network_address.ipv4_mapped if network.version == 6 else None
        return ip_network((mapped, max(network.prefixlen - 96, 0))) if mapped is not None else network

    def text(self, value: tuple[Network, ...]) -> str:
        return ",".join(self.json(value)) or "none"

    def json(self, value: tuple[Network, ...]) -> list[str]:
        return [str(network).removesuffix(f"/{network.max_prefixlen}") for network in value]


class Whom(ValueType):
    """Whom a rule is for: "off" for nobody, "all", or whoever has one of the labels of a tuple."""

    range = "off, all, or labels separated by commas"
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
        labels = identifiers.labels(_parts(given, name), field=name)
        reserved = [label for label in labels if label.lower() in self.no_labels]
        if reserved:
            raise _invalid(name, f"must be {self.range}; {_shown(reserved[0])} cannot be one of several")
        return labels

    def text(self, value: str | tuple[str, ...]) -> str:
        return value if isinstance(value, str) else ",".join(value)

    def json(self, value: str | tuple[str, ...]) -> str | list[str]:
        return value if isinstance(value, str) else list(value)


# Inside


def _invalid(name: str, message: str) -> Invalid:
    return Invalid("general_argument_invalid", f"Invalid {name}: {message}.", field=name)


def _shown(given: Any) -> str:
    return checks.shown(given) if isinstance(given, str) else checks.shown(repr(given))[1:-1]


def _is_nothing(given: Any) -> bool:
    """Whether a value says that there is none."""
    if isinstance(given, str):
        return given.strip().lower() in NOTHING
    return given is None or given is False or (isinstance(given, (list, tuple, set, frozenset)) and not given)


def _parts(given: Any, name: str, *, between: str = r"[\s,]+") -> list[str]:
    """The words of a list, or of text with commas or spaces between."""
    if isinstance(given, str):
        return [part for part in re.split(between, checks.text(given, name)) if part]
    if not isinstance(given, (list, tuple, set, frozenset)) or not all(isinstance(part, str) for part in given):
        raise _invalid(name, f"must be words separated by commas or a list of them, not {_shown(given)}")
    return [checks.text(part, name) for part in given]


def _line(given: Any, name: str) -> str:
    """Text that can be shown everywhere as it is: no control, line-breaking or direction-changing characters."""
    if not isinstance(given, str):
        raise _invalid(name, f"must be text, not {_shown(given)}")
    found = checks.text(given, name).strip()
    if not found.isprintable():
        raise _invalid(name, "must be one line of printable characters")
    return found


def _span(value: timedelta) -> str:
    """A duration as people write it: `15m`, `1h30m`, `7d`, `1y`."""
    written = ""
    for unit, size in _UNITS:
        count, value = divmod(value, size)
        written += f"{count}{unit}" if count else ""
    return written or "0s"
