"""Memberships: joining, inviting, accepting, roles, lists, and what persons may, on both databases."""

import re
from functools import partial

import pytest

from authctl.errors import Conflict, Denied, Invalid, NotFound, Unavailable

PASSWORD = "correct horse battery"


@pytest.fixture
def teachers(directory):
    """The team, whose owner is Ada."""
    given = {"id": "ada", "email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}
    directory.users.create(**given, password=PASSWORD)
    return directory.teams.create("Teachers", id="teachers", owner="ada")


def person(directory, id, **given):
    """The directory as that user sees it, who is made where there is none."""
    if directory.users.count(filters=[f"id = {id}"]) == 0:
        directory.users.create(id=id, email=f"{id}@example.com", name=id.title(), password=PASSWORD, **given)
    return directory.as_session(directory.sessions.create(id, PASSWORD).secret)


def invited(directory, team="teachers", **given):
    return directory.teams.create_membership(team, invite=True, print_secret=True, **given)


def refusal(kind, call, *args, **kwargs):
    with pytest.raises(kind) as refused:
        call(*args, **kwargs)
    return refused.value.type


def logged(directory, *events):
    return [(event.name, event.details) for event in directory.security.list_logs(events=events)]


def members(directory, **asked):
    return [each.user_id for each in directory.teams.list_memberships("teachers", sort="user_id", **asked)]


# An operator adds


def test_an_operators_membership_is_confirmed_at_once(directory, teachers, clock):
    directory.users.create(id="bob", name="Bob", email="bob@example.com")
    added = directory.teams.create_membership("teachers", user="bob", roles=["maths"])
    membership = added.membership
    assert added.secret is None
    assert (membership.status, membership.roles, membership.joined_at) == ("confirmed", ("maths",), clock.now)
    assert directory.teams.get_membership("teachers", membership.id) == membership
    assert directory.teams.get_membership("Teachers", "bob@example.com") == membership
    assert directory.teams.get("teachers").members == 2
    assert logged(directory, "teams.memberships.create")[0][1] == {
        "user": "bob",
        "roles": ["maths"],
        "status": "confirmed",
    }
    assert directory.users.list_logs("bob")[0].name == "teams.memberships.create"


def test_the_line_of_appwrites_documentation_makes_the_user(directory, teachers):
    given = {"roles": ["maths"], "phone": "+12065550100", "name": "N", "user": "U"}
    membership = directory.teams.create_membership("teachers", **given).membership
    made = directory.users.get("U")
    assert (membership.user_id, made.name, made.phone, made.phone_verified) == ("U", "N", "+12065550100", False)
    assert refusal(Conflict, directory.teams.create_membership, "teachers", **given) == "membership_already_confirmed"


def test_a_user_is_found_by_email_and_by_phone(directory, teachers):
    directory.users.create(id="bob", email="bob@example.com", phone="+12065550100")
    directory.teams.create("Other", id="other")
    assert directory.teams.create_membership("teachers", email="BOB@example.com", name="X").membership.user_id == "bob"
    assert directory.teams.create_membership("other", phone="+1 206 555 0100").membership.user_id == "bob"
    assert directory.users.get("bob").name == ""
    assert directory.users.count() == 2


@pytest.mark.parametrize(
    "given",
    [
        {"user": "ada", "email": "bob@example.com"},
        {"user": "ada", "email": "new@example.com"},
        {"user": "new", "email": "ada@example.com"},
        {"user": "bob", "phone": "+12065550100"},
        {"email": "ada@example.com", "phone": "+12065550100"},
        {"email": "new@example.com", "phone": "+12065550101"},
    ],
)
def test_what_is_not_one_users_is_a_conflict(directory, teachers, given):
    directory.users.create(id="bob", email="bob@example.com")
    directory.users.create(id="cay", phone="+12065550101")
    assert refusal(Conflict, directory.teams.create_membership, "teachers", **given) == "user_already_exists"
    assert (directory.users.count(), members(directory)) == (3, ["ada"])


def test_an_email_of_an_identity_finds_its_user_if_it_is_verified(directory, teachers):
    directory.teams.create("Other", id="other")
    for uid, email, verified in (("1", "held@example.com", True), ("2", "shown@example.com", False)):
        directory.users.create_identity("ada", "google", uid, email=email, email_verified=verified)
    assert directory.teams.create_membership("other", email="held@example.com").membership.user_id == "ada"
    assert directory.teams.create_membership("other", email="shown@example.com").membership.user_id != "ada"


@pytest.mark.parametrize(
    ("given", "type", "field"),
    [
        ({}, "general_argument_invalid", "user"),
        ({"user": "nobody"}, "user_not_found", "user"),
        ({"email": "no email"}, "general_argument_invalid", "email"),
        ({"phone": "123"}, "general_argument_invalid", "phone"),
        ({"user": "not an id", "email": "x@example.com"}, "general_argument_invalid", "user"),
        ({"user": "ada", "roles": ["a b"]}, "general_argument_invalid", "roles"),
        ({"user": "ada", "roles": [f"role{number}" for number in range(101)]}, "general_argument_invalid", "roles"),
        ({"user": "ada", "url": "https://example.com"}, "general_argument_invalid", "url"),
    ],
)
def test_what_cannot_be_is_refused(directory, teachers, given, type, field):
    with pytest.raises((Invalid, NotFound)) as refused:
        directory.teams.create_membership("teachers", **given)
    assert (refused.value.type, refused.value.field) == (type, field)
    assert directory.users.count() == 1


def test_an_operator_confirms_who_was_invited(directory, teachers):
    secret = invited(directory, email="bob@example.com", roles=["maths"]).secret
    membership = directory.teams.create_membership("teachers", email="bob@example.com", roles=["arts"]).membership
    assert (membership.status, membership.roles) == ("confirmed", ("arts",))
    accept = directory.teams.update_membership_status
    assert refusal(Denied, accept, "teachers", membership.id, "bob@example.com", secret) == "team_invalid_secret"
    assert not directory.users.get("bob@example.com").email_verified


# Inviting and accepting


def test_accepting_confirms_and_verifies_the_address_and_only_that(directory, teachers, clock):
    added = invited(directory, email="bob@example.com", phone="+12065550100", roles=["maths"])
    pending = added.membership
    assert (pending.status, pending.joined_at, len(added.secret)) == ("pending", None, 64)
    assert directory.teams.get("teachers").members == 1
    clock.forward(days=1)
    accept = directory.teams.update_membership_status
    accepted = accept("teachers", pending.id, pending.user_id, added.secret)
    assert (accepted.status, accepted.joined_at, accepted.invited_at) == ("confirmed", clock.now, pending.invited_at)
    assert directory.teams.get("teachers").members == 2
    user = directory.users.get(pending.user_id)
    assert (user.email_verified, user.phone_verified, user.mfa, user.labels) == (True, False, False, ())
    assert directory.users.list_sessions(user.id) == []
    assert [name for name, _ in logged(directory)[:2]] == [
        "users.update.email_verification",
        "teams.memberships.update.status",
    ]
    assert refusal(Denied, accept, "teachers", pending.id, pending.user_id, added.secret) == "team_invalid_secret"


def test_an_invitation_by_phone_verifies_the_phone(directory, teachers):
    added = invited(directory, phone="+12065550100")
    directory.teams.update_membership_status("teachers", added.membership.id, "+12065550100", added.secret)
    assert directory.users.get("+12065550100").phone_verified


def test_what_was_set_before_the_address_was_verified_ends(directory, teachers):
    """Whoever signed up with another's address keeps nothing."""
    directory.users.create(id="bob", email="bob@example.com", password=PASSWORD, self_service=True)
    session = directory.sessions.create("bob", PASSWORD).secret
    added = invited(directory, user="bob")
    directory.teams.update_membership_status("teachers", "bob", "bob", added.secret)
    assert refusal(Denied, directory.sessions.get, session) == "user_unauthorized"
    assert directory.users.get("bob").password is None
    directory.users.create(id="cay", email="cay@example.com", password=PASSWORD)
    added = invited(directory, user="cay")
    directory.teams.update_membership_status("teachers", "cay", "cay", added.secret)
    assert directory.users.get("cay").password is not None  # an operator set it


def test_wrong_used_and_expired_secrets_get_the_same_answer(directory, teachers, clock):
    used = invited(directory, email="bob@example.com")
    directory.teams.update_membership_status("teachers", used.membership.id, "bob@example.com", used.secret)
    expired = invited(directory, email="cay@example.com")
    clock.forward(days=7)
    other = invited(directory, email="dan@example.com")
    answers = set()
    for membership, secret in (
        (expired.membership, "wrong"),
        (expired.membership, ""),
        (expired.membership, expired.secret),
        (expired.membership, other.secret),
        (used.membership, used.secret),
        (used.membership, "wrong"),
    ):
        with pytest.raises(Denied) as refused:
            directory.teams.update_membership_status("teachers", membership.id, membership.user_id, secret)
        answers.add((refused.value.type, refused.value.message, refused.value.hint, refused.value.field))
    assert len(answers) == 1
    assert answers.pop()[0] == "team_invalid_secret"
    assert logged(directory, "teams.memberships.update.status")[0][1] == {"refused": "secret"}


def test_the_policy_says_when_an_invitation_expires(directory, teachers, clock):
    directory.security.set("invite-expiry", "1h")
    added = invited(directory, email="bob@example.com")
    clock.forward(minutes=59)
    assert directory.teams.update_membership_status("teachers", added.membership.id, "bob@example.com", added.secret)


def test_an_invitation_is_for_the_invited(directory, teachers):
    added = invited(directory, email="bob@example.com")
    accept = directory.teams.update_membership_status
    for user in ("ada", "nobody"):
        assert refusal(Denied, accept, "teachers", added.membership.id, user, added.secret) == "team_invite_mismatch"
    bob = added.membership.user_id
    directory.users.update_status(bob, "blocked")
    assert refusal(Denied, accept, "teachers", added.membership.id, bob, added.secret) == "user_blocked"
    directory.users.update_status(bob, "active")
    assert accept("teachers", added.membership.id, bob, added.secret).is_confirmed


def test_whether_the_team_the_membership_or_the_secret_is_wrong_is_one_answer(directory, teachers):
    for id in ("other", "namesake"):
        directory.teams.create("Other", id=id)
    added = invited(directory, email="bob@example.com")
    id, user = added.membership.id, added.membership.user_id
    bob = person(directory, "bob2")
    wrong = [
        ("nothing", id, added.secret),
        ("other", id, added.secret),
        ("Other", id, added.secret),
        ("teachers", "nothing", added.secret),
        ("teachers", "ada", added.secret),
        ("teachers", id, "wrong"),
    ]
    for acting in (directory, bob):
        answers = set()
        for team, membership, secret in wrong:
            with pytest.raises(Denied) as refused:
                acting.teams.update_membership_status(team, membership, user, secret)
            answers.add((refused.value.type, refused.value.message, refused.value.hint, refused.value.field))
        assert len(answers) == 1
        log = [each["refused"] for _, each in logged(directory, "teams.memberships.update.status")[: len(wrong)]]
        assert log[::-1] == ["team", "membership", "team", "membership", "secret", "secret"]


def test_memberships_of_other_teams_and_unknown_ones_are_not_found(directory, teachers):
    directory.teams.create("Other", id="other")
    added = invited(directory, email="bob@example.com")
    id = added.membership.id
    assert refusal(NotFound, directory.teams.get_membership, "other", id) == "membership_not_found"
    assert refusal(NotFound, directory.teams.get_membership, "teachers", "nobody") == "membership_not_found"
    assert refusal(NotFound, directory.teams.delete_membership, "other", id) == "membership_not_found"
    assert refusal(NotFound, directory.teams.update_membership, "other", id, []) == "membership_not_found"


def test_inviting_again_renews_the_secret_and_the_roles(directory, teachers, clock):
    first = invited(directory, email="bob@example.com", roles=["maths"])
    clock.forward(days=6)
    kept = invited(directory, email="bob@example.com")
    again = invited(directory, email="bob@example.com", roles=["arts"])
    assert (first.membership.id, kept.membership.roles, again.membership.roles) == (
        again.membership.id,
        ("maths",),
        ("arts",),
    )
    assert again.membership.invited_at == clock.now
    clock.forward(days=6)
    accept = directory.teams.update_membership_status
    for old in (first, kept):
        assert (
            refusal(Denied, accept, "teachers", again.membership.id, "bob@example.com", old.secret)
            == "team_invalid_secret"
        )
    assert accept("teachers", again.membership.id, "bob@example.com", again.secret).roles == ("arts",)
    assert members(directory, filters=["roles ~ arts"]) == [again.membership.user_id]
    assert members(directory, filters=["roles ~ maths"]) == []


def test_only_digests_of_secrets_are_kept(directory, teachers):
    added = invited(directory, email="bob@example.com")
    assert added.secret not in repr(added)
    stored = directory.read(
        lambda work: work.db.sqlalchemy.exec_driver_sql("SELECT secret_digest FROM invitations").scalar_one()
    )
    assert len(stored) == 32
    assert added.secret not in str([event.public() for event in directory.security.list_logs()])


def test_a_dry_run_invites_nobody(directory, teachers):
    dry = directory.acting(directory.actor, dry_run=True)
    added = dry.teams.create_membership("teachers", email="bob@example.com", invite=True, print_secret=True)
    assert (added.membership.status, added.secret) == ("pending", None)
    assert [change.before for change in dry.changes] == [None, None]
    assert (directory.users.count(), members(directory)) == (1, ["ada"])


# By mail


@pytest.fixture
def mailing(opened, teachers, mail):
    """The same directory, with a mail server and a host that links may lead to."""
    return opened(mail.environ | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"})


def link_in(mail):
    """The parameters of the link in the last mail."""
    from urllib.parse import parse_qsl, urlsplit

    (address,) = [word for word in mail.last.text.split() if word.startswith("https://")]
    return dict(parse_qsl(urlsplit(address).query))


def test_an_invitation_by_mail_is_accepted_with_its_link(mailing, mail):
    added = mailing.teams.create_membership(
        "teachers", email="bob@example.com", roles=["maths"], invite=True, url="https://app.example.com/join?lang=en"
    )
    assert added.secret is None
    assert mail.last.recipients == ["bob@example.com"]
    assert "Teachers" in mail.last.message["Subject"]
    link = link_in(mail)
    assert {"lang", "secret", "membershipId", "userId", "teamId"} == link.keys()
    accepted = mailing.teams.update_membership_status(
        link["teamId"], link["membershipId"], link["userId"], link["secret"]
    )
    assert (accepted.id, accepted.status) == (added.membership.id, "confirmed")
    assert mailing.users.get("bob@example.com").email_verified


def test_a_mail_without_a_link_has_the_secret(mailing, mail):
    added = mailing.teams.create_membership("teachers", email="bob@example.com", invite=True)
    secret = next(word for word in mail.last.text.split() if len(word) == 64)
    assert mailing.teams.update_membership_status("teachers", added.membership.id, "bob@example.com", secret)


def test_a_refused_mail_leaves_nothing_behind(mailing, mail):
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox here"
    with pytest.raises(Unavailable) as refused:
        mailing.teams.create_membership("teachers", email="bob@example.com", invite=True)
    assert refused.value.type == "delivery_failed"
    assert "No such mailbox here" in refused.value.message
    assert (mailing.users.count(), members(mailing)) == (1, ["ada"])
    assert [name for name, _ in logged(mailing)[:4]] == [
        "users.delete",
        "teams.memberships.delete",
        "teams.memberships.create",
        "users.create",
    ]


def test_a_refused_mail_leaves_the_older_invitation_alive(mailing, mail, clock):
    first = mailing.teams.create_membership("teachers", email="bob@example.com", roles=["maths"], invite=True)
    secret = next(word for word in mail.last.text.split() if len(word) == 64)
    mail.mailbox.data_answer = "554 5.7.1 Rejected"
    clock.forward(days=1)
    with pytest.raises(Unavailable):
        mailing.teams.create_membership("teachers", email="bob@example.com", roles=["arts"], invite=True)
    kept = mailing.teams.get_membership("teachers", first.membership.id)
    assert kept == first.membership
    assert mailing.teams.update_membership_status("teachers", kept.id, "bob@example.com", secret).roles == ("maths",)


def test_a_renewed_mail_ends_the_older_invitation(mailing, mail):
    secrets = []
    for roles in (["maths"], ["arts"]):
        added = mailing.teams.create_membership("teachers", email="bob@example.com", roles=roles, invite=True)
        secrets.append(next(word for word in mail.last.text.split() if len(word) == 64))
    accept = mailing.teams.update_membership_status
    assert refusal(Denied, accept, "teachers", added.membership.id, "bob@example.com", secrets[0])
    assert accept("teachers", added.membership.id, "bob@example.com", secrets[1]).roles == ("arts",)


def test_nothing_is_done_where_nothing_can_be_sent(directory, mailing, mail):
    call = directory.teams.create_membership
    assert refusal(Unavailable, call, "teachers", email="bob@example.com", invite=True) == "delivery_unconfigured"
    assert refusal(Unavailable, call, "teachers", phone="+12065550100", invite=True) == "delivery_unconfigured"
    call = mailing.teams.create_membership
    evil = {"email": "bob@example.com", "invite": True, "url": "https://evil.example.com"}
    assert refusal(Invalid, call, "teachers", **evil) == "general_redirect_denied"
    directory.security.set("sms-countries", "44")
    assert refusal(Invalid, call, "teachers", phone="+12065550100", invite=True) == "general_argument_invalid"
    directory.users.create(id="bare")
    assert refusal(Invalid, call, "teachers", user="bare", invite=True) == "general_argument_invalid"
    assert (directory.users.count(), members(directory), mail.mails) == (2, ["ada"], [])


def test_an_address_gets_only_so_many_invitations_in_an_hour(mailing, mail, clock):
    mailing.security.set("otp-hourly-limit", "2")
    call = partial(mailing.teams.create_membership, "teachers", email="bob@example.com", invite=True)
    call()
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox here"
    assert refusal(Unavailable, call) == "delivery_failed"  # counts all the same
    mail.mailbox.recipient_answer = None
    assert refusal(Denied, call) == "general_rate_limit_exceeded"
    assert len(mail.mails) == 1
    clock.forward(hours=1)
    call()
    assert len(mail.mails) == 2


def test_a_dry_run_sends_nothing(mailing, mail):
    dry = mailing.acting(mailing.actor, dry_run=True)
    assert dry.teams.create_membership("teachers", email="bob@example.com", invite=True).membership.status == "pending"
    assert (mail.mails, members(mailing)) == ([], ["ada"])


def test_what_people_call_themselves_and_their_teams_is_no_link_in_a_mail(mailing, mail):
    mailing.users.update_name("ada", "https://evil.example/" + "a" * 100)
    mailing.teams.update_name("teachers", "Win at www.evil.example or mail win@evil.example " + "b" * 70)
    ada = mailing.as_session(mailing.sessions.create("ada", PASSWORD).secret)
    ada.teams.create_membership("teachers", email="bob@example.com")
    for text in (mail.last.text, mail.last.html, mail.last.message["Subject"]):
        assert not re.search(r"\w\.example/|https?://|www\.\S|@evil|a{50}|b{50}", text)
    assert "Win at www. evil. example" in mail.last.text


def test_a_mail_names_the_person_who_invites(mailing, mail):
    ada = mailing.as_session(mailing.sessions.create("ada", PASSWORD).secret)
    added = ada.teams.create_membership("teachers", email="bob@example.com", roles=["maths"])
    assert added.membership.status == "pending"
    assert "Ada Lovelace" in mail.last.text


# Roles


def test_roles_are_replaced_added_and_removed(directory, teachers):
    directory.users.create(id="bob")
    directory.teams.create_membership("teachers", user="bob", roles=["maths", "arts"])
    update = directory.teams.update_membership
    assert update("teachers", "bob", add=["literature", "maths"], remove=["arts"]).roles == ("maths", "literature")
    assert update("teachers", "bob", ["sciences", "sciences"]).roles == ("sciences",)
    assert logged(directory, "teams.memberships.update")[0][1] == {
        "user": "bob",
        "roles": {"before": ["maths", "literature"], "after": ["sciences"]},
    }
    assert update("teachers", "bob", []).roles == ()
    assert update("teachers", "bob", []).roles == ()
    assert len(logged(directory, "teams.memberships.update")) == 3
    assert refusal(Invalid, update, "teachers", "bob") == "general_argument_invalid"
    update("teachers", "bob", [f"role{number}" for number in range(100)])
    assert refusal(Invalid, update, "teachers", "bob", add=["one"]) == "general_argument_invalid"


def test_the_last_owner_stays_unless_forced(directory, teachers):
    directory.users.create(id="bob")
    invited(directory, email="cay@example.com", roles=["owner"])  # a pending owner is none yet
    update, delete = directory.teams.update_membership, directory.teams.delete_membership
    assert refusal(Conflict, update, "teachers", "ada", []) == "membership_last_owner"
    assert refusal(Conflict, update, "teachers", "ada", remove=["owner"]) == "membership_last_owner"
    assert refusal(Conflict, delete, "teachers", "ada") == "membership_last_owner"
    directory.teams.create_membership("teachers", user="bob", roles=["owner"])
    assert update("teachers", "ada", ["maths"]).roles == ("maths",)
    delete("teachers", "ada")
    assert update("teachers", "bob", [], force=True).roles == ()
    assert logged(directory, "teams.memberships.update")[0][1]["forced"] is True
    update("teachers", "bob", ["owner"])
    delete("teachers", "bob", force=True)
    assert logged(directory, "teams.memberships.delete")[0][1]["forced"] is True
    assert "forced" not in logged(directory, "teams.memberships.delete")[1][1]


def test_the_last_owner_is_deleted_by_force_alone(directory, teachers):
    directory.users.create(id="bob")
    directory.teams.create_membership("teachers", user="bob")
    with pytest.raises(Conflict) as refused:
        directory.users.delete("ada")
    assert refused.value.type == "membership_last_owner"
    assert "last owner of the team teachers" in refused.value.message
    assert "teams update-membership teachers MEMBER --add owner" in refused.value.hint
    directory.teams.update_membership("teachers", "bob", add=["owner"])
    directory.users.delete("ada")
    assert refusal(Conflict, directory.users.delete, "bob") == "membership_last_owner"
    directory.users.delete("bob", force=True)
    assert logged(directory, "users.delete")[0][1] == {"teams_without_owner": ["teachers"]}


def test_role_strings_name_confirmed_memberships_alone(directory, teachers):
    directory.users.create(id="bob")
    directory.teams.create("Other", id="other")
    one = directory.teams.create_membership("teachers", user="bob", roles=["maths", "arts"]).membership
    invited(directory, "other", user="bob", roles=["maths"])
    teams = ["team:teachers", f"member:{one.id}", "team:teachers/maths", "team:teachers/arts"]
    assert directory.users.list_roles("bob")[-4:] == teams
    assert not any("other" in role for role in directory.users.list_roles("bob"))
    directory.users.update_status("bob", "blocked")
    assert directory.users.list_roles("bob") == []
    directory.users.update_status("bob", "active")
    directory.teams.delete_membership("teachers", one.id)
    assert not any("team" in role for role in directory.users.list_roles("bob"))


def test_a_deleted_user_takes_the_memberships_along(directory, teachers):
    directory.teams.create_membership("teachers", email="bob@example.com", roles=["maths"])
    invited(directory, email="cay@example.com")
    directory.users.delete("bob@example.com")
    directory.users.delete("cay@example.com")
    assert (members(directory), directory.teams.get("teachers").members) == (["ada"], 1)
    assert directory.teams.count_memberships("teachers", filters=["roles ~ maths"]) == 0


# Lists


@pytest.fixture
def staff(directory, teachers, clock):
    """Eight more members, each a second younger: every second teaches maths, every third is pending."""
    for number in range(8):
        clock.forward(seconds=1)
        given = {
            "user": f"user{number}",
            "email": f"{'abcdefgh'[7 - number]}@example.com",
            "name": f"Name {number % 3}",
            "roles": ["maths", "staff"] if number % 2 == 0 else ["arts"],
        }
        if number % 3 == 0:
            invited(directory, **given)
        else:
            directory.teams.create_membership("teachers", **given)


def users(memberships):
    return [each.user_id for each in memberships]


def test_pages_of_members_follow_and_precede_each_other(directory, staff):
    newest_first = [f"user{number}" for number in range(7, -1, -1)] + ["ada"]
    found = directory.teams.list_memberships("teachers")
    assert users(found) == users(directory.teams.iterate_memberships("teachers")) == newest_first
    middle = found[4].id
    for filters in ([], ["roles ~ maths"], ["status = confirmed"], ["status != pending", "roles ~ maths"]):
        for sort in ("-invited_at", "invited_at", "user_email", "-user_name", "joined_at", "status", "mfa", "id"):
            asked = {"filters": filters, "sort": sort}
            everything = users(directory.teams.iterate_memberships("teachers", **asked))
            paged, after = [], None
            while page := directory.teams.list_memberships("teachers", **asked, limit=2, after=after):
                paged += users(page)
                after = page[-1].id
            assert paged == everything, asked
            assert len(everything) == directory.teams.count_memberships("teachers", filters=filters)
            if everything and not filters:
                place = everything.index(found[4].user_id)
                before = users(directory.teams.list_memberships("teachers", **asked, limit=2, before=middle))
                assert before == everything[max(place - 2, 0) : place], asked
    call = directory.teams.list_memberships
    assert refusal(NotFound, call, "teachers", after="nothing") == "membership_not_found"


def test_members_are_filtered_and_searched(directory, staff):
    def found(**asked):
        return set(members(directory, **asked))

    assert found(filters=["roles ~ maths"]) == {"user0", "user2", "user4", "user6"}
    assert found(filters=["roles ~ maths", "roles ~ staff", "status = pending"]) == {"user0", "user6"}
    assert found(filters=["roles ~ math"]) == set()
    assert found(filters=["status = PENDING"]) == {"user0", "user3", "user6"}
    assert found(filters=["user_name = 'Name 1'"]) == {"user1", "user4", "user7"}
    assert found(filters=["user_email = A@example.com"]) == {"user7"}
    assert found(filters=["user_email ~ @example", "user_id != ada", "joined_at = "]) == {"user0", "user3", "user6"}
    assert found(filters=["mfa = true"]) == set()
    assert found(filters=["invited_at > 2026-01-02T03:04:11Z"]) == {"user5", "user6", "user7"}
    assert found(search="lovelace") == {"ada"}
    assert found(search="name 2", filters=["status = confirmed"]) == {"user2", "user5"}
    assert found(search=">") == set()
    assert directory.teams.count_memberships("teachers", search="name") == 8
    call = directory.teams.list_memberships
    for filters in (["status = maybe"], ["roles = maths"], ["nothing = 1"]):
        assert refusal(Invalid, call, "teachers", filters=filters) == "general_argument_invalid"


def test_a_users_memberships_are_listed(directory, teachers, clock):
    for number in range(5):
        clock.forward(seconds=1)
        directory.teams.create(f"Team {number}", id=f"team{number}")
        directory.teams.create_membership(f"team{number}", user="ada", roles=["maths"] if number % 2 else [])
    found = directory.users.list_memberships("ada")
    assert [each.team_id for each in found] == ["team4", "team3", "team2", "team1", "team0", "teachers"]
    assert found == list(directory.users.iterate_memberships("ada"))
    assert [each.team_id for each in directory.users.list_memberships("ada", limit=2, after=found[2].id)] == [
        "team1",
        "team0",
    ]
    assert directory.users.count_memberships("ada", filters=["roles ~ maths"]) == 2
    assert [each.team_id for each in directory.users.list_memberships("ada", search="team 3")] == ["team3"]
    assert [each.team_name for each in directory.users.list_memberships("ada", sort="team_name", limit=2)] == [
        "Teachers",
        "Team 0",
    ]


# Acting for a person


def test_only_owners_invite_remove_and_change_roles(directory, mailing, teachers):
    bob = person(directory, "bob")
    directory.teams.create_membership("teachers", user="bob", roles=["maths"])
    cay = directory.teams.create_membership("teachers", email="cay@example.com").membership
    verbs = (
        (bob.teams.create_membership, ("teachers",), {"email": "x@example.com"}),
        (bob.teams.update_membership, ("teachers", "bob"), {"add": ["owner"]}),
        (bob.teams.update_membership, ("teachers", cay.id, []), {}),
        (bob.teams.delete_membership, ("teachers", cay.id), {}),
    )
    for verb, args, kwargs in verbs:
        assert refusal(Denied, verb, *args, **kwargs) == "user_unauthorized"
    assert directory.users.count(search="x@example.com") == 0
    ada = person(directory, "ada")
    assert ada.teams.update_membership("teachers", cay.id, ["arts"]).roles == ("arts",)
    assert ada.teams.delete_membership("teachers", cay.id).id == cay.id
    added = person(mailing, "ada").teams.create_membership("teachers", email="x@example.com")
    assert added.membership.status == "pending"
    assert bob.teams.delete_membership("teachers", "bob").user_id == "bob"  # a member may leave
    assert refusal(NotFound, bob.teams.get, "teachers") == "team_not_found"
    actors = {event.actor for event in directory.security.list_logs(events=["teams.memberships.delete"])}
    assert actors == {"user:ada", "user:bob"}


def test_an_owner_cannot_leave_a_team_without_one(directory, teachers):
    ada = person(directory, "ada")
    for force in (False, True):
        assert refusal(Conflict, ada.teams.delete_membership, "teachers", "ada", force=force) == "membership_last_owner"
        assert (
            refusal(Conflict, ada.teams.update_membership, "teachers", "ada", [], force=force)
            == "membership_last_owner"
        )


def test_the_invited_may_decline_and_sees_the_own_invitation_alone(directory, teachers):
    bob = person(directory, "bob")
    pending = invited(directory, user="bob").membership
    assert [each.id for each in bob.users.list_memberships("bob")] == [pending.id]
    assert refusal(NotFound, bob.teams.list_memberships, "teachers") == "team_not_found"
    for other in (directory.teams.get_membership("teachers", "ada").id, "ada", "nobody"):
        assert refusal(Denied, bob.teams.delete_membership, "teachers", other) == "user_unauthorized"
    bob.teams.delete_membership("teachers", "bob")
    assert members(directory) == ["ada"]
    assert refusal(Denied, bob.teams.delete_membership, "teachers", "bob") == "user_unauthorized"
    assert refusal(Denied, bob.users.list_memberships, "ada") == "user_unauthorized"


def test_a_person_accepts_and_keeps_the_session(directory, teachers):
    bob = person(directory, "bob")
    added = invited(directory, user="bob", roles=["maths"])
    accepted = bob.teams.update_membership_status("teachers", added.membership.id, "bob", added.secret)
    assert accepted.is_confirmed
    assert bob.teams.get("teachers").members == 2
    assert "team:teachers/maths" in bob.users.list_roles("bob")


def test_members_do_not_see_what_the_policy_hides(directory, teachers):
    bob = person(directory, "bob")
    directory.teams.create_membership("teachers", user="bob", roles=["maths"])
    ada_id = directory.teams.get_membership("teachers", "ada").id
    assert users(bob.teams.list_memberships("teachers", filters=["user_email = ada@example.com"])) == ["ada"]
    assert bob.teams.get_membership("teachers", "ada").id == ada_id
    assert refusal(NotFound, bob.teams.get_membership, "teachers", "ada@example.com") == "membership_not_found"
    directory.security.set("memberships-privacy", "user_id,user_name,user_email,mfa")
    seen = bob.teams.get_membership("teachers", ada_id)
    assert (seen.user_id, seen.user_name, seen.user_email, seen.mfa) == (None, None, None, None)
    assert (seen.roles, seen.team_name) == (("owner",), "Teachers")
    own = bob.teams.get_membership("teachers", "bob")
    assert (own.user_id, own.user_email) == ("bob", "bob@example.com")
    assert {each.user_email for each in bob.teams.list_memberships("teachers")} == {None, "bob@example.com"}
    assert {each.user_name for each in bob.teams.iterate_memberships("teachers")} == {None, "Bob"}
    # Nor are they found out by asking.
    assert refusal(NotFound, bob.teams.get_membership, "teachers", "ada") == "membership_not_found"
    for asked in ({"filters": ["user_email ~ ada"]}, {"filters": ["user_id = ada"]}, {"sort": "user_name"}):
        assert refusal(Invalid, bob.teams.list_memberships, "teachers", **asked) == "general_argument_invalid"
        with pytest.raises(Invalid):
            list(bob.teams.iterate_memberships("teachers", **asked))
    assert refusal(Denied, bob.teams.list_memberships, "teachers", search="ada") == "user_unauthorized"
    assert refusal(Denied, bob.teams.count_memberships, "teachers", search="ada") == "user_unauthorized"
    seen_by_operator = directory.teams.get_membership("teachers", "ada")
    assert seen_by_operator.user_email == "ada@example.com"


INVITEE = ("user_id", "user_name", "user_email", "mfa")


def who(membership):
    """What a membership tells of its user."""
    return tuple(getattr(membership, name) for name in INVITEE)


def test_an_owner_invites_by_one_name_and_learns_no_more(directory, mailing, teachers):
    """Whether somebody has the address, and who that is: dry runs, lists and other questions tell no more."""
    directory.users.create(id="bob", email="bob@example.com", phone="+12065550100", name="Bob", email_verified=True)
    ada = person(mailing, "ada")
    call = ada.teams.create_membership
    assert refusal(Invalid, call, "teachers", user="bob", email="bob@example.com") == "general_argument_invalid"
    told = []
    for email in ("bob@example.com", "nobody@example.com"):
        dry = ada.acting(ada.actor, dry_run=True)
        would = dry.teams.create_membership("teachers", email=email, name="B")
        assert who(would.membership) == (None, "B", email, None)
        added = call("teachers", email=email, name="B").membership
        assert who(added) == (None, "B", email, None)
        told.append([(each.before, who_of(each.after)) for each in dry.changes])
        assert who(ada.teams.get_membership("teachers", added.id)) == (None, None, None, None)
        assert who(ada.teams.update_membership("teachers", added.id, ["arts"])) == (None, None, None, None)
    assert told == [[(None, (None, None, None, None))]] * 2
    assert {who(each) for each in ada.teams.list_memberships("teachers", filters=["status = pending"])} == {
        (None, None, None, None)
    }


def who_of(public):
    return tuple(public[name] for name in INVITEE)


def test_who_is_invited_is_not_found_out_by_asking(directory, teachers):
    directory.users.create(id="bob", email="bob@example.com", name="Bob")
    pending = invited(directory, email="bob@example.com").membership
    ada = person(directory, "ada")
    for text in ("bob", "bob@example.com", "id:bob"):
        assert refusal(NotFound, ada.teams.get_membership, "teachers", text) == "membership_not_found"
        assert refusal(NotFound, ada.teams.delete_membership, "teachers", text) == "membership_not_found"
    listed = ada.teams.list_memberships
    for asked in ({"filters": ["user_email = bob@example.com"]}, {"filters": [" user_id = bob"]}):
        assert listed("teachers", **asked) == list(ada.teams.iterate_memberships("teachers", **asked)) == []
        assert ada.teams.count_memberships("teachers", **asked) == 0
    for sort in ("user_name", "-user_email", "mfa"):
        assert users(listed("teachers", sort=sort)) == ["ada"]
    assert len(listed("teachers", sort="invited_at")) == 2
    assert ada.teams.delete_membership("teachers", pending.id).user_id is None
    assert members(directory) == ["ada"]


def test_a_person_invites_by_id_only_whom_a_team_has_made_known(directory, mailing, teachers):
    for id in ("bob", "cay"):
        directory.users.create(id=id, username=id.upper(), email=f"{id}@example.com", name=id)
    directory.teams.create("Staff", id="staff", owner="ada")
    directory.teams.create_membership("staff", user="bob")
    invited(directory, "staff", user="cay")
    call = person(mailing, "ada").teams.create_membership
    answers = set()
    for user in ("cay", "id:cay", "nobody", "email:bob@example.com", "username:bob"):
        with pytest.raises(NotFound) as refused:
            call("teachers", user=user)
        answers.add((refused.value.type, refused.value.message.replace(user, "X"), refused.value.hint))
    assert len(answers) == 1
    assert call("teachers", user="bob").membership.user_id == "bob"
    directory.security.set("memberships-privacy", "user_id")
    assert refusal(NotFound, call, "teachers", user="bob") == "user_not_found"
    assert logged(directory, "users.create")[0][1]["email"] == "cay@example.com"  # and nobody was made


def test_a_person_is_never_shown_the_secret_of_an_invitation(directory, teachers):
    """It proves an address, which may be somebody else's."""
    ada = person(directory, "ada")
    for acting in (ada, ada.acting(ada.actor, dry_run=True)):
        for given in ({"email": "boss@example.com"}, {"phone": "+12065550100"}, {"user": "ada"}, {}):
            call = acting.teams.create_membership
            assert refusal(Denied, call, "teachers", **given, print_secret=True) == "user_unauthorized"
    assert members(directory) == ["ada"]


@pytest.mark.parametrize("proof", ["email", "phone", "identity", None])
def test_only_who_has_a_proof_invites(directory, mailing, mail, proof):
    session = directory.sessions.create_anonymous()
    eve, id = mailing.as_session(session.secret), session.session.user_id
    eve.teams.create("Free money", id="free")
    assert refusal(Denied, eve.teams.create_membership, "free", email="b@example.com") == "user_proof_required"
    directory.users.update_email(id, "eve@example.com")
    assert refusal(Denied, eve.teams.create_membership, "free", email="b@example.com") == "user_proof_required"
    assert (mail.mails, directory.users.count()) == ([], 2)
    if proof == "email":
        directory.users.update_email_verification(id, True)
    elif proof == "phone":
        directory.users.update_phone(id, "+12065550100")
        directory.users.update_phone_verification(id, True)
    elif proof == "identity":
        directory.users.create_identity(id, "google", "1")
    else:
        return
    assert eve.teams.create_membership("free", email="b@example.com").membership.status == "pending"


def test_to_all_but_owners_it_is_one_answer_what_a_team_is(directory, teachers):
    """A member, an invited person, a stranger; and a team that nobody has."""
    bob, cay, dan = (person(directory, id) for id in ("bob", "cay", "dan"))
    directory.teams.create_membership("teachers", user="bob")
    invited(directory, user="cay")
    ada = directory.teams.get_membership("teachers", "ada").id
    verbs = {
        "create_membership": {"email": "x@example.com"},
        "update_membership": {"membership": ada, "roles": []},
        "delete_membership": {"membership": ada},
        "update_name": {"name": "x"},
        "update_prefs": {"prefs": {}},
        "delete": {},
    }
    for verb, given in verbs.items():
        answers = set()
        for acting, team in ((bob, "teachers"), (cay, "teachers"), (dan, "teachers"), (dan, "nothing")):
            with pytest.raises(Denied) as refused:
                getattr(acting.teams, verb)(team, **given)
            message = refused.value.message.replace(team, "X")
            answers.add((refused.value.type, message, refused.value.hint, refused.value.field))
        assert len(answers) == 1, verb


def test_what_operators_invite_does_not_count_towards_the_user_limit(directory, teachers):
    directory.security.set("user-limit", "1")
    assert invited(directory, email="x@example.com")
