import math
import sys
import types
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from loopwright.app.releases.functions import values_of
from loopwright.release.rules import FunctionGuard

ROWS = pl.DataFrame({"score": [0.25, 0.75]})


def raises(candidate: Any, champion: Any) -> float:
    raise LookupError("no price")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda candidate, champion: candidate["score"].mean() - champion["score"].mean(), [0.0]),
        (lambda candidate, champion: candidate["score"], [0.25, 0.75]),
        (lambda candidate, champion: [], []),
        (lambda candidate, champion: math.nan, None),
        (lambda candidate, champion: [[1.0]], None),
        (lambda candidate, champion: "high", None),
        (raises, None),
    ],
)
def test_a_function_s_values_are_observations_and_what_it_does_not_know_is_unknown(
    function: Callable[..., Any], expected: list[float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("guards_of_a_test")
    module.price = function  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "guards_of_a_test", module)
    guard = FunctionGuard(
        name="price", function="guards_of_a_test:price", bound=0.5, low=0.0, high=1.0, direction="lower_is_better"
    )
    found = values_of(guard, ROWS, ROWS)
    assert (None if found is None else found.tolist()) == expected


def test_a_function_that_is_gone_is_unknown() -> None:
    guard = FunctionGuard(name="p", function="nowhere:p", bound=0.5, low=0, high=1, direction="lower_is_better")
    assert values_of(guard, ROWS, ROWS) is None
