"""How a command is declared, and what every command gets from that: subjects, common options, help, bulk, questions.

A group's module holds a `Commands` and one plain function a command; Typer makes a command of a function only when it
is asked for. What a command may do is said in its declaration, so that the mechanics are here, once:

    @users.command(USER, writes=True, asks="Delete the user {user} and all their data?", example="… ada@example.com")
    def delete(ctx: Context, user: UserArgument) -> None:
        ctx.show_deleted(ctx.directory.users.delete(user).id)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.models import ArgumentInfo

from authctl.cli import help as help_pages
from authctl.cli.context import Context
from authctl.cli.options import common_options, stepping_options, with_values, writing_options
from authctl.cli.output import Shape
from authctl.errors import AuthctlError, ExitStatus, NotFound, Partial, Unavailable, UsageError

if TYPE_CHECKING:
    from authctl.cli.list_options import ListOptions

# Exit statuses by the names that declarations say them by.
CONFLICT, DENIED, INVALID = ExitStatus.CONFLICT, ExitStatus.DENIED, ExitStatus.INVALID
NOT_FOUND, PARTIAL, UNAVAILABLE = ExitStatus.NOT_FOUND, ExitStatus.PARTIAL, ExitStatus.UNAVAILABLE

GROUP_EXAMPLES = 4  # on the help page of a group: the first of its first commands
# Options that may lack a value: no role, as documents of Appwrite have it; users are blocked.
BARE = frozenset({"--roles", "--prune"})
MANY = ("user", "team")  # the subjects whose page says so
USERS = {"FROM": "user", "INTO": "user"}  # what questions call those subjects
LISTED = 5  # subjects of a list that a question names
STDIN = "-"  # in the place of a subject: the subjects come by stdin, one a line


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of a command without building it.

    shape: what it answers. writes: it changes the directory, and takes --dry-run, --reason, and `-` for its subject.
    makes: it makes the default database where that is missing; all others say that there is none.
    steps_up: it takes what a person gives once more. asks: the question before it does what cannot be undone. says:
    what it did, for a person at a terminal, beginning with a participle. lists: the options of its list, where it
    answers one.
    """

    function: Callable[..., None]
    name: str
    shape: Shape | None = None
    writes: bool = False
    makes: bool = False
    steps_up: bool = False
    asks: str | None = None
    says: str | None = None
    lists: ListOptions | None = None
    examples: tuple[str, ...] = ()
    exits: tuple[ExitStatus, ...] = ()

    @property
    def help(self) -> str:
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """The first sentence, for lists of commands."""
        return re.split(r"[.:] |[.]$|\n", self.help, maxsplit=1, flags=re.MULTILINE)[0] + "."


@dataclass(slots=True)
class Commands:
    """The commands of one group, in the order of its help.

    headed: the names of the commands under each heading. modules: where the group is a package, the same, with the
    module that declares each command; a line loads that of its own alone.
    """

    group: str
    headed: Mapping[str, Collection[str]] = field(default_factory=dict)
    modules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    declared: dict[str, Declaration] = field(default_factory=dict)

    @property
    def sections(self) -> Mapping[str, Collection[str]]:
        """The names of the commands, by the headings of the group's help page."""
        return self.modules or self.headed or {"Commands": self.declared}

    @property
    def names(self) -> list[str]:
        return [name for names in self.sections.values() for name in names]

    def get(self, name: str) -> Declaration:
        if name not in self.declared:
            module = next(names[name] for names in self.modules.values() if name in names)
            import_module(f"authctl.cli.{self.group}.{module}")
        return self.declared[name]

    def command(
        self,
        shape: Shape | None = None,
        *,
        name: str | None = None,
        writes: bool = False,
        makes: bool = False,
        steps_up: bool = False,
        asks: str | None = None,
        says: str | None = None,
        lists: ListOptions | None = None,
        example: str | Sequence[str] = (),
        exits: tuple[ExitStatus, ...] = (),
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Declare a command; its name is the function's unless given, its help the docstring."""

        def declare(function: Callable[..., None]) -> Callable[..., None]:
            word = name or function.__name__.rstrip("_").replace("_", "-")
            examples = (example,) if isinstance(example, str) else tuple(example)
            self.declared[word] = Declaration(
                function, word, shape, writes, makes, steps_up, asks, says, lists, examples, exits
            )
            return function

        return declare


class positional(ArgumentInfo):
    """A positional argument that Appwrite's flag gives as well: `users get USER`, `users get --user-id USER`."""

    def __init__(self, flag: str, help: str, *, metavar: str) -> None:
        super().__init__(default=..., help=f"{help} (Also {flag}.)", metavar=metavar, show_default=False)
        self.flag = flag


class Command(TyperCommand):
    """A command with all that the declarations promise."""

    context_class = Context
    declaration: Declaration

    def complete(self, declaration: Declaration) -> None:
        """Add what every command has: the flags of its subjects, and the common options."""
        self.declaration = declaration
        arguments = {str(each.name): each for each in self.params if isinstance(each, TyperArgument)}
        flags = _flags(declaration.function) if arguments else {}
        self.twins = {name: _twin(argument, flags[name]) for name, argument in arguments.items() if name in flags}
        self.params = [*self.params, *self.twins.values()]
        if declaration.lists is not None:
            self.params += declaration.lists.make()
        if declaration.steps_up:
            self.params += stepping_options({word for each in self.params for word in each.opts})
        if declaration.writes:
            self.params += writing_options()
        self.params += common_options()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["reading"] = ctx
        own = {flag for each in self.params if each not in self.twins.values() for flag in each.opts}
        args = with_values(self, ctx, args, bare=BARE & own)
        before_dashes = args[: args.index("--")] if "--" in args else args
        words = {word.partition("=")[0] for word in before_dashes}
        ctx.flagged = {name for name, option in self.twins.items() if words & set(option.opts)}
        ctx.allow_extra_args = True  # to be refused in words of ours
        extra = super().parse_args(ctx, args)
        if extra:
            from authctl.cli import usage_errors

            raise usage_errors.too_many(self, ctx, len(extra))
        return extra

    def get_params(self, ctx: Any) -> list[Any]:
        """Each subject once: as the flag where the line has it, else by its place."""
        flagged: set[str] = getattr(ctx, "flagged", set())
        kept = []
        for parameter in super().get_params(ctx):
            twin = self.twins.get(str(parameter.name))
            if twin is None or (parameter is twin) == (parameter.name in flagged):
                kept.append(parameter)
        return kept

    def invoke(self, ctx: Any) -> Any:
        """Everything that can be refused is, before anything is done; then the command, for each of its subjects."""
        declaration = self.declaration
        if not ctx.is_person and (given := next(iter(ctx.given_again), None)):
            message = f"--{given.replace('_', '-')} only goes with --as-session here."
            raise UsageError("general_usage", message, field=given.removesuffix("_stdin"))
        if declaration.shape is not None:
            ctx.output.prepare(declaration.shape)
        subject = next((name for name in self.twins if ctx.params.get(name) == STDIN), None)
        if subject is not None and declaration.writes:
            return self._invoke_for_stdin(ctx, subject)
        # What names nobody, nor --all, is refused by the command itself.
        names_nobody = self.twins and not ctx.params.get("all") and all(ctx.params[name] is None for name in self.twins)
        if declaration.asks is not None and not names_nobody:
            ctx.confirm_subjects(declaration.asks.format(**_named(ctx)))
        return super().invoke(ctx)

    def _invoke_for_stdin(self, ctx: Context, subject: str) -> None:
        """The command for each line of stdin, each its own unit of work; what is refused is told, the rest is done."""
        taken = [name for name, value in (ctx.params | ctx.given).items() if name.endswith("_stdin") and value]
        if taken:
            flag = "--" + taken[0].replace("_", "-")
            raise UsageError(
                "general_usage", f"Standard input cannot carry both the ids and the value of {flag}.", field=taken[0]
            )
        ids: Iterable[str] = ctx.read_ids()
        if self.declaration.asks is not None and not ctx.is_agreed:
            ids = [*ids]
            named = _named(ctx) | {subject: _listed(ids, subject)}
            ctx.params[subject] = None
            if ids:
                ctx.confirm_subjects(self.declaration.asks.format(**named), from_stdin=True)
        done = refused = 0
        with ctx.output.bulk(works=True):
            for value in ids:
                try:
                    self._invoke_for(ctx, subject, value)
                    done += 1
                except Unavailable:
                    raise
                except AuthctlError as error:
                    ctx.output.error(error)
                    refused += 1
        if refused:
            raise Partial("general_partial", f"{done} done, {refused} refused.")

    def _invoke_for(self, ctx: Context, subject: str, value: str) -> None:
        """The command for a line of stdin: an id first of all, also where it could be something else elsewhere."""
        from authctl.core.accounts import lookup

        id = lookup.reference(value) if subject == "user" else value
        try:
            ctx.params[subject] = f"id:{value}" if subject == "user" and value.isdecimal() else id
            super().invoke(ctx)
        except NotFound as error:
            if id == value or error.field != subject:
                raise
            ctx.params[subject] = value
            super().invoke(ctx)

    # Help is drawn in cli/help.py.

    def get_help_option(self, ctx: Any) -> Any:
        return help_pages.in_pager(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return help_pages.usage(self, ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        declaration = self.declaration
        many = next((name for name in MANY if declaration.writes and name in self.twins), None)
        help_pages.write_command(
            self, ctx, formatter, examples=declaration.examples, exits=declaration.exits, many=many
        )


def _named(ctx: Context) -> dict[str, str]:
    """What a question calls the subjects of a line, by the word that help has for them: `the user ada`."""
    nouns = {each.name: USERS.get(each.metavar, each.metavar.lower()) for each in ctx.command.params if each.metavar}
    return {
        name: f"the {nouns.get(name, name)} {value}" if value is not None else "everybody"
        for name, value in ctx.params.items()
    }


def _listed(ids: Sequence[str], noun: str) -> str:
    """What a question calls many subjects: how many they are, and the first."""
    if len(ids) == 1:
        return f"the {noun} {ids[0]}"
    nouns = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    more = [f"and {len(ids) - LISTED:,} more"] if len(ids) > LISTED else []
    return f"{len(ids):,} {nouns} ({', '.join([*ids[:LISTED], *more])})"


def _flags(function: Callable[..., None]) -> dict[str, str]:
    """The flags of a function's positional arguments, by their names; Typer's own arguments have no place for them."""
    hints = get_type_hints(function, include_extras=True)
    return {
        name: each.flag
        for name, hint in hints.items()
        for each in getattr(hint, "__metadata__", ())
        if isinstance(each, positional)
    }


def _twin(argument: TyperArgument, flag: str) -> TyperOption:
    """The option that gives the same value."""
    return TyperOption(
        param_decls=[str(argument.name), flag],
        type=argument.type,
        required=argument.required,
        default=argument.default,
        multiple=argument.nargs == -1,
        hidden=True,
    )


class LazyGroup(TyperGroup):
    """A group that loads and builds only the command that is asked for."""

    context_class = Context

    def __init__(
        self, name: str, help: str, names: Iterable[str], *, more: Sequence[TyperOption] = (), **settings: Any
    ) -> None:
        super().__init__(name=name, help=help, rich_markup_mode=None, subcommand_metavar="COMMAND ...", **settings)
        self.params += [*common_options(), *more]
        # What is read of it is its names, for suggestions.
        self.commands = dict.fromkeys(names)  # type: ignore[assignment]

    @property
    def sections(self) -> Mapping[str, Mapping[str, str]]:
        """Each command's name, and what it does in one line, under the headings of the help page."""
        raise NotImplementedError

    @property
    def summaries(self) -> dict[str, str]:
        """The same without the headings."""
        return {name: help for commands in self.sections.values() for name, help in commands.items()}

    @property
    def examples(self) -> Sequence[str]:
        raise NotImplementedError

    def build(self, name: str) -> Any:
        """The group or command of that name."""
        raise NotImplementedError

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["reading"] = ctx
        return super().parse_args(ctx, with_values(self, ctx, args) or ["--help"])

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        from authctl.cli import usage_errors

        raise usage_errors.no_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return self.build(cmd_name) if cmd_name in self.commands else None

    def get_help_option(self, ctx: Any) -> Any:
        return help_pages.in_pager(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        help_pages.write_group(self, ctx, formatter, sections=self.sections, examples=self.examples)


class Group(LazyGroup):
    """The group of some declared commands. Its help loads them all."""

    def __init__(self, declared: Commands, help: str) -> None:
        super().__init__(declared.group, help, declared.names)
        self._declared = declared

    @property
    def sections(self) -> Mapping[str, Mapping[str, str]]:
        declared = self._declared
        return {
            title: {name: declared.get(name).summary for name in names} for title, names in declared.sections.items()
        }

    @property
    def examples(self) -> Sequence[str]:
        return [self._declared.get(name).examples[0] for name in self._declared.names[:GROUP_EXAMPLES]]

    def build(self, name: str) -> Command:
        return build_command(self._declared.get(name))


def build_command(declaration: Declaration) -> Command:
    """The command as Typer makes it of the function, and what every command has."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(declaration.name, cls=Command, help=declaration.help)(declaration.function)
    command = typer.main.get_command(app)
    assert isinstance(command, Command)
    command.complete(declaration)
    return command
