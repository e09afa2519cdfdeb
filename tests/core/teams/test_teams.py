"""Teams, through the door that applications use, on both databases."""

import json
from functools import partial

import pytest

from authctl import storage
from authctl.errors import Conflict, Denied, Invalid, NotFound

PASSWORD = "correct horse battery"


@pytest.fixture
def teachers(directory):
    return directory.teams.create("Teachers", id="teachers")


def signed_in(directory, id):
    """The directory as a new user of that id sees it."""
    directory.users.create(id=id, email=f"{id}@example.com", name=id.title(), password=PASSWORD)
    return directory.as_session(directory.sessions.create(id, PASSWORD).secret)


def events(directory, **asked):
    return [(event.name, event.details) for event in directory.security.list_logs(**asked)]


def refusal(kind, call, *args, **kwargs):
    with pytest.raises(kind) as refused:
        call(*args, **kwargs)
    return refused.value.type, refused.value.field


def test_a_team_is_made_and_found_by_id_and_name(directory, teachers):
    assert (teachers.id, teachers.name, teachers.members, teachers.prefs) == ("teachers", "Teachers", 0, {})
    for text in ("teachers", "Teachers", "id:teachers", "name:Teachers"):
        assert directory.teams.get(text) == teachers
    assert events(directory, events=["teams.*"]) == [("teams.create", {"name": "Teachers"})]


def test_an_id_is_made_where_none_is_given(directory):
    assert len({directory.teams.create("x").id, directory.teams.create("x", id="unique()").id}) == 2


@pytest.mark.parametrize("text", ["nothing", "id:Teachers", "name:teachers", "TEACHERS", ""])
def test_an_unknown_team_is_not_found(directory, teachers, text):
    assert refusal(NotFound, directory.teams.get, text) == ("team_not_found", "team")


def test_a_taken_id_is_refused_and_a_taken_name_is_not(directory, teachers):
    assert refusal(Conflict, directory.teams.create, "Other", id="teachers") == ("team_already_exists", "id")
    assert directory.teams.create("Teachers").name == "Teachers"
    assert directory.teams.count() == 2


def test_a_name_that_several_have_says_which_ids_it_could_mean(directory, teachers):
    directory.teams.create("Teachers", id="others")
    with pytest.raises(Invalid) as refused:
        directory.teams.get("Teachers")
    assert "teachers, others" in refused.value.message
    for number in range(5):
        directory.teams.create("Teachers", id=f"more{number}")
    with pytest.raises(Invalid) as refused:
        directory.teams.update_name("name:Teachers", "x")
    assert refused.value.message.endswith("more0, more1, more2, ...")


def test_every_wrong_field_is_named_at_once(directory):
    with pytest.raises(Invalid) as refused:
        directory.teams.create(" ", id="not an id", roles=["a b"])
    assert [problem.field for problem in refused.value.problems] == ["id", "name", "roles"]
    for name in ("", "x" * 129, "\0"):
        assert refusal(Invalid, directory.teams.create, name) == ("general_argument_invalid", "name")
    assert directory.teams.count() == 0


def test_the_owner_is_a_confirmed_member_with_the_roles_and_owner(directory):
    directory.users.create(id="ada", email="ada@example.com")
    team = directory.teams.create("Teachers", roles=["maths", "arts"], owner="ada@example.com")
    assert team.members == 1
    (membership,) = directory.teams.list_memberships(team.id)
    assert (membership.user_id, membership.roles) == ("ada", ("maths", "arts", "owner"))
    assert membership.status == "confirmed"
    assert membership.joined_at == membership.invited_at
    assert [name for name, _ in events(directory, events=["teams.*"])] == ["teams.memberships.create", "teams.create"]


def test_roles_without_an_owner_are_refused(directory):
    assert refusal(Invalid, directory.teams.create, "x", roles=["maths"]) == ("general_argument_invalid", "roles")
    assert refusal(NotFound, directory.teams.create, "x", owner="nobody") == ("user_not_found", "user")
    assert directory.teams.count() == 0


@pytest.mark.parametrize("roles", [["a b"], ["-a"], ["x" * 82], [f"role{number}" for number in range(100)]])
def test_too_many_and_malformed_roles_are_refused(directory, roles):
    directory.users.create(id="ada")
    assert refusal(Invalid, directory.teams.create, "x", roles=roles, owner="ada")[1] == "roles"


def test_a_new_name_is_found_and_the_old_one_is_not(directory, teachers, clock):
    clock.forward(seconds=1)
    renamed = directory.teams.update_name("teachers", "Staff")
    assert (renamed.id, renamed.name, renamed.updated_at) == ("teachers", "Staff", clock.now)
    assert directory.teams.list(search="staff") == [renamed]
    assert directory.teams.list(search="zz") == []
    assert refusal(NotFound, directory.teams.get, "Teachers") == ("team_not_found", "team")
    assert events(directory, events=["teams.update.name"]) == [
        ("teams.update.name", {"name": {"before": "Teachers", "after": "Staff"}})
    ]
    assert refusal(Invalid, directory.teams.update_name, "teachers", "") == ("general_argument_invalid", "name")


def test_prefs_are_replaced_and_merged(directory, teachers):
    assert directory.teams.update_prefs("teachers", {"theme": "dark", "size": 1}) == {"theme": "dark", "size": 1}
    assert directory.teams.update_prefs("teachers", '{"size": null, "b": 2}', merge=True) == {"theme": "dark", "b": 2}
    assert directory.teams.get_prefs("teachers") == {"theme": "dark", "b": 2}
    assert directory.teams.get("teachers").prefs == {"theme": "dark", "b": 2}
    assert directory.teams.update_prefs("teachers", {}) == {}
    assert events(directory, events=["teams.update.prefs"])[1] == ("teams.update.prefs", {"keys": ["b", "size"]})


def test_prefs_have_at_most_65535_bytes(directory, teachers):
    most = {"a": "x" * (65_535 - len('{"a":""}'))}
    assert len(json.dumps(most, separators=(",", ":"))) == 65_535
    assert directory.teams.update_prefs("teachers", most) == most
    assert refusal(Invalid, directory.teams.update_prefs, "teachers", {"b": 1}, merge=True)[1] == "prefs"
    assert refusal(Invalid, directory.teams.update_prefs, "teachers", "[]")[1] == "prefs"


def test_a_deleted_team_takes_everything_of_it_along(directory, teachers):
    directory.users.create(id="ada", email="ada@example.com")
    directory.teams.create_membership("teachers", user="ada", roles=["maths"])
    directory.teams.create_membership("teachers", email="bob@example.com", invite=True, print_secret=True)
    assert directory.teams.delete("teachers").members == 1
    assert directory.users.list_memberships("ada") == []
    assert "team:teachers" not in directory.users.list_roles("ada")
    tables = ("teams", "memberships", "membership_roles", "invitations")
    count = "SELECT count(*) FROM {}"
    counts = directory.read(
        lambda work: [work.db.sqlalchemy.exec_driver_sql(count.format(table)).scalar_one() for table in tables]
    )
    assert counts == [0, 0, 0, 0]
    assert directory.teams.list(search="teachers") == []
    assert events(directory, events=["teams.delete"]) == [("teams.delete", {"name": "Teachers", "members": 1})]
    assert refusal(NotFound, directory.teams.delete, "teachers") == ("team_not_found", "team")
    assert directory.teams.create("Teachers", id="teachers").members == 0


# Lists


@pytest.fixture
def many(directory, clock):
    """Seven teams, each a second younger; the third has two members."""
    made = []
    for number in range(7):
        clock.forward(seconds=1)
        made.append(directory.teams.create(f"Team {number % 3}", id=f"team{number}"))
    for number in range(2):
        directory.users.create(id=f"user{number}")
        directory.teams.create_membership("team2", user=f"user{number}")
    return made


def ids(teams):
    return [team.id for team in teams]


def test_pages_follow_and_precede_each_other(directory, many):
    newest_first = [f"team{number}" for number in range(6, -1, -1)]
    assert ids(directory.teams.list()) == newest_first == ids(directory.teams.iterate())
    assert ids(directory.teams.list(limit=3)) == newest_first[:3]
    assert ids(directory.teams.list(limit=3, after="team4")) == newest_first[3:6]
    assert ids(directory.teams.list(limit=2, before="team2")) == newest_first[2:4]
    by_name = ["team0", "team3", "team6", "team1", "team4", "team2", "team5"]
    assert ids(directory.teams.list(sort="name")) == by_name
    assert ids(directory.teams.list(sort="name", after="team1", limit=2)) == by_name[4:6]
    assert refusal(NotFound, directory.teams.list, after="nothing") == ("team_not_found", "after")


def test_members_are_counted_in_lists(directory, many):
    assert [team.members for team in directory.teams.list(sort="id")] == [0, 0, 2, 0, 0, 0, 0]
    assert [team.members for team in directory.teams.iterate(sort="-members")][:2] == [2, 0]
    assert ids(directory.teams.list(filters=["members > 1"])) == ["team2"]
    assert directory.teams.count(filters=["members = 0"]) == 6
    by_members = ids(directory.teams.list(sort="members"))
    assert ids(directory.teams.list(sort="members", after=by_members[2], limit=4)) == by_members[3:]


def test_teams_are_searched_and_filtered(directory, many):
    assert ids(directory.teams.list(search="team 1")) == ["team4", "team1"]
    assert ids(directory.teams.list(search="team3")) == ["team3"]
    assert directory.teams.list(search=">") == []
    assert directory.teams.count(search="team") == 7
    assert ids(directory.teams.iterate(search="2", sort="id")) == ["team2", "team5"]
    assert ids(directory.teams.list(filters=["name = 'Team 0'"], sort="id")) == ["team0", "team3", "team6"]
    assert ids(directory.teams.list(filters=["name ~ am 1", "created_at > 2026-01-02T03:04:09Z"])) == ["team4"]
    assert refusal(Invalid, directory.teams.list, filters=["size = 1"])[1] == "filter"
    assert refusal(Invalid, directory.teams.list, filters=["members = many"])[1] == "filter"


# Acting for a person


def test_whoever_makes_a_team_is_its_owner(directory):
    ada = signed_in(directory, "ada")
    team = ada.teams.create("Teachers", roles=["maths"])
    assert team.members == 1
    assert directory.teams.get_membership(team.id, "ada").roles == ("maths", "owner")
    assert refusal(Invalid, ada.teams.create, "x", owner="ada")[1] == "owner"
    assert ada.teams.update_name(team.id, "Staff").name == "Staff"
    assert ada.teams.update_prefs("Staff", {"a": 1}) == {"a": 1}
    assert events(directory, events=["teams.update.name"], actor="user:ada")
    assert ada.teams.delete("Staff").id == team.id


def test_a_team_is_not_there_for_who_is_no_member(directory, teachers):
    ada = signed_in(directory, "ada")
    directory.teams.create("Other", id="other", owner="ada")
    directory.teams.create_membership("teachers", user="ada", invite=True, print_secret=True)
    for team in ("teachers", "Teachers", "nothing"):
        for verb in (ada.teams.get, ada.teams.get_prefs, ada.teams.list_memberships):
            assert refusal(NotFound, verb, team) == ("team_not_found", "team")
        assert refusal(Denied, ada.teams.delete, team) == ("user_unauthorized", "team")
    assert ids(ada.teams.list()) == ids(ada.teams.iterate()) == ["other"]
    assert ada.teams.list(search="teachers") == []
    assert ada.teams.count() == 1
    assert refusal(NotFound, ada.teams.list, after="teachers") == ("team_not_found", "after")


def test_a_member_sees_a_team_and_changes_nothing_of_it(directory, teachers):
    ada = signed_in(directory, "ada")
    directory.teams.create_membership("teachers", user="ada", roles=["maths"])
    assert ada.teams.get("Teachers").members == 1
    assert ada.teams.get_prefs("teachers") == {}
    for verb, *given in ((ada.teams.update_name, "x"), (ada.teams.update_prefs, {}), (ada.teams.delete,)):
        assert refusal(Denied, verb, "teachers", *given) == ("user_unauthorized", "team")


def test_a_name_means_the_own_team_to_a_person(directory, teachers):
    ada = signed_in(directory, "ada")
    directory.teams.create("Teachers", id="hers", owner="ada")
    assert ada.teams.get("Teachers").id == "hers"


def test_a_dry_run_makes_no_team(directory):
    directory.users.create(id="ada")
    dry = directory.acting(directory.actor, dry_run=True)
    assert dry.teams.create("Teachers", owner="ada").members == 1
    assert [change.resource.split("/")[0] for change in dry.changes] == ["teams", "teams"]
    assert directory.teams.count() == 0


# Teams that were deleted before their ids were remembered

DELETED = "INSERT INTO events (id, time, actor, name, resource, details) VALUES ('{0}', 1, 'op', '{1}', '{2}', '{{}}')"


def make_older(db):
    """A directory of the version before, where teams were deleted: one is there again, and one is remembered."""
    storage.backups.clear(db)
    storage.schema.migrate(db, "0012")
    told = [("teams.delete", f"teams/{id}") for id in ("gone", "gone", "Gone", "again", "known")]
    for number, (name, resource) in enumerate([*told, ("teams.create", "teams/made"), ("users.delete", "users/eve")]):
        db.sqlalchemy.exec_driver_sql(DELETED.format(number, name, resource))
    again = "INSERT INTO teams (id, name, prefs, created_at, updated_at) VALUES ('again', 'Again', '{}', 1, 1)"
    for statement in (again, "INSERT INTO former_names (name) VALUES ('team:known')"):
        db.sqlalchemy.exec_driver_sql(statement)
    storage.schema.migrate(db)
    storage.backups.finish(db)


def test_a_migration_remembers_the_teams_that_the_log_knows_to_be_deleted(directory):
    fingerprint = directory.state.key_fingerprint
    directory.database.write(make_older)
    directory.database.write(partial(storage.schema.set_key_fingerprint, fingerprint=fingerprint))
    directory.forget()
    names = "SELECT name FROM former_names ORDER BY name"
    remembered = directory.read(lambda work: [name for (name,) in work.db.sqlalchemy.exec_driver_sql(names)])
    assert sorted(remembered) == ["team:Gone", "team:gone", "team:known"]
    ada = signed_in(directory, "ada")
    with pytest.raises(Conflict):
        ada.teams.create("Gone", id="gone")
    assert directory.teams.create("Gone", id="gone").id == "gone"
