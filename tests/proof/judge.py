"""Judging a deed: the accounts after it beside what they were, and whether anybody was robbed by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proof import faults
from proof.people import Account, Held

from authctl.core.sessions.sign_in import SignedIn
from authctl.model import User

if TYPE_CHECKING:
    from proof.scene import Scene


@dataclass
class Deed:
    """How something is done.

    held: the session that it is done in. loot: what of the owner's it is done with. sets: the password that it sets,
    which who acts then knows, or who is to know it (knows). codes_of: the account that it makes recovery codes of.
    proves: whether it proves an address by itself. asks: whether it asks for a change of address. takes_back: whether
    it takes a change back, as whoever reads the old address may.
    """

    held: Held | None = None
    loot: str | None = None
    sets: str | None = None
    knows: str | None = None
    codes_of: str | None = None
    proves: bool = False
    asks: bool = False
    takes_back: bool = False

    def __post_init__(self) -> None:
        if self.held is not None and self.held.loot is not None:
            self.loot = self.held.loot


class Judge:
    """Whose each account is, as far as anybody has had it alone, and which the intruder has got into.

    An account is `taken` once the intruder is in it by all that its owner would need: what is done there then is no
    fault. After the remedy it is the owner's again.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.settled: dict[str, str] = {}
        self.taken: set[str] = set()

    def compare(self, who: str, answer: Any, before: dict[str, Account], deed: Deed) -> None:
        """Find out what a deed has done. answer: what who did it was told, None for a refusal."""
        if isinstance(answer, SignedIn) or (deed.proves and answer is not None):
            is_in = isinstance(answer, User) or (isinstance(answer, SignedIn) and not answer.more_factors_required)
            id = _account_of(answer)
            if id not in self.taken and id in before:
                self._admission(who, before[id], deed, is_in=is_in)
            if is_in and deed.loot not in (None, "session"):
                self.taken.add(id)
        if deed.takes_back and deed.loot is not None and answer is not None:
            self.taken.add(_account_of(answer))
        for id, was in before.items():
            if who != "operator" and id not in self.taken:
                self._losses(who, was, self.scene.accounts.get(id), deed, has_asked=deed.asks and answer is not None)
        self._homes(who, before)

    def _admission(self, who: str, was: Account, deed: Deed, *, is_in: bool) -> None:
        """Somebody has come to an account: by what is theirs, or by all that the owner would need.

        is_in: with a session that may do everything, or with a new password. One without a proof goes to whoever has
        one, whatever its factors are.
        """
        if deed.loot is not None and "ada" in was.home:
            if deed.loot != "session" and is_in and was.is_in_force:
                self.scene.fault(faults.OneFactor, f"{who} is in {was.id} with the {deed.loot} alone")
        elif was.home and who not in was.home | was.knowers:
            if is_in:
                self.scene.fault(faults.Admitted, f"{who} is in {was.id}, where {sorted(was.home)} has a proof")
        elif not was.home and deed.proves and deed.loot is None:
            claimant = self.scene.claimants.get(was.id, who)
            if claimant != who and (left := self.scene.holdings(claimant, was.id)):
                self.scene.fault(faults.Kept, f"{was.id} went to {who}, and {claimant} holds {sorted(left)}")

    def _losses(self, who: str, was: Account, now: Account | None, deed: Deed, *, has_asked: bool) -> None:
        """Nobody loses by another's deed what is theirs; nobody gives up a proved address for one that is not."""
        is_old = deed.loot == "session" and deed.held is not None and deed.held.user == was.id
        has_changed = now is None or now.credentials != was.credentials or bool(now.pending - was.pending)
        if is_old and (has_asked or has_changed) and "ada" in was.home:
            self.scene.fault(faults.SteppedUp, f"an old session changed {was.id}: {_difference(was, now)}")
        if was.id in self.scene.blunders and who in was.home | was.knowers:
            return
        for person in was.home:
            lost = was.goods(person) - (now.goods(person) if now is not None else set())
            if now is not None:  # another proved address of the same person in its place is no loss
                kept = {kind for kind, _ in now.goods(person)} & {"email", "phone"}
                lost = {each for each in lost if each[0] not in kept}
            if person != who and lost:
                kind = faults.OneFactor if deed.loot is not None and was.is_in_force else faults.Lost
                self.scene.fault(kind, f"{person} lost {sorted(lost, key=str)} of {was.id} by what {who} did")
            for kind in {each for each, _ in lost} & {"email", "phone"}:
                if now is not None and getattr(now, kind) is not None and not getattr(now, f"{kind}_proved"):
                    self.scene.fault(
                        faults.Unproved, f"{getattr(was, kind)} of {was.id} gave way to {getattr(now, kind)}"
                    )

    def _homes(self, who: str, before: dict[str, Account]) -> None:
        """No account gets proofs of two people. Remember whose each is."""
        accounts = self.scene.accounts
        for id, now in accounts.items():
            has_grown = id not in before or bool(now.home - before[id].home)
            if has_grown and len(now.home) > 1 and who != "operator" and id not in self.taken | self.scene.blunders:
                self.scene.fault(faults.Shared, f"{id} has proofs of {sorted(now.home)}")
            if len(now.home) == 1 and id not in self.taken | self.scene.blunders:
                (self.settled[id],) = now.home
        for id in [*self.settled]:
            if id not in accounts or (who == "operator" and not accounts[id].home):
                del self.settled[id]

    # After a remedy, and in the end

    def expect_nothing(self, id: str, what: str, remedy: str) -> None:
        """After a remedy the intruder holds nothing of what it ends."""
        if id not in self.scene.accounts:
            return
        left = self.scene.holdings("eve", id)
        if found := {each for each in left if each.split(":")[0] in what.split()}:
            self.scene.fault(faults.Kept, f"after {remedy}, eve holds of {id}: {sorted(found)}")
        if not left:
            self.taken.discard(id)

    def check_storage(self) -> None:
        """The audit log verifies, and tables agree with each other."""
        if found := self.scene.world.problems():
            self.scene.fault(faults.Damaged, "; ".join(found))


def _account_of(answer: Any) -> str:
    """The account of a session, a user or a membership."""
    return str(
        answer.session.user_id
        if isinstance(answer, SignedIn)
        else answer.id
        if isinstance(answer, User)
        else answer.user_id
    )


def _difference(was: Account, now: Account | None) -> str:
    if now is None:
        return "it is gone"
    changed = {name: value for name, value in vars(now).items() if getattr(was, name) != value}
    return ", ".join(f"{name} is {value}" for name, value in changed.items()) or "a change was asked for"
