"""Every verb of `directory.mfa`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes

if TYPE_CHECKING:
    from authctl.core.mfa import authenticators, challenges, mfa
else:
    authenticators, challenges, mfa = later("authctl.core.mfa", "authenticators", "challenges", "mfa")


class Mfa(Group):
    """Second factors: the same verbs as the commands of `authctl mfa`."""

    status = reads(mfa.status, person=True, to_add_factor=True)
    list_factors = reads(mfa.list_factors, person=True, to_complete=True)
    enable = writes(mfa.enable, person=True)
    disable = writes(mfa.disable, person=True)
    create_authenticator = flow(authenticators.create_authenticator, person=True, to_add_factor=True)
    verify_authenticator = flow(authenticators.verify_authenticator, person=True, to_add_factor=True)
    delete_authenticator = writes(authenticators.delete_authenticator, person=True)
    create_recovery_codes = writes(mfa.create_recovery_codes, person=True, to_add_factor=True)
    regenerate_recovery_codes = writes(mfa.regenerate_recovery_codes, person=True)
    create_challenge = flow(challenges.create)
    complete_challenge = flow(challenges.complete)
    reset = writes(mfa.reset)
