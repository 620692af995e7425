"""Somebody's own table, from the file to a served model, through the command line."""

import csv
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.app.workspace import open_workspace
from loopwright.cli.main import main
from loopwright.serving.door import Door
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

HOSTILE = [
    "it's", 'say "hi"', "two\nlines", "__import__('os').system('touch owned')", "naïve ☃", "{{ x }}", "class", "rows",
    "features", "_private", "_fed", "None", '"""', "\\", " ", "(prediction)", "x: int = 1\n    y", "score", "key", "at",
]  # fmt: skip
RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("loop", None)
    yield
    sys.modules.pop("loop", None)
    sys.modules.update({"loop": before} if before else {})


def answers(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the champion: an example, and what it answers to it behind the door that requests go through."""
    workspace = open_workspace(folder)
    version = champion_of(workspace, "made")
    assert version is not None
    model = Model.load(bundle_folder(workspace.stores.blobs, version, workspace.home / "run"))
    workspace.close()
    door, example = Door(model.signature), model.bundle.example()
    assert json.loads(json.dumps(example, allow_nan=False)) == example
    return example, model.predict(door.columns([door.check(example).values], [{}]))


def made(folder: Path, file: Path, *arguments: str) -> Path:
    assert main(["new", str(folder), "--data", str(file), *arguments]) == 0
    assert main(["run", "--project", str(folder)]) == 0
    return folder


def test_hostile_headers_make_a_loop_that_runs_and_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = "y\"\"\" + open('owned', 'w')"
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*HOSTILE, "", target])
        for _ in range(200):
            x = RNG.normal(size=len(HOSTILE))
            cells = [f"level{int(v > 0)}'" if place % 3 == 0 else v for place, v in enumerate(x)]
            writer.writerow([*cells, 1, "yes'" if x[1] > 0 else 'no"'])
    example, answer = answers(made(tmp_path / "made", tmp_path / "t.csv", "--target", target))
    assert set(example) == set(HOSTILE)
    assert answer["label"][0] in ("yes'", 'no"')
    assert not list(tmp_path.rglob("owned"))


def test_gaps_and_odd_types_of_a_parquet_file_are_no_obstacle(tmp_path: Path) -> None:
    n = 300
    x = RNG.normal(size=n)
    frame = pl.DataFrame(
        {
            "id": [f"row-{i}" for i in range(n)],
            "at": pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 12, 31), "1d", eager=True).head(n),
            "x": np.where(RNG.random(n) < 0.2, np.nan, x),
            "far": np.where(RNG.random(n) < 0.5, np.inf, x),
            "small": pl.Series(RNG.integers(0, 9, n), dtype=pl.UInt8),
            "level": pl.Series(np.array(["a", "b", None])[RNG.integers(0, 3, n)], dtype=pl.Categorical),
            "flag": np.array([True, False, None])[RNG.integers(0, 3, n)].tolist(),
            "empty": pl.Series([None] * n, dtype=pl.Null),
            "pairs": [[1, 2], [3]] * (n // 2),
            "y": pl.Series(3 * x + RNG.normal(size=n), dtype=pl.Float32),
        }
    ).with_columns(y=pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise("y"))
    frame.write_parquet(tmp_path / "t.parquet")
    folder = made(tmp_path / "made", tmp_path / "t.parquet", "--target", "y", "--key", "id", "--time", "at")
    example, answer = answers(folder)
    assert set(example) == {"id", "at", "x", "far", "small", "level", "flag"}
    assert np.isfinite(answer["score"]).all()
    assert 'split(last="' in (folder / "loop.py").read_text()


def test_numbers_that_are_classes_stay_whole_numbers(tmp_path: Path) -> None:
    y = RNG.integers(0, 3, 240)
    pl.DataFrame({"x": y + RNG.normal(0, 0.3, 240), "y": y.astype(float)}).write_csv(tmp_path / "t.csv")
    _, answer = answers(made(tmp_path / "made", tmp_path / "t.csv", "--target", "y"))
    assert answer["label"][0] in (0, 1, 2)
    assert answer["label"].dtype.kind == "i"
    assert answer["probabilities"].shape == (1, 3)


def test_without_a_key_the_reference_has_all_rows(tmp_path: Path) -> None:
    x = RNG.normal(size=200)
    pl.DataFrame({"x": x, "y": x > 0}).write_csv(tmp_path / "t.csv")
    folder = made(tmp_path / "made", tmp_path / "t.csv", "--target", "y")
    workspace = open_workspace(folder)
    version = champion_of(workspace, "made")
    assert version is not None
    reference = reference_of(workspace, manifest_of(workspace, version))
    workspace.close()
    assert reference is not None
    assert (reference.rows, sum(reference.column("(prediction)").counts)) == (200, 40)


@pytest.mark.slow
def test_a_table_is_served_watched_and_takes_labels(tmp_path: Path) -> None:
    x = RNG.normal(size=400)
    table = {"id": range(400), "x": x, "colour": np.array(["red", "blue"])[RNG.integers(0, 2, 400)], "y": x > 0.2}
    pl.DataFrame(table).write_csv(tmp_path / "t.csv")
    command = [sys.executable, "-m", "loopwright.cli.main"]
    new = [*command, "new", "made", "--data", "t.csv", "--target", "y", "--key", "id"]
    subprocess.run(new, cwd=tmp_path, check=True, capture_output=True)
    port = free_port()
    up = subprocess.Popen(
        [*command, "up", "--port", str(port), "--supervised"], cwd=tmp_path / "made", stdin=subprocess.PIPE
    )
    try:
        about = eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/predict/made").raise_for_status().json())
        answer = httpx.post(f"http://127.0.0.1:{port}/predict/made", json=about["example"]).raise_for_status().json()
        assert answer["prediction"] in (True, False)
        token = (tmp_path / "made" / ".loopwright" / "token").read_text()
        labels = {"endpoint": "made", "labels": [{"request_id": answer["request_id"], "value": True}]}
        control = httpx.Client(base_url=f"http://127.0.0.1:{port + 1}", headers={"Authorization": f"Bearer {token}"})
        eventually(lambda: control.post("/feedback", json=labels).raise_for_status())
        control.close()
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0


def free_port() -> int:
    """A port that is free, and so is the one after it."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def eventually(ask: Callable[[], Any]) -> Any:
    for _ in range(600):
        try:
            return ask()
        except httpx.HTTPError:
            time.sleep(0.1)
    return ask()
