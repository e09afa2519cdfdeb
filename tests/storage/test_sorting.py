"""Lists sorted by several fields, and their pages, which miss nobody and show nobody twice; on both databases."""

import itertools

import pytest

from authctl.errors import Denied, Invalid, NotFound

SORTS = [
    "name,email",
    "name,-created_at",
    "-name,status,-id",
    "mfa,-last_sign_in_at,username",
    "-status,-name",
    "name,name",
]


@pytest.fixture
def people(directory, clock):
    """Users who are alike in many ways; some of their fields are absent."""
    for number, (name, has_email, is_blocked) in enumerate(
        itertools.product(("", "Ada", "Bob"), (True, False), (True, False))
    ):
        id = f"user{number:02}"
        email = f"u{number % 5}-{number}@example.com" if has_email else None
        directory.users.create(id=id, name=name, email=email, blocked=is_blocked, username=None if number % 3 else id)
        clock.forward(seconds=number % 2)
    return directory.users


def wanted(users, sort):
    """The list as Python sorts it; what is alike in all goes by the order of making, in the first field's direction."""
    keys = [(field.removeprefix("-"), field.startswith("-")) for field in sort.split(",")]
    found = sorted(users.list(limit=100, sort="created_at"), key=lambda user: user.seq, reverse=keys[0][1])
    for field, descending in reversed(keys):
        found.sort(key=lambda user: value(getattr(user, field)), reverse=descending)
    return found


def value(found):
    return (found is not None, "" if found is None else found)


def stable(users, sort):
    """Python's sort keeps what is alike as it was, in reverse too."""
    return [user.id for user in wanted(users, sort)]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 3, 5])
def test_pages_follow_and_precede_each_other(people, sort, limit):
    ids = stable(people, sort)
    assert [user.id for user in people.list(sort=sort, limit=100)] == ids
    assert [user.id for user in people.iterate(sort=sort)] == ids
    walked, after = [], None
    while page := people.list(sort=sort, limit=limit, after=after):
        walked += [user.id for user in page]
        after = page[-1].id
    assert walked == ids
    back, before = [], None
    last = people.list(sort=sort, limit=1, after=ids[-2])[0]
    before = last.id
    while page := people.list(sort=sort, limit=limit, before=before):
        back = [user.id for user in page] + back
        before = page[0].id
    assert back == ids[:-1]


def test_with_a_search_and_a_filter(people):
    found = people.list(search="ada", filters=["status = active"], sort="-created_at,name", limit=1)
    more = people.list(search="ada", filters=["status = active"], sort="-created_at,name", after=found[0].id)
    assert [each.id for each in (*found, *more)] == [
        user.id for user in people.list(sort="-created_at") if user.name == "Ada" and user.status == "active"
    ]


def test_teams_and_memberships(directory, people):
    for id, name in (("t1", "Red"), ("t2", "Blue"), ("t3", "Red")):
        directory.teams.create(name, id=id)
        directory.teams.create_membership(id, user="user00", roles=[id])
    directory.teams.create_membership("t1", user="user04")
    assert [team.id for team in directory.teams.list(sort="-members,name,-id")] == ["t1", "t2", "t3"]
    assert [team.id for team in directory.teams.list(sort="name,-id", after="t2")] == ["t3", "t1"]
    members = directory.users.list_memberships("user00", sort="team_name,-team_id")
    assert [each.team_id for each in members] == ["t2", "t3", "t1"]
    behind = directory.users.list_memberships("user00", sort="team_name,-team_id", after=members[0].id)
    assert behind == members[1:]


def test_a_wrong_order_is_refused(people):
    for sort in ("name,size", "name,", "labels,name", ",", "name, metadata"):
        with pytest.raises(Invalid):
            people.list(sort=sort)
    with pytest.raises(NotFound):
        people.list(sort="name,-id", after="nobody")


def test_who_is_invited_cannot_be_found_out_by_a_second_field(directory, application):
    directory.users.create(id="ada", email="ada@example.com", password="correct horse battery")
    directory.users.create(id="bob", email="bob@example.com")
    directory.teams.create("Red", id="red")
    directory.teams.create_membership("red", user="ada")
    directory.teams.create_membership("red", user="bob", invite=True, print_secret=True)
    person = application.as_session(application.sessions.create("ada", "correct horse battery").secret)
    assert len(person.teams.list_memberships("red")) == 2
    assert len(person.teams.list_memberships("red", sort="-invited_at, -user_name")) == 1
    directory.security.set("memberships-privacy", ["user_name"])
    with pytest.raises((Invalid, Denied)):
        person.teams.list_memberships("red", sort="invited_at,user_name")


def test_the_command_takes_commas_and_repeats(people, authctl, database_url):
    def ids(line):
        ran = authctl(f"users list --fields id {line}", env={"AUTHCTL_DATABASE_URL": database_url})
        assert ran.status == 0, ran.stderr
        return ran.stdout.split()

    wanted = stable(people, "name,-created_at")
    assert ids("--sort name,-created_at") == ids("--sort name --sort -created_at") == wanted
    assert ids("--sort name,-created_at --all") == wanted
