"""Redeeming: what a token's secret leads to, once; and what whoever guesses at it is told, which is always the same.

    judge ───────────▶ (slow work) ──────────▶ settle
    count, compare     hash a new password,    lock, look again, use it up, and do what its kind declares
                       ask the provider

Where nothing slow is between the two, they are one transaction. The first half is in `judging`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from authctl import storage
from authctl.core.accounts import identities, lookup, standing, throttle, ways_in
from authctl.core.accounts.endings import Cause
from authctl.core.accounts.standing import Standing
from authctl.core.credentials import addresses, answers, factors, passwords, proofs
from authctl.core.credentials.answers import JudgedCode
from authctl.core.credentials.factors import Possession
from authctl.core.credentials.proofs import Verdict
from authctl.core.sessions import admission, sign_in
from authctl.core.sessions.sign_in import SignedIn
from authctl.core.tokens import cancelling, judging, kinds, tokens
from authctl.core.tokens.judging import JudgedToken
from authctl.core.tokens.kinds import DECLARATIONS, Effect, SecretForm
from authctl.core.values import checks
from authctl.core.work.unit import granted
from authctl.errors import Conflict, Denied, Invalid
from authctl.model import Factor, Status, Token, TokenEnded, TokenKind, User

if TYPE_CHECKING:
    from authctl.core.work.engine import Engine
    from authctl.core.work.unit import Work


class Recovery(NamedTuple):
    """What a recovery takes besides its secret.

    second: the code of a second factor, or of a token that was sent to the phone. keep: leave what nothing confirmed.
    """

    password: passwords.Prepared
    second: JudgedCode | JudgedToken | None
    keep: bool


def redeem(
    directory: Engine,
    user: str | None,
    secret: str,
    *,
    kind: TokenKind | str | None = None,
    id: str | None = None,
    new_password: str | None = None,
    new_account: bool = False,
    code: str | None = None,
    challenge: str | None = None,
    keep: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> SignedIn | User:
    """Do what a token is for, and use it up.

    user: None for a secret that is too long to be a code, and says itself whose it is. kind, id: which token is meant,
    by one of them: a code that was typed wrong costs that one an attempt and no other. new_password: what a recovery
    sets; one that the policy refuses (Invalid) does not use the token up. new_account: whoever has the address says
    that the account is somebody else's: where the address was never verified, and the account has another proof, it
    leaves that account, and the session is of a new one. code: a second factor, to recover an account that asks for
    two, since its mailbox is but one: of an authenticator, or a recovery code; with challenge, the code of the token of
    that id, which `create_phone` sent to its phone. keep: of a recovery, leave the identities whose email is not
    proved, and the authenticators and recovery codes that nothing has confirmed.

    Answers with a session for the kinds that sign in (email, phone, magic-url, token), else with the user. Raises
    Denied: user_invalid_token, the same for a wrong, expired, used and unknown one; to who has a right one, which stays
    good, user_blocked, user_session_required where only whoever is signed in can confirm the address, and
    user_more_factors_required where a recovery comes without the second factor that is asked for, or goes to an address
    that was never verified, and the account has another proof. Conflict where the address of a change is taken by now.
    """
    check = checks.Collector()
    wanted = check(_kind, kind)
    check(checks.text, id, "id")
    check(checks.text, secret, "secret")
    check.done()
    if (wanted is None) == (id is None):
        raise Invalid(
            "general_argument_invalid",
            "Name the token's kind or id.",
            field="kind",
            hint=f"Kinds: {', '.join(TokenKind)}.",
        )
    if user is None and (wanted is None or DECLARATIONS[wanted].secret is SecretForm.CODE):
        raise Invalid("general_argument_invalid", "A code needs its user.", field="user", hint="Name the user.")
    if new_password is None and wanted is not None and DECLARATIONS[wanted].effect is Effect.RECOVER:
        raise _password_missing()
    directory = directory.from_request(ip, user_agent)
    # The attempts of a dry run are counted: it would be free tries.
    remembering = directory.acting(directory.actor)
    step = judging.judge if directory.dry_run else _judge_and_use
    with _telling(directory):
        judged = granted(remembering.write(step, user, answers.normalized(secret), wanted, id, new_account))
    if not isinstance(judged, JudgedToken):
        return cast("SignedIn | User", judged)  # mypy joins the two to object
    _ask_provider(directory, judged)
    recovery = None
    if judged.declaration.effect is Effect.RECOVER:
        if new_password is None:
            raise _password_missing()
        second = granted(remembering.write(_judge_second, judged, code, challenge))
        if isinstance(second, JudgedToken):
            _ask_provider(directory, second)
        recovery = Recovery(passwords.prepare(directory, new_password, judged.user), second, keep)
    with _telling(directory):
        done = cast("SignedIn | User", granted(directory.write(_settle, judged, recovery)))
    if (
        isinstance(done, User)
        and judged.declaration.effect is Effect.CANCEL
        and cancelling.took_back(judged.user, done)
    ):
        tokens.ask_for_password(directory, done)
    return done


@contextmanager
def _telling(directory: Engine) -> Iterator[None]:
    """Tell people of an address that is taken without the commands of operators."""
    try:
        yield
    except Conflict as taken:
        if not directory.is_operator and taken.field in standing.KINDS:
            taken.hint = f"If you own the other account too, remove the {taken.field} there. Otherwise ask an operator."
        raise


def _ask_provider(directory: Engine, judged: JudgedToken) -> None:
    """Have the provider judge a code of its own."""
    if judged.token.digest is None:
        assert judged.token.address is not None
        if not directory.transport.check_code(judged.token.address, judged.secret):
            raise directory.acting(directory.actor).write(judging.refuse_provided, judged)


def _kind(kind: str) -> TokenKind:
    try:
        return TokenKind(kind)
    except ValueError:
        message = f"Invalid kind {checks.shown(kind)}: use {', '.join(TokenKind)}."
        raise Invalid("general_argument_invalid", message, field="kind") from None


def _password_missing() -> Invalid:
    return Invalid("general_argument_invalid", "A recovery needs the new password.", field="new_password")


# Judging


def _judge_and_use(
    work: Work, user: str | None, secret: str, kind: TokenKind | None, id: str | None, new_account: bool
) -> JudgedToken | SignedIn | User | Denied:
    """The same, and use the token up at once where nothing slow is to be done before."""
    judged = judging.judge(work, user, secret, kind, id, new_account)
    if isinstance(judged, Denied) or judged.is_slow:
        return judged
    return _use(work, judged, judged.user, judged.token, None)


def _judge_second(
    work: Work, judged: JudgedToken, code: str | None, challenge: str | None
) -> JudgedCode | JudgedToken | Denied | None:
    """The second factor that comes with a recovery; None where none is asked for, and none came."""
    user = lookup.get_locked(work, f"id:{judged.user.id}")
    if code is None:
        return _second_missing(work, user, judged.token)
    second = _judge_given(work, user, answers.typed(code), challenge)
    if isinstance(second, Denied):
        second.hint = f"Try again with {', or '.join(_ways(work, user))}." if _ways(work, user) else None
    return second


def _judge_given(work: Work, user: User, code: str, challenge: str | None) -> JudgedCode | JudgedToken | Denied:
    """The code that was given for it, of the account's own or sent to its phone."""
    if challenge is None:
        return answers.judge(work, user, code)
    found = judging.judge(work, f"id:{user.id}", code, None, checks.text(challenge, "challenge"), False)
    if isinstance(found, JudgedToken) and not _is_to_phone(work, user, found.token):
        return judging.refuse(work, user, found.token, found.token.kind, "kind")
    return found


def _second_missing(work: Work, user: User, token: Token) -> Denied | None:
    """Refuse a recovery without the second factor that is asked for, unless the account goes to the prover."""
    if not factors.asks_second(work.policy, user, Possession.MAILBOX):
        return None
    if _is_of(user, token) and proofs.decide(work, user, "email") is Verdict.NEW_OWNER:
        return None
    judging.refuse(work, user, None, token.kind, "factors")
    ways = _ways(work, user)
    return Denied(
        "user_more_factors_required",
        "The account needs two factors, and its email is one of them."
        + ("" if ways else " It has no other that could be used here."),
        field="code",
        hint=f"Add {', or '.join(ways)}." if ways else "Ask an operator, who can use: authctl users update-password",
    )


def _ways(work: Work, user: User) -> list[str]:
    """The options that give a second factor with a recovery."""
    others = factors.others(work.policy, user, Possession.MAILBOX)
    ways = ["--code CODE from an authenticator, or a recovery code"] if others - {Factor.PHONE} else []
    return ways + (
        ["--challenge TOKEN --code CODE from: authctl tokens create-phone"] if Factor.PHONE in others else []
    )


def _is_to_phone(work: Work, user: User, token: Token) -> bool:
    """Whether a token shows that somebody has the account's phone, which may be a second factor."""
    is_phone = token.kind is TokenKind.PHONE and token.address == user.phone
    return is_phone and Factor.PHONE in factors.available(work.policy, user)


# Settling


def _settle(work: Work, judged: JudgedToken, recovery: Recovery | None) -> SignedIn | User | Denied:
    """Use the token up after slow work, if it lives. Of many who have the right secret at once, one gets here."""
    user = lookup.find(work, f"id:{judged.user.id}", lock=True)
    token = storage.tokens.find(work.db, user.seq, judged.token.id) if user is not None else None
    kind = judged.token.kind
    if user is None or token is None or not token.is_live(work.now):
        ended = token.ended_reason if token is not None else None
        return judging.refuse(work, user, None, kind, ended or "expired")
    settled = user if recovery is None else _settle_second(work, user, token, recovery.second)
    return settled if isinstance(settled, Denied) else _use(work, judged, settled, token, recovery)


def _settle_second(work: Work, user: User, token: Token, second: JudgedCode | JudgedToken | None) -> User | Denied:
    """Use up the second factor that came with a recovery; the account after that."""
    if second is None:
        return _second_missing(work, user, token) or user
    if isinstance(second, JudgedCode):
        return answers.settle(work, user, None, second)
    sent = storage.tokens.find(work.db, user.seq, second.token.id)
    if sent is None or not sent.is_live(work.now):
        return judging.refuse(work, user, None, second.token.kind, "expired")
    _end_used(work, user, second)
    if second.claim is not None:
        throttle.succeed(work, second.claim, user)
    return user


def _end_used(work: Work, user: User, judged: JudgedToken) -> None:
    """Use a token up."""
    storage.tokens.end(work.db, judged.token.seq, work.now, TokenEnded.USED)
    resource, details = f"users/{user.id}/tokens/{judged.token.id}", {"kind": str(judged.token.kind), "redeemed": True}
    work.record(judged.declaration.updated, resource, details, user_id=user.id)


def _use(
    work: Work, judged: JudgedToken, user: User, token: Token, recovery: Recovery | None
) -> SignedIn | User | Denied:
    """Use up a token that lives, of a user whose row is locked."""
    kind, declaration = token.kind, judged.declaration
    is_of_identity = _is_of_identity(work, user, token)
    if not is_of_identity and not _is_of(user, token):
        return judging.refuse(work, user, None, kind, "address")
    if user.status is Status.BLOCKED:
        judging.refuse(work, user, None, kind, "blocked")
        return admission.blocked()
    ways_in.check(work, kinds.method(kind))
    if _needs_session(work, user, token):
        return _wait_for_session(work, user, judged)
    proved = declaration.proves if not is_of_identity else None
    verdict = proofs.decide(work, user, proved, new_account=judged.new_account) if proved is not None else None
    if declaration.effect is Effect.RECOVER and verdict in (Verdict.HALF, Verdict.NEW_ACCOUNT):
        judging.refuse(work, user, None, kind, "factors")
        return proofs.needs_more()
    with work.db.ahead():
        _end_used(work, user, judged)
    done = _do(work, user, token, recovery, verdict)
    if judged.claim is not None:  # now: by then the source is known
        with work.db.ahead():
            throttle.succeed(work, judged.claim, user)
    return done


def _do(
    work: Work, user: User, token: Token, recovery: Recovery | None, verdict: Verdict | None
) -> SignedIn | User | Denied:
    """What the kind of a token declares, once it is used up."""
    match DECLARATIONS[token.kind].effect:
        case Effect.SIGN_IN:
            return _sign_in(work, user, token, verdict)
        case Effect.RECOVER:
            assert recovery is not None
            assert verdict is not None
            return _recover(work, user, recovery, verdict)
        case Effect.VERIFY | Effect.CHANGE:
            return _confirm(work, user, token)
        case Effect.CANCEL:
            return cancelling.cancel(work, user, token)
        case Effect.AGREE:
            return cancelling.agree(work, user, token) or judging.refuse(work, user, None, token.kind, "change")


def _is_of(user: User, token: Token) -> bool:
    """Whether the address that a token went to still is what it was then: the account's, or the one that is pending."""
    declaration = DECLARATIONS[token.kind]
    kind = declaration.sent_to
    if kind is None:
        return True
    held, pending = getattr(user, kind), getattr(user, f"pending_{kind}")
    meant = {Effect.VERIFY: (held, pending), Effect.CHANGE: (pending,)}.get(declaration.effect, (held,))
    return token.address in meant


def _needs_session(work: Work, user: User, token: Token) -> bool:
    """Whether the address is confirmed only by whoever is signed in: anybody can have a mail sent to somebody else.

    Not where an operator gave the address and asked for the message.
    """
    declaration = DECLARATIONS[token.kind]
    kind = declaration.sent_to
    if declaration.effect not in (Effect.VERIFY, Effect.CHANGE) or work.person is not None:
        return False
    assert kind is not None
    claims = standing.of(user, kind) is Standing.CLAIMED or token.address != getattr(user, kind)
    is_operators = token.by_operator and (declaration.effect is Effect.CHANGE or not claims)
    return work.policy["verification-needs-session"] and not is_operators


def _is_of_identity(work: Work, user: User, token: Token) -> bool:
    """Whether a token signs in by an email that is not the account's, and that one of its identities holds."""
    if DECLARATIONS[token.kind].effect is not Effect.SIGN_IN or token.address in (None, user.email, user.phone):
        return False
    return identities.has_proved(work, user, str(token.address))


def _wait_for_session(work: Work, user: User, judged: JudgedToken) -> Denied:
    """The secret is right and stays good; the attempt does not count."""
    if judged.claim is not None:
        throttle.take_back(work, judged.claim)
    if judged.token.attempts_left is not None:
        storage.tokens.set_attempts(work.db, judged.token.seq, judged.token.attempts_left)
    judging.refuse(work, user, None, judged.token.kind, "session")
    kind = judged.declaration.sent_to
    command = f"update-{kind}" if judged.token.address != getattr(user, str(kind)) else f"update-{kind}-verification"
    return Denied(
        "user_session_required",
        f"Only the signed-in owner of the account can confirm this {kind}.",
        field="secret",
        hint=f"Sign in and confirm it with --as-session. Operators use: authctl users {command}",
    )


def _sign_in(work: Work, user: User, token: Token, verdict: Verdict | None) -> SignedIn:
    """Give a session of the account that the proof leads to."""
    declaration = DECLARATIONS[token.kind]
    assert declaration.factor is not None
    proof, factor = proofs.Proof(user), declaration.factor
    if verdict is not None:
        assert declaration.proves is not None
        proof = proofs.carry_out(work, user, declaration.proves, verdict)
    elif declaration.proves is not None:  # by an identity's email, which says nothing of the account's own
        factor = Factor.OAUTH2
    return replace(sign_in.sign_in(work, proof.user, str(token.kind), (factor,)), ended=proof.ended)


def _recover(work: Work, user: User, recovery: Recovery, verdict: Verdict) -> User:
    """Set the new password, end every session, and let the account be signed in to: no session comes of it, and so
    whoever uses a second factor is asked for it as ever, and guesses at it stay counted."""
    if not recovery.keep:
        identities.end_unproved(work, user)
    before, prepared = proofs.carry_out(work, user, "email", verdict).user, recovery.password
    if not recovery.keep:
        code = recovery.second if isinstance(recovery.second, JudgedCode) else None
        confirmed = answers.confirmed(work, before, code.code) if code is not None else ()
        before = factors.end_unconfirmed(work, before, confirmed, has_code=recovery.second is not None)
    if verdict is Verdict.NEW_OWNER:
        prepared = replace(prepared, since=None)  # the password that it takes the place of has just ended
    after = passwords.change(work, before, prepared, cause=Cause.RECOVERY)
    return throttle.unlock(work, after, of_second_factors=False)


def _confirm(work: Work, user: User, token: Token) -> User:
    """Mark the address as verified; make the pending one the account's, once the old one has agreed where it has to."""
    kind = DECLARATIONS[token.kind].sent_to
    assert kind is not None
    if token.address != getattr(user, f"pending_{kind}"):
        return addresses.verify(work, user, kind)
    is_agreed = cancelling.is_agreed(work, user, kind)
    if is_agreed is None:  # it was asked for before the policy was set
        raise judging.invalid_token()
    return cancelling.make(work, user, kind) if is_agreed else user
