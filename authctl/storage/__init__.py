"""All SQL: SQLAlchemy Core on SQLite and Postgres. Functions take the connection first, return records, hold no rules.

Everyday statements are `compiled` ahead from those in `statements`, since importing SQLAlchemy takes longer than the
rest of a command, and building a statement longer than running it.

Modules load on first use, as `storage.users.insert(db, …)` shows.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # importing typing costs milliseconds; type checkers know this name
if TYPE_CHECKING:
    from authctl.storage import (
        attempts as attempts,
        authenticators as authenticators,
        backups as backups,
        bulk as bulk,
        challenges as challenges,
        compiled as compiled,
        completion as completion,
        damages as damages,
        database as database,
        driver_errors as driver_errors,
        event_lists as event_lists,
        events as events,
        exports as exports,
        identities as identities,
        imports as imports,
        lent as lent,
        log_rows as log_rows,
        log_seals as log_seals,
        manifests as manifests,
        membership_lists as membership_lists,
        memberships as memberships,
        merging as merging,
        mock_phones as mock_phones,
        pagination as pagination,
        passwords as passwords,
        policies as policies,
        purging as purging,
        recovery_codes as recovery_codes,
        schema as schema,
        sealed as sealed,
        sealed_keys as sealed_keys,
        search_index as search_index,
        search_terms as search_terms,
        sequences as sequences,
        sessions as sessions,
        signing_keys as signing_keys,
        state as state,
        statistics as statistics,
        tables as tables,
        team_lists as team_lists,
        teams as teams,
        tokens as tokens,
        user_counts as user_counts,
        user_lists as user_lists,
        user_names as user_names,
        users as users,
    )


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(name) from error
