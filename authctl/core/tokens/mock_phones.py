"""Mock phone numbers, for tests and for those who review apps: nothing is sent to them, and one fixed code is right."""

from __future__ import annotations

import re

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.values import checks, contacts
from authctl.core.work.unit import Work
from authctl.errors import Invalid, NotFound
from authctl.model import EventName, MockPhone
from authctl.storage.mock_phones import SealedMockPhone

MOST = 10  # as Appwrite has it


def create(work: Work, phone: str, code: str) -> MockPhone:
    """Make a number a mock one. code: six digits, which sign in to it from then on.

    Raises Conflict (mock_phone_already_exists), Invalid (mock_phone_limit_exceeded) beyond ten.
    """
    check = checks.Collector()
    number = check(contacts.phone, phone)
    digits = check(_code, code)
    check.done()
    assert number is not None
    assert digits is not None
    storage.state.lock_fingerprint(work.db)  # so that two at once do not make eleven
    if len(storage.mock_phones.list_all(work.db)) >= MOST:
        raise Invalid(
            "mock_phone_limit_exceeded",
            f"There are already {MOST} mock phone numbers, which is the limit.",
            field="phone",
            hint="Delete one: authctl security delete-mock-phone PHONE",
        )
    nonce = work.random(sealing.NONCE_SIZE)
    sealed = sealing.seal(work.key, digits.encode(), context=_context(number), nonce=nonce)
    storage.mock_phones.insert(work.db, storage.mock_phones.SealedMockPhone(number, sealed, work.now))
    work.record(EventName.SECURITY_MOCK_PHONES_CREATE, f"mock_phones/{number}")
    return MockPhone(number, digits, work.now)


def list_(work: Work) -> list[MockPhone]:
    """All mock phone numbers with their codes, in the order they were made."""
    return [_opened(work, row) for row in storage.mock_phones.list_all(work.db)]


def delete(work: Work, phone: str) -> str:
    """Make a number an ordinary one again. Raises NotFound (mock_phone_not_found)."""
    number = contacts.phone_lookup(phone)
    if number is None or not storage.mock_phones.delete(work.db, number):
        raise NotFound(
            "mock_phone_not_found",
            f"{checks.shown(phone)} is not a mock phone number.",
            field="phone",
            hint="List them with: authctl security list-mock-phones",
        )
    work.record(EventName.SECURITY_MOCK_PHONES_DELETE, f"mock_phones/{number}")
    return number


def find_code(work: Work, phone: str) -> str | None:
    """The code that is right for a number, if it is a mock one."""
    row = storage.mock_phones.find(work.db, phone)
    return _opened(work, row).code if row is not None else None


def _opened(work: Work, row: SealedMockPhone) -> MockPhone:
    code = sealing.unseal(work.key, row.sealed_code, context=_context(row.phone)).decode()
    return MockPhone(row.phone, code, row.created_at)


def _context(phone: str) -> str:
    return f"mock_phones/{phone}"


def _code(code: str) -> str:
    if not re.fullmatch("[0-9]{6}", checks.text(code, "code")):
        raise Invalid("general_argument_invalid", "The code must have six digits.", field="code")
    return code
