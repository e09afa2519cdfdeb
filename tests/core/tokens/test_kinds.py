"""Kinds of token: each is declared, wholly, and what ends tokens ends those of every kind that does the same."""

import importlib.util
import sys
from datetime import timedelta
from enum import StrEnum

import pytest

from authctl import model
from authctl.core.accounts import lookup
from authctl.core.messages import compose
from authctl.core.messages.builtin import BUILT_IN
from authctl.core.tokens import issue, kinds
from authctl.core.tokens.kinds import DECLARATIONS, Effect, SecretForm, TokenDeclaration
from authctl.errors import Invalid
from authctl.model import Factor, TokenKind


def with_a_kind_more():
    return StrEnum("TokenKind", {kind.name: kind.value for kind in TokenKind} | {"SAMPLE": "sample"})


def test_a_kind_without_a_declaration_is_an_error_at_import(monkeypatch):
    monkeypatch.setattr(model, "TokenKind", with_a_kind_more())
    spec = importlib.util.spec_from_file_location("authctl.core.tokens.kinds_again", kinds.__file__)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where dataclasses look for it
    with pytest.raises(KeyError, match="sample"):
        spec.loader.exec_module(module)


@pytest.mark.parametrize(
    "lacking",
    [
        {"expiry": "otp-expiri"},
        {"message": None},
        {"sent_to": None},
        {"factor": None},
        {"effect": Effect.VERIFY},
        {"effect": Effect.CHANGE, "factor": None, "message": None, "sent_to": None},
    ],
)
def test_a_declaration_that_lacks_something_is_an_error(lacking):
    code = DECLARATIONS[TokenKind.EMAIL]
    whole = {name: getattr(code, name) for name in TokenDeclaration.__dataclass_fields__}
    assert TokenDeclaration(**whole) == code
    with pytest.raises((Invalid, AssertionError)):
        TokenDeclaration(**whole | lacking)


def test_what_is_written_fits_where_it_goes():
    for declaration in DECLARATIONS.values():
        if declaration.sent_to == "email":
            assert declaration.message in BUILT_IN
        elif declaration.sent_to == "phone":
            assert declaration.message in compose.CODES
            assert declaration.secret is SecretForm.CODE


def test_codes_live_as_long_as_one_policy_says():
    """It goes up to an hour: other policies would let a code be guessed at for longer."""
    codes = {declaration.expiry for declaration in DECLARATIONS.values() if declaration.secret is SecretForm.CODE}
    assert codes == {"otp-expiry"}


def test_a_sign_in_has_the_factor_that_it_proves():
    """A secret that went to an address proves no other factor than that address."""
    for declaration in DECLARATIONS.values():
        if declaration.effect is Effect.SIGN_IN:
            assert declaration.factor == (declaration.proves or Factor.TOKEN)


@pytest.fixture
def ada(directory):
    """Ada, who signed up, and whose email nobody has vouched for, with a live token of every kind."""

    def make(work):
        user = lookup.get_locked(work, "ada")
        for kind in TokenKind:
            issue.new(work, user, kind, "secret", life=timedelta(hours=1), is_code=False)

    directory.tokens.create_email("ada@example.com", id="ada", print_secret=True)
    directory.write(make)


def ended(directory):
    return {token.kind for token in directory.tokens.list("ada", ended=True) if token.ended_at is not None}


def doing(*effects):
    return {kind for kind, declaration in DECLARATIONS.items() if declaration.effect in effects}


def test_a_new_password_ends_every_kind_that_signs_in_sets_one_or_changes_an_address(directory, ada):
    directory.users.update_password("ada", "correct horse battery")
    assert ended(directory) == doing(Effect.RECOVER, Effect.SIGN_IN, Effect.CHANGE, Effect.AGREE)


def test_proving_an_address_that_a_person_gave_ends_all_but_verifications(directory, ada):
    secret = directory.tokens.create_magic_url("ada@example.com", print_secret=True).secret
    directory.tokens.redeem("ada", secret, kind="magic-url")
    assert ended(directory) == set(DECLARATIONS) - doing(Effect.VERIFY, Effect.CANCEL)


def test_a_verification_ends_no_other_token(directory, ada):
    directory.security.set("verification-needs-session", "off")
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    directory.tokens.redeem("ada", secret, kind="email-verification")
    assert ended(directory) == {TokenKind.EMAIL_VERIFICATION}
