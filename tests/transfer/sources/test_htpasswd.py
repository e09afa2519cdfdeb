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


HASHES = [
    "{SSHA512}bm8gaGFzaCBvZiBhbnlib2R5",
    "$P$Br387rwferoKN7uwHZqNMu98q3U8RO.",
    "{PBKDF2-SHA256}10$c2FsdA$a2V5a2V5",
]


@pytest.mark.parametrize("hash", HASHES)
@pytest.mark.parametrize("wish", ["yes", "no"])
def test_every_hash_that_says_what_it_is_is_taken_as_one(read, hash, wish):
    assert read("htpasswd", f"ada:{hash}\n".encode(), plain_passwords=wish)[0].password == Secret(hash)


@pytest.mark.parametrize(
    "text",
    [
        *("x", "*", "!", "!!", "*LK*", "NP", "!{SSHA}15+B51NCuugeHjB6qbFJpaxrBIsg3hya", "caD0.o015UmzY"),
        *("939e7578ed9e3c518a452acee763bce9", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"),
    ],
)
def test_no_hash_and_no_lock_is_a_password_in_plain_text(read, text):
    [ada] = read("htpasswd", f"ada:{text}\n".encode(), plain_passwords="yes")
    assert (ada.password, [note.type for note in ada.notes]) == (None, ["import_password_lost"])


@pytest.mark.parametrize("scheme", ["{PLAIN}", "{cleartext}"])
def test_a_scheme_of_plain_text_is_taken_where_it_is_asked_for(read, scheme):
    line = f"ada:{scheme}a good long word\n".encode()
    assert read("htpasswd", line, plain_passwords="yes")[0].password == Secret("a good long word", is_plain=True)
    [ada] = read("htpasswd", line)
    assert ada.password is None
    assert "plain_passwords=yes" in ada.notes[0].message


def test_a_file_of_htdigest_is_refused_by_its_name(read):
    [joe] = read("htpasswd", b"joe:staff only:939e7578ed9e3c518a452acee763bce9\n", plain_passwords="yes")
    assert isinstance(joe, Refused)
    assert "htdigest" in joe.notes[0].message


def test_what_is_behind_another_colon_is_a_comment(read):
    found = read("htpasswd", b"ada:{SHA}x:the first\nbob:plain word:the second\n", plain_passwords="yes")
    assert [item.password for item in found] == [Secret("{SHA}x"), Secret("plain word", is_plain=True)]


def test_nothing_of_a_line_is_unread(read):
    assert read("htpasswd", b"ada:{SHA}x\n")[0].unread == {}
