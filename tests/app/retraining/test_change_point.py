"""When the stream changed: daily figures of what an incident names."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.app.monitor.a_watched_home import DAY, FIRST, NAME, a_home, ask, champion

from loopwright.app.retraining.change_point import change_of, daily_figures
from loopwright.monitoring.incident import Finding, Incident
from loopwright.monitoring.reference import LABEL
from loopwright.observations.labels import LabelRow, append_labels


def incident(*columns: str, at: int) -> Incident:
    finding = Finding(check="drift", reason="", columns=columns, value=1.0, threshold=1.0, first_at=at, last_at=at)
    return Incident(id="inc_1", cause="version:x", opened_at=at, updated_at=at, findings=(finding,))


@pytest.mark.parametrize("columns", [("distance",), ()])
def test_the_day_on_which_a_column_moved(tmp_path: Path, columns: tuple[str, ...]) -> None:
    workspace = a_home(tmp_path, days=12)
    for day in range(12):
        ask(workspace, day, shift=150.0 if day >= 7 else 0.0, labelled=False)
    now = workspace.clock.now()
    found = change_of(workspace, NAME, champion(workspace), incident=incident(*columns, at=now))
    assert found == (FIRST + 7) * DAY


def test_the_label_speaks_where_the_incident_names_it(tmp_path: Path) -> None:
    workspace = a_home(tmp_path, days=12)
    for day in range(12):
        ask(workspace, day, labelled=day >= 4)
    flip = [
        LabelRow(endpoint=NAME, key=f"k{day}-{i}", value=True, event_time=1, at=workspace.clock.now(), source="t")
        for day in range(9, 12)
        for i in range(200)
    ]
    append_labels(workspace.stores.tables, flip)
    now = workspace.clock.now()
    found = change_of(workspace, NAME, champion(workspace), incident=incident(LABEL, at=now))
    assert found == (FIRST + 9) * DAY


def test_without_requests_no_change_is_known(tmp_path: Path) -> None:
    workspace = a_home(tmp_path)
    now = workspace.clock.now()
    assert change_of(workspace, NAME, champion(workspace), incident=incident("distance", at=now)) is None


def test_a_day_with_few_rows_has_no_figure() -> None:
    days = np.repeat([5, 6, 8], [30, 10, 40])
    values: Any = np.where(np.arange(80) == 0, np.nan, 2.0)
    figures, first = daily_figures([values], days)
    assert first == 5
    assert len(figures) == 4
    assert figures[0, 0] == 2.0
    assert np.isnan(figures[[1, 2], 0]).all()
