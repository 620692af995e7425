"""Whether a look says that what had failed is well again. Pure.

For most rules a look that passes is a statement about the recent rows. For a sequential rule it is not: its evidence
fades once the moved days have become part of what later days are ranked among, and the stream may stand where it
stood. So the columns that the incident names must look unmoved in the recent window too: in the verdict's own list of
columns (`counts`: whether the recent distribution lies at the least effect or beyond), and in the rule's report.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from loopwright.core.verdict import Outcome, Verdict

Standing = Literal["passed", "failing", "unclear"]
_STILL = ("counts", "moved")


def standing(verdict: Verdict, reports: Sequence[Verdict], *, columns: Collection[str]) -> Standing:
    """What a look says of a check that has failed before.

    Args:
        verdict: The check's, at this look.
        reports: Of the same rule, on the recent window.
        columns: That the check had named.
    """
    if verdict.outcome is Outcome.FAIL:
        return "failing"
    if verdict.outcome not in (Outcome.PASS, Outcome.WARN):
        return "unclear"
    if not columns:
        return "passed"
    if any(entry.get("column") in columns and _moved(entry) for entry in _entries((verdict, *reports))):
        return "failing"
    if reports and all(report.outcome is Outcome.UNKNOWN for report in reports):
        return "unclear"
    return "passed"


def _entries(verdicts: Sequence[Verdict]) -> Iterator[dict[str, Any]]:
    for verdict in verdicts:
        for entry in verdict.details.get("columns", ()):
            if isinstance(entry, dict):
                yield entry


def _moved(entry: dict[str, Any]) -> bool:
    return any(entry.get(name) is True for name in _STILL)
