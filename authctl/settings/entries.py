"""How a setting is declared (`entry` in a `Section`), where its value came from, and how it is read."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs milliseconds on every command; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from authctl.settings.value_types import Expand, SettingType

MAX_SECRET_FILE_BYTES = 65_536  # far above any secret; a device given by mistake ends the reading here


class Origin:
    """Where a setting came from: `kind` is default, file, profile, environment or option."""

    __slots__ = ("kind", "where")

    def __init__(self, kind: str, where: str = "") -> None:
        self.kind = kind
        self.where = where

    def __str__(self) -> str:
        return f"{self.kind} {self.where}".rstrip()

    def __repr__(self) -> str:
        return f"<Origin {self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


DEFAULT = Origin("default")


class Found:
    """A setting that somebody gave: the value, or the file that holds it, and where that was said."""

    __slots__ = ("file", "origin", "value")

    def __init__(self, origin: Origin, *, value: object = None, file: str | None = None) -> None:
        self.origin = origin
        self.value = value
        self.file = file


class Entry:
    """One setting. Read through a section it is the value; read through the class it is this declaration.

    key: its name in a file, where that differs from the attribute's.
    secret: the value is shown nowhere. has_file: `KEY_file` and `AUTHCTL_…_FILE` may name a file that holds it, as of
    every secret.
    default: a value, or a function of the section; `default_label` then says it in words.
    example: what sample-config.toml shows, of a secret the path of its file.
    option: the option that sets it; in_file: False where only the environment and an option make sense.
    """

    def __init__(
        self,
        kind: SettingType,
        default: Any,
        help: str,
        *,
        example: object = None,
        key: str = "",
        secret: bool = False,
        has_file: bool = False,
        option: str | None = None,
        in_file: bool = True,
        default_label: str | None = None,
    ) -> None:
        self.kind = kind
        self.default = default
        self.help = help
        self.example = default if example is None else example
        self.key = key
        self.secret = secret
        self.has_file = has_file or secret
        self.option = option
        self.in_file = in_file
        self.default_label = default_label

    def __set_name__(self, owner: type[Section], attribute: str) -> None:
        self.attribute = attribute
        self.section = owner.name
        self.key = self.key or attribute
        self.name = f"{owner.name}.{self.key}" if owner.name else self.key
        self.variable = "AUTHCTL_" + self.name.upper().replace(".", "_")

    def __get__(self, section: Section | None, owner: type[Section]) -> Any:
        if section is None:
            return self
        # Kept beside the declaration's name: from now on the attribute is found there, and no file is read twice.
        value = vars(section)[self.attribute] = self._value(section)
        return value

    def read(self, value: object, expand: Expand) -> object:
        """The value of what was written; an empty text means none, where there may be none."""
        if value == "" and self.default is None:
            return None
        return self.kind.read(value, expand)

    def _value(self, section: Section) -> object:
        found = section._found.get(self.name)
        if found is None:
            return self.default(section) if callable(self.default) else self.default
        if found.file is None:
            return found.value
        return _read_file(self, found)


class Section:
    """Settings that belong together, frozen; `name` is the table they have in a file."""

    name = ""
    _found: dict[str, Found]
    _environ: Mapping[str, str]

    def __init__(self, found: dict[str, Found], environ: Mapping[str, str]) -> None:
        vars(self).update(_found=found, _environ=environ)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are frozen: {name} is given by a file, the environment or an option")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"settings are frozen: {name} cannot be deleted")

    def __repr__(self) -> str:
        """Names the settings that were given, and no value: some are secret."""
        given = [entry.key for entry in declared_in(type(self)) if entry.name in self._found]
        return f"<{type(self).__name__} {' '.join(given)}>"


entry: Any = Entry  # declares a setting; of any type, so that the attribute has its own


def declared_in(section: type[Section]) -> list[Entry]:
    """The entries of a section, in the order in which they are declared."""
    return [value for value in vars(section).values() if isinstance(value, Entry)]


def read_secret_file(path: str) -> str:
    """The text of a file without the newline at its end; OSError where it cannot be read, ValueError with a
    sentence where it is no text."""
    with open(path, "rb") as file:
        content = file.read(MAX_SECRET_FILE_BYTES + 1)
    if len(content) > MAX_SECRET_FILE_BYTES:
        raise ValueError(f"is longer than {MAX_SECRET_FILE_BYTES} bytes")
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None


def _read_file(entry: Entry, found: Found) -> object:
    """The value of an entry whose file was named, read when it is first asked for: `users list` needs no mail
    password, and whoever runs it may not be allowed to read one."""
    from authctl import errors

    assert found.file is not None
    try:
        text = read_secret_file(found.file)
        if not text:
            raise ValueError("is empty")
    except OSError as error:
        raise unreadable(found.file, error, f"Named by {found.origin}, for {entry.name}.", entry.name) from None
    except ValueError as error:
        message = f"{found.file}, named by {found.origin} for {entry.name}, {error}."
        raise errors.Invalid("general_config_invalid", message, field=entry.name) from None
    try:
        return entry.kind.read(text, str)
    except ValueError as error:
        message = f"{entry.name} in {found.file}, named by {found.origin}, {error}."
        raise errors.Invalid("general_config_invalid", message, field=entry.name) from None


def unreadable(path: str, error: OSError, why: str, field: str | None = None) -> Exception:
    """The error for a file that is needed and cannot be read. `why` is a sentence that says who wants it."""
    from authctl import errors

    reason = error.strerror or type(error).__name__
    return errors.Unavailable("file_unavailable", f"Cannot read {path}: {reason}.", field=field, hint=why)
