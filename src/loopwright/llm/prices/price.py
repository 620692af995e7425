"""A price, and what a call costs by it. Money is counted in whole billionths of a dollar, never in floats."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.ask import Usage

NANO_A_USD = 1_000_000_000
_PICO_A_MTOK = 1_000_000
"""A dollar a million tokens is so many millionths of a millionth of a dollar a token."""
_MOST_USD_A_MTOK = Decimal(1_000_000)
_MOST_TOKENS = 1_000_000_000
"""No call has more: a count above it is what an upstream made up, and counts as this many."""


class Price(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """What one model costs, as a source says it. Prices are decimal texts in US dollars a million tokens.

    Attributes:
        provider: As `gen_ai.provider.name` has it.
        model: The upstream's name of the model.
        input: Of tokens of a request.
        output: Of tokens of an answer.
        cache_read: Of input tokens that the upstream had in its cache; as `input` where the source says nothing.
        cache_write: Of input tokens that it writes there; as `input` where the source says nothing.
        over_input_tokens: Calls with more input tokens than this have this price; 0: all that no other price is for.
        since: Day from which it holds, as 2026-01-31; empty: as far back as anybody asks.
        until: Day from which it holds no longer.
        aliases: Further names that the source says have this price.
        source: Address that says so.
        via: Whose table it was read in, naming that address as its own source; empty where it was read there.
        retrieved: Day on which it was read.
    """

    provider: str
    model: str
    input: str
    output: str = "0"
    cache_read: str | None = None
    cache_write: str | None = None
    over_input_tokens: int = 0
    since: str = ""
    until: str | None = None
    aliases: tuple[str, ...] = ()
    source: str = ""
    via: str = ""
    retrieved: str = ""


class Rates(NamedTuple):
    """A price in whole millionths of a millionth of a US dollar a token, for calls above so many input tokens."""

    over_input_tokens: int
    input: int
    output: int
    cache_read: int
    cache_write: int


class Priced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a model costs at an instant.

    Attributes:
        rates: By input tokens, least first; the first is for any call.
        version: Names the table that said so, for rows.
    """

    rates: tuple[Rates, ...]
    version: str

    def cost_nano(self, usage: Usage) -> int:
        """What a call cost, in billionths of a US dollar, rounded up."""
        read_in, out = _sane(usage.input_tokens), _sane(usage.output_tokens)
        rates = self._at(read_in)
        read = min(_sane(usage.cache_read_tokens), read_in)
        written = min(_sane(usage.cache_write_tokens), read_in - read)
        pico = (
            (read_in - read - written) * rates.input
            + read * rates.cache_read
            + written * rates.cache_write
            + out * rates.output
        )
        return -(-pico // 1000)

    def bound_nano(self, input_tokens: int, output_tokens: int) -> int:
        """The most that a call of so many tokens can cost, whatever the upstream's cache does and however long the
        input turns out to be below that."""
        read_in, out = _sane(input_tokens), _sane(output_tokens)
        pico = 0
        for rates in self.rates:
            if rates.over_input_tokens <= read_in:
                dearest = max(rates.input, rates.cache_read, rates.cache_write)
                pico = max(pico, read_in * dearest + out * rates.output)
        return -(-pico // 1000)

    def _at(self, input_tokens: int) -> Rates:
        found = self.rates[0]
        for rates in self.rates[1:]:
            if input_tokens > rates.over_input_tokens:
                found = rates
        return found


def priced(prices: Sequence[Price], version: str) -> Priced:
    """Put one model's prices that hold at the same time together."""
    return Priced(rates=tuple(sorted(rates_of(price) for price in prices)), version=version)


def assumed(usd_a_mtok: float) -> Priced | None:
    """What a token of a model without a price is taken to cost; None where it is nothing.

    Raises:
        UsageError: It is no price.
    """
    if not usd_a_mtok:
        return None
    pico = pico_a_token(str(usd_a_mtok))
    return Priced(rates=(Rates(0, pico, pico, pico, pico),), version="assumed")


def rates_of(price: Price) -> Rates:
    """A price as whole numbers.

    Raises:
        UsageError: One of its texts is no price.
    """
    read_in = pico_a_token(price.input)
    read, written = price.cache_read, price.cache_write
    return Rates(
        over_input_tokens=price.over_input_tokens,
        input=read_in,
        output=pico_a_token(price.output),
        cache_read=read_in if read is None else pico_a_token(read),
        cache_write=read_in if written is None else pico_a_token(written),
    )


def pico_a_token(text: str) -> int:
    """Read US dollars a million tokens, rounding up what lies below a millionth of a millionth a token.

    Raises:
        UsageError: It is no decimal number from 0 to a million.
    """
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or not 0 <= usd <= _MOST_USD_A_MTOK:
        raise UsageError(f"{text!r} is not a price", fix="Write US dollars a million tokens, as 0.15.")
    scaled = usd * _PICO_A_MTOK
    whole = int(scaled)
    return whole if scaled == whole else whole + 1


def usd(nano: int) -> float:
    """Billionths of a US dollar as dollars, for people and for rows."""
    return nano / NANO_A_USD


def _sane(tokens: int) -> int:
    return min(max(tokens, 0), _MOST_TOKENS)
