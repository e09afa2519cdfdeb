"""Firebase's users as `firebase auth:import users.json` reads them.

An import is told on its command line what made the hashes, so a file has those of one kind: of Firebase's own scrypt
unless `hash` names another, and of these, of the parameters of the first that comes. Keys are a secret, and not shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple

from authctl.core.hashing import bcrypt, digests, firebase, hmacs, pbkdf2, scrypt
from authctl.core.hashing.base import StoredHash
from authctl.errors import Invalid
from authctl.model import Json, milliseconds
from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

# Names for `hash` → what the import calls them.
ALGORITHMS = {
    "firebase-scrypt": "SCRYPT",
    "scrypt": "STANDARD_SCRYPT",
    "bcrypt": "BCRYPT",
    "pbkdf2-sha1": "PBKDF_SHA1",
    "pbkdf2-sha256": "PBKDF2_SHA256",
    **{f"hmac-{digest}": f"HMAC_{digest.upper()}" for digest in ("md5", "sha1", "sha256", "sha512")},
    **{digest: digest.upper() for digest in ("md5", "sha1", "sha256", "sha512")},
}
MAX_ITERATIONS, MAX_ROUNDS, MAX_MEM_COST = 120_000, 8, 14  # of PBKDF2, and of Firebase's scrypt
ORDERS = {digests.PREFIX: "SALT_FIRST", digests.SUFFIX: "PASSWORD_FIRST"}
MAX_CLAIMS = 1000  # characters of customAttributes
# Ours → Firebase's; the import refuses a whole file for any other.
PROVIDERS = {name: f"{name}.com" for name in ("google", "facebook", "twitter", "github", "apple", "microsoft", "yahoo")}


class Run(NamedTuple):
    """What one import is told of all its hashes. name: as `hash` takes it; key: what --hash-key has besides flags."""

    name: str
    flags: Mapping[str, object]
    key: bytes = b""


class Firebase(Target):
    file = "a Firebase file"
    system = "Firebase"
    holds = parts(
        "id name email email_verified phone phone_verified status metadata identities created_at last_sign_in_at"
    )
    reasons: ClassVar = {
        "phone": "Firebase imports only verified phones",
        "metadata": f"Firebase limits claims to {MAX_CLAIMS:,} characters",
        "identities": f"Firebase imports only identities of {', '.join(PROVIDERS)}",
    }
    options: ClassVar = {"hash": f"hashes to export: {', '.join(ALGORITHMS)} (default: firebase-scrypt)"}
    frame = ('{"users":[\n', "\n]}\n")
    between = ",\n"
    _run: Run | None = None

    def __init__(self, options: Mapping[str, str], **leaving: bool) -> None:
        super().__init__(options, **leaving)
        self._wanted = options.get("hash", "firebase-scrypt")
        if self._wanted.partition("/")[0] not in ALGORITHMS:
            message = f"Invalid --target-option hash: use {', '.join(ALGORITHMS)}."
            raise Invalid("general_argument_invalid", message, field="target_option")

    def record(self, leaving: Leaving, lose: Lose) -> str:
        user = leaving.user
        shape: Json = {"localId": user.id, "emailVerified": user.email_verified, "createdAt": _time(user.created_at)}
        if user.email:
            shape["email"] = user.email
        if user.name:
            shape["displayName"] = user.name
        if user.last_sign_in_at:
            shape["lastSignedInAt"] = _time(user.last_sign_in_at)
        if user.phone and user.phone_verified:
            shape["phoneNumber"] = user.phone
        elif user.phone:
            lose("phone")  # a phone is verified there, always
        if leaving.is_blocked:
            shape["disabled"] = True
        claims = encode_json(user.metadata)
        if len(claims) > MAX_CLAIMS:
            lose("metadata")
        elif user.metadata:
            shape["customAttributes"] = claims
        shape["providerUserInfo"] = _providers(leaving, lose)
        return encode_json(shape | (self.password(leaving, lose) or {}))

    def spell(self, found: StoredHash) -> Json | None:
        run = _run_of(found)
        if run is None:
            return None
        if self._run is None and self._wanted in (run.name, run.name.partition("/")[0]):
            self._run = run
        return _spelled(found) if run == self._run else None

    def refusal(self, found: StoredHash) -> str:
        if run := _run_of(found):
            return f"run:{run.name}"
        is_known = isinstance(found, (pbkdf2.Pbkdf2, firebase.FirebaseScrypt)) and found.algorithm in ALGORITHMS
        return f"cost:{found.algorithm}" if is_known and _is_costly(found) else super().refusal(found)

    def next_step(self) -> str | None:
        if self._run is None:
            return None
        words = [f"--{name}={value}" for name, value in self._run.flags.items()]
        if self._run.key:
            words.insert(1, "--hash-key=KEY")
        where = ", with the hash key in base64 for KEY" if self._run.key else ""
        return f"Import the file with: firebase auth:import FILE {' '.join(words)}{where}"


def _run_of(found: StoredHash) -> Run | None:
    """What an import must be told to take a hash; None where none takes it."""
    if _is_costly(found):
        return None
    match found:
        case firebase.FirebaseScrypt():
            separator = hashes.base64(found.separator)
            more = {"salt-separator": separator, "rounds": found.rounds, "mem-cost": found.mem_cost}
            return _run(found.algorithm, (found.rounds, found.mem_cost), more, found.signer_key)
        case scrypt.Scrypt():
            costs = (found.n, found.block, found.parallel, len(found.expected))
            names = ("mem-cost", "block-size", "parallelization", "dk-len")
            return _run("scrypt", costs, dict(zip(names, costs, strict=True)))
        case bcrypt.Bcrypt(digest="", minor="a" | "b" | "y"):
            return _run("bcrypt", (), {})
        case pbkdf2.Pbkdf2(algorithm=name) if name in ALGORITHMS and hashes.is_whole(found):
            return _run(name, (found.iterations,), {"rounds": found.iterations})
        case hmacs.Hmac(algorithm=name, encoding="utf8") if name in ALGORITHMS:
            return _run(name, (), {}, found.key)
        case digests.Digest(digest=name, encoding="utf8") if name in ALGORITHMS:
            return _run_of_digest(found)
    return None


def _run_of_digest(found: digests.Digest) -> Run | None:
    is_md5 = found.digest == "md5"
    rounds: dict[str, object] = {"rounds": 0 if is_md5 else 1}  # the least that each takes
    if hashes.is_bare(found):
        return _run(found.digest, (), rounds)
    # MD5 with the salt behind does not sign in there: firebase/firebase-admin-node, pull request 314.
    if hashes.salt_position(found) is None or (is_md5 and found.template == digests.SUFFIX):
        return None
    order = ORDERS[found.template]
    return _run(found.digest, (order.lower().replace("_", "-"),), rounds | {"hash-input-order": order})


def _run(name: str, parameters: Iterable[object], flags: Mapping[str, object], key: bytes = b"") -> Run:
    parts = [*map(str, parameters), *([hashlib.sha256(key).hexdigest()[:8]] if key else [])]
    return Run("/".join((name, *parts)), {"hash-algo": ALGORITHMS[name]} | dict(flags), key)


def _is_costly(found: StoredHash) -> bool:
    """Whether checking it is more work than Firebase does."""
    match found:
        case pbkdf2.Pbkdf2():
            return found.iterations > MAX_ITERATIONS
        case firebase.FirebaseScrypt():
            return found.rounds > MAX_ROUNDS or found.mem_cost > MAX_MEM_COST
    return False


def _spelled(found: StoredHash) -> Json:
    """The digest and the salt in base64; of bcrypt the whole text, of MD5 the text in hexadecimal."""
    salt, expected = getattr(found, "salt", b""), found.expected
    if isinstance(found, bcrypt.Bcrypt):
        salt, expected = b"", str(found).encode()
    elif isinstance(found, digests.Digest) and found.digest == "md5":
        expected = found.expected.hex().encode()  # firebase/firebase-tools, issues 282 and 1617
    return {"passwordHash": hashes.base64(expected)} | ({"salt": hashes.base64(salt)} if salt else {})


def _providers(leaving: Leaving, lose: Lose) -> list[Json]:
    found = []
    for linked in leaving.identities:
        provider = linked.provider if linked.provider in PROVIDERS.values() else PROVIDERS.get(linked.provider)
        if provider is None:
            lose("identities")
            continue
        email = {"email": linked.email} if linked.email else {}
        found.append({"providerId": provider, "rawId": linked.provider_uid} | email)
    return found


def _time(time: datetime) -> str:
    """Milliseconds since the epoch, as text."""
    return str(milliseconds(time))


TARGET = Firebase
