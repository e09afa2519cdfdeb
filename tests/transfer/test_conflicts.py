"""Records that meet each other, and users that are there: who wins, who is refused and named, what an update may do."""

import json
import random
import re
from dataclasses import replace

import pytest
from doubles import processes
from doubles.given import Given

from authctl.core.crypto import otp
from authctl.core.mfa.authenticators import MOST_AUTHENTICATORS
from authctl.errors import Denied
from authctl.model import Status
from authctl.transfer import importing
from authctl.transfer.records import ImportedTotp, Linked, Member, Record, Secret

ALONE = "import_no_way_in"  # of users whom nothing names but an id
BCRYPT = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
OTHER = BCRYPT[:-2] + "WK"
SECRET = bytes(range(20))  # of an authenticator


@pytest.fixture
def take(directory, tmp_path):
    """Imports records and answers what became of each: take(Record(…), …, batch=2) == ["created", "user_…"]."""

    def run(*items, **options):
        file, report = tmp_path / "given", tmp_path / "report"
        file.write_bytes(b"given")
        items = [replace(item, at=number, notes=[]) for number, item in enumerate(items, 1)]
        report.unlink(missing_ok=True)
        before = {user.id: user for user in directory.users.iterate()}
        run.counts = importing.import_users(
            directory,
            [str(file)],
            source=Given(*items),
            options=importing.Options(**options),
            report=str(report),
        ).counts
        lines = map(json.loads, report.read_text().splitlines())
        told = {line["at"]: line for line in lines if {each["type"] for each in line["errors"]} != {ALONE}}
        run.told = told
        run.before = before
        return [told[item.at]["type"] if item.at in told else "taken" for item in items]

    return run


def record(id=None, **fields):
    return Record(0, id, None, id=id, **fields)


# Within the file


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize(
    ("first", "second", "type"),
    [
        (record("a"), record("a"), "user_already_exists"),
        (record("a", username="Ada"), record("b", username="ADA"), "user_already_exists"),
        (record("a", email="x@example.com"), record("b", email="X@Example.com"), "user_email_already_exists"),
        (record("a", phone="+442079460123"), record("b", phone="+44 20 7946 0123"), "user_phone_already_exists"),
        (
            record("a", identities=[Linked("google", "1")]),
            record("b", identities=[Linked("Google", "1")]),
            "user_identity_already_exists",
        ),
        (
            record("a", email="x@example.com"),
            record("b", identities=[Linked("google", "1", "x@example.com", email_verified=True)]),
            "user_email_already_exists",
        ),
        (
            record("a", identities=[Linked("google", "1", "x@example.com", email_verified=True)]),
            record("b", email="x@example.com"),
            "user_email_already_exists",
        ),
    ],
)
@pytest.mark.parametrize("on_conflict", ["fail", "skip", "update"])
def test_the_first_wins_and_the_second_is_refused_and_named(take, directory, batch, first, second, type, on_conflict):
    first = replace(first, name="First")
    options = {"batch": batch, "on_conflict": on_conflict, "strict": True}
    assert take(first, record("between"), second, **options)[2] == type
    assert directory.users.get("a").name == "First"
    assert re.search("already|this import", take.told[3]["message"])
    # The same file once more changes nothing, nor does a third time.
    for _ in range(2):
        take(first, record("between"), second, **options)
        assert (take.counts["created"], take.counts["updated"]) == (0, 0)
        assert take.counts["skipped"] >= 2
        assert {user.id: user for user in directory.users.iterate()} == take.before


def test_a_refused_record_takes_nothing_from_those_behind(take, directory):
    directory.users.create(id="taken")
    bad = record("b\n", email="x@example.com")
    there = record("taken", email="y@example.com", name="New")
    assert take(bad, there, record("a", email="x@example.com"), record("b", email="y@example.com")) == [
        "general_argument_invalid",
        "user_already_exists",
        "taken",
        "taken",
    ]


def test_one_user_may_hold_an_address_twice(take, directory):
    given = record(
        "a", email="x@example.com", identities=[Linked("g", "1", "x@example.com"), Linked("h", "1", "x@example.com")]
    )
    assert take(given) == ["taken"]
    assert take(given) == ["taken"]
    assert take.counts["skipped"] == 1


def test_an_identity_twice_in_one_record_is_refused(take):
    assert take(record("a", identities=[Linked("g", "1"), Linked("G", "1")])) == ["user_identity_already_exists"]


def test_authenticators_of_one_name_come_in_under_several(take, directory):
    named = [
        ImportedTotp(bytes(20), name="imported 2"),
        ImportedTotp(b"1" * 20),
        ImportedTotp(b"2" * 20),
        ImportedTotp(b"3" * 20, name="imported 2"),
    ]
    assert take(record("ada", totp=named)) == ["taken"]
    names = [factor.name for factor in directory.mfa.list_factors("ada")]
    assert names == ["imported 2", "imported", "imported 3", "imported 2 2"]


def test_a_user_gets_no_more_authenticators_than_a_user_may_have(take, directory):
    totp = [ImportedTotp(bytes([number]) * 20) for number in range(MOST_AUTHENTICATORS + 1)]
    assert take(record("ada", totp=totp[:-1]), record("eve", totp=totp)) == [
        "taken",
        "import_factor_lost",
    ]
    for id in ("ada", "eve"):
        assert len(directory.mfa.list_factors(id)) == MOST_AUTHENTICATORS
    assert "11 authenticators" in take.told[2]["message"]


@pytest.mark.parametrize(
    "given", [{"digits": 9}, {"period": 121}, {"algorithm": "MD5"}, {"secret": b"marked-k"}, {"secret": bytes(129)}]
)
def test_an_authenticator_that_no_app_has_is_lost(take, directory, given):
    ada = record("ada", totp=[ImportedTotp(**{"secret": SECRET} | given)])
    assert take(ada, strict=True) == ["import_factor_lost"]
    assert take.counts["refused"] == 1
    assert take(ada) == ["import_factor_lost"]
    assert take.told[1]["field"] == "totp"
    assert directory.users.get("ada").metadata == {}
    assert "marked" not in json.dumps(take.told[1])


def test_a_code_of_two_authenticators_with_one_secret_is_good_once(take, directory, clock):
    given = record("ada", totp=[ImportedTotp(SECRET, name="phone"), ImportedTotp(SECRET, name="tablet")], mfa=True)
    take(given)
    code = otp.code_of(otp.Totp(SECRET), otp.step_at(otp.Totp(SECRET), clock.now))

    def complete():
        secret = directory.users.create_session("ada").secret
        return directory.mfa.complete_challenge(secret, directory.mfa.create_challenge(secret, "totp").id, code)

    assert complete()
    with pytest.raises(Denied):
        complete()


# Users that are there


@pytest.fixture
def ada(directory):
    return directory.users.create(
        id="ada",
        username="ada",
        email="ada@example.com",
        phone="+442079460123",
        name="Ada",
        labels=["staff"],
        prefs={"theme": "dark", "deep": {"a": 1}},
        email_verified=True,
    )


TAKEN = [
    (record("ada", name="New"), "user_already_exists"),
    (record("b", email="ADA@example.com"), "user_email_already_exists"),
    (record(None, email="ADA@example.com", name="New"), "user_email_already_exists"),
    (record("b", phone="+44 20 79460123"), "user_phone_already_exists"),
    (record("b", username="ADA"), "user_already_exists"),
    (record("b", identities=[Linked("google", "1", "ada@example.com", None, True)]), "user_email_already_exists"),
]


@pytest.mark.parametrize(("given", "type"), TAKEN)
def test_what_is_taken_is_refused_or_left_out(take, directory, ada, given, type):
    assert take(given, record("other"), strict=True)[0] == type
    assert "ada" in take.told[1]["message"]
    assert take(given, on_conflict="skip", strict=True) == ["import_exists"]
    assert take.counts["skipped"] == 1
    assert directory.users.get("ada") == ada


def test_a_record_that_says_nothing_new_is_left_out(take, directory, ada, clock):
    events = len(directory.security.list_logs(limit=1000))
    clock.forward(days=1)
    same = [record("ada"), record(None, email="Ada@example.com", name="Ada", email_verified=False)]
    for given in same:
        for mode in ("fail", "skip", "update"):
            assert take(given, on_conflict=mode) == ["taken"]
            assert take.counts["reasons"] == {"import_unchanged": 1}
    assert directory.users.get("ada") == ada
    logs = directory.security.list_logs(limit=1000)
    assert {event.name for event in logs[: len(logs) - events]} == {"users.imports.create"}


@pytest.mark.parametrize("on_conflict", ["fail", "update", "merge"])
def test_a_time_that_cannot_be_is_no_difference(take, directory, clock, on_conflict):
    time = clock.now.replace(year=2099)
    times = dict.fromkeys(("created_at", "updated_at", "last_sign_in_at", "password_updated_at"), time)
    given = record("ada", identities=[Linked("g", "1", created_at=time)], password=Secret(BCRYPT), **times)
    take(given)
    first = directory.users.get("ada")
    assert (first.last_sign_in_at, first.created_at) == (None, clock.now)
    for _ in range(2):
        clock.forward(days=1)
        take(given, on_conflict=on_conflict)
        assert take.counts["reasons"] == {"import_unchanged": 1}
    assert directory.users.get("ada") == first


def test_an_update_brings_what_is_new(take, directory, ada, clock):
    clock.forward(days=1)
    given = record(
        "ada",
        username="Countess",
        email="countess@example.com",
        phone="+44 20 7946 0123",
        phone_verified=True,
        labels=("admin",),
        prefs={"theme": "light", "new": None},
        metadata={"plan": "free"},
        identities=[Linked("google", "1")],
        totp=[ImportedTotp(bytes(20))],
        recovery_codes=["abcd-efgh"],
        password=Secret(BCRYPT),
    )
    assert take(given, on_conflict="update") == ["taken"]
    user = directory.users.get("ada")
    assert (user.username, user.email, user.email_verified) == ("Countess", "countess@example.com", False)
    assert (user.phone, user.phone_verified, user.labels) == ("+442079460123", True, ("staff", "admin"))
    assert (user.prefs, user.metadata) == ({"theme": "light", "deep": {"a": 1}, "new": None}, {"plan": "free"})
    assert (user.totp, user.recovery_code, user.name) == (True, True, "Ada")
    assert (user.updated_at, user.created_at) == (clock(), ada.created_at)
    assert user.password.imported_by is not None
    assert [user.id for user in directory.users.list(search="countess")] == ["ada"]
    assert directory.users.create(email="ada@example.com")
    assert take(given, on_conflict="update") == ["taken"]
    assert (take.counts["skipped"], directory.users.get("ada")) == (1, user)


def test_an_update_lowers_and_opens_nothing(take, directory, ada):
    directory.users.update_status("ada", "blocked")
    directory.users.update_password("ada", "correct horse battery")
    before = directory.users.get("ada")
    given = record("ada", name="", email_verified=False, blocked=False, mfa=False, password=Secret(BCRYPT))
    assert take(given, on_conflict="update") == ["taken"]
    assert take.counts["skipped"] == 1
    assert directory.users.get("ada") == before


def test_an_update_blocks_at_once(take, directory, ada):
    directory.users.create_session("ada")
    take(record("ada", blocked=True), on_conflict="update")
    assert directory.users.get("ada").status is Status.BLOCKED
    assert directory.users.list_sessions("ada") == []


def test_an_imported_password_gives_way_to_the_next(take, directory):
    take(record("ada", password=Secret(BCRYPT)))
    first = directory.users.get("ada").password
    directory.users.create_session("ada")
    take(record("ada", password=Secret(OTHER)), on_conflict="update")
    second = directory.users.get("ada").password
    assert (first.hash, second.hash) == (BCRYPT, OTHER)
    assert second.imported_by != first.imported_by
    assert directory.users.list_sessions("ada") == []


def test_match_says_by_what_users_are_found(take, directory, ada):
    by_email = record("other", email="ada@example.com", name="New")
    assert take(by_email, on_conflict="update") == ["user_email_already_exists"]
    assert take(by_email, on_conflict="update", match="id") == ["user_email_already_exists"]
    assert take(by_email, on_conflict="update", match="email") == ["taken"]
    assert (directory.users.get("ada").name, take.counts["updated"]) == ("New", 1)
    by_phone = record("other", phone="+442079460123", name="Newer")
    assert take(by_phone, on_conflict="update", match="email", strict=True) == ["user_phone_already_exists"]
    assert take(by_phone, on_conflict="update", match="phone") == ["taken"]
    assert directory.users.get("ada").name == "Newer"


@pytest.mark.parametrize("match", ["email", "phone", None])
@pytest.mark.parametrize(
    "brought",
    [
        {"identities": [Linked("google", "1")]},
        {"password": Secret(BCRYPT)},
        {"password": Secret("correct horse battery", is_plain=True)},
        {"totp": [ImportedTotp(bytes(20))]},
        {"recovery_codes": ["abcd-efgh"]},
        {"mfa": True},
    ],
    ids=lambda brought: next(iter(brought)),
)
def test_an_address_that_is_verified_here_alone_lets_nobody_in(take, directory, ada, match, brought):
    """Whoever signed up over there with somebody's address would get in here."""
    directory.users.update_phone_verification("ada", True)
    found = {"phone": "+442079460123"} if match == "phone" else {"email": "ada@example.com"}
    type = f"user_{match or 'email'}_not_verified"
    before = directory.users.get("ada")
    given = record(None, name="Eve", **found, **brought)
    assert take(given, on_conflict="update", match=match) == [type]
    assert take(given, on_conflict="skip", match=match) == ["import_exists"]
    assert directory.users.get("ada") == before
    proved = replace(given, email_verified=True, phone_verified=True)
    assert take(proved, on_conflict="update", match=match) == ["taken"]
    assert take.counts["updated"] == 1


@pytest.mark.parametrize("match", ["email", "id"])
@pytest.mark.parametrize("password", [None, Secret(BCRYPT)])
def test_the_first_verified_address_ends_what_a_stranger_may_have_put_there(take, directory, match, password):
    """Whoever signed up here with somebody's address, or id, would keep the account."""
    directory.users.create(id="ada", email="ada@example.com", password="correct horse battery", self_service=True)
    eve = directory.as_session(directory.sessions.create("ada", "correct horse battery").secret)
    eve.mfa.create_authenticator("ada")
    eve.mfa.create_recovery_codes("ada")
    given = record(
        "ada", email="ada@example.com", email_verified=True, password=password, totp=[ImportedTotp(bytes(20))]
    )
    assert take(given, on_conflict="update", match=match) == ["taken"]
    user = directory.users.get("ada")
    assert (user.email_verified, user.totp, user.recovery_code) == (True, True, False)
    assert (user.password and user.password.hash) == (password and BCRYPT)
    assert directory.users.list_sessions("ada") == []
    assert [factor.name for factor in directory.mfa.list_factors("ada")] == ["imported", "ada@example.com"]


@pytest.mark.parametrize("own", [None, "+442079460123"])
def test_an_address_that_a_stranger_gave_leaves_no_door_open(take, directory, own):
    """Whoever signed up with somebody's email and an own phone would keep a way in."""
    phone = "+442079460999"
    directory.users.create(
        id="ada", email="ada@example.com", phone=phone, password="correct horse battery", self_service=True
    )
    directory.sessions.create("ada", "correct horse battery")
    identities = [Linked("google", "ada")] if own else []
    given = record("ada", email="ada@example.com", email_verified=True, phone=own, identities=identities)
    assert take(given, on_conflict="update", match="email") == ["taken"]
    user = directory.users.get("ada")
    assert (user.email_verified, user.email_self_service, user.phone, user.phone_verified) == (True, True, own, False)
    assert user.password is None
    assert directory.users.list_sessions("ada") == []
    assert [each.provider for each in directory.users.list_identities("ada")] == (["google"] if own else [])


@pytest.mark.parametrize("proof", ["phone", "identity"])
@pytest.mark.parametrize("match", ["email", "id"])
def test_an_address_that_is_claimed_beside_a_proof_finds_nobody(take, directory, proof, match):
    """By its id the account is meant, whoever it is; by what somebody typed in it may be a stranger's."""
    phone = "+442079460999" if proof == "phone" else None
    directory.users.create(
        id="ada", email="ada@example.com", phone=phone, password="correct horse battery", self_service=True
    )
    if proof == "phone":
        directory.users.update_phone_verification("ada", True)
    else:
        directory.users.create_identity("ada", "github", "eve")
    session = directory.sessions.create("ada", "correct horse battery").secret
    given = record("ada", email="ada@example.com", email_verified=True)
    expected = "user_email_not_verified" if match == "email" else "taken"
    assert take(given, on_conflict="update", match=match) == [expected]
    assert directory.sessions.get(session).user.email_verified == (match == "id")
    assert directory.sessions.create("ada", "correct horse battery")


def test_an_address_that_an_import_gives_is_vouched_for(take, directory):
    directory.users.create(id="ada", email="ada@example.com", password="correct horse battery", self_service=True)
    take(record("ada", email="new@example.com"), on_conflict="update", match="id")
    user = directory.users.get("ada")
    assert (user.email, user.email_self_service) == ("new@example.com", False)


def test_a_password_of_an_operator_stays_when_an_address_is_verified(take, directory):
    before = directory.users.create(id="ada", email="ada@example.com", password="correct horse battery").password
    take(record("ada", email="ada@example.com", email_verified=True, password=Secret(BCRYPT)), on_conflict="update")
    assert directory.users.get("ada").password == before


def test_a_record_between_two_users_is_refused(take, directory, ada):
    directory.users.create(id="bob", email="bob@example.com")
    both = record("ada", email="bob@example.com")
    assert take(both, on_conflict="update") == ["user_email_already_exists"]
    assert take(both, on_conflict="skip") == ["import_exists"]
    assert directory.users.get("ada") == ada


def test_an_update_that_grows_too_large_is_refused(take, directory):
    directory.users.create(id="ada", prefs={"a": "x" * 40_000})
    given = record("ada", prefs={"b": "x" * 40_000})
    assert take(given, on_conflict="update") == ["general_argument_invalid"]
    assert take.told[1]["field"] == "prefs"


def test_one_event_tells_of_a_batch_of_updates(take, directory):
    given = [record(f"u{number}") for number in range(4)]
    take(*given)
    take(*(replace(each, name="New") for each in given), on_conflict="update", batch=2)
    events = directory.security.list_logs(events=["users.imports.update"])
    assert [event.details["updated"] for event in events] == [2, 2, 0]


# Whatever the size of batches


def test_batches_of_any_size_come_to_the_same(take, directory):
    dice = random.Random(1)

    def some(prefix):
        return [
            record(
                dice.choice([None, f"{prefix}{dice.randrange(12)}"]),
                email=dice.choice([None, f"{prefix}{dice.randrange(12)}@example.com"]),
                username=dice.choice([None, f"{prefix}{dice.randrange(12)}"]),
                name=dice.choice([None, "A", "B"]),
            )
            for _ in range(40)
        ]

    outcomes = []
    for batch in (1, 7, 100):
        dice.seed(5)
        # Each under a prefix of its own, so that the runs do not meet.
        told = take(*some(f"p{batch}x"), batch=batch, on_conflict="update")
        told += take(*some(f"p{batch}x"), batch=batch, on_conflict="skip")
        outcomes.append((told, take.counts["created"]))
    assert outcomes[0] == outcomes[1] == outcomes[2]


# Others who write at the same moment

RACE = """
import warnings
from authctl.transfer import importing
warnings.simplefilter("error")
def run(directory, number):
    files = [{folder!r} + f"/{{number}}.jsonl"]
    return importing.import_users(directory, files, source="authctl", options=importing.Options(batch=25)).counts
"""


def test_imports_that_race_bring_each_user_once(directory, database_url, home, clock, tmp_path):
    for number in range(3):
        order = list(range(400))
        random.Random(number).shuffle(order)
        lines = (json.dumps({"id": f"u{n}", "email": f"u{n}@example.com"}) + "\n" for n in order)
        (tmp_path / f"{number}.jsonl").write_text("".join(lines))
    ended = processes.at_once(home, database_url, clock, 3, RACE.format(folder=str(tmp_path)))
    assert [status for status, _ in ended] == [0, 0, 0]
    counts = [counts for _, counts in ended]
    assert sum(each["created"] for each in counts) == 400
    assert sum(each["skipped"] for each in counts) == 800
    assert [each["refused"] for each in counts] == [0, 0, 0]
    assert directory.users.count() == 400


# What the database refuses although nobody seemed to have it, as where somebody is quicker each time.
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


def test_one_that_others_are_quicker_with_costs_no_batch(take, directory):
    for statement in REFUSING[directory.database.dialect]:
        directory.write(lambda work, statement=statement: work.db.sqlalchemy.exec_driver_sql(statement))
    directory.users.create(id="there")
    given = [
        record("a", email="a@example.com", password=Secret(BCRYPT)),
        record("unlucky", name="Unlucky"),
        record("there", name="New"),
        record("b", email="A@example.com"),
        record("c", identities=[Linked("google", "1")]),
    ]
    assert take(*given) == ["taken", "user_changed", "user_already_exists", "user_email_already_exists", "taken"]
    assert (take.counts["created"], take.counts["refused"]) == (2, 3)
    assert {user.id for user in directory.users.iterate()} == {"a", "there", "c"}
    assert [user.id for user in directory.users.list(search="a@example.com")] == ["a"]


def test_what_is_stopped_record_by_record_goes_on_behind_it(take, directory):
    for statement in REFUSING[directory.database.dialect]:
        directory.write(lambda work, statement=statement: work.db.sqlalchemy.exec_driver_sql(statement))
    given = [record(f"u{number}", name="Unlucky" if number in (1, 2) else "") for number in range(5)]
    take(*given, max_errors=1)
    assert (take.counts["created"], take.counts["refused"]) == (1, 2)
    take(*given)
    assert (take.counts["created"], take.counts["refused"]) == (3, 2)


# Teams that the file knows by name


@pytest.mark.parametrize("on_conflict", ["fail", "update"])
def test_a_team_of_a_name_that_two_have_is_joined_by_nobody(take, directory, on_conflict):
    """One of them may be a stranger's."""
    for id, name in (("strangers", "Staff"), ("staff", "Staff"), ("maths", "Maths")):
        directory.teams.create(name, id=id)
    if on_conflict == "update":
        directory.users.create(id="ada")
    members = [Member(None, "Staff", ("owner",)), Member("strangers", "Staff"), Member(None, "Maths")]
    ada = record("ada", name="Ada", members=members)
    assert take(ada, teams=True, on_conflict=on_conflict)
    assert take.counts["refused"] == 0
    message = "Several teams are called 'Staff': strangers, staff. The user joins no team of that name."
    assert ("members", message) in [(each["field"], each["message"]) for each in take.told[1]["errors"]]
    joined = {each.team_id: each.roles for each in directory.users.list_memberships("ada")}
    assert joined == {"strangers": (), "maths": ()}
    assert take(record("bob", members=members[:1]), on_conflict=on_conflict) == ["taken"]  # without --teams
