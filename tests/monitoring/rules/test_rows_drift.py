"""Whole rows, as a loop file declares them."""

import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.rows_drift import METHODS, check_method, rows_drift


def test_names_say_method_and_columns():
    assert [rows_drift(method=method).name for method in METHODS] == [f"rows_drift({method})" for method in METHODS]
    assert rows_drift(["a", "b"], method="pca", window="1h").name == "rows_drift(pca, a, b)"
    assert rows_drift(window="1h").period_us == 3_600_000_000


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(UsageError) as raised:
        check_method("magic")
    assert "classifier, pca, mmd" in str(raised.value.fix)
