"""Text as the values that it stands for."""

import polars as pl
import pytest

from loopwright.app.batch.text_columns import parsed
from loopwright.core.schema import Column, Kind


@pytest.mark.parametrize(
    ("kind", "text", "wanted", "lost"),
    [
        ("float", ["1.5", " 2 ", "NaN", "", None, "x", "1e3"], [1.5, 2.0, None, None, None, None, 1000.0], [5]),
        ("int", ["3", "3.0", "3.5", "9007199254740993", "9e99"], [3, 3, None, 9007199254740993, None], [2, 4]),
        ("bool", ["true", "No", "1", "maybe", "NA"], [True, False, True, None, None], [3]),
        ("string", ["NA", "x", None], ["NA", "x", None], []),
        ("category", ["null", "AA"], ["null", "AA"], []),
        ("datetime", ["2026-01-01", "NA"], ["2026-01-01", None], []),
    ],
)
def test_text_becomes_values(kind: Kind, text: list[str], wanted: list[object], lost: list[int]) -> None:
    found = parsed(Column(name="c", kind=kind), pl.Series("c", text, dtype=pl.String))

    assert found.values.to_list() == wanted
    assert found.lost.arg_true().to_list() == lost
