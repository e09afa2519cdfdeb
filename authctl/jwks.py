"""Verification of JWTs without the database: by the public keys of a directory, which are kept for a while.

    from authctl import jwks

    verifier = jwks.Verifier("https://app.example.com/.well-known/jwks.json", issuer="authctl", audience="shop")
    claims = verifier.verify(token)

    no keys ──first JWT──> kept ──refresh_every──> read anew for the next JWT
                            └──a JWT of an unknown key: read anew, if the last time was retry_after ago

A JWT says who had a session when it was made. Verifying it here cannot tell what happened since: that the session
ended, that the user was blocked or deleted, or that the password was changed. It stays good until it expires, an hour
at most; `sessions.verify_jwt` asks the directory itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from datetime import timedelta
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from authctl.core.sessions import jwts, key_sets
from authctl.core.work.unit import system_clock
from authctl.errors import Denied, Invalid, Unavailable
from authctl.model import JwtClaims

if TYPE_CHECKING:
    from authctl.model import Clock, SigningKey

__all__ = ["Verifier"]

KEPT = jwts.LONGEST  # while the URL does not answer: as long as a JWT may live
_HINT = (
    "Pass the JWT alone, without 'Bearer'. If new ones are refused too, compare issuer and audience with the policies "
    "jwt-issuer and jwt-audience."
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")

logger = logging.getLogger("authctl")


class _Kept(NamedTuple):
    """The keys as they were at that moment, by the monotonic clock."""

    at: float
    keys: dict[str, SigningKey]


class Verifier:
    """Verifies the JWTs of one directory by its public keys. May be shared by threads.

    keys: the https URL of what `security.show_jwks` answers with, or that itself. Redirects are not followed.
    issuer: what the policy jwt-issuer says. audience: whom a JWT must be for; without one, it must be for nobody.
    refresh_every: how old the keys may be; if they cannot be read, those from before are used for an hour.
    retry_after: how long to wait at least before they are read again, whatever comes in. timeout: for one reading.
    """

    def __init__(
        self,
        keys: str | Mapping[str, object],
        *,
        issuer: str,
        audience: str | None = None,
        refresh_every: timedelta = timedelta(minutes=5),
        retry_after: timedelta = timedelta(seconds=10),
        timeout: timedelta = timedelta(seconds=5),
        clock: Clock = system_clock,
    ) -> None:
        self._url = _checked(keys) if isinstance(keys, str) else None
        self._issuer, self._audience = issuer, audience
        self._refresh_every = refresh_every.total_seconds()
        self._retry_after = retry_after.total_seconds()
        self._timeout = timeout.total_seconds()
        self._clock = clock
        self._monotonic: Callable[[], float] = monotonic
        self._lock = Lock()
        self._reading: Future[None] = Future()
        self._began: float | None = None
        self._failure = ""
        self._kept: _Kept | None = None if isinstance(keys, str) else _Kept(0.0, _of(keys))

    def verify(self, token: str) -> JwtClaims:
        """What a JWT says, if a key of the directory signed it, and it is from that issuer, for that audience and live.

        Waits for the keys where they must be read: in asyncio, call it by `asyncio.to_thread`. Raises Denied
        (user_jwt_invalid); Unavailable (general_unavailable) where the keys cannot be read.
        """
        try:
            return self._read_token(token if isinstance(token, str) else "")
        except Denied as error:
            error.hint = _HINT
            raise

    def _read_token(self, token: str) -> JwtClaims:
        parsed = jwts.parse(token)
        key = self._find(parsed.header.get("kid"))
        now = self._clock()
        return jwts.read(parsed, [key] if key else [], issuer=self._issuer, audience=self._audience, now=now)

    def _find(self, id: object) -> SigningKey | None:
        """The key of that id; None where there is none."""
        if self._url is None and self._kept is not None:
            return self._kept.keys.get(str(id))
        now = self._monotonic()
        kept = self._usable(now)
        key = kept.keys.get(str(id)) if kept else None
        if kept is None or key is None or now - kept.at >= self._refresh_every:
            is_ours = self._read_anew(now)
            if is_ours or key is None:
                wait([self._reading], self._timeout)
            kept = self._usable(now)
            if kept is None:
                raise self._unavailable()
        return kept.keys.get(str(id))

    def _usable(self, now: float) -> _Kept | None:
        kept = self._kept
        return kept if kept is not None and now - kept.at < KEPT.total_seconds() else None

    def _read_anew(self, now: float) -> bool:
        """Have the keys read, unless that began a moment ago. Whether it begins now."""
        with self._lock:
            if self._began is not None and now - self._began < self._retry_after:
                return False
            self._began, self._reading = now, Future()
            Thread(target=self._read, args=(now, self._reading), name="authctl-jwks", daemon=True).start()
        return True

    def _read(self, now: float, reading: Future[None]) -> None:
        """Read the keys. In a thread of its own: a server can make it last, and nobody waits longer than `timeout`."""
        import httpx

        try:
            self._kept = _Kept(now, key_sets.read(self._fetch()))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            self._failure = str(error) or type(error).__name__
            logger.warning("The public keys at %s cannot be read: %s", self._shown, self._failure)
        finally:
            reading.set_result(None)

    def _fetch(self) -> bytes:
        """What the URL answers with, as it travels. Raises ValueError for anything but a success of a fair size."""
        import httpx

        # Compressed, little could become much; elsewhere, it would not be what was asked for.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        until = monotonic() + self._timeout
        with httpx.stream("GET", self._url or "", headers=headers, timeout=self._timeout) as answer:
            if answer.status_code != 200:
                raise ValueError(f"HTTP {answer.status_code}")
            body = b""
            for piece in answer.iter_raw():
                body += piece
                if len(body) > key_sets.MAX_SIZE or monotonic() > until:
                    raise ValueError("the answer is too long")
            return body

    @property
    def _shown(self) -> str:
        return urlsplit(self._url or "")._replace(query="").geturl()

    def _unavailable(self) -> Unavailable:
        why = self._failure or f"no answer within {self._timeout:g} seconds"
        hint = "Check the URL: it must answer with what security.show_jwks returns."
        return Unavailable("general_unavailable", f"The public keys at {self._shown} cannot be read: {why}", hint=hint)


def _checked(url: str) -> str:
    """The URL, if nobody can put other keys in the place of those that it answers with."""
    if not _is_safe(url):
        message = "The URL of the public keys must begin with https:// and have no password."
        raise Invalid("general_argument_invalid", message, field="keys")
    return url


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_local = parts.scheme == "http" and parts.hostname in LOOPBACK
    return (parts.scheme == "https" or is_local) and bool(parts.hostname) and "@" not in parts.netloc


def _of(found: Mapping[str, object]) -> dict[str, SigningKey]:
    try:
        return key_sets.keys(found)
    except ValueError as error:
        raise Invalid("general_argument_invalid", f"The public keys cannot be read: {error}", field="keys") from None
