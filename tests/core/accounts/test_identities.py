"""Accounts elsewhere: linking, listing and unlinking them, and signing in by one for the first time twice at once."""

import os
import threading
from functools import partial

import pytest
from doubles.mail import MailServer

from authctl import storage
from authctl.errors import AuthctlError, Conflict, Denied, Invalid, NotFound
from authctl.settings import load

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"
VOUCHED = {"email": EMAIL, "email_verified": True}


def test_a_page_goes_on_behind_an_identity(directory):
    directory.users.create(id="ada")
    made = [directory.users.create_identity("ada", "google", f"g-{number}") for number in range(3)]
    assert directory.users.list_identities("ada", after=made[0].id) == made[1:]
    assert directory.users.list_identities(after=made[2].id) == []
    with pytest.raises(NotFound) as refused:
        directory.users.list_identities(after="nowhere")
    assert (refused.value.type, refused.value.field) == ("user_identity_not_found", "after")


def test_an_identity_belongs_to_one_user(directory):
    for id in ("ada", "bob"):
        directory.users.create(id=id)
    directory.users.create_identity("ada", "google", "g-1")
    with pytest.raises(Conflict) as refused:
        directory.users.create_identity("bob", "google", "g-1")
    assert refused.value.type == "user_identity_already_exists"
    assert directory.users.create_identity("bob", "github", "g-1").provider_uid == "g-1"


@pytest.mark.parametrize(
    ("provider", "uid"), [("", "1"), ("google", ""), ("a b", "1"), ("google", "\0"), ("x" * 200, "1")]
)
def test_what_is_no_identity_is_refused(directory, provider, uid):
    directory.users.create(id="ada")
    for make in (lambda: directory.users.create_identity("ada", provider, uid),
                 lambda: directory.sessions.create_with_identity(provider, uid)):  # fmt: skip
        with pytest.raises(Invalid):
            make()
    assert directory.users.count() == 1


def test_signing_in_by_a_new_identity_many_times_at_once_makes_one_user(directory):
    answers = []

    def sign_in():
        barrier.wait()
        try:
            signed_in = directory.sessions.create_with_identity("google", "1", **VOUCHED)
            answers.append(signed_in.session.user_id)
        except AuthctlError as error:
            answers.append(error.type)

    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=sign_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [directory.users.get("ada@example.com").id] * 4
    assert len(directory.users.list_identities()) == 1


def test_a_deleted_user_takes_its_identities_along(directory):
    first = directory.sessions.create_with_identity("google", "1", **VOUCHED)
    directory.users.update_email(first.session.user_id, "other@example.com")
    directory.users.update_username(first.session.user_id, "Lovelace")
    directory.users.delete(first.session.user_id)
    assert directory.users.list_identities() == []
    for table in ("addresses", "user_names"):  # on Postgres no foreign key sees to it
        held = f"SELECT * FROM {table}"
        assert directory.read(lambda work, held=held: work.db.sqlalchemy.exec_driver_sql(held).all()) == []
    assert directory.sessions.create_with_identity("google", "1").session.user_id != first.session.user_id


def test_a_blocked_user_gets_no_session_by_an_identity(directory):
    id = directory.sessions.create_with_identity("google", "1").session.user_id
    directory.users.update_status(id, "blocked")
    with pytest.raises(Denied) as refused:
        directory.sessions.create_with_identity("google", "1")
    assert refused.value.type == "user_blocked"
    assert directory.users.list_sessions(id) == []


def test_a_person_unlinks_the_own_identities_alone_and_learns_of_no_others(directory):
    directory.users.create(id="ada", username="countess", password=PASSWORD)
    directory.users.create(id="bob")
    mine, other = (directory.users.create_identity(user, "google", user) for user in ("ada", "bob"))
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    answers = []
    for id in (other.id, "nothing-of-the-kind"):
        with pytest.raises(NotFound) as refused:
            person.users.delete_identity(id)
        answers.append((refused.value.type, refused.value.message.replace(id, "ID"), refused.value.hint))
    assert answers[0] == answers[1]
    person.users.delete_identity(mine.id)
    assert directory.users.list_identities() == [other]


# Whose an email is


def test_a_verified_email_is_held_as_long_as_the_identity_stays(directory):
    directory.users.create(id="ada")
    directory.users.create(id="bob")
    identity = directory.users.create_identity("ada", "google", "1", **VOUCHED)
    assert directory.users.get(EMAIL).id == "ada"
    assert directory.users.get(f"email:{EMAIL}").email is None
    for taking in (
        lambda: directory.users.create(email=EMAIL),
        lambda: directory.users.update_email("bob", EMAIL),
        lambda: directory.users.create_identity("bob", "github", "1", **VOUCHED),
        lambda: directory.tokens.create_email_change("bob", EMAIL, print_secret=True),
    ):
        with pytest.raises(Conflict) as refused:
            taking()
        assert refused.value.type == "user_email_already_exists"
    directory.users.delete_identity(identity.id)
    with pytest.raises(NotFound):
        directory.users.get(EMAIL)
    assert directory.users.update_email("bob", EMAIL).email == EMAIL


def test_an_email_that_is_not_verified_is_shown_and_bars_and_finds_nobody(directory):
    directory.users.create(id="ada")
    identity = directory.users.create_identity("ada", "google", "1", email=EMAIL)
    assert identity.public()["email"] == EMAIL
    assert identity.public()["email_verified"] is False
    with pytest.raises(NotFound):
        directory.users.get(EMAIL)
    assert directory.users.create(id="bob", email=EMAIL).email == EMAIL
    directory.users.create_identity("bob", "google", "2", **VOUCHED)
    directory.users.delete_identity(identity.id)
    assert directory.users.get(EMAIL).id == "bob"


@pytest.mark.parametrize("word", ["true", "false", 1, "1", None])
def test_only_true_is_true(directory, application, word):
    directory.users.create(id="ada", email=EMAIL, email_verified=True)
    for door in (directory, application):
        with pytest.raises(Invalid):
            door.sessions.create_with_identity("google", "1", email=EMAIL, email_verified=word)
    with pytest.raises(Invalid):
        directory.users.create_identity("ada", "google", "1", email=EMAIL, email_verified=word)
    assert directory.users.list_identities() == []


def test_a_verified_email_signs_in_by_code_and_gets_no_recovery(directory):
    directory.users.create(id="ada", email="own@example.com", password=PASSWORD)
    directory.users.create_identity("ada", "google", "1", **VOUCHED)
    token = directory.tokens.create_email(EMAIL, print_secret=True)
    assert token.token.address == EMAIL
    assert directory.tokens.redeem(EMAIL, token.secret, kind="email").session.user_id == "ada"
    assert not directory.users.get("ada").email_verified  # which is another
    assert directory.sessions.create(EMAIL, PASSWORD).session.user_id == "ada"
    assert directory.tokens.create_recovery(EMAIL, print_secret=True).token.address == "own@example.com"


def test_a_code_to_an_identitys_email_ends_with_the_identity(directory):
    directory.users.create(id="ada")
    identity = directory.users.create_identity("ada", "google", "1", **VOUCHED)
    token = directory.tokens.create_email(EMAIL, print_secret=True)
    directory.users.delete_identity(identity.id)
    with pytest.raises(Denied):
        directory.tokens.redeem("ada", token.secret, kind="email")
    with pytest.raises(Invalid):
        directory.tokens.create_recovery("ada", print_secret=True)


def test_a_provider_that_does_not_vouch_gives_the_account_no_email(directory):
    id = directory.sessions.create_with_identity("google", "1", email=EMAIL).session.user_id
    assert directory.users.get(id).email is None
    assert directory.users.list_identities(id)[0].email == EMAIL
    assert directory.users.create(email=EMAIL, self_service=True).email == EMAIL


# Linked by a sign-in


@pytest.fixture
def mail(directory, home):
    with MailServer() as server:
        options = {"database_url": directory.settings.database_url}
        directory.settings = load(home | server.environ, options=options, system_config=os.devnull)
        yield server


def test_a_link_that_a_sign_in_makes_is_told(directory, mail):
    directory.users.create(id="ada", **VOUCHED)
    directory.sessions.create_with_identity("google", "1", **VOUCHED)
    assert mail.last.recipients == [EMAIL]
    assert "a sign-in with google was added" in " ".join(mail.last.text.split())
    directory.sessions.create_with_identity("google", "1", **VOUCHED)
    directory.sessions.create_with_identity("google", "2")
    assert len(mail.mails) == 1


@pytest.fixture
def half(directory):
    """A session that a provider has signed in to, of an account with a second factor; and a code of that."""
    directory.users.create(id="ada", **VOUCHED)
    code = directory.mfa.create_recovery_codes("ada").codes[0]
    directory.mfa.enable("ada")
    return directory.sessions.create_with_identity("google", "1", **VOUCHED), code


def completed(directory, half):
    signed_in, code = half
    assert signed_in.more_factors_required
    challenge = directory.mfa.create_challenge(signed_in.secret, "recovery_code")
    return directory.mfa.complete_challenge(signed_in.secret, challenge.challenge.id, code)


def test_a_link_waits_for_the_session_to_be_complete(directory, mail, half):
    assert directory.users.list_identities() == []
    assert [each for each in mail.mails if "google" in each.text] == []
    completed(directory, half)
    (identity,) = directory.users.list_identities("ada")
    assert (identity.provider, identity.email, identity.email_verified) == ("google", EMAIL, True)
    assert "a sign-in with google was added" in " ".join(mail.mails[-1].text.split())
    assert directory.sessions.create_with_identity("google", "1").session.user_id == "ada"


def test_a_link_is_not_made_where_the_session_is_never_complete(directory, half):
    directory.users.delete_sessions("ada")
    assert directory.users.list_identities() == []


@pytest.mark.parametrize("meanwhile", ["another user", "linked"])
def test_a_link_that_cannot_be_any_more_is_left_out(directory, half, meanwhile):
    if meanwhile == "another user":
        directory.users.create(id="bob")
        directory.users.create_identity("bob", "google", "1")
    else:
        directory.users.create_identity("ada", "google", "1")
    assert not completed(directory, half).more_factors_required
    assert len(directory.users.list_identities()) == 1


def test_a_link_waits_where_the_email_is_yet_to_be_proved(directory, mail):
    """The account has another proof: the provider's word alone gives half a session, and links nothing."""
    directory.users.create(id="ada", email=EMAIL, password=PASSWORD, self_service=True)
    directory.users.create_identity("id:ada", "github", "1")
    signed_in = directory.sessions.create_with_identity("google", "1", **VOUCHED)
    assert signed_in.more_factors_required
    assert [each.provider for each in directory.users.list_identities()] == ["github"]
    challenge = directory.mfa.create_challenge(signed_in.secret, "password").challenge
    directory.mfa.complete_challenge(signed_in.secret, challenge.id, PASSWORD)
    assert [each.provider for each in directory.users.list_identities()] == ["github", "google"]
    assert directory.users.get("ada").email_verified


def test_an_address_that_an_identity_holds_is_taken_by_no_proof(directory):
    """Nor does the user lose another address for it, which is only claimed."""
    directory.users.create(id="ada", email="own@example.com", self_service=True)
    directory.users.create_identity("id:ada", "google", "1", **VOUCHED)
    directory.users.create(id="bob", email="bob@example.com", email_verified=True, password=PASSWORD)
    bob = directory.as_session(directory.sessions.create("bob", PASSWORD).secret)
    bob.users.update_email("bob", EMAIL, password=PASSWORD)
    secret = directory.tokens.create_email_verification("bob", print_secret=True).secret
    with pytest.raises(Conflict):
        bob.tokens.redeem("bob", secret, kind="email-verification")
    assert (directory.users.get("ada").email, directory.users.get("bob").email) == (
        "own@example.com",
        "bob@example.com",
    )


# What is there already


USER = (
    "INSERT INTO users (id, username, username_key, name, email, email_verified, email_self_service, phone_verified,"
    " status, labels, prefs, metadata, mfa, password_must_change, password_self_service, created_at, updated_at)"
    " VALUES ('{id}', '{id}', '{id}', '', {email}, {verified}, {claimed}, false,"
    " 'active', '[]', '{{}}', '{{}}', false, false, false, 1, 1)"
)
IDENTITY = (
    "INSERT INTO identities (id, user_seq, provider, provider_uid, email, created_at)"
    " SELECT 'i-{id}', seq, 'google', '{id}', '{email}', 1 FROM users WHERE id = '{id}'"
)
ADDRESS = "INSERT INTO addresses (address, user_seq) SELECT '{email}', seq FROM users WHERE id = '{id}'"
TEAM = """
    INSERT INTO teams (id, name, prefs, created_at, updated_at) VALUES ('staff', 'Staff', '{}', 1, 1);
    INSERT INTO memberships (id, team_seq, user_seq, roles, status, invited_at)
    SELECT 'm-' || users.id, teams.seq, users.seq, '["maths"]',
    CASE WHEN users.id = 'claimed' THEN 'pending' ELSE 'confirmed' END, 1 FROM teams, users;
    INSERT INTO membership_roles (membership_seq, role, team_seq, invited_at)
    SELECT seq, 'maths', team_seq, 1 FROM memberships;
    INSERT INTO invitations (membership_seq, secret_digest, address, expires_at)
    SELECT seq, CAST('digest' AS BYTES), 'claimed@example.com', 1 FROM memberships WHERE status = 'pending'
"""


def make_older(db):
    """A directory of the version before, with every kind of identity and membership."""
    storage.backups.clear(db)
    storage.schema.migrate(db, "0009")
    for id, email, verified, claimed, elsewhere in (
        ("proved", "proved@example.com", "true", "false", "proved@example.com"),
        ("claimed", "claimed@example.com", "false", "true", "claimed@example.com"),
        ("other", "other@example.com", "true", "false", "elsewhere@example.com"),
        ("bare", None, "false", "false", "bare@example.com"),
    ):
        shown = f"'{email}'" if email else "NULL"
        db.sqlalchemy.exec_driver_sql(USER.format(id=id, email=shown, verified=verified, claimed=claimed))
        db.sqlalchemy.exec_driver_sql(IDENTITY.format(id=id, email=elsewhere))
        for address in {email, elsewhere} - {None}:
            db.sqlalchemy.exec_driver_sql(ADDRESS.format(id=id, email=address))
    for statement in TEAM.replace("BYTES", "BLOB" if db.dialect.name == "sqlite" else "BYTEA").split(";"):
        db.driver.execute(statement)
    storage.schema.migrate(db)
    storage.backups.finish(db)


@pytest.fixture
def migrated(directory):
    fingerprint = directory.state.key_fingerprint
    directory.database.write(make_older)
    directory.database.write(partial(storage.schema.set_key_fingerprint, fingerprint=fingerprint))
    directory.forget()
    return directory


def test_identities_that_were_there_sign_in_as_before_and_hold_what_is_proved(migrated):
    verified = {each.user_id: each.email_verified for each in migrated.users.list_identities()}
    assert verified == {"proved": True, "claimed": False, "other": False, "bare": False}
    for id in verified:
        assert migrated.sessions.create_with_identity("google", id).session.user_id == id
    for id in ("proved", "claimed", "other"):
        assert migrated.users.get(f"{id}@example.com").id == id
        with pytest.raises(Conflict):
            migrated.users.create(email=f"{id}@example.com")
    for email in ("elsewhere@example.com", "bare@example.com"):
        assert migrated.users.create(email=email).email == email
    assert migrated.users.get("id:claimed").username_self_service
    assert not migrated.users.get("id:other").username_self_service


def test_memberships_that_were_there_stay_with_their_roles_and_invitations(migrated):
    found = {each.user_id: (each.status, each.roles) for each in migrated.teams.list_memberships("staff")}
    assert found == dict.fromkeys(("proved", "other", "bare"), ("confirmed", ("maths",))) | {
        "claimed": ("pending", ("maths",))
    }
    assert migrated.teams.count_memberships("staff", filters=["roles ~ maths"]) == 4
    assert migrated.teams.get_membership("staff", "m-claimed").invited_as == "claimed@example.com"
    invited = migrated.read(
        lambda work: work.db.sqlalchemy.exec_driver_sql("SELECT count(*) FROM invitations").scalar()
    )
    assert invited == 1
    migrated.teams.delete_membership("staff", "m-claimed")
    left = migrated.read(lambda work: work.db.sqlalchemy.exec_driver_sql("SELECT count(*) FROM invitations").scalar())
    assert left == 0
    migrated.users.delete("id:other")
    assert migrated.teams.count_memberships("staff") == 2
