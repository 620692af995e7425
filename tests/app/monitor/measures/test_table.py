"""Every kind of rule on figures has a measure and a judge."""

from loopwright.app.monitor.judges.measured import MeasuredJudge
from loopwright.app.monitor.judges.table import JUDGES
from loopwright.app.monitor.measures.table import MEASURES


def test_measures_and_judges_name_the_same_rules():
    assert set(MEASURES) == {kind for kind, judge in JUDGES.items() if isinstance(judge, MeasuredJudge)}
