"""What must never be, each by a name of its own, so that the smallest example of one is not that of another."""

from __future__ import annotations


class Fault(AssertionError):
    """What was found, with the story of how it came about."""


class Kept(Fault):
    """After the remedy, or after an account went to who proved its address, somebody holds something that works."""


class OneFactor(Fault):
    """Where two factors are in force, the possession of one got a session, a recovery, or a factor changed."""


class SteppedUp(Fault):
    """An old session changed what only a new proof may change."""


class Lost(Fault):
    """Somebody with a proof of their own lost an address, a password, a factor or an identity by another's act."""


class Unproved(Fault):
    """A proved address gave way to one that is only claimed."""


class Handed(Fault):
    """A person was shown the secret that proves an address of somebody else's."""


class Shared(Fault):
    """An account came to have proofs of two people."""


class Admitted(Fault):
    """Somebody was signed in to another's account."""


class Granted(Fault):
    """An operator named somebody by an address, and who had typed it in got what was granted."""


class Unheard(Fault):
    """What the owner was sent to take a change back did not work in time."""


class ShutOut(Fault):
    """Somebody with an account of their own did not get back into it."""


class Barred(Fault):
    """Somebody got no account by an address of their own."""


class Damaged(Fault):
    """The audit log does not verify, or tables contradict each other."""


class Bug(Fault):
    """Something ended in another way than authctl says that it ends."""


class Hang(Fault):
    """Something did not end."""


class Wrong(Fault):
    """An answer that claims to be right is wrong, or something was done by half."""
