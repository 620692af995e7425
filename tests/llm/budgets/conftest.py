"""A home with budgets, and calls that fall under them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.llm.budgets.budget import KIND, Budget
from loopwright.llm.budgets.spending_rules import REVISION_ID, REVISION_KIND
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores, create_home, open_stores


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return create_home(tmp_path / "home", ids=random_id, clock=SystemClock())


@pytest.fixture
def stores(home: Path) -> Iterator[Stores]:
    opened = open_stores(home, clock=SystemClock(), ids=random_id)
    yield opened
    opened.close()


@pytest.fixture
def declare(stores: Stores) -> Callable[..., None]:
    def write(*budgets: Budget) -> None:
        records = [Record(kind=KIND, id=one.name, data=msgspec.to_builtins(one)) for one in budgets]
        revision = Record(kind=REVISION_KIND, id=REVISION_ID, data={"revision": random_id("rev")})
        stores.ledger.commit(records=[*records, revision])

    return write
