"""Every verb of `directory.sessions`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes

if TYPE_CHECKING:
    from authctl.core.sessions import sessions, sign_in
else:
    sessions, sign_in = later("authctl.core.sessions", "sessions", "sign_in")


class Sessions(Group):
    """What a signed-in application does: the verbs of `authctl sessions`."""

    create = flow(sign_in.create)
    create_anonymous = flow(sign_in.create_anonymous)
    create_with_identity = flow(sign_in.create_with_identity)
    get = flow(sessions.get)
    update = writes(sessions.update)
    delete = writes(sessions.delete)
    create_jwt = writes(sessions.create_jwt)
    verify_jwt = reads(sessions.verify_jwt)
