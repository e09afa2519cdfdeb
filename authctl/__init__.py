"""authctl: a user directory administered from a terminal, and the same rules as a Python package.

    import authctl

    with authctl.open("postgresql://authctl@localhost/authctl") as directory:  # for operators
        user = directory.users.create(email="ada@example.com", name="Ada Lovelace")

    directory = authctl.application("postgresql://authctl@localhost/authctl")  # for people who sign up and in
    signed_in = directory.sessions.create("ada@example.com", "correct horse battery", ip="192.0.2.7")

Public are `open`, `application`, `Directory`, `Application`, `errors` and `model`, and the modules `authctl.aio`,
`authctl.jwks` and `authctl.testing`. Everything else may change without notice.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs milliseconds on every command; type checkers know this name
if TYPE_CHECKING:
    from typing import TypeVar

    from authctl import errors, model
    from authctl.core.directory.application import Application
    from authctl.core.directory.directory import Directory, Door
    from authctl.core.hashing import Parameters
    from authctl.model import Clock, Notices, RandomBytes

    D = TypeVar("D", bound=Door)

__all__ = ["Application", "Directory", "application", "errors", "model", "open"]
__version__ = "0.1.0"


def open(
    url: str | None = None,
    *,
    key: str | None = None,
    actor: str | None = None,
    config: str | None = None,
    profile: str | None = None,
    pool_size: int | None = None,
    pool_overflow: int | None = None,
    pool_timeout: float | None = None,
    pool_recycle: float | None = None,
    hashing_at_once: int | None = None,
    hashing_longest_wait: float | None = None,
    notices: Notices = "at-once",
    clock: Clock | None = None,
    random_bytes: RandomBytes | None = None,
    hash_parameters: Parameters | None = None,
) -> Directory:
    """Open a directory for operators, with every verb. Programs that strangers talk to open `application` instead.

    Nothing is read until it is used. It may be shared by threads, and is closed by `with`.

    url: `sqlite:///PATH` or `postgresql://…`; by default what the command line would use here: configuration files,
    environment, and at last the SQLite file in the data folder. key: the secret key, 32 bytes in base64; by default
    from the configuration too. actor: who is written in the audit log. pool_size, pool_overflow, pool_timeout,
    pool_recycle, hashing_at_once, hashing_longest_wait: as the settings database.pool_size, hashing.at_once … say.
    notices: `background` has a thread tell people what was done to their accounts, so that nobody waits for a mail
    server; leaving `with`, and the end of Python, wait for it. Codes and links are sent at once in any case.
    clock, random_bytes, hash_parameters: for tests.

    Raises Invalid (general_config_invalid) for settings that cannot be read.
    """
    given = locals()
    from authctl.core.directory.directory import Directory

    return _open(Directory, **given)


def application(
    url: str | None = None,
    *,
    key: str | None = None,
    actor: str | None = None,
    config: str | None = None,
    profile: str | None = None,
    pool_size: int | None = None,
    pool_overflow: int | None = None,
    pool_timeout: float | None = None,
    pool_recycle: float | None = None,
    hashing_at_once: int | None = None,
    hashing_longest_wait: float | None = None,
    notices: Notices = "at-once",
    clock: Clock | None = None,
    random_bytes: RandomBytes | None = None,
    hash_parameters: Parameters | None = None,
) -> Application:
    """Open a directory for an application: sign-up, sign-in, tokens and challenges, and what people may do themselves.

    No operator's verb is in it: a program that needs both opens both. Options and errors are those of `open`.
    """
    given = locals()
    from authctl.core.directory.application import Application

    return _open(Application, **given)


def _open(
    door: type[D],
    *,
    config: str | None,
    profile: str | None,
    notices: Notices,
    clock: Clock | None,
    random_bytes: RandomBytes | None,
    hash_parameters: Parameters | None,
    **options: object,
) -> D:
    """Open that door. options: those of `open` that are settings."""
    import os

    from authctl.core.directory import opening
    from authctl.core.work import unit
    from authctl.settings import load

    arguments = {_SETTINGS.get(name, name): name for name in options}
    given = {setting: options[name] for setting, name in arguments.items()}
    settings = load(os.environ, config=config, profile=profile, options=given, arguments=arguments)
    return opening.open_door(
        door,
        settings,
        unit.Actor.of(settings),
        clock=clock or unit.system_clock,
        random_bytes=random_bytes or unit.system_random_bytes,
        hash_parameters=hash_parameters,
        notices=notices,
    )


_SETTINGS = {
    "url": "database_url",
    "key": "secret_key",
    "pool_size": "database.pool_size",
    "pool_overflow": "database.pool_overflow",
    "pool_timeout": "database.pool_timeout",
    "pool_recycle": "database.pool_recycle",
    "hashing_at_once": "hashing.at_once",
    "hashing_longest_wait": "hashing.longest_wait",
}


if not TYPE_CHECKING:  # which would take every name for one of ours

    def __getattr__(name: str) -> object:
        """What is public, loaded when it is first asked for: `authctl --version` needs none of it."""
        from importlib import import_module

        if name in ("Directory", "Application"):
            return getattr(import_module(f"authctl.core.directory.{name.lower()}"), name)
        if name in __all__:
            return import_module(f"authctl.{name}")
        raise AttributeError(f"module 'authctl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
