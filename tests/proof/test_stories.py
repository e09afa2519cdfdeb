"""The smallest examples of what the attacker's machine has found, told once more: each ends well, for everybody."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from proof import attacker
from proof.command_line import CommandLine
from proof.people import EMAILS, PHONES
from proof.world import Files

(ADA, ADAS_OTHER), (EVE, EVES_OTHER), (SAM,) = EMAILS["ada"], EMAILS["eve"], EMAILS["sam"]
ADAS_PHONE, SAMS_PHONE, EVES_PHONE = PHONES["ada"][0], PHONES["sam"][0], PHONES["eve"][0]


@pytest.fixture
def machine(ready_file, tmp_path):
    """One that is told what to do, a step at a time. In the end everybody gets back in."""
    machine = type("Attacker", (attacker.Attacker,), {"places": Files(*ready_file, tmp_path), "counts": Counter()})()
    yield machine
    machine.teardown()


# An intruder


@pytest.mark.parametrize("remedy", ["password", "recovery", "secure"])
@pytest.mark.parametrize("way", attacker.DIGGING)
def test_whoever_has_had_a_session_holds_nothing_after_the_remedy(machine, way, remedy):
    machine.begins("session", "password", None, True)
    machine.eve_digs_in([way], EVE)
    machine.ada_is_helped(0, remedy)


@pytest.mark.parametrize("by_recovery", [False, True])
@pytest.mark.parametrize("way", attacker.DIGGING)
def test_whoever_has_had_the_mailbox_holds_nothing_after_the_remedy(machine, way, by_recovery):
    machine.begins("mailbox", "password", None, True)
    machine.eve_gets_in(by_recovery)
    machine.eve_digs_in([way], EVES_PHONE)
    machine.ada_is_helped(0, "recovery")


def test_an_operators_new_password_ends_the_change_that_an_intruder_asked_for(machine):
    machine.begins("password", "password", None, True)
    machine.eve_gets_in(False)
    machine.eve_digs_in(["asks to change"], EVES_PHONE)
    machine.operator_acts(0, "password")


@pytest.mark.parametrize("remedy", ["cancel", "secure_as_it_is", "secure"])
@pytest.mark.parametrize("chain", [[EVE], [EVE, EVES_OTHER], [EVE, EVES_PHONE, EVES_OTHER]])
def test_however_far_an_intruder_moves_an_account_its_owner_gets_it_back(machine, chain, remedy):
    machine.begins("password", "password", None, True)
    machine.eve_gets_in(False)
    machine.eve_moves(chain, len(chain) > 1, True)
    machine.ada_is_helped(0, remedy)


@pytest.mark.parametrize("loot", ["password", "mailbox", "phone"])
@pytest.mark.parametrize("way", ["password", "email", "phone"])
@pytest.mark.parametrize("factor", ["totp", "recovery_code", "email", "phone"])
def test_one_possession_is_not_two_factors(machine, loot, way, factor):
    machine.begins(loot, way, factor, True)
    machine.eve_gets_in(False)
    machine.eve_gets_in(True)
    machine.eve_digs_in([*attacker.DIGGING], EVE)


@pytest.mark.parametrize("way", ["email", "phone", "identity"])
@pytest.mark.parametrize("does", attacker.DIGGING)
def test_an_old_session_of_an_account_without_a_password_changes_nothing(machine, way, does):
    machine.begins("session", way, None, True)
    machine.eve_digs_in([does], EVE)


def test_whoever_has_the_phone_of_a_claimant_is_the_claimant(machine):
    machine.begins("phone", None, None, True)
    machine.signs_up("ada", None, ADAS_PHONE, False)
    machine.eve_gets_in(False)
    machine.scene.come_by_code("eve", ADAS_PHONE, "phone")


def test_an_identity_is_not_linked_by_half_a_sign_in(machine):
    machine.begins("mailbox", "password", "recovery_code", True)
    machine.comes_by_identity("eve", ADA, True)


def test_another_tree_is_tried_through_its_command_line():
    with CommandLine(Path(sys.executable).parent / "authctl") as place:
        machine = type("Attacker", (attacker.Attacker,), {"places": place, "counts": Counter()})()
        machine.begins("password", "password", "totp", True)
        machine.eve_gets_in(False)
        machine.ada_is_helped(0, "secure")
        machine.teardown()
    assert machine.counts["missing"] == 0
    assert machine.scene.story[-1].endswith("ada redeems the email sent to ada@example.com")


# Mistakes, and strangers


@pytest.mark.parametrize("way", [None, "email", "password"])
def test_a_number_that_an_operator_mistyped_lets_no_stranger_in(machine, way):
    machine.begins("session", None, None, False)
    machine.operator_gives("ada", SAMS_PHONE)
    if way is not None:
        machine.scene.come_by_code("ada", ADA, "email")
    machine.scene.come_by_code("sam", SAMS_PHONE, "phone")


def test_an_unverified_email_of_an_identity_lets_its_owner_in_nowhere(machine):
    machine.begins("session", None, None, False)
    machine.comes_by_identity("sam", ADA, False)
    machine.scene.come_by_code("ada", ADA, "email")


def test_a_number_that_was_mistyped_at_sign_up_lets_no_stranger_in(machine):
    machine.begins("session", None, None, False)
    machine.signs_up("ada", ADA, SAMS_PHONE, True)
    machine.comes("ada", 0, "password")
    machine.acts_signed_in("ada", 0, "asks to verify", ADA)
    machine.redeems("ada", 0, 0)
    machine.scene.come_by_code("sam", SAMS_PHONE, "phone")


@pytest.mark.parametrize("address", [SAM, SAMS_PHONE])
@pytest.mark.parametrize("does", ["asks to change", "changes"])
def test_a_mistyped_change_takes_nothing_away(machine, address, does):
    machine.begins("session", "password", None, False)
    machine.acts_signed_in("ada", 0, does, address)
    machine.acts_signed_in("ada", 0, "asks to verify", address)
    machine.redeems("sam", 0, None)
    machine.redeems("sam", 0, 0)


@pytest.mark.parametrize("factor", ["totp", "recovery_code"])
def test_a_mistyped_number_of_an_account_with_two_factors_bars_nobody(machine, factor):
    machine.begins("session", "email", factor, False)
    machine.acts_signed_in("ada", 0, "changes", SAMS_PHONE)
    machine.scene.come_by_code("sam", SAMS_PHONE, "phone")


def test_the_email_of_ones_own_identity_is_no_bar(machine):
    machine.begins("session", "identity", None, False)
    machine.acts_signed_in("ada", 0, "clears", ADA)


@pytest.mark.parametrize("way", ["email", "phone", "identity"])
def test_nobody_takes_away_their_own_last_way_in(machine, way):
    machine.begins("session", way, None, False)
    for does in ("clears", "unlinks identities"):
        machine.acts_signed_in("ada", 0, does, ADAS_PHONE if way == "phone" else ADA)


def test_what_is_granted_to_an_address_goes_to_nobody_who_typed_it(machine):
    machine.begins("session", None, None, False)
    machine.signs_up("sam", ADAS_OTHER, None, True)
    machine.operator_names(ADAS_OTHER, False)
    machine.operator_names(ADAS_OTHER, True)
