"""`authctl security`: its commands in the order of its help under headings, and the module of each."""

from authctl.cli.commands import Commands

COMMANDS = Commands(
    "security",
    modules={
        "Policies": {
            "show": "policies",
            "set": "policies",
            "reset": "policies",
            "apply": "policies",
            "check-password": "passwords",
        },
        "Check-up and upkeep": {
            "check": "check",
            "purge": "purge",
            "unlock-source": "sources",
        },
        "Audit log": {
            "list-logs": "logs",
            "verify-logs": "logs",
        },
        "Messages": {
            "test-delivery": "delivery",
            "create-mock-phone": "delivery",
            "list-mock-phones": "delivery",
            "delete-mock-phone": "delivery",
        },
        "Keys": {
            "show-jwks": "keys",
            "rotate-key": "keys",
        },
    },
)
