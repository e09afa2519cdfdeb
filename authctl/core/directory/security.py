"""Every verb of `directory.security`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes

if TYPE_CHECKING:
    from authctl.core.audit import reading, verification
    from authctl.core.maintenance import purge
    from authctl.core.security import delivery_trial, password_report, policies
    from authctl.core.sessions import jwts
    from authctl.core.tokens import mock_phones
else:
    reading, verification = later("authctl.core.audit", "reading", "verification")
    (purge,) = later("authctl.core.maintenance", "purge")
    delivery_trial, password_report, policies = later(
        "authctl.core.security", "delivery_trial", "password_report", "policies"
    )
    (jwts,) = later("authctl.core.sessions", "jwts")
    (mock_phones,) = later("authctl.core.tokens", "mock_phones")


class Security(Group):
    """Policies and the audit log: the same verbs as the commands of `authctl security`."""

    show = reads(policies.show)
    set = writes(policies.set_)
    reset = writes(policies.reset)
    apply = writes(policies.apply)
    check_password = flow(password_report.check_password)
    list_logs = reads(reading.list_logs)
    iterate_logs = flow(reading.iterate_logs)
    follow_logs = flow(reading.follow_logs)
    verify_logs = flow(verification.verify)
    show_jwks = reads(jwts.jwks)
    rotate_jwt_key = writes(jwts.rotate)
    create_mock_phone = writes(mock_phones.create)
    list_mock_phones = reads(mock_phones.list_)
    delete_mock_phone = writes(mock_phones.delete)
    test_delivery = flow(delivery_trial.test_delivery)
    purge = flow(purge.purge)
