"""Evaluations beside the control process's passes: a sample of live traffic, and the champion before its gate again.

They ask models, which takes as long as it takes; a pass never waits for them. One is under way at a time.
"""

import asyncio
import logging
from collections.abc import Callable
from threading import Thread
from typing import Any, Literal

import msgspec

from loopwright.app.evaluations.journey import EvaluationJourney, Manner
from loopwright.app.evaluations.live import live_turn
from loopwright.app.evaluations.target import version_target
from loopwright.app.loop import Loop
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.errors import LoopwrightError
from loopwright.evals.check import Evaluation
from loopwright.monitoring.rules.reevaluation import ReevaluationRule
from loopwright.store.ledger import Record

KIND = "evaluation_turn"
LIVE_EVERY: Micros = 15 * SECOND
_LOG = logging.getLogger("loopwright.evaluations")
What = Literal["live", "gate"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest turn of one kind came to; a record.

    Attributes:
        endpoint: Whose.
        what: `live`: a sample of traffic. `gate`: the gate's evaluations, on the champion.
        at: When it began.
        version: The champion then, for `gate`.
        failed: The error's code and words; empty where it went well.
        found: Its figures.
    """

    endpoint: str
    what: What
    at: Micros
    version: str = ""
    failed: str = ""
    found: dict[str, Any] = {}

    def record(self) -> Record:
        """The record."""
        facets: dict[str, str | float | int | bool] = {"endpoint": self.endpoint, "what": self.what}
        return Record(kind=KIND, id=f"{self.endpoint}/{self.what}", data=msgspec.to_builtins(self), facets=facets)


class EvaluationsAside:
    """Begins turns that are due. Used by one thread; a turn runs in a thread of its own.

    Args:
        workspace: The workspace.
        loop: Whose `live` and whose gate.
    """

    def __init__(self, workspace: Workspace, loop: Loop) -> None:
        self._workspace = workspace
        self._loop = loop
        self._thread: Thread | None = None

    def step(self) -> None:
        """Begin what is due, unless a turn is under way."""
        if self._loop.application is None or (self._thread is not None and self._thread.is_alive()):
            return
        now = self._workspace.clock.now()
        version = champion_of(self._workspace, self._loop.name)
        if version is not None and self._gate_due(version, now):
            self._begin(lambda: self._ask_gate(version, now))
        elif self._loop.live is not None and self._live_due(now):
            self._begin(lambda: self._look_at_traffic(now))

    def wait(self, patience_s: float) -> None:
        """Wait for the turn under way."""
        if self._thread is not None:
            self._thread.join(patience_s)

    def _begin(self, turn: Callable[[], None]) -> None:
        self._thread = Thread(target=turn, name="evaluation", daemon=True)
        self._thread.start()

    def _gate_due(self, version: str, now: Micros) -> bool:
        rule = next((rule for rule in self._loop.monitor if isinstance(rule, ReevaluationRule)), None)
        if rule is None or not any(isinstance(check, Evaluation) for check in self._loop.gate):
            return False
        last = turn_of(self._workspace, self._loop.name, "gate")
        return last is None or last.version != version or now - last.at >= rule.period_us

    def _live_due(self, now: Micros) -> bool:
        last = turn_of(self._workspace, self._loop.name, "live")
        return last is None or now - last.at >= LIVE_EVERY

    def _ask_gate(self, version: str, now: Micros) -> None:
        """Ask the gate's cases anew: what is behind a model's name may have changed without anybody's saying so."""
        turn = Turn(endpoint=self._loop.name, what="gate", at=now, version=version)
        found: dict[str, str] = {}
        try:
            for check in self._loop.gate:
                if not isinstance(check, Evaluation):
                    continue
                target = version_target(self._workspace, self._loop.name, version)
                done = asyncio.run(EvaluationJourney(self._workspace, check, target, manner=Manner(fresh=True)).apply())
                found[check.name] = done.kept.id
        except Exception as error:  # noqa: BLE001 - boundary: a turn aside; it records what happened
            turn = msgspec.structs.replace(turn, failed=_words(error))
        self._keep(msgspec.structs.replace(turn, found=found))

    def _look_at_traffic(self, now: Micros) -> None:
        turn = Turn(endpoint=self._loop.name, what="live", at=now)
        try:
            assert self._loop.live is not None
            done = asyncio.run(live_turn(self._workspace, self._loop.name, self._loop.live))
            turn = msgspec.structs.replace(turn, found=msgspec.to_builtins(done))
        except Exception as error:  # noqa: BLE001 - boundary: a turn aside; it records what happened
            turn = msgspec.structs.replace(turn, failed=_words(error))
        self._keep(turn)

    def _keep(self, turn: Turn) -> None:
        if turn.failed:
            _LOG.warning("the %s evaluation of %s failed: %s", turn.what, turn.endpoint, turn.failed)
        try:
            self._workspace.stores.ledger.commit(records=[turn.record()], durability="normal")
        except LoopwrightError as error:  # it is done again, which is no harm
            _LOG.warning("an evaluation of %s is not written down: %s", turn.endpoint, error.what)


def turn_of(workspace: Workspace, endpoint: str, what: What) -> Turn | None:
    """The newest turn of a kind."""
    record = workspace.stores.ledger.record(KIND, f"{endpoint}/{what}")
    return None if record is None else msgspec.convert(record.data, Turn)


def _words(error: Exception) -> str:
    if isinstance(error, LoopwrightError):
        return f"{error.code} {error.what}" + (f": {error.why}" if error.why else "")
    return f"{type(error).__name__}: {error}"[:300]
