"""A report's parts refuse what cannot be drawn."""

from collections.abc import Callable

import pytest

from loopwright.errors import UsageError
from loopwright.pictures.sections import AreaChart, Curve, Grid, Part, Series


@pytest.mark.parametrize(
    "make",
    [
        lambda: Series(name="auc", at=(1, 2), value=(0.5,)),
        lambda: Grid(title="gate", columns=("rule", "value"), rows=(("auc",),)),
        lambda: AreaChart(title="arms", at=(1, 2), parts=(Part(name="champion", share=(1.0,)),)),
        lambda: Curve(name="champion", predicted=(0.1,), observed=(0.1, 0.2), count=(1,)),
    ],
)
def test_uneven_lengths_are_refused_and_named(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match="is uneven") as caught:
        make()
    assert "has 1" in caught.value.why
    assert "has 2" in caught.value.why
