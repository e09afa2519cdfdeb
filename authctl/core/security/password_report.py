"""What the policy has against a password, and how hard it is to guess."""

from __future__ import annotations

from dataclasses import dataclass

from authctl.core.accounts import lookup
from authctl.core.credentials import password_rules
from authctl.core.policy import policies
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Problem
from authctl.model import User


@dataclass(frozen=True, slots=True)
class PasswordReport:
    """What the policy has against a password, and how hard it is to guess.

    score: zxcvbn's, 0 (very easy) to 4 (very hard). crack_time: in words, for somebody who tries ten thousand a second.
    """

    problems: tuple[Problem, ...]
    score: int
    crack_time: str

    @property
    def is_accepted(self) -> bool:
        return not self.problems


def check_password(directory: Engine, password: str, *, user: str | None = None) -> PasswordReport:
    """Say what a password would get, and store nothing.

    user: whose personal data it is held against too. The user's former passwords are not looked at.
    Raises NotFound for an unknown user, Unavailable where the file of breached passwords cannot be read.
    """
    current, found = directory.read(_standing, user)
    problems = password_rules.failures(password, current, user=found)
    score, crack_time = password_rules.estimate(password, user=found)
    return PasswordReport(tuple(problems), score, crack_time)


def _standing(work: Work, user: str | None) -> tuple[policies.Policy, User | None]:
    return work.policy, None if user is None else lookup.get(work, user)
