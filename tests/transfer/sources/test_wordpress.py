"""WordPress: lists and single users of wp-cli, their passwords of every age, and what marks an account."""

import json
from datetime import UTC, datetime

import pytest

from authctl.core import hashing
from authctl.transfer import sources
from authctl.transfer.records import Record, Refused, Skipped

LIST = "wordpress-users.csv"
# `wp user list` and `wp user get` of wp-cli (https://developer.wordpress.org/cli/commands/user/list/).
ADA = {"ID": 7, "user_login": "ada", "display_name": "Ada", "user_email": "ada@example.com", "roles": "editor,author"}
GOT = b"Field,Value\nID,7\nuser_login,ada\ndisplay_name,Ada\nuser_email,ada@example.com\nroles,editor\n"


def test_a_list_as_csv(read):
    admin, ann, bob, eve = read("wordpress", LIST, roles="labels")
    assert (admin.id, admin.username, admin.name, admin.email) == ("1", "admin", "Admin", "admin@example.com")
    assert (admin.labels, admin.created_at) == (("administrator",), datetime(2021, 3, 1, 12, 34, 56, tzinfo=UTC))
    assert (ann.username, ann.created_at, ann.labels) == ("Ann Lee", None, ("editor",))
    assert [note.field for note in ann.notes] == ["labels"]
    assert (bob.username, bob.blocked, bob.metadata) == (None, True, {"user_nicename": "bob"})
    assert isinstance(eve, Skipped)


@pytest.mark.parametrize(
    ("place", "password"),
    [(0, "appwrite"), (1, "correct horse battery staple"), (1, " correct horse battery staple\n")],
)
def test_passwords_of_every_age(read, place, password):
    secret = read("wordpress", LIST)[place].password
    stored = hashing.accept(secret.text, secret.hash, secret.options).stored
    assert hashing.verify(stored, password)
    assert not hashing.verify(stored, password + "x")


def test_an_md5_of_long_ago(read):
    assert read("wordpress", LIST)[2].password.hash == "md5"


@pytest.mark.parametrize("content", [json.dumps([ADA]).encode(), json.dumps(ADA).encode(), GOT])
def test_json_and_a_single_user(read, content):
    [ada] = read("wordpress", content)
    assert (ada.id, ada.username, ada.email, ada.password) == ("7", "ada", "ada@example.com", None)
    assert (list(ada.unread), ada.texts) == (["roles"], {"locale": None})
    assert read("wordpress", json.dumps([ADA | {"locale": "de_DE"}]).encode())[0].texts == {"locale": "de_DE"}
    assert sources.recognise(content, "users") == ["wordpress"]


def test_roles_in_a_list(read):
    [ada] = read("wordpress", json.dumps([ADA | {"roles": ["editor", "author"]}]).encode(), roles="labels")
    assert ada.labels == ("editor", "author")


def test_keys_of_sessions_and_resets_are_not_kept(read):
    [ada] = read("wordpress", json.dumps([ADA | {"user_activation_key": "1:$P$x", "session_tokens": {}}]).encode())
    assert isinstance(ada, Record)
    assert list(ada.unread) == ["roles"]


def test_a_record_of_something_else_is_refused(read):
    [refused] = read("wordpress", b'[{"ID": 1, "post_title": "Hello"}]')
    assert isinstance(refused, Refused)


def test_it_is_recognised_by_its_columns(samples):
    assert sources.recognise((samples / LIST).read_bytes(), "users.csv") == ["wordpress"]
