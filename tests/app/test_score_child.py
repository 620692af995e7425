from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loopwright.app.score_child import main
from loopwright.app.versions import champion_of
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Project = Any


def test_the_answers_are_those_of_the_bundle(project: Project, tmp_path: Path) -> None:
    workspace = project.workspace()
    folder = bundle_folder(workspace.stores.blobs, str(champion_of(workspace, "small")), workspace.home / "run")
    given = {"x": np.array([-2.0, 0.0, 2.0]), "n": np.array([1.0, 2.0, 3.0])}
    np.savez(tmp_path / "columns.npz", **given, more=np.zeros(1))  # type: ignore[arg-type]
    assert main(str(folder), str(tmp_path / "columns.npz"), str(tmp_path / "answers.npz")) == 0
    with np.load(tmp_path / "answers.npz") as answers:
        assert answers["score"].tolist() == Model.load(folder).scores(given)["score"].tolist()


def test_a_bundle_that_is_none_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "columns.npz", x=np.zeros(1))
    assert main(str(tmp_path), str(tmp_path / "columns.npz"), str(tmp_path / "answers.npz")) != 0
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "answers.npz").exists()
