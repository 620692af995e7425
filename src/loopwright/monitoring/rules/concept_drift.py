"""Rules on the loss of labelled requests: has what the inputs mean changed?"""

from typing import Literal

from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule, check_severity

ConceptMethod = Literal["adwin", "page_hinkley", "ddm"]
METHODS: tuple[ConceptMethod, ...] = ("adwin", "page_hinkley", "ddm")


class ConceptDriftRule(MonitorRule, frozen=True, kw_only=True, tag="concept_drift"):
    """Watch the loss of each labelled request, in order of event time, for a change of its mean.

    These detectors come with no stated rate of false alarms (docs/design/row-detectors.md says what was measured), so
    by default they colour reports and open nothing.

    Attributes:
        method: `adwin`, `page_hinkley` or `ddm` (errors of a classification only).
        opens_incident: Whether a rise of the loss opens an incident.
        min_labels: Labels under which the verdict is unknown.
        recent: A change counts as news while it lies within so many of the newest labelled requests.
    """

    method: ConceptMethod = "adwin"
    opens_incident: bool = False
    min_labels: int = 500
    recent: int = 5_000

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"concept_drift({self.method})"


def concept_drift(
    *,
    method: str = "adwin",
    opens_incident: bool = False,
    min_labels: int = 500,
    recent: int = 5_000,
    severity: str = "warning",
    owner: str | None = None,
) -> ConceptDriftRule:
    """Watch the loss for a change; see `ConceptDriftRule`. Needs the extra `river`.

    Raises:
        UsageError: There is no such method, or a number is under one.
    """
    chosen = next((known for known in METHODS if known == method), None)
    if chosen is None:
        raise UsageError(f"{method!r} is no method to see a change by", fix=f"Write one of {', '.join(METHODS)}.")
    if min_labels < 1 or recent < 1:
        raise UsageError(
            f"concept_drift(min_labels={min_labels}, recent={recent}) cannot hold", fix="Give numbers of one or more."
        )
    return ConceptDriftRule(
        method=chosen,
        opens_incident=opens_incident,
        min_labels=min_labels,
        recent=recent,
        severity=check_severity(severity),
        owner=owner,
    )
