"""Every verb of `directory.tokens`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes

if TYPE_CHECKING:
    from authctl.core.tokens import redeem, tokens
else:
    redeem, tokens = later("authctl.core.tokens", "redeem", "tokens")


class Tokens(Group):
    """Tokens: the same verbs as the commands of `authctl tokens`."""

    create = writes(tokens.create)
    create_email = flow(tokens.create_email)
    create_phone = flow(tokens.create_phone)
    create_magic_url = flow(tokens.create_magic_url)
    create_email_verification = flow(tokens.create_email_verification, person=True, to_add_factor=True)
    create_phone_verification = flow(tokens.create_phone_verification, person=True, to_add_factor=True)
    create_recovery = flow(tokens.create_recovery)
    create_email_change = flow(tokens.create_email_change, person=True)
    create_phone_change = flow(tokens.create_phone_change, person=True)
    redeem = flow(redeem.redeem, person=True, to_add_factor=True)
    list = reads(tokens.list_)
    list_live = reads(tokens.list_live)
    delete = writes(tokens.delete)
    purge = flow(tokens.purge)
