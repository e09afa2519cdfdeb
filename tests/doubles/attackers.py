"""What attackers and owners type, and what they are told."""

import re

import pytest

from authctl.errors import AuthctlError

PASSWORD, NEW = "correct horse battery", "staple battery horse"
PHONE = "+14255550123"


def refusal(call, *given, **named):
    """The type of the error that a call ends with; None where it does what was asked."""
    try:
        call(*given, **named)
    except AuthctlError as error:
        return error.type
    return None


def told(call, *given, **named):
    """All that a browser is told of a refusal."""
    with pytest.raises(AuthctlError) as error:
        call(*given, **named)
    return error.value.http_status, error.value.public()


def proved(directory, id, **options):
    """The secret of a session of somebody whose email is proved."""
    directory.users.create(
        **{"id": id, "email": f"{id}@example.com", "email_verified": True, "password": PASSWORD} | options
    )
    return directory.sessions.create(id, PASSWORD).secret


def secret_to(address, mail):
    """The newest secret that was mailed there."""
    text = [each.text for each in mail.mails if address in each.recipients][-1]
    return re.search(r"^(\d{6}|[0-9a-f]{64})$", text, re.MULTILINE)[0]
