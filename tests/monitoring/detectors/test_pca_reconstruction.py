"""A linear dependence that changed."""

import numpy as np
import polars as pl
from tests.monitoring.detectors.row_worlds import correlated

from loopwright.monitoring.detectors.pca_reconstruction import PcaReconstruction


def test_a_dependence_that_is_gone_raises_the_error_and_is_named():
    found = PcaReconstruction().measure(
        correlated(0, 1_000, correlation=0.95, columns=3), correlated(1, 500, correlation=0.0, columns=3), explain=True
    )
    assert found.figures["error"] > 0.05
    assert {entry["column"] for entry in found.columns[:2]} == {"x0", "x1"}
    assert found.details["components"] < 3


def test_rows_that_are_easier_to_rebuild_are_a_change_too():
    found = PcaReconstruction().measure(
        correlated(0, 1_000, columns=4), correlated(1, 500, columns=4) * 0.5, explain=True
    )
    assert PcaReconstruction().sides(()) == {"error": "both"}
    assert found.figures["error"] < -0.3
    assert found.p_value < 0.01


def test_one_column_has_nothing_to_be_rebuilt_from():
    one = pl.DataFrame({"x": np.arange(50.0)})
    assert PcaReconstruction().measure(one, one, explain=True).effect < 0.05
