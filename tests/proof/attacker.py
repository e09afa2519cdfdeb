"""A model of an attacker: people, an operator and a clock do what they can, in any order, and nobody is robbed.

    ada   has mailboxes, phones and an account elsewhere; sometimes she mistypes an address
    sam   a stranger with addresses of his own, who may get what was meant for ada
    eve   the intruder: has addresses of her own, and holds one thing of ada's: an old session, the password, the
          mailbox or the phone

Each step is a verb of an application by whoever has what it takes, or one of an operator. It may be refused: what
counts is what `judge` finds of the accounts afterwards. Once eve is in an account by all that ada would need, what she
does there is no fault; after the remedy that README names she holds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from proof import faults, machines
from proof.judge import Deed
from proof.people import BEHIND, EMAILS, LOOT, OWNERS, PEOPLE, PHONES, Held, Letter, kind_of
from proof.scene import BACK, CODES, FACTORS, Scene

ALL_EMAILS, ALL_PHONES = (sorted(each for own in kind.values() for each in own) for kind in (EMAILS, PHONES))
WHO = st.sampled_from(PEOPLE)
WHICH = st.integers(0, 3)  # of several
EMAIL, ADDRESS = st.sampled_from(ALL_EMAILS), st.sampled_from([*OWNERS])
MINE = st.sampled_from(EMAILS["eve"] + PHONES["eve"])
WAYS = (None, "password", "email", "phone", "identity")  # by which ada comes to have an account
TIMES = {"a quarter of an hour": 900, "an hour": 3_600, "a day": 86_400, "two months": 5_184_000}
EVERYTHING = "sessions tokens changes password authenticators codes identities vouched addresses"
HELP = ("cancel", "secure_as_it_is")
TO_TAKE_BACK = timedelta(hours=71)  # for how long a change can be taken back for certain

# What somebody may do with a session: those of the first part make it hard to get an intruder out again.
DIGGING: dict[str, Callable[[Scene, str, Held, str], object]] = {
    "adds an authenticator": lambda scene, who, held, address: scene.add_authenticator(who, held),
    "makes recovery codes": lambda scene, who, held, address: scene.make_codes(who, held),
    "switches mfa on": lambda scene, who, held, address: scene.switch_mfa(who, held, is_on=True),
    "asks to change": lambda scene, who, held, address: scene.ask_to_change(who, held, address),
    "changes": lambda scene, who, held, address: scene.update_address(who, held, kind_of(address), address),
    "sets a password": lambda scene, who, held, address: scene.update_password(who, held),
    "links an identity": lambda scene, who, held, address: scene.come_by_identity(
        who, scene.accounts[held.user].email, is_verified=True
    ),
}
SIGNED_IN = DIGGING | {
    "asks to verify": lambda scene, who, held, address: scene.ask_to_verify(who, held, kind_of(address)),
    "clears": lambda scene, who, held, address: scene.update_address(who, held, kind_of(address), ""),
    "deletes an authenticator": lambda scene, who, held, address: scene.delete_authenticator(
        who, held, OWNERS[address]
    ),
    "switches mfa off": lambda scene, who, held, address: scene.switch_mfa(who, held, is_on=False),
    "unlinks identities": lambda scene, who, held, address: scene.unlink_identities(who, held),
    "signs out": lambda scene, who, held, address: scene.sign_out(who, held, everywhere=False),
    "signs out everywhere": lambda scene, who, held, address: scene.sign_out(who, held, everywhere=True),
    "invites": lambda scene, who, held, address: scene.invite(who, held, address),
}


class Attacker(RuleBasedStateMachine):
    """Whoever runs it says in a subclass where empty directories come from, and what is counted in."""

    places: ClassVar[Any]
    counts: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self._resources = ExitStack()
        self.scene = Scene(self._resources.enter_context(self.places.world()), self.counts)
        self.operator, self.judge = self.scene.operator, self.scene.judge
        self.loot, self.has_stolen, self.helps = LOOT[0], False, HELP[0]
        self.given: set[str] = set()  # accounts, by an operator
        self.counts["examples"] += 1

    def teardown(self) -> None:
        try:
            if not self.scene.is_over:
                self.close()
        finally:
            self._resources.close()

    # How it begins

    @initialize(
        loot=st.sampled_from(LOOT),
        way=st.sampled_from(WAYS),
        factor=st.none() | st.sampled_from(FACTORS),
        is_at_once=st.booleans(),
        helps=st.sampled_from(HELP),
    )
    def begins(self, loot: str, way: str | None, factor: str | None, is_at_once: bool, helps: str = HELP[0]) -> None:
        """Ada has come by that way, and has that second factor in force; eve gets that of hers, at once or later.

        helps: what is tried first where an account is taken in the end.
        """
        self.loot, self.helps = loot, helps
        self.operator.teams.create("Staff", id="staff")
        if way is not None:
            self._settle_in(way)
        if factor is not None and self.scene.people["ada"].sessions:
            self._turn_on(factor)
        if is_at_once:
            self._steal(0)

    def _settle_in(self, way: str) -> None:
        scene, email, phone = self.scene, EMAILS["ada"][0], PHONES["ada"][0]
        if way == "password":
            scene.sign_up("ada", has_password=True, email=email)
            scene.sign_in("ada", next(iter(scene.accounts)))
            scene.ask_to_verify("ada", scene.people["ada"].sessions[0], "email")
            scene.redeem("ada", scene.post.letters[-1], scene.people["ada"].sessions[0])
        elif way == "identity":
            scene.come_by_identity("ada", email, is_verified=True)
        else:
            scene.come_by_code("ada", email if way == "email" else phone, way)

    def _turn_on(self, factor: str) -> None:
        scene, held = self.scene, self.scene.people["ada"].sessions[0]
        if factor == "totp":
            scene.add_authenticator("ada", held)
        elif factor == "recovery_code":
            scene.make_codes("ada", held)
        else:
            sent = len(scene.post.letters)
            scene.ask_to_change("ada", held, (EMAILS if factor == "email" else PHONES)["ada"][0])
            if len(scene.post.letters) > sent:
                scene.redeem("ada", scene.letters_of("ada")[0], held)
        scene.switch_mfa("ada", held, is_on=True)

    # People

    @rule(who=WHO, email=st.none() | EMAIL, phone=st.none() | st.sampled_from(ALL_PHONES), has_password=st.booleans())
    def signs_up(self, who: str, email: str | None, phone: str | None, has_password: bool) -> None:
        given = {"email": email, "phone": phone}
        self.scene.sign_up(who, has_password=has_password, **{kind: each for kind, each in given.items() if each})

    @rule(who=WHO, which=WHICH, way=st.sampled_from(["password", "code", "anonymous"]))
    def comes(self, who: str, which: int, way: str) -> None:
        """By what they have."""
        if way == "anonymous":
            self.scene.come_anonymously(who)
        elif way == "code":
            read = sorted(self.scene.people[who].reads, reverse=True)
            address = read[which % len(read)]
            self.scene.come_by_code(who, address, kind_of(address))
        elif known := [id for id, account in self.scene.accounts.items() if who in account.knowers]:
            self.scene.sign_in(who, known[-1 - which % len(known)])

    @rule(who=WHO, email=st.none() | EMAIL, is_verified=st.booleans())
    def comes_by_identity(self, who: str, email: str | None, is_verified: bool) -> None:
        self.scene.come_by_identity(who, email, is_verified=is_verified)

    @rule(who=WHO, which=WHICH, factor=st.sampled_from(FACTORS))
    def completes(self, who: str, which: int, factor: str) -> None:
        if held := self.scene.session(who, which):
            self.scene.complete(who, held, factor)

    @rule(who=WHO, address=ADDRESS, kind=st.sampled_from([*CODES, "recovery"]))
    def asks(self, who: str, address: str, kind: str) -> None:
        """For what is sent to anybody."""
        if (kind_of(address) == "phone") == (kind == "phone"):
            if kind == "recovery":
                self.scene.ask_for_recovery(who, address)
            else:
                self.scene.ask_code(who, address, kind)

    @rule(who=WHO, which=WHICH, session=st.none() | WHICH, new_account=st.booleans())
    def redeems(self, who: str, which: int, session: int | None, new_account: bool = False) -> None:
        """What they have read, in a session of theirs or without one."""
        if letters := self.scene.letters_of(who):
            held = self.scene.session(who, session) if session is not None else None
            self.scene.redeem(who, letters[which % len(letters)], held, new_account=new_account)

    @rule(who=WHO, which=WHICH, does=st.sampled_from([*SIGNED_IN]), address=ADDRESS)
    def acts_signed_in(self, who: str, which: int, does: str, address: str) -> None:
        """On the own account."""
        if held := self.scene.session(who, which):
            SIGNED_IN[does](self.scene, who, held, address)

    # The operator, who believes what is true

    @rule(address=ADDRESS, is_invited=st.booleans())
    def operator_names(self, address: str, is_invited: bool) -> None:
        """Whoever has that address, to invite them or to grant them something."""
        owner, named = OWNERS[address], f"{kind_of(address)}:{address}"
        if is_invited:
            verb, given = self.operator.teams.create_membership, {kind_of(address): address}
            self.scene.act("operator", f"invites {address}", verb, "staff", invite=True, **given)
            return
        verb = self.operator.users.update_labels
        user = self.scene.act("operator", f"grants something to {address}", verb, named, add=["staff"])
        if user is not None and user.id not in self.given and owner not in self.scene.accounts[user.id].home:
            for name in PEOPLE:
                if name != owner and (left := self.scene.holdings(name, user.id)):
                    what = f"{name} holds {sorted(left)} of {user.id}, which was meant for {owner}"
                    self.scene.fault(faults.Granted, what)

    @rule(who=st.sampled_from(["ada", "sam"]), phone=st.none() | st.sampled_from(ALL_PHONES))
    def operator_gives(self, who: str, phone: str | None) -> None:
        """An account to somebody with their email, and perhaps with a number that is not theirs."""
        password = self.scene.new_password()
        given = {"email": EMAILS[who][0], "phone": phone, "password": password}
        deed, verb = Deed(sets=password, knows=who), self.operator.users.create
        user = self.scene.act("operator", f"gives {who} an account with {phone}", verb, deed=deed, **given)
        if user is not None:
            self.given.add(user.id)
            self.scene.blunders |= {user.id} if OWNERS.get(phone or "", who) != who else set()

    @rule(which=WHICH, does=st.sampled_from(["password", "email", "phone", "block", "mfa", "sessions"]))
    def operator_acts(self, which: int, does: str) -> None:
        """On the account of somebody, who asked for it."""
        for id in [*self.judge.settled][which:][:1]:
            getattr(self, f"_operator_{does}")(id, f"id:{id}", self.judge.settled[id])
            if does in ("block", "email", "phone"):
                self.scene.end_what_takes_back(id)

    def _operator_password(self, id: str, user: str, owner: str) -> None:
        password, verb = self.scene.new_password(), self.operator.users.update_password
        deed = Deed(sets=password, knows=owner)
        if self.scene.act("operator", f"sets {owner}'s password", verb, user, password, deed=deed) and owner != "eve":
            self.judge.expect_nothing(id, "sessions tokens changes password", "the operator's new password")

    def _operator_email(self, id: str, user: str, owner: str, kind: str = "email") -> None:
        """Say of an address that it is the owner's, where it is; or no more that it is."""
        account, users = self.scene.accounts[id], self.operator.users
        address, is_proved = getattr(account, kind), getattr(account, f"{kind}_proved")
        verb = users.update_email_verification if kind == "email" else users.update_phone_verification
        if OWNERS.get(address or "") == owner:
            does = f"says that {address} is {'not ' if is_proved else ''}verified"
            self.scene.act("operator", does, verb, user, not is_proved)

    def _operator_phone(self, id: str, user: str, owner: str) -> None:
        self._operator_email(id, user, owner, "phone")

    def _operator_block(self, id: str, user: str, owner: str) -> None:
        verb = self.operator.users.update_status
        self.scene.act("operator", f"blocks {id}", verb, user, "blocked")
        if owner != "eve":
            self.judge.expect_nothing(id, "sessions tokens changes", "a block")
        self.scene.act("operator", f"unblocks {id}", verb, user, "active")

    def _operator_mfa(self, id: str, user: str, owner: str) -> None:
        self.scene.act("operator", f"resets the mfa of {id}", self.operator.mfa.reset, user)
        if owner != "eve":
            self.judge.expect_nothing(id, "sessions tokens changes authenticators codes", "a reset of mfa")

    def _operator_sessions(self, id: str, user: str, owner: str) -> None:
        self.scene.act("operator", f"ends the sessions of {id}", self.operator.users.delete_sessions, user)
        if owner != "eve":
            self.judge.expect_nothing(id, "sessions", "the end of all sessions")

    # The clock

    @rule(time=st.sampled_from([*TIMES]), is_purged=st.booleans())
    def time_passes(self, time: str, is_purged: bool) -> None:
        self.scene.world.clock.forward(seconds=TIMES[time])
        self.scene.tell(f"{time} passes")
        if is_purged:
            self.scene.act("operator", "purges", self.operator.security.purge)

    # The intruder, and what helps

    @precondition(lambda self: not self.has_stolen)
    @rule(which=WHICH)
    def eve_steals(self, which: int) -> None:
        self._steal(which)

    def _steal(self, which: int) -> None:
        own = [id for id, account in self.scene.accounts.items() if account.home == {"ada"}]
        if self.loot in BEHIND:
            self.scene.post.open_to("eve", BEHIND[self.loot])
            self.has_stolen = True
        elif own:
            id = own[which % len(own)]
            self.has_stolen = self._steal_session(id) if self.loot == "session" else self._steal_password(id)
        if self.has_stolen:
            self.scene.tell(f"eve gets a {self.loot} of ada's")

    def _steal_session(self, id: str) -> bool:
        """One of an hour ago, so that it is no recent sign-in."""
        for held in self.scene.people["ada"].sessions:
            if held.user == id and self.scene.is_complete(held):
                self.scene.world.clock.forward(hours=1)
                self.scene.people["eve"].sessions.insert(0, replace(held, loot="session"))
                return True
        return False

    def _steal_password(self, id: str) -> bool:
        if "ada" not in self.scene.accounts[id].knowers:
            return False
        known = self.scene.passwords[id]
        self.scene.passwords[id] = replace(known, who=known.who | {"eve"}, stolen=True)
        self.scene.accounts = self.scene.look()
        return True

    @precondition(lambda self: self.has_stolen and self.loot != "session")
    @rule(by_recovery=st.booleans())
    def eve_gets_in(self, by_recovery: bool) -> None:
        """As far as it goes with what she holds."""
        address = BEHIND.get(self.loot)
        for id in self._adas(0):
            if by_recovery and self.loot == "mailbox":
                self._recover("eve", id)
            elif address in self.scene.people["eve"].reads:
                self.scene.come_by_code("eve", address, kind_of(address))
            if self.scene.password_of("eve", id):
                self.scene.sign_in("eve", id)
            if (held := self.scene.session("eve", 0)) and not self.scene.is_complete(held):
                self.scene.complete("eve", held, "phone" if self.loot == "phone" else "email")

    @precondition(lambda self: self.has_stolen)
    @rule(ways=st.lists(st.sampled_from([*DIGGING]), min_size=1, max_size=3, unique=True), address=MINE)
    def eve_digs_in(self, ways: list[str], address: str) -> None:
        """In the session that she has."""
        for way in ways:
            if held := self._of_eve():
                SIGNED_IN[way](self.scene, "eve", held, address)

    @precondition(lambda self: self.has_stolen)
    @rule(chain=st.lists(MINE, min_size=1, max_size=3, unique=True), is_back=st.booleans(), is_crowded=st.booleans())
    def eve_moves(self, chain: list[str], is_back: bool, is_crowded: bool) -> None:
        """The account that she gets into, to addresses of hers, one after the other.

        is_crowded: and asks for many more. is_back: and takes the last change of hers back.
        """
        scene = self.scene
        if self.loot != "session":
            self.eve_gets_in(self.loot == "mailbox")
        for address in chain:
            if held := self._of_eve():
                scene.move("eve", held, address)
        if is_crowded and (held := self._of_eve()):
            email = scene.accounts[held.user].email
            scene.crowd("eve", held, [each for each in EMAILS["eve"] + EMAILS["sam"] if each != email])
        own = [
            each for each in scene.letters_of("eve") if each.kind == BACK and OWNERS.get(each.address or "") == "eve"
        ]
        if is_back and own:
            scene.redeem("eve", own[0], None)

    @precondition(lambda self: self.has_stolen)
    @rule(which=WHICH, remedy=st.sampled_from(["password", "recovery", "cancel", "secure", "secure_as_it_is"]))
    def ada_is_helped(self, which: int, remedy: str) -> None:
        """With an account of hers, whether or not it was taken."""
        for id in self._adas(which):
            getattr(self, f"_{remedy}")(id)

    def _password(self, id: str) -> None:
        """Set a new one in a session that nobody else has: the remedy for a session or a password in other hands."""
        if self.loot in BEHIND or id in self.judge.taken:
            return
        held = self.scene.fresh_session("ada", id)
        if held is not None and self.scene.update_password("ada", held) is not None:
            self.judge.expect_nothing(id, EVERYTHING, "her own new password")

    def _recovery(self, id: str) -> None:
        """With her mailbox to herself again: the remedy for an account that somebody else was in."""
        self._regain()
        account = self.scene.accounts[id]
        gives_code = account.codes == "ada" or "ada" in {owner for owner, _ in account.authenticators}
        if self._recover("ada", id):
            ended = "sessions tokens changes password authenticators identities" + ("" if gives_code else " codes")
            self.judge.expect_nothing(id, ended, "her recovery")

    def _recover(self, who: str, id: str) -> bool:
        """Set a new password by a mailbox that they read, if the account has its address."""
        email, sent = self.scene.accounts[id].email, len(self.scene.post.letters)
        if email not in self.scene.people[who].reads:
            return False
        self.scene.ask_for_recovery(who, email)
        if len(self.scene.post.letters) == sent:
            return False
        return self.scene.redeem(who, self.scene.post.letters[-1], None) is not None

    def _cancel(self, id: str) -> None:
        """With her mailbox to herself again, take back the first change of an address of hers in the last days."""
        self._regain()
        for kind in (EMAILS, PHONES):
            if (letter := self._first_way_back(id, kind["ada"])) is None:
                continue
            was_made = getattr(self.scene.accounts[id], kind_of(letter.address or "")) != letter.address
            if self.scene.redeem("ada", letter, None) is None:
                self.scene.fault(faults.Unheard, f"ada cannot take back what became of {letter.address}")
            ended = "changes sessions tokens password" if was_made else ""
            self.judge.expect_nothing(id, ended, f"she took {letter.address} back")

    def _first_way_back(self, id: str, own: Sequence[str]) -> Letter | None:
        since = self.scene.world.clock.now - TO_TAKE_BACK
        accounts = [account for account in self.scene.accounts.values() if account.id != id]
        others = {address for each in accounts for address in (*each.proved, *each.given, each.email, each.phone)}
        for letter in self.scene.post.letters:
            is_hers = letter.kind == BACK and letter.user == id and letter.address in own and "ada" in letter.readers
            if is_hers and not letter.is_over and letter.at is not None and letter.at > since:
                return letter if letter.address not in others else None
        return None

    def _secure_as_it_is(self, id: str) -> None:
        """With the addresses that an operator has given."""
        if self.scene.act("operator", f"secures {id}", self.operator.users.secure, f"id:{id}") is not None:
            self._is_secured(id)

    def _is_secured(self, id: str) -> None:
        self.scene.end_what_takes_back(id)
        self.judge.expect_nothing(id, f"{EVERYTHING} ways", "the operator secured it")

    def _secure(self, id: str) -> None:
        """The remedy for an account that was taken."""
        self._regain()
        account, verb = self.scene.accounts[id], self.operator.users.secure
        keep = [each for each in (account.email, account.phone) if OWNERS.get(each or "") == "ada"]
        named = {"keep": keep} if keep else {"email": EMAILS["ada"][0]}
        if self.scene.act("operator", f"secures {id} with {named}", verb, f"id:{id}", **named) is not None:
            self._is_secured(id)

    def _of_eve(self) -> Held | None:
        """A session of eve's in an account of ada's, if she has one; else any."""
        own = [each for each in self.scene.people["eve"].sessions if self.judge.settled.get(each.user) == "ada"]
        return own[0] if own else self.scene.session("eve", 0)

    def _adas(self, which: int) -> list[str]:
        """One of the accounts that are ada's, taken ones too."""
        own = [id for id, owner in self.judge.settled.items() if owner == "ada"]
        return [own[which % len(own)]] if own else []

    def _regain(self) -> None:
        """Ada has her mailbox and her phone to herself again."""
        self.scene.people["eve"].reads -= set(BEHIND.values())

    # How it ends

    def close(self) -> None:
        """Days later everybody gets back in, and what is stored is sound."""
        scene, judge = self.scene, self.judge
        self._regain()
        others = {id for id, owner in judge.settled.items() if owner != "eve"}
        for id in sorted(judge.taken & others):
            getattr(self, f"_{self.helps}")(id)
            self._secure(id)
        for id, name in [*judge.settled.items()]:
            scene.world.clock.forward(days=1)
            if id not in judge.taken and scene.fresh_session(name, id) is None:
                scene.fault(faults.ShutOut, f"{name} does not get back into {id}")
        for address, name in OWNERS.items():
            if not any(address in account.names for account in scene.accounts.values()):
                continue  # nobody has typed it in, so that nothing is in the way
            scene.world.clock.forward(hours=2)
            signed_in = scene.come_by_code(name, address, kind_of(address))
            if signed_in is not None and name not in scene.accounts[signed_in.session.user_id].home:
                signed_in = scene.come_by_code(name, address, kind_of(address), new_account=True)
            if signed_in is None:
                scene.fault(faults.Barred, f"{name} gets in nowhere by {address}")
        judge.check_storage()


def run_round(
    places: Any,
    counts: Counter[str],
    seed: int | None = None,
    *,
    examples: int = 25,
    steps: int = 40,
) -> None:
    """Try so many examples of at most so many steps; the same ones each time without a seed. Raises what it finds."""
    machines.run(type("Attacker", (Attacker,), {"places": places, "counts": counts}), seed, examples, steps)
