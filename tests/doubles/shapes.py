"""Files as other systems' own tools write them: what comes of each, and what of it is not read.

lost: by type and field of what the summary says was left out; unread is what the source does not read. A field that is
new in a sample fails its test until it is read, ignored for a reason, or named here. reference: who says that the
system writes this.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "transfer" / "samples"
UNREAD, DROPPED = "import_field_unread", "import_value_dropped"
PASSWORD, FACTOR = ("import_password_lost", "password"), ("import_factor_lost", "mfa")


@dataclass(frozen=True)
class Shape:
    name: str
    source: str
    created: int
    reference: str
    lost: frozenset[tuple[str, str]] = frozenset()
    unread: frozenset[str] = frozenset()
    skipped: int = 0
    options: str = ""
    others: tuple[str, ...] = ()

    @property
    def path(self):
        return FOLDER / self.name

    @property
    def paths(self):
        return [self.path, *(FOLDER / name for name in self.others)]

    @property
    def all_lost(self):
        return self.lost | {(UNREAD, name) for name in self.unread}

    def __str__(self):
        return self.name


KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
HASHES = " ".join(
    f"--source-option {option}" for option in (f"signer_key={KEY}", "salt_separator=Bw==", "rounds=8", "mem_cost=14")
)
FIREBASE_SDK = "https://firebase.google.com/docs/reference/admin/node/firebase-admin.auth.userrecord"
IDENTITY_TOOLKIT = "https://cloud.google.com/identity-platform/docs/reference/rest/v1/UserInfo"
EMULATOR = "https://firebase.google.com/docs/emulator-suite/connect_auth"
AUTH0_USERS = "https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure"
AUTH0_EXTENSION = "https://auth0.com/docs/customize/extensions/user-import-export-extension"
AUTH0_EXPORTS = "https://auth0.com/docs/manage-users/user-migration/bulk-user-exports"
AUTH0_IMPORTS = "https://auth0.com/docs/manage-users/user-migration/bulk-user-imports"
CLERK_API = "https://clerk.com/docs/reference/backend-api/tag/users/GET/users"
CLERK_SDK = "https://clerk.com/docs/references/backend/types/backend-user"
SUPABASE = "https://supabase.com/docs/reference/javascript/auth-admin-listusers"
JSON_AGG = "https://www.postgresql.org/docs/current/functions-aggregate.html"
APPWRITE = "https://appwrite.io/docs/references/cloud/models/userList"
COGNITO = "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference"

SHAPES = (
    Shape("real/fb-admin.json", "firebase", 3, FIREBASE_SDK, options=HASHES),
    Shape(
        "real/fb-list-users.json",
        "firebase",
        2,
        FIREBASE_SDK,
        options=HASHES,
        skipped=1,
        lost=frozenset({PASSWORD, FACTOR, (DROPPED, "identities")}),
    ),
    Shape("real/fb-rest.json", "firebase", 1, IDENTITY_TOOLKIT, options=HASHES),
    Shape("real/emu.json", "firebase", 3, EMULATOR, frozenset({PASSWORD, FACTOR}), options=HASHES, skipped=1),
    Shape(
        "real/auth0-pages.json",
        "auth0",
        3,
        AUTH0_USERS,
        frozenset({PASSWORD, FACTOR, (DROPPED, "identities")}),
        frozenset({"upn", "groups"}),
    ),
    Shape("real/auth0-ids.json", "auth0", 4, AUTH0_USERS, frozenset({PASSWORD})),
    Shape("real/auth0-job.csv", "auth0", 1, AUTH0_EXPORTS, frozenset({PASSWORD})),
    Shape("real/auth0-ext.csv", "auth0", 1, AUTH0_EXTENSION, frozenset({PASSWORD})),
    Shape("real/auth0-ext.json", "auth0", 2, AUTH0_EXTENSION, frozenset({PASSWORD})),
    Shape("real/auth0-bulk.json", "auth0", 1, AUTH0_IMPORTS, frozenset({FACTOR})),
    Shape(
        "real/clerk-api.json",
        "clerk",
        1,
        CLERK_API,
        frozenset({PASSWORD, FACTOR, (DROPPED, "locked")}),
        frozenset({"web3_wallets"}),
    ),
    Shape(
        "real/clerk-sdk.json",
        "clerk",
        1,
        CLERK_SDK,
        frozenset({PASSWORD, FACTOR, (DROPPED, "identities")}),
        frozenset({"saml_accounts", "last_active_at"}),
    ),
    Shape("cognito2p.json", "cognito", 6, f"{COGNITO}/API_ListUsers.html"),
    Shape(
        "real/cognito-get-user.json", "cognito", 1, f"{COGNITO}/API_AdminGetUser.html", frozenset({PASSWORD, FACTOR})
    ),
    Shape("supa-agg.json", "supabase", 1, JSON_AGG),
    Shape("real/supa-js.json", "supabase", 1, SUPABASE, frozenset({PASSWORD})),
    Shape(
        "real/supa-list-users.json", "supabase", 2, SUPABASE, frozenset({PASSWORD, FACTOR}), frozenset({"new_email"}), 1
    ),
    Shape(
        "real/appwrite-list.json",
        "appwrite",
        1,
        APPWRITE,
        frozenset({(DROPPED, "identities"), (DROPPED, "labels")}),
        frozenset({"impersonator"}),
        others=("real/appwrite-identities.json",),
    ),
)
