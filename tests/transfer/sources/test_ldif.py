"""LDIF: folded lines, base64, several values, locked accounts, and who is no person."""

import base64
import io

import pytest

from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import Refused, Secret, Skipped


class Once(io.BytesIO):
    """A file that is read once, as a pipe is."""

    def seekable(self):
        return False


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
    ("line", "locale"),
    [("preferredLanguage: de-AT, en;q=0.5", "de-AT"), ("x: y", None)],
)
def test_the_language_that_is_preferred(read, line, locale):
    assert read("ldif", entry(line))[0].texts == {"locale": locale}


@pytest.mark.parametrize(
    "line",
    [
        "pwdAccountLockedTime: 000001010000Z",
        "nsAccountLock: TRUE",
        "userAccountControl: 514",
    ],
)
def test_locked_accounts(read, line):
    assert read("ldif", entry(line))[0].blocked


@pytest.mark.parametrize(
    "line",
    [
        "pwdAccountLockedTime: 20240101000000Z",
        "nsAccountLock: false",
        "loginShell: /bin/sh",
        "loginShell: /usr/sbin/nologin",
        "userAccountControl: 512",
        "userPassword: {CRYPT}!$6$x$y",
    ],
)
def test_accounts_that_are_not(read, line):
    assert read("ldif", entry(line))[0].blocked is None


def test_a_shell_that_is_none_is_told(read):
    [ada] = read("ldif", entry("loginShell: /sbin/nologin"))
    assert "shell logins only" in ada.notes[0].message


@pytest.mark.parametrize(
    "text",
    ["!{SSHA}15+B51NCuugeHjB6qbFJpaxrBIsg3hya", "x", "*", "!", "!!", "*LK*", "NP", "$6$salt$" + "a" * 86, "5f" * 16],
)
@pytest.mark.parametrize("wish", ["yes", "no"])
def test_no_hash_and_no_lock_is_a_password_in_plain_text(read, text, wish):
    [ada] = read("ldif", entry(f"userPassword: {text}"), plain_passwords=wish)
    assert (ada.password, ada.blocked, [note.type for note in ada.notes]) == (None, None, ["import_password_lost"])


def test_an_nt_hash_is_named(read):
    [ada] = read("ldif", entry("sambaNTPassword: 8846F7EAEE8FB117AD06BDD830B7586C"))
    assert "NT hash" in ada.notes[0].message
    assert not ada.unread


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


@pytest.mark.parametrize(
    "lines",
    [
        ["objectClass: msDS-ManagedServiceAccount", "sAMAccountName: svc"],
        ["objectClass: msDS-DelegatedManagedServiceAccount", "sAMAccountName: svc"],
        ["sAMAccountName: svc$", "userAccountControl: 512"],
        ["sAMAccountName: CORP", "userAccountControl: 2080"],
        ["cn: pc", "userAccountControl: 4096"],
    ],
)
def test_accounts_of_machines_and_services_are_left_out(read, lines):
    [item] = read("ldif", "\n".join(["dn: cn=x,dc=y", "objectClass: user", *lines, ""]).encode())
    assert isinstance(item, Skipped)


def test_a_person_may_have_the_name_of_a_service(read):
    lines = ["dn: cn=x", "objectClass: user", "sAMAccountName: jo", "servicePrincipalName: HTTP/jo", ""]
    [jo] = read("ldif", "\n".join(lines).encode())
    assert jo.username == "jo"


def test_what_is_not_ldif(read):
    with pytest.raises(Invalid):
        read("ldif", b"email: a@example.com\n")


def test_active_directory(by_ref):
    found = by_ref("ldif", "ad.ldif")
    jane, bob = found["jane doe"], found["bob"]
    assert (jane.id, jane.email) == ("3f1e1a90-d6c9-4491-a8d9-f43c850ecbd0", "Jane.Doe@example.com")
    assert jane.metadata == {"other_emails": ["jd@example.com"], "user_principal_name": "jane@corp.local"}
    assert (jane.created_at.year, jane.updated_at.year, jane.last_sign_in_at.year) == (2019, 2024, 2024)
    assert [note.value for note in jane.notes if note.field == "labels"] == ["Domain Admins", "Smith, John's team"]
    assert (bob.blocked, bob.username, jane.blocked) == (True, "bob", None)
    assert [type(found[ref]) for ref in ("PC1$", "CN=Partner", "krbtgt")] == [Skipped] * 3
    assert not jane.unread


def test_freeipa(by_ref):
    found = by_ref("ldif", "ipa.ldif")
    jane = found["jane"]
    assert (jane.id, jane.username, jane.name) == ("9e0a1c5e-7f0f-11ef-8a2b-c946fd71253d", "jane", "Jane")
    assert jane.metadata == {"other_emails": ["jd@example.com"], "other_uids": ["jdoe"]}
    assert not any("autogenerate" in note.message for note in jane.notes)
    assert "ipausers" in jane.labels
    assert jane.unread.keys() >= {"jpegphoto", "cn;lang-ja", "krbpasswordexpiration"}
    assert isinstance(found["uid=pg"], Skipped)


def test_three_people_of_one_switchboard(read):
    assert [item.username for item in read("ldif", "switch.ldif")] == ["u0", "u1", "u2"]


def test_entries_of_groups_are_what_is_asked_of_them(read):
    kept, labelled, joined = (
        read("ldif", "gon.ldif", **wish)[0] for wish in ({}, {"groups": "labels"}, {"groups": "teams"})
    )
    assert (kept.labels, labelled.labels) == (None, ("admins", "devs"))
    assert [member.name for member in joined.members] == ["admins", "devs"]
    assert "groups=labels" in read("ldif", "gon.ldif")[1].notes[0].message


def test_a_member_is_found_however_its_name_is_written(read):
    group = b"dn: cn=g,dc=x\nobjectClass: groupOfUniqueNames\ncn: g\nuniqueMember: UID=ada , DC=Example\n"
    assert read("ldif", entry("cn: Ada") + b"\n" + group, groups="labels")[0].labels == ("g",)


def test_a_file_that_cannot_be_read_twice_has_no_entries_of_groups(read):
    with pytest.raises(Invalid, match="read twice"):
        next(sources.load("ldif").read([Once(entry("cn: Ada"))], {"groups": "labels"}, 0))
    assert len(list(sources.load("ldif").read([Once(entry("cn: Ada"))], {}, 0))) == 1


@pytest.mark.parametrize("dn", ["uid=a\\,b,dc=x", "uid=a\\2Cb,dc=x", "uid=a\\2cb , dc=x"])
def test_a_comma_in_a_name_ends_no_part_of_it(read, dn):
    [ada] = read("ldif", f"dn: {dn}\nobjectClass: person\ncn: Ada\n".encode())
    assert ada.ref == "uid=a,b"
