"""How long the log is kept: obeyed only as somebody has set it who has the log's key, on both databases."""

import pytest
from doubles.logs import events, sql, verified

from authctl.core.audit import retention
from authctl.core.maintenance import checks, key_rotation

NAME = "log-retention"
UNSET = f"DELETE FROM policies WHERE name = '{NAME}'"


def forge(directory, value="1d"):
    """Set the policy as somebody without the key can."""
    sql(directory, UNSET)
    sql(directory, f"INSERT INTO policies (name, value) VALUES ('{NAME}', '\"{value}\"')")


def purged(directory):
    """How many events a purge clears, and what it warns of."""
    told = []
    directory.sleep, directory.warn = (lambda seconds: None), told.append
    return directory.security.purge().events, told


def signed(directory):
    return directory.read(lambda work: retention.signed(work, directory.find_log_key()))


def found(directory, settings):
    return [each for each in checks.check(directory, settings) if each.check.id == "log-retention-unsigned"]


def is_refused(directory, settings):
    """Whether nothing is cleared, a purge says so, and the check-up too."""
    count, told = purged(directory)
    return (
        count == 0 and len(told) == 1 and "no events were cleared" in told[0] and len(found(directory, settings)) == 1
    )


def test_what_was_set_past_authctl_is_not_obeyed(log, settings, clock):
    assert found(log, settings) == []
    forge(log)
    clock.forward(days=2)
    before = events(log)
    assert is_refused(log, settings)
    assert events(log)[: len(before)] == before
    [finding] = found(log, settings)
    assert finding.command == "authctl security set log-retention off"
    assert finding.message.startswith("The policy log-retention is 1d, but was last set with authctl to off.")
    log.security.set(NAME, "off")
    assert found(log, settings) == []


def test_a_dry_run_clears_as_little(log, clock):
    forge(log)
    clock.forward(days=2)
    assert purged(log.acting(log.actor, dry_run=True))[0] == 0


def test_a_longer_retention_is_not_shortened(log, settings, clock):
    log.security.set(NAME, "30d")
    clock.forward(days=2)
    forge(log)
    assert is_refused(log, settings)
    sql(log, UNSET)  # which hides it, and clears nothing
    assert [finding.command for finding in found(log, settings)] == ["authctl security set log-retention 30d"]
    log.security.set(NAME, "30d")
    assert (purged(log), found(log, settings)) == ((0, []), [])


def test_whoever_wants_what_is_there_sets_it_once_more(log, settings, clock):
    """As after an upgrade, where an older version has set it."""
    forge(log)
    clock.forward(days=2)
    log.security.set(NAME, "1d")
    assert found(log, settings) == []
    assert purged(log)[0] > 0


@pytest.mark.parametrize("back", [lambda security: security.reset([NAME]), lambda security: security.apply("appwrite")])
def test_presets_and_resets_set_it_too(log, settings, clock, back):
    log.security.set(NAME, "1d")
    clock.forward(minutes=1)
    back(log.security)
    assert (signed(log), found(log, settings)) == (None, [])
    forge(log)
    clock.forward(days=2)
    assert is_refused(log, settings)


def test_it_outlives_the_event_that_set_it(log, settings, clock):
    log.security.set(NAME, "1d")
    for _ in range(3):
        clock.forward(days=2)
        count, told = purged(log)
        assert (count > 0, told) == (True, [])
        assert not [row for _, row, _ in events(log) if row.resource == f"policies/{NAME}"]
        assert (signed(log).days, found(log, settings)) == (1, [])
        assert verified(log).is_good
    forge(log, "2d")
    assert is_refused(log, settings)


def test_an_old_event_that_is_put_back_sets_nothing(log, settings, clock):
    log.security.set(NAME, "1d")
    [old] = [(row, digest) for _, row, digest in events(log) if row.resource == f"policies/{NAME}"]
    clock.forward(days=1)
    log.security.set(NAME, "30d")
    log.security.verify_logs()
    sql(log, f"UPDATE events SET id = 'moved' WHERE id = '{old[0].id}'")
    from authctl import storage

    log.database.write(lambda db: storage.events.insert(db, *old))
    forge(log)
    clock.forward(days=2)
    assert signed(log).days == 30
    assert is_refused(log, settings)


def test_an_event_without_the_key_sets_nothing(log, settings, clock):
    log.security.set(NAME, "30d")
    clock.forward(minutes=1)
    log.security.set(NAME, "1d")
    sql(log, "UPDATE events SET digest = NULL WHERE seq = (SELECT max(seq) FROM events)")
    clock.forward(days=2)
    assert signed(log).days == 30
    assert is_refused(log, settings)


def test_a_verification_of_an_older_version_repeats_nothing(log, settings, clock, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(retention, "repeated", lambda setting: {})
        log.security.set(NAME, "1d")
        log.security.verify_logs()
        clock.forward(days=2)
    assert found(log, settings) == []
    assert purged(log)[0] > 0
    assert found(log, settings) == []
    with monkeypatch.context() as before:
        before.setattr(retention, "repeated", lambda setting: {})
        clock.forward(days=2)
        purged(log)
    assert is_refused(log, settings)  # nothing says any more what was set
    log.security.set(NAME, "1d")
    assert found(log, settings) == []


def test_a_new_secret_key_changes_nothing(log, settings, clock):
    log.security.set(NAME, "1d")
    key_rotation.rotate_key(log, settings)
    clock.forward(days=2)
    assert purged(log)[0] > 0
    assert found(log, settings) == []


def test_of_two_settings_at_one_moment_the_second_counts(log):
    log.security.set(NAME, "1d")
    log.security.set(NAME, "2d")
    assert signed(log).days == 2
    log.security.verify_logs()
    assert signed(log).days == 2
