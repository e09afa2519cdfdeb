"""What accepting an invitation does: it confirms the membership, and proves the address that the invitation went to.

The states of a membership are drawn in `invitations`.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from authctl import storage
from authctl.core.accounts import identities, lookup as accounts_lookup, records
from authctl.core.accounts.standing import AddressKind
from authctl.core.credentials import proofs
from authctl.core.credentials.proofs import Verdict
from authctl.core.crypto import digests
from authctl.core.teams import lookup, memberships
from authctl.core.teams.memberships import CONFIRMED, PENDING
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work, granted
from authctl.errors import Denied
from authctl.model import LONGEST_LIFE, EventName, Invitation, Json, Membership, NewUser, Status, Team, User, is_within


def update_status(directory: Engine, team: str, membership: str, user: str, secret: str) -> Membership:
    """Accept an invitation with its secret.

    membership: its id, or the user's. user: who accepts; where the invitation is for whoever has an address, that. In a
    session it is who is signed in, whose team it is then, and no other address counts as verified. Without one it is
    the user who has the address; where nobody has it, a user is made. What that proof means for the account is as with
    a code that signs in (`proofs`).

    Raises Denied: team_invalid_secret, the same for an unknown team, an unknown membership, and a wrong, used or
    expired secret; to who has a right one team_invite_mismatch where it is another user's, user_blocked, and
    user_more_factors_required where the address was never verified, and the account has another proof: sign in, and
    accept it there. Invalid (user_count_exceeded).
    """
    return granted(directory.write(_accept, team, membership, user, secret))


def _accept(work: Work, team: str, membership: str, user: str, secret: str) -> Membership | Denied:
    """Confirm the membership. All that follows from it is listed here. A refusal is returned: it is remembered."""
    found = lookup.find_any(work, team)
    before = memberships.find_any(work, found, membership) if found is not None else None
    if found is None or before is None:
        return _wrong(work, before, "team" if found is None else "membership")
    invitation = _matching(work, before, secret)
    accepting = _find_accepting(work, before)
    if invitation is None or (accepting is None and before.user_id is not None):  # who was just deleted
        return _wrong(work, before, "secret")
    if not _is_named(work, user, before, accepting):
        return _refused(work, before, "user", "team_invite_mismatch", "The invitation is for another user.")
    if accepting is None:
        accepting = _make_accepting(work, before)
    if accepting.status is Status.BLOCKED:
        return _refused(work, before, "blocked", "user_blocked", "The user is blocked.")
    proved = _proved(accepting, invitation)
    if proved is None and _has_ended(work, accepting, invitation):
        return _wrong(work, before, "address")
    verdict = proofs.decide(work, accepting, proved) if proved is not None else None
    if verdict is Verdict.HALF:
        needed = proofs.needs_more()
        _refused(work, before, "factors", needed.type, needed.message)
        return needed
    after = _confirm(work, found, before, accepting)
    if proved is not None and verdict is not None:
        proofs.carry_out(work, accepting, proved, verdict)
    return after


def _find_accepting(work: Work, membership: Membership) -> User | None:
    """Whose the membership becomes: who is signed in, or its user, or who has the address that was invited.

    Nobody else accepts for a user who was named as such. None where nobody has the address.
    """
    is_by_address = membership.invited_as is not None
    if work.person is not None and is_by_address:
        return accounts_lookup.find(work, f"id:{work.person.user.id}", lock=True)
    if membership.user_id is not None:
        return accounts_lookup.find(work, f"id:{membership.user_id}", lock=True)
    return accounts_lookup.find(work, _address_of(membership), lock=True)


def _make_accepting(work: Work, membership: Membership) -> User:
    """The account of whoever has just proved to have an address that nobody had; a sign-up like any other."""
    kind, _, address = _address_of(membership).partition(":")
    given: Json = {kind: address, f"{kind}_verified": True, "name": membership.invited_name or ""}
    return records.insert_new(work, NewUser(**given))


def _address_of(membership: Membership) -> str:
    """The address that was invited, as lookups take it."""
    assert membership.invited_as is not None
    return f"{'email' if '@' in membership.invited_as else 'phone'}:{membership.invited_as}"


def _is_named(work: Work, given: str, membership: Membership, accepting: User | None) -> bool:
    """Whether who accepts was named: by the account, or by the user or the address that was invited."""
    if accepting is not None and work.person is not None and work.person.user.seq != accepting.seq:
        return False
    found = accounts_lookup.find(work, given)
    is_address = membership.invited_as is not None and memberships.address_in(given) == membership.invited_as
    ids = (membership.user_id, accepting.id if accepting is not None else None)
    return is_address or (found is not None and found.id in ids)


def _confirm(work: Work, team: Team, before: Membership, user: User) -> Membership:
    """Make the membership that user's; whoever has one already keeps that."""
    own = storage.memberships.find_of_user(work.db, team.seq, user.seq)
    if own is not None and own.seq != before.seq:
        storage.memberships.delete(work.db, before)
        memberships.record(work, EventName.TEAMS_MEMBERSHIPS_DELETE, before, None, {"status": PENDING}, user)
        if own.is_confirmed:
            return own
        before = replace(own, roles=before.roles)
    after = memberships.confirm(work, team, user, before, before.roles)
    details: Json = {"status": CONFIRMED} | ({"invited_as": after.invited_as} if after.invited_as is not None else {})
    memberships.record(work, EventName.TEAMS_MEMBERSHIPS_UPDATE_STATUS, before, after, details, user)
    return after


def _proved(invited: User, invitation: Invitation) -> AddressKind | None:
    """Which address of the account the invitation went to, if it still is the account's."""
    if invitation.address is None:
        return None
    return "email" if invited.email == invitation.address else "phone" if invited.phone == invitation.address else None


def _has_ended(work: Work, invited: User, invitation: Invitation) -> bool:
    """Whether an invitation went to an address that is not the account's any more. In a session it may be anybody's."""
    if invitation.address is None or work.person is not None:
        return False
    return not identities.has_proved(work, invited, invitation.address)


def _matching(work: Work, membership: Membership, secret: str) -> Invitation | None:
    """The invitation that a secret is of, if it has not expired. It takes the same for every other."""
    digest = digests.digest(secret)
    found = None
    for invitation in storage.memberships.list_invitations(work.db, membership.seq):
        if hmac.compare_digest(invitation.digest, digest):
            found = invitation
    return found if found is not None and is_within(found.expires_at, work.now, LONGEST_LIFE) else None


def _wrong(work: Work, membership: Membership | None, why: str) -> Denied:
    """The same answer whether the team, the membership or the secret is wrong."""
    message = "The team, invitation or secret is wrong, or the secret is used or expired."
    _refused(work, membership, why, "team_invalid_secret", message)
    return Denied("team_invalid_secret", message, field="secret", hint="Ask for a new invitation.")


def _refused(work: Work, membership: Membership | None, why: str, type: str, message: str) -> Denied:
    """The log has why; who asked is not told more than that."""
    event = EventName.TEAMS_MEMBERSHIPS_UPDATE_STATUS
    resource = memberships.resource(membership) if membership is not None else "teams"
    user_id = membership.user_id if membership is not None else None
    work.record(event, resource, {"refused": why}, user_id=user_id)
    return Denied(type, message)
