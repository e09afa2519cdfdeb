"""Every verb of `directory.teams`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, reads, writes

if TYPE_CHECKING:
    from authctl.core.teams import invitations, memberships, teams
else:
    invitations, memberships, teams = later("authctl.core.teams", "invitations", "memberships", "teams")


class Teams(Group):
    """Teams and their members: the same verbs as the commands of `authctl teams`."""

    create = writes(teams.create, person=True)
    get = reads(teams.get, person=True)
    list = reads(teams.list_, person=True)
    iterate = flow(teams.iterate, person=True)
    count = reads(teams.count, person=True)
    update_name = writes(teams.update_name, person=True)
    delete = writes(teams.delete, person=True)
    get_prefs = reads(teams.get_prefs, person=True)
    update_prefs = writes(teams.update_prefs, person=True)

    create_membership = flow(invitations.create, person=True)
    list_memberships = reads(memberships.list_of_team, person=True)
    iterate_memberships = flow(memberships.iterate_of_team, person=True)
    count_memberships = reads(memberships.count_of_team, person=True)
    get_membership = reads(memberships.get, person=True)
    update_membership = writes(memberships.update, person=True)
    update_membership_status = flow(invitations.update_status, person=True)
    delete_membership = writes(memberships.delete, person=True)
