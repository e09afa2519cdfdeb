"""Every error that authctl raises on purpose: its type, message, hint, and the exit status it ends a command with.

    AuthctlError
    ├── UsageError     2    the command line is malformed
    ├── Invalid        3    a value is wrong or the policy refuses it; names every wrong field at once
    ├── NotFound       4
    ├── Conflict       5    already taken, or changed at the same time
    ├── Denied         6    credentials, codes, tokens, blocked, more factors, rate limits
    ├── Unavailable    7    the database, mail or SMS
    ├── Partial        8    bulk work done, with some records refused
    └── Interrupted  130    Ctrl-C

Raising means that nothing happened. An attempt that must be remembered is a returned verdict instead.

A web application answers with `error.http_status` and `error.public()`, which holds nothing but what anybody may read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    ExitStatus.USAGE: "a malformed command line, or a missing confirmation",
    ExitStatus.INVALID: "an invalid value, or one the policy refuses",
    ExitStatus.NOT_FOUND: "not found",
    ExitStatus.CONFLICT: "conflict: already taken, or changed at the same time",
    ExitStatus.DENIED: "denied: credentials, code, token, blocked, more factors, rate limit",
    ExitStatus.UNAVAILABLE: "unavailable: database, mail or SMS",
    ExitStatus.PARTIAL: "some records of a bulk operation were refused",
    ExitStatus.INTERRUPTED: "interrupted",
}

# The closed list: type → (exit status, what it means). Names are Appwrite's where it has one.
TYPES: dict[str, tuple[ExitStatus, str]] = {
    "general_unexpected": (ExitStatus.UNEXPECTED, "a bug in authctl"),
    "general_interrupted": (ExitStatus.INTERRUPTED, "stopped by Ctrl-C"),
    "general_declined": (ExitStatus.INTERRUPTED, "the question was answered with no, or not at all"),
    "general_usage": (ExitStatus.USAGE, "the command line is malformed"),
    "general_confirmation_required": (ExitStatus.USAGE, "a destructive command needs --yes outside a terminal"),
    "general_partial": (ExitStatus.PARTIAL, "some records of a bulk operation were refused"),
    "general_argument_invalid": (ExitStatus.INVALID, "a value is malformed or out of range"),
    "general_config_invalid": (ExitStatus.INVALID, "a setting is malformed, unknown or out of range"),
    "general_transaction_invalid": (ExitStatus.INVALID, "this cannot be done within the application's transaction"),
    "general_redirect_denied": (ExitStatus.INVALID, "links to this host are not in allowed_redirects"),
    "manifest_invalid": (ExitStatus.INVALID, "a manifest is malformed, or one of its names is ambiguous"),
    "directory_differs": (ExitStatus.INVALID, "the directory differs from the checked manifest"),
    "security_check_failed": (ExitStatus.INVALID, "the security check found something that severe"),
    "security_log_damaged": (ExitStatus.INVALID, "the audit log was changed outside authctl"),
    "general_key_missing": (ExitStatus.INVALID, "no secret key is configured for this database"),
    "general_key_mismatch": (ExitStatus.INVALID, "the secret key does not belong to this database"),
    "password_too_short": (ExitStatus.INVALID, "the password is shorter than the policy allows"),
    "password_too_long": (ExitStatus.INVALID, "the password is longer than 256 characters"),
    "password_in_dictionary": (ExitStatus.INVALID, "the password is one of the most common"),
    "password_personal_data": (ExitStatus.INVALID, "the password contains the user's own data"),
    "password_strength": (ExitStatus.INVALID, "the password lacks a kind of character the policy asks for"),
    "password_context_word": (ExitStatus.INVALID, "the password contains a word the policy refuses"),
    "password_breached": (ExitStatus.INVALID, "the password was leaked in a breach"),
    "password_hash_invalid": (ExitStatus.INVALID, "the imported hash, or one of its options, is malformed"),
    "password_hash_too_costly": (ExitStatus.INVALID, "checking the imported hash would take too long"),
    "password_hash_unsupported": (ExitStatus.INVALID, "the hash is known but not supported"),
    "password_hash_unnamed": (ExitStatus.INVALID, "the imported hash does not say which algorithm made it"),
    "password_hash_empty": (ExitStatus.INVALID, "the imported hash is empty or locked: no password"),
    "import_file_invalid": (ExitStatus.INVALID, "the import file does not have the expected format"),
    "import_not_found": (ExitStatus.NOT_FOUND, "no such import"),
    "import_changed": (ExitStatus.CONFLICT, "another process is running the same import"),
    "user_not_found": (ExitStatus.NOT_FOUND, "no such user"),
    "team_not_found": (ExitStatus.NOT_FOUND, "no such team"),
    "membership_not_found": (ExitStatus.NOT_FOUND, "no such membership of the team"),
    "event_not_found": (ExitStatus.NOT_FOUND, "no such event in the audit log"),
    "user_already_exists": (ExitStatus.CONFLICT, "the id or username is taken"),
    "user_email_already_exists": (ExitStatus.CONFLICT, "the email is taken, by a user or an identity"),
    "user_phone_already_exists": (ExitStatus.CONFLICT, "the phone is taken"),
    "team_already_exists": (ExitStatus.CONFLICT, "the team's id is taken"),
    "membership_already_confirmed": (ExitStatus.CONFLICT, "the user is already a member of the team"),
    "membership_last_owner": (ExitStatus.CONFLICT, "the team would have no owner"),
    "general_key_changed": (ExitStatus.CONFLICT, "someone else changed the secret key at the same time"),
    "user_changed": (ExitStatus.CONFLICT, "someone else changed the user at the same time"),
    "user_identity_not_found": (ExitStatus.NOT_FOUND, "no such identity"),
    "user_session_not_found": (ExitStatus.NOT_FOUND, "the user has no such session"),
    "token_not_found": (ExitStatus.NOT_FOUND, "the user has no such token"),
    "mock_phone_not_found": (ExitStatus.NOT_FOUND, "no such mock phone number"),
    "mock_phone_already_exists": (ExitStatus.CONFLICT, "the number is already a mock phone number"),
    "mock_phone_limit_exceeded": (ExitStatus.INVALID, "the limit of ten mock phone numbers is reached"),
    "user_email_not_found": (ExitStatus.NOT_FOUND, "the user has no email"),
    "user_email_not_verified": (ExitStatus.INVALID, "the email is not verified"),
    "user_phone_not_found": (ExitStatus.NOT_FOUND, "the user has no phone"),
    "user_phone_not_verified": (ExitStatus.INVALID, "the phone is not verified"),
    "user_username_not_verified": (ExitStatus.INVALID, "nobody has verified the account of that username"),
    "user_auth_method_unsupported": (ExitStatus.INVALID, "the policy does not allow this factor or way to sign in"),
    "user_factor_already_used": (ExitStatus.INVALID, "the session was signed in with that factor"),
    "user_last_way_in": (ExitStatus.CONFLICT, "nobody could sign in to the account any more"),
    "user_last_factor": (ExitStatus.CONFLICT, "two-factor sign-in would have no second factor"),
    "user_authenticator_not_found": (ExitStatus.NOT_FOUND, "the user has no such authenticator"),
    "user_authenticator_already_verified": (ExitStatus.CONFLICT, "the authenticator is already verified"),
    "user_authenticator_limit_exceeded": (ExitStatus.INVALID, "the limit of ten authenticators is reached"),
    "user_recovery_codes_not_found": (ExitStatus.NOT_FOUND, "the user has no recovery codes"),
    "user_recovery_codes_already_exists": (ExitStatus.CONFLICT, "the user already has recovery codes"),
    "user_email_already_verified": (ExitStatus.CONFLICT, "the email is already verified"),
    "user_phone_already_verified": (ExitStatus.CONFLICT, "the phone is already verified"),
    "user_identity_already_exists": (ExitStatus.CONFLICT, "the identity is already linked"),
    "user_count_exceeded": (ExitStatus.INVALID, "the user limit for sign-ups is reached"),
    "password_recently_used": (ExitStatus.INVALID, "the password was used recently"),
    "user_unauthorized": (ExitStatus.DENIED, "nobody is signed in, or they are not allowed to do this"),
    "user_blocked": (ExitStatus.DENIED, "the user is blocked"),
    "user_password_reset_required": (ExitStatus.DENIED, "the password must be changed first"),
    "user_more_factors_required": (ExitStatus.DENIED, "the sign-in needs another factor"),
    "user_verification_required": (ExitStatus.DENIED, "an email or phone must be verified first"),
    "user_session_required": (ExitStatus.DENIED, "only the signed-in owner of the account can confirm this address"),
    "user_proof_required": (ExitStatus.DENIED, "this needs a verified email, phone or identity"),
    "user_challenge_required": (ExitStatus.DENIED, "this needs a recent sign-in, or proof of identity again"),
    "team_invalid_secret": (ExitStatus.DENIED, "the invitation's secret is wrong, used or expired"),
    "team_invite_mismatch": (ExitStatus.DENIED, "the invitation is for another user"),
    "user_jwt_invalid": (ExitStatus.DENIED, "the JWT is expired, not from here, or for something else"),
    "user_invalid_token": (ExitStatus.DENIED, "the token or code is wrong, expired, used or unknown"),
    "general_rate_limit_exceeded": (ExitStatus.DENIED, "too soon or too often"),
    "user_invalid_credentials": (ExitStatus.DENIED, "wrong credentials, whichever part was wrong"),
    "database_unavailable": (ExitStatus.UNAVAILABLE, "the database cannot be reached or opened"),
    "database_not_initialized": (ExitStatus.UNAVAILABLE, "the database contains no directory yet"),
    "database_foreign": (ExitStatus.UNAVAILABLE, "the database belongs to another program"),
    "database_schema_older": (ExitStatus.UNAVAILABLE, "the database is older than this authctl"),
    "database_schema_newer": (ExitStatus.UNAVAILABLE, "the database is newer than this authctl"),
    "database_locked": (ExitStatus.UNAVAILABLE, "the database was busy for too long"),
    "database_read_only": (ExitStatus.UNAVAILABLE, "the database is not writable"),
    "database_full": (ExitStatus.UNAVAILABLE, "the database has no space left"),
    "database_damaged": (ExitStatus.UNAVAILABLE, "the database file, or one of its rows, is damaged"),
    "database_timeout": (ExitStatus.UNAVAILABLE, "a statement took too long"),
    "database_not_empty": (ExitStatus.CONFLICT, "the database already contains a directory and is not overwritten"),
    "backup_damaged": (ExitStatus.UNAVAILABLE, "the backup was changed or is incomplete"),
    "backup_unsigned": (ExitStatus.INVALID, "the backup has no signature that can be checked here"),
    "general_unavailable": (ExitStatus.UNAVAILABLE, "what applications answer to browsers during an outage"),
    "general_busy": (ExitStatus.UNAVAILABLE, "too many passwords are being hashed at once"),
    "general_clock_doubtful": (ExitStatus.UNAVAILABLE, "the clock is far ahead of all that was done before today"),
    "general_secret_damaged": (ExitStatus.UNAVAILABLE, "a sealed secret was changed or moved"),
    "delivery_failed": (ExitStatus.UNAVAILABLE, "the mail or SMS was refused or interrupted"),
    "delivery_unconfigured": (ExitStatus.UNAVAILABLE, "no mail server or SMS provider is configured"),
    "file_unavailable": (ExitStatus.UNAVAILABLE, "the file cannot be read or written"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: its type, the field it is in (None where there is none), and a sentence.

    hint: what to do about this one of several, where it is not what the error says of all.
    """

    type: str
    message: str
    field: str | None = None
    hint: str | None = None

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
    "general_transaction_invalid": 503,
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
    def hint(self) -> str | None:
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        self._hint = hint
        self.__notes__ = [f"hint: {hint}"] if hint else []  # which tracebacks show

    @property
    def type(self) -> str:
        return self.problems[0].type

    def at(self, place: object) -> AuthctlError:
        """The same error, which says where in a file what it is about stands."""
        problems = tuple(replace(each, message=f"{place}: {each.message}") for each in self.problems)
        self._hold(problems, self.hint)
        return self

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
