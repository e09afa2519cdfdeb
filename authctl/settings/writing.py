"""Putting a setting into the configuration file, where nobody has given it yet; all else there stays as it is."""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import suppress
from typing import Any

from authctl.settings import new_files
from authctl.settings.definitions import ENTRIES, Settings

_NEW_FILE_MODE = 0o600


def write_setting(settings: Settings, name: str, value: str) -> str:
    """Put a text into the file, in the profile if one is chosen, and give the file's path.

    Raises Invalid for a value that the setting does not take, or where it has one; Unavailable for the file.
    """
    entry, origin, path = ENTRIES[name], settings.origin(name), settings.config
    try:
        entry.read(value, lambda text: text)
    except ValueError as error:
        raise _invalid(name, f"{name} {error}.", None) from None
    if origin.kind != "default":
        raise _invalid(name, f"The setting {name} is already set, by {origin}.", "Change it there.")
    if path is None:
        raise _invalid(name, "There is no home folder to write the configuration file in.", f"Set {entry.variable}.")
    try:
        before = _read(path)
        after = _with(before, settings.profile, name, value)
        _replace(os.path.realpath(path), after)
    except OSError as error:
        from authctl.errors import Unavailable

        message = f"Cannot write {path}: {(error.strerror or type(error).__name__).lower()}."
        raise Unavailable("file_unavailable", message, hint=f"Set {entry.variable}.", field=name) from None
    return path


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _with(text: str, profile: str | None, name: str, value: str) -> str:
    """The text with a line more: at the head of the file, or of the profile's table."""
    from tomli_w import dumps

    line, wanted = dumps({name: value}), tomllib.loads(text)
    place = 0
    if profile is not None:
        word = re.escape(profile)
        head = re.search(rf"""^[ \t]*\[[ \t]*profiles[ \t]*\.[ \t]*["']?{word}["']?[ \t]*\][^\n]*\n""", text, re.M)
        place = head.end() if head else len(text)
        if not head:
            line = f"\n[profiles.{dumps({profile: 0}).partition(' =')[0]}]\n{line}"
    table: dict[str, Any] = wanted if profile is None else wanted.setdefault("profiles", {}).setdefault(profile, {})
    table[name] = value
    after = text[:place] + line + text[place:]
    with suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(after) == wanted:
            return after
    message = "Cannot add a line to the configuration file because of its layout."
    raise _invalid(name, message, f"Add it yourself: {line.strip()}")


def _replace(path: str, text: str) -> None:
    """Write the file anew, whole or not at all, with the mode that it has."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else _NEW_FILE_MODE
    with new_files.draft(path, replaces=True) as draft:
        os.chmod(draft, mode)
        with open(draft, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def _invalid(name: str, message: str, hint: str | None) -> Exception:
    from authctl.errors import Invalid

    return Invalid("general_config_invalid", message, hint=hint, field=name)
