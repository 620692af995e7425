"""The Grafana dashboard, judged by Grafana's own types and Prometheus' own parser."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from loopwright.export.grafana import ROWS, expressions, grafana_dashboard


def test_grafanas_own_types_read_it() -> None:
    models = pytest.importorskip(
        "grafana_foundation_sdk.models.dashboard", reason="grafana-foundation-sdk is not installed"
    )
    made = models.Dashboard.from_json(json.loads(json.dumps(grafana_dashboard())))
    assert made.title == "Loopwright"
    assert [row.title for row in made.panels if row.type_val == "row"] == list(ROWS)
    assert len(made.panels) == len(ROWS) + sum(len(panels) for panels in ROWS.values())


def test_no_panel_lies_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in grafana_dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}  # fmt: skip
        assert not taken & cells
        taken |= cells


def test_ids_are_unique_and_every_panel_asks_something() -> None:
    panels = grafana_dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["type"] == "row" or panel["targets"] for panel in panels)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_every_expression_is_promql(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    assert len(rules) > 20
    (tmp_path / "panels.json").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", "panels.json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
