import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.reevaluation import reevaluate
from loopwright.monitoring.rules.rule import DAY


def test_it_has_a_rhythm_and_a_span() -> None:
    daily, weekly = reevaluate(), reevaluate("weekly", over="30d", roll_back_beyond=0.1)
    assert (daily.name, daily.period_us, daily.over, daily.roll_back_beyond) == (
        "reevaluation(daily)",
        DAY,
        7 * DAY,
        None,
    )
    assert (weekly.name, weekly.period_us, weekly.over) == ("reevaluation(weekly)", 7 * DAY, 30 * DAY)


@pytest.mark.parametrize(
    "wrong",
    [{"every": "hourly"}, {"min_labels": 1}, {"roll_back_beyond": -0.1}, {"roll_back_beyond": float("nan")},
     {"over": "soon"}, {"over": "0d"}, {"severity": "loud"}],
)  # fmt: skip
def test_what_cannot_hold_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        reevaluate(**wrong)  # type: ignore[arg-type]
