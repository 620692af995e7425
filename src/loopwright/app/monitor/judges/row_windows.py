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


class RowWindowsJudge:
    """Satisfies `Judge[RowWindowRule]`."""

    def begin(self, rule: RowWindowRule, look: Look) -> Any:
        """The window of the change is partial and is not judged."""
        reference = _reference(rule, look)
        if isinstance(reference, str):
            return None
        return msgspec.to_builtins(row_detector(rule, reference).start(after=look.now // rule.window_us))

    def look(self, rule: RowWindowRule, state: Any, look: Look) -> Judged:
        """Judge every window that is over, one by one; a window waits until it has enough rows."""
        reference = _reference(rule, look)
        if isinstance(reference, str):
            return Judged(verdicts=(Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reference),))
        detector = row_detector(rule, reference)
        told = state if state is not None else self.begin(rule, look)
        before = after = msgspec.convert(told, RowWindowState)
        rows = _due(rule, look, after=-1 if before.period is None else before.period)
        periods = (rows["event_time"] // rule.window_us).to_numpy()
        windows, waiting = windows_of(periods, rule.rows)
        seen = rows.clear()
        for period, places in windows:
            seen = rows[places]
            after = detector.update(
                after, logged_table(rule, seen, look.signature, columns=reference.base.columns), period=period
            )
        verdict = _said(detector.verdict(after), waiting, rule.rows)
        report = _with_words(detector.report(after), rule, seen)
        return Judged(state=msgspec.to_builtins(after), verdicts=(verdict,), reports=(report,))

    def reset(self, rule: RowWindowRule, state: Any, look: Look) -> Any:
        """The windows stay in the ranks; what was held against them goes."""
        reference = _reference(rule, look)
        if isinstance(reference, str) or state is None:
            return state
        detector: RowWindowRank = row_detector(rule, reference)
        return msgspec.to_builtins(detector.reset(msgspec.convert(state, RowWindowState)))


def _reference(rule: RowWindowRule, look: Look) -> RowReference | str:
    return row_reference_of(look.workspace, manifest_of(look.workspace, look.version), rule)


def _due(rule: RowWindowRule, look: Look, *, after: int) -> pl.DataFrame:
    """Rows of the windows that are over and were not judged, in the order of their hashes."""
    late = rule.delay_us if isinstance(rule, TargetDriftRule) else 0
    until = (look.now - late) // rule.window_us * rule.window_us
    since = max((after + 1) * rule.window_us, look.now - _MOST_DAYS * DAY)
    rows = look.answered(since - _LOOK_BACK)
    if not rows.height:
        return pl.DataFrame(schema={"event_time": pl.Int64})
    rows = rows.filter((pl.col("event_time") >= since) & (pl.col("event_time") < until))
    if isinstance(rule, TargetDriftRule):
        labels = latest_labels(look.workspace.stores.tables, look.loop.name, learned_since=since, chosen=False)
        rows = with_labels(rows, labels.filter(pl.col("value").is_not_null()))
        if "label" not in rows.columns:
            return pl.DataFrame(schema={"event_time": pl.Int64})
    hashes = pl.Series("hash", id_hashes(rows["request_id"].cast(pl.String).to_list()))
    return rows[hashes.arg_sort()].with_columns(pl.col("event_time").cast(pl.Int64))


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
