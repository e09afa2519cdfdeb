"""What a check-up looks for, and what it found.

    Check      its id, how bad it is, and what it means
    Finding    where it was seen, and the command that mends it as it stands
    Look       what is looked at, and how commands begin

Each thing that is looked for is declared once. `checks` and `policy_checks` do the looking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from shlex import quote

from authctl.core.work.engine import Engine
from authctl.model import Json
from authctl.settings import Settings
from authctl.storage.state import State


class Severity(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is looked for. meaning: why it matters, a sentence."""

    id: str
    severity: Severity
    meaning: str


CHECKS = {
    each.id: each
    for each in (
        Check("row-damaged", Severity.HIGH,
            "Lists leave this row out, and what needs it fails, until it is repaired."),
        Check("file-damaged", Severity.HIGH,
            "A failing disk or another program changed the file. Anything in it may be wrong."),
        Check("addresses-wrong", Severity.HIGH,
            "Someone else can take an address that is in use, or nobody can take one that is free."),
        Check("names-wrong", Severity.HIGH,
            "Someone else can take an id or username that is in use, or nobody can take one that is free."),
        Check("factors-wrong", Severity.HIGH,
            "Sign-in asks for a second factor that does not exist, or does not ask for one that does."),
        Check("roles-wrong", Severity.HIGH,
            "Who has a role in a team differs between the membership and the list of the team's roles."),
        Check("row-contradictory", Severity.HIGH,
            "Somebody changed the database outside authctl, so what depends on this row may fail."),
        Check("hash-damaged", Severity.HIGH,
            "No password can be verified against this hash."),
        Check("secret-damaged", Severity.HIGH,
            "What needs this secret fails: a factor, a code, a password, or signing JWTs."),
        Check("log-damaged", Severity.HIGH,
            "Somebody may have changed the audit log outside authctl. Find out what happened before you accept it."),
        Check("log-retention-unsigned", Severity.HIGH,
            "Somebody may have changed the policy outside authctl to have the audit log cleared. It is ignored."),
        Check("shared-names", Severity.HIGH,
            "What is granted to one account by its username goes to the other, whose id it is."),
        Check("unproved-grants", Severity.HIGH,
            "A person typed in this address or username, so what was meant for its owner may go to a stranger."),
        Check("weak-hashes", Severity.HIGH,
            "Whoever steals these password hashes can try billions of passwords a second."),
        Check("blocked-with-sessions", Severity.HIGH,
            "Blocked accounts should not be signed in anywhere."),
        Check("key-missing", Severity.HIGH,
            "Without the secret key nothing can be changed, and second factors cannot be checked."),
        Check("key-file-open", Severity.HIGH,
            "Whoever reads the secret key can decrypt every secret in the database."),
        Check("secret-file-open", Severity.HIGH,
            "Other users of this machine can read a secret in this file."),
        Check("database-file-open", Severity.HIGH,
            "Other users of this machine can read or change the directory without authctl."),
        Check("postgres-without-tls", Severity.HIGH,
            "Traffic to and from the database can be read and changed on the way."),
        Check("smtp-without-tls", Severity.HIGH,
            "Codes, links and the mail server's password can be read on the way."),
        Check("postgres-unverified", Severity.MEDIUM,
            "Somebody in between can pose as the database, and read and change everything (ASVS 12.3.2)."),
        Check("blocked-with-tokens", Severity.MEDIUM,
            "Whoever has the code or link can use it once the user is no longer blocked."),
        Check("search-wrong", Severity.MEDIUM,
            "Searching does not find this row, or finds it by what it no longer contains."),
        Check("user-count-wrong", Severity.MEDIUM,
            "The policy user-limit closes sign-ups too early or too late."),
        Check("password-history-long", Severity.LOW,
            "Whoever steals the database can try to guess more old passwords than it needs to keep."),
        Check("users-without-mfa", Severity.MEDIUM,
            "A stolen or guessed password is enough to sign in to these accounts."),
        Check("required-without-factor", Severity.MEDIUM,
            "They must use a second factor and have none: whoever has the password first chooses it."),
        Check("must-change-standing", Severity.MEDIUM,
            "An operator knows these passwords, and they are still in use."),
        Check("weak-policy", Severity.MEDIUM,
            "A policy is weaker than recommended (OWASP ASVS 5.0)."),
        Check("database-folder-open", Severity.MEDIUM,
            "Whoever can write to the folder can replace the database."),
        Check("backup-old", Severity.MEDIUM,
            "If the disk fails, everything since the last backup is lost."),
        Check("sequences-behind", Severity.HIGH,
            "New rows get numbers that others have, so changes and sign-ins fail."),
        Check("schema-behind", Severity.MEDIUM,
            "The database is from an older authctl, so not every check could run."),
        Check("clock-off", Severity.MEDIUM,
            "If clocks differ, authenticator codes fail and things expire too early or too late."),
        Check("mock-phones", Severity.MEDIUM,
            "Whoever knows a mock phone number and its code can sign in to that account."),
        Check("team-without-owner", Severity.LOW,
            "No member can invite or remove others or change the team. Only operators can."),
        Check("unproved-addresses", Severity.LOW,
            "The address may belong to somebody else, who cannot sign in with it."),
        Check("legacy-hashes", Severity.LOW,
            "These hashes are not argon2id, and their users have not signed in for a long time."),
        Check("purge-overdue", Severity.LOW,
            "Expired tokens and ended sessions are kept longer than needed."),
        Check("email-only-factor", Severity.LOW,
            "Whoever forgets the password needs an operator, because the mailbox alone cannot be both factors."),
        Check("short-passwords", Severity.LOW,
            "Passwords may be shorter than the 15 characters that OWASP ASVS 5.0 recommends (6.2.1)."),
        Check("key-old", Severity.LOW,
            "The longer a key is used, the more people have had it and the more is lost with it."),
        Check("signing-key-old", Severity.LOW,
            "The longer one key signs JWTs, the more its thief can forge."),
        Check("write-ahead-log-off", Severity.LOW,
            "Without a write-ahead log, readers and writers of the SQLite file block each other."),
        Check("no-reasons", Severity.LOW,
            "The log says what operators did, but not why."),
        Check("application-unnamed", Severity.LOW,
            "Whoever gets a mail or code cannot tell what it is for and may take it for fraud."),
        Check("log-unverified", Severity.LOW,
            "New entries of an unverified log can be removed without a trace."),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something weak. resource: what exactly, by a name that stays. command: mends it, run as it stands."""

    check: Check
    resource: str
    message: str
    command: str

    def public(self) -> Json:
        return {
            "id": self.check.id,
            "severity": str(self.check.severity),
            "resource": self.resource,
            "message": self.message,
            "meaning": self.check.meaning,
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at. log_key: of the audit log, if it is at hand."""

    directory: Engine
    settings: Settings
    program: str
    state: State
    reason: str = ""  # what every change must give, where the policy says so
    log_key: bytes | None = field(default=None, repr=False)

    def finding(self, id: str, resource: str, message: str, command: str) -> Finding:
        return Finding(CHECKS[id], resource, message, command)

    def own(self, words: str) -> str:
        """A command of authctl's that changes something."""
        return f"{self.program} {words}{self.reason}"

    def for_users(self, filters: list[str], words: str) -> str:
        """A command of authctl's for each of those users."""
        asked = " ".join(f"--filter {quote(each)}" for each in filters)
        return f"{self.program} users list --all {asked} --fields id -o tsv | {self.own(words)}"
