"""Every verb of `directory.teams`, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl.core.directory.verbs import Group, flow, later, prepares, reads, writes
from authctl.core.work.unit import APPLICATION, OPERATOR, PERSON

if TYPE_CHECKING:
    from authctl.core.teams import accepting, invitations, memberships, teams
else:
    accepting, invitations, memberships, teams = later(
        "authctl.core.teams", "accepting", "invitations", "memberships", "teams"
    )


class Teams(Group):
    """Teams and their members: the same verbs as the commands of `authctl teams`."""

    create = writes(teams.create, by=OPERATOR | PERSON)
    get = reads(teams.get, by=OPERATOR | PERSON)
    list = reads(teams.list_, by=OPERATOR | PERSON)
    iterate = flow(teams.iterate, by=OPERATOR | PERSON)
    count = reads(teams.count, by=OPERATOR | PERSON)
    update_name = writes(teams.update_name, by=OPERATOR | PERSON)
    delete = writes(teams.delete, by=OPERATOR | PERSON)
    get_prefs = reads(teams.get_prefs, by=OPERATOR | PERSON)
    update_prefs = writes(teams.update_prefs, by=OPERATOR | PERSON)

    create_membership = prepares(invitations.create, by=OPERATOR | PERSON)
    list_memberships = reads(memberships.list_of_team, by=OPERATOR | PERSON)
    iterate_memberships = flow(memberships.iterate_of_team, by=OPERATOR | PERSON)
    count_memberships = reads(memberships.count_of_team, by=OPERATOR | PERSON)
    get_membership = reads(memberships.get, by=OPERATOR | PERSON)
    update_membership = writes(memberships.update, by=OPERATOR | PERSON)
    update_membership_status = flow(accepting.update_status, by=OPERATOR | APPLICATION | PERSON)
    delete_membership = writes(memberships.delete, by=OPERATOR | PERSON)
