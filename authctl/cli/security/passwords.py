"""`authctl security check-password`: a password tested against the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import PASSWORD_REPORT
from authctl.cli.commands import INVALID, NOT_FOUND, UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.security import COMMANDS
from authctl.cli.users.options import PasswordFd, PasswordStdin, password_given
from authctl.errors import Invalid

if TYPE_CHECKING:
    from authctl.core.security.password_report import PasswordReport
    from authctl.model import Json


@COMMANDS.command(
    PASSWORD_REPORT,
    exits=(INVALID, NOT_FOUND, UNAVAILABLE),
    example=(
        "authctl security check-password",
        "authctl security check-password --user ada@example.com --password-stdin < password.txt",
    ),
)
def check_password(
    ctx: Context,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="USER", help="A user whose personal data the password must not contain."),
    ] = None,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
) -> None:
    """Test a password: is it allowed, how hard to guess? Nothing is stored.

    The score is 0 (very easy to guess) to 4 (very hard). The time is for somebody who stole the hashes and tries ten
    thousand a second (zxcvbn's estimate). Exit status 3 means the policy refuses the password.
    """
    password = password_given(ctx, stdin=password_stdin, descriptor=password_fd, given=None)
    if password is None:
        password = prompts.secret(ctx.environment, "Password")
    report = ctx.directory.security.check_password(password, user=user)
    ctx.show(_report(ctx, report))
    if report.problems:
        raise Invalid.of(report.problems)


def _report(ctx: Context, report: PasswordReport) -> Json:
    """The report, with each failure's type, for programs with its message too."""
    failures: list[Any] = [problem.type for problem in report.problems]
    if ctx.output.speaks_json:
        failures = [{"type": problem.type, "message": problem.message} for problem in report.problems]
    return {
        "accepted": report.is_accepted,
        "failures": failures,
        "score": report.score,
        "crack_time": report.crack_time,
    }
