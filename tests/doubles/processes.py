"""Many processes at one directory, let go at once: each opens it by itself, as the processes of applications do."""

import json
import subprocess
import sys

# Forks so many processes, lets them all go at once, and prints each one's exit status and what it says.
DRIVER = """
import json, os, sys
import argon2, psycopg, pyotp, sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite  # once, not in each
from datetime import datetime

from authctl.core import hashing
from authctl.core.credentials import passwords
from authctl.core.directory import mfa, opening, sessions, tokens
from authctl.core.mfa import authenticators, challenges
from authctl.core.sessions import jwts, sign_in
from authctl.core.tokens import redeem
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError
from authctl.settings import load

environ, url, now, count, program = json.load(sys.stdin)
scope = {"AuthctlError": AuthctlError}
exec(program, scope)
go, release = os.pipe()
children = []
for number in range(count):
    answer, tell = os.pipe()
    process = os.fork()
    if not process:
        os.close(release)
        settings = load(environ, options={"database_url": url}, system_config=os.devnull)
        cheap = hashing.Parameters(time_cost=1, memory_cost=8, parallelism=1)
        clock = lambda: datetime.fromisoformat(now)
        with opening.open_directory(settings, Actor("tester"), clock=clock, hash_parameters=cheap) as directory:
            directory.users.count()
            os.read(go, 1)
            os.write(tell, json.dumps(scope["run"](directory, number)).encode())
        os._exit(0)
    os.close(tell)
    children.append((process, answer))
os.close(go)
os.close(release)
answers = []
for process, answer in children:
    with open(answer) as file:
        text = file.read()
    answers.append([os.waitpid(process, 0)[1], json.loads(text) if text else None])
print(json.dumps(answers))
"""


def at_once(environ, url, clock, count, program):
    """Run `run(directory, number)` of a program in so many processes; each one's exit status and answer.

    AuthctlError is a name that the program knows. An answer is JSON; None where the process died.
    """
    given = [environ, url, clock.now.isoformat(), count, program]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return json.loads(done.stdout)
