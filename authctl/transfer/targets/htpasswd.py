"""A password file for Apache or nginx: `name:hash`, a line a user. Nothing but who may sign in, and with what."""

from __future__ import annotations

from typing import ClassVar

from authctl.core.hashing import bcrypt, digests, md5_crypt, sha_crypt
from authctl.core.hashing.base import StoredHash
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

MAX_NAME = 255  # bytes; what Apache's own tool takes


class Htpasswd(Target):
    file = "an htpasswd file"
    system = "Apache"
    holds = parts("username email")
    reasons: ClassVar = {"email": "the file has one name a user, the username"}
    wants_hashes = True

    def record(self, leaving: Leaving, lose: Lose) -> str | None:
        """Blocked users stay out: a name and a hash let them in."""
        name = leaving.login
        if leaving.is_blocked:
            lose("user:blocked")
        elif name is None or ":" in name or name.startswith("#") or len(name.encode()) > MAX_NAME:
            lose("user:name")
        elif leaving.hash is None:
            lose("user:password")
        elif hash := self.password(leaving, lose):
            if leaving.user.username and leaving.user.email:
                lose("email")
            return f"{name}:{hash}\n"
        return None

    def spell(self, found: StoredHash) -> str | None:
        match found:
            case bcrypt.Bcrypt(digest="", minor="a" | "b" | "y"):
                return str(found).replace(
                    f"$2{found.minor}$", "$2y$", 1
                )  # the same to all, and the one that Apache knows
            case md5_crypt.Md5Crypt(mark="apr1") | sha_crypt.ShaCrypt():
                return str(found)
            case digests.Digest(digest="sha1") if hashes.is_bare(found):
                return "{SHA}" + hashes.base64(found.expected)
        return None


TARGET = Htpasswd
