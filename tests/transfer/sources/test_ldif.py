"""LDIF: folded lines, base64, several values, locked accounts, and who is no person."""

import base64

import pytest

from authctl.errors import Invalid
from authctl.transfer.records import Refused, Secret, Skipped


def entry(*lines):
    return "\n".join(("dn: uid=ada,dc=example", "objectClass: inetOrgPerson", "uid: ada", *lines, "")).encode()


def test_folded_lines_and_comments(read):
    content = entry("# a comment that is", " folded too", "cn: Ada Love", " lace", "mail:", "  ada@example.com")
    [ada] = read("ldif", content.replace(b"\n", b"\r\n"))
    assert (ada.name, ada.email) == ("Ada Lovelace", "ada@example.com")


def test_names_in_any_case_and_language(read):
    [ada] = read("ldif", entry("CN;lang-en: Ada", "EntryUUID: 0d7b0e6e-0000-103e-8000-000000000001"))
    assert (ada.name, ada.id) == ("Ada", "0d7b0e6e-0000-103e-8000-000000000001")


@pytest.mark.parametrize(
    "line",
    [
        "pwdAccountLockedTime: 000001010000Z",
        "nsAccountLock: TRUE",
        "loginShell: /usr/sbin/nologin",
        "userAccountControl: 514",
        "userPassword: {CRYPT}!$6$x$y",
    ],
)
def test_locked_accounts(read, line):
    assert read("ldif", entry(line))[0].blocked


@pytest.mark.parametrize(
    "line",
    ["pwdAccountLockedTime: 20240101000000Z", "nsAccountLock: false", "loginShell: /bin/sh", "userAccountControl: 512"],
)
def test_accounts_that_are_not(read, line):
    assert read("ldif", entry(line))[0].blocked is None


def test_a_locked_hash_is_kept(read):
    [ada] = read("ldif", entry("userPassword: {crypt}!$6$salt$hash"))
    assert ada.password == Secret("{crypt}$6$salt$hash", "ldap")


@pytest.mark.parametrize("text", ["secret", "{CLEARTEXT}secret", "{clear}secret"])
def test_plain_text_only_where_it_is_said(read, text):
    content = entry(f"userPassword:: {base64.b64encode(text.encode()).decode()}")
    [left], [taken] = read("ldif", content), read("ldif", content, plain_passwords="yes")
    assert (left.password, taken.password) == (None, Secret("secret", is_plain=True))
    assert "secret" not in left.notes[0].message.replace("plain_passwords", "")


def test_groups(read):
    content = entry("memberOf: cn=admins,ou=groups", "memberOf: cn=two words,ou=groups")
    [ada] = read("ldif", content)
    assert (ada.labels, ada.notes[0].field) == (("admins",), "labels")
    assert read("ldif", content, groups="none")[0].labels is None


def test_what_a_url_points_to_is_not_fetched(read):
    [ada] = read("ldif", entry("jpegPhoto:< file:///etc/passwd", "cn: Ada"))
    assert ada.name == "Ada"


def test_changes_and_others_than_persons(read):
    machine = b"dn: cn=pc\nobjectClass: user\nobjectClass: computer\n"
    found = read("ldif", b"version: 1\n\n" + entry("changetype: modify") + b"\n" + machine)
    assert [type(item) for item in found] == [Refused, Skipped]


def test_what_is_not_ldif(read):
    with pytest.raises(Invalid):
        read("ldif", b"email: a@example.com\n")
