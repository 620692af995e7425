from pathlib import Path

import pytest

from loopwright.app.new import new_from_template, staged, template_names
from loopwright.errors import UsageError, UserError


def test_a_template_becomes_a_project_with_its_data(tmp_path: Path) -> None:
    made = new_from_template(tmp_path / "mine", "tabular")
    assert {"loop.py", "data/samples.csv"} <= set(made.files)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert new_from_template(tmp_path / "mine", "tabular").files


def test_every_template_is_named() -> None:
    assert template_names() == ("finetune", "flights", "llm", "tabular")


@pytest.mark.parametrize("name", ["nothing", "../tabular", "", "from_data"])
def test_a_template_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no template"):
        new_from_template(tmp_path / "mine", name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        new_from_template(tmp_path, "tabular")
    with pytest.raises(UsageError, match="not empty"):
        new_from_template(tmp_path / "kept", "tabular")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with staged(tmp_path / "mine") as folder:
            (folder / "half").write_text("")
            raise UserError("on the way", fix="none")

    with pytest.raises(UserError, match="on the way"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_fails_is_named_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "templates" / "broken").mkdir(parents=True)
    (tmp_path / "templates" / "broken" / "loop.py").write_text("")
    (tmp_path / "templates" / "broken" / "get_data.py").write_text("raise SystemExit('no such data')")
    monkeypatch.setattr("loopwright.app.new.TEMPLATES", tmp_path / "templates")
    with pytest.raises(UserError, match=r"get_data\.py") as caught:
        new_from_template(tmp_path / "mine", "broken")
    assert caught.value.why == "no such data"
    assert not (tmp_path / "mine").exists()
