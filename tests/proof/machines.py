"""Running a state machine of hypothesis' as a trial."""

from __future__ import annotations

from hypothesis import HealthCheck, seed as seeded, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def run(machine: type[RuleBasedStateMachine], seed: int | None, examples: int, steps: int) -> None:
    """Try so many examples of at most so many steps; the same ones each time without a seed. Raises what it finds."""
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=seed is None,
        deadline=None,
        database=None,
        suppress_health_check=[*HealthCheck],
    )
    run_state_machine_as_test(seeded(seed)(machine) if seed is not None else machine, settings=wanted)
