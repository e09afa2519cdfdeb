"""Manifests as text: what is wanted, and every fault of every file with its line."""

import json
import tomllib

import pytest

from authctl.core.manifests import declarations, lines, reading
from authctl.core.manifests.declarations import State
from authctl.core.policy import policies
from authctl.errors import Invalid

WHOLE = """
[policy]
session-duration = "30d"

[[teams]]
id = "maths"
name = "Mathematics"
prefs = { room = 4 }

[[teams.members]]
user = "ada@example.com"
roles = ["owner"]

[[teams.members]]
user = "bob"
state = "absent"

[[users]]
email = "ADA@example.com"
labels = ["staff"]
metadata = '{"plan": null}'
state = "created"

[[mock-phones]]
phone = "+1 333 444 5555"
code = "123456"
"""


def read(*texts):
    return reading.read("school", [(f"{place}.toml", text) for place, text in enumerate(texts, 1)])


def faults(*texts):
    with pytest.raises(Invalid) as refused:
        read(*texts)
    assert {problem.type for problem in refused.value.problems} == {"manifest_invalid"}
    return [problem.message for problem in refused.value.problems]


def test_a_manifest_is_read():
    found = read(WHOLE)
    assert {name: value for name, (value, _) in found.policy.items()} == policies.parse_all({"session-duration": "30d"})
    [team], [user], [phone] = found.teams, found.users, found.mock_phones
    assert (team.named, team.values["prefs"]) == ("id:maths", {"room": 4})
    assert [(member.name, member.state, str(member.place)) for member in team.members] == [
        ("ada@example.com", State.PRESENT, "1.toml:10"),
        ("bob", State.ABSENT, "1.toml:14"),
    ]
    assert (user.named, user.state) == ("email:ada@example.com", State.CREATED)
    assert user.values["metadata"] == {"plan": None}
    assert phone.name == "+13334445555"


def test_several_files_are_one_manifest():
    found = read('[[users]]\nid = "ada"', '[[users]]\nid = "bob"\n[policy]\notp-length = 8')
    assert [(user.name, str(user.place)) for user in found.users] == [("ada", "1.toml:1"), ("bob", "2.toml:1")]


def test_every_fault_of_every_file_is_told_with_its_line():
    assert faults(
        '[[users]]\nemial = "ada@example.com"\nid = "ada"\n\n[[users]]\nname = "Nobody"\n',
        '[policy]\nsession-durration = "1d"\notp-length = 99\n\n[[team]]\nid = "maths"\n',
        "[[users]]\nid = ",
    ) == [
        "1.toml:2: Unknown key 'emial'. Did you mean 'email'?",
        "1.toml:5: Nothing says which user this is: give id, email, phone or username.",
        "2.toml:2: Unknown policy 'session-durration'. Did you mean 'session-duration'?",
        "2.toml:3: Invalid otp-length: must be 6 to 10, not 99.",
        "2.toml:5: Unknown key 'team'. Did you mean 'teams'?",
        "3.toml:2: This is not TOML: Invalid value.",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[users]]\nid = "ada"\nemail = "ada"', "1.toml:3: "),
        (
            '[[users]]\nid = "ada"\nstate = "gone"',
            "1.toml:3: Invalid state 'gone': use one of present, created, blocked, absent.",
        ),
        (
            '[[users]]\nid = "ada"\nemail_verified = "yes"',
            "1.toml:3: Invalid email_verified: it must be true or false, not text.",
        ),
        ('[[users]]\nid = "ada"\nemail = ""\nemail_verified = true', "1.toml:1: email_verified is set, but there is"),
        ('[[users]]\nid = "ada"\nprefs = { at = 2026-01-01 }', "1.toml:3: Invalid prefs: "),
        ("[[users]]\nid = 4", "1.toml:2: Invalid id: "),
        ("users = 4", "1.toml:1: users must be an array of tables: [[users]]"),
        ("policy = 4", "1.toml:1: policy must be a table: [policy]"),
        (
            '[[teams]]\nname = "Maths"\n[[teams.members]]\nroles = []',
            "1.toml:3: Nothing says which member this is: give user.",
        ),
        ('[[teams]]\nname = "Maths"\nmember = []', "1.toml:3: Unknown key 'member'. Did you mean 'members'?"),
        (
            '[[mock-phones]]\nphone = "+13334445555"\ncode = "12"',
            "1.toml:3: Invalid code: write six digits, in quotes.",
        ),
    ],
)
def test_a_fault_names_its_line(text, fault):
    [found] = faults(text)
    assert found.startswith(fault)


def test_each_fault_has_a_hint_of_its_own():
    with pytest.raises(Invalid) as refused:
        read('[[users]]\nid = "ada"\nphone = "0171"\nstate = "gone"\nprefs = "{"')
    phone, state, prefs = (problem.hint for problem in refused.value.problems)
    assert (state, refused.value.hint) == (None, phone)
    assert phone != prefs


def test_a_subject_that_is_named_twice_is_refused():
    twice = '[[users]]\nid = "ada"\nemail = "ada@example.com"\n\n[[users]]\nemail = "Ada@example.com"\n'
    assert faults(twice) == ["1.toml:5: ada@example.com is named in 1.toml:1 already."]
    assert faults('[[teams]]\nname = "Maths"', '[[teams]]\nname = "Maths"') == [
        "2.toml:1: Maths is named in 1.toml:1 already."
    ]
    with pytest.raises(Invalid, match="already") as refused:
        read(twice + 'state = "absent"')
    assert "by the id alone" in refused.value.hint
    assert faults("[policy]\notp-length = 6", "[policy]\notp-length = 8") == [
        "2.toml:2: otp-length is set in 1.toml:2 already."
    ]


@pytest.mark.parametrize("secret", ["correct horse battery", "hunter2", "5f4dcc3b5aa765d61d8327deb882cf99"])
def test_a_password_in_a_file_is_refused_and_not_shown(secret):
    [fault] = faults(f'[[users]]\nid = "ada"\npassword = "{secret}"')
    assert fault.startswith("1.toml:3: ")
    assert secret not in fault


def test_a_hash_may_stand_in_a_file():
    read('[[users]]\nid = "ada"\npassword = "5f4dcc3b5aa765d61d8327deb882cf99"\nhash = "md5"')
    read('[[users]]\nid = "ada"\npassword = "generate"')


def test_lines_are_found_in_unusual_layouts():
    text = 'note = """\n[[users]]\nid = 1\n"""\n[[users]]\n"id" = "ada"\n  [users.prefs]\n  theme = "dark"\n'
    text += '[[ users ]]\nid = "bob"\n'
    part = lines.of(text)
    assert [each.line for each in part.within["users"]] == [5, 9]
    assert part.within["users"][0].line_of("id") == 6
    assert tomllib.loads(text)["users"][1] == {"id": "bob"}
    inline = 'users = [\n{ id = "ada", emial = "x" },\n]'
    assert faults(inline) == ["1.toml:1: Unknown key 'emial'. Did you mean 'email'?"]


def test_the_schema_names_every_key():
    schema = declarations.schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == {"policy", "teams", "users", "mock-phones"}
    assert set(schema["properties"]["users"]["items"]["properties"]) == set(declarations.TABLES["users"].keys)
    assert set(schema["properties"]["policy"]["properties"]) == set(policies.DECLARATIONS)
    assert "members" in schema["properties"]["teams"]["items"]["properties"]
