"""Mails that tell people what was done to their account, sent after commit; who is not reached does not undo it.

A flow adds to the outbox of its unit of work, and `Directory.write` sends what is in it once the transaction is
through: to verified addresses, where a mail server is configured. What fails is warned about, and in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from authctl import core
from authctl.errors import AuthctlError, Unavailable
from authctl.model import EventName, Factor, Session, User

if TYPE_CHECKING:
    from authctl.core.directory import Directory
    from authctl.core.work import Work
    from authctl.delivery import Email
    from authctl.settings import Settings

# Whoever signs in by these has just had a mail, or was told by the provider.
_NOT_ALERTED = {Factor.EMAIL, Factor.OAUTH2, Factor.ANONYMOUS}


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail that waits for the end of its transaction."""

    user_id: str
    compose: Callable[[Settings], Email]


def signed_in(work: Work, user: User, session: Session) -> None:
    """Tell of a new session, where the policy session-alerts asks for it."""
    if not work.policy["session-alerts"] or _NOT_ALERTED & set(session.factors):
        return
    at, ip, agent = work.now, session.ip, session.user_agent
    _add(work, user, lambda settings, to: core.messages.sign_in_alert(settings, to, at=at, ip=ip, user_agent=agent))


def password_changed(work: Work, user: User) -> None:
    """Tell of a new password."""
    at = work.now
    _add(work, user, lambda settings, to: core.messages.password_changed(settings, to, at=at))


def address_changed(work: Work, before: User, after: User) -> None:
    """Tell of a new email, at both addresses, or of a new phone number; nothing where neither is new."""
    at = work.now
    if before.email and before.email != after.email:
        old, new = before.email, after.email or ""
        for user in (before, after):
            _add(
                work,
                user,
                lambda settings, to: core.messages.email_changed(settings, to, at=at, old_email=old, new_email=new),
            )
    if before.phone and before.phone != after.phone:
        phone = after.phone
        _add(work, after, lambda settings, to: core.messages.phone_changed(settings, to, at=at, new_phone=phone))


def factors_changed(work: Work, user: User, change: str) -> None:
    """Tell of changed second factors. change: what was done, as in `an authenticator app was added`."""
    at = work.now
    _add(work, user, lambda settings, to: core.messages.factors_changed(settings, to, at=at, change=change))


def email_change_asked(work: Work, user: User, new_email: str) -> None:
    """Tell the address that is to be changed."""
    _add(work, user, lambda settings, to: core.messages.email_change_notice(settings, to, new_email=new_email))


def _add(work: Work, user: User, compose: Callable[[Settings, str], Email]) -> None:
    """Only a verified address is known to be the person's."""
    if user.email is not None and user.email_verified:
        to = user.email
        work.outbox.append(Notice(user.id, lambda settings: compose(settings, to)))


def send(directory: Directory, notices: Iterable[Notice]) -> None:
    """Send what waited. A failure is told and recorded, and nothing else: what it was about is done."""
    if directory.settings.email.host is None:
        return
    for notice in notices:
        try:
            directory.transport.send(notice.compose(directory.settings))
        except AuthctlError as error:
            directory.warn(f"The user {notice.user_id} was not told by mail: {error.message}")
            with suppress(Unavailable):  # even where the database is gone by now
                directory.operating().write(_record, notice, error.type)


def _record(work: Work, notice: Notice, why: str) -> None:
    work.record(EventName.USERS_NOTIFY, f"users/{notice.user_id}", {"refused": why}, user_id=notice.user_id)
