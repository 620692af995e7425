import pytest

from loopwright.core.clock import SECOND
from loopwright.errors import UsageError
from loopwright.llm.ask import Usage
from loopwright.llm.prices.override import Override
from loopwright.llm.prices.price import Price
from loopwright.llm.prices.table import PriceTable, cost_usd, day

AT = day("2026-06-01")
MTOK = Usage(input_tokens=1_000_000)
PRICES = (
    Price(provider="openai", model="gpt-4o", input="2.5", aliases=("chatgpt-4o",)),
    Price(provider="openai", model="gpt-4o-2024-05-13", input="5"),
    Price(provider="openai", model="luna", input="1", until="2026-07-30"),
    Price(provider="openai", model="luna", input="0.2", since="2026-07-30"),
)


def cost(table: PriceTable, model: str, at: int = AT, provider: str = "openai") -> float | None:
    found = cost_usd(table, provider, model, usage=MTOK, at=at)
    return None if found is None else found[0]


def own(model: str, usd: str | None, since: int = 0, made_at: int = 0, provider: str = "") -> Override:
    price = None if usd is None else Price(provider=provider, model=model, input=usd)
    return Override(model=model, provider=provider, price=price, since=since, made_at=made_at)


def test_a_listed_snapshot_has_its_own_price_and_another_one_that_of_its_model() -> None:
    table = PriceTable(PRICES)
    assert cost(table, "gpt-4o-2024-05-13") == 5.0
    assert cost(table, "gpt-4o-2024-08-06") == 2.5
    assert cost(table, "gpt-4o-20240806") == 2.5


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4", "GPT-4o", "gpt-4o-2024", "openai/gpt-4o", "gpt-4o-latest"])
def test_a_name_that_is_only_like_another_is_unknown(model: str) -> None:
    assert cost(PriceTable(PRICES), model) is None


def test_an_alias_is_known_and_another_provider_s_model_of_the_same_name_is_not() -> None:
    table = PriceTable(PRICES)
    assert cost(table, "chatgpt-4o") == 2.5
    assert cost(table, "gpt-4o", provider="azure.ai.openai") is None


def test_a_price_holds_from_its_day_until_the_next_one() -> None:
    table, change = PriceTable(PRICES), day("2026-07-30")
    assert [cost(table, "luna", at) for at in (change - 1, change, change - 1)] == [1.0, 0.2, 1.0]


def test_a_home_s_own_price_goes_before_the_shipped_one_from_when_it_is_said_to() -> None:
    table = PriceTable(PRICES, [own("gpt-4o", "1", since=AT)], dated="2026-11-20")
    assert cost(table, "gpt-4o", AT - 1) == 2.5
    assert cost(table, "gpt-4o", AT) == 1.0
    assert cost(table, "gpt-4o-2024-08-06", AT) == 1.0
    assert cost(table, "gpt-4o-2024-05-13", AT) == 5.0  # listed by itself


def test_of_two_own_prices_the_provider_s_goes_first_and_of_two_from_the_same_instant_the_later() -> None:
    table = PriceTable((), [own("m", "1"), own("m", "2", provider="groq")])
    assert cost(table, "m", provider="groq") == 2.0
    assert cost(table, "m", provider="other") == 1.0
    assert cost(PriceTable((), [own("m", "4", made_at=2), own("m", "3", made_at=1)]), "m") == 4.0


def test_a_price_that_was_taken_back_uncovers_the_shipped_one() -> None:
    table = PriceTable(PRICES, [own("gpt-4o", "1"), own("gpt-4o", None, since=AT)])
    assert cost(table, "gpt-4o", AT - SECOND) == 1.0
    assert cost(table, "gpt-4o", AT) == 2.5


def test_a_provider_s_price_for_every_model_is_for_those_that_have_none() -> None:
    table = PriceTable(PRICES, [own("*", "0", provider="ollama"), own("big", "1", provider="ollama")])
    assert cost(table, "llama3.2:1b", provider="ollama") == 0.0
    assert cost(table, "big", provider="ollama") == 1.0
    assert cost(table, "llama3.2:1b") is None


def test_a_price_for_every_model_of_every_provider_is_refused() -> None:
    with pytest.raises(UsageError, match="every model of every provider"):
        own("*", "0")


def test_own_prices_give_the_table_a_version_of_their_own() -> None:
    shipped, with_one = PriceTable(PRICES, dated="d"), PriceTable(PRICES, [own("m", "1")], dated="d")
    other = PriceTable(PRICES, [own("m", "2")], dated="d")
    assert shipped.version == "d"
    assert len({shipped.version, with_one.version, other.version}) == 3
    assert cost_usd(with_one, "openai", "m", usage=MTOK, at=AT) == (1.0, with_one.version)


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="not a day"):
        day("20260101")
