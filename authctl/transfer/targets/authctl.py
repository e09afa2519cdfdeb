"""Our own file: JSON Lines, a user a line, from which everything comes back the same.

The names are those of the public shape; `password` is there only with --with-hashes, `totp` only with --with-secrets.
"""

from __future__ import annotations

from functools import cached_property

from authctl.core.crypto import otp
from authctl.model import Json, instant
from authctl.storage.connection import encode_json
from authctl.transfer.records import ImportedTotp, Linked, Member
from authctl.transfer.targets import COLUMNS, Leaving, Lose, Target

# The order of files; further columns follow.
_ORDER = (
    *("id", "username", "name", "email", "email_verified", "phone", "phone_verified", "status", "blocked_until"),
    *("labels", "prefs", "metadata", "locale", "mfa", "password", "totp", "identities", "memberships"),
    *("created_at", "updated_at", "last_sign_in_at"),
)


class Authctl(Target):
    file = "an authctl file"
    system = "authctl"
    holds = frozenset(COLUMNS) | {"must_change", "totp", "identities", "memberships", "roles"}

    @cached_property
    def names(self) -> list[str]:
        """What stands in the file of each user, in order."""
        staying = {"password": not self.with_hashes, "totp": not self.with_secrets}
        return [name for name in dict.fromkeys((*_ORDER, *COLUMNS)) if not staying.get(name)]

    def record(self, leaving: Leaving, lose: Lose) -> str:
        return encode_json(self.shape(leaving)) + "\n"

    def shape(self, leaving: Leaving) -> Json:
        """The user with everything that goes along."""
        shape = leaving.user.public() | {
            "password": _password(leaving),
            "totp": [_totp(totp) for totp in leaving.totp],
            "identities": [_identity(linked) for linked in leaving.identities],
            "memberships": [_membership(member) for member in leaving.memberships],
        }
        return {name: shape[name] for name in self.names}


def _password(leaving: Leaving) -> Json | None:
    password = leaving.user.password
    if password is None:
        return None
    return {
        "hash": leaving.hash,
        "algorithm": password.algorithm,
        "updated_at": instant(password.updated_at),
        "must_change": password.must_change,
    }


def _totp(totp: ImportedTotp) -> Json:
    return {
        "name": totp.name,
        "secret": otp.base32(totp.secret),
        "algorithm": totp.algorithm,
        "digits": totp.digits,
        "period": totp.period,
    }


def _identity(linked: Linked) -> Json:
    return {
        "provider": linked.provider,
        "provider_uid": linked.provider_uid,
        "email": linked.email,
        "email_verified": linked.email_verified,
        "created_at": instant(linked.created_at),
    }


def _membership(member: Member) -> Json:
    return {
        "team_id": member.team,
        "team_name": member.name,
        "roles": list(member.roles),
        "joined_at": instant(member.joined_at),
    }


TARGET = Authctl
