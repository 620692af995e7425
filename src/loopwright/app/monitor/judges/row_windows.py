"""Rules on whole rows: windows of requests, each compared with the bundle's sample when it is over."""

from typing import Any

import msgspec
import polars as pl

from loopwright.app.monitor.look import Judged, Look
from loopwright.app.row_references import row_reference_of
from loopwright.app.row_tables import logged_table, logged_texts
from loopwright.app.versions import manifest_of
from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.detectors.row_window_rank import RowWindowRank, RowWindowState
from loopwright.monitoring.row_reference import RowReference, windows_of
from loopwright.monitoring.row_rules import row_detector
from loopwright.monitoring.rules.row_window import RowWindowRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.monitoring.rules.target_drift import TargetDriftRule
from loopwright.monitoring.rules.text_drift import TextDriftRule
from loopwright.monitoring.sample import id_hashes
from loopwright.monitoring.text_tokens import words_of_buckets
from loopwright.observations.labels import latest_labels, with_labels

_LOOK_BACK: Micros = 3 * DAY
"""Requests are found by the time of receipt: those about a window may have come so long before it."""
_MOST_DAYS = 120


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """What has been read of the log, kept beside the detector's state.

    Attributes:
        first: The first period that could be judged; None in states that were written before rows were counted as late.
        until: The time of receipt up to which rows were read.
        late: Rows that came after their window was judged, and are in none.
        format_version: Of the whole state.
    """

    first: int | None = None
    until: Micros | None = None
    late: int = 0
    format_version: int = 1


class RowWindowsJudge:
    """Satisfies `Judge[RowWindowRule]`. Its state is the detector's, with what was read of the log beside it."""

    def begin(self, rule: RowWindowRule, look: Look) -> Any:
        """The window of the change is partial and is not judged."""
        reference = _reference(rule, look)
        if isinstance(reference, str):
            return None
        under_way = look.now // rule.window_us
        started = row_detector(rule, reference).start(after=under_way)
        return _plain(started, _Read(first=under_way + 1, until=look.now))

    def look(self, rule: RowWindowRule, state: Any, look: Look) -> Judged:
        """Judge every window that is over, one by one; a window waits until it has enough rows."""
        reference = _reference(rule, look)
        if isinstance(reference, str):
            return Judged(verdicts=(Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reference),))
        detector = row_detector(rule, reference)
        told = state if state is not None else self.begin(rule, look)
        before = after = msgspec.convert(told, RowWindowState)
        judged = -1 if before.period is None else before.period
        rows, read = _due(rule, look, msgspec.convert(told, _Read), after=judged)
        periods = (rows["event_time"] // rule.window_us).to_numpy()
        windows, waiting = windows_of(periods, rule.rows)
        seen = rows.clear()
        for period, places in windows:
            seen = rows[places]
            after = detector.update(
                after, logged_table(rule, seen, look.signature, columns=reference.base.columns), period=period
            )
        verdict = _with_late(_said(detector.verdict(after), waiting, rule.rows), read.late)
        report = _with_words(detector.report(after), rule, seen)
        return Judged(state=_plain(after, read), verdicts=(verdict,), reports=(report,))

    def reset(self, rule: RowWindowRule, state: Any, look: Look) -> Any:
        """The windows stay in the ranks; what was held against them goes."""
        reference = _reference(rule, look)
        if isinstance(reference, str) or state is None:
            return state
        detector: RowWindowRank = row_detector(rule, reference)
        return _plain(detector.reset(msgspec.convert(state, RowWindowState)), msgspec.convert(state, _Read))


def _reference(rule: RowWindowRule, look: Look) -> RowReference | str:
    return row_reference_of(look.workspace, manifest_of(look.workspace, look.version), rule)


def _plain(state: RowWindowState, read: _Read) -> Any:
    return msgspec.to_builtins(state) | msgspec.to_builtins(read)


def _due(rule: RowWindowRule, look: Look, before: _Read, *, after: int) -> tuple[pl.DataFrame, _Read]:
    """Rows of the windows that are over and were not judged, in the order of their hashes; and what has been read."""
    since = max((after + 1) * rule.window_us, look.now - _MOST_DAYS * DAY)
    rows = _known(rule, look, since=since)
    late = _late(rows, rule, before, judged=after)
    read = _Read(
        first=after + 1 if before.first is None else before.first, until=look.now, late=before.late + late.height
    )
    delay = rule.delay_us if isinstance(rule, TargetDriftRule) else 0
    until = (look.now - delay) // rule.window_us * rule.window_us
    rows = rows.filter((pl.col("event_time") >= since) & (pl.col("event_time") < until))
    if not rows.height:
        return rows, read
    hashes = pl.Series("hash", id_hashes(rows["request_id"].cast(pl.String).to_list()))
    return rows[hashes.arg_sort()], read


def _known(rule: RowWindowRule, look: Look, *, since: Micros) -> pl.DataFrame:
    """The rows received so far, with `came`: when they, or the labels that the rule needs, were there."""
    rows = look.answered(since - _LOOK_BACK, look.now)
    if rows.height and isinstance(rule, TargetDriftRule):
        tables = look.workspace.stores.tables
        labels = latest_labels(
            tables, look.loop.name, known_at=look.now - 1, learned_since=since - _LOOK_BACK, chosen=False
        )
        rows = with_labels(rows, labels.filter(pl.col("value").is_not_null()))
        rows = rows.with_columns(pl.max_horizontal("at", "label_at").alias("came")) if rows.height else rows
    if not rows.height:
        return pl.DataFrame(schema={"event_time": pl.Int64, "came": pl.Int64})
    came = pl.col("came") if "came" in rows.columns else pl.col("at")
    return rows.with_columns(pl.col("event_time").cast(pl.Int64), came.cast(pl.Int64).alias("came"))


def _late(rows: pl.DataFrame, rule: RowWindowRule, before: _Read, *, judged: int) -> pl.DataFrame:
    """Rows that came since the last look and belong to a window that had been judged by then."""
    if before.first is None or before.until is None:
        return rows.clear()
    period = pl.col("event_time") // rule.window_us
    return rows.filter((pl.col("came") >= before.until) & (period >= before.first) & (period <= judged))


def _with_late(verdict: Verdict, late: int) -> Verdict:
    said = f"; {late:,} rows came after their window was judged" if late else ""
    return msgspec.structs.replace(verdict, reason=verdict.reason + said, details=verdict.details | {"late": late})


def _said(verdict: Verdict, waiting: int, wanted: int) -> Verdict:
    """The verdict, with how far the next window is where there is none yet."""
    if verdict.outcome is not Outcome.UNKNOWN or verdict.n is not None or "window has been seen" not in verdict.reason:
        return verdict
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason}: {waiting} rows of the {wanted} it needs")


def _with_words(report: Verdict, rule: RowWindowRule, rows: pl.DataFrame) -> Verdict:
    """The report with the words behind its buckets, of those that many texts of the last window have."""
    buckets = report.details.get("buckets")
    if not isinstance(rule, TextDriftRule) or not buckets or not rows.height:
        return report
    words = words_of_buckets(logged_texts(rows, rule.column), rule.grams)
    named = [
        {"word": words[bucket], "share": here, "share_reference": there}
        for bucket, here, there in buckets
        if bucket in words
    ]
    return msgspec.structs.replace(report, details=report.details | {"words": named})
