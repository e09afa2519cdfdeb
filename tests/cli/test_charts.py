"""Bars in a window: as wide as fits, none longer than the most, ASCII where the terminal knows no more."""

import io
import json

import pytest
from hypothesis import given, strategies as st

from authctl.cli.charts import WIDEST, drawn

COUNTS = st.integers(0, 10**9)
PICTURES = st.builds(
    lambda months, days, mfa, hashes: {
        "users_by_month": [{"month": "2026-01", "users": count} for count in months],
        "sign_ins_by_day": [{"day": "2026-01-01", "sign_ins": count} for count in days],
        "mfa": {"users": min(mfa, sum(hashes.values())), "share": None},
        "hashes": [{"algorithm": name, "users": count} for name, count in hashes.items()],
    },
    st.lists(COUNTS, min_size=12, max_size=12),
    st.lists(COUNTS, min_size=14, max_size=14),
    COUNTS,
    st.dictionaries(st.sampled_from(["argon2id", "bcrypt", "md5", None]), COUNTS),
)


@given(PICTURES, st.integers(10, 300), st.booleans())
def test_every_picture_fits_every_window(picture, columns, ascii):
    lines = drawn(picture, columns, ascii=ascii).splitlines()
    assert all(len(line) <= max(columns, 16) for line in lines)
    assert not ascii or all(line.isascii() for line in lines)


def test_bars_are_as_long_as_their_numbers():
    picture = {
        "users_by_month": [{"month": "2026-01", "users": 400}, {"month": "2026-02", "users": 100}],
        "sign_ins_by_day": [{"day": "2026-01-01", "sign_ins": 1}, {"day": "2026-01-02", "sign_ins": 1_000_000}],
        "mfa": {"users": 1, "share": 0.25},
        "hashes": [{"algorithm": "argon2id", "users": 3}, {"algorithm": None, "users": 1}],
    }
    text = drawn(picture, 200, ascii=True)
    assert f"2026-01  400 {'#' * WIDEST}\n" in text
    assert f"2026-02  100 {'#' * (WIDEST // 4)}\n" in text
    assert "2026-01-01          1 #\n" in text  # something is never nothing
    assert "on   1 (25%) " in text
    assert "none      1 (25%) " in text
    assert "▏\n" in drawn(picture, 200, ascii=False)
    colored = drawn(picture, 200, ascii=True, has_colors=True)
    assert f"2026-01  400 \x1b[36m{'#' * WIDEST}\x1b[0m\n" in colored
    assert colored.replace("\x1b[36m", "").replace("\x1b[0m", "") == text


def test_a_share_is_none_or_all_only_where_it_is():
    def shares(*counts):
        hashes = [{"algorithm": f"a{place}", "users": count} for place, count in enumerate(counts)]
        picture = {"users_by_month": [], "sign_ins_by_day": [], "mfa": {"users": counts[0]}, "hashes": hashes}
        lines = drawn(picture, 200, ascii=True).partition("Passwords\n")[2].splitlines()
        return [line.partition("(")[2].partition(")")[0] for line in lines]

    assert shares(3, 2026) == ["<1%", "99%"]
    assert shares(0, 5) == ["0%", "100%"]
    assert shares(1, 99) == ["1%", "99%"]
    assert shares(1, 10**9) == ["<1%", "99%"]


class Ascii(io.StringIO):
    encoding = "ascii"


@pytest.mark.parametrize("stream", [io.StringIO, Ascii])
def test_status_draws_on_a_terminal(authctl, stream):
    authctl("users create")
    ran = authctl("status", stdout=stream(), stdout_isatty=True, env={"COLUMNS": "60", "TERM": "xterm"})
    assert ran.status == 0
    assert "Users by month" in ran.stdout
    assert ("█" in ran.stdout) == (stream is io.StringIO)
    assert ("#####" in ran.stdout) == (stream is Ascii)
    assert "Users by month" not in authctl("status -o table --no-picture").stdout


def test_programs_read_numbers(authctl):
    authctl("users create")
    found = json.loads(authctl("status --json").stdout)["picture"]
    assert found.keys() == {"users_by_month", "sign_ins_by_day", "mfa", "hashes"}
    assert json.loads(authctl("status --json --no-picture").stdout)["picture"] is None
    assert json.loads(authctl("status --fields picture").stdout) == found
    assert "picture" not in authctl("status").stdout
    assert len(authctl("status").stdout.rstrip("\n").split("\t")) == 10
