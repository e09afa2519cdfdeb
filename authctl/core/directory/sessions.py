"""Every verb of `directory.sessions`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes
from authctl.core.work.unit import APPLICATION, OPERATOR

if TYPE_CHECKING:
    from authctl.core.sessions import sessions, sign_in
else:
    sessions, sign_in = later("authctl.core.sessions", "sessions", "sign_in")


class Sessions(Group):
    """What a signed-in application does: the verbs of `authctl sessions`."""

    create = flow(sign_in.create, by=OPERATOR | APPLICATION)
    create_anonymous = flow(sign_in.create_anonymous, by=OPERATOR | APPLICATION)
    create_with_identity = flow(sign_in.create_with_identity, by=OPERATOR | APPLICATION)
    get = flow(sessions.get, by=OPERATOR | APPLICATION)
    update = writes(sessions.update, by=OPERATOR | APPLICATION)
    delete = writes(sessions.delete, by=OPERATOR | APPLICATION)
    create_jwt = writes(sessions.create_jwt, by=OPERATOR | APPLICATION)
    verify_jwt = reads(sessions.verify_jwt, by=OPERATOR | APPLICATION)
