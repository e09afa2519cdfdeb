"""Every verb of `directory.users`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes

if TYPE_CHECKING:
    from authctl.core.accounts import identities, lookup, records
    from authctl.core.audit import reading
    from authctl.core.sessions import sessions, sign_in
    from authctl.core.teams import memberships
    from authctl.core.users import changes, creation, passwords, roles
else:
    identities, lookup, records = later("authctl.core.accounts", "identities", "lookup", "records")
    (reading,) = later("authctl.core.audit", "reading")
    sessions, sign_in = later("authctl.core.sessions", "sessions", "sign_in")
    (memberships,) = later("authctl.core.teams", "memberships")
    changes, creation, passwords, roles = later("authctl.core.users", "changes", "creation", "passwords", "roles")


class Users(Group):
    """Accounts: the same verbs as the commands of `authctl users`."""

    create = flow(creation.create)
    get = reads(lookup.get, person=True, once=True)
    list = reads(lookup.list_)
    iterate = flow(lookup.iterate)
    count = reads(lookup.count)
    delete = writes(records.delete)
    update_name = writes(changes.update_name, person=True)
    update_username = writes(changes.update_username)
    update_email = flow(changes.update_email, person=True)
    update_phone = flow(changes.update_phone, person=True)
    update_email_verification = writes(changes.update_email_verification)
    update_phone_verification = writes(changes.update_phone_verification)
    update_labels = writes(changes.update_labels)
    get_prefs = reads(changes.get_prefs, person=True)
    update_prefs = writes(changes.update_prefs, person=True)
    update_metadata = writes(changes.update_metadata)
    update_status = writes(changes.update_status)
    update_password = flow(passwords.update_password, person=True)
    require_password_change = writes(passwords.require_password_change)
    wrap_password = flow(passwords.wrap_password)
    verify_password = flow(passwords.verify_password)
    unlock = writes(changes.unlock)
    list_logs = reads(reading.list_of_user, person=True)
    list_roles = reads(roles.list_roles, person=True)

    create_session = writes(sign_in.create_for)
    list_sessions = reads(sessions.list_of, person=True)
    delete_session = writes(sessions.delete_of, person=True)
    delete_sessions = writes(sessions.delete_all_of, person=True)
    delete_everybodys_sessions = writes(sessions.delete_everybodys)

    create_identity = writes(identities.create)
    list_identities = reads(identities.list_, person=True)
    delete_identity = writes(identities.delete, person=True)

    list_memberships = reads(memberships.list_of_user, person=True)
    iterate_memberships = flow(memberships.iterate_of_user, person=True)
    count_memberships = reads(memberships.count_of_user, person=True)
