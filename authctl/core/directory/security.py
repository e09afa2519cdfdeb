"""Every verb of `directory.security`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes
from authctl.core.work.unit import APPLICATION, OPERATOR

if TYPE_CHECKING:
    from authctl.core.accounts import throttle
    from authctl.core.audit import reading, verification
    from authctl.core.maintenance import purge
    from authctl.core.security import delivery_trial, password_report, policies
    from authctl.core.sessions import jwts
    from authctl.core.tokens import mock_phones
else:
    (throttle,) = later("authctl.core.accounts", "throttle")
    reading, verification = later("authctl.core.audit", "reading", "verification")
    (purge,) = later("authctl.core.maintenance", "purge")
    delivery_trial, password_report, policies = later(
        "authctl.core.security", "delivery_trial", "password_report", "policies"
    )
    (jwts,) = later("authctl.core.sessions", "jwts")
    (mock_phones,) = later("authctl.core.tokens", "mock_phones")


class Security(Group):
    """Policies and the audit log: the same verbs as the commands of `authctl security`."""

    show = reads(policies.show, by=OPERATOR)
    set = writes(policies.set_, by=OPERATOR)
    reset = writes(policies.reset, by=OPERATOR)
    apply = writes(policies.apply, by=OPERATOR)
    check_password = flow(password_report.check_password, by=OPERATOR)
    list_logs = reads(reading.list_logs, by=OPERATOR)
    iterate_logs = flow(reading.iterate_logs, by=OPERATOR)
    follow_logs = flow(reading.follow_logs, by=OPERATOR)
    verify_logs = flow(verification.verify, by=OPERATOR)
    show_jwks = reads(jwts.jwks, by=OPERATOR | APPLICATION)
    rotate_jwt_key = writes(jwts.rotate, by=OPERATOR)
    create_mock_phone = writes(mock_phones.create, by=OPERATOR)
    list_mock_phones = reads(mock_phones.list_, by=OPERATOR)
    delete_mock_phone = writes(mock_phones.delete, by=OPERATOR)
    test_delivery = flow(delivery_trial.test_delivery, by=OPERATOR)
    unlock_source = writes(throttle.unlock_source, by=OPERATOR)
    purge = flow(purge.purge, by=OPERATOR)
