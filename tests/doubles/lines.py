"""As much of a shell as terminal sessions and examples need: words, quotes, pipes, and files for stdin and stdout."""

import re
import shlex
from dataclasses import dataclass, field


@dataclass
class Command:
    """One command of a pipeline. given: the line that `<<<` gives; reads, writes: the files behind `<` and `>`."""

    words: list[str] = field(default_factory=list)
    given: str | None = None
    reads: str | None = None
    writes: str | None = None


TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<pipe>\|) | (?P<redirect><<<|<|>)
    | (?P<word>(?: \$'(?:[^'\\]|\\.)*' | '[^']*' | "(?:[^"\\]|\\.)*" | \\. | [^\s'"\\|<>] )+)""",
    re.VERBOSE | re.DOTALL,
)


def pipeline(line):
    """The commands of a line, one after the other."""
    command, redirect = Command(), None
    place = 0
    while place < len(line):
        token = TOKEN.match(line, place)
        assert token, f"cannot be read from here on: {line[place:]}"
        place = token.end()
        if token["pipe"]:
            yield command
            command = Command()
        elif token["redirect"]:
            redirect = token["redirect"]
        elif token["word"]:
            word = unquoted(token["word"])
            match redirect:
                case "<<<":
                    command.given = word + "\n"
                case "<":
                    command.reads = word
                case ">":
                    command.writes = word
                case _:
                    command.words.append(word)
            redirect = None
    yield command


def unquoted(word):
    """A word without its quotes, as bash reads it."""
    parts = re.split(r"(\$'(?:[^'\\]|\\.)*')", word)
    return "".join(escaped(part) if part.startswith("$'") else "".join(shlex.split(part)) for part in parts)


def escaped(quoted):
    r"""The text of $'…'; of its escapes \n, \t, \\, \', \xNN and \uNNNN."""
    short = {"n": "\n", "t": "\t", "r": "\r"}

    def character(found):
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else short.get(found[3], found[3])

    return re.sub(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))", character, quoted[2:-1])
