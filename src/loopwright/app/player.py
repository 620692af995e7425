"""Playing a scenario against running servers: the clock, then what became known, then requests, then labels.

Within one tick everything that became known by its end is pushed first. That gives no request knowledge of its future:
a feature window ends before the request's own event time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from loopwright.app.player_http import Asked, Connections, ask_all
from loopwright.app.scenario import Act, Scenario, Stream
from loopwright.core.clock import Micros, micros, parse_duration

FULL_TICK: Micros = parse_duration("3h")
THIN_TICK: Micros = parse_duration("1d")
THREADS = 4
ROWS_AT_A_TIME = 5_000


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the control process says after a pass."""

    releasing: bool = False
    promoted: int = 0
    finished: int = 0


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay went."""

    ended_at: Micros
    requests: int
    failed: int
    failures: dict[str, int]
    acts: int
    story_told: bool


class Player:
    """Plays one scenario.

    Args:
        project: Where the sources lie.
        scenario: What to play.
        inference: The inference server.
        control: The control process, with the home's token.
        perform: Does an act; returns once it is done.
        set_clock: Moves the workspace clock.
        on_tick: Told the instant after each tick, and the counts.
    """

    def __init__(
        self, project: Path, scenario: Scenario, *, inference: Connections, control: Connections,
        perform: Callable[[Act], None], set_clock: Callable[[Micros], None], on_tick: Callable[[Micros, Asked], None],
    ) -> None:
        self._scenario = scenario
        self._inference = inference
        self._control = control
        self._perform = perform
        self._set_clock = set_clock
        self._on_tick = on_tick
        self._start = micros(scenario.start)
        self._requests = [(r, self._stream(project, r.source, r.at, r.columns)) for r in scenario.requests]
        self._pushes = [(p, self._stream(project, p.source, p.at)) for p in scenario.pushes]
        self._labels = [(one, self._stream(project, one.source, one.at)) for one in scenario.labels]
        self._waiting = [act for act in scenario.acts if act.when == "after_release"]
        self._status = Status()
        self._asked = Asked()

    def play(self) -> Play:
        """Play to the end, or until the story is told."""
        now, acts = self._start, 0
        with ThreadPoolExecutor(THREADS) as pool:
            for now in self._instants():  # noqa: B007 - the last instant is reported
                self._tick(now, pool)
                self._status = msgspec.convert(self._control.expect("/api/settle", {}), Status)
                self._on_tick(now, self._asked)
                if self._status.releasing or not self._status.promoted:
                    continue
                if self._waiting:
                    self._perform(self._waiting.pop(0))
                    acts += 1
                    self._status = msgspec.convert(self._control.expect("/api/settle", {}), Status)
                elif self._scenario.stop_after == "story":
                    break
        told = self._status.promoted > 0 and not self._waiting and not self._status.releasing
        return Play(ended_at=now, requests=self._asked.sent, failed=self._asked.failed, failures=self._asked.failures,
                    acts=acts, story_told=told)

    def _stream(self, project: Path, source: str, at: str, columns: list[str] | None = None) -> Stream:
        stream = Stream(project, source, at, columns)
        stream.skip_to(self._start)
        return stream

    def _instants(self) -> Iterator[Micros]:
        now, end = self._start, micros(self._scenario.end)
        while now < end:
            full = self._status.releasing or any(r.full_until and now < micros(r.full_until) for r in self._scenario.requests)
            now = min(now + (FULL_TICK if full else THIN_TICK), end)
            yield now

    def _tick(self, now: Micros, pool: ThreadPoolExecutor) -> None:
        self._set_clock(now)
        for push, stream in self._pushes:
            rows = stream.take(now + parse_duration(push.ahead))
            for chunk in _chunks(rows):
                self._control.expect(f"/datasets/{push.dataset}/rows", {"rows": chunk})
        for asked, stream in self._requests:
            rows = stream.take(now, one_in=1 if self._in_full(asked.full_until, now) else asked.thin_to_one_in)
            ask_all(pool, self._inference, f"/predict/{asked.endpoint}", rows, now, self._asked)
        for labels, stream in self._labels:
            rows = stream.take(now)
            said = [{"key": r[labels.key], "value": r[labels.value], "event_time": r[labels.event_time]} for r in rows]
            for chunk in _chunks(said):
                self._control.expect("/feedback", {"endpoint": labels.endpoint, "labels": chunk})

    def _in_full(self, until: Any, now: Micros) -> bool:
        return self._status.releasing or until is None or now <= micros(until)


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        yield rows[start : start + ROWS_AT_A_TIME]

