"""Columns of late beside the reference."""

from pathlib import Path

import pytest
from tests.app.monitor.a_watched_home import DAY, FIRST, NAME, a_home, ask, champion

from loopwright.app.monitor.report_columns import DAYS, ColumnView, columns_seen, latest_rows
from loopwright.app.versions import manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.monitoring.reference import LABEL, PREDICTION


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    workspace = a_home(tmp_path)
    for day in range(10):
        ask(workspace, day, shift=400.0 if day >= 3 else 0.0)
    return workspace


def seen(home: Workspace, *, until: int = 10, said: tuple = ()) -> dict[str, ColumnView]:
    manifest = manifest_of(home, champion(home))
    reference = reference_of(home, manifest)
    assert reference is not None
    found = columns_seen(
        home,
        NAME,
        version=champion(home),
        signature=manifest.signature,
        reference=reference,
        until=(FIRST + until) * DAY,
        said=said,
    )
    return {view.name: view for view in found}


def test_shares_of_late_stand_beside_the_references(home: Workspace) -> None:
    distance = seen(home)["distance"]
    assert distance.rows == 200 * DAYS
    assert sum(distance.current) == pytest.approx(1, abs=1e-3)
    assert sum(distance.reference) == pytest.approx(1, abs=1e-3)
    assert len(distance.labels) == len(distance.current) == len(distance.reference)
    assert distance.missing == pytest.approx(0.1)
    assert distance.missing_reference == 0
    was, now = distance.quantiles["50 %"]
    assert was == pytest.approx(1_000, abs=20)
    assert now == pytest.approx(1_400, abs=30)


def test_levels_have_their_names(home: Workspace) -> None:
    carrier = seen(home)["carrier"]
    assert not carrier.ordered
    shares = dict(zip(carrier.labels, carrier.current, strict=True))
    assert shares["AA"] == pytest.approx(0.5)
    assert shares["UA"] == 0


def test_answers_and_labels_are_columns_too(home: Workspace) -> None:
    found = seen(home)
    assert found[PREDICTION].rows == 200 * DAYS
    assert dict(zip(found[LABEL].labels, found[LABEL].current, strict=True))["True"] == pytest.approx(0.25)


def test_the_reports_words_rank_the_columns(home: Workspace) -> None:
    said = ({"column": "carrier", "effect": 0.4, "moved": True, "psi": 0.2}, {"column": "distance", "effect": 0.1})
    found = seen(home, said=said)
    assert next(iter(found)) == "carrier"
    assert (found["carrier"].moved, found["carrier"].effect) == (True, 0.4)
    assert found["carrier"].figures["psi"] == 0.2
    assert not found["distance"].moved


def test_without_a_report_the_distance_is_measured(home: Workspace) -> None:
    found = seen(home)
    assert next(iter(found)) == "distance"
    assert (found["distance"].effect or 0) > 0.5
    assert not found["distance"].moved


def test_an_end_in_the_past_has_rows_of_before(home: Workspace) -> None:
    distance = seen(home, until=3)["distance"]
    assert distance.rows == 600
    assert (distance.effect or 1) < 0.2


def test_no_rows_are_no_error(tmp_path: Path) -> None:
    empty = a_home(tmp_path)
    assert latest_rows(empty, NAME, version=champion(empty), until=FIRST * DAY).height == 0
    assert seen(empty) == {}
    told = seen(empty, said=({"column": "distance", "effect": 0.2},))
    assert told["distance"].rows == 0
    assert told["distance"].missing is None


def test_where_not_all_are_shown_the_furthest_are(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.app.monitor.report_columns.SHOWN", 1)
    said = ({"column": "carrier", "effect": 0.4}, {"column": "distance", "effect": 0.1})
    assert set(seen(home, said=said)) == {"carrier", PREDICTION, LABEL}
