"""Users put straight into storage, with all that a user can have, however it would have come about."""

from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from authctl import storage
from authctl.core import hashing
from authctl.core.credentials import passwords
from authctl.core.crypto import sealing
from authctl.model import Identity, Password, Status, User
from authctl.storage.tables import authenticators, recovery_codes
from authctl.transfer.records import ImportedTotp, Linked

SIGNER_KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
THEN = datetime(2025, 3, 4, 5, 6, 7, 89000, UTC)


def add(directory, id, *, hash=None, totp=(), identities=(), must_change=False, recovery_code=False, **fields):
    """A user; hash: as it is stored, in clear."""
    directory.write(insert, id, hash, totp, identities, must_change, recovery_code, fields)


def insert(work, id, hash, totp, identities, must_change, recovery_code, fields):
    """The same within a unit of work."""
    times = {"created_at": THEN, "updated_at": THEN} | {key: fields.pop(key) for key in TIMES if key in fields}
    user = User(seq=0, id=id, totp=bool(totp), recovery_code=recovery_code, **times, **fields)
    if hash is not None:
        stored = passwords.sealed(work, user, hash)
        password = Password(stored, hashing.describe(hash), times["updated_at"], must_change)
        user = replace(user, password=password)
    user = storage.users.insert(work.db, user, work.now)
    for linked in identities:
        identity = Identity(
            work.new_id(),
            user.id,
            linked.provider,
            linked.provider_uid,
            linked.email,
            linked.created_at or THEN,
            linked.email_verified,
        )
        storage.identities.insert(work.db, identity, user.seq)
    for each in totp:
        add_totp(work, user.seq, each, verified_at=THEN)
    if recovery_code:
        row = {"user_seq": user.seq, "digest": b"digest", "self_service": False, "created_at": THEN}
        work.db.sqlalchemy.execute(sa.insert(recovery_codes).values(row))


TIMES = ("created_at", "updated_at")


def add_totp(work, user_seq, totp, *, verified_at):
    id = work.new_id()
    sealed = sealing.seal(work.key, totp.secret, context=f"authenticators/{id}", nonce=work.random(sealing.NONCE_SIZE))
    row = {
        "id": id,
        "user_seq": user_seq,
        "name": totp.name,
        "sealed_secret": sealed,
        "algorithm": totp.algorithm,
        "digits": totp.digits,
        "period": totp.period,
        "last_step": 0,
        "self_service": False,
        "created_at": THEN,
        "verified_at": verified_at,
    }
    work.db.sqlalchemy.execute(sa.insert(authenticators).values(row))


def everything(directory, id="ada", **fields):
    """A user who has all that there is."""
    given = {
        "username": "ada",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "phone": "+14255550123",
        "phone_verified": True,
        "labels": ("staff", "maths"),
        "prefs": {"theme": "dark", "2": 1, "1": 2},
        "metadata": {"plan": "pro"},
        "locale": "de",
        "mfa": True,
        "totp": (ImportedTotp(b"12345678901234567890", "phone"),),
        "identities": (Linked("google", "118", "ada@gmail.com", email_verified=True),),
        "recovery_code": True,
        "last_sign_in_at": THEN,
    }
    add(directory, id, **(given | fields))


def block(until=None):
    return {"status": Status.BLOCKED, "blocked_until": until}
