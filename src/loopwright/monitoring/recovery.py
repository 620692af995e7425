"""Whether a look says that what had failed is well again. Pure.

For most rules a look that passes is a statement about the recent rows. For a sequential rule it is not: its evidence
fades once the moved days have become part of what later days are ranked among, and the stream may stand where it
stood. So the columns that the incident names must look unmoved in the recent window too: in the verdict's own list of
columns (`counts`: whether the recent distribution lies at the least effect or beyond), and in the rule's report.

Under a new champion nothing has faded: its evidence began at nothing, against its own reference. There a distance
alone is no news, since a few days of thin traffic lie that far from anything by chance; it holds an incident back where
the column's evidence says as much: at `HELD_BACK`, which chance reaches in one stream of twenty (Ville 1939).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from loopwright.core.verdict import Outcome, Verdict

Standing = Literal["passed", "failing", "unclear"]
HELD_BACK = 20.0
"""Evidence of a column from which its distance holds an incident back under a new champion."""


def standing(verdict: Verdict, reports: Sequence[Verdict], *, columns: Collection[str], anew: bool = False) -> Standing:
    """What a look says of a check that has failed before.

    Args:
        verdict: The check's, at this look.
        reports: Of the same rule, on the recent window.
        columns: That the check had named.
        anew: Whether a new champion is watched, so that the check's evidence has begun at nothing since it failed.
    """
    if verdict.outcome is Outcome.FAIL:
        return "failing"
    if verdict.outcome not in (Outcome.PASS, Outcome.WARN):
        return "unclear"
    if not columns:
        return "passed"
    if any(entry.get("column") in columns and _moved(entry, anew) for entry in _entries((verdict, *reports))):
        return "failing"
    if reports and all(report.outcome is Outcome.UNKNOWN for report in reports):
        return "unclear"
    return "passed"


def _entries(verdicts: Sequence[Verdict]) -> Iterator[dict[str, Any]]:
    for verdict in verdicts:
        for entry in verdict.details.get("columns", ()):
            if isinstance(entry, dict):
                yield entry


def _moved(entry: dict[str, Any], anew: bool) -> bool:
    if entry.get("moved") is True:
        return True
    evidence = entry.get("evidence")
    chance = anew and isinstance(evidence, int | float) and evidence < HELD_BACK
    return entry.get("counts") is True and not chance
