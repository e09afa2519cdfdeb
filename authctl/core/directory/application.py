"""The door for applications: what people sign up and sign in with, and no operator's verb.

    with authctl.application("postgresql://…") as directory:
        signed_in = directory.sessions.create("ada@example.com", "correct horse battery", ip="192.0.2.7")
        directory.as_session(signed_in.secret).users.update_name(signed_in.session.user_id, "Ada")

An application is asked by strangers: what it makes of an account is a sign-up, it is told no more of an account that
is not there than of one that is, and outages go to the log of the program instead of to the browser.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from authctl.core.directory.directory import Door
from authctl.core.work.unit import APPLICATION, Work
from authctl.errors import AuthctlError

T = TypeVar("T")

logger = logging.getLogger("authctl")


class Application(Door):
    """The door for applications, with what they need for people. `authctl.application` opens it.

    Outages and wrong settings are logged by the logger `authctl`; so is who could not be told something by mail.
    """

    by = APPLICATION

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warn = logger.warning

    def heard(self, error: AuthctlError) -> None:
        """Log what a browser is not told."""
        if error.http_status >= 500:
            logger.error("%s: %s", error.type, " ".join(filter(None, (str(error), error.hint))))

    def stream(self, step: Callable[[Work], Iterator[T]]) -> Iterator[T]:
        """What `step` yields; an outage meanwhile is logged, too."""
        try:
            yield from super().stream(step)
        except AuthctlError as error:
            self.heard(error)
            raise
