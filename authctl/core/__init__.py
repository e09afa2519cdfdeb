"""The rules of a directory: no SQL, no terminal. One function per flow lists everything that the flow does.

Modules load on first use, as `core.users.create(work, …)` shows.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from authctl.core import (
        challenges as challenges,
        contacts as contacts,
        directory as directory,
        hashing as hashing,
        identities as identities,
        invitations as invitations,
        issue as issue,
        jwts as jwts,
        kinds as kinds,
        links as links,
        listing as listing,
        lookup as lookup,
        memberships as memberships,
        messages as messages,
        mfa as mfa,
        mock_phones as mock_phones,
        notices as notices,
        objects as objects,
        otp as otp,
        password_rules as password_rules,
        passwords as passwords,
        phrases as phrases,
        policy as policy,
        recovery_codes as recovery_codes,
        redeem as redeem,
        roles as roles,
        sealing as sealing,
        second_factors as second_factors,
        secrets as secrets,
        security as security,
        sending as sending,
        sessions as sessions,
        setup as setup,
        teams as teams,
        templates as templates,
        text as text,
        throttle as throttle,
        tokens as tokens,
        users as users,
        values as values,
        work as work,
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
