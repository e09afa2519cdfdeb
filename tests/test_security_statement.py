"""What README's security statement says and no test of one module shows whole, by the numbers of OWASP ASVS 5.0."""

import os
import re
from collections import Counter
from datetime import timedelta
from unicodedata import normalize

import pyotp
import pytest
from doubles.attackers import NEW, PASSWORD, PHONE, proved, refusal
from doubles.statements import statements
from doubles.verbs import VERBS, arguments, call

import authctl
from authctl import storage
from authctl.core.credentials import password_rules
from authctl.core.crypto import sealing
from authctl.core.maintenance import key_rotation
from authctl.core.policy.policies import Policy
from authctl.errors import AuthctlError

EMAIL = "ada@example.com"


@pytest.fixture
def ada(directory, clock):
    """The secret of a session that has completed a challenge just now, of an account with everything."""
    secret = proved(directory, "ada", phone=PHONE, phone_verified=True)
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    directory.mfa.verify_authenticator("ada", totp.at(clock.now))
    directory.mfa.create_recovery_codes("ada")
    directory.users.create_identity("ada", "google", "118")
    clock.forward(seconds=30)
    challenge = directory.mfa.create_challenge(secret, "totp")
    return directory.mfa.complete_challenge(secret, challenge.id, totp.at(clock.now)).secret


# V6.1, V6.3: guessing


def test_whoever_goes_on_guessing_keeps_nobody_out_for_good(directory, clock):
    """6.1.1: the owner gets in from where the owner was before, by a code from anywhere, and a day later by all."""
    directory.users.create(id="ada", email=EMAIL, password=PASSWORD)
    directory.sessions.create("ada", PASSWORD, ip="192.0.2.1")
    for hour in range(12):
        for _ in range(10):
            assert refusal(directory.sessions.create, "ada", "wrong", ip=f"198.51.100.{hour}")
        clock.forward(hours=1)
    assert refusal(directory.sessions.create, "ada", PASSWORD, ip="203.0.113.9")
    assert directory.sessions.create("ada", PASSWORD, ip="192.0.2.1")
    code = directory.tokens.create_email(EMAIL, print_secret=True).secret
    assert directory.tokens.redeem("ada", code, kind="email", ip="203.0.113.9")
    clock.forward(days=1)
    assert directory.sessions.create("ada", PASSWORD, ip="203.0.113.10")


def test_a_new_directory_has_nobody_in_it(directory):
    """6.3.2."""
    assert directory.users.count() == directory.teams.count() == 0
    assert directory.users.list_identities() == directory.security.list_mock_phones() == []
    for name in ("admin", "root", "authctl", "administrator", "guest", "test"):
        assert refusal(directory.sessions.create, name, name) == "user_invalid_credentials"


# V6.2: passwords

COMPOSITIONS = [
    "zzzzzzzzzzzy",
    "8274650193",
    "ÄÖÜŁØŚŻĆ",
    "🙂🙃🙂🙃🙂🙃🙂🙃",
    "  spaces only here  ",
    "\tt\tt\tt\tt",
    "汉字汉字汉字汉字",
]


@pytest.mark.parametrize("password", COMPOSITIONS, ids=range(len(COMPOSITIONS)))
def test_any_composition_is_taken(password):
    """6.2.5."""
    assert password_rules.failures(password, Policy({}), user=None) == []


def test_the_least_length_is_eight_characters(directory):
    """6.2.1."""
    assert refusal(directory.users.create, id="ada", password="seven7!") == "password_too_short"
    assert directory.users.create(id="ada", password="eight88!")


def test_each_of_the_most_common_passwords_is_refused():
    """6.2.4."""
    policy = Policy({})
    common = [each for each in password_rules._common_passwords() if len(each) >= 8]
    assert len(common) >= 10_000
    for each in common:
        for word in (each, each.upper()):
            found = password_rules.failures(word, policy, user=None)
            assert "password_in_dictionary" in [problem.type for problem in found], each


def test_no_password_grows_too_old(directory, clock):
    """6.2.10."""
    directory.users.create(id="ada", password=PASSWORD)
    clock.forward(days=3650)
    signed_in = directory.sessions.create("ada", PASSWORD)
    assert directory.sessions.get(signed_in.secret).user.password.must_change is False


EXACT = " Corréct Horse\tBatteŕy  " + "x" * 231 + "y"
OTHERS = {
    "trimmed": EXACT.strip(),
    "at its beginning": EXACT.lstrip(),
    "in lower case": EXACT.lower(),
    "cut": EXACT[:72],
    "by the last character": EXACT[:-1] + "z",
    "longer": EXACT + "y",
}


def test_a_password_is_verified_exactly_as_it_was_given(directory):
    """6.2.8, 6.2.9: of 256 characters each counts, however it is composed (NIST SP 800-63B-4 §3.1.1.2)."""
    assert len(EXACT) == 256
    directory.users.create(id="ada", password=EXACT)
    assert directory.users.verify_password("ada", EXACT)
    assert directory.users.verify_password("ada", normalize("NFD", EXACT))
    for how, other in OTHERS.items():
        assert not directory.users.verify_password("ada", other), how


CHANGES = {
    "password": lambda person, **given: person.users.update_password("ada", NEW, current=given.get("password")),
    "email": lambda person, **given: person.users.update_email("ada", "new@example.com", **given),
    "phone": lambda person, **given: person.users.update_phone("ada", "+14255550188", **given),
    "no phone": lambda person, **given: person.users.update_phone("ada", "", **given),
    "email by a link": lambda person, **given: person.tokens.create_email_change("ada", "new@example.com", **given),
    "phone by a code": lambda person, **given: person.tokens.create_phone_change("ada", "+14255550188", **given),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_persons_change_asks_for_the_current_password(directory, change):
    """6.2.3, 7.5.1: nothing changes without it, nor with a wrong one."""
    person = directory.as_session(proved(directory, "ada", phone=PHONE))
    before = (directory.users.get("ada"), directory.tokens.list("ada"))
    assert refusal(CHANGES[change], person) == "general_argument_invalid"
    assert refusal(CHANGES[change], person, password="wrong") == "user_invalid_credentials"
    assert (directory.users.get("ada"), directory.tokens.list("ada")) == before
    assert refusal(CHANGES[change], person, password=PASSWORD) in (None, "delivery_unconfigured")


@pytest.fixture
def doors(ready, home, database_url, monkeypatch):
    """Both, as a program opens them."""
    monkeypatch.setenv("HOME", home["HOME"])
    with authctl.open(database_url) as operators, authctl.application(database_url) as application:
        yield operators, application


def test_passwords_are_hashed_as_rfc_9106_says(doors):
    """11.4.2: through either door, where no test asks for less."""
    operators, application = doors
    application.users.create(id="ada", password=PASSWORD)
    operators.users.create(id="bob", password=PASSWORD)
    for id in ("ada", "bob"):
        assert operators.users.get(id).password.hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


# V6.5, V6.6: codes and factors


def test_codes_have_six_digits_and_live_ten_minutes(directory, application):
    """6.5.4, 6.5.5, by the policies that nobody has set."""
    secret = proved(directory, "ada", phone=PHONE)
    issued = {
        "email": application.tokens.create_email(EMAIL, print_secret=True),
        "phone": application.tokens.create_phone(PHONE, print_secret=True),
        "verification": directory.tokens.create_phone_verification("ada", print_secret=True),
        "change": directory.tokens.create_phone_change("ada", "+14255550188", print_secret=True),
    }
    for kind, made in issued.items():
        assert (made.secret.isdecimal(), len(made.secret)) == (True, 6), kind
        assert made.token.expires_at - made.token.created_at == timedelta(minutes=10), kind
    challenge = application.mfa.create_challenge(secret, "email", print_secret=True)
    assert (challenge.secret.isdecimal(), len(challenge.secret)) == (True, 6)
    assert challenge.challenge.expires_at - challenge.challenge.created_at == timedelta(minutes=10)
    assert pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri).interval == 30
    short = directory.tokens.create("ada", length=5)  # 20 bits, the least
    assert short.token.expires_at - short.token.created_at == timedelta(minutes=10)
    assert refusal(directory.tokens.create, "ada", length=4) == "general_argument_invalid"


def test_a_person_takes_every_factor_away(directory, ada):
    """6.5.6: and what was taken away is good for nothing."""
    person = directory.as_session(ada)
    codes = person.mfa.regenerate_recovery_codes("ada").codes
    person.mfa.regenerate_recovery_codes("ada")
    [identity] = person.users.list_identities("ada")
    person.users.delete_identity(identity.id)
    person.users.update_phone("ada", "", password=PASSWORD)
    half = directory.sessions.create("ada", PASSWORD).secret
    challenge = directory.mfa.create_challenge(half, "recovery_code")
    assert refusal(directory.mfa.complete_challenge, half, challenge.id, codes[0]) == "user_invalid_token"
    person.mfa.delete_authenticator("ada")
    for factor in ("totp", "phone"):
        assert refusal(directory.mfa.create_challenge, half, factor) in (
            "user_authenticator_not_found",
            "user_phone_not_found",
        )
    assert directory.sessions.create_with_identity("google", "118").session.user_id != "ada"


# V7: sessions


def sign_ins(directory, application):
    """Each way to a session."""
    token = directory.tokens.create("ada").secret
    code = application.tokens.create_email(EMAIL, print_secret=True).secret
    return {
        "password": lambda: application.sessions.create("ada", PASSWORD),
        "again": lambda: application.sessions.create("ada", PASSWORD),
        "anonymous": application.sessions.create_anonymous,
        "identity": lambda: application.sessions.create_with_identity("google", "1"),
        "operator": lambda: directory.users.create_session("ada"),
        "token": lambda: application.tokens.redeem("ada", token, kind="token"),
        "code": lambda: application.tokens.redeem("ada", code, kind="email"),
    }


def test_every_session_has_a_secret_of_its_own_of_256_random_bits(directory, application):
    """7.2.3, 7.2.4, 11.5.1: whichever way it was signed in to, and when a challenge is completed; no bit is made up."""
    proved(directory, "ada")
    drawn = []
    for door in (directory, application):
        door.random_bytes = lambda size: drawn.append(os.urandom(size)) or drawn[-1]
    ways = sign_ins(directory, application)
    secrets = {name: way().secret for name, way in ways.items()}
    half = secrets["password"]
    challenge = application.mfa.create_challenge(half, "email", print_secret=True)
    secrets["challenge"] = application.mfa.complete_challenge(half, challenge.id, challenge.secret).secret
    assert len(set(secrets.values())) == len(secrets)
    for name, secret in secrets.items():
        assert len(bytes.fromhex(secret)) == 32, name
        assert bytes.fromhex(secret) in drawn, name
    assert refusal(application.sessions.get, half) == "user_unauthorized"


def test_what_must_not_be_guessed_has_256_random_bits(directory, application, ada):
    """11.5.1: tokens, links, invitations; codes are counted instead."""
    directory.teams.create("Maths", id="maths")
    long = [
        directory.tokens.create("ada"),
        directory.tokens.create_recovery("ada", print_secret=True),
        directory.tokens.create_email_change("ada", "new@example.com", print_secret=True),
        application.tokens.create_magic_url(EMAIL, print_secret=True),
        directory.teams.create_membership("maths", email="bob@example.com", print_secret=True),
    ]
    assert [len(bytes.fromhex(each.secret)) for each in long] == [32] * len(long)


def test_random_bytes_are_the_systems(doors, monkeypatch):
    """6.5.3."""
    drawn, urandom = [], os.urandom
    monkeypatch.setattr(os, "urandom", lambda size: drawn.append(urandom(size)) or drawn[-1])
    for door in doors:
        assert bytes.fromhex(door.sessions.create_anonymous().secret) in drawn


ENDS = {
    "signed out": lambda directory, secret: directory.sessions.delete(secret),
    "one is ended": lambda directory, secret: directory.users.delete_session(
        "ada", directory.sessions.get(secret).session.id
    ),
    "all are ended": lambda directory, secret: directory.users.delete_sessions("ada"),
    "everybody's are ended": lambda directory, secret: directory.users.delete_everybodys_sessions(),
    "a block": lambda directory, secret: directory.users.update_status("ada", "blocked"),
    "a deletion": lambda directory, secret: directory.users.delete("ada"),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_session_is_good_for_nothing(directory, application, end):
    """7.4.1, 7.4.2, 7.4.5: at once, its JWTs too, and for good."""
    secret = proved(directory, "ada")
    jwt = application.sessions.create_jwt(secret).jwt
    ENDS[end](directory, secret)
    uses = [
        lambda: application.sessions.get(secret),
        lambda: application.sessions.update(secret),
        lambda: application.sessions.create_jwt(secret),
        lambda: application.sessions.verify_jwt(jwt),
        lambda: application.mfa.create_challenge(secret, "email"),
        lambda: application.as_session(secret).users.update_name("ada", "Eve"),
        lambda: application.sessions.delete(secret),
    ]
    refused = {refusal(use) for use in uses}
    assert refused <= {"user_unauthorized", "user_blocked"}
    if end == "a block":
        directory.users.update_status("ada", "active")
        assert {refusal(use) for use in uses} == {"user_unauthorized"}


def test_operators_end_one_users_sessions_or_everybodys(directory, authctl, database_url):
    """7.4.5: and a person those of others' devices (7.4.3)."""
    mine = {id: [proved(directory, id), directory.sessions.create(id, PASSWORD).secret] for id in ("ada", "bob")}

    def live():
        return Counter(
            id for id, secrets in mine.items() for each in secrets if refusal(directory.sessions.get, each) is None
        )

    env = {"AUTHCTL_DATABASE_URL": database_url}
    directory.as_session(mine["bob"][0]).users.update_password("bob", NEW, current=PASSWORD)
    assert live() == {"ada": 2, "bob": 1}
    assert authctl("users delete-sessions ada --yes", env=env).status == 0
    assert live() == {"bob": 1}
    mine["ada"].append(directory.sessions.create("ada", PASSWORD).secret)
    assert authctl("users delete-sessions --all --yes", env=env).status == 0
    assert live() == {}


# V11: sealing


def test_no_nonce_is_used_twice(directory, clock, monkeypatch):
    """11.3.4: of all that is sealed, and sealed anew."""
    used, encrypt = [], sealing.seal

    def seal(key, plaintext, *, context, nonce):
        used.append(nonce)
        return encrypt(key, plaintext, context=context, nonce=nonce)

    monkeypatch.setattr(sealing, "seal", seal)
    directory.users.create(id="ada")
    for number in range(3):
        directory.mfa.create_authenticator("ada", name=f"a{number}")
        directory.security.create_mock_phone(f"{PHONE[:-1]}{number}", "123456")
        directory.security.rotate_jwt_key()
    directory.mfa.create_recovery_codes("ada")
    made = len(used)
    directory.write(key_rotation.reseal_all, directory.key, bytes(range(32)))
    assert (made >= 9, len(used) > made) == (True, True)
    assert len(set(used)) == len(used)
    assert {len(nonce) for nonce in used} == {sealing.NONCE_SIZE}


# V16: the log

WRITES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) \"?(\w+)")
UNSAID = {"events", "attempts", "known_sources"}  # of the log itself, and of what is only counted


def content(directory):
    """Every row of every table but of the log, and of what is only counted."""
    found = {}
    for part in directory.database.stream(storage.backups.parts):
        if part.table not in UNSAID:
            found[part.table] = sorted(map(repr, part.rows))
    return found


def recorded(directory):
    return directory.read(lambda work: storage.events.last_seq(work.db))


def theirs(directory, id):
    """Somebody new with everything, by the names of the arguments of verbs."""
    secret = proved(directory, id, email=f"{id}@example.com")
    directory.teams.create("Own", id=f"of-{id}", owner=id)
    (membership,) = directory.teams.list_memberships(f"of-{id}")
    directory.mfa.create_recovery_codes(id)
    return {
        "user": id,
        "team": f"of-{id}",
        "membership": membership.id,
        "identity": directory.users.create_identity(id, "github", id).id,
        "session": directory.users.create_session(id).session.id,
        "token": directory.tokens.create(id).token.id,
        "secret": secret,
        "factor": "email",
        "email": f"new-{id}@example.com",
        "provider_uid": f"new-{id}",
        "username": f"name-{id}",
        "phone": f"+1425555{1000 + int(id[1:])}",
        "print_secret": True,
        "labels": ["staff"],
        "prefs": {"a": 1},
        "metadata": {"a": 1},
        "verified": False,
        "force": True,
    }


def test_whatever_changes_is_in_the_log(directory, clock):
    """16.2.1, 16.3.3: each verb is done, and where it writes anything, it writes an event."""
    changed, silent = [], []
    for number, verb in enumerate(VERBS):
        own = theirs(directory, f"u{number}")
        clock.forward(minutes=1)
        with statements() as sent:
            try:
                call(directory, verb, **arguments(verb, **own))
            except AuthctlError:
                continue
        written = {found[1] for each in sent if (found := WRITES.match(each))}
        if written - UNSAID:
            (changed if "events" in written else silent).append(verb)
    assert silent == ["tokens.purge"]  # which has found nothing to remove
    assert len(changed) > 45


def refusals(directory, application):
    """Each refusal of a credential, and the event that tells it."""
    secret = proved(directory, "ada", phone=PHONE)
    person = application.as_session(secret)
    application.tokens.create_email(EMAIL, print_secret=True)
    directory.mfa.create_authenticator("ada")
    directory.teams.create("Maths", id="maths")
    directory.users.create(id="bob", email="bob@example.com")
    invited = directory.teams.create_membership("maths", user="bob", print_secret=True).membership.id
    challenge = application.mfa.create_challenge(secret, "email", print_secret=True).id
    return {
        "users.sessions.create": [
            lambda: application.sessions.create("ada", "wrong"),
            lambda: application.sessions.create("nobody", "wrong"),
            lambda: person.users.update_password("ada", NEW, current="wrong"),
        ],
        "users.tokens.update": [
            lambda: application.tokens.redeem("ada", "000000", kind="email"),
            lambda: application.tokens.redeem("nobody", "000000", kind="email"),
        ],
        "users.recovery.update": [
            lambda: application.tokens.redeem("ada", "x" * 64, kind="recovery", new_password=NEW)
        ],
        "users.verification.update": [lambda: person.tokens.redeem("ada", "x" * 64, kind="email-verification")],
        "users.mfa.challenges.update": [lambda: application.mfa.complete_challenge(secret, challenge, "000000")],
        "users.mfa.factors.update": [lambda: directory.mfa.verify_authenticator("ada", "000000")],
        "teams.memberships.update.status": [
            lambda: application.teams.update_membership_status("maths", invited, "bob", "x" * 64),
            lambda: application.teams.update_membership_status("nothing", invited, "bob", "x" * 64),
        ],
    }


def test_every_refused_credential_is_in_the_log(directory, application):
    """16.3.1: with why, and where it came from."""
    here = application.from_request(ip="192.0.2.66")
    for name, calls in refusals(directory, here).items():
        for each in calls:
            count = recorded(directory)
            assert refusal(each) is not None
            assert recorded(directory) > count, name
            event, *_ = directory.security.list_logs(events=[name], limit=1)
            assert event.details["refused"], name


# V16.5: what goes wrong


def test_a_bug_halfway_changes_nothing_and_shows_nothing(directory, run_line, monkeypatch):
    """16.5.1, 16.5.3, 16.5.4: whatever was done before it is undone."""
    before = content(directory)

    def broken(*given):
        raise ZeroDivisionError("hidden-value")

    monkeypatch.setattr(storage.events, "insert", broken)
    ran = run_line("users create --id ada --email ada@example.com --password-stdin", stdin=f"{PASSWORD}\n")
    assert ran.status == 1
    for internal in ("hidden-value", PASSWORD, "Traceback", "argon2", "INSERT", "/authctl/"):
        assert internal not in ran.stdout + ran.stderr
    monkeypatch.undo()
    assert content(directory) == before


@pytest.fixture
def run_line(authctl, ready, database_url):
    return lambda line, **given: authctl(line, env={"AUTHCTL_DATABASE_URL": database_url}, **given)


def test_what_a_check_needs_and_is_missing_refuses(directory, application, tmp_path):
    """16.5.3: it fails closed."""
    directory.security.set("password-breached-file", str(tmp_path / "gone.txt"))
    assert refusal(application.users.create, email=EMAIL, password=PASSWORD) == "file_unavailable"
    assert directory.users.count() == 0
