from loopwright.core.clock import SystemClock
from loopwright.llm.ask import Usage
from loopwright.llm.prices.price import rates_of
from loopwright.llm.prices.shipped import price_table, shipped
from loopwright.llm.prices.table import cost_usd, day


def test_every_price_has_a_source_a_day_and_is_a_price() -> None:
    for price in (one for one in shipped().prices if one.provider != "loopwright"):
        assert price.source.startswith("https://"), price
        assert day(price.retrieved) <= day(shipped().dated), price
        rates = rates_of(price)
        assert rates.input > 0, price
        assert rates.cache_read <= rates.input <= rates.cache_write, price


def test_a_model_has_one_price_at_a_time_for_each_length_of_input() -> None:
    days = sorted({edge for price in shipped().prices for edge in (price.since, price.until or "") if edge})
    for at in ("2026-01-01", *days, shipped().dated):
        held: dict[tuple[str, str, int], int] = {}
        for price in shipped().prices:
            if (not price.since or price.since <= at) and (price.until is None or at < price.until):
                for name in (price.model, *price.aliases):
                    key = (price.provider, name, price.over_input_tokens)
                    held[key] = held.get(key, 0) + 1
        assert {key for key, times in held.items() if times > 1} == set(), at
        # A price for long inputs alone would leave short ones without.
        assert {key for key in held if key[2] and (*key[:2], 0) not in held} == set(), at


def test_prices_that_are_known_by_heart_are_right() -> None:
    table, mtok = price_table(), Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    now = SystemClock().now()
    asked = [("openai", "gpt-4o-mini"), ("openai", "gpt-4o-2024-05-13"), ("anthropic", "claude-sonnet-4-5-20250929")]
    costs = [cost_usd(table, *one, usage=mtok, at=now) for one in asked]
    assert [cost[0] for cost in costs if cost] == [0.75, 20.0, 18.0]
    assert {cost[1] for cost in costs if cost} == {shipped().dated}


def test_a_long_prompt_of_gemini_costs_more_a_token() -> None:
    table, now = price_table(), SystemClock().now()
    assert cost_usd(table, "gcp.gemini", "gemini-2.5-pro", usage=Usage(input_tokens=200_000), at=now)[0] == 0.25
    assert cost_usd(table, "gcp.gemini", "gemini-2.5-pro", usage=Usage(input_tokens=400_000), at=now)[0] == 1.0
