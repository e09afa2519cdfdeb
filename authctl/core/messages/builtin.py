"""The messages that authctl sends, as they read unless an operator's template replaces them."""

from __future__ import annotations

from enum import StrEnum


class MessageKind(StrEnum):
    """Which message it is; the name of its templates."""

    EMAIL_CODE = "email-code"
    MAGIC_URL = "magic-url"
    EMAIL_VERIFICATION = "email-verification"
    RECOVERY = "recovery"
    EMAIL_CHANGE = "email-change"
    INVITATION = "invitation"
    EMAIL_CHANGE_NOTICE = "email-change-notice"
    PHONE_CHANGE_NOTICE = "phone-change-notice"
    CHANGE_CONFIRM = "change-confirm"
    SIGN_IN_ALERT = "sign-in-alert"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of a message
    EMAIL_CHANGED = "email-changed"
    PHONE_CHANGED = "phone-changed"
    FACTORS_CHANGED = "factors-changed"
    HANDED_OVER = "handed-over"
    ACCOUNT_SECURED = "account-secured"
    TRIAL_EMAIL = "trial-email"
    PHONE_CODE = "phone-code"
    PHONE_VERIFICATION = "phone-verification"
    PHONE_CHANGE = "phone-change"
    CHANGE_NOTICE_SMS = "change-notice-sms"
    CHANGE_CONFIRM_SMS = "change-confirm-sms"
    EMAIL_TAKEN_SMS = "email-taken-sms"
    INVITATION_SMS = "invitation-sms"
    TRIAL_SMS = "trial-sms"


# What to do about something that somebody else did.
_REMEDY = """
If this was not you, secure your account at once:
{page}

If this was not you and you cannot sign in, contact whoever runs {application}: they can secure your account.
"""
_CANCEL = (
    """
If this was not you, cancel the change. You can undo it up to 72 hours after it was made.
Cancel the change: {link}

If this was not you, use this code. It cancels the change, and undoes it up to 72 hours after it was made:
{code}
"""
    + _REMEDY
)

# Kind → the subject of a mail, a blank line, and the text.
BUILT_IN = {
    MessageKind.EMAIL_CODE: """
Your code for {application}

Your code for {application} is:

{code}

It is valid for {validity} and works once. Never give it to anyone.

Your security phrase: {phrase}
If you were shown another phrase, do not use the code.

If you did not ask for a code, ignore this mail. Nobody gets in without it.
""",
    MessageKind.MAGIC_URL: """
Sign in to {application}

You asked to sign in to {application}.
Sign in: {link}

To sign in to {application}, use this code:
{code}

It is valid for {validity} and works once. Do not forward this mail: whoever has it can sign in as you.

Your security phrase: {phrase}
If you were shown another phrase, stop here.

If you did not ask for this, ignore this mail. Nobody gets in without it.
""",
    MessageKind.EMAIL_VERIFICATION: """
Confirm your address at {application}

Please confirm that {email} is your address at {application}.
Confirm your address: {link}

To confirm that {email} is your address at {application}, use this code:
{code}

It is valid for {validity} and works once.

If you did not ask for this, ignore this mail. Nothing happens without it.
""",
    MessageKind.RECOVERY: """
A new password for {application}

You asked for a new password for {application}.
Choose a password: {link}

To choose a new password for {application}, use this code:
{code}

It is valid for {validity} and works once.

If you did not ask for this, ignore this mail. Nothing changes without it.
""",
    MessageKind.EMAIL_CHANGE: """
Confirm your new address at {application}

Please confirm that {email} is your new address at {application}.
Confirm your address: {link}

To make {email} the address of your account at {application}, use this code:
{code}

It is valid for {validity} and works once. Until then your old address stays.

If you did not ask for this, ignore this mail. Nothing happens without it.
""",
    MessageKind.INVITATION: """
Invitation to {team} at {application}

{inviter} invites you to the team “{team}”.

Join the team “{team}” at {application}.
Join the team: {link}

To join the team “{team}” at {application}, use this code:
{code}

It is valid for {validity} and works once.

If you do not want to join, ignore this mail.
""",
    MessageKind.EMAIL_CHANGE_NOTICE: """
A change of your address at {application}

Somebody who is signed in to your account at {application} asked to change its address to {new_email}.

Nothing changes until it is confirmed from {new_email}.

Somebody who is signed in to your account at {application} removed its address {removed}.
"""
    + _CANCEL,
    MessageKind.PHONE_CHANGE_NOTICE: """
A change of your phone number at {application}

Somebody who is signed in to your account at {application} asked to change its number to one ending in {new_phone}.

Nothing changes until it is confirmed with a code sent to the number ending in {new_phone}.

Somebody who is signed in to your account at {application} removed its phone number ending in {removed}.
"""
    + _CANCEL,
    MessageKind.CHANGE_CONFIRM: """
Confirm a change of your account at {application}

Somebody who is signed in to your account at {application} asked to change its address to {new_email}.

Somebody who is signed in to your account at {application} asked to change its number to one ending in {new_phone}.

If this was you, confirm it.
Confirm the change: {link}

If this was you, confirm it with this code:
{code}

Nothing changes without it.
"""
    + _REMEDY,
    MessageKind.SIGN_IN_ALERT: """
A new sign-in to {application}

Somebody signed in to your account at {application} on {time}.

From: {ip}

With: {user_agent}
"""
    + _REMEDY,
    MessageKind.PASSWORD_CHANGED: """
Your password for {application} was changed

The password of your account at {application} was changed on {time}.
"""
    + _REMEDY,
    MessageKind.EMAIL_CHANGED: """
Your address at {application} was changed

The address of your account at {application} was changed on {time}.

Old address: {old_email}

New address: {new_email}

If this was not you, undo the change with the mail that announced it, if you got one.
"""
    + _REMEDY,
    MessageKind.PHONE_CHANGED: """
Your phone number at {application} was changed

The phone number of your account at {application} was changed on {time}.

The new number ends in {new_phone}.

If this was not you, undo the change with the mail that announced it, if you got one.
"""
    + _REMEDY,
    MessageKind.FACTORS_CHANGED: """
How you sign in to {application} was changed

How you sign in to {application} was changed on {time}: {change}.
"""
    + _REMEDY,
    MessageKind.ACCOUNT_SECURED: """
Your account at {application} was secured

Your account at {application} was secured on {time}.

You are signed out everywhere. Your password, linked accounts, authenticator apps and recovery codes were removed.

To sign in again, choose a new password, for which you get another mail, or use a code.

If you did not ask for this, tell whoever runs {application}.
""",
    MessageKind.HANDED_OVER: """
Your account at {application} is yours alone

You confirmed on {time} that {email} is yours. Whoever signed up with it at {application} had not confirmed it.

For your security, this was removed from the account: {ended}.

If you signed up yourself, set your password again. If somebody else did, they can no longer get in.
""",
    MessageKind.TRIAL_EMAIL: """
A test mail from {application}

This is a test mail from {application}. You do not need to do anything.
""",
}
BUILT_IN_SMS = {
    MessageKind.CHANGE_NOTICE_SMS: """
Somebody asked to change your number at {application}. If this was not you, cancel it: {link}

Somebody asked to change your number at {application}. If this was not you, cancel it with this code: {code}
""",
    MessageKind.CHANGE_CONFIRM_SMS: """
Somebody asked to change your number at {application}. If this was you, confirm it: {link}

Somebody asked to change your number at {application}. If this was you, confirm it with this code: {code}
""",
    MessageKind.EMAIL_TAKEN_SMS: """
Somebody else verified the email of your account at {application}. If it is yours, tell whoever runs it.
""",
    MessageKind.INVITATION_SMS: """
Join the team “{team}” at {application}: {link}

Join the team “{team}” at {application} with this code: {code}
""",
    MessageKind.TRIAL_SMS: "This is a test of how {application} sends messages.",
}
