"""Opening a directory; the default SQLite file is made and migrated by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, get_args

from authctl import storage
from authctl.core.directory.directory import Directory, Door
from authctl.core.maintenance import key_files
from authctl.core.work import engine
from authctl.core.work.unit import system_clock, system_random_bytes
from authctl.errors import Invalid
from authctl.model import Clock, Notices, RandomBytes
from authctl.settings import Settings

if TYPE_CHECKING:
    from authctl.core.hashing import Parameters
    from authctl.core.work.unit import Actor, Work
    from authctl.storage.state import State

Tell = Callable[[str], None]
D = TypeVar("D", bound=Door)


def open_door(
    door: type[D],
    settings: Settings,
    actor: Actor,
    *,
    clock: Clock = system_clock,
    random_bytes: RandomBytes = system_random_bytes,
    hash_parameters: Parameters | None = None,
    notices: Notices = "at-once",
    notice: Tell = lambda line: None,
    makes: bool = True,
) -> D:
    """The directory that the settings name. The default SQLite file is made and migrated by itself.

    notices: whether whoever changes an account waits until the person has been told of it. notice: is told, once,
    where new files are. makes: whether the default file is made if it is missing.
    """
    its = settings.database
    database = storage.database.Database(
        settings.database_url,
        connect_timeout=its.connect_timeout,
        lock_timeout=its.lock_timeout,
        statement_timeout=its.statement_timeout,
        pool=storage.database.Pool(its.pool_size, its.pool_overflow, its.pool_timeout, its.pool_recycle),
    )
    directory = door(
        database,
        find_key=partial(key_files.find_key, settings),
        make_log_key=_make_log_key,
        settings=settings,
        actor=actor,
        clock=clock,
        random_bytes=random_bytes,
        hash_parameters=hash_parameters,
    )
    if notices not in get_args(Notices):
        message = f"The argument 'notices' must be {' or '.join(get_args(Notices))}."
        raise Invalid("general_argument_invalid", message, field="notices")
    if notices == "background":
        from authctl.core.work.background import Background

        directory.background = Background(engine.send)
    if key_files.is_default(settings):
        directory.make_ready = lambda state: _make_ready(directory.operating(), settings, state, notice, makes=makes)
    return directory


open_directory = partial(open_door, Directory)  # for operators


def _make_log_key(work: Work) -> bytes:
    from authctl.core.audit import keys

    return keys.key(work)


def _make_ready(directory: Door, settings: Settings, state: State | None, notice: Tell, *, makes: bool) -> None:
    from authctl.core.maintenance import setup

    if state is None:
        if not makes:
            return  # whoever asked finds that there is none
        made = setup.initialize(directory, settings)
        if made.created:
            notice(
                f"Created the database {made.database} and its key {made.key_file}. Keep a copy of the key elsewhere."
            )
    else:
        done = setup.upgrade(directory)
        notice(f"Migrated the database from schema {done.before} to {done.after}. A copy is in {done.copy}.")
