"""An id names one account or team for ever: whoever gets it later gets nothing of the one before."""

import pytest
from doubles.attackers import PASSWORD, proved, refusal
from doubles.given import Given

from authctl.core.maintenance import backup
from authctl.transfer import importing
from authctl.transfer.journal import Imports
from authctl.transfer.records import Record


def test_nobody_signs_up_with_the_id_of_a_deleted_account(directory, application):
    """It is `user:ada` in permissions."""
    proved(directory, "ada")
    directory.users.delete("ada")
    for id in ("ada", "ADA"):
        assert refusal(application.users.create, id=id, password=PASSWORD) == "user_already_exists"


def test_whom_an_operator_gives_it_reads_nothing_from_before(directory, application, clock):
    proved(directory, "ada")
    directory.users.update_name("ada", "Secret")
    directory.users.delete("ada")
    clock.forward(minutes=1)
    secret = proved(directory, "ada", email="other@example.com")
    read = application.as_session(secret).users.list_logs("ada", limit=100)
    assert {event.name for event in read} == {"users.create", "users.sessions.create"}


def test_nor_is_anything_that_the_one_before_held_good_for_it(directory, application, clock):
    """Sessions, JWTs, tokens, locks."""
    secret = proved(directory, "ada")
    jwt = application.sessions.create_jwt(secret).jwt
    token = directory.tokens.create("ada").secret
    for _ in range(10):
        refusal(application.sessions.create, "ada", "wrong")
    directory.users.delete("ada")
    proved(directory, "ada")
    assert refusal(application.sessions.get, secret) == "user_unauthorized"
    assert refusal(application.sessions.verify_jwt, jwt) == "user_unauthorized"
    assert refusal(application.tokens.redeem, "ada", token, kind="token") == "user_invalid_token"
    assert application.sessions.create("ada", PASSWORD)


@pytest.mark.parametrize("by", ["an operator", "the owner"])
def test_nobodys_team_has_the_id_of_a_deleted_one(directory, application, by):
    """It is `team:maths` in permissions, with the roles of whoever is in it."""
    directory.users.create(id="ada", password=PASSWORD)
    directory.teams.create("Maths", id="maths", owner="ada")
    owner = application.as_session(application.sessions.create("ada", PASSWORD).secret)
    (directory if by == "an operator" else owner).teams.delete("maths")
    eve = application.as_session(proved(directory, "eve"))
    assert refusal(eve.teams.create, "Maths", id="maths") == "team_already_exists"
    assert eve.teams.create("Maths").id != "maths"
    assert "team:maths" not in eve.users.list_roles("eve")
    assert directory.teams.create("Maths", id="maths").id == "maths"  # an operator may


def test_an_account_that_an_operator_made_again_is_not_the_imports(directory, clock, tmp_path):
    """Undoing an import removes whom it made, and nobody who has got the id since."""
    (tmp_path / "given").write_text("ada")
    made = importing.import_users(
        directory,
        [str(tmp_path / "given")],
        source=Given(Record(1, "ada", None, id="ada")),
        options=importing.Options(),
    )
    directory.users.delete("ada")
    clock.forward(seconds=1)
    directory.users.create(id="ada", name="Another")
    Imports(directory).undo(made.id)
    assert directory.users.get("ada").name == "Another"


def test_a_restored_directory_remembers_them(directory, new_directory, tmp_path):
    proved(directory, "ada")
    directory.teams.create("Maths", id="maths")
    directory.users.delete("ada")
    directory.teams.delete("maths")
    backup.backup(directory, str(tmp_path / "one.backup"))
    restored, settings = new_directory
    backup.restore(restored, settings, str(tmp_path / "one.backup"))
    assert refusal(restored.users.create, id="ada", self_service=True) == "user_already_exists"
    eve = restored.as_session(proved(restored, "eve"))
    assert refusal(eve.teams.create, "Maths", id="maths") == "team_already_exists"
