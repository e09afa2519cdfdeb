"""What the processes of many applications do while servers come and go: sign-ins, redeems and changes, each written
down with its times before the next."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from authctl.errors import AuthctlError

PASSWORD = "correct horse battery"
SHARED = 4  # users that all sign in as
AGAIN, THINKING = 0.02, 0.1  # seconds before the next action: after a failure, and after each turn
# What an action writes into the audit log when it is done.
EVENTS = {"sign-in": "users.sessions.create", "redeem": "users.sessions.create", "change": "users.update.prefs"}


def prepare(directory, tokens):
    """The users, and the secrets of so many tokens, each of a user of its own."""
    directory.security.set("sign-in-attempts", 100)  # the most that one account may have under way
    for number in range(SHARED):
        directory.users.create(id=f"shared{number}", email=f"shared{number}@example.com", password=PASSWORD)
    for number in range(tokens):
        directory.users.create(id=f"owner{number}")
    return [directory.tokens.create(f"owner{number}").secret for number in range(tokens)]


def program(threads, secrets, folder):
    """What each of `processes.at_once` runs, until `folder` has a file named `stop`; there is its journal, too."""
    run = f"def run(directory, number): return visit(directory, number, {threads}, {secrets}, {str(folder)!r})"
    return f"{Path(__file__).read_text()}\n\n{run}"


def visit(directory, number, threads, secrets, folder):
    with open(Path(folder) / f"journal-{number}", "a") as journal, ThreadPoolExecutor(threads) as pool:
        walks = [
            pool.submit(walk, directory, f"{number}.{thread}", secrets, folder, journal) for thread in range(threads)
        ]
        for each in walks:
            each.result()


def walk(directory, name, secrets, folder, journal):
    turn = 0
    while not (Path(folder) / "stop").exists():
        for action, step in steps(turn, name, secrets):
            mark = f"{action} {name}.{turn}"
            record = take(directory.from_request(f"2001:db8:{turn % 65536:x}::1", reason=mark), step, action, mark)
            journal.write(json.dumps(record) + "\n")
            journal.flush()
            if record["end"] not in ("done", "user_invalid_token"):
                time.sleep(AGAIN)
        time.sleep(THINKING)
        turn += 1


def steps(turn, name, secrets):
    """An action's name, and what it is."""
    user = f"shared{turn % SHARED}"
    yield "sign-in", lambda directory: directory.sessions.create(user, PASSWORD).session.id
    if turn < len(secrets):
        yield "redeem", lambda directory: directory.tokens.redeem(f"owner{turn}", secrets[turn], kind="token") and turn
    yield "change", lambda directory: directory.users.update_prefs(user, {name: turn}, merge=True) and turn


def take(directory, step, action, mark):
    """How an action ended, and when it began and did. `unknown`: whether it was done."""
    record = {"action": action, "mark": mark, "begun": time.monotonic()}
    try:
        record |= {"end": "done", "what": step(directory)}
    except AuthctlError as error:
        is_unknown = "during the commit" in error.message
        record |= {"end": "unknown" if is_unknown else error.type, "what": error.message}
    return record | {"ended": time.monotonic()}


def records(folder):
    """All that the processes have written down by now."""
    for file in sorted(Path(folder).glob("journal-*")):
        for line in file.read_text().split("\n")[:-1]:
            with suppress(ValueError):
                yield json.loads(line)
