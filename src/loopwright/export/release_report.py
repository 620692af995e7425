"""The page of one release: who answered, how the evidence grew, what was decided by whom, and a shadow beside it."""

import math
from collections.abc import Iterator

from loopwright.app.releases.course import Course, course_of
from loopwright.app.releases.running import Entry, RunningRelease
from loopwright.app.releases.shadow_report import Quantiles, ShadowReport, shadow_report
from loopwright.app.releases.view import find_release, line_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.export.chain import TONES, chain
from loopwright.observations.arm_stats import ArmTotals
from loopwright.pictures.scales import DAY, HOUR, MINUTE, instant_text
from loopwright.pictures.sections import (
    AreaChart,
    Bar,
    BarChart,
    Figure,
    Figures,
    Grid,
    LineChart,
    Marker,
    Part,
    Report,
    Section,
    Series,
    Text,
    Threshold,
    Tone,
)

_WORDS = {"rolled_back": "rolled back", "blue_green": "blue-green", "ab_test": "A/B test"}
_DECISIONS: dict[str, Tone] = {
    "promote": "good",
    "rollback": "bad",
    "inconclusive": "warn",
    "abort": "warn",
    "pause": "warn",
}
_MOST_SLICES = 12
MOST_STRENGTH = 6.0


def release_report(workspace: Workspace, release: str) -> Report:
    """The report of a release, by its id.

    Raises:
        NotFoundError: There is none.
    """
    found = find_release(workspace, release)
    course = course_of(workspace, release)
    shadowed = shadow_report(workspace, found)
    sections = (
        _figures(workspace, found),
        *_shares(workspace, found, course),
        *_evidence(found, course),
        _steps(found),
        *_guards(found),
        *_arms(found),
        *(_shadow(shadowed) if shadowed else ()),
        *_needs(found),
        *chain(workspace, f"release:{release}"),
    )
    brief = line_of(found)
    strategy = " then ".join(_WORDS.get(name, name) for name in brief.strategy.split(" then "))
    return Report(
        title=f"Release on {brief.endpoint}",
        subtitle=f"{release}: a {strategy} of {_versions(found)} beside {found.plan.champion[:12]}.",
        sections=sections,
        made_at=workspace.clock.now(),
        source=f"the home {workspace.home.name}",
    )


def _versions(release: RunningRelease) -> str:
    return " and ".join(version[:12] for version in release.plan.candidates.values())


def _figures(workspace: Workspace, release: RunningRelease) -> Figures:
    brief = line_of(release)
    status = "paused" if brief.paused and brief.status == "running" else _WORDS.get(brief.status, brief.status)
    end = workspace.clock.now() if brief.status == "running" else brief.moved_at
    candidates = [release.totals.get(arm, ArmTotals()) for arm in release.plan.candidates]
    failures = sum(counts.failures for counts in candidates)
    passed = sum(1 for verdict in release.verdicts if verdict["outcome"] == "pass")
    return Figures(
        title="",
        items=(
            Figure(label="Outcome", value=status, note=brief.reason[:120], tone=TONES.get(brief.status, "plain")),
            Figure(
                label="Lasted", value=_length(end - brief.started_at), note=f"from {instant_text(brief.started_at)}"
            ),
            Figure(label="Requests on trial", value=f"{brief.requests:,}", note=f"{brief.labels:,} labels compared"),
            Figure(
                label="Failed on trial",
                value=f"{failures:,}",
                note="the champion answered those",
                tone="bad" if failures else "good",
            ),
            Figure(label="Guards passed", value=f"{passed} of {len(release.verdicts)}", note="at the last look"),
        ),
    )


def _shares(workspace: Workspace, release: RunningRelease, course: Course) -> Iterator[Section]:
    """Each arm's share from move to move."""
    moves = [entry for entry in release.steps if entry.shares]
    if not moves:
        return
    names = list(dict.fromkeys(name for entry in moves for name in ("champion", *entry.shares)))
    last = course.points[-1].at if course.points else moves[-1].at
    running = release.state.status == "running"
    until = max(moves[-1].at, last, workspace.clock.now() if running else 0)
    if not running and until == moves[-1].at:
        until += max(1, (until - moves[0].at) // 10)
    yield AreaChart(
        title="Who answered",
        at=tuple(entry.at for entry in moves),
        until=until,
        parts=tuple(
            Part(
                name=f"{name} ({_version(release, name)[:8]})",
                share=tuple(_answered(entry, name) for entry in moves),
                tone="bad" if name != "champion" and release.state.status == "rolled_back" else "plain",
            )
            for name in names
        ),
        markers=_markers(release),
        note="Share of the requests that each arm answered. A shadow is given copies and answers nobody.",
    )


def _answered(entry: Entry, name: str) -> float:
    """What part of the requests an arm answered; beside a champion that answers all of them, others get copies."""
    if entry.shares.get("champion", 0.0) >= 1.0 and name != "champion":
        return 0.0
    return entry.shares.get(name, 0.0)


def _version(release: RunningRelease, arm: str) -> str:
    return release.plan.candidates.get(arm, release.plan.champion)


def _markers(release: RunningRelease) -> tuple[Marker, ...]:
    return tuple(
        Marker(at=entry.at, label=f"{entry.decision} by {entry.actor}", tone=_DECISIONS.get(entry.decision, "plain"))
        for entry in release.steps
    )


def _evidence(release: RunningRelease, course: Course) -> Iterator[Section]:
    """Both tests of each guard over time: 1 by p-value, where 1 says nothing and the line is proof."""
    alpha = release.plan.stages[release.state.stage].alpha
    for title, of, level, note in (
        (
            "Evidence that harm is ruled out",
            "safe",
            alpha,
            "Always-valid evidence by guard (1 by p-value, logarithmic). Where a line crosses, the guard has passed; "
            "looking often does not raise the error rate.",
        ),
        (
            "Evidence of harm",
            "harm",
            release.plan.alpha_of_a_guard(release.state.stage),
            "The same for harm. Where a line crosses, the release rolls back.",
        ),
    ):
        points = [(point.at, getattr(point, of)) for point in course.points]
        names = list(dict.fromkeys(name for _, values in points for name in values))
        if not names or len(points) < 2:
            continue
        yield LineChart(
            title=title,
            series=tuple(
                Series(
                    name=name,
                    at=tuple(at for at, _ in points),
                    value=tuple(_strength(values.get(name)) for _, values in points),
                )
                for name in names
            ),
            thresholds=(Threshold(value=_strength(level) or 0.0, label="proof at"),),
            form="power",
            markers=_markers(release) if of == "safe" else (),
            note=note,
        )


def _strength(p_value: float | None) -> float | None:
    """log10(1 / p), cut where more would only flatten the rest of the picture."""
    return None if p_value is None else min(-math.log10(max(p_value, 1e-300)), MOST_STRENGTH)


def _steps(release: RunningRelease) -> Grid:
    rows = tuple(
        (
            instant_text(entry.at),
            entry.decision,
            entry.actor,
            entry.split,
            entry.requests,
            entry.labels,
            "; ".join(entry.reasons) + (f" (override: {entry.override})" if entry.override else ""),
        )
        for entry in release.steps
    )
    return Grid(
        title="What was decided",
        columns=("at", "decision", "by", "shares", "requests", "labels", "why"),
        right=("requests", "labels"),
        rows=rows,
        tones=tuple(_DECISIONS.get(entry.decision, "plain") for entry in release.steps),
    )


def _guards(release: RunningRelease) -> Iterator[Section]:
    if release.verdicts:
        yield Grid(
            title="Guards at the last look",
            columns=("guard", "verdict", "figure", "margin", "seen", "reason"),
            right=("figure", "margin", "seen"),
            rows=tuple(
                (v["check"], v["outcome"], v.get("value"), v.get("threshold"), v.get("n"), v["reason"])
                for v in release.verdicts
            ),
            tones=tuple(TONES.get(str(v["outcome"]), "plain") for v in release.verdicts),
        )


def _arms(release: RunningRelease) -> Iterator[Section]:
    if not release.totals:
        return
    rows = []
    for arm, counts in sorted(release.totals.items()):
        latencies = [counts.latency_us(q) for q in (0.5, 0.95, 0.99)]
        failed = f"{counts.failures / counts.requests:.2%}" if counts.requests else ""
        rows.append((arm, _version(release, arm)[:12], counts.requests, failed, *map(_milliseconds, latencies)))
    yield Grid(
        title="Arms, over the release",
        columns=("arm", "version", "requests", "failed", "p50", "p95", "p99"),
        right=("requests", "failed", "p50", "p95", "p99"),
        rows=tuple(rows),
        note="Latencies to a bucket's upper bound, at most 20 % too high.",
    )


def _shadow(report: ShadowReport) -> Iterator[Section]:
    agreed = "–" if report.agreement is None else f"{report.agreement:.2%}"
    yield Figures(
        title="Shadow",
        items=(
            Figure(label="Same answer", value=agreed, note=f"of {report.compared:,} compared"),
            Figure(
                label="Copies not answered",
                value=f"{report.failed:,}",
                note=f"of {report.copied:,}",
                tone="bad" if report.failed else "good",
            ),
            Figure(label="Difference, p99", value=_number(report.difference.p99), note=_spread(report.difference)),
            Figure(
                label="Latency, p99",
                value=_milliseconds(report.candidate_latency_us.p99),
                note=f"the champion {_milliseconds(report.champion_latency_us.p99)}",
            ),
        ),
    )
    if report.slices:
        shown = report.slices[:_MOST_SLICES]
        yield BarChart(
            title="Same answer, by slice",
            bars=tuple(
                Bar(
                    label=f"{one.column} {one.value}",
                    value=one.agreement,
                    tone="warn" if one.agreement < 0.9 else "plain",
                )
                for one in shown
            ),
            form="percent",
            note=f"Those with least agreement first, {len(shown)} of {len(report.slices)}.",
        )
        yield _latencies(report)
    yield from _disagreements(report)


def _disagreements(report: ShadowReport) -> Iterator[Section]:
    if report.rows:
        yield Grid(
            title="Requests on which they differ most",
            columns=("request", "key", "champion", "candidate", "difference", "inputs"),
            right=("difference",),
            rows=tuple(
                (
                    row.request_id[:12],
                    row.key,
                    str(row.champion),
                    str(row.candidate),
                    row.difference,
                    ", ".join(f"{name} {value}" for name, value in row.inputs.items()),
                )
                for row in report.rows
            ),
        )


def _latencies(report: ShadowReport) -> BarChart:
    pairs = (("champion", report.champion_latency_us), ("candidate", report.candidate_latency_us))
    bars = [
        Bar(label=f"{who} {name}", value=None if value is None else value / 1000)
        for name, at in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"))
        for who, quantiles in pairs
        for value in (getattr(quantiles, at),)
    ]
    return BarChart(title="Latency on the same requests", bars=tuple(bars), unit="ms", note="In milliseconds.")


def _needs(release: RunningRelease) -> Iterator[Section]:
    if release.needs:
        yield Text(title="What it was said to need", paragraphs=release.needs)


def _spread(found: Quantiles) -> str:
    return f"median {_number(found.p50)}, greatest {_number(found.most)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value / 1000:.3g} ms"


def _length(length: Micros) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if length >= unit:
            return f"{length / unit:.3g} {name}"
    return f"{length / 1e6:.3g} s"
