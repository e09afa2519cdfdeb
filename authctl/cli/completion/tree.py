"""The command tree as completion sees it: each command's words, and the specs of its values (`value_kinds.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typer.core import TyperArgument

from authctl.cli import app
from authctl.cli.commands import Command, LazyGroup
from authctl.cli.completion import value_kinds
from authctl.cli.completion.value_kinds import Words, brief


@dataclass(frozen=True, slots=True)
class Option:
    """One word of an option, and the specs of the values that it takes; a flag takes none."""

    word: str
    specs: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands at a place. flag: the option that gives it as well; "" where there is none."""

    name: str
    spec: str
    repeats: bool
    flag: str
    help: str


@dataclass(frozen=True, slots=True)
class Node:
    """A command, or a group of commands. path: its words, without `authctl`; "" is the root."""

    path: str
    help: str
    commands: Words
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """All commands, and the lists of words that their specs name.

    common: the options that every command and group has, as most have them. `own`: the others of a command, and those
    that it has otherwise; they are looked for first.
    """

    nodes: tuple[Node, ...]
    lists: dict[str, Words]
    common: tuple[Option, ...]

    def own(self, node: Node) -> tuple[Option, ...]:
        return tuple(option for option in node.options if option not in self.common)


def read() -> Tree:
    """The tree of the commands that there are."""
    lists = value_kinds.common_lists()
    nodes = tuple(_read(app.Root(), "", "", lists))
    words = set.intersection(*({option.word for option in node.options} for node in nodes))
    common = tuple(option for option in nodes[0].options if option.word in words)
    lists["help."] = value_kinds.topics() + nodes[0].commands
    lists |= {f"help.{node.path}": node.commands for node in nodes[1:] if node.commands}
    return Tree(nodes, lists, common)


def _read(command: Any, path: str, help: str, lists: dict[str, Words]) -> list[Node]:
    context = command.context_class(command, info_name="authctl", **app.Root().context_settings)
    if not isinstance(command, LazyGroup):
        return [_node(command, context, path, help, (), lists)]
    commands = tuple((name, brief(summary)) for name, summary in command.summaries.items())
    nodes = [_node(command, context, path, help, commands, lists)]
    for name, summary in commands:
        nodes += _read(command.get_command(context, name), f"{path} {name}".strip(), summary, lists)
    return nodes


def _node(command: Any, context: Any, path: str, help: str, commands: Words, lists: dict[str, Words]) -> Node:
    twins = command.twins if isinstance(command, Command) else {}
    shape = command.declaration.shape if isinstance(command, Command) else None
    options: list[Option] = []
    arguments: list[Argument] = []
    for parameter in [*command.params, command.get_help_option(context)]:
        if isinstance(parameter, TyperArgument):
            spec = value_kinds.spec_of(path, parameter, shape, lists)
            repeats = parameter.nargs == -1
            twin = twins.get(str(parameter.name))
            flag = twin.opts[-1] if twin else ""
            arguments.append(Argument(parameter.metavar or "", spec, repeats, flag, brief(parameter.help)))
        elif parameter not in twins.values():
            specs = () if parameter.is_flag else (value_kinds.spec_of(path, parameter, shape, lists),) * parameter.nargs
            # By length, because the words of --help come in no order of their own.
            options += [Option(word, specs, brief(parameter.help)) for word in sorted(parameter.opts, key=len)]
    return Node(path, help, commands, tuple(options), tuple(arguments))
