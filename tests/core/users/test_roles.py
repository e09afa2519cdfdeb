"""Role strings and permissions: Appwrite's grammar, and its own example."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from authctl.core.users import roles
from authctl.errors import Denied, Invalid
from authctl.model import Status, User

NOW = datetime(2026, 1, 2, tzinfo=UTC)
USER = User(
    seq=1, id="123", created_at=NOW, updated_at=NOW, email_verified=True, phone_verified=True, labels=("vip", "admin")
)
MEMBERSHIPS = [("abc", "456", ["administrator", "moderator"]), ("def", "abc", ["guest"])]


def test_appwrites_example():
    """facts/appwrite.md §5.6; `any` is everybody's, and left out there."""
    wanted = {
        "user:123", "users", "user:123/verified", "users/verified", "team:abc", "member:456",
        "team:abc/administrator", "team:abc/moderator", "team:def", "member:abc", "team:def/guest", "label:vip",
        "label:admin",
    }  # fmt: skip
    found = roles.roles_of(USER, MEMBERSHIPS)
    assert len(found) == 14
    assert set(found) == wanted | {"any"}


@pytest.mark.parametrize(("email", "phone", "verified"), [(0, 0, False), (1, 0, True), (0, 1, True), (1, 1, True)])
def test_one_verified_address_is_enough(email, phone, verified):
    found = roles.roles_of(replace(USER, email_verified=bool(email), phone_verified=bool(phone), labels=()))
    state = "verified" if verified else "unverified"
    assert found == ["any", "users", f"users/{state}", "user:123", f"user:123/{state}"]


def test_guests_and_blocked_users():
    assert roles.roles_of(None) == ["any", "guests"]
    assert roles.roles_of(replace(USER, status=Status.BLOCKED), MEMBERSHIPS) == []


@pytest.mark.parametrize(
    "role", [*roles.roles_of(USER, MEMBERSHIPS), "guests", "users/unverified", "user:a|b:c/verified"]
)
def test_every_role_can_stand_in_a_permission(role):
    for action in ("read", "create", "update", "delete", "write"):
        assert roles.permission(f'{action}("{role}")') == roles.Permission(action, role)


@pytest.mark.parametrize("id", ["ada/verified", "samlp|corp|jane@corp.com", "ada%2Fverified", 'a") b/c', "李"])
def test_an_imported_id_has_no_other_users_role(id):
    """`user:ada/verified` is ada's, once an address is verified."""
    user = replace(USER, id=id, labels=())
    own = set(roles.roles_of(user)) - set(roles.roles_of(replace(USER, id="ada", labels=())))
    assert len(own) == 2
    for role in own:
        assert roles.permission(f'read("{role}")').role == role


@pytest.mark.parametrize(
    "text",
    [
        "", "read", "read()", "read(any)", 'read("any"', 'read("any\')', 'read("")', 'READ("any")', 'execute("any")',
        'read("any")x', 'read("*")', 'read("role:all")', 'read("role:member")', 'read("role:x")',
        'read("any/verified")',
        'read("guests/x")', 'read("users/")', 'read("users/x")', 'read("user:")', 'read("user:a/")', 'read("user:a/x")',
        'read("user:a%2Gx")', 'read("user:a%")',
        'read("user:a/verified/x")', 'read("team:")', 'read("team:a/")', 'read("team:a/b/c")', 'read("team: a")',
        'read("team:a/b c")', 'read("member:a/b")', 'read("label:")', 'read("label:a-b")', 'read("label:a/b")',
        'read("project:a")', 'read("any:")', 'read("users:x")', 'read("any")\0', 'read("any", "users")',
    ],
)  # fmt: skip
def test_what_is_no_permission_is_refused(text):
    with pytest.raises(Invalid) as error:
        roles.permission(text)
    assert (error.value.type, error.value.field) == ("general_argument_invalid", "permission")


def test_old_roles_are_told_their_new_names():
    for old, new in (("*", "any"), ("role:all", "any"), ("role:guest", "guests"), ("role:member", "users")):
        with pytest.raises(Invalid, match=f"use {new}"):
            roles.check_role(old)


def test_a_permission_is_held_by_its_role_alone():
    found = roles.roles_of(USER, MEMBERSHIPS)
    assert roles.can(found, 'read("team:abc/moderator")')
    assert roles.can(found, " write( 'any' ) ")
    assert not roles.can(found, 'read("team:def/moderator")')
    assert not roles.can(found, 'read("user:12")')
    assert not roles.can([], 'read("any")')
    roles.check_can(found, 'read("label:vip")')
    with pytest.raises(Denied) as error:
        roles.check_can(found, 'read("label:staff")')
    assert error.value.type == "user_unauthorized"
