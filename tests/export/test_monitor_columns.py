"""Columns of a monitoring report."""

import msgspec

from loopwright.app.monitor.report import MonitorReport
from loopwright.app.monitor.report_columns import ColumnView
from loopwright.app.monitor.report_rules import ColumnLine, RuleView
from loopwright.export.monitor_columns import CARDS, card, column_sections
from loopwright.monitoring.reference import PREDICTION
from loopwright.pictures.sections import Grid, Histograms, LineChart

COLUMN = ColumnView(
    name="distance",
    ordered=True,
    effect=0.3,
    moved=True,
    rows=1_000,
    labels=("below", "100", "200"),
    reference=(0.0, 0.5, 0.5),
    current=(0.1, 0.2, 0.7),
    missing=0.05,
    missing_reference=0.02,
    quantiles={"50 %": (100.0, 180.0), "1 %": (1.0, 2.0)},
    figures={"effects": [{"statistic": "psi", "effect": 0.4, "said": "PSI 0.4"}], "new_levels": ["a", "b"], "odd": {}},
)


def a_report(*columns: ColumnView, **more: object) -> MonitorReport:
    return msgspec.structs.replace(
        MonitorReport(endpoint="e", since=0, until=1, made_at=1, champion=None, columns=columns, columns_watched=50),
        **more,
    )


def test_a_card_says_what_a_reader_needs() -> None:
    drawn = card(COLUMN)
    facts = dict(drawn.facts)
    assert (drawn.badge, drawn.tone) == ("moved", "warn")
    assert facts["missing, was"] == "5 %, 2 %"
    assert facts["median, was"] == "180, 100"
    assert facts["new levels"] == "a, b"
    assert facts["PSI"] == "PSI 0.4"
    assert facts["rows"] == "1,000"


def test_a_column_without_rows_says_so() -> None:
    drawn = card(msgspec.structs.replace(COLUMN, moved=False, rows=0, missing=None, effect=None))
    assert drawn.badge == "no rows of late"


def test_answers_have_a_section_of_their_own_and_cards_are_bounded() -> None:
    many = tuple(msgspec.structs.replace(COLUMN, name=f"c{i}") for i in range(CARDS + 9))
    answers, columns = column_sections(a_report(msgspec.structs.replace(COLUMN, name=PREDICTION), *many))
    assert isinstance(answers, Histograms)
    assert [item.name for item in answers.items] == ["answers"]
    assert isinstance(columns, Histograms)
    assert len(columns.items) == CARDS


def test_what_is_not_drawn_is_counted() -> None:
    (columns,) = column_sections(a_report(COLUMN))
    assert "49 more moved less" in columns.note


def test_lines_and_pairs_are_drawn() -> None:
    rule = RuleView(
        check="drift report", rule="drift", kind="drift", opens=False, sequential=False,
        latest={"outcome": "warn", "threshold": 0.1,
                "details": {"pairs": [{"first": "a", "second": "b"}, {"first": "c", "second": "d", "moved": True}]}},
    )  # fmt: skip
    line = ColumnLine(column="distance", at=(1, 2), effect=(0.1, 0.2))
    lines, pairs = column_sections(a_report(rules=(rule,), lines=(line,)))
    assert isinstance(lines, LineChart)
    assert lines.thresholds[0].value == 0.1
    assert isinstance(pairs, Grid)
    assert pairs.rows[0][:2] == ("c", "d")
