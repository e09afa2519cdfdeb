"""A Postgres whose databases have transactions that refuse each other by default: ours do not."""

import pytest
from doubles import contention, processes
from psycopg.conninfo import conninfo_to_dict


@pytest.fixture(params=["serializable", "repeatable read"])
def database_url(request, ready_postgres_url, postgres):
    name = conninfo_to_dict(ready_postgres_url)["dbname"]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = '{request.param}'")
    return ready_postgres_url


def test_nothing_is_refused_used_twice_or_lost(directory, database_url, home, clock):
    secrets = contention.prepare(directory, 2)
    answers = processes.at_once(home, database_url, clock, 8, contention.program(4, secrets))
    assert [status for status, _ in answers] == [0] * 8
    steps = [step for _, steps in answers for step in steps]
    assert len(steps) == 8 * 4 * 2 * 3
    assert contention.faults(directory, steps) == {}
