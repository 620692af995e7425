"""Playing a scenario against running servers: the clock, then what became known, then requests, then labels.

Within one tick everything that became known by its end is pushed first. That gives no request knowledge of its future:
a feature window ends before the request's own event time.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loopwright.app.player_http import Asked, Asker, Connections
from loopwright.app.scenario import Act, Labels, Scenario, Stream
from loopwright.core.clock import Clock, Micros, micros, parse_duration

FULL_TICK: Micros = parse_duration("12h")
THIN_TICK: Micros = parse_duration("1d")
ROWS_AT_A_TIME = 5_000
READY_PATH = "/health/ready"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the control process says after a pass."""

    releasing: bool = False
    promoted: int = 0
    finished: int = 0
    unconfirmed: int = 0


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay went."""

    ended_at: Micros
    requests: int
    failed: int
    failures: dict[str, int]
    acts: int
    story_told: bool
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a player plays on.

    Attributes:
        inference: The inference server.
        control: The control process, with the home's token.
        perform: Does an act; returns once it is done.
        set_clock: Moves the workspace clock.
        on_tick: Told the instant after each tick, and the counts.
        clock: Measures what each part of the replay takes.
    """

    inference: Connections
    control: Connections
    perform: Callable[[Act], None]
    set_clock: Callable[[Micros], None]
    on_tick: Callable[[Micros, Asked], None]
    clock: Clock


class Player:
    """Plays one scenario.

    Args:
        project: Where the sources lie.
        scenario: What to play.
        stage: What to play it on.
    """

    def __init__(self, project: Path, scenario: Scenario, stage: Stage) -> None:
        self._scenario = scenario
        self._stage = stage
        self._asker = Asker(stage.inference.host, stage.inference.port)
        self._seconds: dict[str, float] = {}
        self._start = micros(scenario.start)
        self._requests = [(r, self._stream(project, r.source, r.at, columns=r.columns)) for r in scenario.requests]
        self._pushes = [(p, self._stream(project, p.source, p.at)) for p in scenario.pushes]
        self._labels = [(one, self._stream(project, one.source, one.at)) for one in scenario.labels]
        self._waiting = [act for act in scenario.acts if act.when == "after_release"]
        self._acts = 0
        self._batches = 0
        self._status = Status()
        self._asked = Asked()

    def play(self) -> Play:
        """Play to the end, or until the story is told."""
        now = self._start
        with closing(self._asker):
            for now in self._instants():
                self._tick(now)
                if self._status.releasing or now % THIN_TICK == 0:
                    self._settle()
                self._stage.on_tick(now, self._asked)
                if self._told() and not self._act():
                    break
        return Play(
            ended_at=now,
            requests=self._asked.sent,
            failed=self._asked.failed,
            failures=self._asked.failures,
            acts=self._acts,
            story_told=self._told() and not self._waiting and not self._status.unconfirmed,
            seconds={name: round(value, 2) for name, value in self._seconds.items()},
        )

    def _told(self) -> bool:
        """Whether a release has ended well and none is under way."""
        return self._status.promoted > 0 and not self._status.releasing

    def _act(self) -> bool:
        """Perform the next act that waits; False where there is none and the replay may end here.

        A story is not told before the new champion is seen to have fixed what it was trained for.
        """
        if not self._waiting:
            return self._scenario.stop_after != "story" or self._status.unconfirmed > 0
        with self._timed("acts"):
            self._stage.perform(self._waiting.pop(0))
        self._acts += 1
        self._settle()
        return True

    def _settle(self) -> None:
        with self._timed("settle"):
            self._status = msgspec.convert(self._stage.control.expect("/api/settle", {}), Status)

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        before = self._stage.clock.monotonic()
        yield
        self._seconds[part] = self._seconds.get(part, 0.0) + self._stage.clock.monotonic() - before

    def _stream(self, project: Path, source: str, at: str, *, columns: list[str] | None = None) -> Stream:
        stream = Stream(project, source, at, columns=columns)
        stream.skip_to(self._start)
        return stream

    def _instants(self) -> Iterator[Micros]:
        now, end = self._start, micros(self._scenario.end)
        while now < end:
            full = self._status.releasing or any(
                r.full_until and now < micros(r.full_until) for r in self._scenario.requests
            )
            now = min(now + (FULL_TICK if full else THIN_TICK), end)
            yield now

    def _tick(self, now: Micros) -> None:
        self._stage.set_clock(now)
        failed = self._asked.failed
        with self._timed("pushes"):
            for push, stream in self._pushes:
                for chunk in _chunks(stream.take(now + duration(push.ahead))):
                    self._batches += 1
                    body = {"rows": chunk, "batch": f"replay-{self._batches}"}
                    self._stage.control.expect(f"/datasets/{push.dataset}/rows", body)
        with self._timed("requests"):
            for asked, stream in self._requests:
                rows = stream.take(now, one_in=1 if self._in_full(asked.full_until, now) else asked.thin_to_one_in)
                self._asker.ask_all(f"/predict/{asked.endpoint}", rows, now, asked=self._asked)
        if self._asked.failed > failed:
            # A worker may be starting again: recorded time must not run on without it.
            self._stage.inference.wait(READY_PATH)
        with self._timed("labels"):
            for labels, stream in self._labels:
                said = [_label(labels, row) for row in stream.take(now)]
                for chunk in _chunks(said):
                    self._stage.control.expect("/feedback", {"endpoint": labels.endpoint, "labels": chunk})

    def _in_full(self, until: Any, now: Micros) -> bool:
        return self._status.releasing or until is None or now <= micros(until)


def duration(text: str) -> Micros:
    """A duration that may also be none at all."""
    return 0 if text == "0s" else parse_duration(text)


def _label(labels: Labels, row: dict[str, Any]) -> dict[str, Any]:
    return {"key": row[labels.key], "value": row[labels.value], "event_time": row[labels.event_time]}


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        yield rows[start : start + ROWS_AT_A_TIME]
