import sys

import pytest

from loopwright.errors import LoopFileError
from loopwright.pipelines.imported import record_imports
from loopwright.pipelines.reach import CodeReader
from loopwright.pipelines.source_files import source_files


def paths(*modules):
    return [file.path for file in source_files(modules, CodeReader())]


def test_modules_that_are_imported_come_along_and_installed_ones_do_not(project):
    project.write("deep", "import json, numpy", head=False)
    project.write("helper", "from <deep> import json", head=False)
    project.write("unused", "A = 1", head=False)
    project.write("loop", "import <helper>")
    project.load()
    assert paths(project.name("loop")) == [f"{project.name(m)}.py" for m in ("deep", "helper", "loop")]


def test_a_package_comes_with_its_init_files(project):
    inner = project.folder / f"p{project.number}_pack" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("")
    (inner / "__init__.py").write_text("from . import leaf")
    (inner / "leaf.py").write_text("from .. import inner")
    project.write("loop", f"import p{project.number}_pack.inner.leaf")
    project.load()
    pack = f"p{project.number}_pack"
    assert paths(project.name("loop")) == [
        project.name("loop") + ".py", f"{pack}/__init__.py", f"{pack}/inner/__init__.py", f"{pack}/inner/leaf.py",
    ]  # fmt: skip


def test_a_file_edited_while_it_was_loaded_is_refused(project, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    record_imports()
    project.write("loop", "A = 1")
    project.load()
    assert paths(project.name("loop"))
    project.edit("loop", "A = 1", "A = 2")
    with pytest.raises(LoopFileError, match="edited while it was loaded"):
        paths(project.name("loop"))
