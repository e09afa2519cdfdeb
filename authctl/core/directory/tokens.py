"""Every verb of `directory.tokens`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from authctl.core.directory.verbs import Group, StepUp, flow, later, reads, writes
from authctl.core.work.unit import APPLICATION, OPERATOR, PERSON

if TYPE_CHECKING:
    from authctl.core.tokens import judging, redeem, tokens
else:
    judging, redeem, tokens = later("authctl.core.tokens", "judging", "redeem", "tokens")


# Whoever has yet to add a factor or change the password can prove an address already.
_PROVING: dict[str, Any] = {"to_add_factor": True, "to_change_password": True, "to_prove": True}


class Tokens(Group):
    """Tokens: the same verbs as the commands of `authctl tokens`."""

    create = writes(tokens.create, by=OPERATOR)
    create_email = flow(tokens.create_email, by=OPERATOR | APPLICATION)
    create_phone = flow(tokens.create_phone, by=OPERATOR | APPLICATION)
    create_magic_url = flow(tokens.create_magic_url, by=OPERATOR | APPLICATION)
    create_email_verification = flow(tokens.create_email_verification, by=OPERATOR | APPLICATION | PERSON, **_PROVING)
    create_phone_verification = flow(tokens.create_phone_verification, by=OPERATOR | APPLICATION | PERSON, **_PROVING)
    create_recovery = flow(tokens.create_recovery, by=OPERATOR | APPLICATION)
    create_email_change = flow(
        tokens.create_email_change, by=OPERATOR | PERSON, steps_up=StepUp.PASSWORD, to_prove=True
    )
    create_phone_change = flow(
        tokens.create_phone_change, by=OPERATOR | PERSON, steps_up=StepUp.PASSWORD, to_prove=True
    )
    redeem = flow(redeem.redeem, by=OPERATOR | APPLICATION | PERSON, **_PROVING)
    find_kind = reads(judging.find_kind, by=OPERATOR)
    list = reads(tokens.list_, by=OPERATOR)
    list_live = reads(tokens.list_live, by=OPERATOR)
    delete = writes(tokens.delete, by=OPERATOR)
    purge = flow(tokens.purge, by=OPERATOR)
