"""Local configuration: which database, whose key, how mail and SMS travel, how results are written.

    defaults < /etc/authctl/config.toml < $XDG_CONFIG_HOME/authctl/config.toml, or --config, AUTHCTL_CONFIG
             < [profiles.NAME] of these files < AUTHCTL_* < options

`definitions.py` has every setting; to add one is one `entry(…)` there. `value_types.py` says how text becomes a value,
`loading.py` lays one place over the other, `keys.py` keeps the secret key's file, `reference.py` writes the sample.
This is loaded on every command, so nothing here imports more than it needs, and most of it only when it is needed.
"""

from authctl.settings.definitions import (
    SMS_PROVIDERS as SMS_PROVIDERS,
    Email as Email,
    Settings as Settings,
    Sms as Sms,
    host_name as host_name,
    os_user as os_user,
)
from authctl.settings.entries import unreadable as unreadable
from authctl.settings.keys import read_key as read_key, read_key_file as read_key_file, write_key_file as write_key_file
from authctl.settings.loading import find_profiles as find_profiles, is_shared as is_shared, load as load
from authctl.settings.paths import (
    find_config_folder as find_config_folder,
    how_to_close as how_to_close,
    is_own as is_own,
)
from authctl.settings.value_types import redact_url as redact_url
