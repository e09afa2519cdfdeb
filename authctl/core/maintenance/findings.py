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
        Check("log-damaged", Severity.HIGH,
            "Somebody may have changed the audit log past authctl. Find out what before it is taken as it is."),
        Check("log-retention-unsigned", Severity.HIGH,
            "Somebody may have changed the policy past authctl, so that the audit log is cleared. It is not obeyed."),
        Check("shared-names", Severity.HIGH,
            "What somebody grants to one account by its username goes to the other, whose id that is."),
        Check("unproved-grants", Severity.HIGH,
            "A person typed in this address or username: what was meant for its owner may have gone to a stranger."),
        Check("weak-hashes", Severity.HIGH,
            "Whoever steals these password hashes tries billions of passwords a second against them."),
        Check("blocked-with-sessions", Severity.HIGH,
            "An account that is blocked should be signed in nowhere."),
        Check("key-file-open", Severity.HIGH,
            "Whoever reads the secret key opens every secret in the database."),
        Check("secret-file-open", Severity.HIGH,
            "Others on this machine can read a secret in this file."),
        Check("database-file-open", Severity.HIGH,
            "Others on this machine can read or change the directory without authctl."),
        Check("postgres-without-tls", Severity.HIGH,
            "What goes to the database and comes from it may be read and changed on its way."),
        Check("smtp-without-tls", Severity.HIGH,
            "Codes and links, and the password of the mail server, may be read on their way."),
        Check("postgres-unverified", Severity.MEDIUM,
            "Who stands between may answer in the database's place, and read and change everything (ASVS 12.3.2)."),
        Check("users-without-mfa", Severity.MEDIUM,
            "A stolen or guessed password is all that is needed to sign in to these accounts."),
        Check("required-without-factor", Severity.MEDIUM,
            "They must use a second factor and have none: whoever has the password first chooses it."),
        Check("must-change-standing", Severity.MEDIUM,
            "A password that an operator knows was to be changed, and still stands."),
        Check("weak-policy", Severity.MEDIUM,
            "A policy asks for less than is recommended (OWASP ASVS 5.0)."),
        Check("database-folder-open", Severity.MEDIUM,
            "Whoever may write to the folder can put another database in the place of this one."),
        Check("backup-old", Severity.MEDIUM,
            "What happened since the last backup is lost with the disk."),
        Check("schema-behind", Severity.MEDIUM,
            "The tables are those of an older authctl, and only they know what else is weak."),
        Check("clock-off", Severity.MEDIUM,
            "Codes of authenticator apps fail, and things expire too early or too late, where clocks differ."),
        Check("mock-phones", Severity.MEDIUM,
            "Whoever knows a mock phone's number and its code signs in as that account."),
        Check("team-without-owner", Severity.LOW,
            "No member can invite or remove others, or change the team: only operators can."),
        Check("unproved-addresses", Severity.LOW,
            "The address may be somebody else's, who cannot sign in with it without another proof of this account."),
        Check("legacy-hashes", Severity.LOW,
            "These hashes are not argon2id, and nobody signed in for so long that none was replaced."),
        Check("purge-overdue", Severity.LOW,
            "Tokens and sessions that are over are kept longer than they are good for anything."),
        Check("email-only-factor", Severity.LOW,
            "Whoever forgets the password needs an operator, since the mailbox alone does not stand for two factors."),
        Check("short-passwords", Severity.LOW,
            "Passwords may be shorter than the 15 characters that OWASP ASVS 5.0 recommends (6.2.1)."),
        Check("key-old", Severity.LOW,
            "The longer a key is used, the more is lost with it, and the more people have had it."),
        Check("signing-key-old", Severity.LOW,
            "The longer JWTs are signed with one key, the more can be forged by whoever has it."),
        Check("write-ahead-log-off", Severity.LOW,
            "Without a write-ahead log, readers and writers of the SQLite file wait for each other."),
        Check("no-reasons", Severity.LOW,
            "The log says what operators did, and not why."),
        Check("application-unnamed", Severity.LOW,
            "Whoever gets a mail or a code cannot tell what it is for, and may take it for fraud."),
        Check("log-unverified", Severity.LOW,
            "Until a log is verified, what is new in it can be taken away without a trace."),
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
