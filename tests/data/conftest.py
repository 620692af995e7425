"""A project with a home, and a clock that stands still until it is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from loopwright.core.ids import random_id
from loopwright.store.open_stores import Stores, create_home, open_stores
from loopwright.testing.clocks import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def stores(tmp_path: Path, clock: ManualClock) -> Iterator[Stores]:
    create_home(tmp_path / ".loopwright", ids=random_id, clock=clock)
    opened = open_stores(tmp_path / ".loopwright", clock=clock, ids=random_id)
    yield opened
    opened.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | pl.DataFrame], Path]:
    """Writes a file of the project."""

    def written(name: str, content: str | pl.DataFrame) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="")
        else:
            content.write_parquet(path)
        return path

    return written
