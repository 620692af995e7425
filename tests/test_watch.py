"""`lw.watch`: the rules beside drift and performance."""

import pytest

import loopwright as lw
from loopwright import watch
from loopwright.monitoring.rules.cost import Cost
from loopwright.monitoring.rules.rule import MonitorRule


def test_every_name_is_found_and_is_called_what_it_is() -> None:
    assert lw.watch is watch
    assert watch.__all__ == sorted(watch.__all__) == dir(watch)
    assert all(getattr(watch, name).__name__ == name for name in watch.__all__)


def test_a_name_that_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'weather'"):
        _ = watch.weather


def test_rules_and_prices_are_declared_by_it() -> None:
    assert isinstance(watch.latency(at_most="50ms"), MonitorRule)
    assert isinstance(watch.cost(false_positive=5, false_negative=80), Cost)
