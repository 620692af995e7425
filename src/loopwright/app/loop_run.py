"""What came of a run: values only, so that showing an old answer imports nothing that runs one."""

import msgspec

from loopwright.core.verdict import Outcome, Verdict


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word that a candidate may go into canary though its gate did not pass."""

    reason: str
    actor: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a candidate.

    Attributes:
        version: The bundle's digest.
        number: The version's number, where it was registered.
        outcome: The gate's.
        verdicts: Every check's.
        metrics: Figures on the holdout.
        status: `champion` (the first), `releasing`, `promoted` (a loop without a release), `waiting` (another
            release is under way), `unchanged` (it is the champion already), `refused`.
        release: The release's id, where one started.
        events: What was written to the journal, in order.
    """

    version: str
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    metrics: dict[str, float | None]
    status: str
    number: int | None = None
    release: str | None = None
    events: tuple[int, ...] = ()


class LoopRun(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run: which steps ran, and what became of the candidate, if the pipeline made one."""

    run: str
    ran: tuple[str, ...]
    reused: tuple[str, ...]
    results: dict[str, str]
    landed: tuple[int, ...]
    judged: Judged | None = None
    events: tuple[int, ...] = ()

    @property
    def unchanged(self) -> bool:
        return not self.ran
