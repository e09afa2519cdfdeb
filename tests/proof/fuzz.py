"""What comes in from outside, at its oddest: no bug, and an end, whatever is typed, read or asked.

command lines        of every command, with its own options and values that are anything
import files         of every source: the sample files with changes, and texts of the format's own characters
manifests, policies, configuration files, hashes, JWTs

Where atheris is installed (`pip install atheris`), import files and hashes are tried by it, too.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from doubles.samples import FOLDER, SAMPLES
from hypothesis import HealthCheck, given, note, seed as seeded, settings, strategies as st
from proof import faults, guided
from proof.filled import originals
from proof.lines import Lines, in_time

from authctl.cli.app import Root
from authctl.cli.commands import LazyGroup
from authctl.core import hashing
from authctl.errors import AuthctlError
from authctl.settings import load
from authctl.transfer import sources

# Words that mean something somewhere, and some that mean nothing anywhere.
WORDS = (
    *("", " ", "-", "--", "=", ",", "a=b", "ada", "id:ada", "ada@example.com", "email:ada@example.com", "+14255550100"),
    *("maths", "staff", "owner", "0", "1", "-1", "1e999", "9" * 30, "0x10", "1.5", "NaN", "true", "off", "all"),
    *("2h", "-1d", "99999999999d", "2026-02-30", "0000-01-01", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00+99:99"),
    *("{}", "[]", "[", '{"a":', '{"a":1}', "null", "'", '"', "`", "%s", "{0}", "\\", "../x", "x" * 5_000, "[" * 3_000),
    *("\x1b[31m", "\u202e", "\udcff", "\u0130", "\xa0", "\u2028", "\ufeff", "ß", "İ", "e\u0301", "\U0001f600", "\n"),
    *("labels ~ staff", "mfa = ", "created_at < x", "prefs.a = 1", "id !=", "-name,-email", "csv", "json", "argon2id"),
    *(
        "$2b$31$" + "." * 53,
        "$argon2id$v=19$m=9999999,t=9,p=9$YWFh$YWFh",
        "$scrypt$ln=63,r=1,p=1$a$b",
        "{SSHA}x",
        "md5",
    ),
)
WORD = st.sampled_from(WORDS) | st.text(max_size=20)
# Commands that would leave the folder of the trial, or go on until they are stopped.
UNTRIED = {("completion",)}
UNTRIED_OPTIONS = ("--follow", "--config", "--state", "--database")
CHARACTERS = st.sampled_from(
    [*'{}[]",:\n\r\t\\;=#<>&/ -_', "\0", "\xa0", "\x85", "\u2028", "\f", "a", "1", "é", "\ufeff"]
)


def run_round(places: Any, counts: Counter[str], seed: int | None, *, examples: int = 60) -> None:
    """So many examples of each sort. Raises what it finds, at its smallest."""
    with originals(places) as filled, filled.copy() as url, _folder(filled.folder) as folder:
        lines = Lines(url, places.ready.key, folder)
        for sort in (command_lines, import_files, texts):
            for what, strategy, run in sort(lines, folder):
                _try(what, strategy, run, counts, seed, examples)
    if seed is not None and guided.is_possible():
        guided.run_round(counts, seed, runs=100 * examples)


@contextmanager
def _folder(within: Path) -> Iterator[Path]:
    """A folder that commands run in, so that what they write goes into it."""
    folder, before = within / "fuzz", Path.cwd()
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)
        shutil.rmtree(folder)


def _try(
    what: str, strategy: Any, run: Callable[[Any], None], counts: Counter[str], seed: int | None, examples: int
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=[*HealthCheck],
    )
    @given(strategy)
    def trial(drawn: Any) -> None:
        counts[what] += 1
        note(f"{what}: {drawn!r}")
        run(drawn)

    (trial if seed is None else seeded(seed)(trial))()


# Command lines


def command_lines(lines: Lines, folder: Path) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    @st.composite
    def line(draw: Any) -> tuple[list[str], str]:
        name, params = draw(st.sampled_from(commands()))
        words = [*name]
        for param in params:
            if param.param_type_name == "argument":
                words += draw(st.lists(WORD, min_size=int(draw(st.integers(0, 5)) > 0), max_size=1))
        chosen = draw(st.lists(st.sampled_from([each for each in params if each.opts[0].startswith("-")]), max_size=4))
        for option in chosen:
            words.append(draw(st.sampled_from([*option.opts, *option.secondary_opts])))
            if not option.is_flag:
                words.append(draw(WORD))
        return words, draw(st.sampled_from(["", "\n", "ada\n", "x\ny\n", "\udcff", "{}"]))

    def run(drawn: tuple[list[str], str]) -> None:
        words, stdin = drawn
        lines.run([*words, "--yes"], stdin.encode("utf-8", "replace").decode())

    yield "command lines", line(), run


@cache
def commands() -> list[tuple[tuple[str, ...], list[Any]]]:
    """Every command, and its parameters."""
    found = []

    def walk(group: LazyGroup, words: tuple[str, ...]) -> None:
        for name in group.commands:
            command = group.build(name)
            if isinstance(command, LazyGroup):
                walk(command, (*words, name))
            elif (*words, name) not in UNTRIED:
                params = [each for each in command.params if not set(each.opts) & set(UNTRIED_OPTIONS)]
                found.append(((*words, name), params))

    walk(Root(), ())
    return found


# Files of imports


def import_files(lines: Lines, folder: Path) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    @st.composite
    def changed(draw: Any) -> tuple[str, bytes]:
        sample = draw(st.sampled_from(SAMPLES))
        content = bytearray((FOLDER / sample.name).read_bytes())
        for _ in range(draw(st.integers(1, 4))):
            place = draw(st.integers(0, len(content) - 1))
            content[place : place + draw(st.sampled_from([0, 1, 1, 40]))] = draw(
                st.sampled_from(
                    [b"", b"\0", b"\xff", b"\xc2\xa0", b'"', b"{", b"]", b"\n", b",", b"-1", b"1e999", b"null"]
                )
                | st.binary(max_size=3)
            )
        return sample.source, bytes(content)

    made = st.tuples(st.sampled_from([*sources.NAMES]), st.text(CHARACTERS, max_size=40).map(str.encode))

    def run(drawn: tuple[str, bytes]) -> None:
        source, content = drawn
        (folder / "users.txt").write_bytes(content)
        lines.run(["users", "import", "users.txt", "--from", source, "--dry-run", "--yes"])

    yield "import files", changed() | made, run


# Texts


def texts(lines: Lines, folder: Path) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    toml = st.lists(
        st.sampled_from(
            [
                *("[users.ada]", "[[users]]", "[teams.maths]", "[teams.maths.members]", "[policies]", "[invitations]"),
                *(
                    'name = "x"',
                    "name = 1",
                    "labels = []",
                    'labels = ["a", 1]',
                    'email = "ada@example.com"',
                    "ada = []",
                ),
                *(
                    'manifest = "m"',
                    'state = "absent"',
                    "mfa-required = 1",
                    'id = "ada"',
                    "x = 1979-05-27",
                    "prefs = {}",
                ),
                *(
                    'password = "generate"',
                    "session-limit = -1",
                    "a.b.c = nan",
                    "[",
                    '"',
                    "é = 1",
                    "user-limit = 1e400",
                ),
                *('database_url = "sqlite:///x"', "hashing.at_once = 0", "[email]", "port = 99999", 'host = ""'),
            ]
        )
        | st.text(CHARACTERS, max_size=12),
        max_size=8,
    ).map("\n".join)

    def manifest(text: str) -> None:
        (folder / "directory.toml").write_bytes(text.encode("utf-8", "replace"))
        lines.run("apply directory.toml --dry-run --yes")

    def policies(text: str) -> None:
        (folder / "policies.toml").write_bytes(text.encode("utf-8", "replace"))
        lines.run("security apply policies.toml --dry-run --yes")

    def configuration(text: str) -> None:
        file = folder / "config.toml"
        file.write_bytes(text.encode("utf-8", "replace"))
        with in_time("configuration"):
            _refused(lambda: load({"HOME": str(folder)}, options={"config": str(file)}, system_config=str(file)))

    def jwt(text: str) -> None:
        lines.run(["sessions", "verify-jwt"], stdin=f"{text}\n", AUTHCTL_JWT=text.replace("\0", ""))

    def hashed(text: str) -> None:
        with in_time("hash"):
            _refused(lambda: hashing.verify(hashing.accept(text).stored, "x"))

    dice = st.text(st.sampled_from("$.,={}:abcdefghijklmnopqrstuvwxyz0123456789AZ+/_-"), max_size=60)
    families = st.sampled_from(
        [
            *(
                "$2b$04$",
                "$2y$31$",
                "$argon2id$v=19$m=8,t=1,p=1$",
                "$argon2i$m=1,t=0,p=0$",
                "$scrypt$ln=4,r=1,p=1$",
                "$6$",
                "$5$",
            ),
            *(
                "$6$rounds=1000$",
                "$pbkdf2-sha256$1$",
                "pbkdf2_sha256$1$a$",
                "{SSHA}",
                "{SMD5}",
                "$apr1$",
                "$P$B",
                "$1$",
                "{CRYPT}",
            ),
        ]
    )
    part = st.text(st.sampled_from("ABab01-_="), max_size=12)
    yield "manifests", toml, manifest
    yield "policy files", toml, policies
    yield "configuration files", toml, configuration
    yield "signed tokens", st.lists(part | WORD, max_size=4).map(".".join), jwt
    yield "hashes", st.tuples(families | st.just(""), dice).map("".join) | WORD, hashed


def _refused(run: Callable[[], object]) -> None:
    """Whatever it says, it is an error of ours."""
    try:
        run()
    except AuthctlError:
        pass
    except Exception as error:
        raise faults.Bug(type(error).__name__) from error
