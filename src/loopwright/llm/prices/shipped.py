"""The price table that Loopwright brings: read from a file of the package when it is first asked for."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from loopwright.core.codec import from_json
from loopwright.llm.prices.override import Override
from loopwright.llm.prices.price import Price
from loopwright.llm.prices.table import PriceTable

_FILE = "prices.json"


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """The file.

    Attributes:
        format: Of the file.
        dated: Day on which it was put together; names the version of the table.
        prices: Each with its source.
    """

    format: int
    dated: str
    prices: tuple[Price, ...]


@cache
def shipped() -> Shipped:
    """What the package brings."""
    return from_json((files("loopwright.llm.prices") / _FILE).read_bytes(), Shipped)


def price_table(overrides: Sequence[Override] = ()) -> PriceTable:
    """The shipped prices with a home's own over them."""
    about = shipped()
    return PriceTable(about.prices, overrides, dated=about.dated)
