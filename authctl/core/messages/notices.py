"""Mails that tell people what was done to their account, sent after commit; who is not reached does not undo it.

A flow adds to the outbox of its unit of work, and `Directory.write` sends what is in it once the transaction is
through: to verified addresses, where a mail server is configured. What fails is warned about, and in the log.
"""

from __future__ import annotations

from collections.abc import Callable

from authctl import storage
from authctl.core.messages import compose as messages_compose
from authctl.core.messages.compose import AskedChange
from authctl.core.work.outbox import Notice
from authctl.core.work.unit import Work
from authctl.delivery import Email, Sms
from authctl.model import Session, User
from authctl.settings import Settings


def signed_in(work: Work, user: User, session: Session) -> None:
    """Tell of a new session."""
    at, ip, agent = work.now, session.ip, session.user_agent
    _add(work, user, lambda settings, to: messages_compose.sign_in_alert(settings, to, at=at, ip=ip, user_agent=agent))


def password_changed(work: Work, user: User) -> None:
    """Tell of a new password."""
    at = work.now
    _add(work, user, lambda settings, to: messages_compose.password_changed(settings, to, at=at))


def address_changed(work: Work, before: User, after: User) -> None:
    """Tell of a new email, at both addresses, or of a new phone number; nothing where neither is new."""
    at = work.now
    if before.email and before.email != after.email:
        old, new = before.email, after.email or ""
        for user in (before, after):
            _add(
                work,
                user,
                lambda settings, to: messages_compose.email_changed(settings, to, at=at, old_email=old, new_email=new),
            )
    if before.phone and before.phone != after.phone:
        phone = after.phone
        _add(work, after, lambda settings, to: messages_compose.phone_changed(settings, to, at=at, new_phone=phone))


def factors_changed(work: Work, user: User, change: str) -> None:
    """Tell of changed second factors. change: what was done, as in `an authenticator app was added`."""
    at = work.now
    _add(work, user, lambda settings, to: messages_compose.factors_changed(settings, to, at=at, change=change))


def handed_over(work: Work, user: User, ended: tuple[str, ...]) -> None:
    """Tell who proved the address of an account what ended of it."""
    at, said = work.now, ", ".join(ended)
    _add(work, user, lambda settings, to: messages_compose.handed_over(settings, to, at=at, ended=said))


def secured(work: Work, user: User) -> None:
    """Tell that the account was taken, and is the person's again."""
    at = work.now
    _add(work, user, lambda settings, to: messages_compose.account_secured(settings, to, at=at))


def change_asked(work: Work, user: User, to: str, asked: AskedChange) -> None:
    """Tell an email of the account's, or an old one, of a change of an address."""
    _append(work, user, lambda settings: messages_compose.change_asked(settings, to, asked))


def change_asked_by_sms(work: Work, user: User, asked: AskedChange) -> None:
    """The same to the phone that is to be changed."""
    assert user.phone is not None
    to = user.phone
    _append(work, user, lambda settings: messages_compose.change_asked_by_sms(settings, to, asked), is_sms=True)


def email_taken_by_sms(work: Work, user: User) -> None:
    """Tell a verified phone that the account's email went to whoever proved it: no mail of the account's could."""
    if user.phone is not None and user.phone_verified and storage.mock_phones.find(work.db, user.phone) is None:
        to = user.phone
        _append(work, user, lambda settings: messages_compose.email_taken_by_sms(settings, to), is_sms=True)


def _add(work: Work, user: User, compose: Callable[[Settings, str], Email]) -> None:
    """Only a verified address is known to be the person's."""
    if user.email is not None and user.email_verified:
        to = user.email
        _append(work, user, lambda settings: compose(settings, to))


def _append(work: Work, user: User, compose: Callable[[Settings], Email | Sms], *, is_sms: bool = False) -> None:
    work.outbox.append(Notice(user.id, user.locale, compose, is_sms))
