"""What a run tells while it goes on."""

from collections.abc import Callable
from typing import Literal

import msgspec


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened: which step, the how-many-th of how many, and, where it has ended, how long it took."""

    kind: Literal["started", "finished", "reused", "retried", "failed"]
    step: str
    index: int
    total: int
    duration_us: int = 0


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tells nobody."""
