"""Business metrics of a release's arms, from feedback: one value a unit (a user, where the plan says so), once."""

from typing import Any

import polars as pl

from loopwright.app.releases.log import ReleaseLog
from loopwright.app.releases.request_index import RequestIndex
from loopwright.app.releases.running import RunningRelease
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, parse_duration
from loopwright.observations.labels import ANSWERED, latest_worths, rewards_of
from loopwright.observations.request_log import read_requests
from loopwright.release.evidence import MetricValues

BEFORE = parse_duration("30d")
"""How far back from a release a unit's earlier rewards are its covariate."""
ByArm = dict[str, dict[str, MetricValues]]


class ReleaseMetrics:
    """Values of one release's metrics. Used by one thread; a process that begins in the middle reads the past once.

    Of a unit with several rewards the first one that became known counts: what has been evidence once stays so.
    """

    def __init__(self, workspace: Workspace, log: ReleaseLog) -> None:
        self._workspace = workspace
        self._log = log
        self._counted: dict[str, RequestIndex] = {}
        self._taken: list[tuple[Micros, str, pl.DataFrame]] = []
        self._earlier: dict[str, pl.DataFrame] = {}

    def new(self, release: RunningRelease, until: Micros) -> ByArm:
        """Values that became known since the last look, by arm and metric. Called after `ReleaseLog.new`."""
        self._settle(release)
        found: ByArm = {}
        for metric in release.plan.metrics:
            rows = self._rewards(release, metric, since=release.labels_until, until=until)
            if not rows.height:
                continue
            rows = rows.filter(~pl.Series(self._index(release, metric).knows(rows["unit"])))
            self._taken.append((until, metric, rows.select("unit", "at")))
            rows = self._with_covariate(release, metric, rows)
            for (arm,), own in rows.group_by(["arm"], maintain_order=True):
                values = MetricValues(values=own["value"].to_numpy(), covariates=own["before"].to_numpy())
                found.setdefault(str(arm), {})[metric] = values
        return found

    def _settle(self, release: RunningRelease) -> None:
        for until, metric, rows in self._taken:
            if until == release.labels_until:
                self._index(release, metric).add(rows["unit"], rows["at"])
        self._taken = []

    def _index(self, release: RunningRelease, metric: str) -> RequestIndex:
        """The units that have been counted; at first, those that an earlier process has."""
        if metric not in self._counted:
            index = self._counted[metric] = RequestIndex()
            if release.labels_until > release.state.started_at:
                rows = self._rewards(release, metric, since=release.state.started_at, until=release.labels_until)
                if rows.height:
                    index.add(rows["unit"], rows["at"])
        return self._counted[metric]

    def _rewards(self, release: RunningRelease, metric: str, *, since: Micros, until: Micros) -> pl.DataFrame:
        """Rewards of the release's requests with their units, the first of each unit; oldest first."""
        tables, endpoint = self._workspace.stores.tables, release.plan.endpoint
        worths = latest_worths(tables, endpoint, metric=metric, known_at=until - 1, learned_since=since)
        if not worths.height:
            return worths
        asked = self._asked(release, worths, until)
        if not asked.height:
            return asked
        rows = rewards_of(worths, asked, release=release.id)
        return rows.with_columns(_unit(rows, release.plan.unit).alias("unit")).unique(
            "unit", keep="first", maintain_order=True
        )

    def _asked(self, release: RunningRelease, worths: pl.DataFrame, until: Micros) -> pl.DataFrame:
        """The requests that the worths may be about."""
        by_key = worths.filter(pl.col("request_id").is_null())["key"].drop_nulls()
        found = [
            *self._log.answered_at(worths["request_id"].drop_nulls()),
            *self._log.answered_at(by_key, keys=True),
            (release.counted_until, until),
        ]
        frames = [
            read_requests(
                self._workspace.stores.tables, release.plan.endpoint, since=first, until=last, columns=ANSWERED
            )
            for first, last in found
        ]
        kept = [frame for frame in frames if frame.height]
        return pl.concat(kept, how="diagonal_relaxed").unique("request_id", keep="first") if kept else pl.DataFrame()

    def _with_covariate(self, release: RunningRelease, metric: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with `before`: the mean of the unit's rewards before the release, NaN where there are none."""
        if not any(getattr(stage, "cuped", False) for stage in release.plan.stages):
            return rows.with_columns(pl.lit(float("nan")).alias("before"))
        if metric not in self._earlier:
            self._earlier[metric] = self._before(release, metric)
        joined = rows.join(self._earlier[metric], on="unit", how="left", maintain_order="left")
        return joined.with_columns(pl.col("before").fill_null(float("nan")))

    def _before(self, release: RunningRelease, metric: str) -> pl.DataFrame:
        tables, endpoint, start = self._workspace.stores.tables, release.plan.endpoint, release.state.started_at
        worths = latest_worths(tables, endpoint, metric=metric, known_at=start - 1, learned_since=start - BEFORE)
        asked = read_requests(tables, endpoint, since=start - BEFORE, until=start, columns=ANSWERED)
        empty = pl.DataFrame(schema={"unit": pl.String, "before": pl.Float64})
        if not worths.height or not asked.height:
            return empty
        # Whatever arm answered then: one name for all of them.
        rows = rewards_of(worths, asked.with_columns(pl.lit(release.id).alias("release")), release=release.id)
        if not rows.height:
            return empty
        units = rows.with_columns(_unit(rows, release.plan.unit).alias("unit"))
        return units.group_by("unit").agg(pl.col("value").mean().alias("before"))


def unit_of(inputs: pl.Series | None, rows: pl.DataFrame, unit: str | None) -> pl.Series:
    """Whom each request is about: its unit column where the plan names one, else its key, else its id; `(n,)` text."""
    named = rows["key"].cast(pl.String).fill_null(rows["request_id"].cast(pl.String))
    if unit is None or inputs is None or not isinstance(inputs.dtype, pl.Struct):
        return named
    fields: Any = inputs.struct
    return fields.field(unit).cast(pl.String).fill_null(named) if unit in fields.fields else named


def _unit(rows: pl.DataFrame, unit: str | None) -> pl.Series:
    return unit_of(rows["inputs"] if "inputs" in rows.columns else None, rows, unit)
