"""What the scripts of all shells have in common: their heads, and their tables with the shell's own quotes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from authctl.cli.completion.tree import Argument, Node, Option, Tree

Quote = Callable[[str], str]

NAMES = {
    "bash": "authctl.bash",
    "zsh": "_authctl",
    "fish": "authctl.fish",
    "powershell": "authctl.ps1",
}

HEAD = """\
# Completion of authctl in {shell}. Generated from its commands by `authctl completion {word}`: do not edit.
#
# Words and options are all here. Ids and names are asked of authctl, which reads them from the database; what it
# answers is compared as text and never evaluated. AUTHCTL_COMPLETE_DATA=0 keeps it from being asked.
"""


def head(shell: str, word: str) -> str:
    return HEAD.format(shell=shell, word=word)


def option_row(option: Option, *, help: bool = True) -> str:
    """`WORD|SPECS|HELP`: the specs of the values with spaces between, none for a flag."""
    return "|".join((option.word, " ".join(option.specs), *((option.help,) if help else ())))


def argument_row(argument: Argument, *, help: bool = True) -> str:
    """`SPEC|FLAG|HELP`; `...` behind the spec says that it repeats."""
    spec = argument.spec + ("..." if argument.repeats else "")
    return "|".join((spec, argument.flag, *((argument.help,) if help else ())))


def word_row(word: str, help: str) -> str:
    return f"{word}|{help}" if help else word


def rows(node: Node, tree: Tree, *, help: bool = True) -> Iterator[tuple[str, list[str]]]:
    """The tables of a command that hold anything: `commands`, `options` and `arguments`, each with its rows."""
    tables = {
        "commands": [word_row(name, summary if help else "") for name, summary in node.commands],
        "options": [option_row(option, help=help) for option in tree.own(node)],
        "arguments": [argument_row(argument, help=help) for argument in node.arguments],
    }
    return ((name, table) for name, table in tables.items() if table)


def lines(texts: Iterable[str], indent: int, quote: Quote) -> str:
    """Quoted texts, a line each."""
    return "\n".join(" " * indent + quote(text) for text in texts)
