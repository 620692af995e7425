"""Which periods a measure is asked for."""

from loopwright.app.monitor.measures.measure import Measured, Span


def test_a_span_names_the_beginning_of_each_period():
    assert list(Span(since=60, until=180, period=60, began=0).periods()) == [60, 120]
    assert Measured(figures={}).memory is None
