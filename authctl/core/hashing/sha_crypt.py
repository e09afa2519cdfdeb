"""sha256-crypt (`$5$`) and sha512-crypt (`$6$`), by Ulrich Drepper's specification of 2007."""

from __future__ import annotations

import re
from dataclasses import dataclass

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, TooCostly

MIN_ROUNDS, DEFAULT_ROUNDS = 1000, 5000
MAX_ROUNDS = 2_000_000  # the specification allows 999,999,999
MAX_ACCEPTED = 1_000_000  # 1 s of usual passwords, 4 s of the longest, of 1,024 bytes
HEAVY_ROUNDS = 700_000  # passlib's own choice is 656,000
SHAPE = re.compile(r"\$([56])\$(?:rounds=([0-9]+)\$)?([^$:\s]{0,16})\$([./0-9A-Za-z]+)")
NAMES = {"5": "sha256", "6": "sha512"}
LENGTHS = {"5": 43, "6": 86}
KRATOS = {"$sha256-crypt$": "$5$", "$sha512-crypt$": "$6$"}


def _thirds(size: int, step: int) -> tuple[tuple[int, ...], ...]:
    """The order of bytes: each third of the digest in turn leads a group of three."""
    third = size // 3
    order = []
    for index in range(third):
        start = index * step % 3
        order.append(tuple(index + third * ((start + place) % 3) for place in range(3)))
    return tuple(order)


ORDER = {"5": (*_thirds(32, 2), (31, 30)), "6": (*_thirds(64, 1), (63,))}


@dataclass(frozen=True, slots=True, repr=False)
class ShaCrypt(base.StoredHash):
    """rounds: None where the text has none, which means 5,000; expected: the characters at the end."""

    mark: str
    rounds: int | None
    salt: str

    def __post_init__(self) -> None:
        if self.rounds is not None and self.rounds > MAX_ROUNDS:
            raise TooCostly(f"The rounds of this sha-crypt hash are above {MAX_ROUNDS}, which is not supported.")
        if len(self.expected) != LENGTHS[self.mark]:
            raise Malformed(f"This {self.algorithm} hash must end in {LENGTHS[self.mark]} characters.")

    def __str__(self) -> str:
        rounds = "" if self.rounds is None else f"rounds={self.rounds}$"
        return f"${self.mark}${rounds}{self.salt}${self.expected.decode()}"

    @property
    def algorithm(self) -> str:
        return f"{NAMES[self.mark]}-crypt"

    @property
    def is_heavy(self) -> bool:
        return (self.rounds or DEFAULT_ROUNDS) > HEAVY_ROUNDS

    def compute(self, password: str) -> bytes:
        secret, salt, sha = base.octets(password), self.salt.encode(), base.digester(NAMES[self.mark])
        digest = self._start(secret, salt)
        secrets = _fill(sha(secret * len(secret)), len(secret))
        salts = _fill(sha(salt * (16 + digest[0])), len(salt))
        for turn in range(self.rounds or DEFAULT_ROUNDS):
            data = secrets if turn & 1 else digest
            data += salts if turn % 3 else b""
            data += secrets if turn % 7 else b""
            digest = sha(data + (digest if turn & 1 else secrets))
        return base.encode_crypt(digest, ORDER[self.mark])

    def _start(self, secret: bytes, salt: bytes) -> bytes:
        """Digest A of the specification, from digest B."""
        sha, length = base.digester(NAMES[self.mark]), len(secret)
        other = sha(secret + salt + secret)
        data = bytearray(secret + salt + _fill(other, length))
        while length:
            data += other if length & 1 else secret
            length >>= 1
        return sha(bytes(data))


def _fill(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def parse(stored: str) -> ShaCrypt:
    match = SHAPE.fullmatch(stored)
    if not match:
        raise Malformed("Not a sha-crypt hash: $5$ or $6$, maybe rounds=…$, up to 16 characters, $, hash.")
    mark, rounds, salt, expected = match.groups()
    # The specification raises fewer than 1,000 rounds to 1,000.
    turns = None if rounds is None else max(MIN_ROUNDS, base.number(rounds, "sha-crypt rounds"))
    return ShaCrypt(expected.encode(), mark, turns, salt)


def accept(text: str, name: str | None, options: base.Options) -> ShaCrypt:
    """As it is; Kratos spells the marks out."""
    for spelt, mark in KRATOS.items():
        if text.startswith(spelt):
            text = mark + text.removeprefix(spelt)
    found = parse(text)
    base.check_range(found.rounds or DEFAULT_ROUNDS, MIN_ROUNDS, MAX_ACCEPTED, "rounds")
    if name in ("sha256-crypt", "sha512-crypt") and found.algorithm != name:
        raise Malformed(f"This is {found.algorithm}, not {name}.")
    return found
