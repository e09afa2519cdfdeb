"""What is weak in a directory and round it: `authctl security check`. What is looked for is declared in `findings`.

Everything is read in transactions that write nothing. A schema that is older than this authctl is told, not migrated,
and what is in its tables is not looked at. What must hold of each row is listed in `invariants`, and asked for by
--deep.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from shlex import quote
from urllib.parse import quote as escape

from authctl import storage
from authctl.core.audit import retention, verification
from authctl.core.maintenance import invariants, key_files, policy_checks, purge
from authctl.core.maintenance.findings import CHECKS, Finding, Look
from authctl.core.policy import policies
from authctl.core.tokens import tokens
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid, Unavailable
from authctl.model import Progress, instant
from authctl.settings import Settings, is_own, is_shared
from authctl.storage.connection import Connection
from authctl.storage.statistics import UserGroup, Way

DAY, YEAR = timedelta(days=1), timedelta(days=365)
OLD_HASH = YEAR  # since when a password was not set, so that its hash was not replaced at a sign-in either
STANDING = 30 * DAY  # a change of a password that was asked for longer ago
OVERDUE = 7 * DAY  # what could have been purged for longer
OLD_KEY = 2 * YEAR  # NIST SP 800-57 part 1 §5.3.6 gives keys that encrypt at rest up to two years
OLD_SIGNING_KEY = YEAR
OLD_BACKUP = 7 * DAY
CLOCK_OFF = timedelta(seconds=10)  # a third of the 30 seconds of a TOTP code
RECENT = 30 * DAY  # how much of the log is looked at for reasons
UNSEALED = 30 * DAY  # since when an event of the log could have been verified
REASON = " --reason 'security check'"
LISTED = 25  # accounts that are named one by one
ROWS = 1_000  # of each table, the newest, that are read to find damaged ones where nobody asks for all
OTHERS = 0o077
EVERYBODY = 0o007
OTHERS_WRITE = 0o022
STICKY = 0o1000
ENCRYPTED = ("require", "verify-ca", "verify-full")  # the values of sslmode that never go without
AUTHORITIES = "~/.postgresql/root.crt"  # where libpq looks for those that it is to trust
SYSTEM_AUTHORITIES = (  # of Debian, Fedora, openSUSE; Alpine and macOS
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
SYSTEMD = "/run/systemd/system"  # is there where systemd runs, by sd_booted(3)
TIME_SERVICES = {  # of machines without it: chrony, ntpd, macOS, Windows
    "chronyc": "chronyc makestep",
    "ntpd": "ntpd -gq",
    "sntp": "sntp -sS pool.ntp.org",
    "w32tm": "w32tm /resync",
}
PRIVATE = f" If its certificate is not publicly signed, put the signer's into {AUTHORITIES} and try again."


def check(
    directory: Engine,
    settings: Settings,
    *,
    program: str = "authctl",
    deep: bool = False,
    progress: Progress | None = None,
) -> list[Finding]:
    """All that is weak, the worst first. program: how commands begin, with the options that name this directory.

    deep: read every row, and the whole log. progress: opens bars for that.
    """
    directory.require_operator()
    state = storage.state.get_state(directory.database)
    looks: list[Callable[[Look], Iterator[Finding]]] = [_key_file, _secret_files, _database_file, _ways]
    look = Look(directory, settings, program, state)
    found = [finding for step in looks for finding in step(look)]
    if storage.state.is_older(state):
        found.append(_schema_behind(look))
    else:
        storage.state.check_version(state, directory.database.describe())
        look = replace(look, log_key=_log_key(directory))
        # Not `directory.read`, which would bring the default database up to date first.
        found += directory.database.read(lambda db: list(_within(look, directory.work(db))))
        found += _deep(look, progress) if deep else ()
    order = list(CHECKS)
    return sorted(dict.fromkeys(found), key=lambda finding: (-finding.check.severity, order.index(finding.check.id)))


def _log_key(directory: Engine) -> bytes | None:
    """The key of the audit log; None where it, or the secret key, is not at hand."""
    with suppress(Invalid, Unavailable):
        return directory.find_log_key()
    return None


# Outside the database


def _key_file(look: Look) -> Iterator[Finding]:
    key = key_files.status(look.settings, look.state.key_fingerprint)
    path = key["file"]
    if look.state.key_fingerprint is not None and key["state"] != "ok":
        message = f"The secret key {look.state.key_fingerprint} was not found. Copy its file from a backup."
        yield look.finding("key-missing", path or "secret_key", message, look.own("status"))
    if path is not None and path not in dict(look.settings.exposed) and (mode := _mode(path)) & _others(path):
        message = f"Others may use the key file (mode {mode:04o})."
        yield look.finding("key-file-open", path, message, _closing(look, path))


def _secret_files(look: Look) -> Iterator[Finding]:
    for path, mode in look.settings.exposed:
        message = f"Others can read the file (mode {mode:04o})."
        yield look.finding("secret-file-open", path, message, _closing(look, path))


def _database_file(look: Look) -> Iterator[Finding]:
    path = look.directory.database.path
    if path is None:
        return
    path = os.path.abspath(path)
    open_ones = [name for name in (path, f"{path}-wal", f"{path}-shm") if _mode(name) & _others(name)]
    if open_ones:
        message = f"Others may use the database file (mode {_mode(open_ones[0]):04o})."
        yield look.finding("database-file-open", path, message, _closing(look, *open_ones))
    folder = os.path.dirname(path)
    mode = _mode(folder)
    if mode & OTHERS_WRITE & _others(folder) and not mode & STICKY:
        message = f"Others may write to the database folder (mode {mode:04o})."
        who = "o" if is_shared(folder) else "go"
        yield look.finding("database-folder-open", folder, message, _closing(look, folder, mode=f"{who}-w"))


def _others(path: str) -> int:
    """The modes by which a file is open to people whom it is not meant for; a group's folder is meant for the group."""
    return EVERYBODY if is_shared(path) else OTHERS


def _closing(look: Look, *paths: str, mode: str | None = None) -> str:
    """What closes files to others, but for the group whose folder they are in; whose they are, if not one's own."""
    mode = mode or ("o=" if is_shared(paths[0]) else "600")
    is_own_to_close = all(is_own(path, look.settings.environ) for path in paths)
    return f"{f'chmod {mode}' if is_own_to_close else 'ls -ld'} {' '.join(map(quote, paths))}"


def _mode(path: str) -> int:
    """The permission bits of a file; 0 where there is none."""
    try:
        return os.stat(path).st_mode & 0o7777 if os.name == "posix" else 0
    except OSError:
        return 0


def _ways(look: Look) -> Iterator[Finding]:
    """How the database and the mail server are spoken to, and in whose name people are."""
    way = look.directory.database.read(storage.statistics.way)
    private = "" if way is None or _has_authorities(way) else PRIVATE
    if way is not None and way.mode not in ENCRYPTED:
        this = "encrypted" if way.encrypted else "not encrypted"
        message = f"Connections to Postgres on {way.host} may go unencrypted (sslmode={way.mode}); this one is {this}."
        yield look.finding("postgres-without-tls", way.host, message + private, _verify(look, way))
    elif way is not None and way.mode == "require" and not _has_authorities(way):
        message = f"The identity of Postgres on {way.host} is not checked (sslmode=require)."
        yield look.finding("postgres-unverified", way.host, message + private, _verify(look, way))
    email = look.settings.email
    if email.host is not None and email.security == "none" and not storage.statistics.is_here(email.host):
        message = f"Mails go to {email.host} unencrypted (email.security = none)."
        yield look.finding("smtp-without-tls", email.host, message, "export AUTHCTL_EMAIL_SECURITY=starttls")
    if (email.host or look.settings.sms.provider) and look.settings.origin("application_name").kind == "default":
        name = look.settings.application_name
        message = f"The application has no name: messages say “{name}” (application_name)."
        command = look.own(f"init --application-name {quote(name)}")
        yield look.finding("application-unnamed", "application_name", message, command)


def _has_authorities(way: Way) -> bool:
    """Whether libpq has a file to judge certificates by; with one, `require` looks at them as `verify-ca` does."""
    return os.path.exists(os.path.expanduser(way.authorities or AUTHORITIES))


def _verify(look: Look, way: Way) -> str:
    """How Postgres is told to encrypt, and to ask for a certificate in its name: where it is told otherwise now."""
    wanted = {"sslmode": "verify-full"}
    if not way.authorities and not _has_authorities(way):
        wanted["sslrootcert"] = _system_authorities()
    if "sslmode=" not in look.settings.database_url:  # what the URL says would win
        return "export " + " ".join(f"PG{name.upper()}={quote(value)}" for name, value in wanted.items())
    said = "&".join(f"{name}={escape(value, safe='/')}" for name, value in wanted.items())
    origin = look.settings.origin("database_url")
    if origin.kind == "option":
        url = re.sub("sslmode=[a-z-]*", said, look.directory.database.describe())
        return f"authctl security check --database {quote(url)}"
    change = "s|sslmode=[a-z-]*|" + said.replace("&", r"\&") + "|"
    path = look.settings.find_file("database_url")
    if path is None and origin.kind == "environment":
        return f'export {origin.where}="$(printf %s "${origin.where}" | sed {quote(change)})"'
    if path is None:
        # Other profiles in the same file may have good reasons: a database on this machine, for one.
        path, change = origin.where.rpartition(" in ")[2], f"\\|{way.host}|{change}"
    return f"sed -i {quote(change)} {quote(path)}"


def _system_authorities() -> str:
    """The file of the authorities that this system trusts."""
    import ssl

    # Not `sslrootcert=system`: the libpq of psycopg's wheels looks in a folder that no system has.
    named = ssl.get_default_verify_paths().cafile
    return named or next((path for path in SYSTEM_AUTHORITIES if os.path.exists(path)), "system")


# Within the database


def _schema_behind(look: Look) -> Finding:
    message = f"The schema is {look.state.version}; this authctl needs {storage.state.HEAD}."
    return look.finding("schema-behind", "schema", message, look.own("upgrade"))


def _sequences(look: Look, work: Work) -> Iterator[Finding]:
    if behind := storage.sequences.list_behind(work.db):
        message = f"The sequences of {', '.join(behind)} are behind their rows, as after a move by logical replication."
        yield look.finding("sequences-behind", "sequences", message, look.own("upgrade --repair"))


def _within(look: Look, work: Work) -> Iterator[Finding]:
    if work.policy["reason-required"]:
        look = replace(look, reason=REASON)
    for step in (
        _users,
        _names,
        _teams,
        _unproved,
        _unproved_addresses,
        _blocked,
        _dead,
        policy_checks.weak_policies,
        _keys,
        _damaged_rows,
        _sequences,
        _log,
        _backup,
        _mock_phones,
        _clock,
        _journal,
    ):
        yield from step(look, work)


def _deep(look: Look, progress: Progress | None) -> Iterator[Finding]:
    """What does not hold, of one moment of the database, and what was done to the log since it began."""
    directory, key = look.directory, look.directory.find_own_key(look.state)

    def read(db: Connection) -> list[invariants.Found]:
        db.freeze()
        db.wait_forever()
        return list(invariants.find(db, directory.work(db).now, key=key, most=LISTED, progress=progress))

    for each in directory.database.read(read):
        yield look.finding(each.invariant.check, each.resource, each.message, look.own(each.command))
    if key is not None and look.log_key is not None:
        trial = directory.acting(directory.actor, dry_run=True)
        if found := verification.verify(trial, whole=True, progress=progress).found:
            message = f"{_counted(found, 'problem was', 'problems were')} found in the log."
            yield look.finding("log-damaged", "log", message, look.own("security verify-logs --all"))


def _users(look: Look, work: Work) -> Iterator[Finding]:
    """Everybody, in one pass."""
    required = work.policy["mfa-required"]
    old, standing = work.now - OLD_HASH, work.now - STANDING
    groups = storage.statistics.groups(
        work.db, now=work.now, required=required, factors=work.policy["mfa-factors"], old=old, standing=standing
    )
    total, without = sum(each.users for each in groups), sum(each.without_mfa for each in groups)
    if without:
        message = f"{without:,} of {total:,} users sign in with one factor."
        yield look.finding("users-without-mfa", "users", message, look.own("security set mfa-required all"))
    yield from _unprotected(look, work, groups)
    if mailed := sum(each.by_email for each in groups):
        message = (
            f"{_counted(mailed, 'user has', 'users have')} no second factor but email, so only operators can "
            "recover their passwords."
        )
        others = [each for each in policies.MFA_FACTORS if each in work.policy["mfa-factors"] and each != "email"]
        command = look.own(f"security set mfa-factors {','.join(others) or 'totp'}")
        yield look.finding("email-only-factor", "mfa-factors", message, command)
    for each in groups:
        yield from _hashes(look, each, old)
    if overdue := sum(each.standing for each in groups):
        days = STANDING // DAY
        message = (
            f"{_counted(overdue, 'user', 'users')} did not change their password within {days} days of being asked to."
        )
        filters = ["password.must_change = true", f"updated_at < {instant(standing)}", "status = active"]
        command = look.for_users(filters, "users update-status - blocked")
        yield look.finding("must-change-standing", "users", message, command)


def _unprotected(look: Look, work: Work, groups: list[UserGroup]) -> Iterator[Finding]:
    """Those who must have a second factor and have none, by the label that says so."""
    missing = {"totp": "factors.totp", "email": "email_verified", "phone": "phone_verified"}
    fields = [missing[factor] for factor in policies.MFA_FACTORS if factor in work.policy["mfa-factors"]]
    lacking = [f"{field} = false" for field in (*fields, "factors.recovery_code")]
    for label in groups[0].unprotected if groups else ():
        if count := sum(each.unprotected[label] for each in groups):
            whose = "" if label == "all" else f" with the label {label}"
            message = f"{_counted(count, 'user', 'users')}{whose} must use a second factor but have none."
            filters = [*([] if label == "all" else [f"labels ~ {label}"]), *lacking, "status = active"]
            command = look.for_users(filters, "mfa create-recovery-codes -")
            yield look.finding("required-without-factor", label, message, command)


def _hashes(look: Look, group: UserGroup, old: datetime) -> Iterator[Finding]:
    name = group.algorithm
    if name is None or is_todays(name):
        return
    asked = f"password.algorithm = {name}"
    if is_weak(name):
        since = f", the oldest of {group.since:%B} {group.since.year:04}" if group.since else ""
        message = f"{_counted(group.users, 'password is', 'passwords are')} hashed with {name}{since}."
        yield look.finding("weak-hashes", name, message, look.for_users([asked], "users wrap-password -"))
    elif group.old:
        message = f"{_counted(group.old, 'password is', 'passwords are')} hashed with {name} and more than a year old."
        filters = [
            asked,
            f"password.updated_at < {instant(old)}",
            "password.must_change = false",
            "status = active",
        ]
        command = look.for_users(filters, "users require-password-change -")
        yield look.finding("legacy-hashes", name, message, command)


def _names(look: Look, work: Work) -> Iterator[Finding]:
    """Usernames that were other accounts' ids before the two had one key."""
    for shared in storage.statistics.shared_names(work.db, LISTED):
        message = f"The username {shared.username} of user {shared.id} is the id {shared.other} of another user."
        command = look.own(f"users update-username {quote(f'id:{shared.id}')} {quote(f'{shared.username}-2')}")
        yield look.finding("shared-names", shared.id, message, command)


def _teams(look: Look, work: Work) -> Iterator[Finding]:
    """Teams that have members, and nobody who may run them."""
    for team in storage.statistics.without_owner(work.db, LISTED):
        message = f"The team {team.id} has no owner; its first member is {team.member}."
        words = f"teams update-membership {quote(f'id:{team.id}')} {quote(f'id:{team.member}')} --add owner"
        yield look.finding("team-without-owner", team.id, message, look.own(words))


def _unproved(look: Look, work: Work) -> Iterator[Finding]:
    """What was granted to accounts of which nobody has proved anything."""
    for each in storage.statistics.unproved_grants(work.db, work.now, LISTED):
        held = [*(f"the label {label}" for label in each.labels), *(f"the team {team}" for team in each.teams)]
        message = f"Nobody has verified {each.name} of user {each.id}, who has {', '.join(held)}."
        command = look.own(f"users update-status {quote(f'id:{each.id}')} blocked")
        yield look.finding("unproved-grants", each.id, message, command)


def _unproved_addresses(look: Look, work: Work) -> Iterator[Finding]:
    """Addresses that people typed in, of accounts that have proved something else."""
    found = storage.statistics.unproved_addresses(work.db, work.now, LISTED)
    for each in found:
        user = quote(f"id:{each.id}")
        for kind, address in (("email", each.email), ("phone", each.phone)):
            if address is not None:
                theirs = look.own(f"users update-{kind}-verification {user} true")
                message = f"Nobody has verified {address} of user {each.id}. If it is theirs: {theirs}"
                command = look.own(f"users update-{kind} {user} ''")
                yield look.finding("unproved-addresses", f"{each.id}/{kind}", message, command)
    if len(found) == LISTED and (more := storage.statistics.count_unproved_addresses(work.db, work.now) - LISTED):
        message = f"{_counted(more, 'more user has', 'more users have')} an unverified address. Fix these to see more."
        yield look.finding("unproved-addresses", "users", message, f"{look.program} security check")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def is_todays(algorithm: str) -> bool:
    """Whether hashes of that name are argon2id, or inside it."""
    return algorithm == "argon2id" or algorithm.startswith("wrapped-")


def is_weak(algorithm: str) -> bool:
    """Whether hashes of that name are fast to guess at, which their names tell without reading them."""
    slow = algorithm.startswith(("argon2", "pbkdf2-", "wrapped-")) or "bcrypt" in algorithm
    return not slow and algorithm not in ("scrypt", "firebase-scrypt", "sha256-crypt", "sha512-crypt")


def _blocked(look: Look, work: Work) -> Iterator[Finding]:
    if count := storage.statistics.blocked_with_sessions(work.db, work.now):
        command = look.for_users(["status = blocked"], "users delete-sessions - --yes")
        message = f"{_counted(count, 'blocked user is', 'blocked users are')} still signed in."
        yield look.finding("blocked-with-sessions", "users", message, command)


def _dead(look: Look, work: Work) -> Iterator[Finding]:
    dead = storage.purging.count_tokens(work.db, work.now - tokens.KEPT - OVERDUE)
    kept_since = purge.sessions_kept_since(work.now, work.policy[retention.POLICY])
    over = storage.purging.count_over(work.db, storage.purging.sessions_over(kept_since - OVERDUE))
    if dead or over:
        message = f"{dead:,} expired tokens and {over:,} ended sessions are overdue for deletion."
        yield look.finding("purge-overdue", "directory", message, look.own("security purge"))


def _keys(look: Look, work: Work) -> Iterator[Finding]:
    made = storage.state.find_time(work.db, storage.state.KEY_AT) or storage.statistics.first_event_at(work.db)
    if made is not None and work.now - made > OLD_KEY:
        message = f"The secret key is {(work.now - made) // DAY:,} days old."
        yield look.finding("key-old", "secret_key", message, look.own("security rotate-key --yes"))
    signing = storage.statistics.signing_key_at(work.db)
    if signing is not None and work.now - signing > OLD_SIGNING_KEY:
        message = f"The key that signs JWTs is {(work.now - signing) // DAY:,} days old."
        yield look.finding("signing-key-old", "jwt", message, look.own("security rotate-key --jwt --yes"))


def _log(look: Look, work: Work) -> Iterator[Finding]:
    if problems := storage.statistics.last_problems(work.db):
        message = f"{_counted(problems, 'problem was', 'problems were')} found when the log was last verified."
        yield look.finding("log-damaged", "log", message, look.own("security verify-logs --accept --yes"))
    since = storage.statistics.first_unsealed_at(work.db)
    if since is not None and work.now - since > UNSEALED:
        message = f"Nobody has verified the audit log for {(work.now - since) // DAY:,} days."
        yield look.finding("log-unverified", "log", message, look.own("security verify-logs"))
    yield from _retention(look, work)
    if work.policy["reason-required"]:
        return
    silent, count = storage.statistics.without_reason(work.db, policies.REASONED, work.now - RECENT)
    if silent:
        message = f"{silent:,} of {count:,} changes by operators in the last {RECENT // DAY} days have no reason."
        command = look.own(f"security set reason-required on{REASON}")
        yield look.finding("no-reasons", "log", message, command)


def _retention(look: Look, work: Work) -> Iterator[Finding]:
    """Whether the log is to be kept for as long as somebody with the log's key has said."""
    held = work.policy[retention.POLICY]
    if look.log_key is None or (signed := retention.signed(work, look.log_key)) == held:
        return
    said, wanted = (policies.plain(retention.POLICY, value) for value in (held, signed))
    message = (
        f"The policy log-retention is {said}, but was last set with authctl to {wanted}. To keep {said}, set it again."
    )
    command = look.own(f"security set {retention.POLICY} {wanted}")
    yield look.finding("log-retention-unsigned", retention.POLICY, message, command)


def _backup(look: Look, work: Work) -> Iterator[Finding]:
    last = storage.backups.find_time(work.db)
    since = last or storage.statistics.first_event_at(work.db)
    if since is None or work.now - since <= OLD_BACKUP:
        return
    days = (work.now - since) // DAY
    message = f"The last backup is {days:,} days old." if last else f"There has been no backup for {days:,} days."
    command = look.own(f"backup authctl-{work.now:%Y%m%d-%H%M%S}.backup")
    yield look.finding("backup-old", "directory", message, command)


def _damaged_rows(look: Look, work: Work) -> Iterator[Finding]:
    for damage in islice(storage.damages.sample(work.db, ROWS), LISTED):
        yield look.finding("row-damaged", damage.resource, damage.message, look.own(invariants.RESTORE))


def _mock_phones(look: Look, work: Work) -> Iterator[Finding]:
    for phone in (row.phone for row in storage.mock_phones.list_all(work.db)):
        command = look.own(f"security delete-mock-phone {phone}")
        yield look.finding("mock-phones", phone, f"{phone} is a mock phone number.", command)


def _clock(look: Look, work: Work) -> Iterator[Finding]:
    """This machine's clock against the database's own; an SQLite file has what was written by the clocks before."""
    theirs, last = storage.statistics.time(work.db), storage.statistics.last_event_at(work.db)
    if theirs is not None and abs(theirs - work.now) > CLOCK_OFF:
        which = "behind" if theirs > work.now else "ahead of"
        message = f"The clock of this machine is {_seconds(theirs - work.now)} {which} the database's."
        if (way := storage.statistics.way(work.db)) is not None:
            message += f" If that one is wrong, run the command on {way.host}."
    elif theirs is None and last is not None and last - work.now > CLOCK_OFF:
        message = f"The clock of this machine is {_seconds(last - work.now)} behind the last change, or was wrong then."
    else:
        return
    yield look.finding("clock-off", "clock", message, _set_clock(look))


def _seconds(difference: timedelta) -> str:
    return f"{abs(difference).total_seconds():,.0f} seconds"


def _set_clock(look: Look) -> str:
    """What the time service of this machine is told; one without, as a container is, has the clock of its host."""
    path = look.settings.environ.get("PATH")
    services = () if os.path.isdir(SYSTEMD) else (name for name in TIME_SERVICES if shutil.which(name, path=path))
    return TIME_SERVICES.get(next(iter(services), ""), "timedatectl set-ntp true")


def _journal(look: Look, work: Work) -> Iterator[Finding]:
    mode = storage.statistics.journal_mode(work.db)
    if mode not in (None, "wal"):
        message = f"The SQLite file has no write-ahead log (its journal is {mode})."
        yield look.finding("write-ahead-log-off", "database", message, look.own("upgrade"))
