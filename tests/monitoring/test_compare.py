"""Any two tables: schema first, then every column and pair; nothing that a table holds is an exception."""

import msgspec
import numpy as np
import polars as pl
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.compare import Comparison, compare


def _table(seed, rows=2_000, *, shift=0.0, link=0.7, carriers=("AA", "B6", "UA")):
    rng = np.random.default_rng(seed)
    delay = rng.normal(size=rows) + shift
    return pl.DataFrame(
        {
            "delay": delay,
            "wind": link * (delay - shift) + np.sqrt(1 - link**2) * rng.normal(size=rows),
            "seats": rng.integers(1, 9, size=rows),
            "carrier": rng.choice(list(carriers), size=rows),
            "late": rng.random(rows) < 0.2,
        }
    )


def _column(found, name):
    return next(column for column in found.findings.columns if column.column == name)


def test_alike_tables_are_alike_and_a_table_is_like_itself():
    found = compare(_table(0), _table(1))
    assert found.findings.outcome is Outcome.PASS
    assert found.same_schema
    assert {column.kind for column in found.findings.columns} == {"number", "category"}
    itself = compare(_table(0), _table(0)).findings
    assert all(abs(effect.effect or 0.0) < 1e-9 for column in itself.columns for effect in column.effects)


def test_a_moved_number_a_moved_category_and_a_broken_pair_are_named():
    found = compare(_table(0), _table(1, shift=0.3)).findings
    assert found.moved == ("delay",)
    assert "place +0.3" in found.columns[0].said
    assert found.columns[0].quantiles[3] == pytest.approx(0.3, abs=0.1)
    assert found.columns[0].quantiles_reference[3] == pytest.approx(0.0, abs=0.1)
    category = compare(_table(0), _table(1, carriers=("AA", "B6", "XX"))).findings
    assert category.moved == ("carrier",)
    assert category.columns[0].new_levels == ("XX",)
    assert "lost UA" in category.columns[0].said
    broken = compare(_table(0), _table(1, link=0.1)).findings
    assert broken.moved == ("delay ~ wind",)
    assert broken.pairs[0].correlation_reference == pytest.approx(0.7, abs=0.1)


def test_schema_differences_are_named_and_what_is_left_is_compared():
    current = (
        _table(1)
        .drop("wind")
        .with_columns(
            pl.col("seats").cast(pl.Float64),
            pl.col("delay").cast(pl.String),
            gate=pl.lit("A"),
            at=pl.datetime(2026, 1, 1),
        )
    )
    found = compare(_table(0).with_columns(at=pl.datetime(2025, 1, 1)), current)
    assert found.columns_missing == ("wind",)
    assert found.columns_new == ("gate",)
    assert {change.column: change.same_kind for change in found.type_changes} == {"seats": True, "delay": False}
    assert list(found.not_compared) == ["at"]
    assert not found.same_schema
    assert _column(found, "wind").state == "absent"
    assert _column(found, "wind").moved
    assert not _column(found, "delay").moved, "numbers written as text are the same numbers"


def test_numbers_that_became_words_say_so():
    current = _table(1).with_columns(delay=pl.lit("late"))
    delay = _column(compare(_table(0), current), "delay")
    assert (delay.state, delay.moved, delay.misfits) == ("changed_type", True, 2_000)
    assert delay.said == "2000 of 2000 values are not of its type"


@pytest.mark.parametrize(
    ("value", "state"), [(pl.lit(None, dtype=pl.Float64), "all_missing"), (pl.lit(1.5), "became_constant")]
)
def test_a_column_that_became_nothing_or_one_value_says_so(value, state):
    delay = _column(compare(_table(0), _table(1).with_columns(delay=value)), "delay")
    assert (delay.state, delay.moved) == (state, True)
    same = compare(_table(0).with_columns(delay=value), _table(1).with_columns(delay=value))
    assert _column(same, "delay").state == "compared"
    assert same.findings.outcome is Outcome.PASS


@pytest.mark.parametrize("rows", [0, 1, 10])
def test_few_rows_on_either_side_are_unknown(rows):
    for found in (compare(_table(0), _table(1).head(rows)), compare(_table(0).head(rows), _table(1))):
        assert found.findings.outcome is Outcome.UNKNOWN
        assert "rows" in found.findings.reason


def test_a_column_of_names_is_not_drift_and_the_result_stays_small():
    def names(seed):
        return pl.DataFrame({"id": [f"{seed}-{i}" for i in range(50_000)], "x": np.arange(50_000.0)})

    found = compare(names(0), names(1))
    assert found.findings.outcome is Outcome.PASS
    assert len(msgspec.json.encode(found)) < 20_000


def test_a_result_is_plain_json_with_its_format():
    found = compare(_table(0), _table(1, shift=0.3))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Comparison) == found
    assert msgspec.to_builtins(found)["format_version"] == 1
