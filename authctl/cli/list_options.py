"""What lists have in common on the command line: a page of one, all of it, or how long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Protocol

import typer

from authctl.cli.context import Context
from authctl.errors import UsageError

PAGE = 25  # records of a list, where --limit does not say

Limit = Annotated[int | None, typer.Option("--limit", metavar="N", help=f"At most so many; {PAGE} unless given.")]
All = Annotated[bool, typer.Option("--all", help="All of them, streamed.")]
After = Annotated[str | None, typer.Option("--after", metavar="ID", help="The page after this one's id.")]
Before = Annotated[str | None, typer.Option("--before", metavar="ID", help="The page before this one's id.")]
Count = Annotated[bool, typer.Option("--count", help="Only say how many there are.")]
MembershipFilter = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="FILTER",
        help="'FIELD OP VALUE', as in 'roles ~ maths' or 'status = pending'. OP is = != < <= > >=, or ~ for any part of"
        " a text or a member of roles. Repeatable: all must hold. Indexed fields: id, roles, status, invited_at.",
    ),
]
MembershipSort = Annotated[
    str, typer.Option("--sort", metavar="FIELD|-FIELD", help="- is descending. Only invited_at is indexed.")
]


class Shown(Protocol):
    """What a list is of: a record with an id and a public shape."""

    @property
    def id(self) -> str: ...

    def public(self) -> dict[str, Any]: ...


def show_list(
    ctx: Context,
    page: Callable[..., list[Any]],
    everything: Callable[..., Iterator[Any]],
    counted: Callable[..., int],
    *,
    asked: dict[str, Any],
    sort: str,
    limit: int | None,
    all: bool,
    after: str | None,
    before: str | None,
    count: bool,
) -> None:
    """Print a page of a list, or all of it, or how long it is."""
    paging = {"--limit": limit, "--after": after, "--before": before}
    given = [flag for flag, value in paging.items() if value is not None]
    if given and (all or count):
        flag = "--count" if count else "--all"
        raise UsageError("general_usage", f"{flag} and {given[0]} exclude each other.", field=flag.strip("-"))
    if after is not None and before is not None:
        raise UsageError("general_usage", "--after and --before exclude each other.", field="before")
    if count:
        ctx.show_count(counted(**asked))
    elif all:
        ctx.output.stream(each.public() for each in everything(**asked, sort=sort))
    else:
        most = PAGE if limit is None else limit
        found: list[Shown] = page(**asked, sort=sort, limit=most, after=after, before=before)
        ctx.output.stream(each.public() for each in found)
        if len(found) == most:
            ctx.output.note(f"There may be more: --after {found[-1].id} shows the next page, --all shows all.")
