"""Django: dumpdata of any user model, groups before and behind the users, and the table as CSV."""

import io
import json

import pytest

from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import Member, Record, Refused, Skipped
from authctl.transfer.sources import django_xml

ADA = {"password": "!x", "username": "ada", "email": "", "is_active": True, "groups": [1]}
GROUP = {"model": "auth.group", "pk": 1, "fields": {"name": "editors"}}


def dump(*rows):
    return json.dumps(rows).encode()


def row(model="auth.user", pk=1, **fields):
    return {"model": model, "pk": pk, "fields": ADA | fields}


def test_groups_before_the_users_or_in_the_same_file_again(read):
    ahead, behind = dump(GROUP, row()), dump(row(), GROUP)
    assert read("django", ahead, groups="labels")[1].labels == ("editors",)
    assert read("django", behind, behind, groups="labels")[0].labels == ("editors",)
    [ada, _] = read("django", behind, groups="labels")
    assert (ada.labels, ada.notes[0].field) == (None, "groups")
    assert read("django", behind)[0].labels is None


def test_groups_by_natural_keys(read):
    assert read("django", dump(row(groups=[["editors"]])), groups="labels")[0].labels == ("editors",)


@pytest.mark.parametrize("pk", [7, "7", "9f425a8d-7efc-4768-8f23-7647a74fdf13"])
def test_a_model_of_one_s_own(read, pk):
    [ada] = read("django", dump(row("shop.customer", pk, username="ada@example.com", full_name="Ada")))
    assert (ada.id, ada.email, ada.username, ada.name) == (str(pk), "ada@example.com", None, "Ada")


def test_other_rows_are_skipped(read):
    found = read("django", dump(GROUP, {"model": "admin.logentry", "pk": 1, "fields": {}}, {"model": "x"}))
    assert all(isinstance(item, Skipped) for item in found)


@pytest.mark.parametrize(("yes", "no"), [("t", "f"), ("1", "0"), ("True", "False")])
def test_the_table_as_csv(read, yes, no):
    content = (
        "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined\n"
        f"1,!x,,{yes},ada,Ada,L,ada@example.com,{no},{yes},2020-05-01 12:00:00+00\n"
        f"2,!x,,{no},bob,,,,{no},{no},2020-05-01 12:00:00.000001+00\n"
    )
    ada, bob = read("django", content.encode())
    assert (ada.id, ada.name, ada.labels, ada.blocked, ada.created_at.year) == (
        "1",
        "Ada L",
        ("superuser",),
        False,
        2020,
    )
    assert (bob.email, bob.labels, bob.blocked) == (None, None, True)


# XML


def xml(*objects, head=""):
    inner = "\n".join(f'<object model="{model}" pk="{pk}">{"".join(fields)}</object>' for model, pk, fields in objects)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}<django-objects version="1.0">\n{inner}\n</django-objects>\n'


def field(name, text, kind='type="CharField"'):
    return f'<field name="{name}" {kind}>{text}</field>'


MANY = 'rel="ManyToManyRel" to="auth.group"'
USER = (
    field("password", "!x"),
    field("username", "ada"),
    field("first_name", "Ädä &amp; <![CDATA[<co>]]>"),
    field("last_login", "<None></None>", 'type="DateTimeField"'),
    field("is_active", "False", 'type="BooleanField"'),
    field("email", ""),
)
EDITORS = ("auth.group", 1, (field("name", "editors"),))
EMPTY = '<object model="sites.site" pk="1"/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    "groups", ['<object pk="1"></object>', '<object pk="1"/>', "<object><natural>editors</natural></object>"]
)
def test_xml(read, mended, encoding, groups):
    content = xml(EDITORS, ("auth.user", 7, (*USER, field("groups", groups, MANY)))).encode(encoding)
    assert sources.recognise(content, "x") == ["django"]
    group, ada = read("django", content, groups="labels")
    assert isinstance(group, Skipped)
    assert (ada.id, ada.username, ada.name, ada.email, ada.blocked, ada.labels) == (
        "7",
        "ada",
        "Ädä & <co>",
        None,
        True,
        ("editors",),
    )
    assert (ada.notes, ada.unread, ada.at) == ([], {}, 2)
    [again] = read("django", mended("django", [ada]), content, groups="labels")
    assert (again.name, again.labels) == (ada.name, ada.labels)


def test_xml_in_small_pieces(read, monkeypatch):
    monkeypatch.setattr(django_xml, "CHUNK", 7)
    users = [("auth.user", number, (*USER, field("bio", "x" * 100))) for number in range(1, 30)]
    found = read("django", xml(*users).encode())
    assert [user.id for user in found] == [str(number) for number in range(1, 30)]
    assert all(user.raw.text.startswith("<object model=") and user.raw.text.endswith("</object>") for user in found)


@pytest.mark.parametrize("size", [7, 1 << 16])
def test_an_empty_element_is_an_object_of_its_own(monkeypatch, size):
    monkeypatch.setattr(django_xml, "CHUNK", size)
    content = xml(EDITORS, EDITORS).replace("<object", f"{EMPTY}<object", 1).replace("</django", f"{EMPTY}</django")
    found = list(django_xml.rows(io.BytesIO(content.encode())))
    assert [row.at for row in found] == [1, 2, 3, 4]
    assert [row.raw.text == EMPTY for row in found] == [True, False, False, True]
    assert all(row.raw.text.endswith("</object>") for row in found[1:3])


@pytest.mark.parametrize(
    "content",
    [
        xml(("auth.user", 1, USER), head="<!DOCTYPE x>"),
        xml(("auth.user", 1, ("<natural>" * 100, "</natural>" * 100))),
        xml(("auth.user", 1, ("<a/>",))),
        xml(("auth.user", 1, ('<field a="b"/>',))),
        xml(
            ("auth.user", 1, (field("password", "&b;"),)),
            head='<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>',
        ),
        xml(
            ("auth.user", 1, (field("password", "&b;"),)),
            head='<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        ),
        "<users><user/></users>",
        "<django-objects",
        "<",
        "- model: auth.user\n  pk: 1\n  fields:\n    password: '!x'\n",
    ],
)
def test_what_is_not_read_is_refused_as_a_whole(read, content):
    with pytest.raises(Invalid) as refused:
        read("django", content.encode())
    assert refused.value.type == "import_file_invalid"


def test_yaml_is_named(read):
    content = b"- model: auth.user\n  pk: 1\n"
    assert sources.recognise(content, "x") == ["django"]
    with pytest.raises(Invalid, match="YAML") as refused:
        read("django", content)
    assert "dumpdata --format json" in refused.value.hint


def test_what_stands_before_an_error_in_the_xml_comes_in(read):
    content = xml(("auth.user", 1, USER), ("auth.user", 2, ("<field",)), ("auth.user", 3, USER))
    ada, refused = read("django", content.encode())
    assert (ada.id, type(refused), refused.at) == ("1", Refused, 2)
    assert refused.notes[0].message == "Line 4 is not valid XML. Nothing after it can be read."


def test_an_object_without_end_is_bounded(read, monkeypatch):
    monkeypatch.setattr(django_xml, "MAX_RECORD", 200_000)
    with pytest.raises(Invalid, match="too long"):
        read("django", xml(("auth.user", 1, (field("password", "x" * 1_000_000),))).encode())


# What else is in a dump


def test_a_model_that_only_has_a_password_is_no_user(read):
    [other] = read("django", dump({"model": "mail.smtp", "pk": 1, "fields": {"host": "x", "password": "x"}}))
    assert isinstance(other, Skipped)


def test_what_is_left_is_named(read):
    ada = row(department="x", user_permissions=[1])
    [found] = read("django", dump(ada))
    assert found.unread == {"department": "x", "user_permissions": [1], "groups": [1]}
    assert sources.load("django").takes.keys() == {"groups"}


def test_groups_become_teams(read):
    ada = read("django", dump(GROUP, row()), groups="teams")[1]
    assert (ada.members, ada.labels, ada.unread) == ([Member(None, "editors")], None, {})
    with pytest.raises(Invalid, match="labels, teams or none"):
        read("django", dump(row()), groups="roles")


def test_groups_are_known_where_an_import_goes_on(read):
    [ada] = read("django", dump(GROUP, row()), groups="labels", start=1)
    assert ada.labels == ("editors",)


def test_a_table_as_json(read):
    rows = [{"id": 7, "last_login": None, "groups": []} | ADA | {"groups": []}]
    [ada] = read("django", json.dumps(rows).encode())
    assert (ada.id, ada.username, ada.unread) == ("7", "ada", {})


def test_a_record_of_another_shape_is_refused_by_name(read):
    for other in ({"uid": "a", "email": "a@example.com"}, {"$id": "a", "password": "x", "username": "ada"}):
        [refused] = read("django", json.dumps([other]).encode())
        assert isinstance(refused, Refused)
        assert "not a Django user" in refused.notes[0].message


def test_lines_of_json(read):
    content = b"\n".join(json.dumps(each).encode() for each in (GROUP, row(), row(pk=2, username="bob")))
    assert [item.ref for item in read("django", content)] == ["auth.group 1", "1", "2"]


@pytest.mark.parametrize("model", ["otp_totp.totpdevice", "otp_static.statictoken", "mfa.authenticator"])
def test_second_factors_of_apps_are_told(read, model):
    *_, skipped = read("django", dump({"model": model, "pk": 1, "fields": {"user": 7, "key": "marked"}}))
    assert [note.type for note in skipped.notes] == ["import_factor_lost"]
    assert "marked" not in str(skipped)


def of_app(model, pk=1, **fields):
    return {"model": model, "pk": pk, "fields": {"user": 1} | fields}


APPS = (
    of_app("otp_totp.totpdevice", confirmed=True, key=b"12345678901234567890".hex(), digits=8, step=60),
    of_app("otp_totp.totpdevice", 2, confirmed=False, key="00"),
    of_app("mfa.authenticator", type="totp", data={"secret": "JBSWY3DPEHPK3PXP"}),
    of_app("mfa.authenticator", 2, type="recovery_codes", data={"seed": "marked"}),
    of_app("account.emailaddress", email="Ada@example.com", verified=True, primary=True),
    of_app("account.emailaddress", 2, email="old@example.com", verified=True, primary=False),
    of_app("socialaccount.socialaccount", provider="google", uid="108", date_joined="2024-01-01T00:00:00Z"),
)


@pytest.mark.parametrize("is_ahead", [True, False])
def test_what_apps_have_of_users_comes_along(read, is_ahead):
    ada = row(email="ada@example.com")
    items = read("django", dump(*APPS, ada)) if is_ahead else read("django", dump(ada, *APPS), dump(ada, *APPS))
    [found] = [item for item in items if isinstance(item, Record)]
    assert [(each.digits, each.period, each.secret[:3]) for each in found.totp] == [(8, 60, b"123"), (6, 30, b"Hel")]
    assert (found.mfa, found.email_verified) == (True, True)
    assert [(each.provider, each.provider_uid) for each in found.identities] == [("google", "108")]
    assert [(note.type, note.field) for note in found.notes] == [
        ("import_factor_lost", "mfa"),
        ("import_value_dropped", "addresses"),
    ]
    assert {note.type for item in items if item is not found for note in item.notes} == {"import_not_a_user"}


def test_what_stands_behind_the_users_is_told_and_how_to_take_it(read):
    ada, *others = read("django", dump(row(), *APPS))
    assert (ada.totp, ada.identities, ada.email_verified) == ([], [], None)
    assert {item.notes[0].type for item in others} == {"import_factor_lost", "import_value_dropped"}
    assert all("once more behind itself" in item.notes[0].message for item in others)


def test_an_app_s_user_by_its_natural_key(read):
    device = of_app("otp_totp.totpdevice", user=["ada"], confirmed=True, key="00" * 20)
    assert len(read("django", dump(device, row()))[1].totp) == 1


def test_a_malformed_line_of_groups_is_told(read):
    nameless = {"model": "auth.group", "pk": 2, "fields": {}}
    for items in (
        read("django", dump(row()), dump(GROUP, nameless), groups="labels"),
        read("django", dump(row()), json.dumps(GROUP).encode() + b"\n{broken\n", groups="labels"),
    ):
        assert items[-1].notes[0].field == "groups"
        assert items[-1].file == 1
