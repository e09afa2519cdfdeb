"""The words a user is found by: one tokeniser for SQLite's FTS5, for Postgres and for plain Python.

A document is a string of words with one space between them, made of a user's fields; a Query is asked of it in any of
the three, with the same answer. Neither database reads text by itself: FTS5 gets the words with `tokenize='ascii'`,
under which every non-ASCII character belongs to a word, and Postgres splits them at spaces, never by `to_tsvector`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Private-use characters are no letters or digits, so no text can hold a word that has one.
SEPARATOR = "\ue000"  # stands between two fields, so that no phrase crosses them
_LABEL = "\ue001"  # begins the word of a label, so that labels are apart from words
_NOWHERE = "\ue002"  # a word that no document has

_BETWEEN = f" {SEPARATOR} "

MAX_WORD = 64  # characters; Postgres refuses words above 2,046 bytes, so longer ones are clipped everywhere
MAX_FIELD_WORDS = 50

# ASCII as words have it: letters in lower case, and a space for what is no letter or digit.
_PLAIN = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_PHONE = re.compile(r"\+[1-9][0-9 .()-]*")


def of(text: str) -> list[str]:
    """The words of a text: NFKC, case folded, runs of letters and digits, each clipped to 64 characters."""
    if text.isascii():
        found = text.translate(_PLAIN).split()
    else:
        from unicodedata import normalize

        found = _WORD.findall(normalize("NFKC", text).casefold())
    if len(text) > MAX_WORD or not text.isascii():
        return [word[:MAX_WORD] for word in found]
    return found


def document(
    id: str, username: str | None, name: str, email: str | None, phone: str | None, labels: Iterable[str] = ()
) -> str:
    """What is stored of a user; FTS5 must be given it again, the same, to take the user out of the index."""
    parts = []
    for field in (id, username, name, email, phone):
        if field:
            is_short = len(field) <= MAX_WORD and field.isascii()
            found = field.translate(_PLAIN).split() if is_short else of(field)[:MAX_FIELD_WORDS]
            if found:
                parts.append(" ".join(found))
    if labels and (tokens := dict.fromkeys(_LABEL + label.lower() for label in labels)):
        parts.append(" ".join(tokens))
    return _BETWEEN.join(parts)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: conditions that a document must all meet. `Query()` has none, and every document meets it.

    conditions: each a phrase of words with a space before every word; with a space at the end too its last word is
    whole, else it is the beginning of one. A document meets it when it holds it, with a space put at both its ends.
    """

    conditions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Query:
        """A query from what a person searches for.

        Terms stand between spaces, and each is a phrase whose last word may go on (`united.co.uk` finds
        `united.co.ukraine`); between quotes a phrase is whole. A phone number may be written with spaces. Text
        without a word, such as `>`, finds nothing.
        """
        if _PHONE.fullmatch(text.strip()):
            text = re.sub("[^0-9]", "", text)
        conditions = [
            _phrase(of(quoted)) if term is None else _beginning(of(term))
            for quoted, term in (found.groups() for found in _TERM.finditer(text))
        ]
        return cls(tuple(filter(None, conditions)) or (_phrase([_NOWHERE]),))

    def with_label(self, label: str) -> Query:
        """Also with that label, in any case; what cannot be a label nobody has."""
        token = _LABEL + label.lower() if label.isascii() and label.isalnum() else _NOWHERE
        return Query((*self.conditions, _phrase([token])))

    def with_phrase(self, text: str) -> Query:
        """Also with the words of that text, whole and in this order; no condition where the text has no word.

        It narrows a look-up of an exact value, which storage compares itself; of a long text it asks the first 50.
        """
        found = of(text)[:MAX_FIELD_WORDS]
        return Query((*self.conditions, _phrase(found))) if found else self

    @property
    def is_empty(self) -> bool:
        """Whether nothing can meet it: a search without a word."""
        return _phrase([_NOWHERE]) in self.conditions

    @property
    def is_open(self) -> bool:
        """Whether it has no condition, so that the index has nothing to say and must not be asked."""
        return not self.conditions

    def matches(self, document: str) -> bool:
        """The same answer without a database."""
        padded = f" {document} "
        return all(condition in padded for condition in self.conditions)

    def fts5(self) -> str:
        """What to give to FTS5's MATCH."""
        assert not self.is_open, "a query without conditions has no words to match"
        return " AND ".join(
            f'"{condition.strip(" ")}"' + ("" if condition.endswith(" ") else " *") for condition in self.conditions
        )

    def tsquery(self) -> str:
        """What to give to Postgres's `@@`, cast `::tsquery`: that all words are there, in whatever order."""
        assert not self.is_open, "a query without conditions has no words to match"
        return " & ".join(
            f"'{word}'" + ":*" * (place == len(words) and not condition.endswith(" "))
            for condition in self.conditions
            for words in [condition.split()]
            for place, word in enumerate(words, 1)
        )

    @property
    def phrases(self) -> tuple[str, ...]:
        """The conditions of more than one word, which their index cannot tell."""
        return tuple(condition for condition in self.conditions if " " in condition.strip(" "))


def _phrase(found: list[str]) -> str:
    """The condition that these words stand somewhere, in this order and whole; empty for no words."""
    return f" {' '.join(found)} " if found else ""


def _beginning(found: list[str]) -> str:
    """The same, of which the last word may go on."""
    return f" {' '.join(found)}" if found else ""
