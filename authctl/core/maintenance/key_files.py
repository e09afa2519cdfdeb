"""Where the secret key of a database is kept, and how it is found there."""

from __future__ import annotations

import os

from authctl.core.crypto import sealing
from authctl.model import Json
from authctl.settings import Settings, find_config_folder, read_key, read_key_file, write_key_file


def is_default(settings: Settings) -> bool:
    """Whether nobody named a database, so that it is the one in the data folder."""
    return settings.origin("database_url").kind == "default"


def is_given(settings: Settings) -> bool:
    """Whether somebody said what the key is or where."""
    return settings.origin("secret_key").kind != "default"


def _own_key_file(fingerprint: str, settings: Settings) -> str:
    """Where the key of a database that is not the default one is kept: under its fingerprint."""
    folder = find_config_folder(settings.environ)
    return os.path.join(folder or "", "keys", f"{fingerprint}.key")


def find_key_file(settings: Settings, fingerprint: str | None) -> str | None:
    """The file that the key of that fingerprint is in; None for a key that was given itself."""
    base = settings.secret_key_file
    if base is None or fingerprint is None:
        return base
    own = new_key_file(settings, fingerprint)
    return own if os.path.exists(own) else base


def new_key_file(settings: Settings, fingerprint: str) -> str:
    """Where a key that takes another's place is put: beside the file that was named, else in the config folder."""
    if is_given(settings):
        return f"{settings.secret_key_file}.{fingerprint}"
    return _own_key_file(fingerprint, settings)


def find_key(settings: Settings, fingerprint: str | None) -> bytes | None:
    """The key as it was given; else the one kept under this fingerprint; else the default database's."""
    path = find_key_file(settings, fingerprint)
    if path is None or (path == settings.secret_key_file and is_given(settings)):
        return read_key(settings)
    key = read_key_file(path)
    if (
        key is not None
        and not is_default(settings)
        and not is_given(settings)
        and sealing.fingerprint(key) != fingerprint
    ):
        return None  # the default database's key is not a wrong key for this one, it is none
    return key


def keep_key(settings: Settings, new_key: bytes) -> bytes:
    """The key of a new directory: the one that was given or is there, else the new one, written to its file."""
    if not (is_given(settings) or is_default(settings)):
        write_key_file(_own_key_file(sealing.fingerprint(new_key), settings), new_key)
        return new_key
    path = settings.secret_key_file
    if path is not None:
        write_key_file(path, new_key)  # leaves a file that is there already as it is
    key = read_key(settings)
    assert key is not None
    return key


def status(settings: Settings, fingerprint: str | None) -> Json:
    """Whether the key of that fingerprint is at hand, and in which file: ok, missing or wrong."""
    key = find_key(settings, fingerprint)
    found = sealing.fingerprint(key) if key else None
    state = "missing" if key is None else "ok" if found == fingerprint else "wrong"
    return {"fingerprint": fingerprint, "file": find_key_file(settings, fingerprint), "state": state}
