"""Local configuration: which database, whose key, how mail and SMS travel, how results are written.

    defaults < /etc/authctl/config.toml < $XDG_CONFIG_HOME/authctl/config.toml, or --config, AUTHCTL_CONFIG
             < [profiles.NAME] of these files < AUTHCTL_* < options

`definitions.py` has every setting; to add one is one `entry(…)` there. `value_types.py` says how text becomes a value,
`loading.py` lays one place over the other, `keys.py` keeps the secret key's file, `reference.py` writes the sample.
This is loaded on every command, so nothing here imports more than it needs, and most of it only when it is needed.
"""

from authctl.settings.definitions import (
    ENTRIES,
    SMS_PROVIDERS,
    Database,
    Email,
    Output,
    Settings,
    Sms,
    host_name,
    os_user,
)
from authctl.settings.entries import Entry, Origin, unreadable
from authctl.settings.keys import parse_key, read_key, read_key_file, write_key_file
from authctl.settings.loading import find_profiles, load
from authctl.settings.paths import default_database_url, default_key_file, find_config_folder
from authctl.settings.value_types import redact_url

__all__ = [
    "ENTRIES",
    "SMS_PROVIDERS",
    "Database",
    "Email",
    "Entry",
    "Origin",
    "Output",
    "Settings",
    "Sms",
    "default_database_url",
    "default_key_file",
    "find_config_folder",
    "find_profiles",
    "host_name",
    "load",
    "os_user",
    "parse_key",
    "read_key",
    "read_key_file",
    "redact_url",
    "unreadable",
    "write_key_file",
]
