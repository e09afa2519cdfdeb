"""Every message that is written to people, with what somebody could have chosen for a name in it."""

from datetime import UTC, datetime, timedelta

from authctl.core.messages import compose
from authctl.core.messages.builtin import MessageKind

TO = "ada@example.org"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
LINK = "https://app.example.com/in?userId=ada&secret=" + "0123456789abcdef" * 4


def every_mail(settings, name="Ada"):
    secret = {"secret": "s" * 64, "validity": TEN_MINUTES}
    return [
        compose.secret_email(
            settings, MessageKind.EMAIL_CODE, TO, secret="482913", validity=TEN_MINUTES, phrase="amber walrus"
        ),
        compose.secret_email(settings, MessageKind.MAGIC_URL, TO, link=LINK, **secret),
        compose.secret_email(settings, MessageKind.MAGIC_URL, TO, **secret),
        compose.secret_email(settings, MessageKind.EMAIL_VERIFICATION, TO, link=LINK, **secret),
        compose.secret_email(settings, MessageKind.RECOVERY, TO, link=LINK, **secret),
        compose.secret_email(settings, MessageKind.EMAIL_CHANGE, TO, link=LINK, **secret),
        compose.invitation(settings, TO, team=name, inviter=name, link=LINK, **secret),
        *(compose.change_asked(settings, TO, asked) for asked in asked_changes()),
        compose.sign_in_alert(settings, TO, at=AT, ip="192.0.2.7", user_agent=name),
        compose.password_changed(settings, TO, at=AT),
        compose.email_changed(settings, TO, at=AT, old_email=TO, new_email="new@example.org"),
        compose.phone_changed(settings, TO, at=AT, new_phone="+14255550123"),
        compose.factors_changed(settings, TO, at=AT, change="an authenticator app was added"),
        compose.handed_over(settings, TO, at=AT, ended="password, sessions"),
        compose.account_secured(settings, TO, at=AT),
        compose.trial_email(settings, TO),
    ]


def asked_changes():
    return [
        compose.AskedChange("ada", old, new, "s" * 64, is_asked)
        for old, new in ((TO, "new@example.org"), ("+14255550123", "+14255550124"))
        for is_asked in (False, True)
    ] + [compose.AskedChange("ada", old, None, "s" * 64) for old in (TO, "+14255550123")]


def every_text_message(settings, name="Ada"):
    return [
        compose.code_sms(settings, MessageKind.PHONE_CODE, "+14255550123", code="482913"),
        compose.code_sms(settings, MessageKind.PHONE_VERIFICATION, "+14255550123", code="482913"),
        compose.code_sms(settings, MessageKind.PHONE_CHANGE, "+14255550123", code="482913"),
        *(compose.change_asked_by_sms(settings, "+14255550123", asked) for asked in asked_changes()),
        compose.email_taken_by_sms(settings, "+14255550123"),
        compose.invitation_sms(settings, "+14255550123", team=name, secret="s" * 64, link=LINK),
        compose.trial_sms(settings, "+14255550123"),
    ]
