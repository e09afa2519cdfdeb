"""What people read: texts.txt lists every text, so that a diff shows each change of wording. None has a banned turn.

UPDATE_WORDS=1 writes texts.txt anew.
"""

import os
import re
import shlex
from pathlib import Path

import pytest
from words import texts

from authctl.cli.app import Root
from authctl.cli.commands import LazyGroup

LIST = Path(__file__).with_name("texts.txt")

# What a native speaker would not write, and what to write instead.
BANNED = {
    r"\b(is|are) none of\b|\bthere is none of\b": "say what it must be, or 'Unknown …'",
    r"(?<!no )\bsuch\b(?! as\b)": "name the thing",
    r"(?<!all )(?<!more )(?<!part )\bof it\b": "name the thing",
    r"\b(is|are|was|were) told\b": "shown, listed, notified",
    r"\bbehind (this|it)\b": "after, or name the thing",
    r"\bha[ds] (had )?already\b": "already has",
    r"\b[Ww]here (there|one|nothing|nobody|it) (is|are|has|was)\b|\bwhere (is|are)\b": "if …",
    r"\bwhich there (is|are)\b": "Unknown …",
    r"\bexclude each other\b": "Use only one of …",
    r"\bshall\b": "must, or the present tense",
    r"\bgood for nothing\b|\bis no good\b": "say what does not work",
    r"\b(is|are) taken (in|over)\b": "imported, kept",
    r"\bbelow (the least|so many)\b|\bAt most so many\b": "at most N",
    r"[Dd]id you mean(?! '\{[^{}]+\}'\?)": "Did you mean '{word}'?",
}
# The few texts that may have a banned turn, and why.
EXCEPTIONS = {
    "Connection refused|No such file or directory": "a pattern for what drivers say",
    "User (role: guests) missing scope (account)": "Appwrite's own words, which clients know",
}


def test_the_list_has_every_text():
    """One text a line, by file; a change of wording is a line of the diff."""
    listed = "".join(f"{text}\n" for text in texts.collected())
    if os.environ.get("UPDATE_WORDS"):
        LIST.write_text(listed)
    assert LIST.read_text() == listed, "UPDATE_WORDS=1 writes it anew"


@pytest.mark.parametrize(("banned", "instead"), BANNED.items())
def test_no_text_has_a_banned_turn(banned, instead):
    found = [str(text) for text in texts.collected() if re.search(banned, text.said) and text.said not in EXCEPTIONS]
    assert not found, instead


def test_no_exception_is_left_over():
    assert set(EXCEPTIONS) <= {text.said for text in texts.collected()}


def test_errors_are_sentences():
    """They begin with a capital, a value or an option, never with a field's name in prose, and end with a full stop."""
    begins, ends = re.compile(r"[A-Z{'\"`-]"), re.compile(r"[.?}\w'\"]$")  # Problem adds the stop to a word
    unlike = [
        str(message)
        for message, _ in texts.errors()
        if message.said not in EXCEPTIONS and not (begins.match(message.said) and ends.search(message.said))
    ]
    assert not unlike


def test_hints_are_sentences():
    unlike = [str(hint) for _, hint in texts.errors() if hint and not re.match(r"[A-Z{'\"`-]", hint.said)]
    assert not unlike


def test_the_commands_in_texts_exist_and_run_as_they_stand():
    """A command ends its text, so that no full stop is copied with it."""
    wrong = []
    for text in texts.collected():
        for command in re.findall(r"(?<=: )authctl [a-z].*", text.said):
            words = [word for word in _words(command)[1:] if not word.startswith("-")]
            if not _exists(words) or (command.endswith(".") and not command.endswith("...")):
                wrong.append(str(text))
    assert not wrong


def _words(command):
    try:
        return shlex.split(command)
    except ValueError:  # a quote that an expression brings
        return command.split()


def _exists(words):
    """Whether there is that command; what fills in its name is taken for one."""
    group = Root()
    for word in words:
        if "{" in word or not isinstance(group, LazyGroup):
            return True
        group = group.get_command(None, word)
        if group is None:
            return False
    return True
