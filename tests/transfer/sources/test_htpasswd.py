"""Password files of web servers."""

import pytest

from authctl.transfer import sources
from authctl.transfer.records import Refused, Secret, Skipped


def test_plain_text_only_where_it_is_said(read):
    content = b"ada:secret word\nbob:abcdefghijklm\neve:\n"
    assert [item.password for item in read("htpasswd", content)] == [None] * 3
    found = read("htpasswd", content, plain_passwords="yes")
    assert found[0].password == Secret("secret word", is_plain=True)
    assert found[1].password == Secret("abcdefghijklm", is_plain=True)
    assert [note.type for note in found[2].notes] == ["import_password_lost"]


@pytest.mark.parametrize("hash", ["$2y$05$x", "$apr1$x$y", "{SHA}x", "$5$x$y", "$6$rounds=5000$x$y", "$1$x$y", "$y$x"])
def test_a_hash_says_what_it_is(read, hash):
    [ada] = read("htpasswd", f"ada:{hash}\r\n".encode())
    assert ada.password == Secret(hash)


def test_lines(read):
    found = read("htpasswd", b"# staff\n\nada:{SHA}x\nno colon\n:x\n")
    assert [(type(item), item.at) for item in found[:1] + found[2:]] == [(Skipped, 1), (Refused, 4), (Refused, 5)]
    assert (found[1].username, found[1].at) == ("ada", 3)


def test_names_of_other_encodings(read):
    assert read("htpasswd", "jürgen:{SHA}x\n".encode("latin-1"))[0].username == "jürgen"
    assert read("htpasswd", "jürgen:{SHA}x\n".encode("cp437"), encoding="cp437")[0].username == "jürgen"


def test_it_is_recognised():
    assert sources.recognise(b"# x\nada:$apr1$a$b\n", "users") == ["htpasswd"]
    assert sources.recognise(b"ada:secret\n", ".htpasswd") == ["htpasswd"]
    assert sources.recognise(b"ada:secret\n", "users") == []
