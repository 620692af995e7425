"""What a rule is judged by: one moment of one endpoint, and ways to read its rows. Judges take what they need of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.app.labelled_log import LabelledLog
from loopwright.app.loop import Loop
from loopwright.app.observed import answered
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.schema import Signature
from loopwright.core.verdict import Verdict
from loopwright.monitoring.reference import Reference
from loopwright.store.ledger import Record

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at one endpoint.

    Attributes:
        workspace: Where everything is kept.
        loop: Whose endpoint it is.
        version: The champion under watch.
        signature: Its contract.
        reference: Of its bundle; None where it was packaged without one.
        log: Its answered requests with their labels.
        now: The workspace's time; the same for all rules of a pass.
    """

    workspace: Workspace
    loop: Loop
    version: str
    signature: Signature
    reference: Reference | None
    log: LabelledLog
    now: Micros

    def answered(self, since: Micros, until: Micros | None = None) -> "pl.DataFrame":
        """The champion's answered requests received in a half-open span, in order of event time."""
        return answered(self.workspace.stores.tables, self.loop.name, version=self.version, since=since, until=until)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at one rule came to.

    Attributes:
        state: What the judge wants back at the next look, as plain JSON.
        verdicts: A `fail` opens an incident or belongs to an open one.
        reports: Shown only; they open nothing.
        cause: What an incident of these verdicts is about: one incident a cause. The champion where None
            (`version:DIGEST`); `endpoint:NAME` for the service itself, `dataset:NAME` for data that comes in.
        records: Figures that the judge keeps, written in the same commit.
    """

    state: Any = None
    verdicts: tuple[Verdict, ...] = ()
    reports: tuple[Verdict, ...] = ()
    cause: str | None = None
    records: tuple[Record, ...] = ()
