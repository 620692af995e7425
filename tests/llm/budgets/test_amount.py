import pytest

from loopwright.errors import UsageError
from loopwright.llm.budgets.amount import Amount


@pytest.mark.parametrize(
    ("text", "value", "unit", "shown"),
    [
        ("5usd", 5_000_000_000, "usd", "5.00 USD"),
        (" 0.50 USD ", 500_000_000, "usd", "0.50 USD"),
        ("0.000000001usd", 1, "usd", "1e-09 USD"),
        ("100000tokens", 100_000, "tokens", "100,000 tokens"),
        ("7 requests", 7, "requests", "7 requests"),
    ],
)
def test_amounts_are_read_and_shown(text: str, value: int, unit: str, shown: str) -> None:
    amount = Amount.parse(text)
    assert (amount.value, amount.unit, str(amount)) == (value, unit, shown)


@pytest.mark.parametrize("text", ["", "5", "usd", "-5usd", "0usd", "1.5tokens", "5eur", "1e9usd", "0.0000000001usd"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not an amount"):
        Amount.parse(text)
