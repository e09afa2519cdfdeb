"""A long secret says itself whose it is; a code never does. On both databases."""

import pytest

from authctl.errors import Denied, Invalid
from authctl.model import TokenKind

PASSWORD, EMAIL = "correct horse battery", "ada@example.com"


@pytest.fixture
def tokens(directory):
    directory.users.create(id="ada", email=EMAIL, phone="+14255550123", password=PASSWORD)
    directory.users.create(id="bob", email="bob@example.com")
    return directory.tokens


def made(tokens, kind):
    create = {
        TokenKind.TOKEN: lambda: tokens.create("ada"),
        TokenKind.MAGIC_URL: lambda: tokens.create_magic_url(EMAIL, print_secret=True),
        TokenKind.EMAIL_VERIFICATION: lambda: tokens.create_email_verification("ada", print_secret=True),
        TokenKind.RECOVERY: lambda: tokens.create_recovery("ada", print_secret=True),
        TokenKind.EMAIL_CHANGE: lambda: tokens.create_email_change("ada", "new@example.com", print_secret=True),
    }
    tokens.create_magic_url("bob@example.com", print_secret=True)
    return create[kind]().secret


def refused(call, *args, **kwargs):
    with pytest.raises((Denied, Invalid)) as error:
        call(*args, **kwargs)
    return error.value.type


@pytest.mark.parametrize(
    "kind",
    [TokenKind.TOKEN, TokenKind.MAGIC_URL, TokenKind.EMAIL_VERIFICATION, TokenKind.RECOVERY, TokenKind.EMAIL_CHANGE],
)
def test_a_long_secret_is_redeemed_once(directory, tokens, kind):
    secret = made(tokens, kind)
    assert tokens.find_kind(secret.upper()) == kind
    given = {"kind": kind, "new_password": "another fine password" if kind is TokenKind.RECOVERY else None}
    done = tokens.redeem(None, secret, **given)
    assert getattr(done, "session", None) is None or done.session.user_id == "ada"
    assert getattr(done, "id", "ada") == "ada"
    assert refused(tokens.redeem, None, secret, **given) == "user_invalid_token"
    assert tokens.find_kind(secret) is None


def test_of_another_kind_expired_and_unknown_are_one_answer(tokens, clock):
    secret = made(tokens, TokenKind.MAGIC_URL)
    assert refused(tokens.redeem, None, secret, kind="email-verification") == "user_invalid_token"
    assert refused(tokens.redeem, None, "f" * 64, kind="magic-url") == "user_invalid_token"
    clock.forward(hours=2)
    assert refused(tokens.redeem, None, secret, kind="magic-url") == "user_invalid_token"


def test_a_code_needs_its_user(tokens):
    code = tokens.create_email(EMAIL, print_secret=True).secret
    assert refused(tokens.redeem, None, code, kind="email") == "general_argument_invalid"
    short = tokens.create("ada", length=8).secret
    assert refused(tokens.redeem, None, short, kind="token") == "user_invalid_token"
    assert tokens.find_kind(code) is tokens.find_kind(short) is None
    assert [token.attempts_left for token in tokens.list("ada") if token.kind is TokenKind.TOKEN] == [5]
    assert tokens.redeem("ada", short, kind="token").session.user_id == "ada"


def test_a_person_redeems_no_other_accounts(directory, application, tokens):
    person = application.as_session(application.sessions.create("ada", PASSWORD).secret)
    secret = tokens.create_magic_url("bob@example.com", print_secret=True).secret
    assert refused(person.tokens.redeem, None, secret, kind="magic-url") == "user_invalid_token"
    assert application.tokens.redeem(None, secret, kind="magic-url").session.user_id == "bob"


def test_the_command_finds_out_what_the_secret_is_for(tokens, authctl, database_url):
    def run(line, stdin):
        return authctl(f"tokens redeem {line}", stdin=stdin, env={"AUTHCTL_DATABASE_URL": database_url})

    secret = made(tokens, TokenKind.RECOVERY)
    ran = run("--secret-stdin --new-password-stdin --fields id", f"{secret}\nanother fine password\n")
    assert (ran.status, ran.stdout) == (0, "ada\n")
    assert run("--secret-stdin", f"{secret}\n").status == 6
    assert run("--id x --secret-stdin", f"{secret}\n").status == 2
    secret = made(tokens, TokenKind.MAGIC_URL)
    assert run("--secret-stdin --fields user_id", f"{secret}\n").stdout == "ada\n"
