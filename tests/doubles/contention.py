"""What many processes of many threads do to one directory at once: sign-ins, redeems and changes."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from authctl.errors import AuthctlError

PASSWORD = "correct horse battery"
SHARED = 4  # users that all sign in as, and change


def prepare(directory, tokens):
    """The users, and the secrets of so many tokens, each of a user of its own."""
    directory.security.set("sign-in-attempts", 100)  # the most that one account may have under way
    for number in range(SHARED):
        directory.users.create(id=f"shared{number}", email=f"shared{number}@example.com", password=PASSWORD)
    for number in range(tokens):
        directory.users.create(id=f"owner{number}")
    return [directory.tokens.create(f"owner{number}").secret for number in range(tokens)]


def program(threads, secrets, seconds=None):
    """What each of `processes.at_once` runs: each thread goes through the tokens, for so many seconds at most."""
    run = f"def run(directory, number): return contend(directory, number, {threads}, {secrets}, {seconds})"
    return f"{Path(__file__).read_text()}\n\n{run}"


def contend(directory, number, threads, secrets, seconds):
    """Each step of the threads of one process: its name, whether it was done or refused, and what, or why."""
    until = None if seconds is None else time.monotonic() + seconds
    with ThreadPoolExecutor(threads) as pool:
        walks = pool.map(lambda thread: walk(directory, f"{number}.{thread}", secrets, until), range(threads))
        return [step for steps in walks for step in steps]


def walk(directory, name, secrets, until):
    steps = []
    for turn, secret in enumerate(secrets):
        if until is not None and time.monotonic() > until:
            break
        steps += turn_of(directory, turn, secret, f"{name}.{turn}")
    return steps


def turn_of(directory, turn, secret, mark):
    user, owner = f"shared{turn % SHARED}", f"owner{turn}"
    from_one, from_own = "192.0.2.7", f"2001:db8:0:{turn:x}::1"  # the second is refused all but once
    return [
        ("sign-in", *outcome(lambda: directory.sessions.create(user, PASSWORD, ip=from_one), user)),
        ("redeem", *outcome(lambda: directory.tokens.redeem(owner, secret, kind="token", ip=from_own), owner)),
        ("change", *outcome(lambda: directory.users.update_prefs(user, {mark: True}, merge=True), mark)),
    ]


def outcome(run, what):
    try:
        run()
    except AuthctlError as error:
        return "refused", error.type
    return "done", what


def done(steps):
    """How often each step was taken and done."""
    return Counter(step for step, end, _ in steps if end == "done")


def faults(directory, steps):
    """How often a step was refused that may be done, a token not used just once, and a change lost."""
    found = Counter(f"{step} refused: {what}" for step, end, what in steps if end == "refused")
    del found["redeem refused: user_invalid_token"]  # all but one, of each
    uses = Counter(what for step, end, what in steps if (step, end) == ("redeem", "done"))
    found["used more than once"] = sum(count > 1 for count in uses.values())
    found["not used at all"] = max((int(owner.removeprefix("owner")) + 1 for owner in uses), default=0) - len(uses)
    kept = {mark for number in range(SHARED) for mark in directory.users.get_prefs(f"shared{number}")}
    found["lost"] = len(kept ^ {what for step, end, what in steps if (step, end) == ("change", "done")})
    return +found
