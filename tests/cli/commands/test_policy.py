"""`loopwright policy replay`."""

import json
from pathlib import Path

import pytest
from tests.app.policies.conftest import TIMED, past

from loopwright.cli.main import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "loop.py").write_text(TIMED, encoding="utf-8")
    past().slice(400).write_parquet(tmp_path / "later.parquet")
    past().head(400).write_parquet(tmp_path / "data" / "first.parquet")
    (tmp_path / "replay.toml").write_text(
        'start = 2022-01-08T00:00:00Z\nend = 2022-05-01T00:00:00Z\nrequests = []\n[[pushes]]\ndataset = "table"\n'
        'source = "later.parquet"\nat = "at"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_policies_of_a_scenario_are_compared_and_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["policy", "replay", "--scenario", "replay.toml", "--policy", "never", "--policy", "every:40d"]
    assert main([*words, "--out", "policies.html", "--price", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [result["policy"] for result in found["results"]] == ["never", "every:40d"]
    assert found["results"][1]["cost"] == 2 * len(found["results"][1]["retrains"]) > 0
    assert "every:40d" in (folder / "policies.html").read_text(encoding="utf-8")


def test_an_unknown_policy_is_refused_before_anything_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "replay", "--policy", "sometimes"]) == 1
    assert "every:45d" in capsys.readouterr().err
