"""What waits for the end of a unit of work: messages to people, sent after commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from authctl.delivery import Email, Sms
from authctl.errors import AuthctlError
from authctl.settings import Settings


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail, or with is_sms a text message, that waits for the end of its transaction.

    compose: writes it, by settings with the locale in them. event_id: of the event that says it is to be sent, where
    the application commits the transaction.
    """

    user_id: str
    locale: str | None
    compose: Callable[[Settings], Email | Sms]
    is_sms: bool = False
    event_id: str | None = None


class Outbox:
    """What is to be sent once the application has committed the transaction that it lent."""

    def __init__(self, send: Callable[[Sequence[Notice]], None]) -> None:
        self._notices: list[Notice] = []
        self._send = send
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._notices)

    def add(self, notices: Sequence[Notice]) -> None:
        with self._lock:
            self._notices += notices

    def send(self) -> None:
        """Send each notice, once; what fails is told as always, by the log. To be called after the commit.

        Raises Invalid (general_transaction_invalid) where the transaction is not committed.
        """
        with self._lock:  # so that of two threads one sends them
            waiting, self._notices = self._notices, []
        try:
            if waiting:
                self._send(waiting)
        except AuthctlError:  # none was sent
            with self._lock:
                self._notices[:0] = waiting
            raise
