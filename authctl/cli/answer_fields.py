"""The shapes of answers (DESIGN §4.2) as data: their fields, and the columns that lists show of them."""

import dataclasses

from authctl import model
from authctl.cli.output import FORMATS, Format, Shape
from authctl.model import USER_COLUMNS, shown_fields

_OBJECTS = {
    "password": (
        *("factors.totp", "factors.email", "factors.phone", "factors.recovery_code"),
        *("password.set", "password.algorithm", "password.updated_at", "password.must_change", "password.expires_at"),
    ),
    "locale": ("locale", "pending.email", "pending.phone"),
}
USER = Shape(
    "user",
    fields=tuple(field for name in USER_COLUMNS for field in _OBJECTS.get(name, (name,))),
    columns=("id", "name", "email", "phone", "status"),
    rare={"username": ("name", "email", "phone")},
    extras=("generated_password",),
)
FOUND_USER = dataclasses.replace(USER, name="one user", fields=(*USER.fields, "former_ids"))

EVENT = Shape(
    "event",
    fields=shown_fields(model.Event),
    columns=("time", "actor", "name", "resource", "details"),
    whole=("name",),
)
DELETED = Shape("deletion", fields=("id", "deleted"))
VERIFIED = Shape("verification", fields=("id", "valid"))
PREFS = Shape("preferences", fields=())
MADE = Shape("directory", fields=("database", "schema", "key_fingerprint", "key_file", "created"))
UPGRADED = Shape("upgrade", fields=("before", "after", "copy"), extras=("sequences", "repaired"))
BACKUP = Shape(
    "backup",
    fields=("file", "made_at", "schema", "key_fingerprint", "with_key", "users", "rows", "size", "removed"),
)
RESTORED = Shape(
    "restored backup",
    fields=("database", "made_at", "before", "schema", "key_fingerprint", "key", "key_file", "users", "rows"),
)
_STATUS = (
    *("version", "database", "server", "schema", "schema_wanted"),
    *("key.fingerprint", "key.file", "key.state", "counts.users", "counts.events"),
)
STATUS = Shape("status", fields=(*_STATUS, "backup_at", "settings"), columns=_STATUS, extras=("picture",))

TEAM = Shape("team", fields=shown_fields(model.Team), columns=("id", "name", "members", "created_at"))
_MEMBERSHIP = shown_fields(model.Membership)
MEMBERSHIP = Shape(
    "membership",
    fields=_MEMBERSHIP,
    columns=("id", "user_id", "user_name", "user_email", "roles", "status"),
    extras=("secret",),
)
OWN_MEMBERSHIP = Shape("membership", fields=_MEMBERSHIP, columns=("id", "team_id", "team_name", "roles", "status"))

_SESSION = shown_fields(model.Session)
SESSION = Shape(
    "session",
    fields=_SESSION,
    columns=("id", "provider", "factors", "ip", "created_at", "expires_at"),
    rare={"ended_reason": ()},
)
SIGNED_IN = Shape(
    "session",
    fields=(*_SESSION, "secret", "more_factors_required"),
    columns=("id", "user_id", "secret", "more_factors_required", "expires_at"),
    extras=("ended",),
)
PERSON = Shape(
    "person",
    fields=(*USER.fields, *(f"session.{field}" for field in _SESSION)),
    columns=USER.columns,
    rare=USER.rare,
)
SESSIONS_DELETED = Shape("deletion", fields=("id", "deleted", "sessions"))
IDENTITY = Shape(
    "identity",
    fields=shown_fields(model.Identity),
    columns=("id", "user_id", "provider", "provider_uid", "email", "created_at"),
)
EXPORT = Shape("export", fields=("format", "file", "users", "with_hashes", "with_secrets", "left_out"))
_COUNTS = ("created", "updated", "skipped", "without_password", "refused")
IMPORTED = Shape("import", fields=("id", "source", "status", *_COUNTS, "reasons", "hashes"))
IMPORT = Shape(
    "import",
    fields=(
        *("id", "source", "files", "options", "status", *_COUNTS),
        *("reasons", "hashes", "actor", "created_at", "updated_at", "ended_at"),
    ),
    columns=("id", "source", "status", "created", "refused", "created_at"),  # what fits 80 columns
)
UNDONE = Shape("undone import", fields=("id", "removed", "restored", "kept"))
REMAINING = Shape("imported hashes", fields=("algorithm", "users", "imported_at", "import_id"))
ROLE = Shape("role", fields=("role",))
JWT = Shape("jwt", fields=("jwt", "expires_at"))
JWT_CLAIMS = Shape("claims", fields=shown_fields(model.JwtClaims))

_TOKEN = shown_fields(model.Token)
TOKEN = Shape("token", fields=_TOKEN, columns=("id", "user_id", "kind", "expires_at"), extras=("secret", "phrase"))
LISTED_TOKEN = Shape(
    "listed token",
    fields=(*_TOKEN, "locked_until", "ended_at", "ended_reason"),
    columns=("id", "kind", "created_at", "expires_at", "attempts_left", "ended_reason"),
    rare={"locked_until": ()},
)
TOKENS_PURGED = Shape("tokens purge", fields=("tokens",))
PURGED = Shape(
    "purge",
    fields=(
        *("tokens", "challenges", "sessions", "attempts", "known_sources", "signing_keys", "events"),
        *("invitations", "import_changes"),
    ),
)
SECURED = Shape(
    "secured account",
    fields=(
        *("id", "kept", "removed", "sessions_ended", "tokens_ended", "invitations_ended"),
        *("identities_removed", "authenticators_removed", "recovery_codes_removed", "recovery"),
    ),
    columns=("id", "kept", "removed", "recovery"),
)
MERGED = Shape(
    "merged account",
    fields=(
        *("id", "merged", "conflicts", "released", "sessions_ended", "tokens_ended", "identities_moved"),
        *("memberships_moved", "memberships_united", "authenticators_removed", "recovery_codes_removed"),
    ),
    columns=("id", "merged", "conflicts", "released"),
)
SOURCE = Shape("source", fields=("source", "unlocked"))
MOCK_PHONE = Shape("mock phone", fields=("phone", "code", "created_at"))
MOCK_PHONE_DELETED = Shape("mock phone deletion", fields=("phone", "deleted"))
FINDING = Shape(
    "finding",
    fields=("id", "severity", "resource", "message", "meaning", "command"),
    columns=("severity", "id", "message", "command"),
)
LOG_VERIFIED = Shape(
    "verification of the log",
    fields=("events", "good", "unsigned", "accepted", "found", "problems", "seal", "sealed_at", "from_seal"),
)
RECEIPT = Shape("receipt", fields=("provider", "channel", "message_id", "status", "code", "text"))

MFA_STATUS = Shape(
    "mfa status",
    fields=(
        "user_id",
        "mfa",
        "required",
        "factors.totp",
        "factors.email",
        "factors.phone",
        "factors.recovery_code",
        "recovery_codes_left",
        "authenticators",
    ),
)
AUTHENTICATOR = Shape("authenticator", fields=("secret", "uri"), extras=("user_id",))
FACTOR = Shape(
    "factor",
    fields=shown_fields(model.UserFactor),
    columns=("id", "type", "name", "verified", "last_used_at"),
)
RECOVERY_CODES = Shape("recovery codes", fields=("recovery_codes",), extras=("user_id",))
CHALLENGE = Shape("challenge", fields=("id", "factor", "expires_at"), extras=("secret",))

_POLICY = ("name", "value", "default", "changed", "range", "help")
_POLICY_COLUMNS = ("name", "value", "default", "help")
POLICY = Shape("policy", fields=_POLICY, columns=_POLICY_COLUMNS, whole=("name",))
POLICIES = dataclasses.replace(POLICY, name="policies", formats=(*FORMATS, Format.TOML))
PLAN = Shape(
    "plan",
    fields=("action", "kind", "name", "before", "after", "source"),
    extras=("generated_password",),
)
PULLED = Shape("manifest", fields=(), formats=(Format.TOML, Format.TABLE, Format.TSV))
DIFFERENCE = Shape("difference", fields=("name", "before", "after"))
PASSWORD_REPORT = Shape("password report", fields=("accepted", "failures", "score", "crack_time"))
KEY_SET = Shape("key set", fields=())
ROTATED = Shape("rotation", fields=("key", "id", "key_file", "resealed"))
COMPLETION = Shape("completion", fields=("shell", "file", "installed", "next"))
