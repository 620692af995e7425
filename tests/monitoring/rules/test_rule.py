"""What every rule has."""

import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.drift import drift
from loopwright.monitoring.rules.rule import DAY, MonitorRule, check_severity


class Quiet(MonitorRule, frozen=True, kw_only=True, tag="quiet"):
    """Declares nothing of its own."""


def test_a_rule_without_a_name_of_its_own_is_called_by_its_kind_and_looked_at_daily():
    assert Quiet().name == "quiet"
    assert Quiet().period_us == DAY


def test_a_severity_is_one_of_three():
    assert drift(severity="critical", owner="team-pricing").severity == "critical"
    with pytest.raises(UsageError, match="urgent"):
        check_severity("urgent")
