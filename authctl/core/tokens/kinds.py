"""The kinds of token, each declared once: its secret, where that goes, what is written, and what redeeming it does.

`issue`, `redeem` and `authctl tokens redeem` go by the declaration. So a new kind is a word in `TokenKind` and a
declaration here; a verb in `tokens` asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from authctl.core.accounts.standing import AddressKind
from authctl.core.messages.builtin import MessageKind
from authctl.core.policy import policies
from authctl.model import EventName, Factor, TokenKind


class SecretForm(StrEnum):
    """How the secret of a token looks."""

    CODE = "code"  # digits, as many as the policy otp-length says
    LONG = "long"  # 256 bits, which nobody guesses
    CHOSEN = "chosen"  # as long as the operator says: a short one is a code


class Effect(StrEnum):
    """What redeeming a token does. `redeem` has a function for each."""

    SIGN_IN = "sign-in"
    VERIFY = "verify"
    RECOVER = "recover"  # sets a new password
    CHANGE = "change"  # makes the address that it was sent to the account's
    CANCEL = "cancel"  # ends a change, or takes it back
    AGREE = "agree"  # lets a change be made


OF_OLD_ADDRESSES = (Effect.CANCEL, Effect.AGREE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDeclaration:
    """A kind of token.

    expiry: the policy that says how long one lives. sent_to: where its message goes, to the account's own address or to
    the pending one; None if an operator hands the token over, or a notice carries it. factor: what a session that it
    gives was signed in to with; the provider is the kind's word. created, updated: its events.
    """

    expiry: str
    secret: SecretForm
    effect: Effect
    sent_to: AddressKind | None = None
    message: MessageKind | None = None
    factor: Factor | None = None
    created: EventName = EventName.USERS_TOKENS_CREATE
    updated: EventName = EventName.USERS_TOKENS_UPDATE

    def __post_init__(self) -> None:
        """Refuse a declaration that lacks something, when this module is loaded."""
        policies.get(self.expiry)
        assert (self.message is None) == (self.sent_to is None)
        assert (self.factor is None) == (self.effect is not Effect.SIGN_IN)
        assert self.sent_to is not None or self.effect in (Effect.SIGN_IN, Effect.RECOVER, *OF_OLD_ADDRESSES)

    @property
    def proves(self) -> AddressKind | None:
        """Which address of the account it proves of whoever signs in with it, or sets a password."""
        return self.sent_to if self.effect in (Effect.SIGN_IN, Effect.RECOVER) else None

    @property
    def is_guessable(self) -> bool:
        """Whether some are short enough to be guessed at, so that attempts at the kind are counted."""
        return self.secret is not SecretForm.LONG


_DECLARED = {
    TokenKind.TOKEN: TokenDeclaration(
        expiry="token-expiry", secret=SecretForm.CHOSEN, effect=Effect.SIGN_IN, factor=Factor.TOKEN),
    TokenKind.EMAIL: TokenDeclaration(
        expiry="otp-expiry", secret=SecretForm.CODE, sent_to="email", message=MessageKind.EMAIL_CODE,
        effect=Effect.SIGN_IN, factor=Factor.EMAIL),
    TokenKind.PHONE: TokenDeclaration(
        expiry="otp-expiry", secret=SecretForm.CODE, sent_to="phone", message=MessageKind.PHONE_CODE,
        effect=Effect.SIGN_IN, factor=Factor.PHONE),
    TokenKind.MAGIC_URL: TokenDeclaration(
        expiry="magic-url-expiry", secret=SecretForm.LONG, sent_to="email", message=MessageKind.MAGIC_URL,
        effect=Effect.SIGN_IN, factor=Factor.EMAIL),
    TokenKind.EMAIL_VERIFICATION: TokenDeclaration(
        expiry="verification-expiry", secret=SecretForm.LONG, sent_to="email", message=MessageKind.EMAIL_VERIFICATION,
        effect=Effect.VERIFY,
        created=EventName.USERS_VERIFICATION_CREATE, updated=EventName.USERS_VERIFICATION_UPDATE),
    TokenKind.PHONE_VERIFICATION: TokenDeclaration(
        expiry="otp-expiry", secret=SecretForm.CODE, sent_to="phone", message=MessageKind.PHONE_VERIFICATION,
        effect=Effect.VERIFY,
        created=EventName.USERS_VERIFICATION_CREATE, updated=EventName.USERS_VERIFICATION_UPDATE),
    TokenKind.RECOVERY: TokenDeclaration(
        expiry="recovery-expiry", secret=SecretForm.LONG, sent_to="email", message=MessageKind.RECOVERY,
        effect=Effect.RECOVER,
        created=EventName.USERS_RECOVERY_CREATE, updated=EventName.USERS_RECOVERY_UPDATE),
    TokenKind.EMAIL_CHANGE: TokenDeclaration(
        expiry="verification-expiry", secret=SecretForm.LONG, sent_to="email", message=MessageKind.EMAIL_CHANGE,
        effect=Effect.CHANGE),
    TokenKind.PHONE_CHANGE: TokenDeclaration(
        expiry="otp-expiry", secret=SecretForm.CODE, sent_to="phone", message=MessageKind.PHONE_CHANGE,
        effect=Effect.CHANGE),
    # How long these live is said in `cancelling`.
    TokenKind.CHANGE_CANCEL: TokenDeclaration(
        expiry="verification-expiry", secret=SecretForm.LONG, effect=Effect.CANCEL),
    TokenKind.CHANGE_CONFIRM: TokenDeclaration(
        expiry="verification-expiry", secret=SecretForm.LONG, effect=Effect.AGREE),
}  # fmt: skip

# A kind without a declaration is an error when this module is loaded.
DECLARATIONS = {kind: _DECLARED[kind] for kind in TokenKind}


def method(kind: TokenKind) -> str | None:
    """The way to sign in that a kind is for, as the policy sign-in-methods calls it; None for those that are for none.

    A recovery is for a password; a kind that the policy has no word for is always allowed.
    """
    if DECLARATIONS[kind].effect is Effect.RECOVER:
        return "password"
    return str(kind) if kind in policies.SIGN_IN_METHODS else None
