"""A home without a loop, for prompts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopwright.app.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path, create=True)
    yield opened
    opened.close()
