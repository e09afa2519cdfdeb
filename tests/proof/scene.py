"""What people do in a trial, what they come to know by it, and what is found of the accounts afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

import hypothesis
import pyotp
from proof import faults
from proof.judge import Deed, Judge
from proof.people import BEHIND, OWNERS, Account, Held, Known, Letter, kind_of
from proof.world import World

from authctl.core.sessions.sign_in import SignedIn
from authctl.errors import AuthctlError, NotFound
from authctl.model import Factor, Token, User

CODES = ("email", "magic-url", "phone")  # what signs in by an address
CHANGES = ("email-change", "phone-change")
BACK = "change-cancel"  # what takes a change back
FACTORS = ("totp", "recovery_code", "email", "phone")
CROWD = 60  # changes that are asked for at once
MISSING = "missing"  # the refusal of what another tree does not have
PACE = 61  # seconds from one deed to the next, so that another message may be asked for


class Scene:
    """The people of a world, and all that they can do there. story: what was done, a line each."""

    def __init__(self, world: World, counts: Counter[str]) -> None:
        self.world, self.counts = world, counts
        self.operator, self.application = world.operator, world.application
        self.people, self.post = world.people, world.post
        self.accounts: dict[str, Account] = {}
        self.passwords: dict[str, Known] = {}
        self.owners: dict[str, str] = {}  # of authenticators, by their ids
        self.code_makers: dict[str, str] = {}  # of recovery codes, by account
        self.claimants: dict[str, str] = {}  # who signed up, by account
        self.blunders: set[str] = set()  # accounts that an operator gave with somebody else's address
        self.judge = Judge(self)
        self.is_over = False
        self.story: list[str] = []
        self._passwords_made = 0

    # Doing

    def act(
        self, who: str, does: str, verb: Callable[..., Any], *args: Any, deed: Deed | None = None, **named: Any
    ) -> Any:
        """Have somebody do something; None where it is refused. Whatever comes of it is judged."""
        self.world.clock.forward(seconds=PACE)
        deed = deed or Deed()
        before, sent = self.accounts, len(self.post.letters)
        self.counts["acts"] += 1
        try:
            answer = verb(*args, **named)
        except AuthctlError as refused:
            answer, refusal = None, refused.type
            self.counts["missing" if refusal == MISSING else "refused"] += 1
        else:
            refusal = ""
        self.tell(f"{who} {does}" + (f": {refusal}" if refusal else ""))
        if deed.held is not None and refusal == "user_unauthorized" and not self.lives(deed.held):
            self.people[who].sessions.remove(deed.held)
        self._sort(self.post.letters[sent:], answer, who)
        if answer is not None:
            self._learn(who, answer, deed)
        self.accounts = self.look()
        self.judge.compare(who, answer, before, deed)
        return answer

    def tell(self, line: str) -> None:
        self.story.append(f"{self.world.clock.now:%d %b %H:%M} {line}")
        if hypothesis.currently_in_test_context():
            hypothesis.note(f"    # {self.story[-1]}")

    def fault(self, kind: type[faults.Fault], what: str) -> NoReturn:
        """End the scene."""
        self.is_over = True
        raise kind(what)

    def _learn(self, who: str, answer: Any, deed: Deed) -> None:
        """Remember what somebody got to know."""
        if isinstance(answer, SignedIn):
            self.people[who].sessions.insert(0, Held(answer.secret, answer.session.user_id, deed.loot))
        if deed.sets is not None and isinstance(answer, User) and answer.password is not None:
            self.passwords[answer.id] = Known(deed.sets, answer.password.updated_at, frozenset({deed.knows or who}))
        if deed.codes_of is not None:
            self.code_makers[deed.codes_of] = who

    def _sort(self, letters: list[Letter], answer: Any, who: str) -> None:
        """Write on what was sent which token it is of, and who asked for it."""
        if (recovery := getattr(answer, "recovery", None)) is not None:
            answer = recovery
        for letter in letters:
            letter.asker, letter.at, token = who, self.world.clock.now, getattr(answer, "token", None)
            if token is not None and token.address in (None, letter.to):
                self._name(letter, token)
            elif (challenge := getattr(answer, "challenge", None)) is not None:
                letter.kind, letter.user, letter.token = "challenge", challenge.user_id, challenge.id
            elif (membership := getattr(answer, "membership", None)) is not None:
                made = self.operator.teams.get_membership(f"id:{membership.team_id}", membership.id)
                letter.kind, letter.user = "invitation", made.user_id or ""
                letter.place = {"team": f"id:{made.team_id}", "membership": made.id}
            else:
                self._find_token(letter)

    def _find_token(self, letter: Letter) -> None:
        """Which token a letter is of that came along with something else."""
        for id in self.accounts:
            try:
                tokens = self.operator.tokens.list(f"id:{id}")
            except NotFound:  # it made way for another just now
                continue
            for token in tokens:
                if token.created_at == letter.at and (token.address == letter.to or token.kind == BACK):
                    self._name(letter, token)

    def _name(self, letter: Letter, token: Token) -> None:
        letter.kind, letter.user, letter.token = str(token.kind), token.user_id, token.id
        letter.address = token.address

    # Signing up and in

    def sign_up(self, who: str, *, has_password: bool, **addresses: str) -> None:
        password = self.new_password() if has_password else None
        given = {"password": password} | addresses
        does = f"signs up with {' and '.join(addresses.values()) or 'no address'}"
        made = self.act(who, does, self.application.users.create, deed=Deed(sets=password), **given)
        if made is not None:
            self.claimants[made.id] = who

    def sign_in(self, who: str, id: str) -> SignedIn | None:
        """By the password, which they know."""
        known = self.passwords[id]
        deed = Deed(loot="password" if known.stolen and who == "eve" else None)
        does = f"signs in to {id} by password"
        return self.act(who, does, self.application.sessions.create, f"id:{id}", known.text, deed=deed)

    def come_by_code(self, who: str, address: str, kind: str, *, new_account: bool = False) -> SignedIn | None:
        """By a code or link to an address that they read."""
        if address not in self.people[who].reads or self.ask_code(who, address, kind) is None:
            return None
        return self.redeem(who, self.post.letters[-1], None, new_account=new_account)

    def ask_code(self, who: str, address: str, kind: str) -> Any:
        tokens = self.application.tokens
        verb = {"email": tokens.create_email, "magic-url": tokens.create_magic_url, "phone": tokens.create_phone}[kind]
        return self.act(who, f"asks for a {kind} code to {address}", verb, address)

    def come_by_identity(self, who: str, email: str | None, *, is_verified: bool) -> SignedIn | None:
        """By an account elsewhere, which vouches for addresses that they read and for no others."""
        is_verified = is_verified and email in self.people[who].reads
        deed = Deed(proves=is_verified, loot=self.loot_behind(who, email) if is_verified and email else None)
        does = f"comes by an identity with {email}, {'verified' if is_verified else 'not verified'} there"
        verb, named = self.application.sessions.create_with_identity, {"email": email, "email_verified": is_verified}
        return self.act(who, does, verb, "google", who, deed=deed, **named)

    def come_anonymously(self, who: str) -> None:
        signed_in = self.act(who, "comes anonymously", self.application.sessions.create_anonymous)
        if signed_in is not None:
            self.claimants[signed_in.session.user_id] = who

    def complete(self, who: str, held: Held, factor: str) -> SignedIn | None:
        """Complete a challenge with what they have; the session as it is then."""
        mfa, deed = self.application.mfa, Deed(held)
        made = self.act(who, f"asks for a challenge by {factor}", mfa.create_challenge, held.secret, factor, deed=deed)
        if made is None:
            return None
        for code in self._answers(who, held.user, factor, made.id):
            does = f"completes it by {factor}"
            done = self.act(who, does, mfa.complete_challenge, held.secret, made.id, code, deed=deed)
            if done is not None:
                self.people[who].sessions.remove(held)
                return done
        return None

    def _answers(self, who: str, id: str, factor: str, challenge: str) -> list[str]:
        person = self.people[who]
        if factor == "totp":
            own = sorted(each for owner, each in self.accounts[id].authenticators if owner == who)
            return [self._code(person.authenticators[each]) for each in own]
        if factor == "recovery_code":
            return [person.codes[id].pop()] if person.codes.get(id) else []
        return [each.secret for each in self.post.letters if each.token == challenge and who in each.readers]

    # Messages

    def redeem(self, who: str, letter: Letter, held: Held | None, *, new_account: bool = False) -> Any:
        """Do what a letter says that they have read, in a session of theirs or without one.

        new_account: they say that the account of the address is not theirs.
        """
        door = self.application if held is None else self.application.as_session(held.secret)
        does = f"redeems the {letter.kind} sent to {letter.to}" + (" in a session" if held else "")
        loot = self.loot_behind(who, letter.to)
        if letter.kind == "invitation":
            user = held.user if held is not None else letter.user
            place = (letter.place["team"], letter.place["membership"], f"id:{user}")
            verb = door.teams.update_membership_status
            return self.act(who, does, verb, *place, letter.secret, deed=Deed(held, loot, proves=held is None))
        named: dict[str, Any] = {"kind": letter.kind} | ({"new_account": True} if new_account else {})
        does += ", for an account of their own" if new_account else ""
        password = self.new_password() if letter.kind == "recovery" else None
        if password is not None:
            named |= {"new_password": password} | self._second(who, letter)
        deed = Deed(
            held,
            loot,
            sets=password,
            proves=held is None and letter.kind in (*CODES, "recovery"),
            takes_back=letter.kind == BACK,
        )
        answer = self.act(who, does, door.tokens.redeem, letter.user, letter.secret, deed=deed, **named)
        if answer is not None and letter.kind == BACK:
            self.end_what_takes_back(letter.user, letter)
        return answer

    def end_what_takes_back(self, id: str, since: Letter | None = None) -> None:
        """Expect nothing of what old addresses were sent: an operator has decided, or an older one of that kind."""
        sent = [each for each in self.post.letters if each.kind == BACK and each.user == id]
        if since is not None and since.address is not None and since.at is not None:
            kind, at = kind_of(since.address), since.at
            sent = [each for each in sent if kind_of(each.address or "") == kind and (each.at or at) >= at]
        for letter in sent:
            letter.is_over = True

    def _second(self, who: str, letter: Letter) -> dict[str, str]:
        """The code of a second factor for a recovery, where they have one."""
        account = self._account_of(letter.user)
        if account is None:
            return {}
        codes = (code for factor in ("totp", "recovery_code") for code in self._answers(who, account.id, factor, ""))
        code = next(codes, None)
        return {"code": code} if code is not None else {}

    def ask_for_recovery(self, who: str, address: str) -> None:
        self.act(who, f"asks for a recovery by {address}", self.application.tokens.create_recovery, address)

    def ask_to_verify(self, who: str, held: Held, kind: str) -> None:
        tokens = self.application.as_session(held.secret).tokens
        verb = tokens.create_email_verification if kind == "email" else tokens.create_phone_verification
        self.act(who, f"asks to verify the {kind}", verb, f"id:{held.user}", deed=Deed(held))

    def ask_to_change(self, who: str, held: Held, address: str) -> None:
        tokens = self.application.as_session(held.secret).tokens
        verb = tokens.create_email_change if "@" in address else tokens.create_phone_change
        deed, password = Deed(held, asks=True), self.password_of(who, held.user)
        self.act(who, f"asks to change to {address}", verb, f"id:{held.user}", address, password=password, deed=deed)

    # Changing the own account

    def update_address(self, who: str, held: Held, kind: str, address: str) -> Any:
        users = self.application.as_session(held.secret).users
        verb = users.update_email if kind == "email" else users.update_phone
        does = f"changes the {kind} to {address}" if address else f"clears the {kind}"
        password = self.password_of(who, held.user)
        return self.act(who, does, verb, f"id:{held.user}", address, password=password, deed=Deed(held))

    def update_password(self, who: str, held: Held) -> Any:
        verb = self.application.as_session(held.secret).users.update_password
        new, current = self.new_password(), self.password_of(who, held.user)
        deed = Deed(held, sets=new)
        return self.act(who, "sets a new password", verb, f"id:{held.user}", new, current=current, deed=deed)

    def add_authenticator(self, who: str, held: Held) -> None:
        mfa, name, deed = self.application.as_session(held.secret).mfa, f"app of {who}", Deed(held)
        user = f"id:{held.user}"
        made = self.act(who, "makes an authenticator", mfa.create_authenticator, user, name=name, deed=deed)
        if made is not None:
            self.owners[made.factor.id] = who
            self.people[who].authenticators[made.factor.id] = made.secret
            code = self._code(made.secret)
            self.act(who, "verifies it", mfa.verify_authenticator, user, code, name=name, deed=deed)

    def delete_authenticator(self, who: str, held: Held, whose: str) -> None:
        verb = self.application.as_session(held.secret).mfa.delete_authenticator
        named, does = {"name": f"app of {whose}", "force": True}, f"deletes {whose}'s authenticator"
        self.act(who, does, verb, f"id:{held.user}", deed=Deed(held), **named)

    def move(self, who: str, held: Held, address: str) -> None:
        """Change an address for another one that they read."""
        self.ask_to_change(who, held, address)
        asked = [each for each in self.post.letters if each.at == self.world.clock.now and each.kind in CHANGES]
        if asked and who in asked[-1].readers:
            self.redeem(who, asked[-1], held)

    def crowd(self, who: str, held: Held, addresses: Sequence[str]) -> None:
        """Ask for one change after another, until that is refused."""
        for number in range(CROWD):
            if self.update_address(who, held, "email", addresses[number % len(addresses)]) is None:
                break

    def make_codes(self, who: str, held: Held) -> None:
        mfa = self.application.as_session(held.secret).mfa
        again = self.accounts[held.user].codes is not None
        verb = mfa.regenerate_recovery_codes if again else mfa.create_recovery_codes
        deed = Deed(held, codes_of=held.user)
        made = self.act(who, "makes recovery codes", verb, f"id:{held.user}", deed=deed)
        if made is not None:
            self.people[who].codes[held.user] = list(made.codes)

    def switch_mfa(self, who: str, held: Held, *, is_on: bool) -> None:
        mfa = self.application.as_session(held.secret).mfa
        verb = mfa.enable if is_on else mfa.disable
        self.act(who, f"switches mfa {'on' if is_on else 'off'}", verb, f"id:{held.user}", deed=Deed(held))

    def unlink_identities(self, who: str, held: Held) -> None:
        verb = self.application.as_session(held.secret).users.delete_identity
        for identity in self.operator.users.list_identities(f"id:{held.user}"):
            self.act(who, f"unlinks {identity.provider_uid}'s identity", verb, identity.id, deed=Deed(held))

    def sign_out(self, who: str, held: Held, *, everywhere: bool) -> None:
        if everywhere:
            verb = self.application.as_session(held.secret).users.delete_sessions
            self.act(who, "signs out everywhere", verb, f"id:{held.user}", deed=Deed(held))
        else:
            self.act(who, "signs out", self.application.sessions.delete, held.secret, deed=Deed(held))

    def invite(self, who: str, held: Held, address: str) -> None:
        teams, deed = self.application.as_session(held.secret).teams, Deed(held)
        team = self.act(who, "makes a team", teams.create, "Team", deed=deed)
        if team is not None:
            given = {kind_of(address): address}
            verb, does = teams.create_membership, f"invites {address}"
            shown = self.act(who, f"{does} by hand", verb, f"id:{team.id}", print_secret=True, deed=deed, **given)
            if shown is not None and OWNERS[address] != who:
                self.fault(faults.Handed, f"{who} was shown the secret that proves {address}")
            self.act(who, does, verb, f"id:{team.id}", deed=deed, **given)

    # Getting in, whatever it takes

    def fresh_session(self, who: str, id: str) -> Held | None:
        """A new and complete session of an account, by any way that README names; None where none works."""
        for come in self._ways_in(who, id):
            signed_in = come()
            if signed_in is None or signed_in.session.user_id != id:
                continue
            for factor in FACTORS:
                if signed_in.more_factors_required:
                    signed_in = self.complete(who, self._held(who, signed_in), factor) or signed_in
            if not signed_in.more_factors_required:
                return self._held(who, signed_in)
        return None

    def _held(self, who: str, signed_in: SignedIn) -> Held:
        return next(each for each in self.people[who].sessions if each.secret == signed_in.secret)

    def _ways_in(self, who: str, id: str) -> Iterable[Callable[[], SignedIn | None]]:
        account = self.accounts[id]
        if who in account.knowers:
            yield lambda: self.sign_in(who, id)
        for kind, address in (("email", account.email), ("phone", account.phone)):
            if address is not None and OWNERS[address] == who:
                yield lambda address=address, kind=kind: self.come_by_code(who, address, kind)
        if who in account.linked:
            yield lambda: self.come_by_identity(who, None, is_verified=False)

    # Finding

    def look(self) -> dict[str, Account]:
        """The accounts as they are now."""
        users = self.operator.users.list(limit=100)[::-1]
        identities = self.operator.users.list_identities(limit=1_000)
        return {user.id: self._account(user, identities) for user in users}

    def _account(self, user: User, identities: list[Any]) -> Account:
        at, known = user.password and user.password.updated_at, self.passwords.get(user.id)
        factors = self.operator.mfa.list_factors(f"id:{user.id}") if user.totp else []
        apps = [each.id for each in factors if each.type == Factor.TOTP and each.verified]
        return Account(
            id=user.id,
            email=user.email,
            email_proved=user.email_verified,
            phone=user.phone,
            phone_proved=user.phone_verified,
            identities=frozenset((each.provider_uid, each.email) for each in identities if each.user_id == user.id),
            authenticators=frozenset((self.owners.get(id, ""), id) for id in apps),
            codes=self.code_makers.get(user.id) if user.recovery_code else None,
            mfa=user.mfa,
            pending=frozenset({user.pending_email, user.pending_phone} - {None}),
            password_at=at,
            knowers=known.who if known is not None and known.at == at else frozenset(),
            given=frozenset(_given(user)),
        )

    def holdings(self, name: str, id: str) -> set[str]:
        """What somebody holds of an account that works or waits, as `kind: what`."""
        person, account = self.people[name], self.accounts[id]
        held = {f"sessions: {each.loot or 'own'}" for each in person.sessions if each.user == id and self.lives(each)}
        live = {token.id for token in self.operator.tokens.list(f"id:{id}")}
        for letter in self.post.letters:
            if letter.token in live and letter.kind in CHANGES and name in (letter.asker, *letter.readers):
                held.add(f"changes: to {letter.to}")
            elif letter.token in live and letter.kind.endswith("verification"):  # redeemed in a session alone
                held |= {f"changes: to {letter.to}"} if OWNERS[letter.to] == name else set()
            elif letter.token in live and letter.kind == BACK:  # which only an operator ends
                held |= {f"ways: back to {letter.address}"} if OWNERS.get(letter.address or "") == name else set()
            elif letter.token in live and name in letter.readers:
                held.add(f"tokens: {letter.kind}")
        held |= {"password: known"} if name in account.knowers else set()
        held |= {"codes: recovery codes"} if account.codes == name else set()
        apps = [
            each.id for each in self.operator.mfa.list_factors(f"id:{id}") if self.owners.get(each.id or "") == name
        ]
        held |= {f"authenticators: {each}" for each in apps}
        for owner, email in account.identities:
            if owner == name:
                held.add(f"vouched: {email}" if email in account.proved else f"identities: with {email}")
        addresses = [each for each in (account.email, account.phone) if OWNERS.get(each or "") == name]
        held |= {f"changes: pending {each}" for each in account.pending if OWNERS[each] == name}
        return held | {f"addresses: {each}" for each in addresses}

    def lives(self, held: Held) -> bool:
        """Whether a session can still do something, or be completed."""
        try:
            self.application.sessions.get(held.secret)
        except AuthctlError as refused:
            return refused.type not in ("user_unauthorized", "user_blocked")
        return True

    def is_complete(self, held: Held) -> bool:
        """Whether a session may do everything."""
        try:
            self.application.sessions.get(held.secret)
        except AuthctlError:
            return False
        return True

    def session(self, who: str, which: int) -> Held | None:
        """One of somebody's sessions, the newest first, of accounts that are there."""
        own = [held for held in self.people[who].sessions if held.user in self.accounts]
        return own[which % len(own)] if own else None

    def letters_of(self, who: str) -> list[Letter]:
        """What they have read, the newest first, but for what completes challenges."""
        read = [each for each in reversed(self.post.letters) if who in each.readers]
        return [each for each in read if each.kind not in ("", "challenge")]

    def password_of(self, who: str, id: str) -> str | None:
        """The password of an account, if they know it."""
        account = self.accounts.get(id)
        return self.passwords[id].text if account is not None and who in account.knowers else None

    def new_password(self) -> str:
        self._passwords_made += 1
        return f"correct horse {self._passwords_made} battery"

    def _account_of(self, user: str) -> Account | None:
        """The account of a letter, which names an id or an address."""
        by_address = (each for each in self.accounts.values() if user in (each.email, each.phone))
        return self.accounts.get(user) or next(by_address, None)

    def loot_behind(self, who: str, address: str) -> str | None:
        """What the intruder holds by which they read an address of the owner's."""
        if who != "eve" or OWNERS[address] != "ada":
            return None
        return next((loot for loot, behind in BEHIND.items() if behind == address), None)

    def _code(self, secret: str) -> str:
        """What an authenticator app shows when the next deed is done."""
        return pyotp.TOTP(secret).at(int(self.world.clock.now.timestamp()) + PACE)


def _given(user: User) -> Iterator[str]:
    """Its addresses that an operator gave, and that are theirs until an operator says otherwise."""
    for kind in ("email", "phone"):
        address = getattr(user, kind)
        if address is not None and not getattr(user, f"{kind}_self_service"):
            yield address
