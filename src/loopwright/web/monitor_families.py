"""The figures of monitoring that the control process gives Prometheus: each family declared once."""

from loopwright.web.metric_families import Family

_CHECK = ("endpoint", "check")
_ENDPOINT = ("endpoint",)

VERDICT = Family(
    name="loopwright_monitor_verdict", kind="gauge",
    help="1 for what a check's last verdict says, 0 for the others: pass, warn, fail, unknown.",
    labels=("endpoint", "check", "severity", "owner", "outcome"),
)  # fmt: skip
LOOKED = Family(
    name="loopwright_monitor_last_look_timestamp_seconds", kind="gauge",
    help="The end of the period that a check was last looked at for, in seconds since 1970.", labels=_CHECK,
)  # fmt: skip
PERIOD = Family(
    name="loopwright_monitor_period_seconds", kind="gauge", help="How often a check is looked at.", labels=_CHECK
)
EVIDENCE = Family(
    name="loopwright_drift_evidence_ratio", kind="gauge",
    help="Evidence of a sequential check as a share of what an incident takes; it opens at 1.", labels=_CHECK,
)  # fmt: skip
FIGURE = Family(
    name="loopwright_monitor_figure", kind="gauge",
    help="The figure of a check's last verdict, in the check's own unit.", labels=_CHECK,
)  # fmt: skip
LIMIT = Family(
    name="loopwright_monitor_limit", kind="gauge", help="What that figure is held against, in the same unit.",
    labels=_CHECK,
)  # fmt: skip
COVERAGE = Family(
    name="loopwright_label_coverage_ratio", kind="gauge", help="Share of the judged requests whose label is known.",
    labels=_CHECK,
)  # fmt: skip
EFFECT = Family(
    name="loopwright_column_effect_ratio", kind="gauge",
    help="Strongest effect of a column by the last report, over the least that counts; the 50 furthest.",
    labels=("endpoint", "column"),
)  # fmt: skip
MOVED = Family(
    name="loopwright_columns_moved", kind="gauge", help="Columns that the last report calls moved.", labels=_ENDPOINT
)
INCIDENTS = Family(
    name="loopwright_incidents", kind="gauge", help="Incidents that are not resolved.",
    labels=("endpoint", "severity", "state"),
)  # fmt: skip
OPENED = Family(name="loopwright_incidents_opened", kind="counter", help="Incidents opened.", labels=_ENDPOINT)
RESOLVED = Family(name="loopwright_incidents_resolved", kind="counter", help="Incidents resolved.", labels=_ENDPOINT)
DECIDED = Family(
    name="loopwright_retrain_decisions", kind="counter", help="Triggers, by what was decided: run, suppressed.",
    labels=("endpoint", "decision"),
)  # fmt: skip
RETRAINED = Family(
    name="loopwright_retrains", kind="counter", help="Retrains that ended, by their outcome.",
    labels=("endpoint", "outcome"),
)  # fmt: skip
RELEASED = Family(
    name="loopwright_releases", kind="counter", help="Releases that ended, by their outcome.",
    labels=("endpoint", "outcome"),
)  # fmt: skip
NOTIFICATIONS = Family(
    name="loopwright_notifications", kind="gauge", help="Messages about incidents that wait, or were given up.",
    labels=("channel", "state"),
)  # fmt: skip
CHAMPION = Family(
    name="loopwright_champion_info",
    kind="gauge",
    help="1 for the version that answers.",
    labels=("endpoint", "version"),
)
FRESHNESS = Family(
    name="loopwright_dataset_age_seconds", kind="gauge", help="Seconds since a dataset's newest version landed.",
    labels=("dataset",),
)  # fmt: skip
READ_SECONDS = Family(
    name="loopwright_monitor_read_seconds", kind="gauge", help="Seconds that reading these figures took."
)

MONITOR_FAMILIES: tuple[Family, ...] = (
    VERDICT, LOOKED, PERIOD, EVIDENCE, FIGURE, LIMIT, COVERAGE, EFFECT, MOVED, INCIDENTS, OPENED, RESOLVED, DECIDED,
    RETRAINED, RELEASED, NOTIFICATIONS, CHAMPION, FRESHNESS, READ_SECONDS,
)  # fmt: skip
