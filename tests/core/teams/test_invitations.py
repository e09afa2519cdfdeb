"""What people invite others by: an address, which is nobody's until somebody proves to have it. On both databases."""

import os

import pytest
from doubles.mail import MailServer

from authctl.errors import Denied, Invalid, NotFound
from authctl.settings import load

PASSWORD = "correct horse battery"
BOB, PHONE = "bob@example.com", "+12065550100"


@pytest.fixture
def mail(directory, home):
    """The server that invitations go out by."""
    with MailServer() as server:
        environ = home | server.environ | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"}
        options = {"database_url": directory.settings.database_url}
        directory.settings = load(environ, options=options, system_config=os.devnull)
        yield server


@pytest.fixture
def ada(directory, mail):
    """The directory as the owner of a team sees it."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    directory.teams.create("Teachers", id="teachers", owner="ada")
    return directory.as_session(directory.sessions.create("ada", PASSWORD).secret)


def signed_in(directory, id, **given):
    directory.users.create(id=id, password=PASSWORD, **given)
    return directory.as_session(directory.sessions.create(f"id:{id}", PASSWORD).secret)


def invite(ada, mail, **given):
    """The membership, and the secret that was sent."""
    added = ada.teams.create_membership("teachers", **({"email": BOB} | given))
    return added.membership, next(word for word in mail.last.text.split() if len(word) == 64)


def refusal(kind, call, *args, **options):
    with pytest.raises(kind) as refused:
        call(*args, **options)
    return refused.value.type


# Nobody learns of others

# What there may be behind an address, of which the inviter is told nothing.
INVITEES = {
    "nobody": lambda d: None,
    "a user": lambda d: d.users.create(id="bob", email=BOB, email_verified=True),
    "a member": lambda d: (
        d.users.create(id="bob", email=BOB, email_verified=True),
        d.teams.create_membership("teachers", user="bob"),
    ),
    "an identity": lambda d: (
        d.users.create(id="bob"),
        d.users.create_identity("bob", "google", "1", email=BOB, email_verified=True),
    ),
    "a blocked user": lambda d: d.users.create(id="bob", email=BOB, blocked=True),
    "a directory that is full": lambda d: d.security.set("user-limit", "1"),
    "somebody who was invited": lambda d: d.teams.create_membership("teachers", email=BOB, print_secret=True),
}


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_answer_is_the_same_whoever_has_the_address(directory, ada, mail, dry_run):
    answers = []
    for make in INVITEES.values():
        made = make(directory)
        acting = ada.acting(ada.actor, dry_run=dry_run)
        shown = acting.teams.create_membership("teachers", email=BOB, name="B", roles=["maths"]).public()
        shown.pop("id")
        changes = [(each.before, {**each.after, "id": None}) for each in acting.changes]
        answers.append((shown, changes))
        for each in directory.teams.list_memberships("teachers", filters=["user_id != ada"]):
            directory.teams.delete_membership("teachers", each.id)
        directory.security.reset(["user-limit"])
        if made is not None and directory.users.count(filters=["id = bob"]):
            directory.users.delete("bob")
        for user in directory.users.list(filters=[f"email = {BOB}"]):
            directory.users.delete(user.id)
    assert [each for each in answers if each != answers[0]] == []
    assert (answers[0][0]["user_id"], answers[0][0]["user_email"], answers[0][0]["user_name"]) == (None, BOB, "B")
    assert len(mail.mails) == (0 if dry_run else len(INVITEES))


def test_no_account_is_made_and_nobody_is_found(directory, ada, mail):
    membership, _ = invite(ada, mail, roles=["maths"])
    assert directory.users.count() == 1
    assert directory.teams.get_membership("teachers", BOB) == directory.teams.get_membership("teachers", membership.id)
    shown = directory.teams.get_membership("teachers", membership.id)
    assert (shown.user_id, shown.public()["invited_as"], shown.status) == (None, BOB, "pending")
    for acting in (ada, signed_in(directory, "cay")):
        assert refusal(NotFound, acting.teams.get_membership, "teachers", BOB)
    (pending,) = ada.teams.list_memberships("teachers", filters=["status = pending"])
    assert (pending.id, pending.user_id, pending.user_email, pending.invited_as) == (membership.id, None, None, None)


def test_inviting_again_renews_the_same_membership(directory, ada, mail):
    first, old = invite(ada, mail, roles=["maths"])
    second, secret = invite(ada, mail, email="BOB@example.com", roles=["arts"])
    assert (second.id, second.roles) == (first.id, ("arts",))
    accept = directory.teams.update_membership_status
    assert refusal(Denied, accept, "teachers", first.id, BOB, old) == "team_invalid_secret"
    assert accept("teachers", first.id, BOB, secret).roles == ("arts",)


def test_what_nobody_accepted_is_purged_a_month_after_it_expired(directory, ada, mail, clock):
    directory.users.create(id="cay", email="cay@example.com", email_verified=True)
    directory.teams.create_membership("teachers", user="cay", invite=True, print_secret=True)
    membership, _ = invite(ada, mail)
    clock.forward(days=37, seconds=-1)
    assert directory.security.purge().invitations == 0
    invite(ada, mail, phone=None, email="dan@example.com")
    clock.forward(seconds=1)
    assert directory.acting(directory.actor, dry_run=True).security.purge().invitations == 1
    assert directory.security.purge().invitations == 1
    assert {each.user_id or each.invited_as for each in directory.teams.list_memberships("teachers")} == {
        "ada",
        "cay",
        "dan@example.com",
    }
    renewed, secret = invite(ada, mail)
    assert renewed.id != membership.id
    assert directory.teams.update_membership_status("teachers", renewed.id, BOB, secret).is_confirmed


def test_owners_withdraw_and_change_what_waits(directory, ada, mail):
    membership, secret = invite(ada, mail, roles=["maths"])
    assert ada.teams.update_membership("teachers", membership.id, ["arts"]).roles == ("arts",)
    ada.teams.delete_membership("teachers", membership.id)
    accept = directory.teams.update_membership_status
    assert refusal(Denied, accept, "teachers", membership.id, BOB, secret) == "team_invalid_secret"
    assert directory.teams.count_memberships("teachers") == 1


# Accepting without a session


def test_accepting_makes_the_account(directory, ada, mail):
    membership, secret = invite(ada, mail, name="Bob", roles=["maths"])
    accepted = directory.teams.update_membership_status("teachers", membership.id, BOB, secret)
    user = directory.users.get(BOB)
    assert (user.name, user.email_verified, user.phone, user.password) == ("Bob", True, None, None)
    assert (accepted.user_id, accepted.roles, accepted.status, accepted.invited_as) == (
        user.id,
        ("maths",),
        "confirmed",
        None,
    )
    assert "team:teachers/maths" in directory.users.list_roles(user.id)


def test_the_link_in_the_mail_names_the_address(directory, ada, mail):
    from urllib.parse import parse_qsl, urlsplit

    ada.teams.create_membership("teachers", email=BOB, url="https://app.example.com/join")
    (link,) = [word for word in mail.last.text.split() if word.startswith("https://")]
    query = dict(parse_qsl(urlsplit(link).query))
    assert query["userId"] == BOB
    accept = directory.teams.update_membership_status
    assert accept(query["teamId"], query["membershipId"], query["userId"], query["secret"]).is_confirmed


@pytest.mark.parametrize("by", ["email", "identity"])
def test_accepting_finds_who_has_the_address(directory, ada, mail, by):
    directory.users.create(id="bob", **({"email": BOB, "email_verified": True} if by == "email" else {}))
    if by == "identity":
        directory.users.create_identity("bob", "google", "1", email=BOB, email_verified=True)
    membership, secret = invite(ada, mail)
    accept = directory.teams.update_membership_status
    assert refusal(Denied, accept, "teachers", membership.id, "ada", secret) == "team_invite_mismatch"
    assert accept("teachers", membership.id, "bob", secret).user_id == "bob"
    assert directory.users.count() == 2


def test_a_stranger_who_typed_in_the_address_is_not_the_one_who_accepts(directory, ada, mail):
    stranger = signed_in(directory, "stranger", email=BOB, self_service=True)
    membership, secret = invite(ada, mail)
    assert stranger.users.list_memberships("stranger") == []
    assert refusal(Denied, stranger.teams.delete_membership, "teachers", membership.id) == "user_unauthorized"
    directory.teams.update_membership_status("teachers", membership.id, BOB, secret)
    assert directory.users.get(BOB).password is None
    assert refusal(Denied, stranger.users.get, "stranger") == "user_unauthorized"


def test_the_user_limit_and_a_block_are_told_to_who_accepts(directory, ada, mail):
    directory.security.set("user-limit", "1")
    membership, secret = invite(ada, mail)
    accept = directory.teams.update_membership_status
    assert refusal(Invalid, accept, "teachers", membership.id, BOB, secret) == "user_count_exceeded"
    directory.users.create(id="bob", email=BOB, blocked=True)
    assert refusal(Denied, accept, "teachers", membership.id, BOB, secret) == "user_blocked"
    directory.users.update_status("bob", "active")
    assert accept("teachers", membership.id, BOB, secret).is_confirmed


def test_who_is_a_member_already_stays_what_they_are(directory, ada, mail):
    directory.users.create(id="bob", email=BOB, email_verified=True)
    member = directory.teams.create_membership("teachers", user="bob", roles=["arts"]).membership
    membership, secret = invite(ada, mail, roles=["owner"])
    accepted = directory.teams.update_membership_status("teachers", membership.id, BOB, secret)
    assert (accepted.id, accepted.roles) == (member.id, ("arts",))
    assert directory.teams.count_memberships("teachers") == 2


# In a session


def test_in_a_session_it_goes_to_that_account_and_no_address_moves(directory, ada, mail):
    membership, secret = invite(ada, mail, roles=["maths"])
    cay = signed_in(directory, "cay", email="cay@example.com")
    accepted = cay.teams.update_membership_status("teachers", membership.id, BOB, secret)
    assert (accepted.user_id, accepted.roles) == ("cay", ("maths",))
    assert [user.id for user in directory.users.list(sort="id")] == ["ada", "cay"]
    assert not directory.users.get("cay").email_verified
    # The inviter sees both.
    seen = ada.teams.get_membership("teachers", membership.id)
    assert (seen.user_id, seen.user_email, seen.public()["invited_as"]) == ("cay", "cay@example.com", BOB)
    event, *_ = directory.security.list_logs(events=["teams.memberships.update.status"])
    assert event.details == {"user": "cay", "status": "confirmed", "invited_as": BOB}
    directory.security.set("memberships-privacy", "user_email")
    assert ada.teams.get_membership("teachers", membership.id).invited_as is None


def test_an_operators_ends_with_the_address_that_it_went_to(directory, ada, mail):
    """Whoever has the mailbox now is not who is meant."""
    directory.users.create(id="bob", email=BOB)
    added = directory.teams.create_membership("teachers", email=BOB, invite=True, print_secret=True)
    accept = ("teachers", added.membership.id, "bob", added.secret)
    directory.users.update_email("bob", "bob@example.org")
    assert refusal(Denied, directory.teams.update_membership_status, *accept) == "team_invalid_secret"
    directory.users.create_identity("bob", "google", "1", email=BOB, email_verified=True)
    assert directory.teams.update_membership_status(*accept).user_id == "bob"


def test_in_a_session_an_operators_goes_to_that_account_too(directory, ada, mail):
    """The account that was made for the address keeps nothing of it, unless it was named by its id."""
    cay = signed_in(directory, "cay", email="cay@example.com")
    added = directory.teams.create_membership("teachers", email=BOB, invite=True, print_secret=True)
    made = added.membership.user_id
    assert cay.teams.update_membership_status("teachers", added.membership.id, made, added.secret).user_id == "cay"
    assert directory.users.list_memberships(made) == []
    added = directory.teams.create_membership("teachers", user=made, invite=True, print_secret=True)
    call = cay.teams.update_membership_status
    for user in (made, "cay", BOB):
        assert refusal(Denied, call, "teachers", added.membership.id, user, added.secret) == "team_invite_mismatch"


def test_in_a_session_the_own_address_is_verified(directory, ada, mail):
    bob = signed_in(directory, "bob", email=BOB, self_service=True)
    membership, secret = invite(ada, mail)
    assert bob.teams.update_membership_status("teachers", membership.id, "bob", secret).invited_as is None
    user = directory.users.get("bob")
    assert user.email_verified
    assert user.password is not None


def test_an_invitation_is_shown_only_where_the_address_is_proved(directory, ada, mail):
    bob = signed_in(directory, "bob", email=BOB)
    membership, _ = invite(ada, mail)
    lists = (bob.users.list_memberships, bob.users.iterate_memberships)
    assert [list(each("bob")) for each in lists] == [[], []]
    assert refusal(Denied, bob.teams.delete_membership, "teachers", membership.id) == "user_unauthorized"
    directory.users.update_email_verification("bob", True)
    assert [[one.id for one in each("bob")] for each in lists] == [[membership.id]] * 2
    assert bob.users.count_memberships("bob") == 1
    assert bob.users.list_memberships("bob", after=membership.id) == []
    bob.teams.delete_membership("teachers", membership.id)  # who may decline
    assert directory.teams.count_memberships("teachers") == 1


def test_an_invitation_by_phone_is_shown_to_who_has_proved_it(directory, ada):
    bob = signed_in(directory, "bob", phone=PHONE, phone_verified=True)
    added = directory.teams.create_membership("teachers", phone=PHONE, invite=True, print_secret=True)
    assert [each.id for each in bob.users.list_memberships("bob")] == [added.membership.id]
    directory.users.update_phone_verification("bob", False)
    assert bob.users.list_memberships("bob") == []
    assert [each.id for each in directory.users.list_memberships("bob")] == [added.membership.id]
