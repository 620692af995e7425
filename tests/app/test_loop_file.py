from pathlib import Path
from typing import Any

import pytest

from loopwright.app.workspace import find_project
from loopwright.errors import LoopFileError, LoopwrightError

Project = Any


def test_a_loop_file_gives_its_loop_and_its_datasets(bare: Project) -> None:
    loaded = bare.loaded()
    assert loaded.loop.name == "small"
    assert list(loaded.datasets) == ["table"]


def test_datasets_of_imported_modules_and_of_views_are_found(bare: Project) -> None:
    (bare.folder / "sources.py").write_text(
        'import loopwright as lw\nclicks = lw.Dataset("clicks", source="c.csv", event_time="at")\n'
    )
    (bare.folder / "views.py").write_text(
        "import loopwright as lw\nimport sources\n"
        'view = lw.FeatureView("v", source=sources.clicks, entity="shop", features={"n": lw.count(over="1h")})\n'
    )
    bare.change("import loopwright as lw\n", "import loopwright as lw\nfrom views import view\n")
    assert sorted(bare.loaded().datasets) == ["clicks", "table"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def train(", "def train((", "line 1"),
        ("def leaves", "import not_there_at_all\n\ndef leaves", "not_there_at_all"),
        ("def leaves", "1 / 0\n\ndef leaves", "ZeroDivisionError"),
        ("loop = lw.Loop(", "one = lw.Loop('one', pipeline=fit)\ntwo = lw.Loop(", "declares 2 loops"),
        ("loop = lw.Loop(", "other = dict(name=", "declares 0 loops"),
        ("def leaves", 'again = lw.Dataset("table", source="b.csv")\n\ndef leaves', "two datasets are named 'table'"),
    ],
)
def test_what_is_wrong_with_a_loop_file_is_said_with_its_place(bare: Project, old: str, new: str, said: str) -> None:
    if "dict" in new:
        text = (bare.folder / "loop.py").read_text()
        (bare.folder / "loop.py").write_text(text[: text.index("loop = lw.Loop(")])
    else:
        bare.change(old, new)
    with pytest.raises(LoopFileError, match=said) as caught:
        bare.loaded()
    assert "loop.py" in caught.value.what or "datasets" in caught.value.what
    assert caught.value.fix


def test_our_own_errors_pass_through(bare: Project) -> None:
    bare.change('lw.at_least("roc_auc"', 'lw.at_least("auc"')
    with pytest.raises(LoopwrightError, match="auc") as caught:
        bare.loaded()
    assert not isinstance(caught.value, LoopFileError)


def test_a_file_that_is_not_there(bare: Project) -> None:
    with pytest.raises(LoopFileError, match="no loop file"):
        bare.loaded("other.py")


def test_the_project_is_the_nearest_folder_with_a_loop_file(bare: Project, tmp_path: Path) -> None:
    inner = bare.folder / "data"
    assert find_project(inner) == bare.folder
    assert find_project(tmp_path) == tmp_path
