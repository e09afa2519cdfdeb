"""What lists have in common on the command line: which records, in which order, a page of them, all, or how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Protocol

import typer
from typer.core import TyperOption

from authctl.cli.context import Context
from authctl.errors import UsageError

MOST_COUNTED = 10_000  # records, for the line below a page
PAGE = 25  # records of a list, where --limit does not say

# Of lists that have nothing but pages.
Limit = Annotated[int, typer.Option("--limit", metavar="N", help="Show at most this many.")]
After = Annotated[str | None, typer.Option("--after", metavar="ID", help="Continue after the record with this id.")]

OPERATORS = "OP is = != < <= > >=, or ~ for any part of a text"
MEMBERSHIP_FILTER = (
    f"'FIELD OP VALUE', as in 'roles ~ maths' or 'status = pending'. {OPERATORS} or a member of roles. Repeatable: "
    "all must match. Indexed fields: id, roles, status, invited_at."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line asks of a list, by the names of the options."""

    search: str | None
    filter: Sequence[str]
    sort: str
    limit: int | None = None
    all: bool = False
    after: str | None = None
    before: str | None = None
    count: bool = False

    @property
    def which(self) -> dict[str, Any]:
        """Which records: what pages, all of a list and its count have in common."""
        return {"search": self.search, "filters": self.filter}

    def check(self) -> None:
        """Refuse options that exclude each other."""
        paging = {"--limit": self.limit, "--after": self.after, "--before": self.before}
        given = [flag for flag, value in paging.items() if value is not None]
        if given and (self.all or self.count):
            flag = "--count" if self.count else "--all"
            raise UsageError("general_usage", f"Use only one of {flag} and {given[0]}.", field=flag.strip("-"))
        if self.after is not None and self.before is not None:
            raise UsageError("general_usage", "Use only one of --after and --before.", field="before")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """The options of a command that lists. search, filter: what help says of these; sort: the order by default.

    paged: it takes a page, all of the list, or the count of it; else it always takes all.
    """

    search: str
    filter: str
    sort: str = "-created_at"
    paged: bool = True

    def make(self) -> list[TyperOption]:
        indexed = self.sort.lstrip("-")
        options = [
            _option("search", "TEXT", self.search),
            _option("filter", "FILTER", self.filter, multiple=True),
            _option(
                "sort",
                "FIELD|-FIELD",
                f"Field to sort by; - is descending. Several are repeated or have commas. Only {indexed} is indexed. "
                "Lists and objects (labels, roles, prefs.theme) cannot be sorted by.",
                multiple=True,
                default=[self.sort],
            ),
        ]
        if self.paged:
            options += [
                _option("limit", "N", f"Show at most this many; {PAGE} by default.", type=int),
                _option("all", None, "Show all, streamed.", is_flag=True),
                _option("after", "ID", "Continue after the record with this id."),
                _option("before", "ID", "Show the page before the record with this id."),
                _option("count", None, "Only count them.", is_flag=True),
            ]
        return options


def _option(name: str, metavar: str | None, help: str, **more: Any) -> TyperOption:
    def note(ctx: Any, param: Any, value: Any) -> None:
        ctx.meta.setdefault("asked", {})[name] = value

    more = {"type": None if more.get("is_flag") else str, "show_default": True} | more
    return TyperOption(
        param_decls=[name, f"--{name}"], metavar=metavar, help=help, callback=note, expose_value=False, **more
    )


def asked(ctx: Context) -> Asked:
    """What the line asks of the list."""
    given = ctx.meta["asked"]
    return Asked(**given | {"sort": ",".join(given["sort"])})


class Shown(Protocol):
    """What a list is of: a record with an id and a public shape."""

    @property
    def id(self) -> str: ...

    def public(self) -> dict[str, Any]: ...


def show_list(
    ctx: Context,
    page: Callable[..., Sequence[Shown]],
    everything: Callable[..., Iterator[Shown]],
    counted: Callable[..., int],
    *owner: str,
    counted_up_to: Callable[[int], int] | None = None,
) -> None:
    """Print a page of a list, all of it, or how long it is. owner: whose list it is, where it is somebody's.

    counted_up_to: how many there are where nobody filters, as far as that takes no time.
    """
    wanted = asked(ctx)
    wanted.check()
    if wanted.count:
        ctx.show_count(counted(*owner, **wanted.which))
    elif wanted.all:
        ctx.output.stream(each.public() for each in everything(*owner, **wanted.which, sort=wanted.sort))
    else:
        limit = PAGE if wanted.limit is None else wanted.limit
        paging = {"sort": wanted.sort, "limit": limit, "after": wanted.after, "before": wanted.before}
        is_whole = wanted.search is None and not wanted.filter
        count = partial(counted_up_to, MOST_COUNTED) if counted_up_to and is_whole else None
        show_page(ctx, page(*owner, **wanted.which, **paging), limit, more="--all or ", count=count)


def show_page(
    ctx: Context, found: Sequence[Shown], limit: int, *, more: str = "", count: Callable[[], int] | None = None
) -> None:
    """Print a page, and how to see the next. more: what else shows more. count: how many there are in all."""
    ctx.output.stream(each.public() for each in found)
    if len(found) == limit and ctx.output.notes:
        total = count() if count else None
        of = "" if total is None else f" of {total:,}" + (" and more" if total >= MOST_COUNTED else "")
        ctx.output.note(f"{limit:,}{of} shown; more with {more}--after {found[-1].id}")
