"""The one interface of judges."""

from typing import Any, Protocol, TypeVar, runtime_checkable

from loopwright.app.monitor.look import Judged, Look
from loopwright.monitoring.rules.rule import MonitorRule

R_contra = TypeVar("R_contra", bound=MonitorRule, contravariant=True)


class Judge(Protocol[R_contra]):
    """Judges one kind of rule. Without state of its own: what it must remember goes through the ledger as plain JSON.

    Errors of a judge are caught by the watcher, become an *unknown* verdict with the error's words, and never stop the
    other rules.
    """

    def begin(self, rule: R_contra, look: Look) -> Any:
        """The state at the moment when a new champion begins to be watched."""

    def look(self, rule: R_contra, state: Any, look: Look) -> Judged:
        """Judge what has come since the state was made; called once in each `rule.period_us`.

        Nothing may be counted twice or left out when the process was stopped in between: the returned state is written
        in one commit with what became of the verdicts, and a look that was not written is made again.
        """


@runtime_checkable
class Resettable(Protocol):
    """What a judge offers beside it whose evidence builds up over looks, as sequential rules do."""

    def reset(self, rule: Any, state: Any, look: Look) -> Any:
        """The state after the incident of its verdicts was dealt with: what was learned stays, what was held against
        the stream goes."""
