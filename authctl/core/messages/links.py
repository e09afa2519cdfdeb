"""Links in mails: to hosts that the settings allow, and read by browsers as they are read here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote_plus, urlencode, urlsplit, urlunsplit

from authctl.core.values import checks
from authctl.delivery.domains import ascii_domain
from authctl.errors import Invalid
from authctl.settings import Settings

PORTS = {"https": 443, "http": 80}


def link(url: str, settings: Settings, **parameters: str) -> str:
    """The address with our query parameters, for a mail. Its own stay, those of the same name apart; so does its `#`.

    What the settings allow in `allowed_redirects` are hosts (for the scheme's usual port) or host:port.
    Raises Invalid: general_argument_invalid for what is no web address, general_redirect_denied for a host that is not
    allowed, and for http to anything but this machine.
    """
    parts = _web_address(url)
    host, usual = _ascii(parts.hostname or ""), PORTS[parts.scheme]
    port = parts.port or usual
    if parts.scheme == "http" and not _is_local(host):
        raise _denied(f"A link to {host} must begin with https://.", "Only localhost may use http://.")
    place = (f"[{host}]" if ":" in host else host) + ("" if port == usual else f":{port}")
    if (host, port) not in [_host_and_port(entry, usual) for entry in settings.allowed_redirects]:
        raise _denied(f"Links to {place} are not allowed.", _allowing(place, settings))
    return _with_parameters(parts, place, parameters)


def with_parameters(url: str, **parameters: str) -> str:
    """The same of an address that the settings give, and so allow."""
    parts = _web_address(url)
    return _with_parameters(parts, parts.netloc, parameters)


def _with_parameters(parts: SplitResult, place: str, parameters: Mapping[str, str]) -> str:
    kept = [part for part in parts.query.split("&") if part and unquote_plus(part.split("=")[0]) not in parameters]
    query = "&".join([*kept, urlencode(parameters)] if parameters else kept)
    return urlunsplit((parts.scheme, place, parts.path or "/", query, parts.fragment))


def _web_address(url: str) -> SplitResult:
    """The parts of a web address; refuses what browsers read differently."""
    # Browsers take `\\` for `/`, and leave out blanks and line breaks.
    if re.search(r"[\x00-\x20\x7f-\xa0\\]", checks.text(url, "url")):
        raise _not_an_address("must not contain spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_an_address("not a web address") from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise _not_an_address("must begin with https://")
    if "@" in parts.netloc:
        raise _not_an_address("must not contain a user name")
    return parts


def _host_and_port(entry: str, usual: int) -> tuple[str, int]:
    """What an entry of the setting allows."""
    try:
        parts = urlsplit(f"//{entry}")
        return _ascii(parts.hostname or ""), parts.port or usual
    except ValueError:
        raise Invalid(
            "general_config_invalid", f"Invalid host in allowed_redirects: {entry!r}.", field="allowed_redirects"
        ) from None


def _ascii(host: str) -> str:
    try:
        return ascii_domain(host)
    except ValueError:
        raise _not_an_address("the host name is not valid") from None


def _is_local(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 §6.3


def _allowing(place: str, settings: Settings) -> str:
    """How links to a place come to be allowed: what to write, and where."""
    import json

    hosts, origin = [*settings.allowed_redirects, place], settings.origin("allowed_redirects")
    if origin.kind == "environment":
        return f"Allow it with: {origin.where}={','.join(hosts)}"
    line = f"allowed_redirects = {json.dumps(hosts, ensure_ascii=False)}"
    if origin.kind in ("file", "profile"):
        profile = "the profile " if origin.kind == "profile" else ""
        return f"Allow it with {line} in {profile}{origin.where}."
    file = settings.config or "a configuration file (name it with --config)"
    return f"Allow it with {line} in {file}, above its first [table]."


def _not_an_address(what: str) -> Invalid:
    return Invalid("general_argument_invalid", f"Invalid url: {what}.", field="url")


def _denied(message: str, hint: str) -> Invalid:
    return Invalid("general_redirect_denied", message, field="url", hint=hint)
