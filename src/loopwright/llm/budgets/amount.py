"""Amounts of a budget: whole billionths of a US dollar, tokens, or requests."""

import re
from decimal import Decimal
from typing import Literal

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.prices.price import NANO_A_USD

Unit = Literal["usd", "tokens", "requests"]
_AMOUNT = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,9})?)\s*(?P<unit>usd|tokens|requests)")


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """So much: `value` is in billionths of a US dollar where the unit is usd."""

    value: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """Read `5usd`, `0.50 usd`, `100000tokens` or `1000requests`.

        Raises:
            UsageError: It is none of these, or nothing at all.
        """
        found = _AMOUNT.fullmatch(text.strip().lower())
        if found is None:
            raise _unread(text)
        number = Decimal(found["number"])
        scaled = number * NANO_A_USD if found["unit"] == "usd" else number
        if scaled != int(scaled) or scaled <= 0:
            raise _unread(text)
        return cls(value=int(scaled), unit=msgspec.convert(found["unit"], Unit))

    def __str__(self) -> str:
        return shown(self.value, self.unit)


def shown(value: int, unit: Unit) -> str:
    """An amount for people; dollars to the cent, and below a cent to two digits."""
    if unit != "usd":
        return f"{value:,} {unit}"
    dollars = value / NANO_A_USD
    return f"{dollars:,.2f} USD" if abs(dollars) >= 0.01 or not value else f"{dollars:.2g} USD"


def _unread(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is not an amount", fix="Write more than nothing as 5usd, 100000tokens or 1000requests."
    )
