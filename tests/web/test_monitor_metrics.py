"""Monitoring as series for Prometheus."""

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.app.monitor.a_watched_home import NAME, a_home, an_incident, champion, drift_of, look, report_of, verdict

import loopwright as lw
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.events import EventDraft
from loopwright.web.monitor_families import MONITOR_FAMILIES
from loopwright.web.monitor_metrics import MonitorPage


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    workspace = a_home(tmp_path)
    quality = verdict("performance(roc_auc)", "fail", 0.65, threshold=0.7, details={"coverage": 0.4})
    look(
        workspace,
        9,
        drift={"verdicts": [drift_of(250.0)], "reports": [report_of(("distance", 0.3), ("carrier", 0.05))]},
        quality={"verdicts": [quality]},
        odd={"verdicts": [verdict("odd", "unknown", float("nan"))]},
    )
    an_incident(workspace)
    return workspace


def page(home: Workspace) -> str:
    loop = SimpleNamespace(name=NAME, monitor=[lw.drift(owner="team-a")])
    return MonitorPage(home, loop).page().decode()


LABELS = {family.name: family.labels for family in MONITOR_FAMILIES}


def series(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in LABELS[family.name])
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_rules_columns_incidents_and_the_champion_are_series(home: Workspace) -> None:
    found = series(page(home))
    assert found["loopwright_drift_evidence_ratio"] == {(NAME, "drift"): 0.25}
    verdicts = found["loopwright_monitor_verdict"]
    assert verdicts[NAME, "performance(roc_auc)", "", "", "fail"] == 1
    assert verdicts[NAME, "performance(roc_auc)", "", "", "pass"] == 0
    assert verdicts[NAME, "drift", "warning", "team-a", "pass"] == 1
    assert found["loopwright_monitor_figure"][NAME, "performance(roc_auc)"] == 0.65
    assert found["loopwright_monitor_limit"][NAME, "performance(roc_auc)"] == 0.7
    assert found["loopwright_label_coverage_ratio"] == {(NAME, "performance(roc_auc)"): 0.4}
    assert found["loopwright_column_effect_ratio"] == {(NAME, "distance"): 0.3, (NAME, "carrier"): 0.05}
    assert found["loopwright_columns_moved"] == {(NAME,): 1}
    assert found["loopwright_incidents"][NAME, "warning", "open"] == 1
    assert found["loopwright_champion_info"] == {(NAME, champion(home)[:12]): 1}
    assert found["loopwright_incidents_opened_total"] == {(NAME,): 1}
    assert found["loopwright_retrains_total"][NAME, "failed"] == 0
    assert found["loopwright_monitor_period_seconds"][NAME, "drift"] == 86_400


def test_what_is_not_known_has_no_series(home: Workspace) -> None:
    found = series(page(home))
    assert (NAME, "odd") not in found["loopwright_monitor_figure"]
    assert (NAME, "odd") in found["loopwright_monitor_last_look_timestamp_seconds"]


def test_a_name_from_outside_cannot_break_the_page(home: Workspace) -> None:
    look(home, 9, drift={"reports": [report_of(('a"} 1\nevil{x="', 0.3))]})
    assert series(page(home))["loopwright_column_effect_ratio"] == {(NAME, 'a"} 1\nevil{x="'): 0.3}


def test_counters_go_on(home: Workspace) -> None:
    figures = MonitorPage(home, SimpleNamespace(name=NAME, monitor=()))
    before = series(figures.page().decode())["loopwright_retrains_total"][NAME, "failed"]
    said = EventDraft(kind="retrain_finished", subject=f"loop:{NAME}", data={"outcome": "failed"})
    home.stores.ledger.commit(events=[said])
    assert series(figures.page().decode())["loopwright_retrains_total"][NAME, "failed"] == before + 1


def test_a_home_without_a_champion_has_a_page_too(tmp_path: Path) -> None:

    found = series(page(open_workspace(tmp_path / "empty", create=True)))
    assert "loopwright_champion_info" not in found
    assert found["loopwright_incidents"][NAME, "critical", "open"] == 0


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_prometheus_finds_no_fault_with_it(home: Workspace) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\S", done.stdout + done.stderr) is None
