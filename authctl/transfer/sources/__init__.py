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
    "csv": Name("any_csv", "any CSV with a first row that names its columns"),
    "json": Name("any_json", "any JSON or JSON Lines, such as mongoexport's; --map says which field is what"),
    "appwrite": Name("appwrite", "Appwrite's users, and with them identities, teams and memberships"),
    "supabase": Name("supabase", "auth.users as CSV or JSON with identities and mfa_factors, or the Admin API's users"),
    "firebase": Name("firebase", "firebase auth:export as JSON or CSV, or users of the admin SDK or Identity Toolkit"),
    "auth0": Name("auth0", "users of an export or the Management API, with the password file; the bulk import's form"),
    "keycloak": Name("keycloak", "a realm or users file of kc.sh export, or the users of its REST API"),
    "cognito": Name("cognito", "list-users or admin-get-user as JSON, or the import job's CSV"),
    "okta": Name("okta", "the users of Okta's API, or its CSV template"),
    "clerk": Name("clerk", "the dashboard's CSV, or users of Clerk's API or JavaScript SDK"),
    "django": Name("django", "dumpdata as JSON or XML, or the auth_user table as CSV"),
    "kratos": Name("kratos", "the identities of Ory Kratos' admin API or CLI, or a batch that makes them"),
    "wordpress": Name("wordpress", "wp-cli's user list or user get as CSV or JSON, or wp_users as CSV"),
    "htpasswd": Name("htpasswd", "a password file of Apache or nginx"),
    "ldif": Name("ldif", "slapcat, ldapsearch -LLL, or ldifde of Active Directory"),
}

GENERAL = ("csv", "json")  # what a file is taken for that is of no system


def load(name: str) -> Source:
    """A source by its name, which is one of NAMES."""
    return cast("Source", import_module(f"{__name__}.{NAMES[name].module}").SOURCE)


def recognise(head: bytes, filename: str) -> list[str]:
    """The sources that a file may be of, by how it begins (64 KiB at most), then by its name."""
    found = [name for name in NAMES if name not in GENERAL and load(name).recognises(head, filename)]
    return found or [name for name in GENERAL if load(name).recognises(head, filename)][:1]
