"""The search index's tokeniser, against a real FTS5 and a real Postgres: all three ways to ask give one answer."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from hypothesis import given, settings, strategies as st
from sqlalchemy.dialects.postgresql import psycopg

from authctl.storage import pagination, schema, search_terms
from authctl.storage.search_terms import Query

RONALDO = search_terms.document(
    "65f0c1e2a3b4c5d6e7f8",
    "cr7",
    "Cristiano Ronaldo",
    "cristiano.ronaldo@manchester-united.co.uk",
    "+447911123456",
    ("Gold", "x1"),
)


def fts5_answers(document, query):
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE user_words USING fts5(words, content='', columnsize=0, tokenize='ascii')")
        db.execute("INSERT INTO user_words (rowid, words) VALUES (1, ?)", (document,))
        found = db.execute("SELECT rowid FROM user_words WHERE user_words MATCH ?", (query.fts5(),)).fetchall()
    db.close()
    return found == [(1,)]


def postgres_answers(postgres, document, query):
    words = sa.table("user_words", sa.column("words", sa.Text))
    asked = sa.select(sa.and_(*pagination.matching(words, query)))
    given = sa.select(sa.literal(document, sa.Text).label("words")).cte("user_words")
    sql = asked.select_from(words).add_cte(given).compile(dialect=psycopg.dialect())
    return postgres.execute(str(sql), sql.params).fetchone()[0]


@pytest.mark.parametrize(
    "search",
    [
        "Ronaldo",
        "cristiano.ronaldo@manchester-united.co.uk",
        "cristiano.ronaldo",
        "manchester",
        "united.co.uk",
        "man",
        "65f0c1e2a3b4c5d6e7f8",
        "CRISTIANO ron",
        "ron crist",
        "+4479",
        "+44 7911 123",
        "447911",
        '"Cristiano Ronaldo"',
        'cr7 "co uk"',
        "cristiano >",
    ],
)
def test_a_user_is_found_by_the_beginnings_of_words(search):
    assert Query.parse(search).matches(RONALDO)


@pytest.mark.parametrize(
    "search", [">", "", " ", '""', "onaldo", "ronaldo.cristiano", '"Cristiano Ron"', "cr7.cristiano", "cristiano messi"]
)
def test_a_user_is_not_found_by_other_words(search):
    assert not Query.parse(search).matches(RONALDO)


def test_a_search_without_a_word_finds_nothing_in_any_database(postgres):
    query = Query.parse("> ! *")
    assert query.is_empty
    assert not fts5_answers(RONALDO, query)
    assert not postgres_answers(postgres, RONALDO, query)


def test_a_query_without_conditions_is_met_by_every_user():
    assert Query().is_open
    assert Query().with_phrase(">>").is_open
    assert Query().matches(RONALDO)
    assert not Query().is_empty


def test_a_label_is_found_whole_in_any_case_and_not_as_a_word():
    assert Query().with_label("gold").matches(RONALDO)
    assert Query().with_label("GOLD").matches(RONALDO)
    assert not Query().with_label("gol").matches(RONALDO)
    assert not Query.parse("gold").matches(RONALDO)
    assert Query().with_label('a" OR "b').is_empty


def test_a_phrase_is_whole_words_within_one_field():
    assert Query().with_phrase("Cristiano Ronaldo").matches(RONALDO)
    assert not Query().with_phrase("Cristiano Ron").matches(RONALDO)
    assert not Query().with_phrase("cr7 Cristiano").matches(RONALDO)


def test_a_phrase_finds_a_name_of_more_words_than_the_index_keeps():
    long = "a b " * 32
    assert Query().with_phrase(long).matches(search_terms.document("1", None, long, None, None))


def test_words_are_compared_after_nfkc_and_case_folding():
    assert search_terms.of("Straße ＡＤＡ İstanbul ﬁn 42_x") == ["strasse", "ada", "i", "stanbul", "fin", "42", "x"]


def test_a_word_is_clipped_to_64_characters():
    assert search_terms.of("x" * 65) == ["x" * 64]
    assert search_terms.of("é" * 65) == ["é" * 64]


def test_a_document_has_a_separator_between_fields():
    document = search_terms.document("7", None, "Ada Lovelace", None, None, ["Vip"])
    assert document == "7 \ue000 ada lovelace \ue000 \ue001vip"


def test_the_plain_path_agrees_with_the_general_one():
    every = "".join(map(chr, range(128)))
    assert search_terms.of(every) == [word for word in search_terms.of(every + "é") if word != "é"]


def test_words_kept_with_their_places_become_documents(postgres):
    """As the migration reads what was kept before."""
    migration = ScriptDirectory(str(Path(schema.__file__).parent / "migrations")).get_revision("0020").module
    kept = {
        RONALDO: "'65f0c1e2a3b4c5d6e7f8':1 'cr7':3 'cristiano':5,8 'ronaldo':6,9 'manchester':10 'united':11 'co':12"
        " 'uk':13 '447911123456':15 '\ue001gold':17 '\ue001x1':18",
        "": "",
    }
    postgres.execute(migration.DOCUMENT.replace("authctl_document", "pg_temp.authctl_document"))
    for document, words in kept.items():
        asked = "SELECT pg_temp.authctl_document(%s::tsvector)"
        assert postgres.execute(asked, (words,)).fetchone() == (document,)


LETTERS = ["a", "A", "b", "ab", "ß", "SS", "é", "e\u0301", "İ", "K", "１", "1", "²", "½", "ﷺ", "ﬁ", "ǰ", "日本"]
SIGNS = [" ", ".", "@", "+", "-", "_", "'", '"', "\\", "(", ")", ":", "*", "&", "|", "!", "<", ">", "^", ",", "{", "}"]
ODDITIES = ["हिन्", "\ue000", "\ue001a", "\u200d", "\t", "\n", "\u00a0", "🎉", "\x1b", "NOT", " AND ", "NEAR(", "x" * 70]
TEXTS = st.one_of(
    st.lists(st.sampled_from(LETTERS + SIGNS + ODDITIES), max_size=12).map("".join),
    st.lists(st.sampled_from(LETTERS), max_size=6).map(" ".join),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
)
LABELS = st.lists(st.text("aAbB1", min_size=1, max_size=2), max_size=3)


@st.composite
def documents(draw):
    return search_terms.document(
        draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._|:-]{0,9}", fullmatch=True)),
        draw(st.none() | TEXTS),
        draw(TEXTS),
        draw(st.none() | TEXTS),
        draw(st.none() | st.from_regex(r"\+[1-9][0-9]{6,9}", fullmatch=True)),
        draw(LABELS),
    )


@st.composite
def cuttings(draw, document):
    """Some words of a document, from one field or across two, often with the end of the last missing."""
    tokens = document.split(" ")
    start = draw(st.integers(0, len(tokens) - 1))
    cut = draw(st.sampled_from(" .")).join(tokens[start : start + draw(st.integers(1, 3))])
    return cut[: len(cut) - draw(st.integers(0, 2))]


@st.composite
def documents_and_queries(draw):
    document = draw(documents())
    searches = st.one_of(cuttings(document), cuttings(document).map('"{}"'.format), TEXTS)
    query = Query.parse(draw(st.lists(searches, min_size=1, max_size=2).map(" ".join))[:256])
    if draw(st.integers(0, 2)) == 0:
        query = query.with_label(draw(st.sampled_from("aAbB1")))
    if draw(st.integers(0, 2)) == 0:
        query = query.with_phrase(draw(st.one_of(cuttings(document), TEXTS)))
    return document, query


@given(documents_and_queries())
@settings(max_examples=200)
def test_fts5_gives_the_answers_of_plain_python(both):
    document, query = both
    assert fts5_answers(document, query) == query.matches(document)


@given(both=documents_and_queries())
@settings(max_examples=200)
def test_postgres_gives_the_answers_of_plain_python(postgres, both):
    document, query = both
    assert postgres_answers(postgres, document, query) == query.matches(document)


LARGE = ["a " * 128, "a." * 128, "ﷺ" * 256, "x" * 256, "'" * 256, '"a" ' * 64, "日" * 256, "\\" * 256, "a日 " * 85]


@pytest.mark.parametrize("search", LARGE)
def test_the_largest_searches_and_documents_are_taken_by_every_database(postgres, search):
    query = Query.parse(search).with_phrase(search).with_label("x")
    document = search_terms.document(
        "a." * 64, search[:128], search[:128], search, search, [f"L{n}" for n in range(1000)]
    )
    assert fts5_answers(document, query) == query.matches(document)
    assert postgres_answers(postgres, document, query) == query.matches(document)


@given(TEXTS.filter(lambda text: len(text) <= 256 and not text.strip().startswith("+")))
def test_a_text_finds_itself(text):
    document = search_terms.document("1", None, text, None, None)
    query = Query().with_phrase(text)
    assert query.matches(document)
    assert Query.parse(text).is_empty or Query.parse(text).matches(document)
