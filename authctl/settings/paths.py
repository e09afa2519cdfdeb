"""Where things are when nobody says otherwise: the folders of the XDG base directory specification."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing costs milliseconds on every command; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM_CONFIG = "/etc/authctl/config.toml"


def find_home(environ: Mapping[str, str]) -> str | None:
    """The person's home folder, or None where the environment does not tell (a container, a service)."""
    return environ.get("HOME") or environ.get("USERPROFILE") or None


def find_config_folder(environ: Mapping[str, str]) -> str | None:
    """`$XDG_CONFIG_HOME/authctl`, or None where neither that nor a home folder is known."""
    return _find_folder(environ, "XDG_CONFIG_HOME", ".config")


def find_default_config(environ: Mapping[str, str]) -> str | None:
    """The person's own configuration file, whether or not it is there."""
    folder = find_config_folder(environ)
    return folder and os.path.join(folder, "config.toml")


def find_default_templates(environ: Mapping[str, str]) -> str | None:
    """The person's own templates of messages, whether or not there are any."""
    folder = find_config_folder(environ)
    return folder and os.path.join(folder, "templates")


def default_database_url(environ: Mapping[str, str]) -> str:
    """The URL of the SQLite file in the data folder; Invalid where no folder is known."""
    folder = _find_folder(environ, "XDG_DATA_HOME", os.path.join(".local", "share"))
    if folder is None:
        raise _homeless("database", "XDG_DATA_HOME or AUTHCTL_DATABASE_URL", "database_url")
    return "sqlite:///" + os.path.join(folder, "authctl.db")


def default_key_file(environ: Mapping[str, str]) -> str:
    """The secret key's file in the config folder: apart from the data, so that one copied folder is not both."""
    folder = find_config_folder(environ)
    if folder is None:
        raise _homeless("secret key", "XDG_CONFIG_HOME, AUTHCTL_SECRET_KEY or AUTHCTL_SECRET_KEY_FILE", "secret_key")
    return os.path.join(folder, "secret.key")


def is_own(path: str, environ: Mapping[str, str]) -> bool:
    """Whether a file is for whoever runs this to close: it belongs to them, below their home or the current folder."""
    place, folders = os.path.realpath(path), filter(None, (find_home(environ), os.curdir))
    try:
        is_below = any(place.startswith(os.path.join(os.path.realpath(folder), "")) for folder in folders)
        return is_below and os.stat(path).st_uid == os.geteuid()
    except OSError:
        return False


def how_to_close(path: str, environ: Mapping[str, str]) -> str:
    """What to do about a file that others can read: the command only where that is one's own to run."""
    from shlex import quote

    return f"Run: chmod 600 {quote(path)}" if is_own(path, environ) else "Its owner should make it private."


def _find_folder(environ: Mapping[str, str], variable: str, beside_home: str) -> str | None:
    base = environ.get(variable, "")
    if os.path.isabs(base):  # the specification says that a relative one is to be ignored
        return os.path.join(base, "authctl")
    home = find_home(environ)
    return home and os.path.join(home, beside_home, "authctl")


def _homeless(what: str, variables: str, field: str) -> Exception:
    from authctl import errors

    return errors.Invalid(
        "general_config_invalid",
        f"HOME is not set, so there is no default location for the {what}.",
        field=field,
        hint=f"Set HOME, {variables}.",
    )
