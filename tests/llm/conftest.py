"""What tests of this layer share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.llm.local_models import installed_in

from loopwright.llm.local_scheme import plug_ins


@pytest.fixture
def local_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package is installed that answers some schemes in this process."""
    installed_in(tmp_path / "packages")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    plug_ins.cache_clear()
    yield
    monkeypatch.undo()
    plug_ins.cache_clear()
