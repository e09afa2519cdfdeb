"""`authctl security check`: what is weak here, for people, programs, and whoever shows SARIF."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from authctl import __version__
from authctl.cli.answer_fields import FINDING
from authctl.cli.commands import INVALID, STDIN, UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.escaping import visible
from authctl.cli.output import Format
from authctl.cli.progress import progress_of
from authctl.cli.security import COMMANDS
from authctl.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from authctl.core.maintenance.findings import Finding
    from authctl.model import Json


SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"low": "note", "medium": "warning", "high": "error"}
SCORES = {"low": "3.0", "medium": "5.5", "high": "8.0"}  # as CVSS divides them; what GitHub sorts by


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@COMMANDS.command(
    FINDING,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security check",
        "authctl security check --deep",
        "authctl security check --fail-on high -o json",
        "authctl security check --sarif authctl.sarif --fail-on high",
    ),
)
def check(
    ctx: Context,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also read every row and the whole audit log. Large directories take minutes."),
    ] = False,
    fail_on: Annotated[
        Severity | None,
        typer.Option(
            "--fail-on",
            metavar="|".join(Severity),
            help="Exit with status 3 if there are findings this severe or worse.",
        ),
    ] = None,
    sarif: Annotated[
        str | None,
        typer.Option(
            "--sarif", metavar="FILE|-", help="Write SARIF 2.1.0 to a new file; - writes only that to stdout."
        ),
    ] = None,
) -> None:
    """List weaknesses, the worst first, and what fixes them. Changes nothing.

    It checks accounts, passwords, sessions, policies, keys, the log, backups, files, and the connections to the
    database and mail server. --deep also finds damaged rows and rows that contradict each other. Ids stay the same from
    version to version. It reports an outdated schema without migrating it. From cron, `--quiet --fail-on high` prints
    nothing unless something is that bad.
    """
    from authctl.core.maintenance import checks

    progress = progress_of(ctx) if deep else None
    found = checks.check(ctx.directory, ctx.settings, program=ctx.program, deep=deep, progress=progress)
    bad = found if fail_on is None else _as_bad_as(found, fail_on)
    if sarif is not None:
        _write_sarif(ctx, found, sarif)
    if ctx.output.quiet and not ctx.asks_for_answer:
        found = bad
    if sarif != STDIN and ctx.output.format is Format.TABLE and not ctx.output.fields:
        ctx.environment.stdout.write("\n".join(_paragraph(finding, ctx) for finding in found))
        if not found:
            ctx.output.note("No weaknesses found.")
    elif sarif != STDIN:
        ctx.output.stream(finding.public() for finding in found)
    if fail_on is not None and bad:
        what = "finding is" if len(bad) == 1 else "findings are"
        raise Invalid("security_check_failed", f"{len(bad)} {what} {fail_on} or worse.")


def _paragraph(finding: Finding, ctx: Context) -> str:
    """A finding for people. Its command is one line, however long, so that it can be copied."""
    import textwrap

    public = finding.public()
    wrapper = textwrap.TextWrapper(ctx.environment.columns, break_long_words=False, break_on_hyphens=False)
    wrapper.subsequent_indent = "  "
    severity = public["severity"]
    first = wrapper.fill(visible(f"{severity}: {public['message']} ({public['id']})")).removeprefix(severity)
    first = ctx.output.look().cell("severity", severity) + first
    wrapper.initial_indent = "  "
    return f"{first}\n{wrapper.fill(visible(finding.check.meaning))}\n  {visible(finding.command)}\n"


def _as_bad_as(found: Sequence[Finding], severity: Severity) -> list[Finding]:
    least = list(Severity).index(severity) + 1
    return [finding for finding in found if finding.check.severity >= least]


def _write_sarif(ctx: Context, found: Sequence[Finding], file: str) -> None:
    import json

    text = json.dumps(_sarif(found), indent=2) + "\n"  # ASCII: it goes into files of any encoding
    if file == STDIN:
        ctx.environment.stdout.write(text)
        return
    from authctl.core.maintenance.private_files import new_file

    with new_file(file, field="sarif") as opened:
        opened.write(text.encode())


def _sarif(found: Sequence[Finding]) -> Json:
    """Findings as SARIF 2.1.0, which code scanners show."""
    from authctl.core.maintenance.findings import CHECKS

    rules = [
        {
            "id": each.id,
            "shortDescription": {"text": each.meaning},
            "defaultConfiguration": {"level": LEVELS[str(each.severity)]},
            "properties": {"security-severity": SCORES[str(each.severity)], "tags": ["security"]},
        }
        for each in CHECKS.values()
    ]
    places = [rule["id"] for rule in rules]
    results = [
        {
            "ruleId": finding.check.id,
            "ruleIndex": places.index(finding.check.id),
            "level": LEVELS[str(finding.check.severity)],
            "message": {"text": f"{finding.message} {finding.check.meaning} To fix it: {finding.command}"},
            "locations": [_location(finding)],
            "partialFingerprints": {"authctl/v1": f"{finding.check.id}/{finding.resource}"},
        }
        for finding in found
    ]
    driver = {"name": "authctl", "version": __version__, "rules": rules}
    return {"$schema": SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _location(finding: Finding) -> Json:
    """Where it is: a file, or something in the directory."""
    if os.path.isabs(finding.resource):
        from urllib.parse import quote as escape

        return {"physicalLocation": {"artifactLocation": {"uri": "file://" + escape(finding.resource)}}}
    return {"logicalLocations": [{"fullyQualifiedName": f"{finding.check.id}/{finding.resource}", "kind": "resource"}]}
