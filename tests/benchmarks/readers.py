"""What the worst input costs each reader of an import: linear in its size, whatever strangers put into a file.

    python tests/benchmarks/readers.py [--megabytes 5 20 100] [--only "ldif"] [--worst]

--worst measures all inputs at the first size, and at the others of each reader only the one that takes longest and the
one that takes most memory. `--worst --megabytes 1 10 100` takes hours: 100 MB of short lines are 30 million records.

Each file is read in a process of its own as an import reads it, checks included, up to the batches that would be
stored. Printed are its processor time and its peak memory beyond those of a process that reads nothing, both for each
megabyte of the file, and what becomes of a megabyte's share at the next size: 1 is linear. What is above LINEAR, or
takes longer than LIMIT, fails. Below 5 MB some malformed JSON costs less: readers put up with so much of it at once.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from authctl.core.policy.policies import Policy
from authctl.errors import Invalid
from authctl.transfer import files, reader_process, sources
from authctl.transfer.validation import Rules

MEGABYTE = 1_000_000
LIMIT = 20  # seconds of a megabyte
LINEAR = 1.7  # times a megabyte's share at the size before; noise on a shared machine is a third
UNTIMED, SMALL = 0.2, 30  # seconds and megabytes of memory, below which a share says nothing
BATCH = 1_000  # records
LARGE = "x" * 100_000
OPTIONS = {"firebase": {"hash_config": "none"}}  # without which a source reads nothing
RULES = Rules("benchmark", datetime(2026, 1, 2, tzinfo=UTC), Policy({}), keeps_raw=True)

# What a file begins with, what is repeated, and what it ends with. NAME is one that the source's records have, LIST one
# of a list in them, BASE what they have at least, GOOD is a record, HEAD the first row, ROW another; NUMBER counts. The
# first of each is no bad input: the others' measure.
JSON = {
    "records": ("", "GOOD\n", ""),
    "a list of records": ("[", "GOOD,\n", "GOOD]"),
    "large records": ("", f'{{BASE, "n": "{LARGE}"}}\n', ""),
    "records with other names": ("", '{BASE, "nNUMBER": 1}\n', ""),
    "one text": ('{"NAME": "', "x", '"}'),
    "one text of escapes": ('{"NAME": "', "\\n", '"}'),
    "a text that never ends": ('{"NAME": "', "x", ""),
    "texts that never end": ("GOOD\n", '{"NAME": "x\n', ""),
    "backslashes": ('GOOD\n{"NAME": "', "\\", ""),
    "one number": ('{"NAME": ', "9", "}"),
    "one name": ('{"', "x", '": 1}'),
    "names": ("{BASE", ', "n": 1', "}"),
    "values": ('{BASE, "n": [1', ", 1", "]}"),
    "wrong values": ('{BASE, "LIST": [1', ", 1", "]}"),
    "empty objects": ("", '{BASE, "LIST": [' + "{}," * 30_000 + "{}]}\n", ""),
    "lists in values": ("", '{BASE, "n": [' + "[]," * 300_000 + "[]]}\n", ""),
    "lists": ("GOOD\n", "[", ""),
    "lists that end": ("GOOD\n", "[]", ""),
    "lists in a record": ('GOOD\n{"NAME": ', "[", ""),
    "objects": ("", '{"NAME":', ""),
    "objects in a list": ("[GOOD,\n", '{"NAME":[', ""),
    "envelopes": ("GOOD\n", '{"users":', ""),
    "envelopes of lists": ("GOOD\n", '{"users":[', ""),
    "spaces": ("GOOD\n", " ", ""),
    "spaces of Unicode": ("GOOD\n", "\u00a0", ""),
    "spaces in a record": ('GOOD\n{"NAME":', " ", '"a"}'),
    "commas": ("[GOOD", ",", "GOOD]"),
    "opening braces": ("GOOD\n", "{\n", ""),
    "closing braces": ("GOOD\n", "}", ""),
    "quotes": ("GOOD\n", '"', ""),
    "broken lines": ("GOOD\n", '{"NAME":}\n', ""),
    "broken records": ("[GOOD", ',{"NAME":}', "]"),
    "broken at their ends": ("[GOOD", ',{"NAME": "a", "n": [1, 2, 3], "m": x}', "]"),
    "records that are none": ("[GOOD", ",1", "]"),
    "other objects": ("[", '{"a": {"b": 1}},', "{}]"),
    "words": ("GOOD\n", "word ", ""),
    "NUL": ("GOOD\n", "\0", ""),
    "bytes of no encoding": ("GOOD\n", "\udcff", ""),
}
CSV = {
    "rows": ("HEAD\n", "ROW\n", ""),
    "large rows": ("HEAD\n", f"ROW{LARGE}\n", ""),
    "rows that others take in": ("HEAD\n", 'x","\nROW\nROW\n' * 1_000 + 'y"y\n', ""),
    "one quote": ('HEAD\n"', "ROW\n", ""),
    "one quote over empty lines": ('HEAD\n"', "\n", ""),
    "a quote a line": ("HEAD\n", '"\n', ""),
    "a quote a row": ("HEAD\n", '"ROW\n', ""),
    "quotes": ("HEAD\n", '"', ""),
    "quotes within": ("HEAD\n", '"a"b"\n', ""),
    "one cell": ("HEAD\n", "x", ""),
    "one cell in quotes": ('HEAD\n"', "x", '"'),
    "cells": ("HEAD\n", "x,", ""),
    "empty cells": ("HEAD\n", ",", ""),
    "names": ("HEAD", ",x", "\nROW\n"),
    "names without a name": ("HEAD", ",", "x\nROW\n"),
    "different names": ("HEAD", ",NUMBER", "\nROW\n"),
    "one name": ("HEAD", "x", "\nROW\n"),
    "backslashes": ('HEAD\n"\\"x', "\\", ""),
    "spaces": ("HEAD\n", " ", ""),
    "empty lines": ("HEAD\n", "\n", ""),
    "short rows": ("HEAD\n", "x\n", ""),
    "totals": ("HEAD\n", "total\n", ""),
    "dashes": ("HEAD\n", "-", "x"),
    "lone returns": ("HEAD\n", "ROW\r", ""),
    "NUL": ("HEAD\n", "\0", ""),
    "bytes of no encoding": ("HEAD\n", "\udcff", ""),
}
LDIF = {
    "entries": ("", "GOOD\n\n", ""),
    "large entries": ("", f"GOOD\nsn: {LARGE}\n\n", ""),
    "entries with other attributes": ("", "dn: uid=a\nobjectClass: person\nNUMBERx: x\n\n", ""),
    "one line": ("GOOD\ncn: ", "x", "\n"),
    "one folded line": ("GOOD\ncn: x", "\n x", "\n"),
    "one value in base64": ("GOOD\ncn:: ", "eHh4", "\n"),
    "values": ("GOOD\n", "mail: a@example.com\n", ""),
    "different values": ("GOOD\n", "mail: NUMBER@example.com\n", ""),
    "passwords": ("GOOD\n", "userPassword: x\n", ""),
    "groups": ("GOOD\n", "memberOf: cn=NUMBER\n", ""),
    "attributes": ("GOOD\n", "aNUMBER: x\n", ""),
    "languages": ("GOOD\n", "cn;lang-NUMBER: x\n", ""),
    "colons": ("GOOD\ncn", ":", "\n"),
    "commas of a name": ("dn: uid=a", ",", "\nobjectClass: person\nuid: a\n"),
    "backslashes of a name": ("dn: uid=a", "\\", "\nobjectClass: person\nuid: a\n"),
    "escapes of a name": ("dn: uid=a", "\\41", "\nobjectClass: person\nuid: a\n"),
    "classes": ("GOOD\n", "objectClass: person\n", ""),
    "lines without a colon": ("GOOD\n\n", "x\n", ""),
    "entries without a colon": ("GOOD\n\n", "x\n\n", ""),
    "comments": ("GOOD\n\n", "#\n", ""),
    "empty lines": ("GOOD\n", "\n", ""),
    "spaces": ("GOOD\n\n", " ", ""),
    "folds": ("GOOD\n\n", " \n", ""),
    "bytes of no encoding": ("GOOD\ncn: ", "\udcff", "\n"),
}
HTPASSWD = {
    "lines": ("", "GOOD\n", ""),
    "one name": ("GOOD\n", "x", ":y\n"),
    "one hash": ("GOOD\nada:", "x", "\n"),
    "one hash of a family": ("GOOD\nada:$6$", "x", "\n"),
    "colons": ("GOOD\n", ":", ""),
    "names without a hash": ("GOOD\n", "a:\n", ""),
    "lines without a colon": ("GOOD\n", "x\n", ""),
    "comments": ("GOOD\n", "#\n", ""),
    "empty lines": ("GOOD\n", "\n", ""),
    "spaces": ("GOOD\n", " ", ""),
    "bytes of no encoding": ("GOOD\n", "\udcff", ""),
}
XML_HEAD, XML_TAIL = '<?xml version="1.0" encoding="utf-8"?>\n<django-objects version="1.0">\n', "</django-objects>\n"
XML = {
    "objects": (XML_HEAD, "GOOD\n", XML_TAIL),
    "objects that never end": (XML_HEAD, '<object model="a">', ""),
    "other objects": (XML_HEAD, '<object model="a" pk="1"/>', XML_TAIL),
    "large objects": (XML_HEAD, f'<object model="auth.user"><field name="username">{LARGE}</field></object>', XML_TAIL),
    "objects with other attributes": (XML_HEAD, '<object model="a" aNUMBER="1"/>', XML_TAIL),
    "other elements": (XML_HEAD, "<aNUMBER/>", XML_TAIL),
    "one text": (XML_HEAD + '<object model="auth.user" pk="1"><field name="username">', "x", "</field></object>"),
    "entities": (XML_HEAD + '<object model="auth.user" pk="1"><field name="username">', "&amp;", "</field></object>"),
    "fields": (XML_HEAD + '<object model="auth.user" pk="1">', '<field name="aNUMBER">x</field>', "</object>"),
    "one attribute": (XML_HEAD + '<object model="', "x", '" pk="1"/>' + XML_TAIL),
    "attributes": (XML_HEAD + "<object", ' aNUMBER="x"', "/>" + XML_TAIL),
    "tags that never end": (XML_HEAD + '<object model="auth.user" pk="1">', "<a>", ""),
    "keys": (XML_HEAD + '<object model="a" pk="1"><field name="a" rel="ManyToManyRel">', '<object pk="1"/>', ""),
    "comments": (XML_HEAD, "<!-- x -->", XML_TAIL),
    "one comment": (XML_HEAD + "<!--", "x", ""),
    "spaces": (XML_HEAD, " ", XML_TAIL),
}
# Of each source's records in JSON: a name that they have, that of a list, and what they have at least.
RECORDS = {
    "authctl": ("email_verified", "identities", '"id": "a", "email_verified": true'),
    "json": ("id", "labels", '"id": "a", "email": "a@example.com"'),
    "appwrite": ("registration", "labels", '"$id": "a", "registration": "2024-01-01"'),
    "supabase": ("encrypted_password", "identities", '"id": "a", "aud": "a", "encrypted_password": ""'),
    "firebase": ("localId", "providerUserInfo", '"localId": "a", "email": "a@example.com"'),
    "auth0": ("user_id", "mfa_factors", '"user_id": "auth0|a"'),
    "keycloak": ("username", "credentials", '"username": "a"'),
    "cognito": ("Username", "Attributes", '"Username": "a"'),
    "okta": ("profile", "groups", '"id": "a", "profile": {"login": "a"}'),
    "clerk": ("email_addresses", "external_accounts", '"id": "a", "email_addresses": []'),
    "django": ("model", "fields", '"model": "auth.user", "pk": 1, "fields": {"password": "", "is_active": true}'),
    "kratos": ("traits", "verifiable_addresses", '"schema_id": "a", "traits": {"email": "a@example.com"}'),
    "wordpress": ("user_login", "roles", '"ID": 1, "user_login": "a"'),
}
HEADS = {
    "authctl": "id,email,email_verified,phone_verified,last_sign_in_at",
    "csv": "id,email,name",
    "supabase": "id,aud,email,encrypted_password",
    "auth0": "Id,Email,Name",
    "cognito": "cognito:username,email,email_verified,phone_number_verified,cognito:mfa_enabled",
    "okta": "login,firstName,lastName,email",
    "clerk": "id,primary_email_address,password_digest",
    "django": "id,username,password,is_active,date_joined",
    "wordpress": "ID,user_login,user_email,user_pass",
}
ROWS = {
    "authctl": "x,x,1,1,",
    "cognito": "x,x,true,true,false",
    "django": "1,x,x,1,",
}  # of the others any cells
FIREBASE = "a,a@example.com" + "," * 27  # whose CSV names no columns
TEXTS = {
    "json": (JSON, {"GOOD": "{BASE}"}),
    "ldif": (LDIF, {"GOOD": "dn: uid=a,ou=people\nobjectClass: person\nuid: a\ncn: A"}),
    "htpasswd": (HTPASSWD, {"GOOD": "ada:$apr1$abcdefgh$abcdefghijklmnopqrstuv"}),
    "xml": (XML, {"GOOD": '<object model="auth.user" pk="1"><field name="is_active">1</field></object>'}),
}


class Case(NamedTuple):
    """An input of a source: what a file begins with, what is repeated, and what it ends with."""

    source: str
    form: str
    name: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.source} {self.form}: {self.name}"

    def write(self, path: Path, size: int) -> None:
        """Make a file of so many bytes, about."""
        head, piece, tail = self.parts
        with path.open("wb") as file:
            file.write(octets(head))
            number, times = 0, 1 + 100_000 // len(piece)
            while (left := size - file.tell()) > 0:
                several = piece * times
                if "NUMBER" in piece:
                    several = "".join(piece.replace("NUMBER", str(number + each)) for each in range(times))
                number += times
                found = octets(several)
                file.write(found if len(found) <= left else octets(several[: 1 + len(several) * left // len(found)]))
            file.write(octets(tail))


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def cases() -> Iterator[Case]:
    """All inputs of all sources."""
    for source, (name, several, base) in RECORDS.items():
        yield from made(source, "json", *TEXTS["json"], BASE=base, NAME=name, LIST=several)
    for source, head in HEADS.items():
        yield from made(source, "csv", CSV, {}, HEAD=head, ROW=ROWS.get(source, ",".join("x" for _ in head.split(","))))
    yield from made("firebase", "csv", CSV, {}, HEAD=FIREBASE, ROW=FIREBASE)
    yield from made("django", "xml", *TEXTS["xml"])
    for source in ("ldif", "htpasswd"):
        yield from made(source, source, *TEXTS[source])


def made(
    source: str, form: str, shapes: Mapping[str, tuple[str, str, str]], texts: Mapping[str, str], **names: str
) -> Iterator[Case]:
    for shape, parts in shapes.items():
        yield Case(source, form, shape, tuple(put_in(part, {**texts, **names}) for part in parts))


def put_in(part: str, names: Mapping[str, str]) -> str:
    for name, text in names.items():
        part = part.replace(name, text)
    return part


class Cost(NamedTuple):
    """seconds: of a processor. megabytes: of memory. status: of the process; 0 where it came to the end."""

    seconds: float
    megabytes: float
    status: int


def cost(source: str, path: Path, limit: int) -> Cost:
    """What reading a file costs. limit: seconds."""
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        try:
            read(source, path)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    _, status, used = os.wait4(child, 0)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, status)


def read(source: str, path: Path) -> None:
    """Read a file as an import does, and keep nothing."""
    try:
        looked_at = (files.look_at(str(path), None),)
        job = reader_process.Job(source, looked_at, OPTIONS.get(source, {}), RULES, BATCH)
        for _ in reader_process.batches(job, sources.load(source), os.urandom, None):
            pass
    except Invalid:
        return


def main() -> None:
    """Measure, print a line for each input, and fail where one is not linear."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[5, 20])
    parser.add_argument("--only", default="", help="part of what is printed before the numbers")
    parser.add_argument("--worst", action="store_true", help="go on with the worst inputs of each reader only")
    asked = parser.parse_args()
    found = [case for case in cases() if asked.only in str(case)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text("{}")
        for source in RECORDS.keys() | HEADS.keys() | {"ldif", "htpasswd"}:
            read(source, path)  # loads what all children share
        nothing = cost("authctl", path, LIMIT)
        if asked.worst:
            found = list(worst(found, path, asked.megabytes[0], nothing))
        print(f"{'':50}" + "".join(f"{size:>9g} MB{'':17}" for size in asked.megabytes))
        faults = [case for case in found if not is_linear(case, path, asked.megabytes, nothing)]
    print(f"{len(found)} inputs, {len(faults)} not linear" + "".join(f"\n    {case}" for case in faults))
    sys.exit(bool(faults))


def worst(found: Sequence[Case], path: Path, size: float, nothing: Cost) -> Iterator[Case]:
    """Measure all inputs at a size; of each reader, the one that takes longest and the one that takes most memory."""
    for _, several in groupby(found, key=attrgetter("source", "form")):
        taken = {case: share(case, path, size, nothing) for case in several}
        for case, each in taken.items():
            print(f"{case!s:50}{each.seconds:8.3f} s{each.megabytes:6.1f} MB/MB", flush=True)
        by_time, by_memory = (max(taken, key=lambda case: taken[case][place]) for place in (0, 1))
        yield from dict.fromkeys((by_time, by_memory))


def share(case: Case, path: Path, size: float, nothing: Cost) -> Cost:
    """What each megabyte of an input of that size costs, beyond what a process does that reads nothing."""
    case.write(path, int(size * MEGABYTE))
    taken = cost(case.source, path, 1 + int(LIMIT * size))
    seconds, megabytes = (max(0.0, of - at) / size for of, at in zip(taken[:2], nothing[:2], strict=True))
    return Cost(seconds, megabytes, taken.status)


def is_linear(case: Case, path: Path, sizes: Sequence[float], nothing: Cost) -> bool:
    """Measure an input at each size and print it."""
    print(f"{case!s:50}", end="", flush=True)
    before, fine = None, True
    for size in sizes:
        each = share(case, path, size, nothing)
        time_slope = each.seconds / before.seconds if before and each.seconds * size > UNTIMED else 1.0
        room_slope = each.megabytes / before.megabytes if before and each.megabytes * size > SMALL else 1.0
        print(f"{each.seconds:8.3f} s{each.megabytes:6.1f} MB/MB{max(time_slope, room_slope):6.2f}", end="", flush=True)
        fine = fine and not each.status and max(time_slope, room_slope) <= LINEAR
        before = each._replace(seconds=max(each.seconds, UNTIMED / size), megabytes=max(each.megabytes, SMALL / size))
        if each.status:
            print(f"  ended by {each.status}", end="")
            break
    print("" if fine else "  NOT LINEAR", flush=True)
    return fine


if __name__ == "__main__":
    main()
