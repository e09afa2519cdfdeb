"""Templates of messages: texts with fields, how they become text and HTML, and the files that take their place.

    Your code for {application} is:

    {code}

A text is paragraphs with blank lines between them. A paragraph with a field that is empty is left out, and so one text
does for a mail with a link and for one with a code. The HTML of a mail has the subject as its heading and then the same
paragraphs, the last of several in small letters. A line `LABEL: {link}` becomes a button, one that is {link} or {page}
alone becomes a link, and one that is {code} alone is framed.

Files in the folder of the setting `templates` take the place of each part: KIND.subject, KIND.txt, KIND.html. Who
writes KIND.txt changes the HTML with it. A folder in it that is named as a language (`de`, `pt-BR`) holds files for
those who read that; what it does not have comes from the plain folder. Fields are names in braces and nothing else: a
template looks into nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from authctl.core.messages.languages import ENGLISH, ranges
from authctl.core.values import identifiers
from authctl.errors import Invalid, Problem

WIDTH = 72  # characters of a line of text; RFC 3676 §4.2 has 78 as the most
LONGEST_CODE = 10  # characters of a code that is shown large; otp-length goes up to this
PARTS = ("subject", "txt", "html")


@dataclass(frozen=True, slots=True)
class Template:
    """How a message is written. parts: `txt`, of a mail also `subject`, and `html` where it is not made of the text.

    where: the file or setting that a part came from. language: of the folder that the text came from.
    """

    parts: Mapping[str, str]
    where: Mapping[str, str] = field(default_factory=dict)
    language: str = ENGLISH

    @property
    def is_text_message(self) -> bool:
        return "subject" not in self.parts

    def fields(self) -> set[str]:
        """The names of all fields in it."""
        return {name for part in self.parts for name in self._fields(part)}

    def fill(self, part: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
        """A part with its fields filled in. Raises Invalid (general_config_invalid) for a field that there is none of,
        naming the file."""
        self.check(part, values)
        return self.parts[part].format(**{name: escape(value) for name, value in values.items()})

    def as_text(self, values: Mapping[str, str]) -> str:
        """The text of a mail: lines of a width that every reader shows; a link is never broken."""
        import textwrap

        lines = [line for paragraph in self._paragraphs(values) for line in [*paragraph.split("\n"), ""]]
        filled = [line.format(**values) for line in lines]
        return "\n".join(textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in filled)

    def as_message(self, values: Mapping[str, str]) -> str:
        """The body of a text message."""
        return "\n\n".join(paragraph.format(**values) for paragraph in self._paragraphs(values))

    def as_html(self, values: Mapping[str, str], subject: str) -> str:
        """The HTML of a mail, in which every value is escaped."""
        if "html" in self.parts:
            return self.fill("html", {**values, "subject": subject}, _escape)
        return _page(self.language, subject, ["<br>".join(_lines(part, values)) for part in self._paragraphs(values)])

    def check(self, part: str, known: Mapping[str, str]) -> None:
        """Raise Invalid for a part with a field that is not known."""
        unknown = [name for name in self._fields(part) if name not in known]
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise _wrong(self._where(part), f"has an unknown field {{{unknown[0]}}}; known fields: {names}")

    def check_has(self, needed: set[str]) -> None:
        """Raise Invalid for a text or HTML that has none of these fields, which the message is about."""
        for part in ("txt", "html"):
            if part in self.parts and needed and not needed & set(self._fields(part)):
                named = " or ".join(f"{{{name}}}" for name in sorted(needed, reverse=True))
                raise _wrong(self._where(part), f"needs {named}")

    def _paragraphs(self, values: Mapping[str, str]) -> list[str]:
        """The paragraphs of the text, unfilled, without those that have an empty field."""
        self.check("txt", values)
        paragraphs = re.split(r"\n(?:[ \t]*\n)+", self.parts["txt"])
        return [paragraph for paragraph in paragraphs if all(values[name] for name in _fields(paragraph))]

    def _fields(self, part: str) -> list[str]:
        try:
            return _fields(self.parts[part])
        except ValueError:
            what = "has a { or } that belongs to no field; write a literal one twice"
            raise _wrong(self._where(part), what) from None

    def _where(self, part: str) -> str:
        return self.where.get(part, "a built-in template")


def _fields(text: str) -> list[str]:
    """The names of the fields. What `str.format` does beyond names (`.`, `[`, `!`, `:`) is taken for a part of the
    name, and so is refused like any name that there is none of."""
    from string import Formatter

    found = []
    for _, name, options, conversion in Formatter().parse(text):
        if name is not None:
            found.append(name + (f"!{conversion}" if conversion else "") + (f":{options}" if options else ""))
    return found


def _wrong(where: str, what: str) -> Invalid:
    return Invalid("general_config_invalid", f"{where} {what}.", field="templates")


# HTML: a page that takes the reader's own colours and size of letters, loads nothing and tells nobody. All style is
# beside what it is about, since some mail programs drop a style sheet; colours of our own come as ink and ground.

_HEAD = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
"""
_BODY = (
    '<body style="margin:0;padding:1.5em 1em;font-family:sans-serif;font-size:16px;line-height:1.5">\n'
    '<div dir="auto" style="max-width:34em;margin:0 auto;overflow-wrap:anywhere">\n'
)
_HEADING = "margin:0 0 1em;font-size:1.375em;line-height:1.25"
_SMALL = "margin:2em 0 0;padding-top:1em;border-top:1px solid #808080;font-size:0.875em"
_BUTTON = (
    "display:inline-block;margin:0.75em 0;padding:0.6em 1.5em;border-radius:0.4em;"
    "background-color:#1f5fbf;color:#ffffff;font-weight:bold;text-decoration:none"
)
_LINK = "word-break:break-all"
_URL = f"{_LINK};font-size:0.8em"
_FRAMED = "display:inline-block;margin:0.5em 0;padding:0.3em 0.7em;border:1px solid #808080;border-radius:0.4em"
_LARGE = f"{_FRAMED};font-family:monospace;font-size:1.75em;letter-spacing:0.15em"
_LONG = f"{_FRAMED};font-family:monospace;word-break:break-all"
_LABELLED = re.compile(r"\s*(?P<label>.*\S)\s*[:\uff1a]\s*\{link\}\s*")


def _page(language: str, subject: str, paragraphs: list[str]) -> str:
    title = _escape(subject)
    *others, last = paragraphs or [""]
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in others)
    body += f'<p style="{_SMALL}">{last}</p>\n' if others else f"<p>{last}</p>\n"
    head = f"{_HEAD.format(language=language)}<title>{title}</title>\n</head>\n"
    return f'{head}{_BODY}<h1 style="{_HEADING}">{title}</h1>\n{body}</div>\n</body>\n</html>\n'


def _lines(paragraph: str, values: Mapping[str, str]) -> list[str]:
    escaped = {name: _escape(value) for name, value in values.items()}
    return [_line(line, escaped) for line in paragraph.split("\n")]


def _line(line: str, escaped: Mapping[str, str]) -> str:
    code, link = escaped["code"], escaped.get(line.strip().strip("{}"))
    if labelled := _LABELLED.fullmatch(line):
        link, label = escaped["link"], _escape(labelled["label"]).format(**escaped)
        return f'<a href="{link}" style="{_BUTTON}">{label}</a><br><a href="{link}" style="{_URL}">{link}</a>'
    if line.strip() in ("{link}", "{page}"):
        return f'<a href="{link}" style="{_LINK}">{link}</a>'
    if line.strip() == "{code}":
        return f'<strong style="{_LARGE if len(code) <= LONGEST_CODE else _LONG}">{code}</strong>'
    return _escape(line).format(**escaped)


def _escape(text: str) -> str:
    import html

    return html.escape(text)


# Files


def find(folder: str | None, kind: str, built_in: Template, needed: set[str], locale: str = ENGLISH) -> Template:
    """The built-in template with the operator's files laid over it: the plain ones, and those of the language over
    them, the closest on top.

    needed: the fields of which a text has at least one. Raises Invalid (general_config_invalid) for a file that has
    none, and for one that is no text; Unavailable (file_unavailable) for one that cannot be read.
    """
    if folder is None:
        return built_in
    template = _laid_over(built_in, folder, kind)
    for language in reversed(ranges(locale)):
        template = _laid_over(template, os.path.join(folder, language), kind, language)
    template.check_has(needed)
    return template


def _laid_over(template: Template, folder: str, kind: str, language: str | None = None) -> Template:
    """A template with the files of a folder in the place of its parts; a new text takes the place of the HTML, too."""
    files = {part: os.path.join(folder, f"{kind}.{part}") for part in _parts_of(template)}
    found = {part: content for part, path in files.items() if (content := _read(path)) is not None}
    below = {part: text for part, text in template.parts.items() if part != "html" or "txt" not in found}
    where = {**template.where, **{part: files[part] for part in found}}
    is_other = language is not None and "txt" in found
    return Template({**below, **found}, where, language if is_other and language else template.language)


def _parts_of(template: Template) -> tuple[str, ...]:
    return ("txt",) if template.is_text_message else PARTS


def _read(path: str) -> str | None:
    """The text of a file; None where it is not there."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        from authctl.settings import unreadable

        raise unreadable(path, error, "It replaces the text of a message.", "templates") from None
    except UnicodeDecodeError:
        raise _wrong(path, "is not UTF-8") from None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a template is tried with: what it replaces, the fields of which it needs one, and those that there are."""

    built_in: Template
    needed: set[str]
    known: set[str]


def check(folder: str | None, trials: Mapping[str, Trial]) -> None:
    """Read and try every template of the folder and of those of languages in it. Raises Invalid with all that is wrong;
    a file that is named like no template is wrong, too."""
    present = sorted(os.listdir(folder)) if folder is not None and os.path.isdir(folder) else []
    tags = [name for name in present if os.path.isdir(os.path.join(folder or "", name)) and _is_tag(name)]
    problems = [problem for tag in (ENGLISH, *tags) for problem in _problems(folder, trials, tag)]
    names = {f"{kind}.{part}" for kind, trial in trials.items() for part in _parts_of(trial.built_in)}
    for inside in ("", *tags):
        listed = sorted(os.listdir(os.path.join(folder, inside))) if folder is not None and present else []
        problems += [
            _wrong(os.path.join(folder or "", inside, name), "belongs to no message").problems[0]
            for name in listed
            if name not in names and not (name in tags and not inside)
        ]
    if problems:
        raise Invalid.of(list({problem.message: problem for problem in problems}.values()))


def _problems(folder: str | None, trials: Mapping[str, Trial], locale: str) -> Iterator[Problem]:
    """What is wrong with the templates of a language."""
    for kind, trial in trials.items():
        try:
            template = find(folder, kind, trial.built_in, trial.needed, locale)
            for part in template.parts:
                template.check(part, dict.fromkeys(trial.known | ({"subject"} if part == "html" else set()), ""))
        except Invalid as error:
            yield from error.problems


def _is_tag(name: str) -> bool:
    try:
        return identifiers.locale(name) == name
    except Invalid:
        return False
