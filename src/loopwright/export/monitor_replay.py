"""The page about a replay: which rule would have spoken when, and then everything that monitoring would have known."""

import msgspec

from loopwright.app.monitor.replay import Replayed
from loopwright.app.monitor.replay_alarms import Spoken
from loopwright.core.clock import SECOND, Micros
from loopwright.export.monitor_report import monitor_page
from loopwright.pictures.charts import number_text
from loopwright.pictures.scales import DAY, instant_text
from loopwright.pictures.sections import AreaChart, Figure, Figures, Grid, Part, Report

_SHOWN = 12


def replay_page(replayed: Replayed) -> Report:
    """The page; `export.report.render` draws it."""
    page = monitor_page(replayed.report)
    period = f"{instant_text(replayed.since)[:-6]} to {instant_text(replayed.until)[:-6]}"
    return msgspec.structs.replace(
        page,
        title=f"The past of {replayed.endpoint}, watched again",
        subtitle=f"{period}: {replayed.rows:,} rows of {replayed.source}, {replayed.looks:,} looks, "
        f"in {replayed.seconds:.0f} s. The rules are those of the loop file now.",
        sections=(_figures(replayed), _rules(replayed), _picture(replayed), *page.sections[1:]),
    )


def lasted(span: Micros) -> str:
    """A span for a reader, as `3.5 d`."""
    return f"{span / DAY:.1f} d" if span >= DAY else f"{span / (3_600 * SECOND):.1f} h"


def _figures(replayed: Replayed) -> Figures:
    alarms = sum(len(rule.alarms) for rule in replayed.rules)
    false = [rule.false for rule in replayed.rules if rule.false is not None]
    years = max((replayed.until - replayed.since) / (365.25 * DAY), 1e-9)
    items = [
        Figure(label="Incidents", value=f"{replayed.incidents}", note=f"{replayed.incidents / years:.1f} a year"),
        Figure(label="Alarms of single rules", value=f"{alarms}", note=f"rules watched: {len(replayed.rules)}"),
    ]
    if false:
        items.append(
            Figure(
                label="False by your marking",
                value=f"{sum(false)}",
                note=f"{len(replayed.real)} marked as real",
                tone="bad" if sum(false) else "good",
            )
        )
    return Figures(title="", items=tuple(items))


def _rules(replayed: Replayed) -> Grid:
    return Grid(
        title="Which rule would have spoken when",
        columns=("rule", "alarms", "when", "failed", "unknown", "false", "missed", "first heard after"),
        right=("alarms", "failed", "unknown", "false", "missed"),
        rows=tuple(_row(rule) for rule in replayed.rules),
        tones=tuple("warn" if rule.alarms else "good" if rule.periods else "plain" for rule in replayed.rules),
        note="An alarm is a stretch of periods in which the rule failed. False, missed and the delay go by what you "
        "marked with --real.",
    )


def _row(rule: Spoken) -> tuple[object, ...]:
    when = [f"{instant_text(alarm.since)[:-6]} ({alarm.periods})" for alarm in rule.alarms[:_SHOWN]]
    delays = [alarm.delay_us for alarm in rule.alarms if alarm.delay_us is not None]
    return (
        rule.check,
        len(rule.alarms),
        ", ".join(when) + (" …" if len(rule.alarms) > _SHOWN else ""),
        f"{rule.failed:,} of {rule.periods:,}",
        rule.unknown,
        number_text(rule.false) if rule.false is not None else "",
        number_text(rule.missed) if rule.missed is not None else "",
        lasted(delays[0]) if delays else "",
    )


def _picture(replayed: Replayed) -> AreaChart:
    """Each rule's stretches of failure, as a share of all rules."""
    edges = {replayed.since, replayed.until}
    for rule in replayed.rules:
        edges |= {at for alarm in rule.alarms for at in (alarm.since, alarm.until + 1)}
    at = tuple(sorted(edge for edge in edges if replayed.since <= edge <= replayed.until))
    share = 1 / max(len(replayed.rules), 1)
    parts = tuple(
        Part(name=rule.check, share=tuple(share if _fails(rule, edge) else 0.0 for edge in at))
        for rule in replayed.rules
    )
    return AreaChart(
        title="When rules failed",
        at=at,
        parts=parts,
        until=replayed.until,
        note="Each rule has a share of the height of its own, and is drawn while it failed.",
    )


def _fails(rule: Spoken, at: Micros) -> bool:
    return any(alarm.since <= at <= alarm.until for alarm in rule.alarms)
