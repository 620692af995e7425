"""What is written down when a breaker stops an arm, so that the controller, other workers and restarts heed it."""

import asyncio
from typing import Protocol

from loopwright.core.clock import Clock
from loopwright.core.events import EventDraft
from loopwright.errors import StoreError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.health import Trip
from loopwright.store.ledger import Ledger, Record

_KIND = "arm_trip"
_RETRY_S = 0.5


class OfEndpoint(Protocol):
    """The arms of an endpoint at one revision: what the ledger says, and the journal's number of what set them."""

    @property
    def spec(self) -> Arms: ...
    @property
    def cause(self) -> int: ...


class Stopped(Protocol):
    """The arm that is stopped."""

    @property
    def spec(self) -> Arm: ...


class TripRecorder:
    """Writes trips down, off the event loop; a busy ledger is asked again until it has them."""

    def __init__(self, ledger: Ledger, clock: Clock, worker: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._worker = worker
        self._writing: set[asyncio.Task[None]] = set()

    def __call__(self, arms: OfEndpoint, arm: Stopped, trip: Trip) -> None:
        """Begin to write a trip down; called on the event loop."""
        task = asyncio.get_running_loop().create_task(self._write_until_done(arms, arm, trip))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def drain(self) -> None:
        """Wait for what is being written."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=5.0)

    async def _write_until_done(self, arms: OfEndpoint, arm: Stopped, trip: Trip) -> None:
        while True:
            try:
                await asyncio.to_thread(self._write, arms, arm, trip)
            except StoreError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(_RETRY_S)
            else:
                return

    def _write(self, arms: OfEndpoint, arm: Stopped, trip: Trip) -> None:
        """Append `arm_tripped`, caused by the event that set the arms, and the record beside it.

        The event holds no text of the model's own, which could quote a row; the record, which can be erased, does.
        """
        spec = arms.spec
        data = {
            "endpoint": spec.endpoint,
            "release": spec.release,
            "arm": arm.spec.name,
            "version": arm.spec.version,
            "cause": trip.cause,
            "requests": trip.requests,
            "failures": trip.failures,
            "worker": self._worker,
        }
        draft = EventDraft(
            kind="arm_tripped",
            subject=f"release:{spec.release}" if spec.release else f"endpoint:{spec.endpoint}",
            data=data,
            caused_by=(arms.cause,) if arms.cause else (),
            actor=f"worker:{self._worker}",
            logical_at=self._clock.now(),
        )
        record = Record(kind=_KIND, id=_trip_id(spec, arm.spec), data=data | {"why": trip.why})
        self._ledger.commit(records=[record], events=[draft])


def recorded_trip(ledger: Ledger, spec: Arms, arm: Arm) -> Trip | None:
    """The trip of an arm in its release, if one is written down."""
    record = ledger.record(_KIND, _trip_id(spec, arm))
    if record is None:
        return None
    cause, why = str(record.data["cause"]), str(record.data["why"])
    return Trip(cause=cause, why=why, requests=int(record.data["requests"]), failures=int(record.data["failures"]))


def _trip_id(spec: Arms, arm: Arm) -> str:
    return f"{spec.endpoint}/{spec.release}/{arm.version}"
