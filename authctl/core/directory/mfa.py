"""Every verb of `directory.mfa`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, StepUp, flow, later, prepares, reads, writes
from authctl.core.work.unit import APPLICATION, OPERATOR, PERSON

if TYPE_CHECKING:
    from authctl.core.mfa import authenticators, challenges, mfa
else:
    authenticators, challenges, mfa = later("authctl.core.mfa", "authenticators", "challenges", "mfa")


class Mfa(Group):
    """Second factors: the same verbs as the commands of `authctl mfa`."""

    status = reads(mfa.status, by=OPERATOR | PERSON, to_add_factor=True)
    list_factors = reads(mfa.list_factors, by=OPERATOR | PERSON, to_complete=True)
    enable = writes(mfa.enable, by=OPERATOR | PERSON, steps_up=StepUp.RECENT)
    disable = writes(mfa.disable, by=OPERATOR | PERSON, steps_up=StepUp.RECENT)
    create_authenticator = prepares(
        authenticators.create_authenticator, by=OPERATOR | PERSON, steps_up=StepUp.RECENT, to_add_factor=True
    )
    verify_authenticator = flow(authenticators.verify_authenticator, by=OPERATOR | PERSON, to_add_factor=True)
    delete_authenticator = writes(authenticators.delete_authenticator, by=OPERATOR | PERSON, steps_up=StepUp.RECENT)
    create_recovery_codes = writes(
        mfa.create_recovery_codes, by=OPERATOR | PERSON, steps_up=StepUp.RECENT, to_add_factor=True
    )
    regenerate_recovery_codes = writes(mfa.regenerate_recovery_codes, by=OPERATOR | PERSON, steps_up=StepUp.RECENT)
    create_challenge = flow(challenges.create, by=OPERATOR | APPLICATION)
    complete_challenge = flow(challenges.complete, by=OPERATOR | APPLICATION)
    reset = writes(mfa.reset, by=OPERATOR)
