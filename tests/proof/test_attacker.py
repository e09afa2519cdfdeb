"""The attacker's machine for a few seconds, on both databases; `python tests/proof` runs it for an hour."""

from collections import Counter

import pytest
from proof import attacker, faults
from proof.world import Files, Servers

from authctl.core.accounts import endings
from authctl.core.accounts.endings import Cause
from authctl.core.credentials import addresses, factors, stepping_up
from authctl.core.tokens import cancelling, sending

EXAMPLES, STEPS = {"sqlite": 20, "postgres": 6}, 15


@pytest.fixture(params=EXAMPLES)
def places(request, tmp_path):
    if request.param == "sqlite":
        return Files(*request.getfixturevalue("ready_file"), tmp_path)
    return Servers(*request.getfixturevalue("ready_copies"))


def test_nobody_is_robbed(places):
    attacker.run_round(places, Counter(), examples=EXAMPLES[places.name], steps=STEPS)


# What it would see, if the rules were other than they are


@pytest.fixture
def machine(ready_file, tmp_path):
    """One that is told what to do, a step at a time."""
    places = Files(*ready_file, tmp_path)
    machine = type("Attacker", (attacker.Attacker,), {"places": places, "counts": Counter()})()
    yield machine
    machine.scene.is_over = True
    machine.teardown()


def test_an_old_session_that_outlives_a_new_password_is_seen(machine, monkeypatch):
    kept = endings.TABLE[Cause.OWN_PASSWORD]._replace(sessions=endings.Sessions.NONE)
    monkeypatch.setitem(endings.TABLE, Cause.OWN_PASSWORD, kept)
    machine.begins("session", "password", None, True)
    with pytest.raises(faults.Kept, match="sessions: session"):
        machine.ada_is_helped(0, "password")


def test_a_change_that_outlives_a_new_password_is_seen(machine, monkeypatch):
    kept = endings.TABLE[Cause.OWN_PASSWORD]._replace(changes=endings.Changes.NONE)
    monkeypatch.setitem(endings.TABLE, Cause.OWN_PASSWORD, kept)
    machine.begins("password", "password", None, True)
    machine.eve_gets_in(False)
    machine.eve_digs_in(["asks to change"], "eve@example.com")
    machine.judge.taken.clear()
    with pytest.raises(faults.Kept, match="changes: to eve"):
        machine.ada_is_helped(0, "password")


def test_a_password_that_is_enough_where_two_factors_are_asked_for_is_seen(machine, monkeypatch):
    machine.begins("password", "password", "totp", True)
    monkeypatch.setattr(factors, "lacks", lambda policy, user, session: False)
    with pytest.raises(faults.OneFactor, match="with the password alone"):
        machine.eve_gets_in(False)


def test_a_change_without_the_password_is_seen(machine, monkeypatch):
    machine.begins("session", "password", None, True)
    monkeypatch.setattr(stepping_up, "step_up", lambda directory, **given: None)
    with pytest.raises(faults.SteppedUp, match="pending"):
        machine.eve_digs_in(["asks to change"], "eve@example.com")


def test_changes_that_hide_what_takes_the_first_back_are_seen(machine, monkeypatch):
    machine.begins("password", "password", None, True)
    machine.eve_gets_in(False)
    monkeypatch.setattr(cancelling, "check_room", lambda work, user: None)
    machine.eve_moves(["eve@example.com"], False, True)
    with pytest.raises(faults.Unheard, match="what became of ada"):
        machine.ada_is_helped(0, "cancel")


def test_an_address_that_is_kept_since_it_came_back_is_seen(machine, monkeypatch):
    machine.begins("password", "password", None, True)
    machine.eve_gets_in(False)
    restore = addresses.restore
    monkeypatch.setattr(addresses, "restore", lambda *given, was_given: restore(*given, was_given=True))
    machine.eve_moves(["eve@example.com", "eve@example.org"], True, False)
    with pytest.raises(faults.Kept, match="addresses: eve"):
        machine.ada_is_helped(0, "secure_as_it_is")


def test_a_secret_that_is_shown_to_who_invites_is_seen(machine, monkeypatch):
    machine.begins("session", "password", None, False)
    monkeypatch.setattr(sending, "check_print_secret", lambda directory, print_secret: None)
    with pytest.raises(faults.Handed, match="proves sam"):
        machine.acts_signed_in("ada", 0, "invites", "sam@example.com")
