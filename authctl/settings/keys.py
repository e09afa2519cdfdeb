"""The secret key's file: 32 random bytes in base64 on one line, for nobody but its owner to read."""

from __future__ import annotations

import os

from authctl.settings import new_files
from authctl.settings.definitions import Settings
from authctl.settings.entries import read_secret_file, unreadable

KEY_SIZE_BYTES = 32


def parse_key(text: str, *, source: str = "secret_key") -> bytes:
    """The key that base64 text says, in either alphabet, padded or not. Invalid names `source`, never the text."""
    from binascii import Error, a2b_base64

    text = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (Error, ValueError):
        raise _malformed(source, "is not base64") from None
    if len(key) != KEY_SIZE_BYTES:
        raise _malformed(source, f"has {len(key)} bytes")
    return key


def read_key(settings: Settings) -> bytes | None:
    """The secret key; None where its file (`settings.secret_key_file`) is not there."""
    path = settings.secret_key_file
    if path is None:
        assert settings.secret_key is not None
        return parse_key(settings.secret_key, source=f"secret_key ({settings.origin('secret_key')})")
    return read_key_file(path)


def read_key_file(path: str) -> bytes | None:
    """The key in a file; None where the file is not there."""
    try:
        text = read_secret_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable(path, error, "It contains the secret key.", "secret_key") from None
    except ValueError as error:
        raise _malformed(path, str(error)) from None
    return parse_key(text, source=path)


def write_key_file(path: str, key: bytes) -> bool:
    """Put a new key into a file of mode 0600, for good once this returns; False where a file is there already.

    Whoever reads sees the whole key or no file. Of two processes that do this at once one gets False, and reads what
    the other wrote.
    """
    from binascii import b2a_base64

    assert len(key) == KEY_SIZE_BYTES
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
        try:
            # By one name for all keys: a key that is made anew after a kill has another fingerprint.
            with new_files.draft(path, prefix=".key.") as draft, open(draft, "wb") as file:
                file.write(b2a_base64(key))
        except FileExistsError:
            return False
    except OSError as error:
        raise _unwritable(path, error) from None
    return True


def _malformed(source: str, problem: str) -> Exception:
    from authctl import errors

    return errors.Invalid(
        "general_config_invalid",
        f"{source} must be {KEY_SIZE_BYTES} random bytes in base64; it {problem}.",
        field="secret_key",
        hint="`authctl init` creates a key; `openssl rand -base64 32` prints one.",
    )


def _unwritable(path: str, error: OSError) -> Exception:
    from authctl import errors

    return errors.Unavailable(
        "file_unavailable",
        f"Cannot write the secret key to {path}: {error.strerror or type(error).__name__}.",
        field="secret_key",
        hint="Set AUTHCTL_SECRET_KEY_FILE to a writable file, or put the key itself in AUTHCTL_SECRET_KEY.",
    )
