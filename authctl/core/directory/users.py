"""Every verb of `directory.users`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, StepUp, flow, later, prepares, reads, writes
from authctl.core.work.unit import APPLICATION, OPERATOR, PERSON

if TYPE_CHECKING:
    from authctl.core.accounts import identities, lookup, records
    from authctl.core.audit import reading
    from authctl.core.sessions import sessions, sign_in
    from authctl.core.teams import memberships
    from authctl.core.users import changes, creation, merging, passwords, roles, securing
else:
    identities, lookup, records = later("authctl.core.accounts", "identities", "lookup", "records")
    (reading,) = later("authctl.core.audit", "reading")
    sessions, sign_in = later("authctl.core.sessions", "sessions", "sign_in")
    (memberships,) = later("authctl.core.teams", "memberships")
    changes, creation, merging, passwords, roles, securing = later(
        "authctl.core.users", "changes", "creation", "merging", "passwords", "roles", "securing"
    )


class Users(Group):
    """Accounts: the same verbs as the commands of `authctl users`."""

    create = prepares(creation.create, by=OPERATOR | APPLICATION)
    get = reads(lookup.get, by=OPERATOR | PERSON, once=True)
    list = reads(lookup.list_, by=OPERATOR)
    iterate = flow(lookup.iterate, by=OPERATOR)
    count = reads(lookup.count, by=OPERATOR)
    count_up_to = reads(lookup.count_up_to, by=OPERATOR)
    delete = writes(records.delete, by=OPERATOR)
    update_name = writes(changes.update_name, by=OPERATOR | PERSON)
    update_username = writes(changes.update_username, by=OPERATOR)
    update_locale = writes(changes.update_locale, by=OPERATOR | PERSON)
    update_email = prepares(changes.update_email, by=OPERATOR | PERSON, steps_up=StepUp.PASSWORD, to_prove=True)
    update_phone = prepares(changes.update_phone, by=OPERATOR | PERSON, steps_up=StepUp.PASSWORD, to_prove=True)
    update_email_verification = writes(changes.update_email_verification, by=OPERATOR)
    update_phone_verification = writes(changes.update_phone_verification, by=OPERATOR)
    update_labels = writes(changes.update_labels, by=OPERATOR)
    get_prefs = reads(changes.get_prefs, by=OPERATOR | PERSON)
    update_prefs = writes(changes.update_prefs, by=OPERATOR | PERSON)
    update_metadata = writes(changes.update_metadata, by=OPERATOR)
    update_status = writes(changes.update_status, by=OPERATOR)
    update_password = prepares(passwords.update_password, by=OPERATOR | PERSON, steps_up=StepUp.PASSWORD)
    remove_password = writes(passwords.remove_password, by=OPERATOR)
    require_password_change = writes(passwords.require_password_change, by=OPERATOR)
    wrap_password = prepares(passwords.wrap_password, by=OPERATOR)
    verify_password = flow(passwords.verify_password, by=OPERATOR)
    unlock = writes(changes.unlock, by=OPERATOR)
    secure = flow(securing.secure, by=OPERATOR | PERSON, steps_up=StepUp.PASSWORD)
    merge = writes(merging.merge, by=OPERATOR)
    list_logs = reads(reading.list_of_user, by=OPERATOR | PERSON)
    list_roles = reads(roles.list_roles, by=OPERATOR | PERSON)

    create_session = writes(sign_in.create_for, by=OPERATOR)
    list_sessions = reads(sessions.list_of, by=OPERATOR | PERSON)
    delete_session = writes(sessions.delete_of, by=OPERATOR | PERSON)
    delete_sessions = writes(sessions.delete_all_of, by=OPERATOR | PERSON)
    delete_everybodys_sessions = writes(sessions.delete_everybodys, by=OPERATOR)

    create_identity = writes(changes.create_identity, by=OPERATOR | PERSON, steps_up=StepUp.RECENT)
    list_identities = reads(identities.list_, by=OPERATOR | PERSON)
    delete_identity = writes(identities.delete, by=OPERATOR | PERSON, steps_up=StepUp.RECENT)

    list_memberships = reads(memberships.list_of_user, by=OPERATOR | PERSON)
    iterate_memberships = flow(memberships.iterate_of_user, by=OPERATOR | PERSON)
    count_memberships = reads(memberships.count_of_user, by=OPERATOR | PERSON)
