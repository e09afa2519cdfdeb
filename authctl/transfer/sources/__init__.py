"""The systems that users come from, one small file each. A new source is a file, a line here, and what README lists.

A source maps what a file says into Records. It knows its format, and nothing of the database or of our rules.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple, cast

from authctl.transfer.records import Source


class Name(NamedTuple):
    """module: where the source is, as SOURCE; it is loaded when it is used."""

    module: str
    help: str


NAMES = {
    "authctl": Name("authctl", "authctl's own export, JSON Lines or CSV"),
    "csv": Name("any_csv", "any CSV whose first row names its columns"),
    "json": Name("any_json", "any JSON or JSON Lines, such as mongoexport's; name its fields with --map"),
    "appwrite": Name("appwrite", "Appwrite users, with identities, teams and memberships"),
    "supabase": Name(
        "supabase", "auth.users as CSV or JSON, with identities and mfa_factors; or users from the Admin API"
    ),
    "firebase": Name(
        "firebase", "firebase auth:export as JSON or CSV; or users from the Admin SDK or Identity Toolkit"
    ),
    "auth0": Name(
        "auth0", "a user export or users from the Management API, with the password file; or a bulk import file"
    ),
    "keycloak": Name("keycloak", "a realm or users file from kc.sh export; or users from the REST API"),
    "cognito": Name("cognito", "list-users or admin-get-user as JSON; or the import job's CSV"),
    "okta": Name("okta", "users from Okta's API; or its CSV template"),
    "clerk": Name("clerk", "the dashboard's CSV; or users from Clerk's API or JavaScript SDK"),
    "django": Name("django", "dumpdata as JSON or XML; or the auth_user table as CSV"),
    "kratos": Name("kratos", "identities from Ory Kratos' admin API or CLI; or a batch that creates them"),
    "wordpress": Name("wordpress", "wp-cli's user list or user get as CSV or JSON; or wp_users as CSV"),
    "htpasswd": Name("htpasswd", "an Apache or nginx password file"),
    "ldif": Name("ldif", "slapcat, ldapsearch -LLL, or Active Directory's ldifde"),
}

GENERAL = ("csv", "json")  # what a file is taken for that is of no system


def load(name: str) -> Source:
    """A source by its name, which is one of NAMES."""
    return cast("Source", import_module(f"{__name__}.{NAMES[name].module}").SOURCE)


def recognise(head: bytes, filename: str) -> list[str]:
    """The sources that a file may be of, by how it begins (64 KiB at most), then by its name."""
    found = [name for name in NAMES if name not in GENERAL and load(name).recognises(head, filename)]
    return found or [name for name in GENERAL if load(name).recognises(head, filename)][:1]
