"""Argon2 (i, d, id; versions 1.0 and 1.3) in PHC form; argon2id is what new passwords get."""

from __future__ import annotations

from dataclasses import dataclass

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Strength, TooCostly, Unsupported
from authctl.core.hashing.parameters import SALT_SIZE, Parameters

MAX_MEMORY = 1 << 20  # KiB; Kratos and Supabase stop at 1 GiB too
MAX_TIME = 20
MAX_PARALLELISM = 16  # each is a thread
MAX_WORK = 4 << 20  # KiB × passes, so that the ceilings do not multiply
HEAVY_MEMORY, HEAVY_WORK = 256 << 10, 768 << 10  # KiB, and KiB × passes: 256 MiB in three passes take 0.8 s
STRONG_WORK = 7168 * 5  # KiB × passes; the least of OWASP's equivalent choices
VERSIONS = (16, 19)

KINDS = ("i", "d", "id")


@dataclass(frozen=True, slots=True, repr=False)
class Argon2(base.StoredHash):
    kind: str
    version: int
    parameters: Parameters
    salt: bytes

    def __post_init__(self) -> None:
        cost = self.parameters
        if self.version not in VERSIONS:
            raise Malformed("The version of this argon2 hash is not 16 or 19.")
        base.check_range(cost.time_cost, 1, MAX_TIME, "argon2 time cost")
        base.check_range(cost.parallelism, 1, MAX_PARALLELISM, "argon2 parallelism")
        base.check_range(cost.memory_cost, 8 * cost.parallelism, MAX_MEMORY, "argon2 memory in KiB")
        if cost.memory_cost * cost.time_cost > MAX_WORK:
            raise TooCostly(
                f"This argon2 hash needs more than {MAX_WORK} KiB of memory times passes, which is not supported."
            )
        base.check_size(self.salt, 8, 64, "argon2 salt")
        base.check_size(self.expected, 12, 128, "argon2 tag")

    def __str__(self) -> str:
        cost = self.parameters
        return (
            f"$argon2{self.kind}$v={self.version}$m={cost.memory_cost},t={cost.time_cost},p={cost.parallelism}"
            f"${base.encode64(self.salt)}${base.encode64(self.expected)}"
        )

    @property
    def algorithm(self) -> str:
        return f"argon2{self.kind}"

    @property
    def strength(self) -> Strength:
        cost = self.parameters
        return Strength.STRONG if cost.memory_cost * cost.time_cost >= STRONG_WORK else Strength.LEGACY

    @property
    def memory(self) -> int:
        return self.parameters.memory_cost << 10

    @property
    def is_heavy(self) -> bool:
        cost = self.parameters
        return cost.memory_cost > HEAVY_MEMORY or cost.memory_cost * cost.time_cost > HEAVY_WORK

    def compute(self, password: str) -> bytes:
        return self.compute_from(base.octets(password))

    def compute_from(self, secret: bytes) -> bytes:
        """The tag of any bytes. Raises MemoryError."""
        from argon2.exceptions import HashingError
        from argon2.low_level import Type, hash_secret_raw

        cost = self.parameters
        try:
            return hash_secret_raw(
                secret,
                self.salt,
                time_cost=cost.time_cost,
                memory_cost=cost.memory_cost,
                parallelism=cost.parallelism,
                hash_len=cost.tag_size,
                type={"i": Type.I, "d": Type.D, "id": Type.ID}[self.kind],
                version=self.version,
            )
        except HashingError as error:  # with parameters that were checked: no memory, or no thread
            raise MemoryError(str(error)) from error

    def is_today(self, parameters: Parameters) -> bool:
        return (self.kind, self.version, self.parameters) == ("id", 19, parameters) and len(self.salt) >= SALT_SIZE


def new(secret: bytes, parameters: Parameters, salt: bytes) -> Argon2:
    """argon2id over these bytes."""
    blank = empty(parameters, salt)
    return Argon2(blank.compute_from(secret), "id", 19, parameters, salt)


def empty(parameters: Parameters, salt: bytes) -> Argon2:
    """An argon2id hash that costs as much as any other, and that no password has."""
    return Argon2(bytes(parameters.tag_size), "id", 19, parameters, salt)


def parse(stored: str) -> Argon2:
    fields = stored.split("$")
    # The reference code reads a missing version as 1.0, which is 16.
    version = fields.pop(2) if len(fields) == 6 else "v=16"
    if len(fields) != 5 or fields[0] or fields[1].removeprefix("argon2") not in KINDS or version[:2] != "v=":
        raise Malformed("Not an argon2 hash in PHC form: $argon2id$v=19$m=…,t=…,p=…$salt$hash.")
    costs = base.pairs(fields[2], "argon2")
    if "keyid" in costs:
        raise Unsupported("This argon2 hash needs a key (pepper). The password needs a reset.")
    if costs.keys() != {"m", "t", "p"}:
        raise Malformed("This argon2 hash must have exactly the parameters m, t and p.")
    memory, time, lanes = (base.number(costs[key], f"argon2 parameter {key}") for key in "mtp")
    expected = base.decode64(fields[4])
    return Argon2(
        expected=expected,
        kind=fields[1].removeprefix("argon2"),
        version=base.number(version[2:], "argon2 version"),
        parameters=Parameters(time, memory, lanes, len(expected)),
        salt=base.decode64(fields[3]),
    )


def accept(text: str, name: str | None, options: base.Options) -> Argon2:
    """PHC as it is."""
    found = parse(text)
    if name in ("argon2i", "argon2d", "argon2id") and found.algorithm != name:
        raise Malformed(f"This is {found.algorithm}, not {name}.")
    return found
