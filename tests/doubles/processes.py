"""Many processes at one directory, let go at once: each opens it by itself, as the processes of applications do."""

import atexit
import functools
import json
import os
import subprocess
import sys

# Imports what they need, once. Then, for each line it is given, it forks so many processes, lets them all go at once,
# and prints each one's exit status and what it says, and what was written to stderr.
NURSERY = """
import contextlib, importlib, json, os, pkgutil, sqlite3, sys, tempfile, tomllib, traceback
import alembic.command, alembic.runtime.migration, argon2, psycopg, pyotp
import sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite
import cryptography.hazmat.primitives.ciphers.aead
from datetime import datetime

import authctl
for module in pkgutil.walk_packages(authctl.__path__, "authctl."):
    if not module.name.startswith(("authctl.__main__", "authctl.cli", "authctl.storage.migrations")):
        importlib.import_module(module.name)
from authctl.core import hashing
from authctl.core.credentials import passwords
from authctl.core.directory import mfa, opening, sessions, tokens
from authctl.core.mfa import authenticators, challenges
from authctl.core.sessions import jwts, sign_in
from authctl.core.tokens import redeem
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError
from authctl.settings import load

def drive(variables, environ, urls, now, count, program):
    os.environ.clear()
    os.environ.update(variables)
    scope = {"AuthctlError": AuthctlError}
    exec(program, scope)

    def child(number):
        os.close(release)
        settings = load(environ, options={"database_url": urls[number % len(urls)]}, system_config=os.devnull)
        cheap = hashing.Parameters(time_cost=1, memory_cost=8, parallelism=1)
        clock = lambda: datetime.fromisoformat(now)
        with opening.open_directory(settings, Actor("tester"), clock=clock, hash_parameters=cheap) as directory:
            with contextlib.suppress(AuthctlError):  # where there is no directory yet
                directory.users.count()
            os.read(go, 1)
            os.write(tell, json.dumps(scope["run"](directory, number)).encode())

    go, release = os.pipe()
    children = []
    for number in range(count):
        answer, tell = os.pipe()
        children.append((fork(child, number), answer))
        os.close(tell)
    os.close(go)
    os.close(release)
    answers = []
    for process, answer in children:
        with open(answer) as file:
            text = file.read()
        answers.append([os.waitpid(process, 0)[1], json.loads(text) if text else None])
    return answers

def answer(given):
    with tempfile.TemporaryFile("w+") as errors, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(errors.fileno(), 2)
        answers = drive(*given)
        errors.seek(0)
        print(json.dumps([answers, errors.read()]), flush=True)

def fork(step, *given):
    process = os.fork()
    if not process:
        try:
            step(*given)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return process

for line in sys.stdin:
    if os.waitpid(fork(answer, json.loads(line)), 0)[1]:
        print(json.dumps([None, "It failed: stderr says why."]), flush=True)
"""


@functools.cache
def nursery():
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    atexit.register(process.communicate)
    return process


def at_once(environ, url, clock, count, program):
    """Run `run(directory, number)` of a program in so many processes; each one's exit status and answer.

    url: of the database; several are taken by turns. AuthctlError is a name that the program knows. An answer is
    JSON; None where the process died.
    """
    given = [dict(os.environ), environ, [url] if isinstance(url, str) else url, clock.now.isoformat(), count, program]
    nursery().stdin.write(json.dumps(given) + "\n")
    answers, errors = json.loads(nursery().stdout.readline())
    assert errors == "", errors
    return answers
