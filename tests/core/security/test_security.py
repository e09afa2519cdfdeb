"""Policies and the audit log through the door, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from authctl.core.policy import policies
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Invalid, NotFound

HOUR = timedelta(hours=1)


class Stopped(Exception):
    pass


def names(directory, **conditions):
    return [event.name for event in directory.security.list_logs(**conditions)]


# Policies


def test_a_policy_that_is_set_holds_and_is_recorded(directory):
    assert directory.security.set("session-duration", "2h") == 2 * HOUR
    assert directory.security.show()["session-duration"] == 2 * HOUR
    assert directory.security.show(["session-duration"]) == {"session-duration": 2 * HOUR}
    assert directory.read(lambda work: work.policy["session-duration"]) == 2 * HOUR
    [event] = directory.security.list_logs(events=["security.*"])
    assert (event.name, event.resource) == ("security.update.policy", "policies/session-duration")
    assert event.details == {"before": 31_536_000, "after": 7200}
    assert event.actor == "tester@example.com"


def test_every_policy_can_be_set_reset_and_set_again(directory):
    security = directory.security
    for name, value in policies.preset("appwrite").items():
        assert security.set(name, policies.shown(name, value)[1]) == value
    assert security.show() == policies.preset("appwrite")
    assert security.reset(all=True) == security.show() == policies.preset("recommended")
    security.apply("appwrite")
    assert security.show() == policies.preset("appwrite")


def test_a_value_that_holds_already_changes_nothing(directory):
    before = names(directory)
    directory.security.set("session-limit", 10)
    directory.security.reset(["session-limit"])
    assert directory.security.apply("recommended") == []
    assert directory.security.apply(directory.security.show()) == []
    assert names(directory) == before


def test_reset_gives_the_default_again(directory):
    directory.security.apply({"session-limit": 3, "otp-length": 8})
    assert directory.security.reset(["session-limit"]) == {"session-limit": 10}
    assert directory.security.show(["session-limit", "otp-length"]) == {"session-limit": 10, "otp-length": 8}


def test_apply_sets_all_or_nothing(directory):
    with pytest.raises(Invalid) as error:
        directory.security.apply({"session-limit": 3, "otp-length": 5, "no-such": 1})
    assert [problem.field for problem in error.value.problems] == ["otp-length", "no-such"]
    assert directory.security.show() == policies.preset("recommended")
    assert names(directory, events=["security.*"]) == []


def test_apply_tells_what_differs(directory):
    directory.security.set("otp-expiry", "5m")
    found = directory.security.apply("supabase")
    assert [(each.name, each.before, each.after) for each in found] == [
        ("recent-sign-in", timedelta(minutes=10), None),
        ("password-dictionary", True, False),
        ("password-personal-data", True, False),
        ("generated-password-expiry", timedelta(days=7), None),
        ("source-attempts", 100, 450),
        ("otp-expiry", timedelta(minutes=5), timedelta(minutes=1)),
        ("email-hourly-limit", 10_000, 30),
        ("sms-hourly-limit", 1000, 30),
        ("creation-hourly-limit", 100, 30),
        ("verification-needs-session", True, False),
        ("change-needs-old", "cancel", "confirm"),
    ]
    assert names(directory, events=["security.update.policy"]) == ["security.update.policy"] * 12


def test_a_dry_run_only_tells(directory):
    rehearsal = directory.acting(directory.actor, dry_run=True)
    assert len(rehearsal.security.apply("supabase")) == 11
    assert rehearsal.changes[0].public() == {
        "resource": "policies/recent-sign-in",
        "before": {"value": 600},
        "after": {"value": None},
    }
    assert directory.security.show() == policies.preset("recommended")
    assert names(directory, events=["security.*"]) == []


def test_an_unknown_name_is_refused_with_the_nearest(directory):
    for refused in (
        lambda: directory.security.set("session-limits", 3),
        lambda: directory.security.show(["session-limits"]),
        lambda: directory.security.reset(["session-limits"]),
    ):
        with pytest.raises(Invalid, match="Did you mean 'session-limit'"):
            refused()


def test_changes_at_once_leave_a_log_without_gaps(directory):
    """Each change is recorded with the value that the one before it left."""

    def change(number):
        directory.security.set("session-limit", number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(1, 9)))
    log = [event.details for event in directory.security.list_logs(events=["security.*"])][::-1]
    assert [change["after"] for change in log[:-1]] == [change["before"] for change in log[1:]]
    assert log[0]["before"] == 10
    assert directory.security.show(["session-limit"]) == {"session-limit": log[-1]["after"]}


def test_a_person_cannot_touch_security(directory):
    directory.users.create(id="ada", password="correct horse")
    person = directory.as_session(directory.sessions.create("ada", "correct horse").secret)
    for refused in (
        lambda: person.security.set("session-limit", 3),
        lambda: person.security.show(),
        lambda: person.security.list_logs(),
    ):
        with pytest.raises(Denied):
            refused()


# What a password would get


def test_a_password_is_told_what_it_would_get_and_nothing_is_stored(directory):
    directory.users.create(id="ada", name="Lovelace")
    before = names(directory)
    good = directory.security.check_password("correct horse battery staple", user="ada")
    assert (good.is_accepted, good.problems, good.score) == (True, (), 4)
    bad = directory.security.check_password("lovelace", user="ada")
    assert [problem.type for problem in bad.problems] == ["password_personal_data"]
    assert (bad.is_accepted, bad.score) == (False, 0)
    assert directory.security.check_password("lovelace").is_accepted
    assert names(directory) == before
    with pytest.raises(NotFound):
        directory.security.check_password("lovelace", user="nobody")


# What happened


@pytest.fixture
def busy(directory, clock):
    """A directory in which something happened every minute: events 0, 1, 2 … by their age."""
    other = directory.acting(Actor("other@example.com"))
    directory.users.create(id="ada")
    clock.forward(minutes=1)
    other.users.create(id="bob")
    clock.forward(minutes=1)
    directory.users.update_name("ada", "Ada")
    clock.forward(minutes=1)
    other.users.update_labels("ada", ["staff"])
    clock.forward(minutes=1)
    directory.users.delete("bob")
    return directory


def test_logs_are_filtered_by_each_condition(busy, clock):
    everything = ["users.delete", "users.update.labels", "users.update.name", "users.create", "users.create"]
    assert names(busy)[:5] == everything
    assert names(busy, user="ada") == ["users.update.labels", "users.update.name", "users.create"]
    assert names(busy, user="bob") == names(busy, user="id:bob") == ["users.delete", "users.create"]
    assert names(busy, events=["users.update.*"]) == ["users.update.labels", "users.update.name"]
    assert names(busy, events=["users.delete", "*.name"]) == ["users.delete", "users.update.name"]
    assert names(busy, actor="other@example.com") == ["users.update.labels", "users.create"]
    assert names(busy, since="2m") == names(busy, since=clock() - timedelta(minutes=2)) == everything[:3]
    assert names(busy, until="2m", events=["users.*"]) == everything[3:]
    assert names(busy, since="3m", until="-1m") == ["users.update.name", "users.create"]
    assert names(busy, user="ada", events=["users.*"], actor="tester@example.com", since="1h", until="now") == [
        "users.update.name",
        "users.create",
    ]


def test_an_event_name_is_taken_literally_but_for_its_stars(busy):
    busy.users.update_email("ada", "ada@example.com")
    busy.users.update_email_verification("ada", True)
    assert names(busy, events=["users.update.email_verification"]) == ["users.update.email_verification"]
    assert names(busy, events=["users.update.email"]) == ["users.update.email"]
    assert names(busy, events=["*_*"]) == ["users.update.email_verification"]


def test_pages_follow_one_another_in_every_order(busy):
    for conditions in ({}, {"user": "ada"}, {"events": ["users.*"]}):
        whole = [event.id for event in busy.security.list_logs(**conditions)]
        paged, after = [], None
        while page := busy.security.list_logs(limit=2, after=after, **conditions):
            paged += [event.id for event in page]
            after = page[-1].id
        assert paged == whole == [event.id for event in busy.security.iterate_logs(**conditions)]
        rest = busy.security.iterate_logs(after=whole[1], **conditions)
        assert [event.id for event in rest] == whole[2:]


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ({"events": ["user.create"]}, "event"),
        ({"events": ["users.%"]}, "event"),
        ({"events": [""]}, "event"),
        ({"since": "soon"}, "since"),
        ({"until": "yesteryear"}, "until"),
        ({"actor": "a\0"}, "actor"),
        ({"limit": 0}, "limit"),
        ({"limit": 10_001}, "limit"),
    ],
)
def test_conditions_that_cannot_be_read_are_refused(directory, conditions, field):
    with pytest.raises(Invalid) as error:
        directory.security.list_logs(**conditions)
    assert error.value.field == field


def test_what_there_is_not_is_not_found(directory):
    with pytest.raises(NotFound) as error:
        directory.security.list_logs(user="nobody")
    assert error.value.type == "user_not_found"
    with pytest.raises(NotFound) as error:
        directory.security.list_logs(after="nothing")
    assert error.value.type == "event_not_found"


def followed(directory, steps, **conditions):
    """What follow_logs yields while each of the steps is done between two looks."""
    waiting = iter(steps)

    def wait():
        step = next(waiting, None)
        if step is None:
            raise Stopped
        step()

    found = []
    events = directory.security.follow_logs(wait, **conditions)
    with pytest.raises(Stopped):
        found.extend(event.name for event in events)
    return found


def test_following_shows_the_newest_and_then_what_happens(busy):
    steps = [
        lambda: busy.users.create(id="eve"),
        lambda: None,
        lambda: [busy.users.update_name("eve", "Eve"), busy.users.delete("eve")],
        *[lambda: None] * 20,
        lambda: busy.users.create(id="eve"),
    ]
    assert followed(busy, steps, limit=2) == [
        "users.update.labels",
        "users.delete",
        "users.create",
        "users.update.name",
        "users.delete",
        "users.create",
    ]


def test_following_obeys_conditions(busy):
    steps = [lambda: busy.users.create(id="eve"), lambda: busy.users.update_name("ada", "A")]
    assert followed(busy, steps, user="ada", limit=1) == ["users.update.labels", "users.update.name"]
    steps = [lambda: busy.users.delete("eve"), lambda: busy.users.update_name("ada", "B")]
    assert followed(busy, steps, events=["users.update.name"], since="1h", limit=None) == ["users.update.name"] * 3


def test_following_all_begins_with_the_first(busy):
    assert followed(busy, [], limit=None)[:2] == ["directory.create", "users.create"]


def test_following_an_empty_answer_shows_only_what_happens(busy):
    steps = [lambda: busy.security.set("session-limit", 3)]
    assert followed(busy, steps, events=["security.*"]) == ["security.update.policy"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_following_finds_events_of_a_transaction_that_was_through_later(busy, settings):
    """Numbers are given before a transaction ends: an event that was held up appears below others."""
    with psycopg.connect(settings.database_url) as slow:
        steps = [
            lambda: slow.execute(
                "INSERT INTO events (id, time, actor, name, resource, details)"
                " VALUES ('slow', 1, 'slow@example.com', 'users.unlock', 'users/ada', '{}')"
            ),
            lambda: busy.users.update_name("ada", "A"),
            lambda: busy.users.update_name("ada", "B"),
            slow.commit,
            lambda: None,
        ]
        found = followed(busy, steps, limit=1)
    assert found == ["users.delete", "users.update.name", "users.update.name", "users.unlock"]
