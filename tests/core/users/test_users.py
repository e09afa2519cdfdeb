"""Accounts, through the door that applications use, on both databases."""

import pytest

from authctl.errors import Conflict, Invalid, NotFound


def test_create_answers_with_the_account(directory):
    user = directory.users.create(
        email="Ada@Example.com", name="Ada Lovelace", labels=["staff"], prefs={"theme": "dark"}
    )
    assert directory.users.get("ada@example.com") == user
    assert (user.email, user.labels, user.prefs) == ("ada@example.com", ("staff",), {"theme": "dark"})


@pytest.mark.parametrize(
    ("field", "value", "type"),
    [
        ("id", "ada", "user_already_exists"),
        ("username", "ADA", "user_already_exists"),
        ("email", "ADA@example.com", "user_email_already_exists"),
        ("phone", "+44 7911 123456", "user_phone_already_exists"),
    ],
)
def test_create_refuses_what_is_taken(directory, field, value, type):
    directory.users.create(id="ada", username="ada", email="ada@example.com", phone="+447911123456")
    with pytest.raises(Conflict) as refused:
        directory.users.create(**{field: value})
    assert (refused.value.type, refused.value.field) == (type, field)
    assert directory.users.count() == 1


@pytest.mark.parametrize("text", ["ada", "ada@example.com", "+44 7911 123456", "447911123456", "AdaL", "username:adal"])
def test_a_user_is_found_by_any_of_its_names(directory, text):
    directory.users.create(id="ada", username="adal", email="ada@example.com", phone="+447911123456")
    assert directory.users.get(text).id == "ada"


def test_a_prefix_says_which_name_is_meant(directory):
    directory.users.create(id="14255550123")
    directory.users.create(id="other", username="bob", phone="+14255550123")
    assert directory.users.get("14255550123").id == "other"
    assert directory.users.get("id:14255550123").id == "14255550123"
    assert directory.users.get("username:bob").id == "other"
    for text in ("email:bob", "id:bob", "phone:bob"):
        with pytest.raises(NotFound):
            directory.users.get(text)


def test_delete_frees_the_address_at_once(directory):
    directory.users.create(id="ada", email="ada@example.com", name="Ada")
    directory.users.delete("ada")
    assert directory.users.list(search="ada") == []
    assert directory.users.create(email="ada@example.com").email == "ada@example.com"
    assert [event.name for event in directory.users.list_logs("ada")] == ["users.delete", "users.create"]


def test_a_new_email_is_unverified_and_the_old_one_free(directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    assert not directory.users.update_email("ada", "ada@example.org").email_verified
    directory.users.create(email="ada@example.com")
    assert directory.users.update_email("ada", "").email is None


def test_the_same_email_again_changes_nothing(directory):
    before = directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    assert directory.users.update_email("ada", "ADA@example.com") == before
    assert len(directory.users.list_logs("ada")) == 1


def test_the_language_of_messages_is_kept_in_its_usual_form(directory, application):
    assert directory.users.create(id="ada", locale="pt_br").public()["locale"] == "pt-BR"
    assert directory.users.update_locale("ada", "DE").locale == "de"
    assert [user.id for user in directory.users.list(filters=["locale = de"])] == ["ada"]
    assert directory.users.list_logs("ada")[0].details == {"locale": {"before": "pt-BR", "after": "de"}}
    ada = directory.as_session(directory.users.create_session("ada").secret)
    assert ada.users.update_locale("ada", "").locale is None
    assert application.users.create(id="bob", locale="de").locale == "de"
    with pytest.raises(Invalid) as refused:
        directory.users.update_locale("ada", "german")
    assert [problem.field for problem in refused.value.problems] == ["locale"]


def test_a_block_ends_at_its_time(directory, clock):
    directory.users.create(id="ada")
    directory.users.update_status("ada", "blocked", until="2h")
    assert [user.id for user in directory.users.list(filters=["status = blocked"])] == ["ada"]
    assert directory.users.list(filters=["status = active"]) == []
    clock.forward(hours=2)
    assert directory.users.get("ada").status == "active"
    assert directory.users.list(filters=["status = blocked"]) == []
    assert [user.id for user in directory.users.list(filters=["status = active"])] == ["ada"]


def test_everything_wrong_is_told_at_once(directory):
    with pytest.raises(Invalid) as refused:
        directory.users.create(id="$", email="ada", phone="1", name="x" * 129, labels=["a b"], prefs="[]", password="x")
    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["id", "email", "phone", "name", "labels", "prefs", "password"]
    assert directory.users.count() == 0


@pytest.mark.parametrize("search", ["ada", "love", "lovelace ada", "example.com", "+4479", "447911", "ada.l"])
def test_search_finds_beginnings_of_words(directory, search):
    directory.users.create(id="u1", email="ada.lovelace@example.com", name="Ada Lovelace", phone="+447911123456")
    directory.users.create(id="u2", name="Grace Hopper")
    assert [user.id for user in directory.users.list(search=search)] == ["u1"]
    assert directory.users.count(search=search) == 1
    assert [user.id for user in directory.users.iterate(search=search)] == ["u1"]


def test_search_follows_changes(directory):
    directory.users.create(id="u1", name="Ada")
    directory.users.update_name("u1", "Grace")
    directory.users.update_labels("u1", ["navy"])
    assert directory.users.list(search="ada") == []
    assert len(directory.users.list(search="grace", filters=["labels ~ navy"])) == 1
    assert directory.users.list(filters=["labels ~ Navy"]) == []


def test_pages_follow_one_another(directory, clock):
    for number in range(7):
        directory.users.create(id=f"u{number}", name=f"N{number % 3}")
        clock.forward(seconds=number % 2)
    for sort in ("-created_at", "created_at", "name", "-email"):
        whole = [user.id for user in directory.users.list(sort=sort)]
        paged, after = [], None
        while page := [user.id for user in directory.users.list(sort=sort, limit=3, after=after)]:
            paged += page
            after = page[-1]
        assert paged == whole == [user.id for user in directory.users.iterate(sort=sort)]
        assert [user.id for user in directory.users.list(sort=sort, limit=2, before=whole[4])] == whole[2:4]


def test_a_password_is_verified(directory):
    directory.users.create(id="ada", password="correct horse")
    assert directory.users.verify_password("ada", "correct horse")
    assert not directory.users.verify_password("ada", "correct horse ")
    assert not directory.users.verify_password("nobody", "correct horse")


def test_prefs_merge_and_replace(directory):
    directory.users.create(id="ada", prefs={"a": 1, "b": {"c": 2}})
    assert directory.users.update_prefs("ada", {"a": None, "b": {"d": 3}}, merge=True) == {"b": {"c": 2, "d": 3}}
    assert directory.users.update_prefs("ada", '{"z": "é"}') == {"z": "é"} == directory.users.get_prefs("ada")


@pytest.mark.parametrize(("kind", "address"), [("email", "ada@example.com"), ("phone", "+14255550123")])
def test_a_person_whose_address_is_taken_is_told_how_to_prove_it(directory, kind, address):
    directory.users.create(id="eve", self_service=True, **{kind: address})
    directory.users.create(id="ada")
    ada = directory.as_session(directory.users.create_session("ada").secret)
    with pytest.raises(Conflict) as taken:
        getattr(ada.users, f"update_{kind}")("ada", address)
    told = f"If it is yours, verify it with: authctl tokens create-{kind}-change USER {address} --as-session"
    assert taken.value.hint == told
    with pytest.raises(Conflict, match="is taken") as taken:
        getattr(directory.users, f"update_{kind}")("ada", address)
    assert "authctl users merge FROM INTO" in taken.value.hint


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("ad", "ad"),
        ("ada@exampl.com", "ada"),
        ("id:ada", "ada"),
        ("al an", "'al an'"),
        ("\x1b[2J", "TEXT"),
        ("@", "TEXT"),
    ],
)
def test_a_user_that_is_not_there_is_searched_for_by_the_word_that_was_typed(directory, typed, searched):
    with pytest.raises(NotFound) as missing:
        directory.users.get(typed)
    assert missing.value.hint == f"Search with: authctl users list --search {searched}"
