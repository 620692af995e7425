from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import UsageError
from loopwright.llm.ask import Usage
from loopwright.llm.prices.price import Price, assumed, pico_a_token, priced, rates_of, usd

SONNET = Price(provider="p", model="m", input="3", output="15", cache_read="0.3", cache_write="3.75")
LONG = Price(provider="p", model="m", input="6", output="22.5", cache_read="0.6", over_input_tokens=200_000)


def test_a_call_costs_its_tokens_by_kind() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=500_000, cache_write_tokens=200_000)
    # 300,000 × 3 + 500,000 × 0.3 + 200,000 × 3.75 + 100,000 × 15, a million tokens each.
    assert usd(priced([SONNET], "v").cost_nano(usage)) == pytest.approx(0.9 + 0.15 + 0.75 + 1.5)


def test_a_long_input_makes_every_token_of_the_call_dearer() -> None:
    both = priced([LONG, SONNET], "v")
    short, long = Usage(input_tokens=200_000, output_tokens=1000), Usage(input_tokens=200_001, output_tokens=1000)
    assert usd(both.cost_nano(short)) == pytest.approx(0.6 + 0.015)
    assert usd(both.cost_nano(long)) == pytest.approx(1.200006 + 0.0225)


@given(
    st.integers(0, 2_000_000), st.integers(0, 200_000), st.integers(0, 3_000_000), st.integers(0, 3_000_000),
    st.integers(0, 2_000_000), st.integers(0, 200_000),
)  # fmt: skip
def test_no_call_costs_more_than_the_bound_of_its_tokens(
    bound_in: int, bound_out: int, read: int, written: int, tokens_in: int, tokens_out: int
) -> None:
    both = priced([SONNET, LONG], "v")
    usage = Usage(
        input_tokens=min(tokens_in, bound_in), output_tokens=min(tokens_out, bound_out),
        cache_read_tokens=read, cache_write_tokens=written,
    )  # fmt: skip
    assert both.cost_nano(usage) <= both.bound_nano(bound_in, bound_out)


def test_a_fraction_of_a_billionth_is_rounded_up() -> None:
    cheap = priced([Price(provider="p", model="m", input="0.0375")], "v")
    assert cheap.cost_nano(Usage(input_tokens=1)) == 38
    assert cheap.cost_nano(Usage(input_tokens=1000)) == 37_500


def test_counts_that_an_upstream_made_up_stay_within_reason() -> None:
    one = priced([SONNET], "v")
    assert one.cost_nano(Usage(input_tokens=-5, output_tokens=-7, cache_read_tokens=-1)) == 0
    assert one.cost_nano(Usage(output_tokens=10**18)) == one.cost_nano(Usage(output_tokens=10**9))
    assert one.cost_nano(Usage(input_tokens=10, cache_read_tokens=10**9)) == one.cost_nano(
        Usage(input_tokens=10, cache_read_tokens=10)
    )


def test_a_cache_that_a_source_says_nothing_of_costs_as_much_as_input() -> None:
    assert rates_of(Price(provider="p", model="m", input="2", output="8"))[3:] == (2_000_000, 2_000_000)


@pytest.mark.parametrize("text", ["", "a", "-1", "NaN", "Infinity", "1e99", "1000001"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        pico_a_token(text)


def test_prices_are_exact_to_a_millionth_of_a_millionth_a_token() -> None:
    assert pico_a_token("0.0375") == 37_500
    assert Decimal(pico_a_token("0.000001")) == 1
    assert pico_a_token("0.0000001") == 1  # rounded up: never nothing


def test_an_assumed_price_is_for_input_and_output_alike() -> None:
    assert assumed(0.0) is None
    assert usd(assumed(10.0).cost_nano(Usage(input_tokens=500_000, output_tokens=500_000))) == 10.0
