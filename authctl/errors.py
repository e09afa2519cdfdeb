"""Every error that authctl raises on purpose: its type, message, hint, and the exit status it ends a command with.

    AuthctlError
    ├── UsageError     2    the command line is not well formed
    ├── Invalid        3    a value, or what the policy says of it; names every wrong field at once
    ├── NotFound       4
    ├── Conflict       5    taken already, or changed in between
    ├── Denied         6    credentials, codes, tokens, blocked, more factors, rate limits
    ├── Unavailable    7    the database, mail or SMS
    ├── Partial        8    bulk work done, with some records refused
    └── Interrupted  130    Ctrl-C

Raising means that nothing happened. An attempt that must be remembered is a returned verdict instead.

A web application answers with `error.http_status` and `error.public()`, which holds nothing but what anybody may read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitStatus(IntEnum):
    """How a command ends; scripts rely on these numbers."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    INVALID = 3
    NOT_FOUND = 4
    CONFLICT = 5
    DENIED = 6
    UNAVAILABLE = 7
    PARTIAL = 8
    INTERRUPTED = 130


EXIT_STATUSES = {
    ExitStatus.DONE: "done",
    ExitStatus.UNEXPECTED: "unexpected: a bug in authctl",
    ExitStatus.USAGE: "the command line is not well formed, or a confirmation is missing",
    ExitStatus.INVALID: "an invalid value, or refused by the policy",
    ExitStatus.NOT_FOUND: "not found",
    ExitStatus.CONFLICT: "conflict: taken already, or changed in between",
    ExitStatus.DENIED: "denied: credentials, code, token, blocked, more factors, rate limit",
    ExitStatus.UNAVAILABLE: "unavailable: database, mail or SMS",
    ExitStatus.PARTIAL: "bulk work done, with some records refused",
    ExitStatus.INTERRUPTED: "interrupted",
}

# The closed list: type → (exit status, what it means). Names are Appwrite's where it has one.
TYPES: dict[str, tuple[ExitStatus, str]] = {
    "general_unexpected": (ExitStatus.UNEXPECTED, "a bug in authctl"),
    "general_interrupted": (ExitStatus.INTERRUPTED, "stopped by Ctrl-C"),
    "general_declined": (ExitStatus.INTERRUPTED, "a question was answered with no, or not at all"),
    "general_usage": (ExitStatus.USAGE, "the command line is not well formed"),
    "general_confirmation_required": (ExitStatus.USAGE, "a destructive command needs --yes off a terminal"),
    "general_partial": (ExitStatus.PARTIAL, "bulk work done, with some records refused"),
    "general_argument_invalid": (ExitStatus.INVALID, "a value is malformed or out of range"),
    "general_config_invalid": (ExitStatus.INVALID, "a setting is malformed, unknown or out of range"),
    "general_redirect_denied": (ExitStatus.INVALID, "a link to a host that allowed_redirects does not name"),
    "security_check_failed": (ExitStatus.INVALID, "the check-up found something that it was told to fail on"),
    "security_log_damaged": (ExitStatus.INVALID, "the audit log is not what was written into it"),
    "general_key_missing": (ExitStatus.INVALID, "no secret key is configured for this database"),
    "general_key_mismatch": (ExitStatus.INVALID, "the secret key is not the one of this database"),
    "password_too_short": (ExitStatus.INVALID, "a password below the least length"),
    "password_too_long": (ExitStatus.INVALID, "a password above 256 characters"),
    "password_in_dictionary": (ExitStatus.INVALID, "one of the most common passwords"),
    "password_personal_data": (ExitStatus.INVALID, "a password with the user's own data in it"),
    "password_strength": (ExitStatus.INVALID, "a password without a kind of character that the policy asks for"),
    "password_context_word": (ExitStatus.INVALID, "a password with a word that the policy refuses"),
    "password_breached": (ExitStatus.INVALID, "a password that is known from a breach"),
    "password_hash_invalid": (ExitStatus.INVALID, "an imported hash, or an option of it, is malformed"),
    "password_hash_too_costly": (ExitStatus.INVALID, "checking the imported hash would take too long"),
    "password_hash_unsupported": (ExitStatus.INVALID, "a known hash that cannot be checked here"),
    "password_hash_unnamed": (ExitStatus.INVALID, "the imported hash does not say which algorithm made it"),
    "password_hash_empty": (ExitStatus.INVALID, "the imported hash is empty or locked: no password"),
    "import_file_invalid": (ExitStatus.INVALID, "a file to be imported cannot be read as what it should be"),
    "import_not_found": (ExitStatus.NOT_FOUND, "no such import"),
    "import_changed": (ExitStatus.CONFLICT, "another process goes on with the same import"),
    "user_not_found": (ExitStatus.NOT_FOUND, "no such user"),
    "team_not_found": (ExitStatus.NOT_FOUND, "no such team"),
    "membership_not_found": (ExitStatus.NOT_FOUND, "no such membership of the team"),
    "event_not_found": (ExitStatus.NOT_FOUND, "no such event in the audit log"),
    "user_already_exists": (ExitStatus.CONFLICT, "the id or username is taken"),
    "user_email_already_exists": (ExitStatus.CONFLICT, "the email is taken, by a user or an identity"),
    "user_phone_already_exists": (ExitStatus.CONFLICT, "the phone is taken"),
    "team_already_exists": (ExitStatus.CONFLICT, "the team's id is taken"),
    "membership_already_confirmed": (ExitStatus.CONFLICT, "the user is a member of the team already"),
    "membership_last_owner": (ExitStatus.CONFLICT, "the team would be left without an owner"),
    "general_key_changed": (ExitStatus.CONFLICT, "the secret key was changed by someone else in between"),
    "user_changed": (ExitStatus.CONFLICT, "the user was changed by someone else in between"),
    "user_identity_not_found": (ExitStatus.NOT_FOUND, "no such identity"),
    "user_session_not_found": (ExitStatus.NOT_FOUND, "the user has no such session"),
    "token_not_found": (ExitStatus.NOT_FOUND, "the user has no such token"),
    "mock_phone_not_found": (ExitStatus.NOT_FOUND, "no such mock phone number"),
    "mock_phone_already_exists": (ExitStatus.CONFLICT, "the number is a mock phone number already"),
    "mock_phone_limit_exceeded": (ExitStatus.INVALID, "there may be ten mock phone numbers"),
    "user_email_not_found": (ExitStatus.NOT_FOUND, "the user has no email"),
    "user_email_not_verified": (ExitStatus.INVALID, "the email is not verified"),
    "user_phone_not_found": (ExitStatus.NOT_FOUND, "the user has no phone"),
    "user_phone_not_verified": (ExitStatus.INVALID, "the phone is not verified"),
    "user_username_not_verified": (ExitStatus.INVALID, "nobody has proved to own the account of that username"),
    "user_auth_method_unsupported": (
        ExitStatus.INVALID,
        "the policy does not allow this factor or way to sign in",
    ),
    "user_factor_already_used": (ExitStatus.INVALID, "the session was signed in to with that factor"),
    "user_last_way_in": (ExitStatus.CONFLICT, "nobody could sign in to the account any more"),
    "user_last_factor": (ExitStatus.CONFLICT, "multi-factor authentication would be left without a factor"),
    "user_authenticator_not_found": (ExitStatus.NOT_FOUND, "the user has no such authenticator"),
    "user_authenticator_already_verified": (ExitStatus.CONFLICT, "the authenticator is verified already"),
    "user_authenticator_limit_exceeded": (ExitStatus.INVALID, "a user may have ten authenticators"),
    "user_recovery_codes_not_found": (ExitStatus.NOT_FOUND, "the user has no recovery codes"),
    "user_recovery_codes_already_exists": (ExitStatus.CONFLICT, "the user has recovery codes already"),
    "user_email_already_verified": (ExitStatus.CONFLICT, "the email is verified already"),
    "user_phone_already_verified": (ExitStatus.CONFLICT, "the phone is verified already"),
    "user_identity_already_exists": (ExitStatus.CONFLICT, "the identity is linked already"),
    "user_count_exceeded": (ExitStatus.INVALID, "the user limit for sign-ups is reached"),
    "password_recently_used": (ExitStatus.INVALID, "one of the passwords that may not come back"),
    "user_unauthorized": (ExitStatus.DENIED, "not signed in, or not allowed to whoever acts"),
    "user_blocked": (ExitStatus.DENIED, "the user is blocked"),
    "user_password_reset_required": (ExitStatus.DENIED, "the password must be changed first"),
    "user_more_factors_required": (ExitStatus.DENIED, "the sign-in needs another factor"),
    "user_verification_required": (ExitStatus.DENIED, "an email or phone must be verified first"),
    "user_session_required": (ExitStatus.DENIED, "only whoever is signed in to the account can confirm this address"),
    "user_proof_required": (ExitStatus.DENIED, "only people with a verified email, phone or identity may do this"),
    "user_challenge_required": (ExitStatus.DENIED, "a recent sign-in is needed, or its factors once more"),
    "team_invalid_secret": (ExitStatus.DENIED, "an invitation's secret is wrong, used or expired"),
    "team_invite_mismatch": (ExitStatus.DENIED, "the invitation is for another user"),
    "user_jwt_invalid": (ExitStatus.DENIED, "a JWT that is expired, not ours, or not for this"),
    "user_invalid_token": (ExitStatus.DENIED, "a token or code is wrong, expired, used or unknown"),
    "general_rate_limit_exceeded": (ExitStatus.DENIED, "too soon, or too often, to be sent again"),
    "user_invalid_credentials": (ExitStatus.DENIED, "wrong credentials, whichever part was wrong"),
    "database_unavailable": (ExitStatus.UNAVAILABLE, "the database cannot be reached or opened"),
    "database_not_initialized": (ExitStatus.UNAVAILABLE, "the database holds no directory yet"),
    "database_foreign": (ExitStatus.UNAVAILABLE, "the database belongs to another program"),
    "database_schema_older": (ExitStatus.UNAVAILABLE, "the database is older than this authctl"),
    "database_schema_newer": (ExitStatus.UNAVAILABLE, "the database is newer than this authctl"),
    "database_locked": (ExitStatus.UNAVAILABLE, "the database was busy for too long"),
    "database_read_only": (ExitStatus.UNAVAILABLE, "the database cannot be written to"),
    "database_full": (ExitStatus.UNAVAILABLE, "no space is left for the database"),
    "database_damaged": (ExitStatus.UNAVAILABLE, "the database file, or what a row of it says, is not intact"),
    "database_timeout": (ExitStatus.UNAVAILABLE, "a statement took longer than allowed"),
    "database_not_empty": (ExitStatus.CONFLICT, "there is a directory already, and nothing is restored over it"),
    "backup_damaged": (ExitStatus.UNAVAILABLE, "a backup was changed, or is not whole"),
    "backup_unsigned": (ExitStatus.INVALID, "a backup without a signature that can be checked here"),
    "general_unavailable": (ExitStatus.UNAVAILABLE, "all that an application tells a browser of an outage"),
    "general_busy": (ExitStatus.UNAVAILABLE, "too many passwords are being hashed at once"),
    "general_secret_damaged": (ExitStatus.UNAVAILABLE, "a sealed secret was changed, or is another row's"),
    "delivery_failed": (ExitStatus.UNAVAILABLE, "a mail or SMS was refused, or its way was cut"),
    "delivery_unconfigured": (ExitStatus.UNAVAILABLE, "no mail server or SMS provider is configured for this"),
    "file_unavailable": (ExitStatus.UNAVAILABLE, "a file cannot be read or written"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: its type, the field it is in (None where there is none), and a sentence."""

    type: str
    message: str
    field: str | None = None

    def __post_init__(self) -> None:
        """Messages end as sentences do, wherever they were put together."""
        if self.message[-1:].isalnum() or self.message.endswith(("'", '"')):
            object.__setattr__(self, "message", self.message + ".")


# What a web application answers with (RFC 9110 §15): 403 where signing in again would not help.
_HTTP_STATUSES = {
    ExitStatus.USAGE: 400,
    ExitStatus.INVALID: 400,
    ExitStatus.NOT_FOUND: 404,
    ExitStatus.CONFLICT: 409,
    ExitStatus.DENIED: 401,
    ExitStatus.UNAVAILABLE: 503,
    ExitStatus.INTERRUPTED: 503,
}
_OTHER_HTTP_STATUSES = {
    "general_config_invalid": 503,
    "general_key_missing": 503,
    "general_key_mismatch": 503,
    "security_log_damaged": 503,
    "user_blocked": 403,
    "user_password_reset_required": 403,
    "user_more_factors_required": 403,
    "user_verification_required": 403,
    "user_challenge_required": 403,
    "user_proof_required": 403,
    "team_invite_mismatch": 403,
    "general_rate_limit_exceeded": 429,
}
_UNTOLD = {"general_redirect_denied": "This link is not allowed."}  # the message names hosts
OUTAGE = Problem("general_unavailable", "This is not available right now. Please try again later.")


def http_status(type: str) -> int:
    """What a web application answers an error of that type with."""
    return _OTHER_HTTP_STATUSES.get(type) or _HTTP_STATUSES.get(TYPES[type][0], 500)


class AuthctlError(Exception):
    """The root. `problems` holds all that is wrong, the first of them speaks for the error.

    hint: what to do next, a sentence; None where nothing useful can be said.
    """

    status = ExitStatus.UNEXPECTED

    def __init__(self, type: str, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        self._hold((Problem(type, message, field),), hint)

    def _hold(self, problems: tuple[Problem, ...], hint: str | None) -> None:
        for problem in problems:
            assert TYPES[problem.type][0] == self.status, f"{problem.type} does not belong to {type(self).__name__}"
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems
        self.hint = hint

    @property
    def type(self) -> str:
        return self.problems[0].type

    @property
    def message(self) -> str:
        return self.problems[0].message

    @property
    def field(self) -> str | None:
        return self.problems[0].field

    @property
    def http_status(self) -> int:
        """What a web application answers with: 400, 401, 403, 404, 409, 429; 503 for an outage or a wrong setting."""
        return max(http_status(problem.type) for problem in self.problems)

    def public(self) -> dict[str, object]:
        """What anybody may read, as JSON has it: no hint, URL, host, path or key. Of an outage nothing is told."""
        told = [_public(problem) for problem in self.problems] if self.http_status < 500 else [_public(OUTAGE)]
        return told[0] | {"errors": told}


def _public(problem: Problem) -> dict[str, object]:
    message = _UNTOLD.get(problem.type, problem.message)
    return {"type": problem.type, "message": message, "field": problem.field}


class UsageError(AuthctlError):
    status = ExitStatus.USAGE


class Invalid(AuthctlError):
    """A value is wrong, or the policy refuses it."""

    status = ExitStatus.INVALID

    @classmethod
    def of(cls, problems: Iterable[Problem], *, hint: str | None = None) -> Invalid:
        """One error that names every problem; there must be at least one."""
        error = cls.__new__(cls)
        error._hold(tuple(problems), hint)
        return error


class NotFound(AuthctlError):
    status = ExitStatus.NOT_FOUND


class Conflict(AuthctlError):
    status = ExitStatus.CONFLICT


class Denied(AuthctlError):
    status = ExitStatus.DENIED


class Unavailable(AuthctlError):
    status = ExitStatus.UNAVAILABLE


class Partial(AuthctlError):
    """Bulk work is done, and some of its records were refused, each of which has been told."""

    status = ExitStatus.PARTIAL


class Interrupted(AuthctlError):
    status = ExitStatus.INTERRUPTED


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What follows the sentence about an unknown word: the known one that is nearest to it, or nothing.

    Capitals, dashes and underscores make no difference. Where no word is near, one with the same last part is meant.
    """
    from difflib import get_close_matches

    spelt = {_spelling(each): each for each in known}
    wanted = _spelling(word)
    near = get_close_matches(wanted, spelt, n=1) or [
        each for each in spelt if each.rpartition(".")[2] == wanted.rpartition(".")[2]
    ]
    return f" Did you mean '{spelt[near[0]]}'?" if near else ""


def _spelling(word: str) -> str:
    return word.lower().lstrip("-").replace("_", "-")
