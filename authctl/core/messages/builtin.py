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
    SIGN_IN_ALERT = "sign-in-alert"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of a message
    EMAIL_CHANGED = "email-changed"
    PHONE_CHANGED = "phone-changed"
    FACTORS_CHANGED = "factors-changed"
    HANDED_OVER = "handed-over"
    TRIAL_EMAIL = "trial-email"
    PHONE_CODE = "phone-code"
    PHONE_VERIFICATION = "phone-verification"
    PHONE_CHANGE = "phone-change"
    INVITATION_SMS = "invitation-sms"
    TRIAL_SMS = "trial-sms"


# Kind → the subject of a mail, a blank line, and the text.
BUILT_IN = {
    MessageKind.EMAIL_CODE: """
Your code for {application}

Your code for {application} is:

{code}

It is valid for {validity} and works once. Never tell it to anybody, whoever asks.

Your security phrase: {phrase}
If that is not the phrase that you were shown, do not use the code.

If you did not ask for a code, ignore this mail: without it nobody gets in.
""",
    MessageKind.MAGIC_URL: """
Sign in to {application}

To sign in to {application}, open this link:
{link}

To sign in to {application}, use this code:
{code}

It is valid for {validity} and works once. Whoever has it can sign in as you: do not pass this mail on.

Your security phrase: {phrase}
If that is not the phrase that you were shown, do not go on.

If you did not ask for this, ignore this mail: without it nobody gets in.
""",
    MessageKind.EMAIL_VERIFICATION: """
Confirm your address at {application}

To confirm that {email} is your address at {application}, open this link:
{link}

To confirm that {email} is your address at {application}, use this code:
{code}

It is valid for {validity} and works once.

If you did not ask for this, ignore this mail: without it nothing happens.
""",
    MessageKind.RECOVERY: """
A new password for {application}

To choose a new password for {application}, open this link:
{link}

To choose a new password for {application}, use this code:
{code}

It is valid for {validity} and works once.

If you did not ask for this, ignore this mail: your password stays as it is.
""",
    MessageKind.EMAIL_CHANGE: """
Confirm your new address at {application}

To make {email} the address of your account at {application}, open this link:
{link}

To make {email} the address of your account at {application}, use this code:
{code}

It is valid for {validity} and works once. Until then the old address stays.

If you did not ask for this, ignore this mail: without it nothing happens.
""",
    MessageKind.INVITATION: """
Invitation to {team} at {application}

{inviter} invites you to the team “{team}”.

To join the team “{team}” at {application}, open this link:
{link}

To join the team “{team}” at {application}, use this code:
{code}

It is valid for {validity} and works once.

If you do not want to join, ignore this mail.
""",
    MessageKind.EMAIL_CHANGE_NOTICE: """
Your address at {application} may change

Somebody who is signed in to your account at {application} asked to change its address to {new_email}.

Nothing changes until that is confirmed from the new address.

If this was not you, change your password at once, and tell whoever runs {application}.
""",
    MessageKind.SIGN_IN_ALERT: """
A new sign-in to {application}

Somebody signed in to your account at {application} on {time}.

From: {ip}

With: {user_agent}

If this was not you, change your password at once, and tell whoever runs {application}.
""",
    MessageKind.PASSWORD_CHANGED: """
Your password for {application} was changed

The password of your account at {application} was changed on {time}.

If this was not you, ask for a new password at once, and tell whoever runs {application}.
""",
    MessageKind.EMAIL_CHANGED: """
Your address at {application} was changed

The address of your account at {application} was changed on {time}.

Old address: {old_email}

New address: {new_email}

If this was not you, tell whoever runs {application} at once.
""",
    MessageKind.PHONE_CHANGED: """
Your phone number at {application} was changed

The phone number of your account at {application} was changed on {time}.

The new number ends with {new_phone}.

If this was not you, change your password at once, and tell whoever runs {application}.
""",
    MessageKind.FACTORS_CHANGED: """
How you sign in to {application} was changed

How you confirm at {application} that it is you was changed on {time}: {change}.

If this was not you, change your password at once, and tell whoever runs {application}.
""",
    MessageKind.HANDED_OVER: """
Your account at {application} is yours alone

You confirmed on {time} that {email} is yours. Whoever signed up with it at {application} had not.

So this of the account ended: {ended}.

If it was you who signed up, set your password again. If somebody else did, they cannot get in any more.
""",
    MessageKind.TRIAL_EMAIL: """
A test mail from {application}

This is a test of how {application} sends mail. It arrived, and there is nothing to do.
""",
}
BUILT_IN_SMS = {
    MessageKind.INVITATION_SMS: """
Join the team “{team}” at {application}: {link}

Join the team “{team}” at {application} with this code: {code}
""",
    MessageKind.TRIAL_SMS: "This is a test of how {application} sends messages.",
}
