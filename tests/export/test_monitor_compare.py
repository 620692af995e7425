"""The page about two tables."""

from typing import Any

import numpy as np
import polars as pl

from loopwright.export.monitor_compare import CARDS, compare_page
from loopwright.export.report import render
from loopwright.monitoring.compare import Comparison, compare
from loopwright.pictures.sections import Figures, Grid, Histograms, Report


def tables(columns: int = 3, rows: int = 2_000) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(3)
    before: dict[str, Any] = {f"c{i}": rng.normal(size=rows) for i in range(columns)}
    after: dict[str, Any] = {f"c{i}": rng.normal(0.4 if i == 1 else 0.0, 1, rows) for i in range(columns)}
    return pl.DataFrame(before), pl.DataFrame(after)


def page(found: Comparison) -> Report:
    return compare_page(found, names=("a.parquet", "b.parquet"))


def test_what_moved_comes_first() -> None:
    told = page(compare(*tables()))
    figures = told.sections[0]
    assert isinstance(figures, Figures)
    shown = {item.label: (item.value, item.tone) for item in figures.items}
    assert shown["Says"] == ("moved", "warn")
    assert shown["Columns moved"] == ("1 of 3", "warn")
    cards = next(one for one in told.sections if isinstance(one, Histograms))
    assert cards.items[0].name == "c1"
    every = told.sections[-1]
    assert isinstance(every, Grid)
    assert every.rows[0][0] == "c1"
    assert every.tones[0] == "warn"


def test_a_difference_in_form_is_told() -> None:
    before, after = tables()
    changed = after.drop("c0").with_columns(c2=pl.col("c2").cast(pl.String), brand_new=pl.lit(1))
    told = page(compare(before, changed))
    form = next(one for one in told.sections if one.title == "Columns that differ in form")
    assert isinstance(form, Grid)
    said = {row[0]: row[1] for row in form.rows}
    assert said == {"c0": "is missing", "brand_new": "is new", "c2": "another type"}
    assert "Columns that differ in form" in render(told)


def test_alike_tables_say_so() -> None:
    before, _ = tables()
    figures = page(compare(before, before)).sections[0]
    assert isinstance(figures, Figures)
    assert figures.items[0].value == "alike"
    assert figures.items[0].tone == "good"


def test_many_columns_stay_a_small_page() -> None:
    told = page(compare(*tables(columns=150, rows=300)))
    cards = next(one for one in told.sections if isinstance(one, Histograms))
    assert len(cards.items) == CARDS
    assert len(render(told).encode()) < 2_000_000
