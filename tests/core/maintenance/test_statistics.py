"""The picture of a directory: what is counted, and where months and days begin."""

from datetime import UTC, datetime

import pytest

from authctl import storage
from authctl.core.maintenance import statistics, status


def drawn(directory):
    return directory.read(statistics.picture)


def test_an_empty_directory_has_a_picture(directory):
    found = drawn(directory)
    assert [each["month"] for each in found["users_by_month"]][::11] == ["2025-02", "2026-01"]
    assert [each["day"] for each in found["sign_ins_by_day"]][::13] == ["2025-12-20", "2026-01-02"]
    assert len(found["users_by_month"]) == statistics.MONTHS
    assert len(found["sign_ins_by_day"]) == statistics.DAYS
    assert (found["mfa"], found["hashes"]) == ({"users": 0, "share": None}, [])


def test_users_stand_in_the_month_they_were_made_in(directory, clock):
    for moment in (
        datetime(2025, 1, 31, 23, 59, 59, 999000, UTC),  # before the picture
        datetime(2025, 2, 1, tzinfo=UTC),
        datetime(2025, 12, 31, 23, 59, 59, 999000, UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 31, 23, 59, 59, 999000, UTC),
    ):
        clock.now = moment
        directory.users.create()
    months = {each["month"]: each["users"] for each in drawn(directory)["users_by_month"]}
    assert {name: count for name, count in months.items() if count} == {"2025-02": 1, "2025-12": 1, "2026-01": 2}


def test_sign_ins_stand_on_their_day(directory, clock):
    directory.users.create(id="ada")
    for moment in (
        datetime(2025, 12, 31, 23, 59, 59, 999000, UTC),  # before the picture
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 13, 23, 59, 59, 999000, UTC),
        datetime(2026, 1, 14, tzinfo=UTC),
        datetime(2026, 1, 14, 12, tzinfo=UTC),
    ):
        clock.now = moment
        directory.users.create_session("ada")
    days = {each["day"]: each["sign_ins"] for each in drawn(directory)["sign_ins_by_day"]}
    assert {day: count for day, count in days.items() if count} == {"2026-01-01": 1, "2026-01-13": 1, "2026-01-14": 2}


def test_second_factors_and_hashes_are_shares_of_everybody(directory):
    directory.users.create(id="ada", password="correct horse battery")
    directory.users.create(id="grace", password="correct horse battery")
    directory.users.create(id="md5", password_hash="5f" * 16, hash="md5")
    directory.users.create(id="none")
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.enable("ada")
    directory.mfa.enable("none")  # without a factor, which protects nothing
    found = drawn(directory)
    assert found["mfa"] == {"users": 1, "share": 0.25}
    assert found["hashes"][0] == {"algorithm": "argon2id", "users": 2}
    assert {each["algorithm"]: each["users"] for each in found["hashes"]} == {"argon2id": 2, "md5": 1, None: 1}


@pytest.mark.parametrize("asked", [None, True, False])
def test_large_directories_are_drawn_when_it_is_asked_for(directory, settings, monkeypatch, asked):
    assert (status.status(directory, settings, picture=asked)["picture"] is None) == (asked is False)
    monkeypatch.setattr(status, "PICTURE_ROWS", 1)
    for _ in range(2):
        directory.users.create()
    assert (status.status(directory, settings, picture=asked)["picture"] is None) == (asked is not True)


def test_status_says_when_the_last_backup_was_made(directory, settings, clock):
    assert status.status(directory, settings)["backup_at"] is None
    directory.database.write(lambda db: storage.backups.note(db, clock.now))
    assert status.status(directory, settings)["backup_at"] == "2026-01-02T03:04:05.678Z"
