"""What is written to people, not how it travels: every mail and text message that authctl sends.

One function for all mails with a secret, one for all text messages with a code, and one for each of the others; they
return what `delivery` sends. The built-in texts are in `builtin.py`; `templates.py` fills them in, and says how an
operator's files take their place. The settings that they are given have the reader's language: `Settings.for_reader`.
What people chose themselves (names of teams, of people, of browsers) is one short line everywhere, in which mail
programs find no link, so that nobody can write to others in the application's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from authctl.core.messages import languages, templates
from authctl.core.messages.builtin import BUILT_IN, BUILT_IN_SMS, MessageKind
from authctl.core.messages.templates import Template
from authctl.delivery.messages import Channel, Email, Sms, one_line
from authctl.model import TokenKind
from authctl.settings import Settings

MAX_CHOSEN = 128  # characters of what people chose themselves
MAX_NAME = 64  # characters of a name
_CHOSEN = {"team": MAX_NAME, "inviter": MAX_NAME, "user_agent": MAX_CHOSEN}  # the fields that people choose
# What mail programs recognise links and addresses by: a dot (or what browsers take for one), a colon, slashes, an @.
_LINKING = re.compile(r"(?<=\w)[.\u2024\u3002\uff0e\uff61](?=[^\W\d])|(?<=[^\W\d])[:\uff1a](?=\S)|//+|@(?=\w)")
Field = str | datetime | timedelta | None  # as it is written in the template's language
CODES = (
    MessageKind.PHONE_CODE,
    MessageKind.PHONE_VERIFICATION,
    MessageKind.PHONE_CHANGE,
)  # their text is the setting sms.template


# Mails and text messages with a secret


def secret_email(
    settings: Settings,
    kind: MessageKind,
    to: str,
    *,
    secret: str,
    validity: timedelta | None,
    link: str | None = None,
    phrase: str | None = None,
    **fields: str | None,
) -> Email:
    """A mail with a link, or without one with the secret itself to be typed in.

    validity: None for one that does not expire. phrase: what whoever asked was shown, in mails that sign in.
    """
    code = None if link else secret
    if "{phrase}" in BUILT_IN[kind]:
        fields["phrase"] = phrase
    return _email(settings, kind, to, secret=secret, link=link, code=code, validity=validity, **fields)


def code_sms(settings: Settings, kind: MessageKind, to: str, *, code: str, channel: Channel = Channel.SMS) -> Sms:
    """A text message with a code."""
    return _sms(settings, kind, to, channel, code=code)


def invitation(
    settings: Settings,
    to: str,
    *,
    team: str,
    secret: str,
    validity: timedelta | None,
    link: str | None = None,
    inviter: str | None = None,
) -> Email:
    """Invites to a team. validity: None for one that does not expire. inviter: the name of who invites, if known."""
    return secret_email(
        settings, MessageKind.INVITATION, to, secret=secret, validity=validity, link=link, team=team, inviter=inviter
    )


# Mails that tell


@dataclass(frozen=True, slots=True)
class AskedChange:
    """A change of an email or phone that was asked for. new: None where it was removed.

    secret: what cancels it, or with is_asked what agrees to it; None where nothing does.
    """

    user_id: str
    old: str
    new: str | None
    secret: str | None = field(repr=False)
    is_asked: bool = False

    def link(self, settings: Settings) -> str | None:
        """To the application's page, which redeems the secret."""
        from authctl.core.messages import links

        if self.secret is None or settings.account_url is None:
            return None
        kind = TokenKind.CHANGE_CONFIRM if self.is_asked else TokenKind.CHANGE_CANCEL
        return links.with_parameters(settings.account_url, userId=self.user_id, secret=self.secret, kind=str(kind))


def change_asked(settings: Settings, to: str, asked: AskedChange) -> Email:
    """Tells the old address that a change was asked for, and how to cancel it or to agree to it."""
    is_email = "@" in asked.old
    kind = MessageKind.EMAIL_CHANGE_NOTICE if is_email else MessageKind.PHONE_CHANGE_NOTICE
    old, new = (each if is_email or each is None else each[-2:] for each in (asked.old, asked.new))
    link = asked.link(settings)
    return _email(
        settings,
        MessageKind.CHANGE_CONFIRM if asked.is_asked else kind,
        to,
        secret=asked.secret,
        link=link,
        code=None if link else asked.secret,
        new_email=new if is_email else None,
        new_phone=None if is_email else new,
        removed=old if new is None else None,
    )


def change_asked_by_sms(settings: Settings, to: str, asked: AskedChange) -> Sms:
    """The same by text message."""
    kind = MessageKind.CHANGE_CONFIRM_SMS if asked.is_asked else MessageKind.CHANGE_NOTICE_SMS
    link = asked.link(settings)
    code = None if link else asked.secret
    return _sms(settings, kind, to, Channel.SMS, link=link, code=code, secret=asked.secret)


def email_taken_by_sms(settings: Settings, to: str) -> Sms:
    """Tells that an email left an account for whoever proved it."""
    return _sms(settings, MessageKind.EMAIL_TAKEN_SMS, to, Channel.SMS)


def sign_in_alert(
    settings: Settings, to: str, *, at: datetime, ip: str | None = None, user_agent: str | None = None
) -> Email:
    """Tells of a new session."""
    return _email(settings, MessageKind.SIGN_IN_ALERT, to, time=at, ip=ip, user_agent=user_agent)


def password_changed(settings: Settings, to: str, *, at: datetime) -> Email:
    """Tells of a changed password."""
    return _email(settings, MessageKind.PASSWORD_CHANGED, to, time=at)


def email_changed(settings: Settings, to: str, *, at: datetime, old_email: str, new_email: str) -> Email:
    """Tells of a changed address; goes to both."""
    return _email(settings, MessageKind.EMAIL_CHANGED, to, time=at, old_email=old_email, new_email=new_email)


def phone_changed(settings: Settings, to: str, *, at: datetime, new_phone: str | None) -> Email:
    """Tells of a changed phone number, of which the mail has the last two digits; None where it was removed."""
    ending = new_phone[-2:] if new_phone else None
    return _email(settings, MessageKind.PHONE_CHANGED, to, time=at, new_phone=ending)


def factors_changed(settings: Settings, to: str, *, at: datetime, change: str) -> Email:
    """Tells of changed factors. change: what was done, as in `an authenticator app was added`."""
    return _email(settings, MessageKind.FACTORS_CHANGED, to, time=at, change=change)


def handed_over(settings: Settings, to: str, *, at: datetime, ended: str) -> Email:
    """Tells who proved an address what ended of the account that claimed it. ended: as in `password, sessions`."""
    return _email(settings, MessageKind.HANDED_OVER, to, time=at, ended=ended)


def account_secured(settings: Settings, to: str, *, at: datetime) -> Email:
    """Tells that an account was taken, and is its owner's again."""
    return _email(settings, MessageKind.ACCOUNT_SECURED, to, time=at)


def trial_email(settings: Settings, to: str) -> Email:
    """Tries whether mails arrive."""
    return _email(settings, MessageKind.TRIAL_EMAIL, to)


# Text messages


def invitation_sms(settings: Settings, to: str, *, team: str, secret: str, link: str | None = None) -> Sms:
    """Invites to a team, by phone."""
    code = None if link else secret
    return _sms(settings, MessageKind.INVITATION_SMS, to, Channel.SMS, team=team, link=link, code=code, secret=secret)


def trial_sms(settings: Settings, to: str, *, channel: Channel = Channel.SMS) -> Sms:
    """Tries whether text messages arrive."""
    return _sms(settings, MessageKind.TRIAL_SMS, to, channel)


# What people chose


def clean(chosen: str, limit: int | None = MAX_CHOSEN) -> str:
    """What people chose themselves, on one line: no breaks, control and bidi characters, and not too long."""
    return one_line(chosen, limit)


def chosen(text: str, limit: int) -> str:
    """The same with a space in every link and address, so that nothing can be clicked."""
    return clean(_LINKING.sub(lambda found: found[0] + " ", clean(text, limit)), limit)


# Putting a message together


def _email(
    settings: Settings,
    kind: MessageKind,
    to: str,
    *,
    secret: str | None = None,
    link: str | None = None,
    code: str | None = None,
    **fields: Field,
) -> Email:
    template = find_template(settings, kind)
    values = _values(settings, template, link, code, fields | {"email": to})
    subject = clean(template.fill("subject", values), limit=None)
    return Email(kind, to, subject, template.as_text(values), template.as_html(values, subject), secret)


def _sms(
    settings: Settings,
    kind: MessageKind,
    to: str,
    channel: Channel,
    *,
    code: str | None = None,
    secret: str | None = None,
    link: str | None = None,
    **fields: Field,
) -> Sms:
    template = find_template(settings, kind)
    values = _values(settings, template, link, code, fields)
    return Sms(kind, to, template.as_message(values), code if kind in CODES else None, secret, channel)


def _values(
    settings: Settings, template: Template, link: str | None, code: str | None, fields: Mapping[str, Field]
) -> dict[str, str]:
    """The fields of a template, in its language. A link and a code are ours, and stay as they are."""
    said = {name: languages.written(value, template.language) for name, value in fields.items()}
    cleaned = {name: chosen(value, _CHOSEN[name]) if name in _CHOSEN else clean(value) for name, value in said.items()}
    ours = {"link": link or "", "code": code or "", "page": settings.account_url or ""}
    return {"application": clean(settings.application_name), **ours, **cleaned}


def find_template(settings: Settings, kind: MessageKind) -> Template:
    """How a message is written here: by the operator's files, else by the setting, else as built in. The reader's
    language is that of the settings."""
    return templates.find(settings.templates, kind, _built_in(settings, kind), _needed(kind), settings.locale)


def _built_in(settings: Settings, kind: MessageKind) -> Template:
    if kind in CODES:
        return Template({"txt": settings.sms.template}, {"txt": "sms.template"})
    return _own(kind)


def _own(kind: MessageKind) -> Template:
    if kind in BUILT_IN_SMS:
        return Template({"txt": BUILT_IN_SMS[kind].strip()})
    subject, _, text = BUILT_IN[kind].strip().partition("\n\n")
    return Template({"subject": subject, "txt": text})


def fields(kind: MessageKind) -> set[str]:
    """What a text can have beside the application's name, its page and, in mails, the reader's email."""
    if kind in CODES:
        return {"code"}
    return _own(kind).fields() - {"application", "page", "email"}


def _needed(kind: MessageKind) -> set[str]:
    """The fields that a message is about: a template has one of them."""
    if kind in CODES:
        return {"code"}
    text = BUILT_IN.get(kind) or BUILT_IN_SMS[kind]
    return {name for name in ("link", "code") if f"{{{name}}}" in text}


def check_templates(settings: Settings) -> None:
    """Read and try every template. Raises Invalid with all that is wrong, files that belong to no message included."""
    tried = {str(kind): _trial(settings, kind) for kind in MessageKind}
    templates.check(settings.templates, tried)


def _trial(settings: Settings, kind: MessageKind) -> templates.Trial:
    built_in = _built_in(settings, kind)
    known = {"application", "link", "code", "page"} | (set() if built_in.is_text_message else {"email"})
    return templates.Trial(built_in, _needed(kind), known | built_in.fields())
