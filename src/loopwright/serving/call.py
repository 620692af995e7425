"""One request to an endpoint, and its answer."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.clock import Micros


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked.

    Attributes:
        id: The request's id; record i of several has the id `id.i`.
        records: n records to predict.
        received_at: The workspace's time of receipt, where a replay set it; None: the time its batch is begun.
        started: Monotonic seconds at receipt.
        deadline: Monotonic seconds after which an answer is of no use.
        pinned: Answer with this version only (a digest or its start), or with whatever the arms say.
        headers: The request's headers in lower case, for cohorts by header.
        explain: Whether the answer says what each feature contributed.
    """

    id: str
    records: list[Any]
    started: float
    deadline: float
    received_at: Micros | None = None
    pinned: str | None = None
    headers: Mapping[str, str] = {}
    explain: bool = False

    def record_id(self, index: int) -> str:
        """The id of one record, under which its label may come back."""
        return self.id if len(self.records) == 1 else f"{self.id}.{index}"


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered: one JSON object a record, and which version, arm and release answered."""

    call: Call
    endpoint: str
    version: str
    arm: str
    release: str | None
    fallback_from: str | None
    outputs: list[dict[str, Any]]
    flags: list[tuple[str, ...]]
    explanations: list[dict[str, float]] | None = None
