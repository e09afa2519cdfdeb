"""Every record of every sample export has the outcome that is expected of it, and each listed password signs in.

The same file once more changes nothing.
"""

import functools
import json
from unittest import mock

import pytest
from doubles.samples import SAMPLES

from authctl.core import hashing
from authctl.errors import Denied
from authctl.model import Status, WeakHash
from authctl.transfer import files, sources
from authctl.transfer.importing import Options, import_users

# Said of records that come in whole.
HARMLESS = {"import_password_weak"}


def outcomes(told, items):
    """What the report says of each record, in the words of the expectations."""
    lines = {line["at"]: line for line in map(json.loads, told.read_text().splitlines())}
    for item in items:
        line = lines.get(item.at)
        if line is None:
            yield "import"
        elif line["outcome"] == "refused":
            yield "reject"
        elif line["outcome"] == "skipped":
            yield "skip"
        else:
            yield "import" if {each["type"] for each in line["errors"]} <= HARMLESS else "warn"


def items_of(sample):
    opened = [files.Reading(files.look_at(str(path), None), None) for path in sample.paths]
    try:
        return list(sources.load(sample.source).read([each.file for each in opened], sample.options, 0))
    finally:
        for each in opened:
            each.close()


def who(item):
    """How a user of the sample is found."""
    if item.id:
        return f"id:{item.id}"
    return f"username:{item.username}" if item.username else f"email:{item.email}"


@pytest.fixture(autouse=True, scope="module")
def verified_once():
    """Whether a password is that of a hash is found out once, whichever of the two databases the hash is in."""
    with mock.patch.object(hashing, "matching", functools.cache(hashing.matching)):
        yield


@pytest.fixture
def arrive(directory, tmp_path):
    """Imports a sample, and answers its journal and report."""

    def arriving(sample, **options):
        report = tmp_path / "report.jsonl"
        paths = [str(path) for path in sample.paths]
        journal = import_users(
            directory,
            paths,
            source=sample.source,
            source_options=sample.options,
            options=Options(teams=True, **options),
            report=str(report),
        )
        return journal, report

    return arriving


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_each_record_has_its_outcome_and_each_password_signs_in(directory, arrive, sample):
    journal, report = arrive(sample)
    items, expected = items_of(sample), sample.expected
    found = list(outcomes(report, items))
    said = [(str(entry["ref"]), entry["outcome"]) for entry in expected]
    assert [(str(entry["ref"]), outcome) for entry, outcome in zip(expected, found, strict=True)] == said
    assert journal.counts["created"] == sum(outcome in ("import", "warn") for outcome in found)
    arrived = [
        (item, entry) for item, entry in zip(items, expected, strict=True) if entry["outcome"] in ("import", "warn")
    ]
    before = [directory.users.get(who(item)) for item, _ in arrived]
    report.unlink()
    again, _ = arrive(sample)
    assert again.counts["created"] == again.counts["updated"] == 0
    assert [directory.users.get(who(item)) for item, _ in arrived] == before
    for item, entry in arrived:
        check_user(directory, item, entry)


def check_user(directory, item, entry):
    user = directory.users.get(who(item))
    if "email_verified" in entry:
        assert user.email_verified == entry["email_verified"]
    if "disabled" in entry:
        assert (user.status is Status.BLOCKED) == entry["disabled"]
    if "password" not in entry:
        return
    if user.status is Status.BLOCKED:
        with pytest.raises(Denied, match="blocked"):
            directory.sessions.create(who(item), entry["password"])
        directory.users.update_status(who(item), Status.ACTIVE)
    with pytest.raises(Denied) as refused:
        directory.sessions.create(who(item), entry["password"] + "x")
    assert refused.value.type == "user_invalid_credentials"
    signed_in = directory.sessions.create(who(item), entry["password"])
    assert signed_in.session.user_id == user.id
    assert signed_in.more_factors_required == bool(user.mfa)


def test_weak_hashes_sign_in_when_they_are_wrapped(directory, arrive):
    sample = next(sample for sample in SAMPLES if sample.source == "appwrite")
    arrive(sample, weak_hash=WeakHash.WRAP)
    for item, entry in zip(items_of(sample), sample.expected, strict=True):
        if entry.get("weak"):
            assert directory.users.get(who(item)).password.algorithm.startswith("wrapped-")
            assert directory.sessions.create(who(item), entry["password"]).session


def test_identities_authenticators_labels_and_teams_come_along(directory, arrive):
    by_source = {sample.source: sample for sample in SAMPLES if sample.name != "firebase-users.csv"}
    arrive(by_source["supabase"])
    [identity] = directory.users.list_identities("google.user@example.com")
    assert (identity.provider, identity.provider_uid) == ("google", "108123456789012345678")
    zoe = directory.users.get("zoe@example.com")
    assert (zoe.totp, zoe.mfa) == (True, True)
    assert directory.users.get("li.lei@example.cn").labels == ("editor",)


def test_groups_become_teams(directory, arrive):
    sample = next(sample for sample in SAMPLES if sample.source == "keycloak")
    arrive(sample)
    [membership] = directory.users.list_memberships("username:zoë")
    assert membership.team_name == "staff"


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
@pytest.mark.parametrize("on_conflict", ["fail", "merge"])
def test_the_same_file_once_more_changes_nothing_whatever_the_conflicts(directory, arrive, sample, on_conflict, clock):
    first, report = arrive(sample, on_conflict=on_conflict)
    report.unlink()
    before = {user.id: user for user in directory.users.iterate()}
    clock.forward(days=1)
    second, _ = arrive(sample, on_conflict=on_conflict)
    assert {user.id: user for user in directory.users.iterate()} == before
    assert (second.counts["created"], second.counts["updated"]) == (0, 0)
    assert second.counts["refused"] == first.counts["refused"]
