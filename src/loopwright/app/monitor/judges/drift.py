"""Drift by windows: features and answers of each window that is finished; labels a day later, since they come late."""

from typing import Any

import msgspec

from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.windows import label_window, take
from loopwright.core.verdict import Verdict
from loopwright.monitoring.drift import drift_report, incident_detector, resumed, settled
from loopwright.monitoring.feed import Cut, FeedState, begun
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.reference_kinds import rolling_reference, seasonal_reference
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.monitoring.window import Window, merge

_LOOK_BACK = 3
"""Windows before the last look whose labels are read again."""
_REPORT_WINDOWS = 7
_REPORT_HOURS = 24
_ROLLING_WINDOWS = 28


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """Where the log was read to, what the sequential rule remembers, and the windows that the report is made of."""

    feed: FeedState
    detector: Any
    kept: Window = Window()
    format_version: int = 2


class DriftJudge:
    """Satisfies `Judge[DriftRule]`."""

    def begin(self, rule: DriftRule, look: Look) -> Any:
        """Rows count from now on; the period of time under way is partial and is not judged."""
        if look.reference is None:
            return None
        return _plain(_begun(rule, look.reference, look))

    def look(self, rule: DriftRule, state: Any, look: Look) -> Judged:
        """Judge every window that is finished: the sequential rule one by one, the report the last ones together."""
        reference = look.reference
        if reference is None:
            return Judged()
        before = _read(rule, look, state)
        cut = _cut(rule, reference)
        feed, closed = take(before.feed, cut, look)
        kept = merge(before.kept, closed).between(feed.through - _kept(rule, cut))
        labels = _labels(look, reference, before.feed, through=feed.through, cut=cut)
        detector = incident_detector(rule, reference)
        after = detector.update(before.detector, _with(closed, labels), through=feed.through)
        report = _report(rule, reference, _with(kept, labels), first=feed.through - _reported(cut))
        return Judged(
            state=_plain(_State(feed=feed, detector=after, kept=kept)),
            verdicts=(_told(rule, detector.verdict(after)),),
            reports=(_noted(report, feed),),
        )

    def reset(self, rule: DriftRule, state: Any, look: Look) -> Any:
        """The windows seen stay in the ranks; the evidence starts from nothing."""
        if look.reference is None or state is None:
            return state
        before = _read(rule, look, state)
        detector = incident_detector(rule, look.reference)
        return _plain(msgspec.structs.replace(before, detector=detector.reset(before.detector)))


def _begun(rule: DriftRule, reference: Reference, look: Look) -> _State:
    feed = begun(_cut(rule, reference), look.now)
    return _State(feed=feed, detector=incident_detector(rule, reference).start(after=feed.first - 1))


def _read(rule: DriftRule, look: Look, state: Any) -> _State:
    """The state as it was written. One of format 1 had no cursor: rows count anew, what was learned stays."""
    reference = look.reference
    assert reference is not None
    fresh = _begun(rule, reference, look)
    if state is None:
        return fresh
    detector = incident_detector(rule, reference)
    held = resumed(detector, state.get("detector"), after=fresh.feed.first - 1)
    if "feed" not in state:
        through = int(state.get("through", fresh.feed.first))
        feed = FeedState(started=through * DAY, first=through, through=through, read_until=through * DAY)
        return _State(feed=min(feed, fresh.feed, key=lambda each: each.read_until), detector=held)
    read: _State = msgspec.convert(state, _State, str_keys=True)
    return msgspec.structs.replace(read, detector=held)


def _plain(state: _State) -> Any:
    """As plain JSON, with the block numbers that keys are as text."""
    return msgspec.json.decode(msgspec.json.encode(state))


def _cut(rule: DriftRule, reference: Reference) -> Cut:
    window = settled(rule, reference)
    return Cut(period_us=window.block_us, rows=window.rows)


def _reported(cut: Cut) -> int:
    """Windows that the report looks at together."""
    return _REPORT_HOURS if cut.period_us is not None and cut.period_us < DAY else _REPORT_WINDOWS


def _kept(rule: DriftRule, cut: Cut) -> int:
    return _reported(cut) + (_ROLLING_WINDOWS if rule.reference == "rolling" else 0)


def _labels(look: Look, reference: Reference, before: FeedState, *, through: int, cut: Cut) -> Window:
    """Of windows of rows the labels are not known when they are finished, and are not watched."""
    if cut.period_us is None:
        return Window()
    lag = -(-DAY // cut.period_us)
    first = max(min(before.through, through - _reported(cut)) - lag - _LOOK_BACK, before.first)
    return label_window(look, reference, period_us=cut.period_us, first=first, end=through - lag)


def _with(window: Window, labels: Window) -> Window:
    return msgspec.structs.replace(window, columns=window.columns | labels.columns)


def _report(rule: DriftRule, reference: Reference, kept: Window, *, first: int) -> Verdict:
    window = kept.between(first)
    if rule.reference == "rolling":
        reference = rolling_reference(reference, kept.between(0, first), _cut(rule, reference).period_us)
    elif rule.reference == "seasonal" and rule.block_us is not None:
        reference = seasonal_reference(reference, window, rule.block_us)
    return drift_report(rule, reference, window)


def _told(rule: DriftRule, verdict: Verdict) -> Verdict:
    """With what windows are ranked among, where the rule's reference is another."""
    if not rule.ranked_against:
        return verdict
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason}; {rule.ranked_against}")


def _noted(report: Verdict, feed: FeedState) -> Verdict:
    """With the rows that are in no window, where there are any."""
    said = feed.strays.said
    details = report.details | {"strays": msgspec.to_builtins(feed.strays)}
    return msgspec.structs.replace(report, details=details, reason=report.reason + (f"; {said}" if said else ""))
