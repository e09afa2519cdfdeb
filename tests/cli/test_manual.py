"""`authctl help`, and the pages of the manual as it shows them."""

import io
import re

import pytest
from doubles.documents import MANUAL

from authctl.cli import manual
from authctl.settings.reference import sample

PAGES = {page.stem: page.read_text() for page in MANUAL}


@pytest.mark.parametrize("topic", PAGES)
def test_each_topic_has_a_page(authctl, topic):
    summary = manual.summaries()[topic]
    page = authctl(f"help {topic}")
    assert " ".join(page.stdout.split()).startswith(summary)
    assert (page.status, page.stderr) == (0, "")
    assert len(summary) <= 72
    assert re.search(rf"^  {topic} +{re.escape(summary)}$", authctl("help", env={"COLUMNS": "80"}).stdout, re.MULTILINE)
    assert not re.search(r"<!--|\w\*\*|\]\(|^#+ |```", page.stdout, re.MULTILINE)


@pytest.mark.parametrize("topic", PAGES)
def test_a_topic_fits_into_the_window(authctl, topic):
    """But for what is to be copied, and words that are longer themselves."""
    for columns in (60, 80):
        lines = authctl(f"help {topic}", env={"COLUMNS": str(columns)}).stdout.splitlines()
        blocks = re.findall(r"^```\w+\n(.*?)^```", PAGES[topic], re.MULTILINE | re.DOTALL)
        code = {line.strip() for line in "".join(blocks).splitlines()}
        for line in lines:
            assert len(line) <= columns or line.strip() in code or " " not in line.strip(), line


KINDS = {"#": "heading", "|": "table", "- ": "list", "  ": "goes on"}


@pytest.mark.parametrize("topic", PAGES)
def test_blank_lines_stand_between_all_parts_of_a_page(topic):
    """As what writes them expects."""
    text = re.sub(r"<!--.*?-->\n|^```.*?^```\n", "", PAGES[topic], flags=re.MULTILINE | re.DOTALL)
    for part in filter(None, (part.strip("\n") for part in text.split("\n\n"))):
        lines = [re.sub(r"^\d+\. ", "- ", line) for line in part.splitlines()]
        first, *others = [next((kind for mark, kind in KINDS.items() if line.startswith(mark)), None) for line in lines]
        assert first != "goes on", part
        assert {*others} <= ({"list", "goes on"} if first == "list" else {first}), part


def test_a_topic_is_in_ascii_where_the_stream_is(authctl):
    stdout = Ascii()
    authctl("help output", stdout=stdout)
    assert "end in ...; " in stdout.getvalue()
    assert stdout.getvalue().isascii()


class Ascii(io.StringIO):
    encoding = "ascii"


@pytest.mark.parametrize(("word", "topic"), manual.ALIASES.items())
def test_a_topic_goes_by_another_word_too(authctl, word, topic):
    assert authctl(f"help {word}").stdout == authctl(f"help {topic}").stdout


@pytest.mark.parametrize("word", ["security", "teams", "tokens"])
def test_a_topic_and_the_group_of_that_name_point_at_each_other(authctl, word):
    assert authctl(f"help {word}").stdout.endswith(f"\n\nThe commands: authctl {word} --help\n")
    assert f"\nHow it works: authctl help {word}\n" in authctl(f"{word} --help").stdout


def test_a_table_is_a_list_of_what_its_first_column_names(authctl):
    page = " ".join(authctl("help settings").stdout.split())
    assert "email.port Port of the SMTP server. (from AUTHCTL_EMAIL_PORT, takes 1–65535, default 587" in page


def test_the_sample_configuration_is_printed(authctl):
    assert authctl("help sample-config").stdout == sample()
    assert " sample-config " in authctl("help").stdout


def test_help_shows_a_command(authctl):
    assert authctl("help users create").stdout == authctl("users create --help").stdout
    assert authctl("help users").stdout == authctl("users --help").stdout


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [("polices", "policies"), ("users crate", "create"), ("xyz", "authctl help"), ("init now", "authctl help")],
)
def test_an_unknown_topic_is_told_with_the_nearest(authctl, words, suggestion):
    ran = authctl(f"help {words}")
    assert (ran.status, ran.stdout) == (2, "")
    assert suggestion in ran.stderr
