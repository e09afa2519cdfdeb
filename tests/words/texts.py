"""Collects every text that people read from the sources of authctl, with the function it is in.

A text is a string of two or more words, or the docstring of a command or a section of settings, which help shows. SQL
and scripts are not texts.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "authctl"
# Strings in these are scripts for shells, SQL and word lists.
PROGRAMS = (
    "cli/completion/",
    "core/crypto/phrases.py",
    "storage/compiled.py",
    "storage/completion.py",
    "storage/migrations/",
    "storage/schema.py",
    "storage/sqlite.py",
    "storage/statements/",
)
SQL = re.compile(
    r"\b(SELECT|INSERT INTO|DELETE FROM|DROP|PRAGMA|SET LOCAL|LOCK TABLE|BEGIN|SAVEPOINT|ANALYZE|IS NULL)\b"
)
ERRORS = ("Conflict", "Denied", "Interrupted", "Invalid", "NotFound", "Partial", "Problem", "Unavailable", "UsageError")
WORDS = re.compile(r"[A-Za-z'’]{2,}[,;:]? [A-Za-z'{(]")


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One text: the module below authctl/, the class and function in it, and what is said, on one line."""

    module: str
    name: str
    said: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}  {self.said}"


@functools.cache
def collected() -> list[Text]:
    """Every text of the package, by module and in the order of the source."""
    modules = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
    return [text for module in modules if not module.startswith(PROGRAMS) for text in _in_module(module)]


def _in_module(module: str) -> Iterator[Text]:
    yield from _below(module, "", _tree(module))


@functools.cache
def _tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text())


def _below(module: str, name: str, node: ast.AST) -> Iterator[Text]:
    """The texts below a node, and which docstrings help shows."""
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    docstring = node.body[0] if documented and ast.get_docstring(node) is not None else None
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        name = f"{name}.{node.name}".lstrip(".")
        if docstring and _is_shown(node):
            yield Text(module, name, _one_line(ast.get_docstring(node)))
    for child in ast.iter_child_nodes(node):
        if child is docstring:
            continue
        said = _said(child)
        if said is None:
            yield from _below(module, name, child)
        elif WORDS.search(said) and not SQL.search(said):
            yield Text(module, name, _one_line(said))


def _is_shown(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether help shows the docstring: of commands, and of sections of settings and policies."""
    if isinstance(node, ast.ClassDef):
        return any(ast.unparse(base).endswith("Section") for base in node.bases)
    return any(".command(" in ast.unparse(each) or ".callback(" in ast.unparse(each) for each in node.decorator_list)


def _said(node: ast.AST) -> str | None:
    """What a literal says, put together from its parts; None for what is not one."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(each) for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (_said(node.left), _said(node.right))
        return None if None in sides else "".join(sides)
    return None


def _part(node: ast.expr) -> str:
    """A part of an f-string as the source has it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    conversion = f"!{chr(node.conversion)}" if node.conversion >= 0 else ""
    form = ":" + "".join(map(_part, node.format_spec.values)) if isinstance(node.format_spec, ast.JoinedStr) else ""
    return "{" + ast.unparse(node.value) + conversion + form + "}"


def _one_line(text: str) -> str:
    return re.sub(r"\n+ *", " ⏎ ", text.strip("\n"))


@functools.cache
def errors() -> list[tuple[Text, Text | None]]:
    """The message of every error that is raised with a literal one, and its hint."""
    return list(_errors())


def _errors() -> Iterator[tuple[Text, Text | None]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(_tree(module)):
            if not (isinstance(node, ast.Call) and len(node.args) > 1 and ast.unparse(node.func) in ERRORS):
                continue
            message = _said(node.args[1])
            hint = next((_said(each.value) for each in node.keywords if each.arg == "hint"), None)
            if message is not None:
                name = f"{ast.unparse(node.func)}"
                yield Text(module, name, message), Text(module, name, hint) if hint else None
