"""What an import does to existing users entails what a command would: who is told, and what ends; on both databases."""

import copy
import os
from dataclasses import replace

import pytest
from doubles.given import Given

from authctl.errors import Denied, NotFound
from authctl.settings import load
from authctl.transfer import importing
from authctl.transfer.records import Member, Record, Secret

BCRYPT = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
OTHER = BCRYPT[:-2] + "WK"
PASSWORD = "correct horse battery"
EMAIL, PHONE = "ada@example.com", "+14255550123"


@pytest.fixture
def mailing(directory, home, mail):
    """The directory with a mail server."""
    return with_settings(directory, home | mail.environ)


def with_settings(directory, environ):
    mailing = copy.copy(directory)
    options = {"database_url": directory.settings.database_url}
    mailing.settings = load(environ, options=options, system_config=os.devnull)
    return mailing


@pytest.fixture
def take(mailing, tmp_path):
    """Imports records, with --on-conflict update unless it says otherwise; the counts."""

    def run(*items, on=None, **options):
        file = tmp_path / "given"
        file.write_bytes(b"given")
        items = [replace(item, at=number, notes=[]) for number, item in enumerate(items, 1)]
        options = importing.Options(**({"on_conflict": "update"} | options))
        return importing.import_users(on or mailing, [str(file)], source=Given(*items), options=options).counts

    return run


def record(id=None, **fields):
    return Record(0, id, None, id=id, **fields)


def is_refused(call, *args, **kwargs):
    with pytest.raises(Denied) as refused:
        call(*args, **kwargs)
    return refused.value.type


def subjects(mail):
    return [(each.recipients, each.message["Subject"]) for each in mail.mails]


def last_batch(directory):
    return directory.security.list_logs(events=["users.imports.update"], limit=1)[0].details


# A new password


@pytest.fixture
def ada(take, directory):
    """Came in with a verified address and a password, and is signed in."""
    take(record("ada", email=EMAIL, email_verified=True, phone=PHONE, password=Secret(BCRYPT)))
    return directory.users.create_session("ada").secret


NEW = record("ada", password=Secret(OTHER))


def test_a_new_password_ends_tokens_and_sessions_and_is_told(take, directory, mail, ada):
    recovery = directory.tokens.create_recovery("ada", print_secret=True).secret
    code = directory.tokens.create_email(EMAIL, print_secret=True).secret
    assert take(NEW)["updated"] == 1
    redeem = directory.tokens.redeem
    assert is_refused(redeem, "ada", recovery, kind="recovery", new_password=PASSWORD) == "user_invalid_token"
    assert is_refused(directory.sessions.get, ada) == "user_unauthorized"
    assert is_refused(redeem, "ada", code, kind="email") == "user_invalid_token"
    assert subjects(mail) == [([EMAIL], "Your password for Example was changed")]
    assert last_batch(directory) == {"created": 0, "updated": 1, "records": 1, "sessions_ended": 1, "tokens_ended": 2}
    assert directory.security.list_logs(events=["users.update.password", "users.notify"]) == []


def test_it_ends_and_tells_no_more_than_a_command(take, mailing, directory, mail, ada):
    """Whatever the policy says of a person's own new password, and to the same people."""
    directory.security.set("session-invalidation", False)
    take(NEW)
    assert is_refused(directory.sessions.get, ada) == "user_unauthorized"
    told, again = subjects(mail), directory.users.create_session("ada").secret
    mailing.users.update_password("ada", PASSWORD)
    assert subjects(mail) == told * 2
    assert is_refused(directory.sessions.get, again) == "user_unauthorized"


def test_the_same_password_again_ends_nothing(take, directory, mail, ada):
    directory.tokens.create_recovery("ada", print_secret=True)
    assert take(record("ada", name="Ada", password=Secret(BCRYPT)))["updated"] == 1
    assert directory.sessions.get(ada)
    assert len(directory.tokens.list("ada")) == 1
    assert mail.mails == []


def test_a_first_password_is_one_too(take, directory, mail):
    directory.users.create(id="ada", email=EMAIL)
    directory.users.update_email_verification("ada", True)
    recovery = directory.tokens.create_recovery("ada", print_secret=True).secret
    take(NEW)
    refused = is_refused(directory.tokens.redeem, "ada", recovery, kind="recovery", new_password=PASSWORD)
    assert refused == "user_invalid_token"
    assert len(mail.mails) == 1


def test_only_a_verified_address_is_told(take, directory, mail):
    take(record("ada", email=EMAIL, password=Secret(BCRYPT)))
    take(NEW)
    assert mail.mails == []


def test_a_dry_run_tells_nobody(take, mailing, directory, mail, ada):
    assert take(NEW, on=mailing.acting(mailing.actor, dry_run=True))["updated"] == 1
    assert mail.mails == []
    assert directory.sessions.get(ada)


def test_the_password_before_it_may_not_come_back_either(take, directory, ada):
    directory.security.set("password-history", 2)
    take(NEW)
    hashes = "SELECT hash FROM password_history ORDER BY seq"
    kept = directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(hashes).scalars().all())
    assert kept == [BCRYPT, OTHER]


def test_of_a_batch_that_is_tried_again_people_are_told_once(take, directory, mail, ada):
    for statement in REFUSING[directory.database.dialect]:
        directory.write(lambda work, statement=statement: work.db.sqlalchemy.exec_driver_sql(statement))
    counts = take(NEW, record("unlucky", name="Unlucky"))
    assert (counts["updated"], counts["refused"]) == (1, 1)
    assert len(mail.mails) == 1
    assert last_batch(directory)["sessions_ended"] == 1


# What the database refuses although nobody seemed to have it, as if somebody were quicker each time.
REFUSING = {
    "sqlite": [
        """
        CREATE TRIGGER refusing BEFORE INSERT ON users WHEN NEW.name = 'Unlucky'
        BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: users.id'); END
        """
    ],
    "postgresql": [
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_id_key'; END $$
        """,
        """
        CREATE TRIGGER refusing BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = 'Unlucky')
        EXECUTE FUNCTION refuse()
        """,
    ],
}


def test_a_mail_server_that_is_away_keeps_no_import_waiting(take, directory, home):
    """It is tried five times; then the others are not told, which the log has of each."""
    environ = {"AUTHCTL_EMAIL_HOST": "127.0.0.1", "AUTHCTL_EMAIL_PORT": "9", "AUTHCTL_EMAIL_FROM": "a@example.com"}
    away = with_settings(directory, home | environ | {"AUTHCTL_EMAIL_SECURITY": "none"})
    people = [record(f"u{n}", email=f"u{n}@example.com", email_verified=True) for n in range(7)]
    take(*people)
    warnings = []
    away.warn = warnings.append
    counts = take(*(replace(each, password=Secret(BCRYPT)) for each in people), on=away)
    assert counts["updated"] == 7
    told = [warning.partition(" not notified")[0] for warning in warnings]
    assert told == [*(f"User u{number} was" for number in range(4)), "3 users were"]
    events = directory.security.list_logs(events=["users.notify"])
    assert {event.resource for event in events} == {f"users/u{n}" for n in range(7)}


# A block


def test_a_block_ends_sessions_and_tokens(take, directory, mail, ada):
    recovery = directory.tokens.create_recovery("ada", print_secret=True).secret
    code = directory.tokens.create_email(EMAIL, print_secret=True).secret
    take(record("ada", blocked=True))
    sessions, tokens = directory.users.list_sessions("ada", ended=True), directory.tokens.list("ada", ended=True)
    assert {each.ended_reason for each in (*sessions, *tokens)} == {"blocked"}
    assert (last_batch(directory)["sessions_ended"], last_batch(directory)["tokens_ended"]) == (1, 2)
    directory.users.update_status("ada", "active")
    for secret, kind in ((recovery, "recovery"), (code, "email")):
        refused = is_refused(directory.tokens.redeem, "ada", secret, kind=kind, new_password=PASSWORD)
        assert refused == "user_invalid_token"


def test_a_block_by_command_has_what_ended_in_its_event(directory, ada):
    directory.tokens.create_recovery("ada", print_secret=True)
    directory.users.update_status("ada", "blocked")
    (event,) = directory.security.list_logs(events=["users.update.status"])
    assert event.details == {
        "status": {"before": "active", "after": "blocked"},
        "sessions_ended": 1,
        "tokens_ended": 1,
    }
    directory.users.update_status("ada", "blocked")
    assert len(directory.security.list_logs(events=["users.update.status"])) == 1


# A verification


def prepare(directory, id, phone=PHONE):
    """An account as a stranger leaves it: somebody's email, an own phone, and every other way in."""
    email = f"{id}@example.com"
    directory.users.create(id=id, email=email, phone=phone, password=PASSWORD, self_service=True)
    stranger = directory.as_session(directory.sessions.create(id, PASSWORD).secret)
    directory.tokens.create_phone_verification(id, print_secret=True)
    stranger.mfa.create_recovery_codes(id)
    directory.tokens.create_email_change(id, f"mallory-{id}@example.com", print_secret=True)
    directory.tokens.create_phone_change(id, "+14255550177", print_secret=True)
    return email


def left(directory, mail, id):
    """All that is left of it, and who was told what."""
    user = directory.users.get(id)
    return {
        "verified": user.email_verified,
        "phone": user.phone,
        "password": user.password,
        "factors": (user.mfa, user.totp, user.recovery_code),
        "sessions": [each.ended_reason for each in directory.users.list_sessions(id, ended=True)],
        "tokens": {each.kind: each.ended_reason for each in directory.tokens.list(id, ended=True)},
        "identities": directory.users.list_identities(id),
        "told": [subject for recipients, subject in subjects(mail) if recipients == [user.email]],
    }


def test_a_verification_ends_what_a_code_would_end(take, mailing, directory, mail):
    code, given = prepare(directory, "code"), prepare(directory, "file", "+14255550124")
    secret = directory.tokens.create_magic_url(code, print_secret=True).secret
    mailing.tokens.redeem("code", secret, kind="magic-url")
    take(record("file", email=given, email_verified=True), match="email")
    by_code, by_file = left(directory, mail, "code"), left(directory, mail, "file")
    assert by_code["tokens"].pop("magic-url") == "used"
    assert by_code["sessions"].pop(0) is None  # which the link has given
    assert by_code == by_file
    assert by_file["tokens"] == {
        "email-change": "owner_changed",
        "phone-change": "owner_changed",
        "phone-verification": None,
    }
    assert by_file["told"] == ["Your account at Example is yours alone"]
    assert code in {each.recipients[0] for each in mail.mails}
    assert (last_batch(directory)["sessions_ended"], last_batch(directory)["tokens_ended"]) == (1, 2)


def test_an_address_that_moves_is_told_at_both(take, directory, mail, ada):
    take(record("ada", email="new@example.com", email_verified=True))
    assert [recipients for recipients, _ in subjects(mail)] == [[EMAIL], ["new@example.com"]]


# Joining a team


def test_who_is_invited_joins_and_the_invitation_ends(take, directory, clock):
    directory.teams.create("Teachers", id="teachers")
    directory.users.create(id="ada", email=EMAIL)
    added = directory.teams.create_membership("teachers", user="ada", roles=["guest"], print_secret=True)
    member = Member("teachers", "Teachers", ("maths",))
    clock.forward(days=1)
    assert take(record("ada", members=[member]))["skipped"] == 1  # without --teams
    assert take(record("ada", members=[member]), teams=True)["updated"] == 1
    joined = directory.teams.get_membership("teachers", "ada")
    assert (joined.id, joined.roles, joined.status) == (added.membership.id, ("maths",), "confirmed")
    assert (joined.invited_at, joined.joined_at) == (added.membership.invited_at, clock())
    accept = directory.teams.update_membership_status
    assert is_refused(accept, "teachers", joined.id, "ada", added.secret) == "team_invalid_secret"
    assert take(record("ada", members=[member]), teams=True)["skipped"] == 1
    assert [each.name for each in directory.security.list_logs(events=["teams.memberships.create"])] == [
        "teams.memberships.create"  # of the invitation: an import writes one event a batch
    ]


def test_nobody_is_invited_after_joining(take, directory, clock):
    directory.teams.create("Teachers", id="teachers")
    directory.users.create(id="ada", email=EMAIL)
    directory.teams.create_membership("teachers", user="ada", print_secret=True)
    then = clock()
    clock.forward(days=1)
    take(record("ada", members=[Member("teachers", "Teachers", (), then)]), teams=True)
    joined = directory.teams.get_membership("teachers", "ada")
    assert joined.invited_at == joined.joined_at == then


def test_without_teams_none_is_made(take, directory):
    take(record("ada", members=[Member("teachers", "Teachers")]))
    with pytest.raises(NotFound):
        directory.teams.get("teachers")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_numbers_that_others_draw_in_between_are_passed_over(take, mailing):
    every_other = "ALTER SEQUENCE users_seq_seq INCREMENT BY 2"
    mailing.database.write(lambda db: db.sqlalchemy.exec_driver_sql(every_other))
    ids = ["ada", "bob", "cora"]
    take(*(record(id, email=f"{id}@example.com") for id in ids))
    found = [mailing.users.get(f"{id}@example.com") for id in ids]
    assert [user.id for user in found] == ids
    assert [user.seq - found[0].seq for user in found] == [0, 2, 4]
