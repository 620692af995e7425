"""Holds a champion responsible for the end of its worker, where it is."""

import signal
from collections.abc import Sequence
from pathlib import Path

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError
from loopwright.release.routing import Arms
from loopwright.serving.deaths import Death, note_deaths
from loopwright.serving.in_hand import busy
from loopwright.store.ledger import Ledger
from loopwright.web.run_files import hand_path
from loopwright.web.supervisor import Ended

_BY_ITSELF = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
)


def blamed(ended: Ended, in_hand: Sequence[str], endpoints: Sequence[str]) -> tuple[str, ...]:
    """The endpoints whose champions are held responsible for the end of a worker. Pure.

    A worker that somebody else killed (SIGKILL, SIGTERM) is nobody's fault; nor is one that ended with a code of its
    own, such as for a port that is taken, while no model was being asked.

    Args:
        ended: How it ended.
        in_hand: Endpoints whose models were being asked, or loaded, at that moment.
        endpoints: All that it served.
    """
    crashed = ended.fault == "stuck" or -ended.code in _BY_ITSELF
    if in_hand and (crashed or ended.code > 0):
        return tuple(in_hand)
    return tuple(endpoints) if crashed and len(endpoints) == 1 else ()


class DeathNotes:
    """Told of every child that ended, notes the deaths of workers. Used by the supervisor alone.

    Args:
        ledger: Names the champions.
        namespace: Prefix of every ref.
        run: The home's folder for running processes.
        clock: The machine's.
        endpoints: What every worker serves.
    """

    def __init__(self, ledger: Ledger, *, namespace: str, run: Path, clock: Clock, endpoints: Sequence[str]) -> None:
        self._ledger = ledger
        self._namespace = namespace
        self._run = run
        self._clock = clock
        self._endpoints = tuple(endpoints)

    def __call__(self, ended: Ended) -> None:
        """Note what a child's end says."""
        if not ended.name.startswith("worker-"):
            return
        in_hand = busy(hand_path(self._run, ended.name), self._endpoints)
        how = "it stood still" if ended.fault else f"signal {-ended.code}" if ended.code < 0 else f"exit {ended.code}"
        try:
            deaths = [
                Death(at=self._clock.now(), endpoint=name, version=version, how=how)
                for name in blamed(ended, in_hand, self._endpoints)
                if (version := self._champion(name)) is not None
            ]
            if deaths:
                note_deaths(self._run, deaths)
        except (LoopwrightError, OSError):  # a death that cannot be noted does not count
            return

    def _champion(self, endpoint: str) -> str | None:
        target = self._ledger.ref(f"{self._namespace}/endpoint/{endpoint}@arms")
        record = self._ledger.record("arms", target) if target else None
        return None if record is None else Arms.of(record.data).champion.version
