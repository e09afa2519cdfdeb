"""What a new argon2id hash costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """memory_cost: KiB; tag_size: bytes."""

    time_cost: int = 3
    memory_cost: int = 65536
    parallelism: int = 4
    tag_size: int = 32


# RFC 9106 §4, the second recommended option, "low-memory".
TODAY = Parameters()
SALT_SIZE = 16  # bytes; RFC 9106 §4
