"""Which file knows which hash: by the name given with `--hash`, and by how a text begins. A new hash is an entry here.

Families are loaded on first use. Nothing is recognised by its length, nor tried.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, cast

from authctl.core.hashing import base, recognition
from authctl.core.hashing.base import Malformed, NoPassword, Unnamed, Unsupported


@dataclass(frozen=True, slots=True)
class HashName:
    """A name for `--hash`. marks: the beginnings by which a text says that it is this."""

    name: str
    module: str
    help: str
    aliases: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[base.Option, ...]:
        """What `--hash-option` may say with this name."""
        own = cast("tuple[base.Option, ...]", getattr(load(self.module), "OPTIONS", ()))
        return own if base.PEPPER[0] in own else (*own, *base.PEPPER)


ENTRIES = (
    HashName("argon2", "argon2", "argon2i, argon2d, argon2id in PHC form",
          ("argon2id", "argon2i", "argon2d"), ("$argon2",)),
    HashName("bcrypt", "bcrypt", "bcrypt: $2a$, $2b$, $2y$", ("bcrypt-2a", "bcrypt-2b", "bcrypt-2y"), ("$2",)),
    HashName("bcrypt-2x", "bcrypt", "bcrypt of crypt_blowfish before 1.1: $2x$, ASCII passwords only"),
    HashName("md5", "digests", "MD5 in hex or base64, with or without salt", ("md5-salted",)),
    HashName("sha", "digests", "SHA-1, SHA-2, SHA-3 in hex or base64, with or without salt",
          (*tuple(base.DIGESTS)[1:], "sha1-salted", "sha256-salted", "sha512-salted")),
    HashName("symfony", "digests", "Symfony's message digest: SHA-512 of password{salt} in 5,000 rounds, base64"),
    HashName("devise", "digests", "devise-encryptable's SHA-512 or SHA-1, with stretches and pepper",
          ("devise-encryptable",)),
    HashName("mysql", "digests", "MySQL's own: * and 40 digits", ("mysql-native",), ("*",)),
    HashName("aspnet", "aspnet", "what ASP.NET Identity stores, version 2 or 3: one text in base64",
          ("aspnet-identity", "identity-v2", "identity-v3"), ("AQAAAA",)),
    HashName("phpass", "phpass", "phpass: $P$, $H$, and Drupal's: $S$",
          ("md5-phpass", "phpass-md5", "drupal"), ("$P$", "$H$", "$S$")),
    HashName("scrypt", "scrypt", "scrypt in PHC form, or bare with its options", ("scrypt-phc",), ("$scrypt$",)),
    HashName("scrypt-modified", "firebase",
          "Firebase's scrypt, as Firebase, Appwrite, Supabase, Kratos or Clerk write it",
          ("scrypt-mod", "firebase", "firebase-scrypt", "scrypt-firebase", "fbscrypt", "firescrypt"),
          ("$fbscrypt$", "$firescrypt$")),
    HashName("pbkdf2", "pbkdf2", "PBKDF2 as passlib and Auth0 write it, or bare with its options",
          ("pbkdf2-sha1", "pbkdf2-sha224", "pbkdf2-sha256", "pbkdf2-sha384", "pbkdf2-sha512"), ("$pbkdf2",)),
    HashName("hmac", "hmacs", "HMAC in hex or base64, with its key",
          tuple(f"hmac-{digest}" for digest in base.DIGESTS)),
    HashName("md5-crypt", "md5_crypt", "md5-crypt: $1$", ("crypt-md5",), ("$1$", "$md5-crypt$")),
    HashName("apr1", "md5_crypt", "Apache's md5-crypt: $apr1$", ("htpasswd-md5",), ("$apr1$",)),
    HashName("sha-crypt", "sha_crypt", "sha256-crypt and sha512-crypt: $5$, $6$", ("sha256-crypt", "sha512-crypt"),
          ("$5$", "$6$", "$sha256-crypt$", "$sha512-crypt$")),
    HashName("ldap", "ldap", "{SSHA}, {SHA512}, {CRYPT}, {PBKDF2-SHA256} and the other schemes of LDAP directories",
          ("rfc2307", "ldap-ssha", "smd5", "ssha", "ssha256", "ssha384", "ssha512"), ("{",)),
    HashName("django", "django", "what Django stores: pbkdf2_sha256$…, argon2$…, bcrypt_sha256$…, scrypt$…, md5$…",
          ("pbkdf2-sha256-django", "pbkdf2-sha1-django", "bcrypt-sha256-django", "django-bcrypt-sha256"),
          ("pbkdf2_", "argon2$", "bcrypt$", "bcrypt_sha256$", "scrypt$", "md5$", "sha1$", "crypt$")),
    HashName("wordpress", "bcrypt", "what WordPress stores since 6.8: $wp$2y$…", ("wordpress-bcrypt",), ("$wp$",)),
    HashName("bcrypt-sha256", "bcrypt", "passlib's bcrypt over SHA-256: $bcrypt-sha256$…",
          ("passlib-bcrypt-sha256",), ("$bcrypt-sha256$",)),
    HashName("werkzeug", "werkzeug", "what Werkzeug and Flask store: scrypt:…, pbkdf2:…", ("scrypt-werkzeug", "flask"),
          ("pbkdf2:", "scrypt:")),
    HashName("kratos", "kratos", "what Ory Kratos stores; its ln is N, its PBKDF2 sha384 is SHA-3", ("ory",),
          ("$md5$", "$sha1$", "$sha256$", "$sha512$", "$hmac-")),
    HashName("keycloak", "keycloak", "the value of a Keycloak credential, with its options"),
)  # fmt: skip

# How what is stored begins → the file that reads it. The rest of a family's forms are translated when they come in.
STORED = {
    "$argon2": "argon2",
    "$2": "bcrypt",
    "$scrypt$": "scrypt",
    "$P$": "phpass",
    "$S$": "phpass",
    "$1$": "md5_crypt",
    "$apr1$": "md5_crypt",
    "$5$": "sha_crypt",
    "$6$": "sha_crypt",
    "$authctl$wrapped-": "wrapped",
    "$authctl$peppered$": "peppered",
    "$authctl$firebase-scrypt$": "firebase",
    "$authctl$pbkdf2-": "pbkdf2",
    "$authctl$hmac-": "hmacs",
    "$authctl$django-bcrypt-sha256$": "bcrypt",
    "$authctl$passlib-bcrypt-sha256": "bcrypt",
    "$authctl$wordpress-bcrypt$": "bcrypt",
    "$authctl$md5": "digests",
    "$authctl$sha": "digests",
    "$authctl$ssha": "digests",
    "$authctl$smd5": "digests",
}

MAX_SHOWN = 24  # characters; shorter than any hash
UNCHECKED_NAMES = {
    "md4": "an MD4 hash",
    **dict.fromkeys(("ntlm", "nt", "nthash"), "an NT hash"),
    **dict.fromkeys(("lanman", "lm"), "a LAN Manager hash"),
    "yescrypt": "a yescrypt hash",
    **dict.fromkeys(("des", "descrypt"), "a DES crypt hash"),
    "scram": "a SCRAM verifier",
    "bcryptpeppered": "a bcrypt hash with a pepper that Clerk keeps",
    "awscognito": "a pointer to a Cognito pool",
}


@cache
def words() -> dict[str, tuple[HashName, str]]:
    """Every name and alias in its plainest spelling → its entry, and the word itself."""
    return {base.plain(word): (entry, word) for entry in ENTRIES for word in (entry.name, *entry.aliases)}


@cache
def _marked() -> dict[str, HashName]:
    return {mark: entry for entry in ENTRIES for mark in entry.marks}


@cache
def _any_mark() -> re.Pattern[str]:
    """The longest of all beginnings, in one expression, because an import asks for each of a million users."""
    return re.compile("|".join(map(re.escape, sorted(_marked(), key=len, reverse=True))))


class UnknownName(Unsupported):
    """No such name for `--hash`."""

    field = "hash"


def accept(text: str, name: str | None, given: Mapping[str, str]) -> base.StoredHash:
    """An incoming hash, its shape and cost checked. Raises HashError."""
    entry, word = find(name) if name is not None else (None, None)
    _check_text(text)
    if text.startswith(base.OWN):
        return _own(text, name, given)
    entry = entry or _by_mark(text)
    options = base.Options(given, entry.options if given else ())
    try:
        found = cast("base.Family", load(entry.module)).accept(text, word, options)
    except Malformed:
        _check_known(text)
        raise
    if "pepper" in options and entry.module != "digests":  # where they may put it anywhere
        found = cast("Any", load("peppered")).add(found, options)
    options.check_all_used()
    if len(str(found)) > base.MAX_TEXT:
        raise Malformed(f"This hash is longer than {base.MAX_TEXT} characters, salt included.")
    return found


def parse(stored: str) -> base.StoredHash:
    """A stored hash taken apart. Raises HashError when it is damaged."""
    if len(stored) <= base.MAX_TEXT:
        for mark, module in STORED.items():
            if stored.startswith(mark):
                return cast("base.StoredFamily", load(module)).parse(stored)
    raise Malformed("This is not a stored hash.")


def find(name: str) -> tuple[HashName, str]:
    """The entry of a name or alias in any spelling, and the word that it was named by."""
    wanted = base.plain(name)
    if wanted in words():
        entry, word = words()[wanted]
        return entry, word.removesuffix("-salted")  # which says no more than the option salt does
    if wanted in UNCHECKED_NAMES:
        what = UNCHECKED_NAMES[wanted]
        raise UnknownName(
            f"{what[0].upper()}{what[1:]} is not supported. Import the user without a password and reset it."
        )
    # A long word may be the hash itself, given in the wrong place.
    shown = f" {name!r}" if len(name) < MAX_SHOWN and name.isalnum() else ""
    raise UnknownName(f"Hashing algorithm{shown} is not supported.")


@cache
def load(module: str) -> object:
    return import_module(f"authctl.core.hashing.{module}")


def _check_text(text: str) -> None:
    """Before anything looks closer."""
    if len(text) > base.MAX_TEXT:
        raise Malformed(f"This hash is longer than {base.MAX_TEXT} characters.")
    if not text:
        raise NoPassword("The hash is empty: there is no password.")
    if recognition.is_lock(text) or (text.startswith(("!", "*")) and not recognition.MYSQL.fullmatch(text)):
        raise NoPassword("The account is locked or has no usable password.")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise Malformed("A hash cannot contain spaces or non-ASCII characters.")


def _own(text: str, name: str | None, given: Mapping[str, str]) -> base.StoredHash:
    if name is not None or given:
        raise Malformed("This hash comes from authctl and is complete. Leave out its name and options.")
    return parse(text)


def _by_mark(text: str) -> HashName:
    """The entry that a text names itself, the longest beginning first; never by length."""
    match = _any_mark().match(text)
    if not match or text.startswith('{"'):  # JSON, and no {SCHEME}
        _check_known(text)
    if not match:
        raise Unnamed("Unknown hash. Name its algorithm.")
    return _marked()[match.group()]


def _check_known(text: str) -> None:
    """Raises Unsupported where the text is of a kind that cannot be checked here."""
    what = recognition.unchecked(text)
    if what is not None:
        raise Unsupported(f"This looks like {what}, which is not supported. The password needs a reset.")
