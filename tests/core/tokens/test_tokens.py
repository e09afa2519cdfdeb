"""Making tokens and sending them: who is asked, what is limited, what a refused message leaves; on both databases."""

import json
import re
from datetime import timedelta

import pytest
from doubles.sms import ACCOUNT, API_KEY, API_SECRET, TOKEN, VERIFY, Twilio, Vonage

from authctl import storage
from authctl.core.accounts import throttle
from authctl.core.credentials import answers
from authctl.core.crypto import phrases, sealing
from authctl.core.maintenance import key_rotation, purge
from authctl.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from authctl.model import TokenKind, instant
from authctl.storage import purging

PASSWORD = "correct horse battery"
PHONE = "+14255550123"


@pytest.fixture
def outbox(tmp_path):
    """Where the SMS provider `file` writes."""
    return tmp_path / "sms.jsonl"


@pytest.fixture
def sending(opened, mail, outbox):
    """The directory with a mail server, an SMS provider, and a host that links may lead to."""
    sms = {"AUTHCTL_SMS_PROVIDER": "file", "AUTHCTL_SMS_FILE": str(outbox)}
    return opened(mail.environ | sms | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"})


@pytest.fixture
def twilio():
    with Twilio() as provider:
        provider.code = "424242"
        yield provider


@pytest.fixture
def verifying(opened, twilio):
    """The directory with a provider that makes and checks codes itself."""
    return opened(
        {
            "AUTHCTL_SMS_PROVIDER": "twilio-verify",
            "AUTHCTL_SMS_BASE_URL": twilio.url,
            "AUTHCTL_SMS_ACCOUNT_SID": ACCOUNT,
            "AUTHCTL_SMS_AUTH_TOKEN": TOKEN,
            "AUTHCTL_SMS_SERVICE_SID": VERIFY,
        }
    )


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


def code_in(mail):
    return re.search(r"^\d{6,10}$", mail.last.text, re.MULTILINE)[0]


def texts(outbox):
    return [json.loads(line) for line in outbox.read_text().splitlines()] if outbox.exists() else []


def logged(directory, *events):
    return [(event.name, event.details) for event in directory.security.list_logs(events=events)]


# By operators


def test_an_operators_token_is_64_digits_and_lives_a_quarter_of_an_hour(directory, clock):
    directory.users.create(id="ada")
    created = directory.tokens.create("ada")
    assert re.fullmatch("[0-9a-f]{64}", created.secret)
    assert created.token.expires_at == clock.now + timedelta(minutes=15)
    assert set(created.public()) == {
        *("id", "user_id", "kind", "created_at", "expires_at", "attempts_left", "secret"),
    }
    assert created.token.attempts_left is None
    assert created.secret not in repr(created)


def test_a_short_token_is_a_code(directory, clock):
    directory.users.create(id="ada")
    created = directory.tokens.create("ada", length=6)
    assert (len(created.secret), created.token.attempts_left) == (6, 5)
    assert created.token.expires_at == clock.now + timedelta(minutes=10)
    assert directory.tokens.create("ada", length=6, expire="5m").token.expires_at == clock.now + timedelta(minutes=5)
    for wrong in ({"length": 4}, {"length": 129}, {"length": 6, "expire": 900}, {"expire": 59}, {"expire": "2y"}):
        assert refusal(Invalid, directory.tokens.create, "ada", **wrong) == "general_argument_invalid"


def test_a_newer_token_ends_the_older_of_its_kind_and_no_other(directory):
    directory.users.create(id="ada", email="ada@example.com")
    directory.tokens.create_email("ada@example.com", print_secret=True)
    first = directory.tokens.create("ada").token
    second = directory.tokens.create("ada").token
    live = directory.tokens.list("ada")
    assert [token.kind for token in live] == ["token", "email"]
    assert live[0].id == second.id
    assert next(token for token in directory.tokens.list("ada", ended=True) if token.id == first.id).ended_reason == (
        "replaced"
    )


def test_a_token_is_deleted_once(directory):
    directory.users.create(id="ada")
    token = directory.tokens.create("ada").token
    directory.tokens.delete("ada", token.id)
    assert refusal(NotFound, directory.tokens.delete, "ada", token.id) == "token_not_found"
    assert directory.tokens.list("ada") == []


def test_a_blocked_user_gets_no_operators_token_and_loses_those_there_are(directory):
    directory.users.create(id="ada")
    secret = directory.tokens.create("ada").secret
    directory.users.update_status("ada", "blocked")
    assert refusal(Denied, directory.tokens.create, "ada") == "user_blocked"
    assert refusal(Denied, directory.tokens.redeem, "ada", secret, kind="token") == "user_invalid_token"
    assert [token.ended_reason for token in directory.tokens.list("ada", ended=True)] == ["blocked"]


# By mail


def test_a_code_by_mail_signs_in_and_makes_the_account(sending, mail):
    created = sending.tokens.create_email("ada@example.com", id="ada", phrase=True)
    assert created.secret is None
    assert created.phrase in mail.last.text
    assert len(created.phrase.split()) == 2
    signed_in = sending.tokens.redeem("ada@example.com", code_in(mail), kind="email")
    assert (signed_in.session.user_id, signed_in.session.factors) == ("ada", ("email",))
    assert sending.users.get("ada").email_verified
    assert sending.sessions.get(signed_in.secret).user.id == "ada"


def test_the_id_is_ignored_where_the_account_exists(sending, directory):
    directory.users.create(id="ada", email="ada@example.com")
    assert sending.tokens.create_email("Ada@example.com", id="bob").token.user_id == "ada"
    assert directory.users.count() == 1


def test_no_account_is_made_where_that_is_not_wanted(sending, directory, mail):
    assert refusal(NotFound, sending.tokens.create_email, "a@example.com", create=False) == "user_not_found"
    directory.security.set("user-limit", 1)
    directory.users.create(id="ada", email="ada@example.com")
    assert refusal(Invalid, sending.tokens.create_email, "b@example.com") == "user_count_exceeded"
    assert directory.users.count() == 1
    assert mail.mails == []
    assert sending.tokens.create_email("ada@example.com", create=False)


def test_a_blocked_user_is_sent_nothing_and_nobody_is_told(sending, directory, mail, clock):
    directory.users.create(id="ada", email="ada@example.com")
    directory.users.create(id="bob", email="bob@example.com", blocked=True)
    ada, bob = (sending.tokens.create_email(f"{name}@example.com") for name in ("ada", "bob"))
    assert [each.recipients for each in mail.mails] == [["ada@example.com"]]
    assert ada.public().keys() == bob.public().keys()
    differing = {name for name, value in ada.public().items() if bob.public()[name] != value}
    assert differing == {"id", "user_id"}
    for name in ("ada", "bob"):
        assert refusal(Denied, sending.tokens.create_email, f"{name}@example.com") == "general_rate_limit_exceeded"
    assert directory.tokens.list("bob") == []
    assert directory.tokens.list("bob", ended=True)[0].ended_reason == "blocked"
    clock.forward(minutes=1)
    shown = sending.tokens.create_email("bob@example.com", print_secret=True).secret
    assert refusal(Denied, sending.tokens.redeem, "bob", shown, kind="email") == "user_invalid_token"


def test_without_a_mail_server_no_token_is_made(directory):
    assert refusal(Unavailable, directory.tokens.create_email, "ada@example.com") == "delivery_unconfigured"
    assert directory.users.count() == 0
    assert directory.tokens.create_email("ada@example.com", print_secret=True).secret.isdigit()


def test_a_magic_url_leads_where_it_may(sending, mail):
    from urllib.parse import parse_qs, urlsplit

    denied = refusal(Invalid, sending.tokens.create_magic_url, "ada@example.com", url="https://evil.example/")
    assert denied == "general_redirect_denied"
    sending.tokens.create_magic_url("ada@example.com", id="ada", url="https://app.example.com/in")
    (link,) = [word for word in mail.last.text.split() if word.startswith("https://")]
    given = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert given.keys() == {"userId", "secret"}
    signed_in = sending.tokens.redeem(given["userId"], given["secret"], kind="magic-url")
    assert (signed_in.session.provider, signed_in.session.factors) == ("magic-url", ("email",))


def test_a_dry_run_sends_nothing_and_makes_nothing(sending, directory, mail):
    dry = sending.acting(sending.actor, dry_run=True)
    assert dry.tokens.create_email("ada@example.com").token.kind is TokenKind.EMAIL
    assert (mail.mails, directory.users.count()) == ([], 0)


# What a refused message leaves


def test_a_refused_message_withdraws_its_token_and_nothing_else(sending, directory, mail, clock):
    directory.users.create(id="ada", email="ada@example.com")
    sending.tokens.create_email("ada@example.com")
    code = code_in(mail)
    clock.forward(minutes=1)
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox"
    with pytest.raises(Unavailable) as refused:
        sending.tokens.create_email("ada@example.com")
    assert refused.value.type == "delivery_failed"
    assert "550 5.1.1 No such mailbox" in refused.value.message
    newest, older = directory.tokens.list("ada", ended=True)
    assert (newest.ended_reason, older.ended_reason) == ("withdrawn", None)
    (_, details), *_ = logged(directory, "users.tokens.create")
    assert (details["refused"], details["code"], details["provider"]) == ("delivery", "550", "smtp")
    mail.mailbox.recipient_answer = None
    assert sending.tokens.redeem("ada", code, kind="email")  # the older one is as good as it was
    assert sending.tokens.create_email("ada@example.com")  # and the interval has not begun


def test_an_account_made_for_a_refused_message_goes_again(sending, directory, mail):
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox"
    assert refusal(Unavailable, sending.tokens.create_email, "ada@example.com") == "delivery_failed"
    assert directory.users.count() == 0


def test_refused_messages_count_in_the_hour(sending, directory, mail, clock):
    directory.security.set("otp-hourly-limit", 3)
    mail.mailbox.recipient_answer = "550 no"
    for _ in range(3):
        assert refusal(Unavailable, sending.tokens.create_email, "ada@example.com") == "delivery_failed"
    mail.mailbox.recipient_answer = None
    assert refusal(Denied, sending.tokens.create_email, "ada@example.com") == "general_rate_limit_exceeded"
    clock.forward(minutes=59)
    throttle.purge(directory)
    assert refusal(Denied, sending.tokens.create_email, "ada@example.com") == "general_rate_limit_exceeded"
    clock.forward(minutes=1)
    assert sending.tokens.create_email("ada@example.com")


# Limits


def test_the_interval_is_between_two_of_a_kind(sending, directory, mail, clock):
    directory.users.create(id="ada", email="ada@example.com", phone=PHONE)
    sending.tokens.create_email("ada@example.com")
    clock.forward(seconds=18)
    with pytest.raises(Denied) as refused:
        sending.tokens.create_email("ada@example.com")
    assert (refused.value.type, "42 seconds" in refused.value.message) == ("general_rate_limit_exceeded", True)
    assert sending.tokens.create_phone(PHONE)
    assert sending.tokens.create_email_verification("ada")
    assert directory.tokens.create_email("ada@example.com", print_secret=True)
    clock.forward(seconds=42)
    assert sending.tokens.create_email("ada@example.com")
    directory.security.set("otp-interval", "0s")
    assert sending.tokens.create_email("ada@example.com")


def test_sms_are_limited_by_address_in_all_and_by_country(sending, directory, outbox, clock):
    directory.security.set("otp-interval", "0s")
    directory.security.set("otp-hourly-limit", 2)
    directory.security.set("sms-hourly-limit", 3)
    directory.security.set("sms-countries", "1")
    for _ in range(2):
        sending.tokens.create_phone(PHONE)
    assert refusal(Denied, sending.tokens.create_phone, PHONE) == "general_rate_limit_exceeded"
    sending.tokens.create_phone("+14255550124")
    assert refusal(Denied, sending.tokens.create_phone, "+14255550125") == "general_rate_limit_exceeded"
    assert refusal(Invalid, sending.tokens.create_phone, "+447911123456") == "general_argument_invalid"
    assert directory.users.count() == 2
    clock.forward(hours=1)
    sending.tokens.create_phone("+14255550125")
    assert len(texts(outbox)) == 4


# By phone


def test_a_code_by_phone_signs_in(sending, directory, outbox):
    sending.tokens.create_phone(PHONE, id="ada")
    (message,) = texts(outbox)
    assert (message["to"], message["code"] in message["body"]) == (PHONE, True)
    signed_in = sending.tokens.redeem(PHONE, message["code"], kind="phone")
    assert (signed_in.session.provider, signed_in.session.factors) == ("phone", ("phone",))
    assert directory.users.get("ada").phone_verified
    sending.tokens.create_phone("+14255550124", channel="whatsapp")
    assert texts(outbox)[-1]["channel"] == "whatsapp"
    assert refusal(Invalid, sending.tokens.create_phone, PHONE, channel="email") == "general_argument_invalid"


def test_the_provider_may_make_and_check_the_code(verifying, directory, twilio):
    verifying.tokens.create_phone(PHONE, id="ada")
    assert refusal(Denied, verifying.tokens.redeem, "ada", "111111", kind="phone") == "user_invalid_token"
    (live,) = directory.tokens.list("ada")
    assert live.attempts_left == 4
    assert verifying.tokens.redeem("ada", twilio.code, kind="phone").session.factors == ("phone",)
    assert refusal(Denied, verifying.tokens.redeem, "ada", twilio.code, kind="phone") == "user_invalid_token"


def test_a_provider_that_does_not_answer_uses_nothing_up_but_the_try(verifying, directory, twilio):
    twilio.fault = "html"
    assert refusal(Unavailable, verifying.tokens.create_phone, PHONE) == "delivery_failed"
    assert directory.users.count() == 0
    twilio.fault = None
    verifying.tokens.create_phone(PHONE, id="ada")
    twilio.fault = "reset"
    assert refusal(Unavailable, verifying.tokens.redeem, "ada", twilio.code, kind="phone") == "delivery_failed"
    twilio.fault = None
    assert directory.tokens.list("ada")[0].attempts_left == 4
    assert verifying.tokens.redeem("ada", twilio.code, kind="phone")


def test_a_provider_of_codes_is_tried_with_one(verifying, twilio):
    assert verifying.security.test_delivery("sms", PHONE).provider == "twilio-verify"
    assert twilio.last == {"To": PHONE, "Channel": "sms"}


def test_a_code_lives_whose_message_was_sent_in_part(opened, directory):
    with Vonage() as vonage:
        vonage.later = ("9", "Quota Exceeded - rejected")
        sending = opened(
            {
                "AUTHCTL_SMS_PROVIDER": "vonage",
                "AUTHCTL_SMS_BASE_URL": vonage.url,
                "AUTHCTL_SMS_API_KEY": API_KEY,
                "AUTHCTL_SMS_API_SECRET": API_SECRET,
                "AUTHCTL_SMS_SENDER": "Example",
                "AUTHCTL_SMS_TEMPLATE": "{code} is your code for {application}." + " Tell it to nobody." * 9,
            }
        )
        told = []
        sending.warn = told.append
        sending.tokens.create_phone(PHONE, id="ada")
        assert sending.tokens.redeem("ada", vonage.last["text"][:6], kind="phone").session.factors == ("phone",)
    (warning,) = told
    assert "vonage sent only part of the message to …23: 9: Quota Exceeded" in warning
    sent = [event.details["sent"] for event in directory.security.list_logs() if "sent" in event.details]
    assert [(each["status"], each["code"]) for each in sent] == [("partial", "9")]


def test_a_mock_phone_is_sent_nothing_and_has_one_code(directory):
    directory.security.create_mock_phone(PHONE, "123456")
    for _ in range(2):  # at once: the interval is not for these
        directory.tokens.create_phone(PHONE, id="ada")
    assert directory.tokens.redeem(PHONE, "123456", kind="phone")
    assert refusal(Denied, directory.tokens.redeem, PHONE, "123456", kind="phone") == "user_invalid_token"
    directory.tokens.create_phone(PHONE)
    for _ in range(5):
        assert refusal(Denied, directory.tokens.redeem, PHONE, "654321", kind="phone") == "user_invalid_token"
    assert refusal(Denied, directory.tokens.redeem, PHONE, "123456", kind="phone") == "user_invalid_token"


def test_mock_phones_are_ten_at_most_and_sealed(directory):
    for number in range(10):
        directory.security.create_mock_phone(f"+1425555012{number}", "123456")
    assert refusal(Invalid, directory.security.create_mock_phone, "+14255550130", "123456") == (
        "mock_phone_limit_exceeded"
    )
    assert directory.security.delete_mock_phone("14255550129") == "+14255550129"
    assert refusal(NotFound, directory.security.delete_mock_phone, "+14255550129") == "mock_phone_not_found"
    assert refusal(Conflict, directory.security.create_mock_phone, "+14255550120", "1" * 6) == (
        "mock_phone_already_exists"
    )
    assert refusal(Invalid, directory.security.create_mock_phone, "+14255550130", "12345") == "general_argument_invalid"
    assert [phone.code for phone in directory.security.list_mock_phones()] == ["123456"] * 9


def test_the_codes_of_mock_phones_are_sealed_anew_with_a_new_key(directory):
    directory.security.create_mock_phone(PHONE, "123456")
    new_key = bytes(range(32))
    directory.write(lambda work: key_rotation.reseal_all(work, directory.key, new_key))
    (row,) = directory.database.read(storage.mock_phones.list_all)
    assert b"123456" not in row.sealed_code
    assert sealing.unseal(new_key, row.sealed_code, context=f"mock_phones/{PHONE}") == b"123456"


# Codes


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what a row holds is made before either has it
def test_the_database_alone_does_not_give_a_code_away(directory):
    """With every row, but not the key, all million codes are tried in every way that the row allows."""
    import hashlib
    import hmac

    directory.users.create(id="ada", email="ada@example.com")
    created = directory.tokens.create_email("ada@example.com", print_secret=True)
    (token,) = directory.tokens.list("ada")
    assert token.digest is not None
    bound = f"{token.user_id}{token.kind}{token.id}"
    without_key = bytes(32)
    stolen = bytes.fromhex(directory.state.key_fingerprint)
    for number in range(1_000_000):
        code = f"{number:06}".encode()
        assert hashlib.sha256(code).digest() != token.digest
        assert hmac.digest(bound.encode(), code, "sha256") != token.digest
    for key in (without_key, stolen):
        assert sealing.digest(key, "code-digest", "ada", "email", token.id, created.secret) != token.digest
    wanted = sealing.digest(directory.key, "code-digest", "ada", "email", token.id, created.secret)
    assert wanted == token.digest


def test_codes_have_the_length_and_the_life_of_the_policy(directory, clock):
    directory.security.apply("supabase")
    directory.security.set("otp-length", 8)
    created = directory.tokens.create_email("ada@example.com", print_secret=True)
    assert re.fullmatch("[0-9]{8}", created.secret)
    assert created.token.expires_at == clock.now + timedelta(seconds=60)


def test_phrases_have_twenty_bits(dice):
    words = phrases.WORDS.split()
    assert len(words) == len(set(words)) == phrases.COUNT == 1024
    assert all(re.fullmatch("[a-z]{3,10}", word) for word in words)
    assert len({phrases.new(dice) for _ in range(200)}) > 190


def test_a_secret_is_read_as_people_type_it():
    assert answers.normalized(" 123-456 ") == answers.normalized("123 456") == "123456"


LIVES = {
    "token": "token-expiry",
    "email": "otp-expiry",
    "phone": "otp-expiry",
    "magic-url": "magic-url-expiry",
    "email-verification": "verification-expiry",
    "phone-verification": "otp-expiry",
    "recovery": "recovery-expiry",
    "email-change": "verification-expiry",
    "phone-change": "otp-expiry",
}


def made(directory, kind):
    """A new token of that kind for Ada, and what it takes to redeem it."""
    tokens, shown = directory.tokens, {"print_secret": True}
    make = {
        "token": lambda: tokens.create("ada"),
        "email": lambda: tokens.create_email("ada@example.com", **shown),
        "phone": lambda: tokens.create_phone(PHONE, **shown),
        "magic-url": lambda: tokens.create_magic_url("ada@example.com", **shown),
        "email-verification": lambda: tokens.create_email_verification("ada", **shown),
        "phone-verification": lambda: tokens.create_phone_verification("ada", **shown),
        "recovery": lambda: tokens.create_recovery("ada", **shown),
        "email-change": lambda: tokens.create_email_change("ada", "new@example.com", **shown),
        "phone-change": lambda: tokens.create_phone_change("ada", "+14255550124", **shown),
    }
    return make[kind]().secret, {"kind": kind} | ({"new_password": PASSWORD} if kind == "recovery" else {})


@pytest.mark.parametrize("kind", LIVES)
def test_a_token_lives_as_long_as_its_policy_says_and_no_longer(directory, clock, kind):
    directory.users.create(id="ada", email="ada@example.com", phone=PHONE)
    directory.security.set(LIVES[kind], "5m")
    secret, which = made(directory, kind)
    clock.forward(minutes=5)
    assert refusal(Denied, directory.tokens.redeem, "ada", secret, **which) == "user_invalid_token"
    secret, which = made(directory, kind)
    clock.forward(minutes=5, milliseconds=-1)
    assert directory.tokens.redeem("ada", secret, **which)


# Purging


def test_dead_tokens_are_purged_after_a_day(directory, clock):
    directory.users.create(id="ada")
    for _ in range(3):
        directory.tokens.create("ada")
    living = directory.tokens.create("ada", expire="30d").token
    clock.forward(hours=23)
    assert directory.tokens.purge() == 0
    clock.forward(hours=2)
    dry = directory.acting(directory.actor, dry_run=True)
    assert dry.tokens.purge() == directory.tokens.purge() == 3
    assert [token.id for token in directory.tokens.list("ada", ended=True)] == [living.id]


def test_everything_dead_is_cleared_and_what_lives_stays(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    kept = directory.sessions.create("ada", PASSWORD)
    ended = directory.sessions.create("ada", PASSWORD)
    directory.sessions.delete(ended.secret)
    refusal(Denied, directory.sessions.create, "ada", "wrong password")
    directory.tokens.create("ada")
    clock.forward(days=29)
    dry = directory.acting(directory.actor, dry_run=True)
    dead = purge.Purged(
        tokens=1, challenges=0, sessions=0, attempts=1, known_sources=0, signing_keys=0, events=0, invitations=0,
        import_changes=0,
    )  # fmt: skip
    assert dry.security.purge() == dead
    assert directory.security.purge() == dead
    clock.forward(days=1)
    assert dry.security.purge().sessions == directory.security.purge().sessions == 1
    assert [session.id for session in directory.users.list_sessions("ada", ended=True)] == [kept.session.id]
    assert directory.security.purge() == purge.Purged(0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_more_than_a_batch_is_purged(directory, clock, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 4)
    directory.users.create(id="ada")
    for _ in range(13):
        directory.tokens.create("ada")
    clock.forward(days=2)
    assert directory.tokens.purge() == 13


def test_operators_see_which_codes_are_locked_and_until_when(directory, clock):
    directory.users.create(id="ada", email="ada@example.com")
    for _ in range(3):
        clock.forward(minutes=1)
        code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
        for _ in range(5):
            with pytest.raises(Denied):
                directory.tokens.redeem("ada", f"{(int(code) + 1) % 1_000_000:06}", kind="email")
    directory.tokens.create_email("ada@example.com", print_secret=True)
    directory.tokens.create_recovery("ada", print_secret=True)
    until = directory.users.get("ada").codes_locked_until
    assert until is not None
    locks = {token.kind: token.listed()["locked_until"] for token in directory.tokens.list("ada")}
    assert locks == {"email": instant(until), "recovery": None}
    directory.users.unlock("ada")
    assert directory.users.get("ada").codes_locked_until is None
    assert {token.locked_until for token in directory.tokens.list("ada")} == {None}
