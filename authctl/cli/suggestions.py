"""What people type that is called something else here, by what it is called; loaded when a line cannot be read.

A word in braces stands for one of the line, which is repeated; what is missing is left to whoever reads it, or left out
where it has a question mark.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from shlex import quote

# Command line → the words that mean it, in every group where no other line below has them.
ANYWHERE = {
    "users list": "ls list",
    "users list --search {TEXT}": "search find",
    "users get {USER}": "show info view get",
    "users create": "add new create register signup",
    "users delete {USER}": "rm remove del delete",
    "users --help": "edit update modify change set",
    "users update-name {USER} {NAME}": "rename",
    "users update-password {USER}": "passwd password reset-password set-password change-password",
    "users update-status {USER} blocked": "block ban disable suspend deactivate",
    "users update-status {USER} active": "unblock unban enable unsuspend activate",
    "users import --help": "import",
    "users export --help": "export",
    "teams create-membership {TEAM} --email {EMAIL} --invite": "invite",
    "teams create-membership {TEAM} --user-id {USER}": "add-member",
    "teams delete-membership {TEAM} {USER}": "remove-member",
    "teams list-memberships {TEAM}": "members",
    "mfa create-authenticator {USER}": "enroll",
    "mfa reset {USER}": "reset-mfa",
    "sessions create {USER}": "login signin",
    "sessions delete": "logout signout",
    "sessions get": "whoami",
    "security list-logs": "logs log audit events",
    "security check": "doctor audit-security",
    "status": "config settings",
    "--version": "version",
}
IN_GROUP = {
    "authctl": {
        "users create": "adduser useradd newuser",
        "users delete {USER}": "deluser userdel",
        "users --help": "usermod",
        "teams --help": "group groups",
        "teams create {NAME}": "addgroup groupadd",
        "upgrade": "migrate",
        "backup --help": "dump",
        "apply --help": "plan diff sync",
        "init --help": "setup install",
    },
    "users": {"users list-logs {USER}": "logs log audit events"},
    "teams": {
        "teams list": "ls",
        "teams list --search {TEXT}": "search find",
        "teams get {TEAM}": "show info view",
        "teams create {NAME}": "add new",
        "teams delete {TEAM}": "rm remove del",
        "teams update-name {TEAM} {NAME}": "rename",
        "teams --help": "edit update modify change set",
    },
    "sessions": {
        "users list-sessions {USER}": "ls list search find",
        "sessions get": "show info view config",
        "sessions create {USER}": "add new",
        "sessions delete": "rm remove del",
        "sessions --help": "edit modify change set",
    },
    "tokens": {
        "tokens list {USER}": "ls show info view get search find",
        "tokens create {USER}": "add new",
        "tokens delete {USER} {TOKEN}": "rm remove del",
        "tokens --help": "edit update modify change set",
    },
    "mfa": {
        "mfa status {USER}": "ls list show info view get search find config",
        "mfa create-authenticator {USER}": "add new create",
        "mfa reset {USER}": "rm remove del delete",
        "mfa --help": "edit update modify change set",
    },
    "security": {
        "security show {POLICY?}": "ls list info view get search find config settings",
        "security set {POLICY} {VALUE}": "edit update modify change add new create",
        "security reset {POLICY}": "rm remove del delete",
    },
}
# Option → what it may be called here, the first that the command has.
OPTIONS = {
    "--assume-yes": ("--yes",),
    "--columns": ("--fields",),
    "--comment": ("--reason",),
    "--csv": ("--output csv",),
    "--db": ("--database",),
    "--force": ("--yes",),
    "--format": ("--output",),
    "--id": ("--user-id", "--team-id"),
    "--json-fields": ("--fields",),
    "--jsonl": ("--output jsonl",),
    "--label": ("--labels", "--add", "--filter"),
    "--mail": ("--email",),
    "--message": ("--reason",),
    "--offset": ("--after",),
    "--order-by": ("--sort",),
    "--page": ("--after",),
    "--per-page": ("--limit",),
    "--query": ("--search", "--filter"),
    "--role": ("--roles", "--filter"),
    "--silent": ("--quiet",),
    "--status": ("--filter",),
    "--table": ("--output table",),
    "--team": ("--team-id",),
    "--to": ("--format", "--email"),
    "--tsv": ("--output tsv",),
    "--user": ("--user-id",),
    "--where": ("--filter",),
}
LONGEST = 320  # characters of a word that is repeated; an email has fewer


def command_line(group: str, word: str, words: Sequence[str]) -> str | None:
    """What a word in a group was to be, with the words behind it in their places; None for one that nobody types."""
    for lines in (IN_GROUP.get(group, {}), ANYWHERE):
        for line, meanings in lines.items():
            if word.lower() in meanings.split():
                return _filled(line, words)
    return None


def option(word: str, known: Container[str]) -> str | None:
    """What an option was to be, of those that the command knows."""
    return next((each for each in OPTIONS.get(word, ()) if each.partition(" ")[0] in known), None)


def _filled(line: str, words: Sequence[str]) -> str:
    """The line with each word in the first place that can have it. One that looks like an option ends them."""
    given: dict[str, str] = {}
    places = re.findall(r"{(\w+)[?]?}", line)
    for word in words:
        if word.startswith("-") or len(word) > LONGEST:
            break
        place = next((each for each in places if each not in given and _fits(word, each)), None)
        if place is not None:
            given[place] = quote(word)
    return re.sub(r" {(\w+)([?]?)}", lambda found: _shown(given.get(found[1], "" if found[2] else found[1])), line)


def _shown(word: str) -> str:
    return f" {word}" if word else ""


def _fits(word: str, place: str) -> bool:
    return place not in ("EMAIL", "TEAM") or ("@" in word) == (place == "EMAIL")
