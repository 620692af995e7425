"""Findings name what moved and show any statistic of a column."""

from loopwright.core.verdict import Outcome
from loopwright.monitoring.findings import ColumnFinding, Effect, Findings, PairFinding


def _effect(name, effect, **more):
    return Effect(statistic=name, effect=effect, floor=0.1, said="", **more)


def test_strength_is_that_of_the_strongest_test_and_figures_do_not_count():
    column = ColumnFinding(
        column="c",
        kind="number",
        state="compared",
        moved=False,
        said="",
        effects=(_effect("place", -0.3, p_value=0.5), _effect("ks", 5.0), _effect("wasserstein", 0.2, figure=7.0)),
    )
    assert column.strength == 3.0 or round(column.strength, 9) == 3.0
    assert column.figure("wasserstein") == 7.0
    assert column.figure("ks") == 5.0
    assert column.figure("levels") is None


def test_pairs_are_named_after_columns():
    column = ColumnFinding(column="c", kind="number", state="compared", moved=True, said="")
    pair = PairFinding(
        first="a", second="b", moved=True, correlation=0.1, correlation_reference=0.5, p_value_holm=0.0, floor=0.1
    )
    found = Findings(outcome=Outcome.WARN, reason="", columns=(column,), pairs=(pair,))
    assert found.moved == ("c", "a ~ b")
