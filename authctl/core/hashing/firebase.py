"""Firebase's scrypt: the project's signer key, encrypted under a key that scrypt derives from the password.

dk = scrypt(password, salt ‖ separator, N = 2^mem_cost, r = rounds, p = 1)
hash = AES-256-CTR(key = dk[:32], counter = 0, data = signer key)

Written by Appwrite (scryptMod), Supabase ($fbscrypt$), Kratos ($firescrypt$) and Clerk (six parts) each in its own way.
The signer key is a secret of the whole project, so the stored string must be sealed: `holds_key` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base, scrypt
from authctl.core.hashing.base import Malformed, Option, TooCostly

NAME = "firebase-scrypt"
MAX_ROUNDS, MAX_MEM_COST = 8, 17
MIN_KEY_SIZE = 32  # bytes; a hash is as long as the key, and one byte would match one password in 256

OPTIONS = (
    Option("salt", "base64", ("passwordSalt",)),
    Option("salt_separator", "base64, for the whole project", ("passwordSaltSeparator", "base64_salt_separator")),
    Option("signer_key", "base64, for the whole project", ("passwordSignerKey", "base64_signer_key")),
    Option("rounds", "1 to 8 (default 8)"),
    Option("mem_cost", "1 to 17 (default 14)", ("memoryCost",)),
)


@dataclass(frozen=True, slots=True, repr=False)
class FirebaseScrypt(base.StoredHash):
    algorithm: ClassVar = NAME
    holds_key: ClassVar = True

    rounds: int
    mem_cost: int
    salt: bytes
    separator: bytes
    signer_key: bytes

    def __post_init__(self) -> None:
        base.check_range(self.rounds, 1, MAX_ROUNDS, "Firebase rounds")
        base.check_range(self.mem_cost, 1, MAX_MEM_COST, "Firebase mem_cost")
        scrypt.check_width(1 << self.mem_cost, self.rounds)
        base.check_size(self.salt, 1, 128, "Firebase salt")
        base.check_size(self.separator, 0, 32, "Firebase salt separator")
        base.check_size(self.signer_key, MIN_KEY_SIZE, 128, "Firebase signer key")
        if len(self.expected) != len(self.signer_key):
            raise Malformed("This Firebase hash and its signer key differ in length. One of them is damaged.")

    @property
    def memory(self) -> int:
        return 128 * self.rounds << self.mem_cost

    def __str__(self) -> str:
        parts = (self.salt, self.separator, self.signer_key, self.expected)
        return f"{base.OWN}{NAME}$n={self.mem_cost},r={self.rounds}$" + "$".join(map(base.encode64, parts))

    def compute(self, password: str) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        salt = self.salt + self.separator
        key = scrypt.derive(base.octets(password), salt, 1 << self.mem_cost, self.rounds, 1, 32)
        return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(self.signer_key)


def parse(stored: str) -> FirebaseScrypt:
    fields = stored.removeprefix(f"{base.OWN}{NAME}$").split("$")
    if len(fields) != 5:
        raise Malformed("This stored Firebase hash is damaged.")
    costs = base.pairs(fields[0], "Firebase")
    return _build(fields[4], fields[1], fields[2], fields[3], costs.get("r", ""), costs.get("n", ""))


def accept(text: str, name: str | None, options: base.Options) -> FirebaseScrypt:
    """A bare hash with its options, or one of the forms that carry all."""
    if text.startswith("$fbscrypt$"):
        return _supabase(text)
    if text.startswith("$firescrypt$"):
        return _kratos(text)
    if "$" in text:
        return _clerk(text)
    return FirebaseScrypt(
        base.decode64(text),
        options.whole("rounds", MAX_ROUNDS),
        options.whole("mem_cost", 14),
        options.decoded("salt", "base64"),
        options.decoded("salt_separator", "base64"),
        options.decoded("signer_key", "base64"),
    )


def _supabase(text: str) -> FirebaseScrypt:
    """`$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$salt$hash`."""
    fields = text.split("$")
    if len(fields) != 5:
        raise Malformed("Not a Supabase Firebase hash: $fbscrypt$v=1,n=…,r=…,p=1,ss=…,sk=…$salt$hash.")
    found = base.pairs(fields[2], "Firebase")
    if found.get("v") != "1" or found.get("p") != "1":
        raise Malformed("This Firebase hash must have v=1 and p=1.")
    return _build(
        fields[4], fields[3], found.get("ss", ""), found.get("sk", ""), found.get("r", ""), found.get("n", "")
    )


def _kratos(text: str) -> FirebaseScrypt:
    """`$firescrypt$ln=14,r=8,p=1$salt$hash$separator$key`."""
    fields = text.split("$")
    if len(fields) != 7:
        raise Malformed("Not a Kratos Firebase hash: $firescrypt$ln=…,r=…,p=1$salt$hash$separator$key.")
    found = base.pairs(fields[2], "Firebase")
    if found.get("p") != "1":
        raise Malformed("This Firebase hash must have p=1.")
    return _build(fields[4], fields[3], fields[5], fields[6], found.get("r", ""), found.get("ln", ""))


def _clerk(text: str) -> FirebaseScrypt:
    """`hash$salt$key$separator$rounds$mem_cost`."""
    fields = text.split("$")
    if len(fields) != 6:
        raise Malformed("Not a Clerk Firebase hash: hash$salt$key$separator$rounds$mem_cost.")
    return _build(fields[0], fields[1], fields[3], fields[2], fields[4], fields[5])


def _build(expected: str, salt: str, separator: str, key: str, rounds: str, mem_cost: str) -> FirebaseScrypt:
    cost = base.number(mem_cost, "Firebase mem_cost")
    if cost > MAX_MEM_COST:  # before the key is looked at: its price is what matters
        raise TooCostly(f"The mem_cost of this Firebase hash is above {MAX_MEM_COST}, which is not supported.")
    parts = (base.decode64(part) for part in (salt, separator, key))
    return FirebaseScrypt(base.decode64(expected), base.number(rounds, "Firebase rounds"), cost, *parts)
