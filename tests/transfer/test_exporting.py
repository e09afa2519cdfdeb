"""What leaves a directory, in each format: all that the format holds, nothing unasked, and the rest counted."""

import base64
import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from doubles import people
from doubles.hashes import STORED
from doubles.statements import statements

from authctl.core import hashing
from authctl.core.hashing import registry
from authctl.errors import Denied, Invalid
from authctl.transfer import targets
from authctl.transfer.exporting import BATCH, PARTS, Exports
from authctl.transfer.records import ImportedTotp, Linked
from authctl.transfer.targets import supabase

BCRYPT = "$2b$04$abcdefghijklmnopqrstuuEMUXPy4hyKK4KlpKdWDkeGHVMBY1Vmu"
PBKDF2 = hashing.accept("00" * 32, "pbkdf2-sha256", {"iterations": "9000", "salt": "s"}).stored
FIREBASE = hashing.accept(
    "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    "firebase",
    {
        "salt": "42xEC+ixf3L2lw==",
        "signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
        "salt_separator": "Bw==",
    },
).stored


@pytest.fixture
def export(directory):
    """Runs an export to its end: the text, and the export."""

    def run(format="authctl", **asked):
        made = Exports(directory).users(format, **asked)
        return "".join(made.text()), made

    return run


def events(directory):
    return [event for event in directory.security.list_logs() if event.name == "users.export"]


# Our own


def test_a_line_holds_all_of_a_user(directory, export):
    people.everything(directory, hash=BCRYPT, must_change=True)
    directory.teams.create("Maths", id="t")
    directory.teams.create_membership("t", user="ada", roles=["tutor"])
    text, made = export(with_hashes=True, with_secrets=True)
    assert list(json.loads(text).items()) == [
        ("id", "ada"),
        ("username", "ada"),
        ("name", "Ada Lovelace"),
        ("email", "ada@example.com"),
        ("email_verified", True),
        ("phone", "+14255550123"),
        ("phone_verified", True),
        ("status", "active"),
        ("blocked_until", None),
        ("labels", ["staff", "maths"]),
        ("prefs", {"theme": "dark", "2": 1, "1": 2}),
        ("metadata", {"plan": "pro"}),
        ("locale", "de"),
        ("mfa", True),
        (
            "password",
            {"hash": BCRYPT, "algorithm": "bcrypt", "updated_at": "2025-03-04T05:06:07.089Z", "must_change": True},
        ),
        (
            "totp",
            [
                {
                    "name": "phone",
                    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                    "algorithm": "SHA1",
                    "digits": 6,
                    "period": 30,
                }
            ],
        ),
        (
            "identities",
            [
                {
                    "provider": "google",
                    "provider_uid": "118",
                    "email": "ada@gmail.com",
                    "email_verified": True,
                    "created_at": "2025-03-04T05:06:07.089Z",
                }
            ],
        ),
        (
            "memberships",
            [{"team_id": "t", "team_name": "Maths", "roles": ["tutor"], "joined_at": "2026-01-02T03:04:05.678Z"}],
        ),
        ("created_at", "2025-03-04T05:06:07.089Z"),
        ("updated_at", "2025-03-04T05:06:07.089Z"),
        ("last_sign_in_at", "2025-03-04T05:06:07.089Z"),
    ]
    assert '"prefs":{"theme":"dark","2":1,"1":2}' in text  # in their order
    assert (made.users, dict(made.left_out), dict(made.staying)) == (1, {"recovery_codes": 1}, {})


def test_csv_has_the_same_in_cells_as_they_are(directory, export):
    people.everything(directory, hash=BCRYPT, name='=1+1,"x"\r\n')
    text, _ = export("csv", with_hashes=True, with_secrets=True)
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"] == '=1+1,"x"\r\n'
    assert (row["email_verified"], row["blocked_until"], row["labels"]) == ("true", "", '["staff","maths"]')
    assert (row["password.hash"], row["password.must_change"]) == (BCRYPT, "false")
    assert json.loads(row["totp"])[0]["secret"] == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert list(row).index("identities") < list(row).index("created_at")


def test_text_is_exact(directory, export):
    people.add(directory, "zoe", name="Zoë 李\u2028\u202e\x1b[1m", prefs={"z": "\x7f", "a": 10**30, "f": 0.1})
    text, _ = export()
    assert "Zoë 李\u2028\u202e\\u001b[1m" in text
    assert json.loads(text)["prefs"] == {"z": "\x7f", "a": 10**30, "f": 0.1}
    assert text.count("\n") == 1


def test_the_oldest_come_first_and_lists_say_who(directory, export):
    for age, id in enumerate(("c", "a", "b")):
        people.add(directory, id, name=f"User {id}", created_at=people.THEN - timedelta(days=age))
    assert [json.loads(line)["id"] for line in export()[0].splitlines()] == ["b", "a", "c"]
    assert [json.loads(line)["id"] for line in export(sort="-id")[0].splitlines()] == ["c", "b", "a"]
    assert json.loads(export(filters=["id = a"])[0])["id"] == "a"
    assert json.loads(export(search="b")[0])["id"] == "b"
    assert export(filters=["id = nobody"])[0] == ""


def test_a_block_that_is_over_is_none(directory, export, clock):
    people.add(directory, "ada", **people.block(clock() + timedelta(hours=1)))
    assert json.loads(export()[0])["status"] == "blocked"
    clock.forward(hours=2)
    assert json.loads(export()[0])["status"] == "active"


# What was not asked for


@pytest.mark.parametrize("format", [name for name in targets.NAMES if not targets.load(name).wants_hashes])
def test_no_hash_and_no_secret_leaves_unasked(directory, export, format):
    people.everything(directory, hash=FIREBASE)
    text, made = export(format)
    for secret in ("42xEC", "lSrfV", "jxspr", "GEZDGNBV", "1234567890", "sealed:"):
        assert secret not in text
    assert dict(made.staying) == {"hashes": 1, "secrets": 1}
    assert [*made.stays()] == [
        "The password hash of 1 user was not exported; add --with-hashes to include them.",
        "The authenticators of 1 user were not exported; add --with-secrets to include them.",
    ]


def test_a_hash_with_its_sources_key_is_opened_when_it_leaves(directory, export):
    people.everything(directory, hash=FIREBASE)
    assert json.loads(export(with_hashes=True)[0])["password"]["hash"] == FIREBASE


def test_an_authenticator_that_was_never_verified_stays(directory, export):
    people.add(directory, "ada")
    seq = directory.read(lambda work: work.db.sqlalchemy.execute(sa.text("SELECT seq FROM users")).scalar_one())
    directory.write(people.add_totp, seq, ImportedTotp(b"12345678901234567890", "new"), verified_at=None)
    assert json.loads(export(with_secrets=True)[0])["totp"] == []


def test_the_log_says_what_leaves_before_it_does(directory):
    people.everything(directory, hash=FIREBASE)
    text = Exports(directory).users("csv", with_hashes=True, filters=["email = ada@example.com"]).text()
    [event] = events(directory)
    assert (event.resource, event.details) == (
        "users",
        {
            "format": "csv",
            "search": None,
            "filters": ["email = ada@example.com"],
            "with_hashes": True,
            "with_secrets": False,
            "users": 1,
        },
    )
    assert "".join(text)
    assert len(events(directory)) == 1


def test_a_dry_run_leaves_no_event(directory):
    people.everything(directory)
    rehearsal = directory.acting(directory.actor, dry_run=True)
    made = Exports(rehearsal).users("ldif")
    assert "".join(made.text())
    assert made.users == 1
    assert events(directory) == []


def test_a_person_exports_nothing(directory):
    people.add(directory, "ada")
    secret = directory.users.create_session("ada").secret
    with pytest.raises(Denied):
        Exports(directory.as_session(secret)).users("authctl")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"format": "passwd"}, "format"),
        ({"format": "htpasswd"}, "with_hashes"),
        ({"format": "csv", "options": {"base_dn": "dc=x"}}, "target_option"),
        ({"format": "csv", "filters": ["shoe = 1"]}, "filter"),
        ({"format": "csv", "sort": "labels"}, "sort"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_logged(directory, asked, field):
    with pytest.raises(Invalid) as refused:
        Exports(directory).users(**asked)
    assert refused.value.field == field
    assert events(directory) == []


# What a file cannot hold


@pytest.mark.parametrize("format", targets.NAMES)
def test_every_part_is_there_or_counted(directory, export, format):
    people.everything(directory, hash=hashing.hash_new("secret", salt=b"0" * 16), must_change=True)
    directory.teams.create("maths")
    directory.teams.create("art")
    directory.teams.create_membership("maths", user="ada", roles=["tutor"])
    directory.teams.create_membership("art", user="ada", invite=True, print_secret=True)
    _, made = export(format, with_hashes=True, with_secrets=True)
    target = targets.load(format)
    if format == "htpasswd":  # argon2 is none of Apache's
        assert dict(made.left_out) == {"hash:argon2id": 1, "user:hash": 1}
        return
    had = set(PARTS) - {"status", "blocked_until", "password"}
    own = {"supabase": {"id"}, "django": {"id"}, "firebase": {"hash:argon2id"}}.get(format, set())
    lost = (had - target.holds) | own
    assert dict(made.left_out) == dict.fromkeys(lost - {"roles"} if "memberships" in lost else lost, 1)
    assert {"invitations", "recovery_codes"} <= set(made.left_out)
    assert target.holds <= set(PARTS)


@pytest.mark.parametrize("format", targets.NAMES)
def test_every_loss_is_a_sentence(directory, export, format):
    for number in range(2):
        fields = people.block(people.THEN + timedelta(days=9999)) if number else {}
        people.everything(
            directory,
            f"user {number}".replace(" ", "|"),
            username=f"ADA{number}",
            email=f"ada{number}@exämple.com",
            phone=f"+1425555012{number}",
            phone_verified=False,
            identities=(Linked("corp", str(number)),),
            hash=BCRYPT.replace("$2b$", "$2x$"),
            **fields,
        )
    _, made = export(format, with_hashes=True, with_secrets=True)
    sentences = [*made.losses()]
    assert len(sentences) == len(made.left_out)
    for sentence in sentences:
        assert sentence.endswith(".")
        assert sentence.startswith(("The ", "1 user ", "2 users "))
        assert " was not exported: " in sentence or " were not exported: " in sentence


def test_who_is_blocked_cannot_get_in_elsewhere(directory, export):
    people.everything(directory, hash=BCRYPT, **people.block())
    assert export("htpasswd", with_hashes=True)[0] == ""
    assert "userPassword" not in export("ldif", with_hashes=True)[0]
    assert json.loads(export("django", with_hashes=True)[0])[-1]["fields"]["is_active"] is False
    assert json.loads(export("appwrite", with_hashes=True)[0])["users"][0]["status"] is False
    assert json.loads(export("firebase", with_hashes=True)[0])["users"][0]["disabled"] is True
    assert json.loads(export("auth0", with_hashes=True)[0])[0]["blocked"] is True
    assert json.loads(export("keycloak", with_hashes=True)[0])["users"][0]["enabled"] is False
    [row] = csv.DictReader(io.StringIO(export("supabase", with_hashes=True)[0]))
    assert row["banned_until"] == "9999-12-31T00:00:00.000Z"


def test_no_address_becomes_verified_by_leaving(directory, export):
    people.everything(directory, email_verified=False, phone_verified=False)
    [user] = json.loads(export("firebase")[0])["users"]
    assert (user["emailVerified"], "phoneNumber" in user) == (False, False)  # where each phone counts as verified
    [row] = csv.DictReader(io.StringIO(export("supabase")[0]))
    assert (row["email_confirmed_at"], row["phone_confirmed_at"]) == ("", "")
    [user] = json.loads(export("auth0")[0])
    assert (user["email_verified"], user["phone_verified"]) == (False, False)
    [user] = json.loads(export("keycloak")[0])["users"]
    assert (user["emailVerified"], user["attributes"]["phoneNumberVerified"]) == (False, ["false"])


def test_an_unusable_name_is_left_out_of_htpasswd(directory, export):
    for number, name in enumerate(("a:b", "#c", "é" * 128, None)):
        people.add(directory, f"u{number}", username=name, hash=BCRYPT)
    people.add(directory, "u9", username="grace", hash=BCRYPT)
    text, made = export("htpasswd", with_hashes=True)
    assert text == f"grace:{BCRYPT.replace('$2b$', '$2y$')}\n"
    assert made.left_out["user:name"] == 4


# Ids


def test_an_id_that_is_no_uuid_gets_one_that_stays_the_same(directory, export):
    people.add(directory, "ada")
    people.add(directory, "6b1c0000-0000-4000-8000-000000000001")
    rows = [*csv.DictReader(io.StringIO(export("supabase")[0]))]
    assert [row["id"] for row in rows] == [supabase.uuid_of("ada"), "6b1c0000-0000-4000-8000-000000000001"]
    assert supabase.uuid_of("ada") == str(uuid.uuid5(uuid.NAMESPACE_URL, "authctl:ada"))


def test_numbers_that_came_from_django_go_back(directory, export):
    for id in ("7", "42", "generated"):
        people.add(directory, id, username=f"user{id}")
    accounts = json.loads(export("django")[0])
    assert [account["pk"] for account in accounts] == [7, 42, 1_000_000_001]


def test_django_numbers_users_that_have_no_number(directory, export):
    for id in ("generated", "7"):
        people.add(directory, id, username=f"user{id}")
    text, made = export("django")
    assert [account["pk"] for account in json.loads(text)] == [None, None]
    assert made.left_out["id"] == 2


# Hashes


@pytest.mark.parametrize(
    ("format", "name", "least"),
    [("supabase", None, 10), ("django", "django", 15), ("htpasswd", None, 8), ("ldif", "ldap", 15)],
)
def test_every_hash_is_spelled_as_the_system_has_it_or_counted(format, name, least):
    target = targets.load(format)({}, with_hashes=True, with_secrets=False)
    parse = registry.parse
    spelled = {stored: text for stored in STORED if (text := target.spell(parse(stored))) is not None}
    assert len(spelled) >= least
    for stored, text in spelled.items():
        before, after = parse(stored), parse(hashing.accept(text, name).stored)
        assert type(before) is type(after)
        assert (before.expected, before.salt) == (after.expected, after.salt)


def test_a_damaged_hash_is_counted(directory, export):
    people.add(directory, "ada", username="ada", hash=BCRYPT)
    directory.write(lambda work: work.db.sqlalchemy.execute(sa.text("UPDATE users SET password_hash = 'x'")))
    assert dict(export("htpasswd", with_hashes=True)[1].left_out) == {"hash:damaged": 1, "user:hash": 1}


def test_firebase_takes_the_hashes_of_one_project(directory, export):
    other = FIREBASE.replace("r=8", "r=7")
    for number, hash in enumerate((FIREBASE, other, FIREBASE)):
        people.add(directory, f"u{number}", hash=hash)
    text, made = export("firebase", with_hashes=True)
    assert ["passwordHash" in user for user in json.loads(text)["users"]] == [True, False, True]
    [left_out] = [loss for loss in made.left_out if loss.startswith("run:firebase-scrypt/7/14/")]
    told = [*made.losses(), made.target.next_step()]
    assert f"export these with --target-option hash={left_out.removeprefix('run:')}. User: u1." in told[-2]
    assert "jxspr8Ki0RYy" not in text + str(told)  # the project's key
    assert "passwordHash" in export("firebase", with_hashes=True, options={"hash": left_out.removeprefix("run:")})[0]


RUNS = [
    ("bcrypt", BCRYPT, None, {}, "--hash-algo=BCRYPT"),
    ("md5", "00" * 16, "md5", {}, "--hash-algo=MD5 --rounds=0"),
    ("sha256", "00" * 32, "sha256", {"salt": "s"}, "--hash-algo=SHA256 --rounds=1 --hash-input-order=SALT_FIRST"),
    ("sha512", "00" * 64, "sha512", {"salt": "s", "salt_position": "suffix"},
     "--hash-algo=SHA512 --rounds=1 --hash-input-order=PASSWORD_FIRST"),
    ("sha1", "00" * 20, "sha1", {}, "--hash-algo=SHA1 --rounds=1"),
    ("sha1", "{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAABzYWx0", None, {},
     "--hash-algo=SHA1 --rounds=1 --hash-input-order=PASSWORD_FIRST"),
    ("hmac-sha1", "00" * 20, "hmac-sha1", {"key": "very-secret"}, "--hash-algo=HMAC_SHA1 --hash-key=KEY"),
    ("pbkdf2-sha256", "00" * 32, "pbkdf2-sha256", {"iterations": "9000", "salt": "s"},
     "--hash-algo=PBKDF2_SHA256 --rounds=9000"),
    ("pbkdf2-sha1", "00" * 20, "pbkdf2-sha1", {"iterations": "120000", "salt": "s"},
     "--hash-algo=PBKDF_SHA1 --rounds=120000"),
    ("scrypt", "00" * 64, "scrypt", {"salt": "s", "cpu": "16384", "memory": "8", "parallel": "1", "length": "64"},
     "--hash-algo=STANDARD_SCRYPT --mem-cost=16384 --block-size=8 --parallelization=1 --dk-len=64"),
    ("firebase-scrypt", FIREBASE, None, {},
     "--hash-algo=SCRYPT --hash-key=KEY --salt-separator=Bw== --rounds=8 --mem-cost=14"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "name", "options", "flags"), RUNS, ids=[run[0] for run in RUNS])
def test_firebase_takes_the_hashes_of_one_kind_and_is_told_which(directory, export, kind, text, name, options, flags):
    people.add(directory, "ada", hash=hashing.accept(text, name, options).stored)
    people.add(directory, "grace", hash=hashing.hash_new("secret", salt=b"0" * 16))
    written, made = export("firebase", with_hashes=True, options={"hash": kind})
    ada, grace = json.loads(written)["users"]
    assert ("passwordHash" in ada, "passwordHash" in grace) == (True, False)
    assert made.target.next_step().startswith(f"Import the file with: firebase auth:import FILE {flags}")
    assert "very-secret" not in made.target.next_step()
    assert dict(made.left_out) == {"hash:argon2id": 1}
    if kind == "bcrypt":
        assert base64.b64decode(ada["passwordHash"]).decode() == BCRYPT


def test_firebase_gets_md5_as_people_got_it_to_sign_in(directory, export):
    """The digest's text in base64, and a salt before the password: firebase/firebase-tools, issues 282 and 1617."""
    digest = "72d4a5a5b605c53ae1ac478d9a4977d7"
    people.add(directory, "ada", hash=hashing.accept(digest, "md5", {"salt": "qwerty"}).stored)
    people.add(directory, "bob", hash=hashing.accept(digest, "md5", {"salt": "s", "salt_position": "suffix"}).stored)
    text, made = export("firebase", with_hashes=True, options={"hash": "md5"})
    ada = json.loads(text)["users"][0]
    assert (ada["passwordHash"], ada["salt"]) == ("NzJkNGE1YTViNjA1YzUzYWUxYWM0NzhkOWE0OTc3ZDc=", "cXdlcnR5")
    assert dict(made.left_out) == {"hash:md5-salted": 1}


def test_the_kind_that_most_have_is_proposed_first(directory, export):
    for number, hash in enumerate([BCRYPT] * 4 + [hashing.accept("00" * 16, "md5").stored] + [PBKDF2] * 2):
        people.add(directory, f"u{number}", hash=hash)
    people.add(directory, "slow", hash=PBKDF2.replace("i=9000", "i=130000"))
    made = export("firebase", with_hashes=True)[1]
    left, many = "user was not exported:", "users were not exported:"
    why = "Firebase imports one kind of hash at a time; export these with --target-option"
    assert [*made.losses()] == [
        f"The password hash of 1 {left} Firebase limits the cost of pbkdf2-sha256. User: slow.",
        f"The bcrypt password hashes of 4 {many} {why} hash=bcrypt. First: u0, u1, u2, ….",
        f"The pbkdf2-sha256/9000 password hashes of 2 {many} {why} hash=pbkdf2-sha256/9000. First: u5, u6.",
        f"The md5 password hash of 1 {left} {why} hash=md5. User: u4.",
    ]
    assert made.target.next_step() is None


def test_an_unknown_kind_of_hash_is_refused(directory):
    with pytest.raises(Invalid) as refused:
        Exports(directory).users("firebase", with_hashes=True, options={"hash": "rot13"})
    assert refused.value.field == "target_option"


# Ids and teams elsewhere


def test_auth0s_ids_leave_as_its_import_takes_them(directory, export):
    for id in ("auth0|1", "plain", "google-oauth2|2", "samlp|corp|jane@corp.com"):
        people.add(directory, id, email=f"u{len(id)}@example.com")
    text, made = export("auth0")
    assert [user.get("user_id") for user in json.loads(text)] == ["1", "plain", None, None]
    assert dict(made.left_out)["id"] == 2
    assert any(
        sentence.endswith("those of another connection. First: google-oauth2|2, samlp|corp|jane@corp.com.")
        for sentence in made.losses()
    )


def test_keycloak_gets_a_group_for_each_team_that_one_can_stand_for(directory, export):
    people.add(directory, "ada")
    for id, name in (("1", "Maths"), ("2", "Maths"), ("3", "a/b")):
        directory.teams.create(name, id=id)
        directory.teams.create_membership(f"id:{id}", user="ada", roles=["tutor"])
    text, made = export("keycloak")
    found = json.loads(text)
    assert (found["groups"], found["users"][0]["groups"]) == ([{"name": "Maths", "path": "/Maths"}], ["/Maths"])
    assert dict(made.left_out) == {"memberships": 1, "roles": 1}


def test_what_has_no_place_is_told_with_the_option_that_takes_it(directory, export):
    for id in ("ada", "bob"):
        people.add(directory, id)
    directory.teams.create("maths", id="maths")
    for id in ("ada", "bob"):
        directory.teams.create_membership("maths", user=id)
    assert [*export("ldif")[1].losses()][-1] == (
        "The memberships of 2 users were not exported: an LDIF file has no place for them; use --format authctl to "
        "export them. First: ada, bob."
    )


@pytest.mark.parametrize("format", ["authctl", "csv"])
def test_the_first_years_have_four_digits(directory, export, format):
    people.add(
        directory, "ada", created_at=datetime(1, 1, 1, tzinfo=UTC), last_sign_in_at=datetime(999, 1, 1, tzinfo=UTC)
    )
    text, _ = export(format)
    assert "0001-01-01T00:00:00.000Z" in text
    assert "0999-01-01T00:00:00.000Z" in text


# However many


def test_what_belongs_to_users_is_read_for_many_at_once(directory):
    def fill(work, first, last):
        for number in range(first, last):
            people.insert(work, f"u{number}", BCRYPT, (), (Linked("google", str(number)),), False, False, {})

    counts = []
    for first, last in ((0, 2), (2, 2 * BATCH)):
        directory.write(fill, first, last)
        with statements() as told:
            assert len([*Exports(directory).users("authctl", with_secrets=True).text()]) == last + 2
        counts.append(len(told))
    assert counts[1] - counts[0] <= 4  # for the second batch


def test_users_are_written_as_they_are_read(directory):
    for number in range(BATCH + 1):
        people.add(directory, f"u{number}")
    made = Exports(directory).users("authctl")
    text = made.text()
    next(text)
    next(text)
    people.add(directory, "late")  # while the rest is still to come
    assert len([*text]) == BATCH + 1
    assert made.users == BATCH + 1
