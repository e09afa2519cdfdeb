"""What twelve commands look like in windows of 60, 80 and 120 columns, with the longest ids, emoji and wide scripts.

SCREENS=FOLDER leaves a picture of each there.
"""

import io
import itertools
import os
import re
from pathlib import Path

import pytest
import wcwidth
from doubles import pictures
from rich.cells import cell_len, split_graphemes

WIDTHS = (60, 80, 120)
LONG_ID = "a" * 8 + "-0123456789" * 2 + "-12345"  # as long as ids may be
PEOPLE = (
    ("ada", "Ada Lovelace", "ada@example.com", "admin,beta"),
    (
        LONG_ID,
        "山田 太郎（やまだ たろう）株式会社例示",
        "taro.yamada@long-department-name.example.co.jp",
        "",
    ),
    ("zoe", "👨‍👩‍👧 Zoë 🏳️‍🌈 Ünïcödé", "zoë@example.org", "staff"),
    ("li", "李小龙", "li@例子.example", "vip"),
    ("noname", "", "", ""),
    ("arab", "محمد بن موسى الخوارزمي", "m@example.org", ""),
)
LINES = (
    "users list",
    "users list --fields id,name,email,labels,status",
    f"users get {LONG_ID}",
    f"users update-name {LONG_ID} 山田👩‍💻",
    "users list-sessions ada",
    "users list-identities ada",
    f"teams list-memberships {LONG_ID}",
    "teams list",
    "security list-logs --limit 12",
    "security show",
    "security check",
    "status",
)


@pytest.fixture
def crowded(authctl, ready_home):
    """A directory with people and teams whose names are hard to show."""
    for id, name, email, labels in PEOPLE:
        given = {"--name": name, "--email": email, "--labels": labels}
        authctl(["users", "create", "--id", id, *(word for pair in given.items() if pair[1] for word in pair)])
    authctl("users update-status noname blocked")
    for agent in ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "app/1 📱"):
        authctl(["users", "create-session", "ada", "--ip", "2001:db8::1234:5678:9abc:def0", "--user-agent", agent])
    authctl(["users", "create-identity", "ada", "google", "1" * 40, "--email", "ada.lovelace@gmail.example"])
    for id, name in ((LONG_ID, "数学小组 – Mathematics 📐📏"), ("arts", "Arts")):
        authctl(["teams", "create", name, "--id", id])
    for id, *_ in PEOPLE:
        authctl(["teams", "create-membership", LONG_ID, "--user-id", id, "--roles", "owner,maths-department"])
    return authctl


def screen(authctl, line, width):
    """What a terminal of that width gets."""
    terminal = io.StringIO()
    window = {"stdout_isatty": True, "stderr_isatty": True, "stdout": terminal, "stderr": terminal}
    ran = authctl(line, env={"COLUMNS": str(width)}, timer=Never, **window)
    assert ran.status in (0, 3), terminal.getvalue()
    return terminal.getvalue()


class Never:
    """A timer that does not go off: these pictures are of what stays."""

    def __init__(self, seconds, action):
        pass

    def start(self):
        pass

    def cancel(self):
        pass


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def at(line, place, width):
    """What stands in some cells of a line."""
    return "".join(line[start:end] for start, end, where, _ in placed(line) if place <= where < place + width)


def placed(line):
    where = 0
    for start, end, width in split_graphemes(line)[0]:
        yield start, end, where, width
        where += width


TABLES = [line for line in LINES if " list" in line or line == "security show"]
RECORDS = ("users get", "status")  # whose long values are left to the terminal to wrap, to be copied whole


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_window(crowded, width):
    for number, line in enumerate(LINES):
        text = screen(crowded, line, width)
        if folder := os.environ.get("SCREENS"):
            Path(folder, f"{width}-{number:02}.svg").write_text(pictures.drawn(f"$ authctl {line}\n{text}", width))
        for shown in plain(text).splitlines():
            # A command to be copied is left to wrap, too.
            if not line.startswith(RECORDS) and not shown.startswith("  authctl "):
                assert cell_len(shown) <= width, line
                assert wcwidth.wcswidth(shown) == cell_len(shown)  # another library counts alike


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_stand_below_their_names_and_none_is_lost(crowded, width):
    for line in TABLES:
        heading, *rows = table(crowded, line, width)
        whole, *whole_rows = table(crowded, line, 1000)
        assert len(rows) == len(whole_rows)
        notes = plain(screen(crowded, line, width)).replace("\n", " ")
        dropped = re.search(r"Hidden columns: (.*?)\. Show", notes)
        names = heading.split()
        assert sorted([*names, *(dropped[1].split(", ") if dropped else [])]) == sorted(whole.split())
        for name in names[1:]:
            start = re.search(rf"(?<=  ){name}\b", heading).start()
            assert {at(row, start - 2, 2) for row in rows} == {"  "}, line


@pytest.mark.parametrize("width", WIDTHS)
def test_ids_are_whole(crowded, width):
    for line in LINES:
        if LONG_ID in line or line in ("users list", "teams list"):
            assert LONG_ID in plain(screen(crowded, line, width)), line


def table(authctl, line, width):
    """The heading and the rows."""
    shown = plain(screen(authctl, line, width)).splitlines()
    return list(itertools.takewhile(lambda each: not re.match(r"Hidden columns:|Times are|\d+ shown", each), shown))


def test_a_user_is_shown_without_what_is_empty(crowded):
    shown = plain(screen(crowded, "users get noname", 80))
    assert shown.count("\n") < 24
    assert {"id", "status", "mfa"} <= {line.split()[0] for line in shown.splitlines()}
    assert "\nphone " not in shown
    empty = " ".join(shown[shown.index("Empty: ") :].split())
    assert empty.startswith("Empty: username, name, email, phone, labels, prefs, ")
    assert "\nphone " in plain(screen(crowded, "users get noname -o wide", 80))
    assert plain(screen(crowded, "users get noname --fields phone", 80)) == "phone  -\n"


def test_what_no_row_has_goes_before_what_one_has(crowded):
    shown = plain(screen(crowded, "users list", 80))
    assert "Hidden columns: phone." in shown
    assert shown.splitlines()[0].split() == ["id", "name", "email", "status"]
    assert "blocked" in shown
