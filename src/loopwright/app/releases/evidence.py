"""What a release is judged by, gathered from the tables since the last look: each request and each label once."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from loopwright.app.observed import scores_of
from loopwright.app.releases.counts import Counts, added, counts_of, since
from loopwright.app.releases.functions import values_of
from loopwright.app.releases.log import ReleaseLog, answers
from loopwright.app.releases.losses import CHAMPION, Versions, paired_evidence
from loopwright.app.releases.metrics import ReleaseMetrics, unit_of
from loopwright.app.releases.request_index import RequestIndex
from loopwright.app.releases.running import RunningRelease, last_event
from loopwright.app.releases.shadow import agreement, beside, copied_totals, copies
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.observations.arm_stats import ArmTotals
from loopwright.observations.request_log import read_requests
from loopwright.release.evidence import ArmEvidence, Evidence, Floats, output_values
from loopwright.release.rules import FunctionGuard
from loopwright.release.strategy import ABTest
from loopwright.store.ledger import Record

SETTLES_S = 1.0
"""After how long feedback that was taken is there to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Evidence since the last look, and how far it reaches.

    Attributes:
        evidence: By arm.
        counts: Of the whole release until now.
        until: Receipt time, and known-at time, that is no longer in.
        tripped: Events of breakers that stopped an arm.
        some: Whether anything has come in at all.
    """

    evidence: Evidence
    counts: Counts
    until: Micros
    tripped: tuple[int, ...] = ()
    some: bool = field(default=False)


class EvidenceGatherer:
    """Gathers evidence for one endpoint's releases, one after the other. Used by one thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._versions = Versions(workspace)
        self._reading: _Reading | None = None

    def gather(self, release: RunningRelease) -> Gathered:
        """What has come in since the release was looked at last."""
        if self._reading is None or self._reading.release != release.id:
            self.forget()
            self._reading = _Reading(self._workspace, release)
        reading = self._reading
        until = max(self._until(), release.counted_until)
        counts = counts_of(self._workspace, release)
        rows = reading.log.new(release, until)
        labelled = reading.log.labelled(release, until)
        paired = paired_evidence(self._versions, release.plan, labelled)
        metrics = reading.metrics.new(release, until)
        units = reading.units.new(release, rows, until)
        new = since(counts.totals, release.totals)
        trips = {arm: self._trip(release, version) for arm, version in release.plan.candidates.items()}
        shadows = {arm: self._shadow(release, rows, arm) for arm in release.plan.candidates}
        arms = {}
        for arm, version in {CHAMPION: release.plan.champion, **release.plan.candidates}.items():
            copied = shadows.get(arm, _NO_SHADOW)
            trip = trips.get(arm)
            arms[arm] = ArmEvidence(
                totals=added({arm: new.get(arm, ArmTotals())}, {arm: copied.totals})[arm],
                units=units.get(arm, 0),
                outputs=np.concatenate((self._outputs(release, rows, arm=arm, version=version), copied.outputs)),
                metrics=metrics.get(arm, {}),
                functions=self._functions(release, rows, arm),
                agreed=copied.agreed,
                tripped=str(trip.data.get("cause")) if trip else None,
                **({"paired": paired[arm]} if arm in paired else {}),
            )
        any_trip = any(trips.values())
        return Gathered(
            evidence=Evidence(arms=arms),
            counts=counts,
            until=until,
            tripped=self._trip_events(release) if any_trip else (),
            some=bool(rows.height or labelled.height or metrics or any_trip or any(c.requests for c in new.values())),
        )

    def _until(self) -> Micros:
        """How far a look reaches: feedback that is taken this moment may not be written yet."""
        settles = 0 if self._workspace.stores.replay else int(SETTLES_S * SECOND)
        return self._workspace.clock.now() + 1 - settles

    def forget(self) -> None:
        """Let go of what was kept for a release that has ended."""
        self._versions.close()
        self._reading = None

    def _outputs(self, release: RunningRelease, rows: pl.DataFrame, *, arm: str, version: str) -> Floats:
        own = answers(rows)
        if not own.height or release.plan.task == "generation":
            return np.empty(0)
        own = own.filter((pl.col("arm") == arm) & (pl.col("version") == version))
        signature = self._versions.signature(release.plan.champion)
        return output_values(release.plan.task, scores_of(own, signature)) if own.height else np.empty(0)

    def _functions(self, release: RunningRelease, rows: pl.DataFrame, arm: str) -> dict[str, Floats | None]:
        guards = [guard for guard in release.plan.guards if isinstance(guard, FunctionGuard)]
        if arm == CHAMPION or not guards or not rows.height:
            return {}
        answered = answers(rows)
        own, champion = (answered.filter(pl.col("arm") == name) for name in (arm, CHAMPION))
        return {guard.name: values_of(guard, own, champion) for guard in guards}

    def _shadow(self, release: RunningRelease, rows: pl.DataFrame, arm: str) -> "_Copied":
        copied = copies(rows, arm)
        if not copied.height:
            return _NO_SHADOW
        if release.plan.task == "generation":
            return _Copied(totals=copied_totals(copied))
        at = copied["at"].to_numpy()
        answered = read_requests(
            self._workspace.stores.tables,
            release.plan.endpoint,
            since=int(at.min()) - SECOND,  # a copy may be logged a little later than its request
            until=int(at.max()) + 1,
            columns=["request_id", "status", "score", "output", "latency_us", "version", "shadow_of"],
        )
        signature = self._versions.signature(release.plan.champion)
        answered_copies = copied.filter(pl.col("status") == 200)
        return _Copied(
            totals=copied_totals(copied),
            outputs=output_values(release.plan.task, scores_of(answered_copies, signature)),
            agreed=agreement(release.plan.task, beside(copied, answered)),
        )

    def _trip(self, release: RunningRelease, version: str) -> Record | None:
        return self._workspace.stores.ledger.record("arm_trip", f"{release.plan.endpoint}/{release.id}/{version}")

    def _trip_events(self, release: RunningRelease) -> tuple[int, ...]:
        after = next(iter(last_event(self._workspace, release.plan.endpoint)), 0)
        while page := self._workspace.stores.ledger.read(after=after):
            for event in page:
                if event.kind == "arm_tripped" and event.data.get("release") == release.id:
                    return (event.seq,)
            after = page[-1].seq
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """What a shadow did since the last look."""

    totals: ArmTotals = field(default_factory=ArmTotals)
    outputs: Floats = field(default_factory=lambda: np.empty(0))
    agreed: np.ndarray = field(default_factory=lambda: np.empty(0, bool))


_NO_SHADOW = _Copied()


class _Reading:
    """What is kept between the looks at one release."""

    def __init__(self, workspace: Workspace, release: RunningRelease) -> None:
        self.release = release.id
        tested = any(isinstance(stage, ABTest) for stage in release.plan.stages)
        by_input = tested and release.plan.unit is not None
        whole = by_input or any(isinstance(guard, FunctionGuard) for guard in release.plan.guards)
        self.log = ReleaseLog(workspace, release.id, whole=whole)
        self.metrics = ReleaseMetrics(workspace, self.log)
        self.units = _Units(self.log, counted=tested)


class _Units:
    """How many units each arm was given for the first time."""

    def __init__(self, log: ReleaseLog, *, counted: bool) -> None:
        self._log = log
        self._counted = counted
        self._seen = RequestIndex()
        self._taken: tuple[Micros, pl.DataFrame] | None = None

    def new(self, release: RunningRelease, rows: pl.DataFrame, until: Micros) -> dict[str, int]:
        """Units of the rows that no earlier look has counted, by arm."""
        if self._taken is not None and self._taken[0] == release.counted_until:
            self._add(self._taken[1])
        self._taken = None
        if self._counted:
            self._add(self._dealt(release, self._log.before()))
        if not self._counted or not rows.height:
            return {}
        first = self._dealt(release, rows)
        fresh = first.filter(~pl.Series(self._seen.knows(first["unit"])))
        self._taken = (until, fresh)
        return {str(arm): int(count) for arm, count in fresh.group_by("dealt").len().iter_rows()}

    def _add(self, units: pl.DataFrame) -> None:
        if units.height:
            self._seen.add(units["unit"], units["at"])

    def _dealt(self, release: RunningRelease, rows: pl.DataFrame) -> pl.DataFrame:
        """The units of the rows, each once, and the arm that the lot gave it to, whoever answered then."""
        if not rows.height:
            return rows
        given = rows.filter(pl.col("shadow_of").is_null() & pl.col("arm").is_not_null())
        unit = unit_of(given["inputs"] if "inputs" in given.columns else None, given, release.plan.unit)
        dealt = pl.coalesce("fallback_from", "arm").alias("dealt")
        return given.select(dealt, "at", unit.alias("unit")).unique("unit", keep="first", maintain_order=True)
