"""How users become members of a team: an operator adds them, or they are invited and accept (`accepting`).

A person who invites an email or phone is told nothing of who has it, and no account is looked for or made: whoever
accepts proves to have the address. The membership is nobody's until then. An operator's is a user's at once.

                 create (operator)
       none ───────────────────────────────▶ CONFIRMED ──┐
        │                                     ▲    │  ▲   │ update: roles
        │ create with an invitation           │    │  └───┘
        ▼                update_status        │    │ delete
      PENDING ────────────────────────────────┘    ▼
        │ ▲ └── delete ──────────────────────────▶ none
        └─┘ create again: a new secret, other roles; the old secret ends once the new one is sent

An invitation goes out as `sending` draws it: claim (the pending membership, and the digest of its new secret), send,
settle (the older secret ends). A refused send takes back what was claimed, and leaves an older secret as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from authctl import storage
from authctl.core.accounts import identities, lookup as accounts_lookup, naming, quotas, records
from authctl.core.crypto import digests
from authctl.core.policy import email_domains
from authctl.core.teams import lookup, memberships
from authctl.core.teams.memberships import PENDING
from authctl.core.tokens import sending
from authctl.core.tokens.sending import Sending
from authctl.core.values import checks, contacts, identifiers
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.delivery import Email, Sms
from authctl.delivery.messages import Channel
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.model import EventName, Invitation, Json, JsonObject, Listing, Membership, NewUser, Team, User

SECRET_SIZE = 32  # bytes; 256 bits cannot be guessed, so that attempts need no count


@dataclass(frozen=True, slots=True)
class Added:
    """A new membership, with the invitation's secret where that is shown instead of sent, this once."""

    membership: Membership
    secret: str | None = field(default=None, repr=False)

    def public(self) -> JsonObject:
        return self.membership.public() | ({"secret": self.secret} if self.secret is not None else {})


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who is to become a member, as it was asked."""

    user: str | None
    email: str | None
    phone: str | None
    name: str

    @property
    def address(self) -> str | None:
        return self.email or self.phone

    @property
    def named(self) -> list[str]:
        """Each text that names a user."""
        texts = (self.user, self.email and f"email:{self.email}", self.phone and f"phone:{self.phone}")
        return [text for text in texts if text]


@dataclass(frozen=True, slots=True)
class InvitationClaim(sending.SendingClaim):
    """An invitation that is good from now on, and what it takes to settle it or to take it back.

    user: None where it is for whoever has the address. roles: what the membership gets when it is sent; None to leave
    them. answer: what it is then, as who asks sees it.
    """

    team: Team
    user: User | None
    membership: Membership
    invitation: Invitation
    secret: str = field(repr=False)
    roles: tuple[str, ...] | None
    made_user: bool
    made_membership: bool
    answer: Membership


def create(
    directory: Engine,
    team: str,
    *,
    user: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    roles: Iterable[str] | None = None,
    invite: bool = False,
    url: str | None = None,
    print_secret: bool = False,
    force: bool = False,
) -> Added:
    """Make a user a member of a team at once; or invite one, as a person always does.

    user, email, phone: whose membership it is. They must all be one user's; where there is no such user, one is made
    with that email or phone, with `user` for its id and with that name. roles: None leaves those of an invitation
    that is renewed. invite: send a secret to the email, else to the phone, that accepts the membership. url: where the
    link in the message leads; without it the message has the secret itself. print_secret: answer with the secret
    instead of sending it, for operators only, who deliver it themselves. force: add an account at once also where
    somebody typed in the address or username that names it.

    A person can invite only with a verified address or an identity of their own. By an email or phone the membership is
    nobody's until it is accepted: whether somebody has the address, and who, is not told.

    Raises NotFound (team_not_found, user_not_found), Conflict (user_already_exists where they are not one user's,
    membership_already_confirmed), Denied: general_rate_limit_exceeded after too many messages in an hour,
    user_unauthorized, user_proof_required; Unavailable where the message was refused, and then nothing has changed.
    """
    sending.check_print_secret(directory, print_secret)
    invitee = _read(user, email, phone, name)
    if directory.is_person and sum(map(bool, (user, email, phone))) > 1:
        # Else one could find out whose is which.
        message = "Use only one of user, email and phone."
        raise Invalid("general_argument_invalid", message, field="user")
    held = identifiers.roles(roles) if roles is not None else None
    if directory.is_operator and not (invite or print_secret):
        if url is not None:
            raise Invalid(
                "general_argument_invalid", "Leave out the url. It only goes with an invitation.", field="url"
            )
        return Added(_twice(directory, add, team, invitee, held or (), force))
    if not print_secret:
        directory.refuse_within("teams.create_membership with an invitation")
    if url is not None:
        _link(directory, url)  # a link that is not allowed is told before anything is done
    made = _twice(directory, _claim, team, invitee, held, None if print_secret else _composer(directory, url))
    if directory.dry_run:
        return Added(made.answer)
    deliver(directory, made)
    return Added(made.answer, made.secret if print_secret else None)


def claim(work: Work, directory: Engine, team: str, invitee: Invitee, roles: tuple[str, ...]) -> InvitationClaim:
    """Invite as a step of another unit of work, after which `deliver` sends the invitation."""
    return _claim(work, team, invitee, roles, _composer(directory, None))


def deliver(directory: Engine, claim: InvitationClaim) -> None:
    """Send an invitation that was claimed; Unavailable where the message was refused, and it is taken back."""
    sending.send(directory, claim, settle=_settle, withdraw=_take_back)


def _read(user: str | None, email: str | None, phone: str | None, name: str | None) -> Invitee:
    """Who was asked for; Invalid names every field that is wrong."""
    if not (user or email or phone):
        raise Invalid("general_argument_invalid", "Name the user by id, email or phone.", field="user")
    check = checks.Collector()
    invitee = Invitee(
        check(checks.text, user or None, "user"),
        check(contacts.email, email or None),
        check(contacts.phone, phone or None),
        check(identifiers.name, name) or "",
    )
    check.done()
    return invitee


def _twice(directory: Engine, step: Callable[..., Any], *arguments: Any) -> Any:
    """Run a step that may make a user; once more where another made the same one meanwhile, who is found then."""
    try:
        return directory.write(step, *arguments)
    except Conflict as conflict:
        if not conflict.type.startswith("user_"):
            raise
        return directory.write(step, *arguments)


def add(work: Work, team: str, invitee: Invitee, roles: tuple[str, ...], force: bool) -> Membership:
    """Make a user a confirmed member, as operators do."""
    found = lookup.find_one(work, team, lock=True)
    user, is_new = _find_or_make(work, invitee)
    if not is_new:
        hint = "Invite them with --invite. "
        naming.check(work, user, *invitee.named, force=force, hint=hint, by_id="--user-id ")
    return memberships.join(work, found, user, roles)


def _find_or_make(work: Work, invitee: Invitee) -> tuple[User, bool]:
    """The one user whom all that was given names; else a new one with that email or phone. And whether it is new."""
    texts = invitee.named
    # Of several only the one whom all of them name is locked: two that lock in different orders wait for each other.
    found = [accounts_lookup.find(work, text, lock=len(texts) == 1) for text in texts]
    first = next((user for user in found if user is not None), None)
    if first is None:
        return _make(work, invitee), True
    if any(user is None or user.seq != first.seq for user in found):
        raise Conflict(
            "user_already_exists",
            "The id, email and phone belong to different users.",
            field="user",
            hint="Use only one of them, or check with: authctl users get USER",
        )
    locked = first if len(texts) == 1 else accounts_lookup.find(work, f"id:{first.id}", lock=True)
    return (locked, False) if locked is not None else (_make(work, invitee), True)


def _find_teammate(work: Work, user: str) -> User:
    """A user for a person, who can name only teammates, by id."""
    found = accounts_lookup.find(work, user, lock=True) if memberships.may_find(work, user) else None
    if found is None:
        raise NotFound(
            "user_not_found",
            f"You know no user {checks.shown(user)}.",
            field="user",
            hint="Invite by email or phone.",
        )
    return found


def _invited(work: Work, invitee: Invitee) -> tuple[User | None, bool]:
    """Who is invited, and whether the account is new; nobody yet where a person invites an address."""
    if work.person is None:
        return _find_or_make(work, invitee)
    _check_proof(work, work.person.user)
    email_domains.check(work.policy, invitee.email)
    return (_find_teammate(work, invitee.user) if invitee.user is not None else None), False


def _check_proof(work: Work, user: User) -> None:
    """Refuse a person without a verified address or an identity: anybody can have such an account."""
    if not identities.has_proof(work, user):
        raise Denied(
            "user_proof_required",
            "Verify your email or phone before you invite others.",
            hint="Verify it with: authctl tokens create-email-verification USER --as-session",
        )


def _as_typed(work: Work, membership: Membership, invitee: Invitee) -> Membership:
    """The membership for the answer: a person sees only what they typed of the invitee."""
    if work.person is None:
        return membership
    return replace(
        memberships.shown(work, membership),
        user_id=membership.user_id if invitee.user is not None else None,
        user_name=invitee.name or None,
        user_email=invitee.email,
    )


def _make(work: Work, invitee: Invitee) -> User:
    """A user for an operator's membership or invitation."""
    if invitee.email is None and invitee.phone is None:
        assert invitee.user is not None
        raise NotFound(
            "user_not_found",
            f"There is no user {checks.shown(invitee.user)}.",
            field="user",
            hint="To create one, use --email or --phone.",
        )
    id = identifiers.identifier(invitee.user, field="user") if invitee.user is not None else ""
    new = NewUser(id=id, email=invitee.email, phone=invitee.phone, name=invitee.name)
    return records.insert_new(work, new, self_service=False)


def _claim(
    work: Work,
    team: str,
    invitee: Invitee,
    roles: tuple[str, ...] | None,
    compose: Callable[[Work, InvitationClaim], Sending] | None,
) -> InvitationClaim:
    """Store the invitation and the message that is to be sent; an earlier invitation stays good meanwhile."""
    found = lookup.find_owned(work, team)
    user, made_user = _invited(work, invitee)
    if user is not None:
        before = storage.memberships.find_of_user(work.db, found.seq, user.seq)
    else:
        before = storage.memberships.find_invited(work.db, found.seq, invitee.address or "")
    memberships.check_pending(work, before)
    membership = before
    if membership is None:
        if user is None:
            quotas.count_creation(work, "accounts")  # accepting it may make one
        name = invitee.name if user is None else None
        new = memberships.new(work, found, user, roles or (), invited_as=invitee.address, invited_name=name)
        membership = storage.memberships.insert(work.db, new, found.seq, user.seq if user is not None else None)
        details = {"roles": list(membership.roles), "status": PENDING}
        memberships.record(work, EventName.TEAMS_MEMBERSHIPS_CREATE, None, membership, details, user)
    elif roles is not None:  # for the answer of a dry run; else it is stored when the message is sent
        seen = [memberships.shown(work, each).public() for each in (membership, replace(membership, roles=roles))]
        work.changed(memberships.resource(membership), *seen)
    secret = work.random(SECRET_SIZE).hex()
    address = invitee.address or (user.email or user.phone if user is not None else None)
    invitation = Invitation(0, digests.digest(secret), address, work.now + work.policy["invite-expiry"])
    inviter_seq = work.person.user.seq if work.person is not None else None
    invitation = storage.memberships.invite(work.db, membership.seq, invitation, inviter_seq=inviter_seq)
    after = replace(membership, roles=membership.roles if roles is None else roles, invited_at=work.now)
    claim = InvitationClaim(
        actor=work.actor,
        sending=None,
        team=found,
        user=user,
        membership=membership,
        invitation=invitation,
        secret=secret,
        roles=roles,
        made_user=made_user,
        made_membership=before is None,
        answer=_as_typed(work, after, invitee),
    )
    if compose is None:
        return claim
    if before is not None:  # what is new has been recorded
        resource, user_id = memberships.resource(membership), membership.user_id
        told: Json = {"user": user_id, "status": PENDING, "renewed": True} | sending.UNDER_WAY
        work.record(EventName.TEAMS_MEMBERSHIPS_CREATE, resource, told, user_id=user_id)
    return replace(claim, sending=compose(work, claim))


def _composer(directory: Engine, url: str | None) -> Callable[[Work, InvitationClaim], Sending]:
    """Writes the message of an invitation, once it is known what can carry it."""

    def compose(work: Work, claim: InvitationClaim) -> Sending:
        from authctl.core.messages import compose as messages_compose

        address = claim.invitation.address
        if address is None and work.person is not None:
            raise Invalid(
                "general_argument_invalid",
                "That user cannot be invited by id.",
                field="user",
                hint="Invite by email or phone.",
            )
        if address is None:
            assert claim.user is not None
            raise Invalid(
                "general_argument_invalid",
                f"User {claim.user.id} has neither email nor phone to send an invitation to.",
                field="user",
                hint="Name an address with --email or --phone, or use --print-secret and deliver it yourself.",
            )
        ids = {
            "membershipId": claim.membership.id,
            "userId": accounts_lookup.reference(claim.user.id) if claim.user is not None else address,
            "teamId": claim.team.id,
        }
        link = _link(directory, url, **ids, secret=claim.secret) if url is not None else None
        channel = Channel.EMAIL if "@" in address else Channel.SMS
        sending.check(work, directory, address, channel, last=None)
        settings = directory.settings.for_reader(claim.user.locale if claim.user is not None else None)
        if channel is Channel.SMS:
            message: Email | Sms = messages_compose.invitation_sms(
                settings, address, team=claim.team.name, secret=claim.secret, link=link
            )
        else:
            message = messages_compose.invitation(
                settings,
                address,
                team=claim.team.name,
                secret=claim.secret,
                validity=work.policy["invite-expiry"],
                link=link,
                inviter=work.person.user.name if work.person is not None else None,
            )
        return Sending(address, channel, message)

    return compose


def _link(directory: Engine, url: str, **parameters: str) -> str:
    from authctl.core.messages import links

    return links.link(url, directory.settings, **parameters)


def _settle(work: Work, claim: InvitationClaim, said: Json) -> None:
    """The invitation is on its way: earlier ones end, and a renewed one has its new roles."""
    team = lookup.find_one(work, f"id:{claim.team.id}", lock=True)
    before = memberships.find(work, team, claim.membership.id, lock=True)
    storage.memberships.withdraw_all(work.db, before.seq, before=claim.invitation.seq)
    if claim.made_membership or before.is_confirmed:  # it may have been accepted at once
        return
    roles = before.roles if claim.roles is None else claim.roles
    after = replace(before, roles=roles, invited_at=claim.answer.invited_at)
    storage.memberships.update(work.db, after, team.seq)
    details = {"roles": list(after.roles), "status": PENDING, "renewed": True} | said
    memberships.record(work, EventName.TEAMS_MEMBERSHIPS_CREATE, before, after, details, claim.user)


def _take_back(work: Work, claim: InvitationClaim, said: Json) -> None:
    """The message was refused: undo the claim, but for what somebody has made use of meanwhile."""
    team = storage.teams.find(work.db, claim.team.id, lock=True)
    user = accounts_lookup.find(work, f"id:{claim.user.id}", lock=True) if claim.user is not None else None
    storage.memberships.withdraw(work.db, claim.invitation)
    if team is None or (user is None and claim.user is not None):
        return
    membership = storage.memberships.find(work.db, team.seq, claim.membership.id)
    is_unused = membership is not None and not membership.is_confirmed
    if not (claim.made_membership and is_unused) or storage.memberships.list_invitations(work.db, claim.membership.seq):
        return
    storage.memberships.delete(work.db, claim.membership)
    memberships.record(work, EventName.TEAMS_MEMBERSHIPS_DELETE, claim.membership, None, said, claim.user)
    if claim.made_user and user is not None and _is_untouched(work, user):
        records.delete(work, f"id:{user.id}")


def _is_untouched(work: Work, user: User) -> bool:
    """Whether nothing has happened to a user who was just made."""
    scope = storage.memberships.of_user(user.seq)
    return (
        user.updated_at == user.created_at
        and not storage.sessions.list_of_user(work.db, user.seq)
        and not storage.membership_lists.count(work.db, scope, Listing(work.now))
    )
