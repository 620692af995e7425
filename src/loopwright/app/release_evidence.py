"""What a release is judged by, gathered from the tables: counts of both arms, outputs, and paired losses."""

from typing import Any

import numpy as np
import polars as pl

from loopwright.app.labelled_log import settled_until
from loopwright.app.observed import model_columns, scores_of
from loopwright.app.running_release import RunningRelease, last_event
from loopwright.app.scoring import answer_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.schema import Signature
from loopwright.observations.arm_stats import COUNTS, ArmTotals, read_arm_stats, totals
from loopwright.observations.labels import labelled_requests, latest_labels
from loopwright.observations.request_log import read_requests
from loopwright.release.evidence import Evidence, output_values, paired_losses
from loopwright.release.plan import QualityGuard
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model
from loopwright.store.ledger import Record


class Gathered:
    """Evidence since the last look, and how far it reaches."""

    def __init__(self, evidence: Evidence, *, totals: dict[str, ArmTotals], until: Micros, tripped_event: int) -> None:
        self.evidence = evidence
        self.totals = totals
        self.until = until
        self.tripped_event = tripped_event


class EvidenceGatherer:
    """Gathers evidence for the releases of one workspace; keeps the champions that it asks for comparison in memory."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._models: dict[str, Model] = {}

    def gather(self, release: RunningRelease) -> Gathered:
        """What has come in since the release was looked at last."""
        tables, plan = self._workspace.stores.tables, release.plan
        until = settled_until(self._workspace)
        stats = read_arm_stats(tables, plan.endpoint, since=release.state.started_at // SECOND * SECOND)
        now = totals(stats.filter(pl.col("release") == release.id))
        outputs = self._outputs(release, until)
        trip = self._trip(release)
        evidence = Evidence(
            candidate=_since(now.get("candidate"), release.totals.get("candidate")),
            champion=_since(now.get("champion"), release.totals.get("champion")),
            losses=self._losses(release, until),
            candidate_outputs=outputs["candidate"],
            champion_outputs=outputs["champion"],
            tripped=str(trip.data.get("cause")) if trip else None,
        )
        return Gathered(evidence, totals=now, until=until, tripped_event=self._trip_event(release) if trip else 0)

    def _outputs(self, release: RunningRelease, until: Micros) -> dict[str, np.ndarray]:
        found = {"candidate": np.empty(0), "champion": np.empty(0)}
        rows = read_requests(
            self._workspace.stores.tables, release.plan.endpoint, since=release.counted_until, until=until
        )
        if not rows.height:
            return found
        rows = rows.filter((pl.col("release") == release.id) & (pl.col("status") == 200))
        if "fallback_from" in rows.columns:
            rows = rows.filter(pl.col("fallback_from").is_null())
        for arm, version in (("candidate", release.plan.candidate), ("champion", release.plan.champion)):
            own = rows.filter(pl.col("version") == version)
            if own.height:
                found[arm] = output_values(
                    release.plan.task, scores_of(own, self._model(release.plan.champion).signature)
                )
        return found

    def _losses(self, release: RunningRelease, until: Micros) -> np.ndarray:
        """Paired losses on the candidate's own requests whose label became known since the last look."""
        plan = release.plan
        rows = labelled_requests(
            self._workspace.stores.tables,
            plan.endpoint,
            since=release.state.started_at,
            until=until,
            known_at=until - 1,
            learned_since=release.labels_until,
        )
        if not rows.height:
            return np.empty(0)
        rows = rows.filter(
            (pl.col("release") == release.id) & (pl.col("version") == plan.candidate) & (pl.col("status") == 200)
        )
        rows = self._not_counted(rows, release)
        champion = self._model(plan.champion)
        if not rows.height or not _answerable(rows, champion.signature):
            return np.empty(0)
        theirs = answer_of(champion.scores(model_columns(rows, champion.signature)))
        scale = next((guard.scale for guard in plan.guards if isinstance(guard, QualityGuard)), None)
        return paired_losses(
            plan.task,
            rows["label"].to_numpy(),
            scores_of(rows, champion.signature),
            champion=theirs,
            classes=champion.signature.classes,
            scale=scale,
        )

    def _not_counted(self, rows: pl.DataFrame, release: RunningRelease) -> pl.DataFrame:
        """The rows that no earlier look has counted: a label that is sent again, or corrected, is no new proof."""
        if not rows.height or release.labels_until <= release.state.started_at:
            return rows
        known = latest_labels(
            self._workspace.stores.tables,
            release.plan.endpoint,
            known_at=release.labels_until - 1,
            learned_since=release.state.started_at,
        )
        keys = known.filter(pl.col("request_id").is_null())["key"].drop_nulls()
        named = pl.col("request_id").is_in(known["request_id"].drop_nulls().implode())
        counted = named | pl.col("key").is_in(keys.implode()).fill_null(value=False)
        return rows.filter(~(counted & (pl.col("at") < release.labels_until)))

    def _model(self, version: str) -> Model:
        if version not in self._models:
            self._models = {
                version: Model.load(bundle_folder(self._workspace.stores.blobs, version, self._workspace.home / "run"))
            }
        return self._models[version]

    def _trip(self, release: RunningRelease) -> Record | None:
        plan = release.plan
        return self._workspace.stores.ledger.record("arm_trip", f"{plan.endpoint}/{release.id}/{plan.candidate}")

    def _trip_event(self, release: RunningRelease) -> int:
        after = next(iter(last_event(self._workspace, release.plan.endpoint)), 0)
        while page := self._workspace.stores.ledger.read(after=after):
            for event in page:
                if event.kind == "arm_tripped" and event.data.get("release") == release.id:
                    return event.seq
            after = page[-1].seq
        return 0


def _since(now: ArmTotals | None, before: ArmTotals | None) -> ArmTotals:
    if now is None or before is None:
        return now or ArmTotals()
    pairs = zip(now.latency_us_buckets, before.latency_us_buckets, strict=True)
    counts: dict[str, Any] = {name: getattr(now, name) - getattr(before, name) for name in COUNTS}
    return ArmTotals(**counts, latency_us_buckets=tuple(a - b for a, b in pairs))


def _answerable(rows: pl.DataFrame, signature: Signature) -> bool:
    """Whether the logged rows hold every feature that the model needs."""
    there = {
        name
        for place in ("inputs", "features")
        if isinstance(rows.schema.get(place), pl.Struct)
        for name in rows[place].struct.fields
    }
    return all(column.name in there for column in signature.features)
