"""What became of a batch: which arm answered, what it was given, what it said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from loopwright.observations.request_log import RequestRow
from loopwright.serving.call import Answered, Call
from loopwright.serving.door import Door, Row
from loopwright.serving.intake import Prepared
from loopwright.serving.observer import ArmLabel
from loopwright.serving.outputs import Output
from loopwright.serving.pending import Pending, record_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answers to the n records of a batch.

    Attributes:
        label: Endpoint, release, arm and version that answered.
        door: The contract of the version that answered.
        prepared: What it was given.
        outputs: What it said, record by record.
        fallback_from: The arm that should have answered and failed.
        explanations: Contributions by feature, record by record, where they were asked for.
    """

    label: ArmLabel
    door: Door
    prepared: Prepared
    outputs: Sequence[Output]
    fallback_from: str | None = None
    explanations: Sequence[dict[str, Any]] | None = None

    def answered(self, call: Call, start: int, rows: Sequence[Row]) -> Answered:
        """The answer to one call, whose records begin at `start`."""
        end = start + len(rows)
        explained = self.explanations
        return Answered(
            call=call,
            endpoint=self.label.endpoint,
            version=self.label.version,
            arm=self.label.arm,
            release=self.label.release,
            fallback_from=self.fallback_from,
            outputs=[output.said() for output in self.outputs[start:end]],
            flags=[row.flags for row in rows],
            explanations=None if explained is None else list(explained[start:end]),
        )

    def log_rows(self, asked: Sequence[Pending], now: float, lost: Collection[int] = ()) -> list[RequestRow]:
        """The rows of the request log, record by record.

        Args:
            asked: The requests of the batch.
            now: Monotonic seconds.
            lost: `id()` of requests that somebody else answers.
        """
        label, prepared, key = self.label, self.prepared, self.door.key
        endpoint, release, arm, version = label.endpoint, label.release, label.arm, label.version
        joined, times, outputs, fallback = prepared.joined, prepared.event_times, self.outputs, self.fallback_from
        made: list[RequestRow] = []
        at = 0
        for pending in asked:
            latency_us = int((now - pending.started) * 1e6)
            count = len(pending.rows)
            if lost and id(pending) in lost:
                at += count
                continue
            for index in range(count):
                row, output = prepared.rows[at], outputs[at]
                made.append(
                    RequestRow(
                        request_id=record_id(pending.id, index, count), at=pending.at, event_time=times[at],
                        endpoint=endpoint, release=release, arm=arm, version=version, key=key(row),
                        inputs=row.logged, features=joined[at], output=output, score=output.single,
                        latency_us=latency_us, fallback_from=fallback, flags=row.flags,
                    )
                )  # fmt: skip
                at += 1
        return made
