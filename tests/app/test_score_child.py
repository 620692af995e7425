import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from loopwright.app.score_child import main
from loopwright.app.versions import champion_of
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Project = Any


def ask(bundle: Path, *lines: tuple[str, str]) -> tuple[int, list[str]]:
    asked, said = io.BytesIO(b"".join(msgspec.json.encode(line) + b"\n" for line in lines)), io.BytesIO()
    code = main(str(bundle), asked, said)
    return code, [msgspec.json.decode(line) for line in said.getvalue().splitlines()]


def test_the_answers_are_those_of_the_bundle(project: Project, tmp_path: Path) -> None:
    workspace = project.workspace()
    folder = bundle_folder(workspace.stores.blobs, str(champion_of(workspace, "small")), workspace.home / "run")
    given = {"x": np.array([-2.0, 0.0, 2.0]), "n": np.array([1.0, 2.0, 3.0])}
    np.savez(tmp_path / "columns.npz", **given, more=np.zeros(1))  # type: ignore[arg-type]
    line = (str(tmp_path / "columns.npz"), str(tmp_path / "answers.npz"))
    assert ask(folder, line, line) == (0, ["", "", ""])
    with np.load(tmp_path / "answers.npz") as answers:
        assert answers["score"].tolist() == Model.load(folder).scores(given)["score"].tolist()


def test_a_bundle_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    code, said = ask(tmp_path)
    assert (code != 0, len(said)) == (True, 1)
    assert said[0]
