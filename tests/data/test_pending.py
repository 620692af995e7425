from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.data.dataset import Dataset
from loopwright.data.landing import land
from loopwright.data.pending import pending
from loopwright.errors import SourceError
from loopwright.store.open_stores import Stores
from loopwright.testing.clocks import ManualClock

DATASET = Dataset("d", source="data/*.csv")


def names(stores: Stores) -> list[str]:
    return [file.name for file in pending(stores, "d", DATASET.patterns)]


def test_what_is_pending_is_what_a_landing_takes(
    stores: Stores, clock: ManualClock, write: Callable[[str, str], Path]
) -> None:
    write("data/a.csv", "x\n1\n")
    assert names(stores) == ["data/a.csv"]
    land(stores, DATASET, clock=clock)
    assert names(stores) == []
    write("data/a.csv", "x\n2\n")
    write("data/b.csv", "x\n3\n")
    assert names(stores) == ["data/a.csv", "data/b.csv"]
    assert land(stores, DATASET, clock=clock).files == ("data/a.csv", "data/b.csv")
    assert names(stores) == []


def test_a_source_that_is_gone_is_told(stores: Stores) -> None:
    with pytest.raises(SourceError):
        names(stores)
