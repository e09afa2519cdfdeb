"""How the text of an import is encoded: found from its beginning, or refused where nothing makes words of it.

UTF-8 and UTF-16 show themselves. Anything else is a guess: Windows-1252 is taken where its words are Western ones, and
all other encodings are for the operator to name.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from authctl.errors import Invalid

OPTION = {"encoding": "encoding of the file, such as latin-1 (default: detected)"}
UTF_8, WESTERN = "utf-8", "cp1252"
DOUBT = 20  # of so many words with letters beyond ASCII, one may be odd

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What is worth a try where the text is neither: the names, and the scripts that prove them.
_OTHERS = {
    "cp1251": ("CYRILLIC",),
    "koi8-r": ("CYRILLIC",),
    "cp1253": ("GREEK",),
    "cp1255": ("HEBREW",),
    "cp1256": ("ARABIC",),
    "cp874": ("THAI",),
    "shift_jis": ("HIRAGANA", "KATAKANA", "CJK"),
    "euc_jp": ("HIRAGANA", "KATAKANA", "CJK"),
    "gb18030": ("CJK",),
    "big5": ("CJK",),
    "euc_kr": ("HANGUL",),
    "cp1250": ("LATIN",),
    "cp1254": ("LATIN",),
    "cp850": ("LATIN",),
    "mac_roman": ("LATIN",),
}
# The letters beyond ASCII that stand together in words: German, French, Iberian, Italian, Dutch, Nordic, Icelandic.
_ALPHABETS = ("äöüß", "àâæçèéêëîïôœùûüÿ", "áàâãçéêíñóôõúü", "àèéìíîòóù", "áèéêëíïóöúü", "åäöæøéüš", "áæéíóöúýþð")
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\s\x00-\x26\x28-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")  # with apostrophes
_PUNCTUATION = "‘’“”«»„‚–—…·´®©™°ªº§£€¿¡±²³½¼¾ ­"
_SHAPES = re.compile(
    "|".join(
        rf"[«“‘„‚¿¡£€§±]*(?:[0-9{_PUNCTUATION}]+|[{letters}a-z0-9'’´·–ªº\xa0\xad]+)[»”’…®©™°²³€]*"
        for letters in _ALPHABETS
    )
)


def found(head: bytes) -> str:
    """The encoding of a text that begins so. Raises Invalid where that is in doubt."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if wide := _wide(head):
        return wide
    text = head[: -3 if len(head) > 4096 else None].decode(UTF_8, "surrogateescape")  # its last may be cut in two
    odd = sum("\udc80" <= character <= "\udcff" for character in text)
    if not odd or odd <= sum(character > "\x7f" for character in text) - odd:
        return UTF_8
    if _is_western(head):
        return WESTERN
    likely = _likely(head)
    raise Invalid(
        "import_file_invalid",
        "The file is not UTF-8, and makes no sense as Western text (cp1252).",
        field="encoding",
        hint="Name the encoding: "
        + (" or ".join(f"--encoding {name}" for name in likely) + "." if likely else "--encoding NAME."),
    )


def checked(encoding: str) -> str:
    """The name of an encoding that turns bytes into text, in Python's spelling."""
    try:
        name = codecs.lookup(encoding).name
        b"a".decode(name, "replace")
    except (LookupError, ValueError, TypeError):
        raise Invalid(
            "general_argument_invalid",
            f"Unknown encoding {encoding[:40]!r}.",
            field="encoding",
            hint="Use utf-8, utf-16, latin-1 or cp1252, for example.",
        ) from None
    return "utf-8-sig" if name == UTF_8 else name  # which also reads what has no mark


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark, by where the zeros of its ASCII are."""
    even, odd = head[0:4096:2], head[1:4096:2]
    if len(odd) < 2 or not head.count(b"\0", 0, 4096):
        return None
    first, second = even.count(0) / len(even), odd.count(0) / len(odd)
    if second > 0.1 and first < second / 8 and even[0]:
        return "utf-16-le"
    return "utf-16-be" if first > 0.1 and second < first / 8 and odd[0] else None


def _is_western(head: bytes) -> bool:
    """Whether nearly all words with more than ASCII are such as Western languages have."""
    try:
        text = head.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    return sum(not _is_word(word) for word in words) * DOUBT <= len(words)


def _is_word(word: str) -> bool:
    """Whether it is punctuation, or its letters are of one alphabet, in a usual case, and mostly ASCII's."""
    if not _SHAPES.fullmatch(word.lower()):
        return False
    return all(
        (part.isascii() or _has_usual_case(part) or part.startswith("Mc"))
        and (len(part) < 4 or sum(letter > "\x7f" for letter in part) * 2 <= len(part))
        for part in _LETTERS.findall(word)
    )


def _has_usual_case(word: str) -> bool:
    """Whether it is in lower or upper case or capitalised, or of a script that has no case."""
    return word[1:] == word[1:].lower() or word.isupper()


def _likely(head: bytes) -> list[str]:
    """The three encodings that make most words of the text, the best first."""
    rated = sorted(((_rating(head, name), name) for name in _OTHERS), key=lambda each: -each[0])
    return [name for rating, name in rated[:3] if rating > 0.6]


def _rating(head: bytes, name: str) -> float:
    """The share of its letters beyond ASCII that are of the scripts, in words of one case; a little less where rare."""
    text = head.decode(name, "replace")
    if "�" in text[:-3]:
        return 0.0
    beyond = [letter for letter in text if letter > "\x7f"]
    words = [word for word in _LETTERS.findall(text) if not word.isascii()]
    scripts = _OTHERS[name]
    fitting = sum(
        len(word) for word in words if _has_usual_case(word) and all(_script(letter) in scripts for letter in word)
    )
    letters = sum(map(len, words))
    kana = sum("\u3040" <= letter <= "\u30ff" for letter in beyond) / len(beyond)
    odd = sum(not letter.isalpha() for letter in beyond) / len(beyond)
    return fitting / max(letters, 1) - odd + kana / 10


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def recoded(parts: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-8 in another encoding again, with its mark at the beginning."""
    if encoding == UTF_8:
        yield from parts
        return
    errors = errors_of(encoding)
    encoder = codecs.getincrementalencoder(encoding)(errors)
    for part in parts:
        text = part.decode(UTF_8, errors)
        try:
            yield encoder.encode(text)
        except UnicodeEncodeError:
            yield text.encode("ascii", "backslashreplace")


class Transcoded(io.RawIOBase):
    """A stream of any encoding as UTF-8. Bytes that are not of the encoding stay, so that UTF-8 refuses them too."""

    def __init__(self, inner: io.BufferedReader, encoding: str) -> None:
        self._inner = inner
        self._decoder: Any = codecs.getincrementaldecoder(encoding)(errors=errors_of(encoding))
        self._encoding, self._ready = encoding, b""
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._is_over:
            some = self._inner.read1(1 << 16)
            self._is_over = not some
            try:
                text = self._decoder.decode(some, final=self._is_over)
            except UnicodeDecodeError:
                raise _undecodable(self._encoding) from None
            self._ready = text.encode(UTF_8, errors_of(self._encoding))
        ready, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(ready)] = ready
        return len(ready)

    def close(self) -> None:
        self._inner.close()
        super().close()


def errors_of(encoding: str) -> str:
    """How what is not of the encoding goes through text and back."""
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _undecodable(encoding: str) -> Invalid:
    return Invalid(
        "import_file_invalid",
        f"Parts of the file are not {encoding} text.",
        field="encoding",
        hint="Name the encoding: --encoding NAME.",
    )
