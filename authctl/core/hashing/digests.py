"""MD5, SHA-1, SHA-2 or SHA-3 in any number of rounds, with or without salt: fast to guess, kept until a sign-in.

Stored as `$authctl$NAME$parameters$salt$digest`, where NAME is the digest (`md5`), the digest with salt (`md5-salted`),
of several rounds (`md5-iterated`), or the LDAP scheme (`ssha`). Parameters: pf, where the salt stands; e, how passwords
became bytes; i, how many rounds; ag, what each but the first digests; pp, the pepper, which is a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from authctl.core.hashing import base, recognition
from authctl.core.hashing.base import Malformed, Option, Strength, WrongOption

PREFIX, SUFFIX, ALONE = "{SALT}{PASSWORD}", "{PASSWORD}{SALT}", "{PASSWORD}"
MERGED = "{PASSWORD}{{SALT}}"  # as Symfony joins them
POSITIONS = {"prefix": PREFIX, "suffix": SUFFIX, "merged": MERGED}
DIGEST = "{DIGEST}"
MAX_TEMPLATE = 96  # characters
MAX_ROUNDS = 500_000  # 2 s of the longest password
LDAP = {"smd5": "md5", "ssha": "sha1", **{f"ssha{size}": f"sha{size}" for size in (224, 256, 384, 512)}}
PLACES = re.compile(r"(\{(?:SALT|PASSWORD|PEPPER|DIGEST|HEX)\})")

VERSIONS = tuple(base.DIGESTS)[1:]

OPTIONS = (
    Option("version", f"one of sha: {', '.join(VERSIONS)} (default sha256)", ("passwordVersion", "digest")),
    Option("salt", "the salt, if any"),
    Option("salt_position", "prefix (default), suffix, or merged: password{salt}", ("position", "saltOrder")),
    base.SALT_ENCODING,
    base.ENCODING,
    base.PASSWORD_ENCODING,
    Option("iterations", "number of rounds (default 1)", ("stretches", "factor", "rounds", "iterationCount")),
    Option("template", "the text to digest, with {PASSWORD}, {SALT} and {PEPPER}: --{SALT}--{PASSWORD}--"),
    Option("again", "what further rounds digest: digest (default), hex, message (the digest and the whole first "
                    "round), or a template with {DIGEST} or {HEX}"),
    *base.PEPPER,
)  # fmt: skip


class Recipe(NamedTuple):
    """How a system digests unless it is told otherwise. again: as the option says it."""

    digest: str
    template: str
    again: str
    rounds: int
    encoding: str


RECIPES = {
    # Symfony's MessageDigestPasswordHasher
    "symfony": Recipe("sha512", MERGED, "message", 5000, "base64"),
    # devise-encryptable's Sha1 and Sha512: the first round has the pepper where the others have a digest
    "devise": Recipe(
        "sha512", "--{SALT}--{PEPPER}--{PASSWORD}--{PEPPER}--", "--{SALT}--{HEX}--{PASSWORD}--{PEPPER}--", 10, "hex"
    ),
}


@dataclass(frozen=True, slots=True, repr=False)
class Digest(base.StoredHash):
    """scheme: the LDAP scheme that it came as, empty otherwise."""

    strength: ClassVar = Strength.WEAK

    digest: str
    salt: bytes = b""
    template: str = ALONE
    encoding: str = "utf8"
    scheme: str = ""
    rounds: int = 1
    again: str = DIGEST
    pepper: bytes = b""

    def __post_init__(self) -> None:
        base.check_digest(self.digest)
        size = base.DIGESTS[self.digest][1]
        if len(self.expected) != size:
            raise Malformed(_wrong_size(self.digest, size, self.expected))
        base.check_size(self.salt, 0, base.MAX_SALT_SIZE, "salt")
        base.check_size(self.pepper, 0, base.MAX_PEPPER_SIZE, "pepper")
        base.check_range(self.rounds, 1, MAX_ROUNDS, "rounds")
        if len(self.template) > MAX_TEMPLATE or self.template.count("{PASSWORD}") != 1:
            raise Malformed("The salting template of this hash must name {PASSWORD} once, and be short.")
        if _names_digest(self.template) or len(self.again) > MAX_TEMPLATE or not _names_digest(self.again):
            raise Malformed(
                "A template for further rounds must name {DIGEST} or {HEX}; one for the first must not. "
                "Both must be short."
            )
        if self.encoding not in base.PASSWORD_ENCODINGS:
            raise Malformed("Unknown password encoding.")

    def __str__(self) -> str:
        parts = (self.algorithm, self._parameters(), base.encode64(self.salt), base.encode64(self.expected))
        return base.OWN + "$".join(parts)

    def _parameters(self) -> str:
        found = []
        if self.template != ALONE and not self.scheme:
            short = {template: position for position, template in POSITIONS.items()}
            found.append(f"pf={short.get(self.template) or base.encode64(self.template.encode())}")
        if self.encoding != "utf8":
            found.append(f"e={self.encoding}")
        if self.rounds > 1:
            found.append(f"i={self.rounds}")
        if self.again != DIGEST:
            found.append(f"ag={base.encode64(self.again.encode())}")
        if self.pepper:
            found.append(f"pp={base.encode64(self.pepper)}")
        return ",".join(found)

    @property
    def algorithm(self) -> str:
        if self.rounds > 1:
            return f"{self.digest}-iterated"
        return self.scheme or (self.digest if self.template == ALONE else f"{self.digest}-salted")

    @property
    def holds_key(self) -> bool:
        return bool(self.pepper)

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.salt:
            return base.fast(self.algorithm)
        return (
            (f"{self.algorithm} without salt can be looked up in tables. Wrap it in argon2id, or reset the password."),
        )

    def compute(self, password: str) -> bytes:
        parts = {"{SALT}": self.salt, "{PASSWORD}": base.octets(password, self.encoding), "{PEPPER}": self.pepper}
        digest = base.digester(self.digest)
        found = digest(b"".join(parts.get(part, part.encode()) for part in PLACES.split(self.template)))
        again = [(part, parts.get(part, part.encode())) for part in PLACES.split(self.again) if part]
        for _ in range(self.rounds - 1):
            made = {DIGEST: found, "{HEX}": found.hex().encode()}
            found = digest(b"".join([made.get(part, text) for part, text in again]))
        return found


def _names_digest(template: str) -> bool:
    return DIGEST in template or "{HEX}" in template


def _wrong_size(digest: str, size: int, found: bytes) -> str:
    if len(found) == 2 * size and base.HEX.issuperset(found.decode("latin-1")):
        return f"This is base64 of the hexadecimal text of a {digest} digest. Decode it once and pass the hex."
    return f"A {digest} digest has {size} bytes; this one has {len(found)}."


def parse(stored: str) -> Digest:
    fields = stored.removeprefix(base.OWN).split("$")
    if len(fields) != 4:
        raise Malformed("This stored digest is damaged.")
    name, parameters, salt, expected = fields
    found = base.pairs(parameters, name)
    if found.keys() - {"pf", "e", "i", "ag", "pp"}:
        raise Malformed("This stored digest has unknown parameters.")
    if name in LDAP:
        return ldap(name, base.decode64(salt), base.decode64(expected))
    made = Digest(
        base.decode64(expected),
        name.removesuffix("-salted").removesuffix("-iterated"),
        base.decode64(salt),
        read_template(found["pf"]) if "pf" in found else ALONE,
        found.get("e", "utf8"),
        rounds=base.number(found.get("i", "1"), "rounds"),
        again=read_template(found["ag"]) if "ag" in found else DIGEST,
        pepper=base.decode64(found.get("pp", "")),
    )
    if made.algorithm != name:
        raise Malformed("This stored digest is damaged.")
    return made


def ldap(scheme: str, salt: bytes, expected: bytes) -> Digest:
    """A salted scheme of RFC 2307 and its kin."""
    return Digest(expected, LDAP[scheme], salt, SUFFIX, scheme=scheme)


def read_template(text: str) -> str:
    """prefix, suffix, merged, or base64 of a text with {SALT} and {PASSWORD}."""
    if text in POSITIONS:
        return POSITIONS[text]
    try:
        return base.decode64(text).decode()
    except UnicodeDecodeError as error:
        raise Malformed("The salting template of this hash is not text.") from error


def accept(text: str, name: str | None, options: base.Options) -> Digest:
    """A digest in hex or base64, with its salt in the options."""
    if recognition.MYSQL.fullmatch(text) and name in (None, "mysql"):
        return Digest(base.decode_hex(text[1:]), "sha1", rounds=2)
    if name == "mysql":
        raise Malformed("Not a MySQL hash: * and 40 hexadecimal digits in capitals.")
    recipe = RECIPES.get(name or "") or Recipe(_digest(name or "", options), "", "digest", 1, "hex")
    expected = base.decode(text, options.choice("encoding", base.ENCODINGS, recipe.encoding))
    salt = b""
    if "salt" in options:
        salt = options.decoded("salt", options.choice("salt_encoding", base.SALT_ENCODINGS, "utf8"))
    template = _template(recipe.template, salt, options)
    again = _again(recipe.again, template, options)
    pepper = base.pepper(options)
    if pepper and "{PEPPER}" not in template + again:
        template, again = (base.with_pepper(each, options, "{PASSWORD}", "{PEPPER}") for each in (template, again))
    return Digest(
        expected,
        options.choice("version", tuple(base.DIGESTS), recipe.digest) if name in RECIPES else recipe.digest,
        salt,
        template,
        options.choice("password_encoding", base.PASSWORD_ENCODINGS, "utf8"),
        rounds=options.whole("iterations", recipe.rounds),
        again=again,
        pepper=pepper.encode(),
    )


def _digest(name: str, options: base.Options) -> str:
    if name in base.DIGESTS:
        return name
    return options.choice("version", VERSIONS, "sha256")


def _template(usual: str, salt: bytes, options: base.Options) -> str:
    """What the first round digests."""
    if "template" in options:
        return options.text("template")
    if usual:
        return usual if salt or usual != MERGED else ALONE  # Symfony merges no empty salt
    if "salt" not in options:
        return ALONE
    return POSITIONS[options.choice("salt_position", (*POSITIONS, "postfix"), "prefix").replace("postfix", "suffix")]


def _again(usual: str, first: str, options: base.Options) -> str:
    """What each further round digests."""
    text = options.text("again") if "again" in options else usual
    found = {"digest": DIGEST, "hex": "{HEX}", "message": DIGEST + first}.get(text, text)
    if not _names_digest(found):
        raise WrongOption("The hash option again must be digest, hex, message, or a template with {DIGEST} or {HEX}.")
    return found
