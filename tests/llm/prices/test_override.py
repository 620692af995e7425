import msgspec
import pytest

from loopwright.errors import UsageError
from loopwright.llm.prices.override import KIND, Override, read_overrides
from loopwright.llm.prices.price import Price
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


def own(input: str = "1", *, since: int = 0, made_at: int = 0) -> Override:
    return Override(model="m", price=Price(provider="", model="m", input=input), since=since, made_at=made_at)


def test_all_that_were_ever_set_are_read_in_the_order_in_which_they_hold() -> None:
    ledger = MemoryLedger(clock=ManualClock())
    written = [own("3", since=5), own("2", since=1, made_at=9), own("1", since=1, made_at=3)]
    ledger.commit(
        records=[Record(kind=KIND, id=f"p{n}", data=msgspec.to_builtins(one)) for n, one in enumerate(written)]
    )
    assert read_overrides(ledger) == tuple(reversed(written))


@pytest.mark.parametrize("model", ["", "a b", "a\nb", "x" * 201])
def test_what_cannot_be_a_model_s_name_is_refused(model: str) -> None:
    with pytest.raises(UsageError, match="names no model"):
        Override(model=model, price=None, since=0, made_at=0)


def test_a_price_that_is_none_is_refused_when_it_is_set() -> None:
    with pytest.raises(UsageError, match="not a price"):
        own("-1")
