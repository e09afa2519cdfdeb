"""A directory as an older version left it, with every kind of account."""

from authctl import storage
from authctl.core import hashing
from authctl.core.hashing import Parameters

PASSWORD = "correct horse battery"
VERSION = "0009"  # the last that did not ask by whose word an account has an address

# Every kind of account: its addresses, whether each is proved or typed in by the person, and its identity's email.
KINDS = {
    "proved": {"email": "proved"},
    "given": {"email": "given"},
    "claimed": {"email": "claimed"},
    "proved-by-phone": {"email": "claimed", "phone": "proved"},
    "proved-by-email": {"email": "proved", "phone": "claimed"},
    "given-with-phone": {"email": "given", "phone": "proved"},
    "claimed-twice": {"email": "claimed", "phone": "claimed"},
    "linked": {"email": "claimed", "identity": "elsewhere@example.com"},
    "linked-twice": {"email": "claimed", "phone": "claimed", "identity": "linked-twice@example.com"},
    "linked-and-given": {"email": "given", "identity": "given@example.org"},
    "linked-alone": {"identity": "alone@example.com"},
    "blocked": {"email": "claimed", "phone": "proved", "status": "blocked"},
    "nameless": {},
}
USER = (
    "INSERT INTO users (id, name, email, email_verified, email_self_service, phone, phone_verified, phone_self_service,"
    " status, labels, prefs, metadata, mfa, password_hash, password_algorithm, password_updated_at,"
    " password_must_change, password_self_service, created_at, updated_at)"
    " VALUES ('{id}', '', {email}, {email_verified}, {email_self_service}, {phone}, {phone_verified},"
    " {phone_self_service}, '{status}', '[]', '{{}}', '{{}}', false, '{hash}', 'argon2id', 1, false, false, 1, 1)"
)


def address(id, kind):
    """The email or phone of an account of that kind; None where it has none."""
    if kind not in KINDS[id]:
        return None
    return f"{id}@example.com" if kind == "email" else f"+142555501{[*KINDS].index(id):02}"


def make(directory):
    """Put such a directory in the place of an empty one, each account with a password."""
    fingerprint = directory.state.key_fingerprint
    directory.database.write(lambda db: _make(db, fingerprint))
    directory.forget()


def _make(db, fingerprint):
    storage.backups.clear(db)
    storage.schema.migrate(db, VERSION)
    storage.schema.set_key_fingerprint(db, fingerprint)
    hash = hashing.hash_new(PASSWORD, parameters=Parameters(time_cost=1, memory_cost=8, parallelism=1), salt=bytes(16))
    for number, (id, has) in enumerate(KINDS.items(), 1):
        fields = {"id": id, "hash": hash, "status": has.get("status", "active")}
        for kind in ("email", "phone"):
            fields[kind] = f"'{address(id, kind)}'" if kind in has else "NULL"
            fields[f"{kind}_verified"] = str(has.get(kind) == "proved").lower()
            fields[f"{kind}_self_service"] = str(has.get(kind) == "claimed").lower()
        run = db.sqlalchemy.exec_driver_sql
        run(USER.format(**fields))
        run(f"INSERT INTO user_names (name, user_seq) VALUES ('{id}', {number})")
        for email in {address(id, "email"), has.get("identity")} - {None}:
            run(f"INSERT INTO addresses (address, user_seq) VALUES ('{email}', {number})")
        if "identity" in has:
            run(
                "INSERT INTO identities (id, user_seq, provider, provider_uid, email, created_at)"
                f" VALUES ('i{number}', {number}, 'github', '{id}', '{has['identity']}', 1)"
            )
