"""`authctl security unlock-source`."""

import json


def test_a_locked_source_is_unlocked(security):
    security("set source-attempts 1")
    line = "sessions create nobody --ip 192.0.2.7 --password-stdin"
    assert security(line, stdin="wrong\n").status == 6
    assert json.loads(security("unlock-source 192.0.2.7 -o json").stdout) == {"source": "192.0.2.7", "unlocked": True}
    assert security("unlock-source 192.0.2.7 --fields unlocked").stdout == "false\n"
    ran = security("unlock-source somewhere")
    assert (ran.status, "somewhere" in ran.stderr) == (3, True)


def test_a_dry_run_leaves_it_locked(security):
    security("set source-attempts 1")
    security("sessions create nobody --ip 192.0.2.7 --password-stdin", stdin="wrong\n")
    for _ in range(2):
        assert security("unlock-source 192.0.2.7 --dry-run --fields unlocked").stdout == "true\n"
