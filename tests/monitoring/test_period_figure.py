"""A figure of a period."""

import msgspec

from loopwright.monitoring.period_figure import PeriodFigure, share_figure


def test_a_share_of_nothing_is_no_share():
    assert share_figure(3, 0.0, 0, why_none="no request came") == PeriodFigure(at=3, reason="no request came")


def test_a_share_keeps_what_it_is_made_of_and_survives_json():
    figure = share_figure(3, 2.0, 8, why_none="", parts={"x:maximum": 0.25}, named=("x",))
    assert (figure.value, figure.total, figure.n) == (0.25, 2.0, 8)
    assert msgspec.json.decode(msgspec.json.encode(figure), type=PeriodFigure) == figure
