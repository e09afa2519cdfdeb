"""What waits for the commit of an application's transaction: each notice is sent once."""

import pytest

from authctl.core.work.outbox import Outbox
from authctl.errors import Invalid


def test_what_is_sent_meanwhile_is_not_sent_twice_and_what_comes_is_kept():
    sent = []

    def send(notices):
        sent.append([*notices])
        if len(sent) == 1:  # as another thread would, just now
            outbox.add(["second"])
            outbox.send()

    outbox = Outbox(send)
    outbox.add(["first"])
    outbox.send()
    outbox.send()
    assert sent == [["first"], ["second"]]


def test_what_was_refused_waits_and_what_broke_off_is_not_sent_again():
    failures = [Invalid("general_transaction_invalid", "The transaction is not committed."), OSError("out of files")]

    def send(notices):
        raise failures.pop(0)

    outbox = Outbox(send)
    outbox.add(["first"])
    with pytest.raises(Invalid):
        outbox.send()
    assert len(outbox) == 1
    with pytest.raises(OSError, match="out of files"):
        outbox.send()
    assert len(outbox) == 0
