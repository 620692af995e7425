"""What every rule that a loop file declares under `monitor=` has."""

from typing import Literal

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.errors import UsageError

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""Ascending."""
DAY: Micros = 86_400 * SECOND


class MonitorRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule to be watched; each kind is a subclass with a tag of its own.

    Attributes:
        severity: Of the incidents that it opens.
        owner: Who answers for them, as `team-pricing`; the loop's owner where None.
    """

    severity: Severity = "warning"
    owner: str | None = None

    @property
    def name(self) -> str:
        """Unique and stable within a loop, as `performance(roc_auc, 0.03)`; by itself the kind of rule."""
        return str(self.__struct_config__.tag)

    @property
    def needs_rows(self) -> bool:
        """Whether the bundle must hold a sample of rows for it; see `monitoring.row_reference`."""
        return False

    @property
    def period_us(self) -> Micros:
        """How often it is looked at: once in each period of the workspace clock, in microseconds."""
        return DAY


def check_severity(severity: str) -> Severity:
    """The severity as it may be declared.

    Raises:
        UsageError: There is none of that name.
    """
    for known in SEVERITIES:
        if known == severity:
            return known
    raise UsageError(f"{severity!r} is no severity", fix=f"Write one of {', '.join(SEVERITIES)}.")
