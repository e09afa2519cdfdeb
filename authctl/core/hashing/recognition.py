"""What a text looks like that is no password: a hash, or the mark of a locked account. And what cannot be checked here.

A hash that is taken for a password in plain text lets everybody sign in who has read the file, with the hash itself.
"""

from __future__ import annotations

import re

from authctl.core.hashing import base

# Known, and out of reach of the libraries here: the password needs a reset.
UNCHECKED = (
    (r"\$y\$", "a yescrypt hash"),
    (r"\$gy\$", "a gost-yescrypt hash"),
    (r"\$7\$", "an scrypt hash of crypt, $7$"),
    (r"\$3\$", "an NT hash"),
    (r"\$md5,", "a hash of Solaris' md5"),
    (r"U\$", "Drupal's update of an older hash"),
    (r"\$sm3\$", "an sm3crypt hash"),
    (r"\$ml\$", "a hash of macOS"),
    (r"_[./0-9A-Za-z]{19}\Z", "a DES crypt hash of BSDi"),
    (r"[./0-9A-Za-z]{12}[.26AEIMQUYcgkosw]\Z", "a DES crypt hash"),  # 64 bits, the last character has four of them
    (r"\{\"", "an encrypted column, whose key is elsewhere"),
    (r"awscognito#", "a pointer to a Cognito pool"),
    (r"SCRAM-SHA-\d+\$", "a SCRAM verifier, as PostgreSQL stores it"),
    (r"md5[0-9a-f]{32}\Z", "PostgreSQL's MD5 of password and user name"),
    (r"0x0[12]00[0-9A-Fa-f]{48,}\Z", "a hash of Microsoft SQL Server"),
    (r"[ST]:[0-9A-Fa-f]{60,}(?:;|\Z)", "a hash of Oracle"),
    (r":(?:[AB]|pbkdf2|bcrypt|argon2):", "a hash of MediaWiki"),
)
DES = "a DES crypt hash"  # which a password of 13 letters and digits looks like as well

MYSQL = re.compile(r"\*[0-9A-F]{40}")
DJANGO_UNUSABLE = re.compile(r"![A-Za-z0-9]{40}")
LOCK = re.compile(r"[!*]+|[xX]|[!*]*(?:LK|NP|UP|RL|BL|LOCKED|NOLOGIN|NO PASSWORD)[!*]*")
# {WORD} as LDAP directories, Dovecot and Spring write it, in any case where it is one that is known.
SCHEME = re.compile(
    r"\{((?i:s?md5|s?sha[0-9-]*|[a-z0-9-]*crypt(?:@\w+)?|argon2\w*|pbkdf2[\w@-]*|clear(?:text)?|plain(?:text)?|noop|sasl"
    r"|kerberos|nt|ntlm|lanman|md4|ldap)|[A-Z][A-Z0-9_.-]+)\}\S"
)
# The shapes of hashes that say what they are: → the name by which `--hash` takes them, none for that of their own.
_B64 = "[A-Za-z0-9+/_-]"
_HASHES = tuple(
    (re.compile(shape), what, name)
    for shape, what, name in (
        (r"\$[A-Za-z0-9][A-Za-z0-9_.,=-]{0,63}\$\S{20,}", "a hash that begins with $ and its kind", "self"),
        (r"(?:pbkdf2_\w+|argon2|bcrypt(?:_sha256)?|scrypt|md5|sha1|crypt)\$\S{16,}", "a hash of Django", "django"),
        (r"(?:pbkdf2|scrypt):\S+\$\S{16,}", "a hash of Werkzeug", "werkzeug"),
        (r"AQAAAA[AEI]" + _B64 + r"{38,}={0,2}\Z", "a hash of ASP.NET Identity", "aspnet"),
        (r"A[A-P]" + _B64 + r"{64}==\Z", "a hash of ASP.NET Identity", "aspnet"),
        (r"[0-9A-Fa-f]{32}\Z", "an MD5 or NT hash in hex", "md5"),
        (r"[0-9A-Fa-f]{40}\Z", "a SHA-1 hash in hex", "sha1"),
        (r"[0-9A-Fa-f]{56}\Z", "a SHA-224 hash in hex", "sha224"),
        (r"[0-9A-Fa-f]{64}\Z", "a SHA-256 hash in hex", "sha256"),
        (r"[0-9A-Fa-f]{96}\Z", "a SHA-384 hash in hex", "sha384"),
        (r"[0-9A-Fa-f]{128,}\Z", "a SHA-512 hash in hex", "sha512"),
        # Padded only: 64 characters without are a password of somebody's generator as well as SHA-384.
        (_B64 + r"{22}==\Z", "an MD5 hash in base64", "md5"),
        (_B64 + r"{27}=\Z", "a SHA-1 hash in base64", "sha1"),
        (_B64 + r"{38}==\Z", "a SHA-224 hash in base64", "sha224"),
        (_B64 + r"{43}=\Z", "a SHA-256 hash in base64", "sha256"),
        (_B64 + r"{86}==(?:\$|\Z)", "a SHA-512 hash in base64, or one of Firebase", "sha512"),
    )
)
_UNCHECKED = tuple((re.compile(shape), what) for shape, what in UNCHECKED)


def unchecked(text: str, *, des: bool = True) -> str | None:
    """What a text is that cannot be checked here, with its article."""
    for shape, what in _UNCHECKED:
        if shape.match(text) and (des or what != DES):
            return what
    return None


def is_lock(text: str) -> bool:
    """Whether it stands where a password would, and says that there is none, or that it may not be used."""
    bare = text.lstrip("!*")
    return bool(
        LOCK.fullmatch(text)
        or DJANGO_UNUSABLE.fullmatch(text)
        or (bare != text and not MYSQL.fullmatch(text) and _hash(bare, des=True) is not None)
    )


def not_plain(text: str, *, des: bool = False) -> str | None:
    """Why a text is not taken for a password in plain text; None where it may be one.

    des: whether DES crypt is likely where it comes from.
    """
    text = text.strip()
    if len(text) > base.MAX_TEXT:
        return None  # which no password is
    if is_lock(text):
        return "There is no password: the text marks it as locked or missing."
    found = _hash(text, des=des)
    if found is None:
        return None
    what, name = found
    advice = f"to import it as a hash from CSV: --hash-format {name}" if name else "it needs a reset"
    return f"The plain password looks like {what}; {advice}."


def _hash(text: str, *, des: bool) -> tuple[str, str | None] | None:
    """What hash a text looks like, and the name that takes it."""
    if MYSQL.fullmatch(text):
        return "a hash of MySQL", "mysql"
    if (what := unchecked(text, des=des)) is not None:
        return what, None
    if match := SCHEME.match(text):
        return f"a hash of the scheme {match.group(1)}", "ldap"
    return next(((what, name) for shape, what, name in _HASHES if shape.match(text)), None)
