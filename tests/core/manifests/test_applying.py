"""Manifests applied through the door, on both databases: what is done, what stays, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles import processes

from authctl.core.manifests import applying, reading
from authctl.core.manifests.plans import Prune
from authctl.errors import AuthctlError, Conflict, Denied, Invalid

SCHOOL = """
[[teams]]
id = "maths"
name = "Mathematics"

[[teams.members]]
user = "ada@example.com"
roles = ["owner", "teacher"]

[[users]]
email = "ada@example.com"
name = "Ada"
labels = ["staff"]

[[users]]
id = "bob"
name = "Bob"
"""


def apply(directory, *texts, name="school", dry_run=False, **options):
    manifest = reading.read(name, [(f"{place}.toml", text) for place, text in enumerate(texts, 1)])
    return applying.apply(directory.acting(directory.actor, dry_run=dry_run), manifest, **options)


def told(plan):
    marks = {"create": "+", "change": "~", "remove": "-"}
    return [f"{marks[step.action]} {step.kind} {step.name}" for step in plan.steps]


def faults(directory, *texts, **options):
    with pytest.raises(AuthctlError) as refused:
        apply(directory, *texts, **options)
    return [problem.message for problem in refused.value.problems]


def events(directory):
    return list(directory.security.list_logs(events=["users.*", "teams.*", "security.update.*"]))


def roles_of(directory, team, user):
    return directory.teams.get_membership(team, user).roles


def test_what_is_missing_is_made_and_a_second_run_changes_nothing(directory):
    plan = apply(directory, SCHOOL)
    assert told(plan) == [
        "+ user ada@example.com",
        "+ user bob",
        "+ team maths",
        "+ membership ada@example.com in maths",
    ]
    ada = directory.users.get("ada@example.com")
    assert (ada.name, ada.labels) == ("Ada", ("staff",))
    assert roles_of(directory, "maths", "ada@example.com") == ("owner", "teacher")
    before = events(directory)
    assert told(apply(directory, SCHOOL)) == []
    assert events(directory) == before


def test_a_dry_run_plans_the_same_and_changes_nothing(directory):
    planned = apply(directory, SCHOOL, dry_run=True)
    assert directory.users.count() == 0
    assert planned.changes() == apply(directory, SCHOOL).changes()


def test_each_change_has_an_event_with_the_manifest_and_the_reason(directory):
    apply(directory.from_request(reason="New term"), SCHOOL, name="autumn")
    found = events(directory)
    assert sorted(event.name for event in found) == [
        "teams.create",
        "teams.memberships.create",
        "users.create",
        "users.create",
    ]
    assert {(event.details["manifest"], event.reason) for event in found} == {("autumn", "New term")}


def test_what_differs_is_changed_and_what_is_not_named_stays(directory):
    apply(directory, SCHOOL)
    directory.users.update_labels("bob", ["own"])
    directory.users.update_prefs("bob", {"theme": "dark"})
    directory.users.create(id="eve")
    changed = """
    [[users]]
    id = "bob"
    name = "Robert"
    phone = "+442079460123"
    labels = ["staff"]
    prefs = { size = 2 }
    locale = "de"
    """
    assert told(apply(directory, changed)) == ["~ user bob"]
    bob = directory.users.get("bob")
    assert (bob.name, bob.phone, bob.labels, bob.locale) == ("Robert", "+442079460123", ("own", "staff"), "de")
    assert bob.prefs == {"theme": "dark", "size": 2}
    assert directory.users.get("eve").name == ""
    assert told(apply(directory, changed)) == []


def test_an_email_is_changed_and_verified_in_one_run(directory):
    apply(directory, '[[users]]\nid = "ada"\nemail = "ada@example.com"\nemail_verified = true')
    text = '[[users]]\nid = "ada"\nemail = "ada@example.org"\nemail_verified = true'
    apply(directory, text)
    ada = directory.users.get("ada")
    assert (ada.email, ada.email_verified) == ("ada@example.org", True)
    assert told(apply(directory, text)) == []


def test_created_is_made_once_and_then_left_alone(directory):
    text = '[[users]]\nid = "ada"\nname = "Ada"\nstate = "created"\n[[teams]]\nid = "maths"\nstate = "created"\n'
    apply(directory, text)
    directory.users.update_name("ada", "Countess")
    directory.teams.update_name("maths", "Sums")
    assert told(apply(directory, text, prune=Prune.DELETE)) == []
    assert directory.users.get("ada").name == "Countess"


def test_absent_removes_and_stays_removed(directory):
    apply(directory, SCHOOL)
    gone = '[[teams]]\nid = "maths"\nstate = "absent"\n[[users]]\nid = "bob"\nstate = "absent"\n'
    assert told(apply(directory, gone)) == ["- team maths", "- user bob"]
    assert told(apply(directory, gone)) == []
    assert directory.users.count() == 1


def test_blocked_blocks_and_ends_sessions_and_present_lets_in_again(directory):
    apply(directory, SCHOOL)
    directory.users.create_session("bob")
    apply(directory, '[[users]]\nid = "bob"\nstate = "blocked"')
    assert directory.users.get("bob").status == "blocked"
    assert directory.users.list_sessions("bob") == []
    assert told(apply(directory, '[[users]]\nid = "bob"')) == ["~ user bob"]
    assert directory.users.get("bob").status == "active"


def test_present_does_not_let_in_whom_somebody_else_has_blocked(directory):
    apply(directory, SCHOOL)
    directory.users.update_status("bob", "blocked")
    plan = apply(directory, SCHOOL)
    assert (told(plan), plan.notes) == ([], ["1.toml:15: The user bob stays blocked: this manifest didn't block them."])
    assert directory.users.get("bob").status == "blocked"


def test_a_password_is_generated_once_and_shown_once(directory):
    text = '[[users]]\nid = "ada"\npassword = "generate"'
    [change] = apply(directory, text).changes()
    assert directory.sessions.create("ada", change["generated_password"])
    ada = directory.users.get("ada")
    assert ada.password.must_change
    assert ada.password.expires_at is not None
    assert apply(directory, text).changes() == []
    assert directory.users.get("ada").password.hash == ada.password.hash


def test_a_hash_is_taken_in(directory):
    apply(directory, '[[users]]\nid = "ada"\npassword = "5f4dcc3b5aa765d61d8327deb882cf99"\nhash = "md5"')
    assert directory.users.get("ada").password.algorithm == "md5"


def test_policies_hold_for_what_follows_and_are_told_apart(directory):
    text = '[policy]\nsession-limit = 3\nuser-limit = 7\n\n[[mock-phones]]\nphone = "+13334445555"\ncode = "123456"\n'
    assert told(apply(directory, text)) == [
        "~ policy session-limit",
        "~ policy user-limit",
        "+ mock-phone +13334445555",
    ]
    assert directory.security.show(["session-limit"]) == {"session-limit": 3}
    assert told(apply(directory, text)) == []


def test_a_policy_refuses_with_the_line_and_nothing_is_done(directory):
    directory.security.set("reason-required", True)
    text = '[[users]]\nid = "ada"\n\n[[users]]\nid = "bob"\nlabels = ["staff"]\nstate = "blocked"\n'
    assert told(apply(directory, text)) == ["+ user ada", "+ user bob"]
    more = '[[users]]\nid = "eve"\n\n[[users]]\nid = "ada"\nlabels = ["admin"]\n'
    assert faults(directory, more) == ["1.toml:4: This change needs a reason (policy reason-required)."]
    assert directory.users.count() == 2
    apply(directory.from_request(reason="New term"), more)


def test_the_last_owner_stays(directory):
    apply(directory, SCHOOL)
    text = SCHOOL.replace('roles = ["owner", "teacher"]', 'state = "absent"')
    [fault] = faults(directory, text)
    assert fault.startswith("1.toml:6: This is the last owner of the team maths")
    assert roles_of(directory, "maths", "ada@example.com") == ("owner", "teacher")


def test_a_stranger_who_typed_in_an_address_gets_nothing(directory, application):
    application.users.create(email="ada@example.com", password="correct horse battery")
    [fault] = faults(directory, SCHOOL)
    assert fault.startswith("1.toml:10: User ")
    assert "may be a stranger" in fault
    assert directory.teams.count() == 0


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        ('email = "ada@example.com"', "email_verified = true"),
        ('phone = "+14255550123"', "phone_verified = true"),
        ('email = "ada@example.com"', 'phone = "+14255550123"\nphone_verified = true'),
    ],
)
def test_a_manifest_verifies_no_address_of_a_stranger_whom_that_names(directory, application, name, proof):
    """Meant for an account that is to be made, it would hand a stranger's the labels and roles that come with it."""
    field, _, value = name.replace('"', "").partition(" = ")
    application.users.create(id="eve", password="correct horse battery", **{field: value})
    (fault,) = faults(directory, f'[[users]]\n{name}\n{proof}\nlabels = ["staff"]')
    assert "may be a stranger" in fault
    eve = directory.users.get("eve")
    assert (eve.email_verified, eve.phone_verified, eve.labels) == (False, False, ())
    apply(directory, f'[[users]]\nid = "eve"\n{proof}')
    eve = directory.users.get("eve")
    assert eve.email_verified or eve.phone_verified


def test_strangers_who_are_named_by_id_are_warned_of_once(directory, application):
    warned = []
    directory.warn = warned.append
    ids = [application.users.create(email=f"{name}@example.com").id for name in ("eve", "mallory", "oscar", "trudy")]
    text = '[[teams]]\nid = "art"\n' + "".join(f'[[teams.members]]\nuser = "id:{id}"\n' for id in ids)
    apply(directory, text + "".join(f'[[users]]\nid = "{id}"\nlabels = ["staff"]\n' for id in ids))
    named = [f"{id} ({name}@example.com)" for id, name in zip(ids, ("eve", "mallory", "oscar"), strict=False)]
    assert warned == [f"Nobody has verified 4 users: {', '.join(named)}, and 1 more."]


def test_what_an_absent_user_has_is_free_for_another(directory):
    directory.users.create(id="old", email="ada@example.com", username="Ada")
    directory.teams.create("Art", id="art")
    directory.teams.create_membership("art", user="old")
    text = """[[users]]
id = "new"
email = "ada@example.com"
username = "ada"

[[users]]
id = "old"
state = "absent"

[[users]]
id = "other"

[[teams]]
id = "art"

[[teams.members]]
user = "old"
state = "absent"

[[teams.members]]
user = "ada@example.com"
"""
    directory.users.create(id="other")
    assert told(apply(directory, text)) == ["- user old", "+ user new", "+ membership ada@example.com in art"]
    assert directory.users.get("ada@example.com").id == "new"
    assert [each.user_id for each in directory.teams.list_memberships("art")] == ["new"]
    assert told(apply(directory, text)) == []


def test_whom_nobody_knows_is_refused_with_all_other_faults(directory):
    apply(directory, SCHOOL)
    directory.teams.create("Maths", id="one")
    directory.teams.create("Maths", id="two")
    text = """[[teams]]
name = "Maths"

[[teams]]
id = "art"

[[teams.members]]
user = "nobody"

[[users]]
email = "ada@example.com"

[[users]]
id = "%s"
"""
    ada = directory.users.get("ada@example.com").id
    assert faults(directory, text % ada) == [
        "1.toml:1: Several teams are called Maths: one, two. Name the one that you mean by its id.",
        "1.toml:7: There is no user 'nobody'. Add a [[users]] entry, or invite an email or phone with invite = true.",
        f"1.toml:13: {ada} is named in 1.toml:10 already, as ada@example.com.",
    ]


def test_a_text_that_may_be_two_users_is_refused(directory):
    directory.users.create(id="442079460123")
    directory.users.create(id="bob", phone="+442079460123")
    [fault] = faults(directory, '[[teams]]\nid = "art"\n[[teams.members]]\nuser = "442079460123"\n')
    assert fault.startswith("1.toml:3: 442079460123 may be either of the users bob and 442079460123.")


def test_members_may_be_users_whom_the_same_manifest_makes_or_renames(directory):
    directory.users.create(id="ada", username="ada1")
    text = """
    [[teams]]
    name = "Art"
    [[teams.members]]
    user = "countess"
    [[teams.members]]
    user = "+442079460123"
    [[users]]
    id = "ada"
    username = "countess"
    [[users]]
    phone = "+442079460123"
    """
    apply(directory, text)
    assert {each.user_id for each in directory.teams.list_memberships("Art")} >= {"ada"}
    assert directory.teams.get("Art").members == 2
    assert told(apply(directory, text)) == []


def test_invitations_go_out_once_all_is_committed(opened, directory, mail):
    text = '[[teams]]\nid = "art"\n[[teams.members]]\nuser = "new@example.com"\nroles = ["painter"]\ninvite = true\n'
    directory = opened(mail.environ)
    apply(directory, text, dry_run=True)
    assert mail.mailbox.mails == []
    apply(directory, text)
    [sent] = mail.mailbox.mails
    assert "art" in sent.text
    [membership] = directory.teams.list_memberships("art")
    assert (membership.status, membership.user_email) == ("pending", "new@example.com")
    assert told(apply(directory, text)) == []
    assert len(mail.mailbox.mails) == 1


def test_a_refused_invitation_is_told_and_sent_by_the_next_run(opened, directory):
    text = '[[teams]]\nid = "art"\n[[teams.members]]\nuser = "new@example.com"\ninvite = true\n'
    environ = {"HOST": "127.0.0.1", "PORT": "1", "SECURITY": "none", "FROM": "school@example.com"}
    directory = opened({f"AUTHCTL_EMAIL_{name}": value for name, value in environ.items()})
    warnings = []
    directory.warn = warnings.append
    apply(directory, text)
    assert warnings[0].startswith("An invitation to new@example.com was not sent")
    assert told(apply(directory, text, dry_run=True)) == ["+ membership new@example.com in art"]


def test_an_invitation_without_a_mail_server_says_what_to_set(directory):
    text = '[[teams]]\nid = "art"\n[[teams.members]]\nuser = "new@example.com"\ninvite = true\n'
    with pytest.raises(AuthctlError) as refused:
        apply(directory, text)
    assert refused.value.type == "delivery_unconfigured"
    assert refused.value.hint == "Set email.host and email.from in the configuration file."


def test_the_id_of_an_account_that_is_gone_is_noted(directory):
    apply(directory, SCHOOL)
    directory.users.update_labels("bob", ["staff"])
    directory.users.create(id="eve", email="eve@example.com", email_verified=True)
    directory.users.merge("eve", "ada@example.com", force=True)
    directory.users.delete("bob")
    ada = directory.users.get("ada@example.com").id
    assert apply(directory, '[[users]]\nid = "Eve"\n[[users]]\nid = "bob"\n[[users]]\nid = "new"').notes == [
        f"1.toml:1: The user Eve was merged into {ada}. Remove this entry, or it makes a new account.",
        "1.toml:3: The id bob belonged to a deleted account. Anything still granted to it goes to the new one.",
    ]


# Prune


def test_prune_takes_away_what_the_manifest_brought_and_nothing_else(directory):
    directory.users.create(id="eve", labels=["own"])
    directory.teams.create("Art", id="art")
    both = (
        SCHOOL
        + '[[users]]\nid = "eve"\nlabels = ["own", "staff"]\n[[teams]]\nid = "art"\n'
        + ('[[teams.members]]\nuser = "eve"\nroles = ["painter"]\n')
    )
    apply(directory, both)
    directory.users.update_labels("eve", add=["hand"])
    assert told(apply(directory, "", prune=Prune.BLOCK, name="another")) == []
    plan = apply(directory, "", prune=Prune.BLOCK)
    assert told(plan) == [
        "- membership eve in art",
        "~ user eve",
        "~ user ada@example.com",
        "- team maths",
        "~ user ada@example.com",
        "~ user bob",
    ]
    assert directory.users.get("eve").labels == ("own", "hand")
    assert {user.id: user.status for user in directory.users.list()}["bob"] == "blocked"
    assert directory.teams.count() == 1
    assert told(apply(directory, "", prune=Prune.BLOCK)) == []
    assert "- user bob" in told(apply(directory, "", prune=Prune.DELETE))
    assert [user.id for user in directory.users.list()] == ["eve"]


def test_prune_names_what_has_a_generated_id_as_people_know_it(directory):
    apply(
        directory,
        '[[users]]\nemail = "ada@example.com"\n[[teams]]\nname = "Art"\n[[teams.members]]\nuser = "ada@example.com"',
    )
    less = '[[users]]\nemail = "ada@example.com"\n[[teams]]\nname = "Art"'
    assert told(apply(directory, less, prune=Prune.BLOCK)) == ["- membership ada@example.com in Art"]
    assert told(apply(directory, "", prune=Prune.DELETE)) == ["- team Art", "- user ada@example.com"]


def test_without_prune_nothing_is_taken_away(directory):
    apply(directory, SCHOOL)
    assert told(apply(directory, "")) == []


def test_prune_takes_roles_and_labels_that_an_entry_names_no_more(directory):
    apply(directory, SCHOOL)
    less = SCHOOL.replace('["owner", "teacher"]', '["owner"]').replace('labels = ["staff"]', "")
    plan = apply(directory, less, prune=Prune.BLOCK)
    assert [step.public()["after"] for step in plan.steps] == [{"roles": ["owner"]}, {"labels": []}]
    assert roles_of(directory, "maths", "ada@example.com") == ("owner",)
    assert told(apply(directory, less, prune=Prune.BLOCK)) == []


def test_what_somebody_else_gave_again_is_theirs(directory):
    apply(directory, SCHOOL)
    directory.users.update_labels("ada@example.com", remove=["staff"])
    apply(directory, '[[users]]\nid = "bob"')
    directory.users.update_labels("ada@example.com", add=["staff"])
    apply(directory, SCHOOL.replace('labels = ["staff"]', ""), prune=Prune.BLOCK)
    assert directory.users.get("ada@example.com").labels == ("staff",)


def test_whom_prune_blocked_is_let_in_when_named_again(directory):
    apply(directory, SCHOOL)
    apply(directory, "", prune=Prune.BLOCK)
    apply(directory, SCHOOL)
    assert directory.users.get("bob").status == "active"


def test_a_user_who_is_made_anew_by_hand_is_not_the_manifests(directory):
    apply(directory, SCHOOL)
    directory.users.delete("bob")
    directory.users.create(id="bob")
    apply(directory, "", prune=Prune.DELETE)
    assert directory.users.get("bob")


# Who, and how many at once


def test_it_is_for_operators(directory, application):
    with pytest.raises(Denied):
        applying.apply(application, reading.read("school", []))


def test_another_plan_than_the_one_that_was_agreed_to_is_refused(directory):
    confirmed = apply(directory, SCHOOL, dry_run=True)
    directory.users.create(id="bob", name="Bob")
    with pytest.raises(Conflict, match="another one"):
        apply(directory, SCHOOL, confirmed=confirmed)
    assert directory.users.count() == 1


def test_two_at_once_are_one_after_the_other(directory):
    texts = [SCHOOL, SCHOOL.replace('"Bob"', '"Robert"')]
    with ThreadPoolExecutor() as threads:
        plans = list(threads.map(lambda text: told(apply(directory, text)), texts))
    assert sorted(map(len, plans)) == [1, 4]
    assert directory.users.count() == 2


def test_faults_of_ids_that_only_other_systems_make_name_the_line(directory):
    with pytest.raises(Invalid) as refused:
        apply(directory, '[[users]]\nid = "ada lovelace"')
    assert refused.value.message.startswith("1.toml:1: Invalid id 'ada lovelace': ")


# Kills itself as soon as so many of our own functions have been called.
DYING = """
import os, signal, sys
from authctl.core.manifests import applying, reading

def run(directory, number):
    left = [STEPS]

    def watch(frame, event, _):
        if event == "call" and "/authctl/" in frame.f_code.co_filename:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    manifest = reading.read("school", [("school.toml", TEXT)])
    directory = directory.acting(directory.actor, dry_run=DRY_RUN)
    sys.setprofile(watch)
    applying.apply(directory, manifest)
    sys.setprofile(None)
    return left[0]
"""


def counts(directory):
    """How many rows each table has that a manifest may write to, and the events that it wrote."""

    def count(work):
        names = ("users", "teams", "memberships", "manifest_subjects")
        ask = work.db.sqlalchemy.exec_driver_sql
        return [ask(f"SELECT count(*) FROM {name}").scalar_one() for name in names]

    return directory.read(count), len(events(directory))


def test_killed_at_any_moment_it_is_whole_or_absent(directory, database_url, home, clock):
    text = SCHOOL + "[policy]\nsession-limit = 3\n"

    def applied(steps, *, dry_run=False):
        program = DYING.replace("STEPS", str(steps)).replace("DRY_RUN", str(dry_run))
        [answer] = processes.at_once(home, database_url, clock, 1, f"TEXT = {text!r}\n{program}")
        return answer

    before, whole = counts(directory), ([2, 1, 1, 7], 5)
    _, left = applied(1_000_000, dry_run=True)
    steps = 1_000_000 - left
    assert steps > 200
    for step in range(1, steps, steps // 12):
        assert applied(step) == [9, None]
        assert counts(directory) in (before, whole)
    status, _ = applied(1_000_000)
    assert status == 0
    assert counts(directory) == whole
    assert told(apply(directory, text, dry_run=True)) == []
