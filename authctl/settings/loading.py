"""How settings are put together: each layer lays its values over those of the layer before (see `load`)."""

from __future__ import annotations

import os
import stat

from authctl.settings import paths
from authctl.settings.definitions import ENTRIES, SECTIONS, Settings
from authctl.settings.entries import Entry, Found, Origin, unreadable
from authctl.settings.value_types import expander, redact_url

TYPE_CHECKING = False  # importing typing costs milliseconds on every command; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from authctl.settings.value_types import Expand

    Problem = tuple[str, str]  # the entry's name, and a sentence

FILE_SUFFIX = "_file"
TABLES = frozenset(section.name for section in SECTIONS if section.name)
EVERYBODY = 0o007
OTHERS_MAY_READ = 0o044
MAX_SHOWN_LENGTH = 20
# Docker and Kubernetes put secrets here, readable by all and not to be changed: only the container's processes see it.
CONTAINER_SECRETS = "/run/secrets/"


class Layer:
    """What one place says: name → value as written, where names ending in `_file` name the file of a secret."""

    __slots__ = ("expand", "given", "origins")

    def __init__(self, expand: Expand) -> None:
        self.expand = expand
        self.given: dict[str, object] = {}
        self.origins: dict[str, Origin] = {}

    def add(self, name: str, value: object, origin: Origin) -> None:
        self.given[name] = value
        self.origins[name] = origin


def load(
    environ: Mapping[str, str],
    *,
    config: str | None = None,
    profile: str | None = None,
    options: Mapping[str, object] | None = None,
    arguments: Mapping[str, str] | None = None,
    system_config: str = paths.SYSTEM_CONFIG,
) -> Settings:
    """The settings in force: defaults, then files, then the profile in each file, the environment, and options.

    config: a file in place of the person's own. options: name → value, None where the option was not given.
    arguments: setting → argument, of those that a program gave. Raises Invalid with everything that is wrong,
    Unavailable for a file that cannot be read.
    """
    options = {"config": config, "profile": profile, **(options or {})}
    files = _read_files(environ, config, system_config)
    problems: list[Problem] = []
    layers = [_of_table(path, table, environ, problems) for path, table in files]
    layers += _of_profile(files, profile or environ.get("AUTHCTL_PROFILE"), environ, problems)
    layers += [_of_environment(environ), _of_options(options, arguments or {}, environ)]
    found: dict[str, Found] = {}
    for layer in layers:
        _lay(layer, found, problems)
    if problems:
        raise _invalid(problems)
    return Settings(found, environ, tuple(_exposed(files, found, environ)))


def find_profiles(
    environ: Mapping[str, str], *, config: str | None = None, system_config: str = paths.SYSTEM_CONFIG
) -> list[str]:
    """The names of the profiles in the files that `load` would read. Raises as it does."""
    files = _read_files(environ, config, system_config)
    return sorted({name for _, table in files if isinstance(table.get("profiles"), dict) for name in table["profiles"]})


def _read_files(environ: Mapping[str, str], config: str | None, system_config: str) -> list[tuple[str, dict[str, Any]]]:
    """The files that are there, the system's first. A file that was named must be there."""
    named = config or environ.get("AUTHCTL_CONFIG")
    if named:
        who = "--config" if config else "AUTHCTL_CONFIG"
        if paths.find_home(environ):
            named = expander("", environ)(named)
        tables = [(system_config, _read(system_config)), (named, _read(named, required_by=who))]
    else:
        default = paths.find_default_config(environ)
        tables = [(path, _read(path)) for path in (system_config, default) if path]
    return [(path, table) for path, table in tables if table is not None]


def _read(path: str, *, required_by: str | None = None) -> dict[str, Any] | None:
    """The tables of a TOML file; None where it is not there and nobody asked for it."""
    try:
        _check_is_file(path)
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        if required_by is None:
            return None
        raise unreadable(path, error, f"Named by {required_by}.", "config") from None
    except OSError as error:
        raise unreadable(
            path, error, "It may contain settings: let whoever runs authctl read it, or remove it.", "config"
        ) from None
    return _parse(path, content)


def _check_is_file(path: str) -> None:
    """Refuse what would be waited for, or would never end: a pipe, a terminal, a device."""
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or path == os.devnull):  # a folder is told by opening it
        raise _invalid([("config", f"{path} is not a regular file. Settings are not read from pipes and devices.")])


def _parse(path: str, content: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(content.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _invalid([("config", f"{path}, line {line}: not UTF-8.")]) from None
    except RecursionError:
        raise _invalid([("config", f"{path}: nested too deeply.")]) from None
    except ValueError as error:
        raise _invalid([("config", f"{path}: not TOML: {error}.")]) from None


def _of_table(
    path: str,
    table: dict[str, Any],
    environ: Mapping[str, str],
    problems: list[Problem],
    origin: Origin | None = None,
) -> Layer:
    """What a file, or a profile in it, says. Relative paths start at the file's folder."""
    origin = origin or Origin("file", path)
    layer = Layer(expander(os.path.dirname(path), environ))
    rest = dict(table)
    if origin.kind == "file":
        problems += _problems_of_profiles(path, rest.pop("profiles", {}))
    for name, value in _flatten(rest, "", origin, problems):
        entry = _find_entry(name)
        if entry is None or not entry.in_file:
            problems.append((name, f"{_place(origin)}: {_unknown(name, entry)}"))
        else:
            layer.add(name, value, origin)
    return layer


def _problems_of_profiles(path: str, profiles: object) -> list[Problem]:
    """Profiles are tables; what is in them is looked at when one is chosen."""
    if isinstance(profiles, dict) and all(isinstance(profile, dict) for profile in profiles.values()):
        return []
    return [("profiles", f"{path}: profiles are tables with a name, written as [profiles.NAME].")]


def _flatten(
    table: dict[str, Any], prefix: str, origin: Origin, problems: list[Problem]
) -> Iterator[tuple[str, object]]:
    """Dotted names and values of a table and of the known tables in it."""
    for key, value in table.items():
        name = prefix + key
        if name not in TABLES:
            yield name, value
        elif isinstance(value, dict):
            yield from _flatten(value, name + ".", origin, problems)
        else:
            problems.append((name, f"{_place(origin)}: {name} is a table, written as [{name}]."))


def _of_profile(
    files: list[tuple[str, dict[str, Any]]], name: str | None, environ: Mapping[str, str], problems: list[Problem]
) -> list[Layer]:
    """The chosen profile as each file has it; none where no profile is chosen."""
    if not name:
        return []
    profiles = [(path, table["profiles"]) for path, table in files if isinstance(table.get("profiles"), dict)]
    chosen = [(path, tables[name]) for path, tables in profiles if isinstance(tables.get(name), dict)]
    if not chosen:
        from authctl.errors import did_you_mean

        known = sorted({known for _, tables in profiles for known in tables})
        named = f" Profiles: {', '.join(known)}." if known else ""
        where = " or ".join(path for path, _ in files) or "any file, because there is no configuration file"
        problems.append(
            ("profile", f"There is no table [profiles.{name}] in {where}.{did_you_mean(name, known)}{named}")
        )
    return [_of_table(path, table, environ, problems, Origin("profile", f"{name} in {path}")) for path, table in chosen]


def _of_environment(environ: Mapping[str, str]) -> Layer:
    """The variables that are set and not empty. Others that begin with AUTHCTL_ are not ours to judge."""
    layer = Layer(expander("", environ))
    for name, entry in ENTRIES.items():
        value = environ.get(entry.variable)
        if value:
            layer.add(name, value, Origin("environment", entry.variable))
        if entry.has_file:
            variable = entry.variable + FILE_SUFFIX.upper()
            value = environ.get(variable)
            if value:
                layer.add(name + FILE_SUFFIX, value, Origin("environment", variable))
    return layer


def _of_options(options: Mapping[str, object], arguments: Mapping[str, str], environ: Mapping[str, str]) -> Layer:
    """The options that were given. KeyError for a name that is not declared."""
    layer = Layer(expander("", environ))
    for name, value in options.items():
        if value is not None:
            origin = Origin("option", ENTRIES[name].option or name)
            layer.add(name, value, Origin("argument", arguments[name]) if name in arguments else origin)
    return layer


def _lay(layer: Layer, found: dict[str, Found], problems: list[Problem]) -> None:
    """Put a layer's values over what was found before."""
    for name, value in layer.given.items():
        origin = layer.origins[name]
        entry = _find_entry(name)
        assert entry is not None
        from_file = name != entry.name
        if from_file and entry.name in layer.given:
            problems.append((entry.name, _both(entry, layer)))
            continue
        try:
            if from_file:
                found[entry.name] = Found(origin, file=_file_path(value, layer.expand))
            else:
                found[entry.name] = Found(origin, value=entry.read(value, layer.expand))
        except ValueError as error:
            problems.append((name, f"{_place(origin)}: {name} {error}{_but_not(value, entry)}."))


def _file_path(value: object, expand: Expand) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the path of a file")
    return expand(value)


def _both(entry: Entry, layer: Layer) -> str:
    """The sentence for a value that was given twice in one place."""
    first, second = layer.origins[entry.name], layer.origins[entry.name + FILE_SUFFIX]
    if first.kind == "environment":
        return f"{first.where} and {second.where} are both set. Use only one."
    return f"{_place(first)}: {entry.name} and {entry.name}{FILE_SUFFIX} are both set. Use only one."


def _find_entry(name: str) -> Entry | None:
    """The entry of a name, or of the name of a secret's file."""
    entry = ENTRIES.get(name)
    if entry is None and name.endswith(FILE_SUFFIX):
        entry = ENTRIES.get(name.removesuffix(FILE_SUFFIX))
        return entry if entry and entry.has_file else None
    return entry


def _place(origin: Origin) -> str:
    """How an error begins: a file or variable speaks for itself, a profile and an option are named as such."""
    return origin.where if origin.kind in ("file", "environment") else str(origin)


def _but_not(value: object, entry: Entry) -> str:
    """The offending value, where it may be shown; a long one could be a token that was put in the wrong line."""
    if entry.has_file or not isinstance(value, (str, int, float)) or len(str(value)) > MAX_SHOWN_LENGTH:
        return ""
    return f" (it is {value!r})"


def _unknown(name: str, entry: Entry | None) -> str:
    from authctl.errors import did_you_mean

    if entry is not None:
        return f"{name} cannot be set in a file. Use {entry.option} or {entry.variable}."
    files = [known + FILE_SUFFIX for known, entry in ENTRIES.items() if entry.has_file]
    known = [known for known, entry in ENTRIES.items() if entry.in_file]
    return f"unknown setting {name!r}.{did_you_mean(name, [*known, *files, *TABLES, 'profiles'])}"


def _invalid(problems: list[Problem]) -> Exception:
    from authctl import errors

    return errors.Invalid.of(
        (errors.Problem("general_config_invalid", message, name) for name, message in problems),
        hint="List all settings with: authctl help sample-config",
    )


def _exposed(
    files: list[tuple[str, dict[str, Any]]], found: dict[str, Found], environ: Mapping[str, str]
) -> Iterator[tuple[str, int]]:
    """Each file that holds a secret and that others than its owner may read, with its mode."""
    secret = [path for path, table in files if _holds_secret(table)]
    secret += [setting.file for setting in found.values() if setting.file]
    if "secret_key" not in found and paths.find_config_folder(environ):
        secret.append(paths.default_key_file(environ))
    for path in dict.fromkeys(secret):
        mode = _mode(path)
        others = OTHERS_MAY_READ & (EVERYBODY if is_shared(path) else ~0)
        if mode & others and not path.startswith(CONTAINER_SECRETS):
            yield path, mode


def _holds_secret(table: dict[str, Any]) -> bool:
    """Whether a secret stands in a table, or in any table in it, whichever profile is in force."""
    return any(
        _holds_secret(value) if isinstance(value, dict) else _is_secret(key, value) for key, value in table.items()
    )


def _is_secret(key: str, value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if key == "database_url":
        return redact_url(value) != value
    return any(entry.secret and entry.key == key for entry in ENTRIES.values())


def _mode(path: str) -> int:
    """The permission bits of a file; 0 where there is no file, or no such bits."""
    try:
        return os.stat(path).st_mode & 0o777 if os.name == "posix" else 0
    except OSError:
        return 0


def is_shared(path: str) -> bool:
    """Whether a file, or a folder, is meant for a group: it is of the group of its folder, which has the setgid bit."""
    try:
        found, folder = os.stat(path), os.stat(os.path.dirname(os.path.abspath(path)))
    except OSError:
        return False
    if stat.S_ISDIR(found.st_mode):
        folder = found
    return bool(folder.st_mode & stat.S_ISGID) and found.st_gid == folder.st_gid
