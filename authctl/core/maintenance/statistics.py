"""A picture of a directory in numbers: how it grows, how it is used, and how well its accounts are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from authctl import storage
from authctl.core.work.unit import Work
from authctl.model import Json

MONTHS, DAYS = 12, 14  # this month and today are the last of them, in UTC
DAY = timedelta(days=1)


def picture(work: Work) -> Json:
    """Users by the month they were made in, sign-ins by day, and who has a second factor and which hash.

    Sign-ins are sessions that began, as the log has them. Reads every user and two weeks of the log, once each.
    """
    months = _months(work.now)
    made = [storage.statistics.users_made(work.db, begin, end) for begin, end in pairwise(months)]
    days = [_midnight(work.now) + DAY * place for place in range(1 - DAYS, 2)]
    signed_in = storage.statistics.sign_ins(work.db, days)
    algorithms = storage.statistics.algorithms(work.db)
    users = sum(algorithms.values())
    required, factors = work.policy["mfa-required"], work.policy["mfa-factors"]
    with_mfa = storage.statistics.with_mfa(work.db, required=required, factors=factors)
    return {
        "users_by_month": [
            {"month": f"{month:%Y-%m}", "users": count} for month, count in zip(months, made, strict=False)
        ],
        "sign_ins_by_day": [
            {"day": f"{day:%Y-%m-%d}", "sign_ins": count} for day, count in zip(days, signed_in, strict=False)
        ],
        "mfa": {"users": with_mfa, "share": round(with_mfa / users, 4) if users else None},
        "hashes": [{"algorithm": algorithm, "users": count} for algorithm, count in algorithms.items()],
    }


def _months(now: datetime) -> list[datetime]:
    """The beginnings of the months, and the end of the last."""
    last = now.year * 12 + now.month - 1
    return [
        _midnight(now).replace(year=month // 12, month=month % 12 + 1, day=1)
        for month in range(last - MONTHS + 1, last + 2)
    ]


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)
