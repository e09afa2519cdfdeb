"""`authctl users`: its commands in the order of its help under headings, and the module of each."""

from authctl.cli.commands import Commands

COMMANDS = Commands(
    "users",
    modules={
        "Accounts": {
            "create": "accounts",
            "list": "accounts",
            "get": "accounts",
            "delete": "accounts",
            "list-logs": "accounts",
        },
        "Profile": {
            "update-name": "changes",
            "update-username": "changes",
            "update-locale": "changes",
            "update-labels": "changes",
            "get-prefs": "changes",
            "update-prefs": "changes",
            "update-metadata": "changes",
        },
        "Email and phone": {
            "update-email": "changes",
            "update-email-verification": "changes",
            "update-phone": "changes",
            "update-phone-verification": "changes",
        },
        "Passwords": {
            "update-password": "passwords",
            "verify-password": "passwords",
            "require-password-change": "passwords",
            "wrap-password": "passwords",
        },
        "Blocked, locked out, taken over": {
            "update-status": "changes",
            "unlock": "passwords",
            "secure": "securing",
            "merge": "merging",
        },
        "Sessions": {
            "list-sessions": "sessions",
            "create-session": "sessions",
            "delete-session": "sessions",
            "delete-sessions": "sessions",
        },
        "Accounts elsewhere": {
            "list-identities": "identities",
            "create-identity": "identities",
            "delete-identity": "identities",
        },
        "Teams and roles": {
            "list-memberships": "memberships",
            "list-roles": "memberships",
        },
        "Import and export": {
            "import": "imports",
            "list-imports": "import_journal",
            "import-status": "import_journal",
            "undo-import": "import_journal",
            "export": "exports",
        },
    },
)
