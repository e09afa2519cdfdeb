"""What commands print, in every format, to pipes and to terminals."""

import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import unicodedata

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from authctl import errors
from authctl.cli import tables
from authctl.cli.environment import Environment, is_utf8
from authctl.cli.escaping import visible, without_formula
from authctl.cli.output import FORMATS, Format, Output, Shape

USER = Shape(
    name="user",
    fields=("id", "name", "email", "mfa", "labels", "prefs", "password.set", "password.algorithm", "created_at"),
    columns=("id", "name", "email", "created_at"),
)
ADA = {
    "id": "ada",
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "mfa": True,
    "labels": ["admin", "staff"],
    "prefs": {"theme": "dark"},
    "password": {"set": True, "algorithm": "argon2id"},
    "created_at": "2026-11-20T21:30:05.123Z",
}
BOB = {
    "id": "bob",
    "name": "",
    "email": None,
    "mfa": False,
    "labels": [],
    "prefs": {},
    "password": {"set": False, "algorithm": None},
    "created_at": "2026-11-21T08:00:00.000Z",
}
PAIR = Shape(name="pair", fields=("id", "name"))
HOSTILE = ["\x1b[31mred", "a\tb\nc\rd", "\u202eevil\u202c", "\x9b2J", "\x7f", "\u2028", "\u2067", "\u061c", "\ud800"]


def printed(records, format, shape=USER, **options):
    """What stream() writes to a pipe."""
    environment = Environment(stdout=io.StringIO(newline=""))
    output = Output(environment, format, **options)
    output.prepare(shape)
    output.stream(iter(records))
    return environment.stdout.getvalue()


def shown(record, format, shape=USER, **options):
    """What show() writes to a pipe."""
    environment = Environment(stdout=io.StringIO(newline=""))
    output = Output(environment, format, **options)
    output.prepare(shape)
    output.show(record)
    return environment.stdout.getvalue()


@contextlib.contextmanager
def terminal(columns=80, lines=24):
    """A pseudo-terminal of a size: its stream, and a function that closes it and gives what it received."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    stream = os.fdopen(slave, "w", encoding="utf-8", errors="backslashreplace")
    received = bytearray()

    def drain():
        with contextlib.suppress(OSError):  # a closed pseudo-terminal ends with EIO
            while data := os.read(master, 4096):
                received.extend(data)

    reader = threading.Thread(target=drain)
    reader.start()

    def text():
        stream.close()
        reader.join()
        return received.decode().replace("\r\n", "\n")

    try:
        yield stream, text
    finally:
        stream.close()
        reader.join()
        os.close(master)


def on_terminal(records, shape=USER, columns=80, environ=None, format=None, **options):
    """What stream() draws on a terminal, without colour unless `environ` says so."""
    with terminal(columns) as (stream, text):
        environment = Environment(stdout=stream, stdout_isatty=True, environ=environ or {"NO_COLOR": "1"})
        output = Output(environment, format, **options)
        output.prepare(shape)
        output.stream(iter(records))
        return text()


# Which format


def test_a_pipe_gets_tsv_and_a_terminal_a_table():
    assert Output(Environment()).format is Format.TSV
    assert Output(Environment(stdout_isatty=True)).format is Format.TABLE


# TSV and CSV


def test_tsv_has_no_header_and_the_default_columns():
    assert printed([ADA, BOB], Format.TSV) == (
        "ada\tAda Lovelace\tada@example.com\t2026-11-20T21:30:05.123Z\nbob\t\t\t2026-11-21T08:00:00.000Z\n"
    )


def test_tsv_shows_lists_objects_and_booleans_of_chosen_fields():
    fields = ("id", "mfa", "labels", "prefs", "password", "password.algorithm")
    assert printed([ADA], Format.TSV, fields=fields) == (
        'ada\ttrue\tadmin,staff\t{"theme": "dark"}\t{"set": true, "algorithm": "argon2id"}\targon2id\n'
    )


def test_a_list_of_more_than_words_is_json_in_a_cell():
    assert printed([{"id": "x", "name": ['read("any")', "b"]}], Format.TSV, PAIR) == 'x\t["read(\\"any\\")", "b"]\n'


def test_csv_has_a_header_every_field_and_crlf():
    assert printed([BOB], Format.CSV) == (
        "id,name,email,mfa,labels,prefs,password.set,password.algorithm,created_at\r\n"
        "bob,,,false,,{},false,,2026-11-21T08:00:00.000Z\r\n"
    )


def test_an_empty_csv_list_is_its_header():
    assert printed([], Format.CSV, PAIR) == "id,name\r\n"


def test_one_record_is_one_row():
    assert shown(ADA, Format.TSV, fields=("id",)) == "ada\n"
    assert shown(ADA, Format.CSV, fields=("id", "name")) == "id,name\r\nada,Ada Lovelace\r\n"


@pytest.mark.parametrize("name", ["=1+1", "+1+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=1", " =1", "＝1", "+44 20"])
def test_csv_guards_what_a_spreadsheet_would_run(name):
    cells = next(csv.reader(io.StringIO(printed([{"id": "x", "name": name}], Format.CSV, PAIR)[len("id,name\r\n") :])))
    assert cells == ["x", "'" + name]


def test_csv_leaves_phones_and_numbers_alone():
    assert without_formula("+447946012345") == "+447946012345"
    assert shown({"id": "x", "name": -5}, Format.CSV, PAIR) == "id,name\r\nx,-5\r\n"


def test_csv_escapes_what_a_terminal_would_obey_but_keeps_lines():
    assert printed([{"id": "x", "name": "a\nb\x1b[1m"}], Format.CSV, PAIR) == 'id,name\r\nx,"a\nb\\x1b[1m"\r\n'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_raw_csv_comes_back_exactly(name):
    text = printed([{"id": "x", "name": name}], Format.CSV, PAIR, csv_raw=True)
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["id", "name"], ["x", name]]


@given(st.text())
def test_guarded_csv_stays_two_cells(name):
    text = printed([{"id": "x", "name": name}], Format.CSV, PAIR)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in rows] == [2, 2]
    assert not any(unicodedata.category(each) == "Cc" for each in text if each not in "\t\r\n")


# Hostile text


@given(st.text())
def test_tsv_is_one_line_without_control_characters(name):
    text = printed([{"id": "x", "name": name}], Format.TSV, PAIR)
    assert text.count("\t") == 1
    assert text.endswith("\n")
    assert not is_hostile(text.replace("\t", "", 1)[:-1])


@given(st.text())
def test_a_table_has_no_control_characters(name):
    environment = Environment(environ={"COLUMNS": "60"}, stdout_isatty=True, no_color=True)
    output = Output(environment)
    output.prepare(PAIR)
    output.stream([{"id": "x", "name": name}])
    output.show({"id": "x", "name": name})
    assert not is_hostile(environment.stdout.getvalue().replace("\n", ""))


def is_hostile(text):
    return any(unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs") for each in text) or any(
        unicodedata.bidirectional(each) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or each in "\u200e\u200f\u061c"
        for each in text
    )


def test_hostile_text_is_shown_escaped():
    assert [visible(text) for text in HOSTILE] == [
        r"\x1b[31mred",
        r"a\tb\nc\rd",
        r"\u202eevil\u202c",
        r"\x9b2J",
        r"\x7f",
        r"\u2028",
        r"\u2067",
        r"\u061c",
        r"\ud800",
    ]


def test_joined_emoji_and_backslashes_stay_as_they_are():
    assert visible("👩\u200d🚀 DOMAIN\\ada") == "👩\u200d🚀 DOMAIN\\ada"


def test_markup_is_not_interpreted():
    drawn = on_terminal([{"id": "x", "name": "[bold]Bob[/bold] :smile:"}], PAIR)
    assert "[bold]Bob[/bold] :smile:" in drawn


# JSON


def test_json_of_one_record_is_an_object_and_of_a_list_an_array():
    assert shown(ADA, Format.JSON) == json.dumps(ADA, indent=2) + "\n"
    assert printed([ADA, BOB], Format.JSON) == json.dumps([ADA, BOB], indent=2) + "\n"


def test_an_empty_json_list_is_an_empty_array():
    assert printed([], Format.JSON) == "[]\n"
    assert printed([], Format.JSONL) == ""


def test_jsonl_is_one_object_a_line():
    assert [json.loads(line) for line in printed([ADA, BOB], Format.JSONL).splitlines()] == [ADA, BOB]


def test_chosen_fields_keep_the_shape_in_json():
    chosen = printed([ADA], Format.JSONL, fields=("password.algorithm", "id", "prefs", "password.set"))
    assert json.loads(chosen) == {
        "password": {"algorithm": "argon2id", "set": True},
        "id": "ada",
        "prefs": {"theme": "dark"},
    }
    assert json.loads(shown(ADA, Format.JSON, fields=("password", "password.set"))) == {"password": ADA["password"]}


def test_a_dry_run_says_so_in_json_and_when_asked():
    record = {**ADA, "dry_run": True, "changes": []}
    assert json.loads(shown(record, Format.JSON))["dry_run"] is True
    assert json.loads(shown(record, Format.JSON, fields=("id", "dry_run"))) == {"id": "ada", "dry_run": True}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.fixed_dictionaries({"id": st.text(), "name": json_values}), max_size=3))
def test_json_comes_back_exactly_and_is_safe_to_show(records):
    array, lines = printed(records, Format.JSON, PAIR), printed(records, Format.JSONL, PAIR)
    assert json.loads(array) == records
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == records
    assert not is_hostile((array + lines).replace("\n", ""))


def test_a_list_that_breaks_off_is_valid_all_the_same():
    environment = Environment()
    output = Output(environment, Format.JSON)
    output.prepare(PAIR)
    with pytest.raises(KeyboardInterrupt):
        output.stream(breaking_off({"id": "x", "name": "y"}))
    assert json.loads(environment.stdout.getvalue()) == [{"id": "x", "name": "y"}]


@pytest.mark.parametrize("format", [Format.JSON, Format.JSONL, Format.CSV, Format.TSV, Format.TABLE])
def test_what_fails_before_its_first_record_prints_nothing(format):
    environment = Environment()
    output = Output(environment, format)
    output.prepare(PAIR)
    with pytest.raises(KeyboardInterrupt):
        output.stream(breaking_off())
    assert environment.stdout.getvalue() == ""


def breaking_off(*records):
    yield from records
    raise KeyboardInterrupt


def test_bulk_makes_one_list_of_many_shows():
    environment = Environment()
    output = Output(environment, Format.JSON)
    output.prepare(PAIR)
    with output.bulk():
        output.show({"id": "a", "name": "1"})
        output.show({"id": "b", "name": "2"})
    assert [each["id"] for each in json.loads(environment.stdout.getvalue())] == ["a", "b"]


def test_bulk_hands_over_each_result_at_once():
    raw = io.BytesIO()
    output = Output(Environment(stdout=io.TextIOWrapper(raw, "utf-8")), Format.JSONL)
    output.prepare(PAIR)
    with output.bulk():
        output.show({"id": "a", "name": "1"})
        assert raw.getvalue() == b'{"id": "a", "name": "1"}\n'


# Encodings and pipes


def test_json_is_ascii_where_the_stream_is_not_utf8():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "latin-1", errors="backslashreplace")
    output = Output(Environment(stdout=stream), Format.JSONL)
    output.prepare(PAIR)
    output.show({"id": "x", "name": "Ω😀é"})
    assert raw.getvalue() == b'{"id": "x", "name": "\\u03a9\\ud83d\\ude00\\u00e9"}\n'
    assert not is_utf8(stream)


@pytest.mark.parametrize("format", [Format.TSV, Format.CSV, Format.TABLE])
def test_a_stream_that_lacks_a_character_shows_its_number(format):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii", errors="backslashreplace")
    output = Output(Environment(stdout=stream), format)
    output.prepare(PAIR)
    output.stream([{"id": "x", "name": "Ω"}])
    assert b"\\u03a9" in raw.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_text_crashes_a_process_whatever_its_encoding(encoding):
    program = (
        "from authctl.cli.environment import Environment\n"
        "from authctl.cli.output import Format, Output, Shape\n"
        "output = Output(Environment.of_process(), Format.TSV)\n"
        "output.prepare(Shape('pair', ('id', 'name')))\n"
        "output.show({'id': 'x', 'name': 'é\\u03a9\\U0001f600\\udc80'})\n"
        "output.warn('\\u03a9')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True
    )
    assert ended.returncode == 0, ended.stderr
    name = {"ascii": r"\xe9\u03a9\U0001f600\udc80", "latin-1": "é\\u03a9\\U0001f600\\udc80"}.get(
        encoding, "éΩ😀\\udc80"
    )
    assert ended.stdout.decode(encoding) == f"x\t{name}\n"


def test_closed_streams_crash_nothing():
    program = (
        "from authctl.cli.environment import Environment\n"
        "from authctl.cli.output import Output, Shape\n"
        "output = Output(Environment.of_process())\n"
        "output.prepare(Shape('pair', ('id',)))\n"
        "output.show({'id': 'x'})\n"
    )
    assert subprocess.run(f'{sys.executable} -c "{program}" <&- >&- 2>&-', shell=True).returncode == 0  # noqa: S602 - our own words; a shell closes


@pytest.mark.parametrize("format", FORMATS)
def test_a_closed_pipe_is_told_as_such(format):
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", buffering=1, encoding="utf-8")
    output = Output(Environment(stdout=stream), format)
    output.prepare(PAIR)
    with pytest.raises(BrokenPipeError):
        output.stream({"id": "x", "name": "y"} for _ in range(5))
    with contextlib.suppress(BrokenPipeError):
        stream.close()


# Tables


def test_a_table_is_aligned_and_shows_times_in_short():
    assert on_terminal([ADA, BOB]) == (
        "id   name          email            created_at\n"
        "ada  Ada Lovelace  ada@example.com  2026-11-20 21:30Z\n"
        "bob  -             -                2026-11-21 08:00Z\n"
    )


def test_wide_characters_are_aligned():
    lines = on_terminal([{"id": "x", "name": "李小龍"}, {"id": "y", "name": "🙂"}], Shape("pair", ("name", "id")))
    assert lines == "name    id\n李小龍  x\n🙂      y\n"


def test_long_text_is_cut_and_ids_never():
    id = "0123456789" * 2
    drawn = on_terminal([{"id": id, "name": "Augusta Ada King Countess of Lovelace"}], PAIR, columns=40)
    assert drawn == f"{'id':<20}  name\n{id}  Augusta Ada King…\n"


def test_records_stand_one_below_another_where_a_table_does_not_fit():
    assert on_terminal([ADA, BOB], columns=40) == (
        "id          ada\nname        Ada Lovelace\nemail       ada@example.com\ncreated_at  2026-11-20 21:30Z\n"
        "\nid          bob\nname        -\nemail       -\ncreated_at  2026-11-21 08:00Z\n"
    )


LONG = [
    {
        "id": "1kdq3v8m2x7y4b9n5c6z",
        "name": "Augusta Ada King, Countess of Lovelace",
        "email": "augusta.ada.king@analytical-engine.example.com",
        "phone": "+442079460123",
        "status": "active",
        "seen_at": "2026-11-20T21:30:05.123Z",
    },
    {
        "id": "0" * 36,
        "name": "李小龍李小龍李小龍李小龍李小龍",
        "email": "李@例子.example",
        "phone": None,
        "status": "blocked",
        "seen_at": None,
    },
    {
        "id": "x",
        "name": "👩\u200d🚀🙂" * 12,
        "email": "ﷺ" * 30,
        "phone": "+1",
        "status": "active",
        "seen_at": None,
    },
]
WIDE = Shape("wide", ("id", "name", "email", "phone", "status", "seen_at"))


@pytest.mark.parametrize("columns", [*range(60, 90), 120, 200])
def test_a_table_is_one_line_a_row_at_any_width_from_60_columns(columns):
    heading, *rows = on_terminal(LONG, WIDE, columns=columns).splitlines()
    assert len(rows) == len(LONG)
    assert all(cell_len(line) <= columns for line in (heading, *rows))
    assert [row.split()[0] for row in rows] == [each["id"] for each in LONG]
    starts = [heading.index(name) for name in heading.split()]
    assert all(cell_len(row[: index_of_cell(row, start)]) == start for row in rows for start in starts)


def index_of_cell(line, column):
    """The index of the character at a column of the terminal."""
    return next((index for index in range(len(line)) if cell_len(line[:index]) >= column), len(line))


def test_columns_that_do_not_fit_go_from_the_right_and_are_named_below():
    with seen(LONG, WIDE, columns=80) as (drawn, told):
        assert drawn.splitlines()[0].split() == ["id", "name", "email"]
        assert told == "Hidden columns: phone, status, seen_at. Show them with -o wide or --fields.\n"
    with seen(LONG, WIDE, columns=200) as (drawn, told):
        assert drawn.splitlines()[0].split() == [*WIDE.fields]
        assert "2026-11-20 21:30\n" in drawn
        assert told == "Times are in UTC.\n"


def test_wide_cuts_and_drops_nothing():
    with seen(LONG, WIDE, columns=60, format=Format.WIDE) as (drawn, told):
        assert all(value in drawn for each in LONG for value in each.values() if value)
        assert told == ""


def test_secrets_are_neither_cut_nor_dropped():
    shape = Shape("made", ("id", "email", "name"), extras=("secret",))
    records = [{"id": "x" * 20, "email": "a" * 50, "name": "b" * 50, "secret": "s" * 64}]
    assert "s" * 64 in on_terminal(records, shape, columns=60)


def test_what_cannot_show_an_ellipsis_shows_three_points():
    assert tables.cut("Augusta", 5, "...") == "Au..."


def test_counts_have_separators_and_stand_at_the_right_and_sizes_have_units():
    shape = Shape("counted", ("id", "users", "size"))
    records = [{"id": "a", "users": 1234567, "size": 2_500_000}, {"id": "b", "users": 7, "size": 12}]
    assert on_terminal(records, shape) == "id      users      size\na   1,234,567    2.5 MB\nb           7  12 bytes\n"
    assert printed(records, Format.TSV, shape) == "a\t1234567\t2500000\nb\t7\t12\n"


def test_status_and_severity_are_coloured_besides_their_words():
    shape = Shape("found", ("id", "status", "severity"))
    drawn = on_terminal([{"id": "x", "status": "blocked", "severity": "high"}], shape, environ={"TERM": "xterm"})
    assert "\x1b[31mblocked\x1b[0m" in drawn
    assert "\x1b[31mhigh\x1b[0m" in drawn


@contextlib.contextmanager
def seen(records, shape, columns, format=None):
    """What a terminal shows on stdout, and what on stderr."""
    with terminal(columns) as (stream, text):
        environment = Environment(stdout=stream, stdout_isatty=True, stderr_isatty=True, no_color=True)
        output = Output(environment, format)
        output.prepare(shape)
        output.stream(iter(records))
        yield text(), environment.stderr.getvalue()


NAMED = Shape("named", ("id", "username", "email"), columns=("id", "email"), rare={"username": ("email",)})
PLAIN = {"id": "ada", "username": None, "email": "ada.lovelace@example.com"}
BOTH = {"id": "bob", "username": "roberta", "email": "bob@example.com"}
ALONE = {"id": "cho", "username": "cho.chang", "email": None}


def test_a_rare_column_is_there_where_a_record_has_it():
    assert on_terminal([PLAIN], NAMED) == "id   email\nada  ada.lovelace@example.com\n"
    assert on_terminal([PLAIN, ALONE], NAMED) == (
        "id   username   email\nada  -          ada.lovelace@example.com\ncho  cho.chang  -\n"
    )
    assert printed([PLAIN, ALONE], Format.TSV, NAMED) == "ada\tada.lovelace@example.com\t\ncho\t\tcho.chang\n"


def test_a_rare_column_goes_from_a_narrow_window_unless_a_record_has_nothing_else():
    assert on_terminal([PLAIN, BOTH], NAMED, columns=39).startswith("id   username  email\n")
    assert on_terminal([PLAIN, BOTH], NAMED, columns=38).startswith("id   email\n")
    assert on_terminal([PLAIN, ALONE], NAMED, columns=30).startswith("id        ada\nusername  -\nemail     ada")


def test_fields_that_are_asked_for_are_there_always():
    assert on_terminal([PLAIN], NAMED, fields=("username", "id")) == "username  id\n-         ada\n"
    assert on_terminal([ALONE], NAMED, fields=("id",)) == "id\ncho\n"


def test_columns_of_the_environment_win_over_the_window():
    assert on_terminal([ADA], columns=200, environ={"COLUMNS": "40", "NO_COLOR": "1"}).startswith("id          ada\n")


def test_one_record_is_shown_with_all_its_fields():
    with terminal() as (stream, text):
        output = Output(Environment(stdout=stream, stdout_isatty=True, no_color=True))
        output.prepare(USER)
        output.show({**BOB, "dry_run": True})
        assert text() == (
            "id                  bob\nname                -\nemail               -\nmfa                 false\n"
            "labels              -\nprefs               {}\npassword.set        false\npassword.algorithm  -\n"
            "created_at          2026-11-21 08:00Z\ndry_run             true\n"
        )


def test_long_lists_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr(tables, "TABLE_ROWS", 2)
    drawn = on_terminal([{"id": str(number), "name": "n"} for number in range(5)], PAIR)
    assert drawn.count("id  name\n") == 3
    assert all(f"\n{number}   n\n" in drawn for number in range(5))


def test_a_piped_table_is_not_cut():
    name = "a" * 300 + " " + "b" * 300
    assert printed([{"id": "x", "name": name}], Format.TABLE, PAIR).endswith(f"\nx   {name}\n")


@pytest.mark.parametrize(
    ("environ", "no_color", "colored"),
    [
        ({}, False, True),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_follows_the_environment(environ, no_color, colored):
    environment = Environment(environ=environ, no_color=no_color, stdout_isatty=True)
    output = Output(environment)
    output.prepare(PAIR)
    output.stream([BOB])
    output.show(BOB)
    assert ("\x1b[" in environment.stdout.getvalue()) is colored


def test_tsv_has_no_colour_even_when_forced():
    environment = Environment(environ={"FORCE_COLOR": "1"})
    output = Output(environment)
    output.prepare(PAIR)
    output.show(BOB)
    assert environment.stdout.getvalue() == "bob\t\n"


def test_an_empty_table_says_so_on_stderr_only():
    environment = Environment(stdout_isatty=True, stderr_isatty=True)
    output = Output(environment)
    output.prepare(PAIR)
    output.stream([])
    assert (environment.stdout.getvalue(), environment.stderr.getvalue()) == ("", "Nothing found.\n")


# Fields


def test_unknown_fields_are_refused_with_the_nearest_and_all():
    with pytest.raises(errors.Invalid) as refused:
        Output(Environment(), fields=("id", "emial", "zzz")).prepare(USER)
    assert [problem.message for problem in refused.value.problems] == [
        "Unknown field 'emial' in --fields. Did you mean 'email'?",
        "Unknown field 'zzz' in --fields.",
    ]
    assert (refused.value.type, refused.value.field) == ("general_argument_invalid", "fields")
    assert "password.algorithm" in refused.value.hint


def test_no_fields_at_all_are_refused():
    with pytest.raises(errors.Invalid, match="--fields is empty"):
        Output(Environment(), fields=()).prepare(USER)


# Notes, warnings and errors


def test_notes_are_for_people_at_a_terminal():
    for isatty, quiet, said in [(True, False, "hello\\x1b\n"), (True, True, ""), (False, False, "")]:
        environment = Environment(stderr_isatty=isatty)
        Output(environment, quiet=quiet).note("hello\x1b")
        assert environment.stderr.getvalue() == said


def test_warnings_are_escaped_and_said_when_quiet():
    environment = Environment()
    Output(environment, quiet=True).warn("odd\x1b[1m")
    assert environment.stderr.getvalue() == "authctl: warning: odd\\x1b[1m\n"


def test_an_error_is_its_message_and_hint():
    environment = Environment()
    Output(environment).error(errors.NotFound("user_not_found", "No user 'x\n'.", field="user", hint="Try list."))
    assert environment.stderr.getvalue() == "authctl: No user 'x\\n'.\nhint: Try list.\n"
    assert environment.stdout.getvalue() == ""


def test_several_problems_are_a_line_each():
    environment = Environment()
    problems = [errors.Problem("general_argument_invalid", f"Wrong {field}.", field) for field in ("email", "phone")]
    Output(environment).error(errors.Invalid.of(problems))
    assert environment.stderr.getvalue() == "authctl: Wrong email.\nauthctl: Wrong phone.\n"


@pytest.mark.parametrize("format", [Format.JSON, Format.JSONL])
def test_errors_and_warnings_are_objects_where_results_are(format):
    environment = Environment()
    problems = [errors.Problem("general_argument_invalid", f"Wrong {field}.", field) for field in ("email", "phone")]
    output = Output(environment, format)
    output.warn("Careful.")
    output.error(errors.Invalid.of(problems, hint="Mend them."))
    warning, error = map(json.loads, environment.stderr.getvalue().splitlines())
    assert warning == {"warning": {"message": "Careful."}}
    assert error == {
        "error": {
            "type": "general_argument_invalid",
            "message": "Wrong email.",
            "hint": "Mend them.",
            "field": "email",
            "errors": [
                {"type": "general_argument_invalid", "field": "email", "message": "Wrong email."},
                {"type": "general_argument_invalid", "field": "phone", "message": "Wrong phone."},
            ],
        }
    }
