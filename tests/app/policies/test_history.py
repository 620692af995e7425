"""The past as it was known at the time."""

import dataclasses

import polars as pl
import pytest
from tests.app.conftest import Project
from tests.app.policies.conftest import FIRST_DAY, ROWS_A_DAY, past

import loopwright as lw
from loopwright.app.landing import land_all
from loopwright.app.policies.history import History, history_of, home_with
from loopwright.app.scenario import Labels, Push, Scenario
from loopwright.core.clock import to_datetime
from loopwright.errors import UsageError
from loopwright.monitoring.reference import DAY


def test_nothing_is_known_before_its_label_is(history: History) -> None:
    instant = (FIRST_DAY + 10) * DAY
    known = history.known_by(instant)
    assert len(known) == 9 * ROWS_A_DAY
    assert history.at[len(known) - 1] + DAY <= instant < history.at[len(known)] + DAY


def test_a_span_has_its_own_rows(history: History) -> None:
    rows = history.between((FIRST_DAY + 3) * DAY, (FIRST_DAY + 5) * DAY)
    assert (rows.start, rows.stop) == (3 * ROWS_A_DAY, 5 * ROWS_A_DAY)


def test_rows_without_a_time_have_no_past(timed: Project) -> None:
    timed.change(', event_time="at"', "")
    timed.change('rows.split(last="5d")', "rows.split(fraction=0.5)")
    workspace, loaded = timed.workspace(), timed.loaded()
    land_all(workspace, loaded.datasets)
    with pytest.raises(UsageError, match="past"):
        history_of(workspace, loaded, delay_us=0)


def test_a_scenario_adds_its_rows_and_labels_and_leaves_nothing_behind(timed: Project) -> None:
    rows = past()
    early, late = rows.head(2_000), rows.slice(2_000)
    early.write_parquet(timed.folder / "data" / "past.parquet")
    late.with_columns(y=pl.lit(None, pl.Boolean)).write_parquet(timed.folder / "later.parquet")
    late.select("id", "y", at="at").write_parquet(timed.folder / "labels.parquet")
    before = {path.name for path in timed.folder.iterdir()}
    scenario = Scenario(
        start=to_datetime(FIRST_DAY * DAY),
        end=to_datetime((FIRST_DAY + 1) * DAY),
        requests=[],
        pushes=[Push(dataset="table", source="later.parquet", at="at")],
        labels=[Labels(endpoint="small", source="labels.parquet", at="at", key="id", value="y", event_time="at")],
    )
    with home_with(timed.folder, timed.loaded(), scenario) as workspace:
        found = history_of(workspace, timed.loaded(), delay_us=DAY)
    assert len(found.rows) == rows.height
    assert found.label.tolist() == rows.sort("at", maintain_order=True)["y"].to_list()
    assert {path.name for path in timed.folder.iterdir()} == before


def test_a_window_leaves_old_rows_out_or_gives_them_less_weight(timed: Project, history: History) -> None:
    instant = (FIRST_DAY + 100) * DAY
    recent = dataclasses.replace(history, window=lw.sliding("10d")).known_by(instant)
    assert 9 * ROWS_A_DAY < len(recent) <= 11 * ROWS_A_DAY
    fading = dataclasses.replace(history, window=lw.decayed(half_life="10d")).known_by(instant)
    assert fading.weight is not None
    assert len(fading.weight) == 99 * ROWS_A_DAY
    assert fading.weight[-1] == pytest.approx(1.0, abs=0.01)
    assert fading.weight[-1 - 10 * ROWS_A_DAY] == pytest.approx(0.5, abs=0.05)
