"""`authctl security`: its commands in the order of its help, and the module of each."""

from authctl.cli.commands import Commands

COMMANDS = Commands(
    "security",
    {
        "show": "policies",
        "set": "policies",
        "reset": "policies",
        "apply": "policies",
        "check-password": "passwords",
        "list-logs": "logs",
        "verify-logs": "logs",
        "create-mock-phone": "delivery",
        "list-mock-phones": "delivery",
        "delete-mock-phone": "delivery",
        "test-delivery": "delivery",
        "unlock-source": "sources",
        "purge": "purge",
        "show-jwks": "keys",
        "rotate-key": "keys",
        "check": "check",
    },
)
