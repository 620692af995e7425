"""The requests of one release as the controller reads them: each once, and again only where a label asks for it."""

from collections.abc import Sequence

import polars as pl

from loopwright.app.releases.request_index import RequestIndex, spans
from loopwright.app.releases.running import RunningRelease
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.observations.labels import latest_labels, with_labels
from loopwright.observations.request_log import read_requests

COLUMNS = (
    "request_id", "key", "at", "endpoint", "release", "arm", "version", "status", "fallback_from", "score", "output",
    "latency_us", "shadow_of",
)  # fmt: skip
_TEXT = ("request_id", "key", "release", "arm", "version", "fallback_from", "shadow_of")


class ReleaseLog:
    """One release's requests and labels, in the order in which looks take them. Used by one thread.

    A look is taken for good once the release says so (`counted_until`); one that was lost is taken again. A process
    that begins in the middle of a release reads what came before, once, and counts none of it: requests that were on
    their way when the process before it ended are no evidence, rather than evidence twice.

    Args:
        workspace: Whose tables are read.
        release: The release's id.
        whole: Whether looks need every column of the log.
    """

    def __init__(self, workspace: Workspace, release: str, *, whole: bool = False) -> None:
        self._workspace = workspace
        self._release = release
        self._whole = whole
        self._until: Micros | None = None
        # A replay asks between its ticks, when every answer has been given.
        late_s = 0.0 if workspace.stores.replay else workspace.settings.number("request_timeout_s")
        self._late = int(late_s * SECOND)
        self._ids = RequestIndex()
        self._copies = RequestIndex()
        self._keys = RequestIndex()
        self._labelled = RequestIndex()
        self._taken: list[tuple[Micros, pl.DataFrame, pl.DataFrame]] = []
        self._before = pl.DataFrame()

    def before(self) -> pl.DataFrame:
        """Once, after the first `new`: the release's requests that an earlier process has taken."""
        rows, self._before = self._before, pl.DataFrame()
        return rows

    def new(self, release: RunningRelease, until: Micros) -> pl.DataFrame:
        """The release's requests that were received since the last look, shadows' copies among them, oldest first."""
        self._settle(release)
        # A request is logged once it is answered, so that some of those received before the last look are new.
        since = max(release.counted_until - self._late, release.state.started_at)
        rows = self._read(release, since=since, until=until)
        if rows.height:
            rows = rows.filter(~pl.Series(self._ids.knows(rows["request_id"]) | self._copies.knows(rows["request_id"])))
        self._taken = [(until, rows, pl.DataFrame())]
        return rows

    def labelled(self, release: RunningRelease, until: Micros) -> pl.DataFrame:
        """Answered requests whose first label became known since the last look, with columns as `with_labels`.

        Labels of requests that were chosen because they are odd judge no arm.

        Called after `new`, for the same look.
        """
        learned = latest_labels(
            self._workspace.stores.tables,
            release.plan.endpoint,
            known_at=until - 1,
            learned_since=release.labels_until,
            chosen=False,
        )
        new = self._taken[-1][1]
        asked = [self._whole_rows(release, span, until) for span in self._spans(learned, new)] if learned.height else []
        kept = [frame for frame in asked if frame.height]
        rows = pl.DataFrame()
        if kept:
            rows = with_labels(answers(self._ours(pl.concat(kept, how="diagonal_relaxed"))), learned)
        if rows.height:
            rows = rows.filter(~pl.Series(self._labelled.knows(rows["request_id"].cast(pl.String))))
        taken = rows.select("request_id", "at") if rows.height else pl.DataFrame()
        self._taken = [(until, new, taken)]
        return rows

    def answered_at(self, names: pl.Series, *, keys: bool = False) -> Sequence[tuple[Micros, Micros]]:
        """Spans of time in which requests of these ids (or keys) were received, by what has been taken so far."""
        return spans((self._keys if keys else self._ids).times(names))

    def _spans(self, learned: pl.DataFrame, new: pl.DataFrame) -> list[tuple[Micros, Micros]]:
        """Where the requests lie that the labels are about; requests of this very look among them."""
        by_id = learned["request_id"].drop_nulls()
        by_key = learned.filter(pl.col("request_id").is_null())["key"].drop_nulls()
        found = [*spans(self._ids.times(by_id)), *spans(self._keys.times(by_key))]
        if new.height:
            found.append((int(new["at"].min()), int(new["at"].max()) + 1))  # type: ignore[arg-type]
        return _disjoint(found)

    def _whole_rows(self, release: RunningRelease, span: tuple[Micros, Micros], until: Micros) -> pl.DataFrame:
        return read_requests(
            self._workspace.stores.tables,
            release.plan.endpoint,
            since=max(span[0], release.state.started_at),
            until=min(span[1], until),
        )

    def _settle(self, release: RunningRelease) -> None:
        """Take for good what the release has counted."""
        if self._until is None:
            self._begin(release)
        for until, rows, labelled in self._taken:
            if until == release.counted_until:
                self._add(rows, labelled)
                self._until = until
        if self._until is not None and self._until < release.counted_until:
            self._add(self._read(release, since=self._until, until=release.counted_until), pl.DataFrame())
            self._until = release.counted_until
        self._taken = []

    def _begin(self, release: RunningRelease) -> None:
        """What an earlier process has taken: whatever it could have counted as labelled, it may have counted."""
        start, until = release.state.started_at, release.counted_until
        self._until = until
        if until <= start:
            return
        rows = self._read(release, since=start, until=until)
        known = latest_labels(
            self._workspace.stores.tables,
            release.plan.endpoint,
            known_at=release.labels_until - 1,
            learned_since=start,
            chosen=False,
        )
        by_key = known.filter(pl.col("request_id").is_null())["key"].drop_nulls()
        named = pl.col("request_id").is_in(known["request_id"].drop_nulls().implode())
        counted = named | pl.col("key").is_in(by_key.implode()).fill_null(value=False)
        self._add(rows, rows.filter(counted) if rows.height else rows)
        self._before = rows

    def _add(self, rows: pl.DataFrame, labelled: pl.DataFrame) -> None:
        if rows.height:
            ours = rows.filter(pl.col("shadow_of").is_null())
            self._ids.add(ours["request_id"], ours["at"])
            self._keys.add(ours["key"], ours["at"])
            copied = rows.filter(pl.col("shadow_of").is_not_null())
            self._copies.add(copied["request_id"], copied["at"])
        if labelled.height:
            self._labelled.add(labelled["request_id"].cast(pl.String), labelled["at"])

    def _read(self, release: RunningRelease, *, since: Micros, until: Micros) -> pl.DataFrame:
        rows = read_requests(
            self._workspace.stores.tables,
            release.plan.endpoint,
            since=since,
            until=until,
            columns=None if self._whole else COLUMNS,
            shadows=True,
        )
        return self._ours(rows)

    def _ours(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not rows.height:
            return rows
        missing = [pl.lit(None, dtype=pl.String).alias(name) for name in _TEXT if name not in rows.columns]
        rows = rows.with_columns(*missing).with_columns([pl.col(name).cast(pl.String) for name in _TEXT])
        return rows.filter(pl.col("release") == self._release)


def answers(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows on which the arm itself answered somebody: no failure, no stand-in, no shadow's copy."""
    if not rows.height:
        return rows
    own = (pl.col("status") == 200) & pl.col("fallback_from").is_null() & pl.col("shadow_of").is_null()
    return rows.filter(own)


def _disjoint(found: list[tuple[Micros, Micros]]) -> list[tuple[Micros, Micros]]:
    """The same times in spans that do not overlap, in order."""
    merged: list[tuple[Micros, Micros]] = []
    for first, last in sorted(found):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
