"""The whole story on real flights, as a newcomer sees it."""

import json
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from loopwright.app.trace import journal
from loopwright.app.workspace import open_workspace
from loopwright.core.verdict import Outcome
from loopwright.store.doctor import check_home

pytestmark = pytest.mark.slow
EXTERNAL = re.compile(
    r"""(?:src|href|action|url)\s*[=(]\s*["']?\s*(?:https?:)?//|@import|<script[^>]+src""", re.IGNORECASE
)
MOST_BYTES = 5_000_000


def demo(folder: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "loopwright.cli.main", "demo", "--json", "--dir", str(folder)]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, Any]:
    """What a demo said that found an earlier one's project in its way."""
    (folder / "flights").mkdir(parents=True)
    (folder / "flights" / ".made-by-demo").touch()
    (folder / "flights" / "left-over").touch()
    code, out, err = demo(folder)
    assert code == 0, err
    return dict(json.loads(out))


def test_all_nine_chapters_are_told_with_events_that_the_journal_has(folder: Path, said: dict[str, Any]) -> None:
    assert [(chapter["number"], chapter["told"]) for chapter in said["chapters"]] == [(n, True) for n in range(1, 10)]
    with closing(open_workspace(folder / "flights", explicit={"home": ".loopwright-replay"})) as workspace:
        events = {event.seq: event for event in journal(workspace.stores.ledger)}
        failed = [verdict for verdict in check_home(workspace.stores, deep=True) if verdict.outcome is Outcome.FAIL]
    assert failed == []
    for chapter in said["chapters"]:
        assert chapter["events"]
        assert set(chapter["events"]) <= set(events)
    kinds = [{events[seq].kind for seq in chapter["events"]} for chapter in said["chapters"]]
    assert "dataset_refused" in kinds[0]
    assert "incident_opened" in kinds[5]
    assert {"retrain_decided", "gate_judged", "release_started", "release_finished", "ref_moved"} <= kinds[6]
    assert {"act_refused", "override_recorded", "arm_tripped"} <= kinds[7]


def test_no_request_failed_and_parity_holds(said: dict[str, Any]) -> None:
    play, parity = said["replay"]["play"], said["replay"]["parity"]
    assert play["requests"] > 10_000
    assert (play["failed"], play["failures"]) == (0, {})
    assert parity["rows"] > 1_000
    for feature in parity["features"]:
        assert feature["agreeing"] == feature["rows"]
        assert feature["kind"] == "mean" or feature["equal"] == feature["rows"]


def test_the_champion_is_reproduced(said: dict[str, Any]) -> None:
    proof = said["reproduce"]
    assert proof["verdict"] in ("identical", "equivalent")
    assert proof["largest_difference"] <= proof["tolerance"]


def test_the_report_stands_by_itself(said: dict[str, Any]) -> None:
    page = Path(said["report"])
    assert page.stat().st_size < MOST_BYTES
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 3
    assert EXTERNAL.findall(text) == []


def test_it_started_clean_and_left_nothing_running(folder: Path, said: dict[str, Any]) -> None:
    assert not (folder / "flights" / "left-over").exists()
    running = [
        one.info["cmdline"] for one in psutil.process_iter(["cmdline"]) if str(folder) in str(one.info["cmdline"])
    ]
    assert running == []


def test_a_project_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flights").mkdir()
    (tmp_path / "flights" / "mine").touch()
    code, out, _ = demo(tmp_path)
    assert (code, json.loads(out)["error"]["code"]) == (1, "LW105")
    assert (tmp_path / "flights" / "mine").exists()
