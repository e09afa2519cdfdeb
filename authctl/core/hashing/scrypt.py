"""scrypt in PHC form, as Appwrite and Auth0 export it, and as passlib and Kratos write it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Option, Strength, TooCostly

MAX_MEMORY = 256 << 20  # bytes, 128·N·r; Kratos' ceiling of r ≤ 8 would refuse Appwrite's own r = 13
MAX_BLOCK, MAX_PARALLEL = 32, 16
MAX_WORK = 1 << 23  # N·r·p
HEAVY_MEMORY, HEAVY_WORK = 128 << 20, 1 << 21  # bytes, and N·r·p: N = 2^18 with r = 8 takes 0.8 s
STRONG_WORK = (1 << 14) * 8 * 5  # N·r·p; the least of OWASP's equivalent choices
MAX_LOG2 = 63  # Kratos writes N itself where PHC has log2(N); no N of 63 or less was ever used

OPTIONS = (
    Option("salt", "the salt", ("passwordSalt",)),
    Option("cpu", "N, a power of two", ("costCpu", "passwordCpu", "cost", "n")),
    Option("memory", "r, the block size", ("costMemory", "passwordMemory", "blockSize", "r")),
    Option("parallel", "p", ("costParallel", "passwordParallel", "parallelization", "p")),
    Option("length", "length of the hash in bytes; checked if given", ("passwordLength", "keylen")),
    base.SALT_ENCODING,
    base.ENCODING,
)


@dataclass(frozen=True, slots=True, repr=False)
class Scrypt(base.StoredHash):
    """n: N; block: r; parallel: p."""

    algorithm: ClassVar = "scrypt"

    n: int
    block: int
    parallel: int
    salt: bytes

    def __post_init__(self) -> None:
        check_cost(self.n, self.block, self.parallel)
        base.check_size(self.salt, 0, base.MAX_SALT_SIZE, "scrypt salt")
        base.check_size(self.expected, 16, 128, "scrypt key")

    def __str__(self) -> str:
        cost = f"ln={self.n.bit_length() - 1},r={self.block},p={self.parallel}"
        return f"$scrypt${cost}${base.encode64(self.salt)}${base.encode64(self.expected)}"

    @property
    def strength(self) -> Strength:
        return Strength.STRONG if self.n * self.block * self.parallel >= STRONG_WORK else Strength.LEGACY

    @property
    def memory(self) -> int:
        return 128 * self.n * self.block

    @property
    def is_heavy(self) -> bool:
        return self.memory > HEAVY_MEMORY or self.n * self.block * self.parallel > HEAVY_WORK

    def compute(self, password: str) -> bytes:
        return derive(base.octets(password), self.salt, self.n, self.block, self.parallel, len(self.expected))


def check_cost(n: int, block: int, parallel: int) -> None:
    base.check_range(block, 1, MAX_BLOCK, "scrypt block size")
    base.check_range(parallel, 1, MAX_PARALLEL, "scrypt parallelism")
    if n < 2 or n & (n - 1):
        raise Malformed("N of this scrypt hash must be a power of two above 1.")
    check_width(n, block)
    if 128 * n * block > MAX_MEMORY:
        raise TooCostly(f"This scrypt hash needs more than {MAX_MEMORY >> 20} MiB, which is not supported.")
    if n * block * parallel > MAX_WORK:
        raise TooCostly(f"N·r·p of this scrypt hash is above {MAX_WORK}, which is not supported.")


def check_width(n: int, block: int) -> None:
    """Refuse what no scrypt computes: N must be below 2^(128·r/8), RFC 7914 §2."""
    if n >= 1 << 16 * block:
        raise Malformed(f"N of this scrypt hash must be below 2^{16 * block}, since r is {block}.")


def derive(secret: bytes, salt: bytes, n: int, block: int, parallel: int, size: int) -> bytes:
    """scrypt with as much memory as it needs; OpenSSL's own limit of 32 MiB stops at N = 32768, r = 8."""
    memory = 128 * block * (n + parallel + 2) + 1024
    try:
        return hashlib.scrypt(secret, salt=salt, n=n, r=block, p=parallel, maxmem=memory, dklen=size)
    except ValueError as error:  # OpenSSL's word for having none left, since the parameters were checked
        raise MemoryError(str(error)) from error


def accept(text: str, name: str | None, options: base.Options) -> Scrypt:
    """`$scrypt$…`, or a bare hash with its options."""
    if text.startswith("$"):
        return read_phc(text)
    encoding = options.choice("encoding", base.ENCODINGS, "hex")
    salt_encoding = options.choice("salt_encoding", base.SALT_ENCODINGS, "utf8")
    expected = base.decode(text, encoding)
    if "length" in options and options.whole("length") != len(expected):
        raise Malformed("This scrypt hash has another length than its option says.")
    salt = options.decoded("salt", salt_encoding)
    if not salt:
        raise base.WrongOption("The hash option salt is empty.")
    return Scrypt(expected, options.whole("cpu"), options.whole("memory"), options.whole("parallel", 1), salt)


def read_phc(text: str, *, kratos: bool = False) -> Scrypt:
    """kratos: `ln` is N whatever its size."""
    fields = text.split("$")
    if len(fields) != 5 or fields[:2] != ["", "scrypt"]:
        raise Malformed("Not an scrypt hash in PHC form: $scrypt$ln=…,r=…,p=…$salt$hash.")
    costs = base.pairs(fields[2], "scrypt")
    if "n" in costs and "ln" not in costs:  # another name for it
        costs["ln"] = costs.pop("n")
    if costs.keys() != {"ln", "r", "p"}:
        raise Malformed("This scrypt hash must have exactly the parameters ln, r and p.")
    cost, block, parallel = (base.number(costs[key], f"scrypt parameter {key}") for key in ("ln", "r", "p"))
    n = cost if kratos or cost > MAX_LOG2 else 1 << cost
    return Scrypt(base.decode64(fields[4]), n, block, parallel, base.decode64(fields[3]))


parse = read_phc
