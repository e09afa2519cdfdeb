"""Every table of a directory, on one page. Migrations make them; a test holds the two equal.

Rules that hold throughout: text sorts by code point on both databases; times are milliseconds since the epoch in UTC,
so that they compare and page the same way everywhere; JSON is compact text, since Postgres' own type reorders keys.

An index is paid for with every row that is written: tests/benchmarks/written.py says what. On Postgres, what is updated
at each sign-in has no index on what changes and room in its page (`fillfactor`), so that no index is touched.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from authctl.storage.column_types import Instant, JsonText, Sequence, Text

metadata = sa.MetaData()


def _owner(name: str = "user_seq", key: str = "users.seq") -> sa.Column[int]:
    """The user, or what else a row belongs to; deleting that takes the row along."""
    return sa.Column(name, Sequence, sa.ForeignKey(key, ondelete="CASCADE"), nullable=False)


def _holder(table: str) -> tuple[sa.Column[int] | sa.Constraint | sa.Index, ...]:
    """The user whose an address or a name is. Postgres has no index by it, which would be as large as the key: whoever
    deletes a user gives all that it holds free."""
    deleted = sa.ForeignKeyConstraint(["user_seq"], ["users.seq"], ondelete="CASCADE")
    return (
        sa.Column("user_seq", Sequence, nullable=False),
        deleted.ddl_if("sqlite"),
        sa.Index(f"{table}_user_seq", "user_seq").ddl_if("sqlite"),
    )


_NOT_ENDED = sa.text("ended_at IS NULL")
_REQUESTED = sa.text("requested")
_OF_NOBODY = sa.text("user_seq IS NULL")
_BLOCKED = sa.text("status = 'blocked'")


def _ended_index(table: str) -> sa.Index:
    """What is over, for purging; it costs what lives nothing."""
    ended = sa.text("ended_at IS NOT NULL")
    return sa.Index(f"{table}_ended_at", "ended_at", sqlite_where=ended, postgresql_where=ended)


def _optional_key(name: str) -> tuple[sa.UniqueConstraint, sa.Index]:
    """A key that many users have none of; on Postgres, those do not stand in it."""
    has = sa.text(f"{name} IS NOT NULL")
    return (
        sa.UniqueConstraint(name, name=f"users_{name}_key").ddl_if("sqlite"),
        sa.Index(f"users_{name}", name, unique=True, postgresql_where=has).ddl_if("postgresql"),
    )


# What lists are filtered by, and found by together in one index: user_lists.py reads all that agree in some of them.
FLAGS = ("email_verified", "phone_verified", "mfa")

users = sa.Table(
    "users",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    sa.Column("username", Text),
    sa.Column("username_key", Text),  # the username casefolded: unique ignoring case
    sa.Column("username_self_service", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("name", Text, nullable=False),
    sa.Column("email", Text),
    sa.Column("email_verified", sa.Boolean, nullable=False),
    # Given by the person, or by whoever signed up as that person: an operator vouches for every other.
    sa.Column("email_self_service", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("phone", Text),
    sa.Column("phone_verified", sa.Boolean, nullable=False),
    sa.Column("phone_self_service", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("status", Text, nullable=False),
    sa.Column("blocked_until", Instant),
    sa.Column("labels", JsonText, nullable=False),
    sa.Column("prefs", JsonText, nullable=False),
    sa.Column("metadata", JsonText, nullable=False),
    sa.Column("locale", Text),  # BCP 47: what messages are written in
    sa.Column("mfa", sa.Boolean, nullable=False),
    # Whether a verified authenticator, and an unused recovery code, is kept below: asked for whenever a user is read.
    sa.Column("totp", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("recovery_code", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("password_hash", Text),
    sa.Column("password_algorithm", Text),
    sa.Column("password_updated_at", Instant),
    sa.Column("password_must_change", sa.Boolean, nullable=False),
    # Set by the person, and not by an operator.
    sa.Column("password_self_service", sa.Boolean, nullable=False),
    # The import that brought the hash, until the password is set or hashed anew here. No key: the hash outlives it.
    sa.Column("password_import", Text),
    sa.Column("password_expires_at", Instant),  # where it was generated, until it is changed
    sa.Column("locked_until", Instant),
    sa.Column("codes_locked_until", Instant),  # of the codes that were locked last; their bucket decides
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("last_sign_in_at", Instant),
    # What the person wants to have instead, until that is proved: it reserves nothing, and finds nobody. With the
    # number of the session that asked for it.
    sa.Column("pending_email", Text),
    sa.Column("pending_email_session", Sequence),
    sa.Column("pending_phone", Text),
    sa.Column("pending_phone_session", Sequence),
    # Made because somebody asked for a code, and nothing has become of it yet.
    sa.Column("requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("id", name="users_id_key"),
    sa.UniqueConstraint("email", name="users_email_key").ddl_if("sqlite"),  # which the key of `addresses` says again
    *_optional_key("username_key"),
    *_optional_key("phone"),
    sa.Index("users_created_at", "created_at", "seq"),
    # Each choice that lists are filtered by, in the order that lists walk.
    sa.Index("users_blocked", "created_at", "seq", sqlite_where=_BLOCKED, postgresql_where=_BLOCKED),
    sa.Index("users_flags", *FLAGS, "created_at", "seq"),
    sa.Index("users_requested", "seq", sqlite_where=_REQUESTED, postgresql_where=_REQUESTED),
)

# An email belongs to one user, whether the account holds it or an identity's provider vouches for it: this key decides.
addresses = sa.Table(
    "addresses",
    metadata,
    sa.Column("address", Text, primary_key=True),
    *_holder("addresses"),
)

# An id or a username, ignoring case, is one user's: this key decides.
user_names = sa.Table(
    "user_names",
    metadata,
    sa.Column("name", Text, primary_key=True),
    *_holder("user_names"),
)

# The ids of deleted users that permissions may still name, ignoring case, and of deleted teams as `team:ID`: nobody
# signs up with one of the first, and people make no team with one of the others. Of an account that became a part of
# another one, with the id of that; and with its own as it was written, where it was an account here.
former_names = sa.Table(
    "former_names",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("merged_into", Text),
    sa.Column("id", Text),
    sa.Index("former_names_merged_into", "merged_into"),
)

# The hashes of passwords that may not come back, the newest with the highest number.
password_history = sa.Table(
    "password_history",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    _owner(),
    sa.Column("hash", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("password_history_user_seq", "user_seq", "seq"),
)

# Accounts elsewhere by which a person signs in here.
identities = sa.Table(
    "identities",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    _owner(),
    sa.Column("provider", Text, nullable=False),
    sa.Column("provider_uid", Text, nullable=False),
    sa.Column("email", Text),
    sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("id", name="identities_id_key"),
    sa.UniqueConstraint("provider", "provider_uid", name="identities_provider_key"),
    sa.Index("identities_user_seq", "user_seq", "seq"),
)

# Sessions, and what is left of ended ones until they are purged: an ended secret still gets the answer it deserves.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    _owner(),
    sa.Column("secret_digest", sa.LargeBinary, nullable=False),
    sa.Column("provider", Text, nullable=False),
    sa.Column("factors", JsonText, nullable=False),
    sa.Column("ip", Text),
    sa.Column("user_agent", Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant, nullable=False),  # to the minute; what the idle time-out counts from
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("mfa_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("ended_reason", Text),
    # Random, so that none is there twice: on Postgres, an id is found among those made in the same second
    # (`model.made_at`), which share an entry, and a digest by how it begins.
    sa.UniqueConstraint("id", name="sessions_id_key").ddl_if("sqlite"),
    sa.UniqueConstraint("secret_digest", name="sessions_secret_digest_key").ddl_if("sqlite"),
    # Each sign-in looks at those that have not ended, however many have. Without the number, and on Postgres the time,
    # which would take more than all else: it keeps rows of the same values together.
    sa.Index("sessions_user", "user_seq", "ended_at").ddl_if("sqlite"),
    sa.Index("sessions_user_ended", "user_seq", sa.text("(ended_at IS NULL)")).ddl_if("postgresql"),
)


def digest_beginning(digest: sa.ColumnElement[bytes]) -> sa.ColumnElement[bytes]:
    """What a digest is found by on Postgres: as much as takes the room of a number in an index. No two share it."""
    return sa.func.substr(digest, sa.literal_column("1"), sa.literal_column("7"))


def second(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Which second of 1,024 milliseconds a moment is in, as Postgres finds sessions by it."""
    return moment.op(">>", return_type=sa.BigInteger())(sa.literal_column("10"))


sa.Index("sessions_digest", digest_beginning(sessions.c.secret_digest)).ddl_if("postgresql")
sa.Index("sessions_second", second(sessions.c.created_at)).ddl_if("postgresql")

# Identities that are linked once the session is complete that they have begun. Their emails are verified.
waiting_identities = sa.Table(
    "waiting_identities",
    metadata,
    sa.Column("session_seq", Sequence, sa.ForeignKey("sessions.seq", ondelete="CASCADE"), primary_key=True),
    sa.Column("provider", Text, nullable=False),
    sa.Column("provider_uid", Text, nullable=False),
    sa.Column("email", Text, nullable=False),
)

# Attempts at credentials, counted by account and by source: core/accounts/throttle.py has the machine.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("bucket", Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("locked_until", Instant),
)

# Where a person has signed in from before.
known_sources = sa.Table(
    "known_sources",
    metadata,
    _owner(),
    sa.Column("source", Text, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("user_seq", "source", name="known_sources_pkey"),
)

# What signs in, verifies an address or changes one, once: codes and secrets that were sent, or that operators made.
# Dead ones stay until they are purged, so that operators are told what became of them.
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    _owner(),
    sa.Column("kind", Text, nullable=False),
    sa.Column("digest", sa.LargeBinary),  # none where the provider made the code, and checks it
    sa.Column("attempts_left", sa.Integer),  # of codes; what cannot be guessed has no count
    sa.Column("address", Text),  # where it was sent, and what it proves to be the person's
    sa.Column("session_seq", Sequence),  # the session that a change was asked for in; no key: it may be purged before
    sa.Column("by_operator", sa.Boolean, nullable=False, server_default=sa.false()),  # who asked for it
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),  # what the interval between two is counted from
    sa.Column("ended_at", Instant),
    sa.Column("ended_reason", Text),
    sa.UniqueConstraint("id", name="tokens_id_key"),
    sa.Index("tokens_user_seq", "user_seq", "kind", "seq"),
    sa.Index("tokens_digest", "digest", sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED),
    sa.Index("tokens_expires_at", "expires_at"),
    _ended_index("tokens"),
)

# Authenticator apps: what makes their codes, sealed, and the time step of the last code that was taken.
authenticators = sa.Table(
    "authenticators",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    _owner(),
    sa.Column("name", Text, nullable=False),
    sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
    sa.Column("algorithm", Text, nullable=False),
    sa.Column("digits", sa.Integer, nullable=False),
    sa.Column("period", sa.Integer, nullable=False),  # seconds
    sa.Column("last_step", Sequence, nullable=False),  # a code of this step or an older one is used
    # Set up by the person before any address was verified: it ends when somebody proves to own the address.
    sa.Column("self_service", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("verified_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.UniqueConstraint("id", name="authenticators_id_key"),
    sa.UniqueConstraint("user_seq", "name", name="authenticators_user_seq_key"),
)

# What signs in once where another factor is lost. The keys that they are digested with are in `peppers`.
recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    _owner(),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("self_service", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.UniqueConstraint("user_seq", "digest", name="recovery_codes_user_seq_key"),
)

# Keys of digests that must outlive a new secret key, sealed.
peppers = sa.Table(
    "peppers",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    sa.Column("sealed_key", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("id", name="peppers_id_key"),
)

# What a session is asked for before it may do anything: a code of another factor than it was signed in with.
challenges = sa.Table(
    "challenges",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    _owner("session_seq", "sessions.seq"),
    sa.Column("factor", Text, nullable=False),
    sa.Column("digest", sa.LargeBinary),  # of a code that was sent; none where the factor has its own
    sa.Column("address", Text),  # where the code went
    sa.Column("attempts_left", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("ended_reason", Text),
    sa.UniqueConstraint("id", name="challenges_id_key"),
    sa.Index("challenges_session_seq", "session_seq", "seq"),
    sa.Index("challenges_expires_at", "expires_at"),
)

# Imports: how far each has come, and what became of its records. Saved with every batch, so that one that was
# interrupted goes on where it stopped.
imports = sa.Table(
    "imports",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("files", JsonText, nullable=False),  # the name, size and digest of each
    sa.Column("options", JsonText, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("position", JsonText, nullable=False),  # the file, and the records of it that are through
    sa.Column("counts", JsonText, nullable=False),
    sa.Column("actor", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("id", name="imports_id_key"),
)

# The users that an import made or changed, and when they were last changed then: whoever was changed since is let be.
# On Postgres those that it made stand in `import_batches`, but for those of imports from before there was that table.
import_users = sa.Table(
    "import_users",
    metadata,
    _owner("import_seq", "imports.seq"),
    sa.Column("user_id", Text, nullable=False),  # no key: the journal outlives the user
    sa.Column("created", sa.Boolean, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("import_seq", "user_id", name="import_users_pkey"),
)

# The users that an import made, by numbers that follow on each other: when each was last changed then.
import_batches = sa.Table(
    "import_batches",
    metadata,
    _owner("import_seq", "imports.seq"),
    sa.Column("first_user", Sequence, nullable=False),  # no key: the journal outlives the user
    sa.Column("last_user", Sequence, nullable=False),
    sa.Column("updated_at", JsonText, nullable=False),
    sa.PrimaryKeyConstraint("import_seq", "first_user", name="import_batches_pkey"),
)

# What an import changed of users who were there, and gave them, so that it can be undone: transfer/restoring.py.
import_changes = sa.Table(
    "import_changes",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    _owner("import_seq", "imports.seq"),
    _owner(),
    sa.Column("changes", JsonText, nullable=False),
    sa.Index("import_changes_import", "import_seq", "seq"),
    sa.Index("import_changes_user", "user_seq"),
)

# Numbers that nothing is sent to, and the code that is right for each; sealed.
mock_phones = sa.Table(
    "mock_phones",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("phone", Text, nullable=False),
    sa.Column("sealed_code", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("phone", name="mock_phones_phone_key"),
)

# The keys that JWTs are signed with: the newest that is not retired signs, all that are kept verify.
signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    sa.Column("algorithm", Text, nullable=False),
    sa.Column("public_jwk", JsonText, nullable=False),
    sa.Column("sealed_private_key", sa.LargeBinary),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("retired_at", Instant),
    sa.UniqueConstraint("id", name="signing_keys_id_key"),
)

# Teams. Names may repeat; how many members there are is counted, never stored.
teams = sa.Table(
    "teams",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("prefs", JsonText, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("id", name="teams_id_key"),
    sa.Index("teams_created_at", "created_at", "seq"),
    sa.Index("teams_name", "name", "created_at", "seq"),
)

# Who belongs to a team, or is invited to.
memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    _owner("team_seq", "teams.seq"),
    sa.Column("user_seq", Sequence, sa.ForeignKey("users.seq", ondelete="CASCADE")),  # none before it is accepted
    # Of whoever was invited by an address: that, and the name of an account that is made. Once it is accepted, the
    # address only if it is not the account's.
    sa.Column("invited_as", Text),
    sa.Column("invited_name", Text),
    sa.Column("roles", JsonText, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("invited_at", Instant, nullable=False),
    sa.Column("joined_at", Instant),
    sa.UniqueConstraint("id", name="memberships_id_key"),
    sa.UniqueConstraint("team_seq", "user_seq", name="memberships_team_seq_key"),
    sa.Index("memberships_invited_as", "invited_as", sqlite_where=_OF_NOBODY, postgresql_where=_OF_NOBODY),
    # In the order that lists walk; the members of a team are counted in the second.
    sa.Index("memberships_team", "team_seq", "invited_at", "seq"),
    sa.Index("memberships_status", "team_seq", "status", "invited_at", "seq"),
    sa.Index("memberships_user", "user_seq", "invited_at", "seq"),
)

# The roles of memberships once more, a row each: who has a role in a team is found here, in the order that lists walk.
membership_roles = sa.Table(
    "membership_roles",
    metadata,
    _owner("membership_seq", "memberships.seq"),
    sa.Column("role", Text, nullable=False),
    sa.Column("team_seq", Sequence, nullable=False),
    sa.Column("invited_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("membership_seq", "role", name="membership_roles_pkey"),
    sa.Index("membership_roles_team", "team_seq", "role", "invited_at", "membership_seq"),
)

# What pending memberships are accepted with. Two of one membership live while the newer is being sent.
invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    _owner("membership_seq", "memberships.seq"),
    sa.Column("secret_digest", sa.LargeBinary, nullable=False),
    sa.Column("address", Text),  # the email or phone that it went to; none where it was handed over otherwise
    # The person who sent it; none where an operator did. No key, which SQLite adds to no table that is there.
    sa.Column("inviter_seq", Sequence),
    sa.Column("expires_at", Instant, nullable=False),
    sa.UniqueConstraint("secret_digest", name="invitations_secret_digest_key"),
    sa.Index("invitations_membership_seq", "membership_seq", "seq"),
    sa.Index("invitations_inviter_seq", "inviter_seq"),
)

# What each manifest brought, and so may take away again: core/manifests/. A row goes with what it is about. Of a label,
# a role or a mock phone number, `value` says which.
manifest_subjects = sa.Table(
    "manifest_subjects",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("manifest", Text, nullable=False),
    sa.Column("kind", Text, nullable=False),
    sa.Column("user_seq", Sequence, sa.ForeignKey("users.seq", ondelete="CASCADE")),
    sa.Column("team_seq", Sequence, sa.ForeignKey("teams.seq", ondelete="CASCADE")),
    sa.Column("membership_seq", Sequence, sa.ForeignKey("memberships.seq", ondelete="CASCADE")),
    sa.Column("value", Text),
    sa.Index("manifest_subjects_manifest", "manifest", "seq"),
    sa.Index("manifest_subjects_user", "user_seq"),
    sa.Index("manifest_subjects_team", "team_seq"),
    sa.Index("manifest_subjects_membership", "membership_seq"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", JsonText, nullable=False),
)

# How many users there are: a row as long as the policy user-limit is set, and none without it; see user_counts.py.
user_counts = sa.Table(
    "user_counts",
    metadata,
    sa.Column("policy", Text, primary_key=True),
    sa.Column("users", Sequence, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", Text, nullable=False),
    sa.Column("time", Instant, nullable=False),
    sa.Column("actor", Text, nullable=False),
    sa.Column("os_user", Text),
    sa.Column("name", Text, nullable=False),
    sa.Column("resource", Text, nullable=False),
    sa.Column("user_id", Text),  # whom it is about; no key, since the log outlives the user
    sa.Column("details", JsonText, nullable=False),
    sa.Column("ip", Text),
    sa.Column("reason", Text),
    sa.Column("digest", sa.LargeBinary),  # keyed, of all the others but the number: core/audit/keys.py
    # On Postgres, an id is found by its time (`model.made_at`), and one that is there twice by verification.
    sa.UniqueConstraint("id", name="events_id_key").ddl_if("sqlite"),
    sa.Index("events_time", "time"),  # of one time, there are too few to be kept in order
    sa.Index("events_user_id", "user_id", "seq").ddl_if("sqlite"),
)


def user_hash(id: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """What events are found by on Postgres, as in its hash indexes; some users share one."""
    return sa.func.hashtext(id, type_=sa.Integer)


def stretch(seq: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Which 16,384 numbers one is among. On Postgres, those of a user's events of one stretch share an entry of the
    index, and are sorted when they are read."""
    return sa.cast(seq.op(">>")(sa.literal_column("14")), sa.Integer)


sa.Index("events_user", user_hash(events.c.user_id), stretch(events.c.seq)).ddl_if("postgresql")

# What the log was when it was last found to be whole: how many events up to a number, and their digest. Each seal holds
# the digest of the one before it. No key to the events: seals are to outlive what they tell the loss of.
log_seals = sa.Table(
    "log_seals",
    metadata,
    sa.Column("number", Sequence, primary_key=True, autoincrement=False),
    sa.Column("behind", Sequence),  # the number that it begins behind; none where it begins with the log
    sa.Column("up_to", Sequence, nullable=False),
    sa.Column("events", Sequence, nullable=False),
    sa.Column("events_digest", sa.LargeBinary, nullable=False),
    sa.Column("previous", sa.LargeBinary),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # keyed, of all the others
)

# Facts about the directory itself: the fingerprint of its key, when it was made.
directory = sa.Table(
    "directory",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Text, nullable=False),
)

# Beside these, the search indexes `user_words` and `team_words`, for which SQLAlchemy has no words: contentless FTS5
# tables on SQLite (rowid = users.seq, teams.seq), documents with a GIN index on Postgres (user_seq, team_seq). Their
# statements are in search_index.py and pagination.py.
