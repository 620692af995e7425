"""A home's own price of a model: a record of the ledger, one each time somebody sets one, so that none is forgotten."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.llm.prices.price import Price, pico_a_token
from loopwright.store.ledger import Ledger

KIND = "price"
ANY_MODEL = "*"
_MOST = 1_000_000
_NAME = re.compile(r"[\x21-\x7e]{1,200}")


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """One price, from an instant on, until another one of the same model follows.

    Attributes:
        model: The upstream's name of the model; `*`: every model of the provider.
        provider: Whose; empty: whoever serves a model of this name.
        price: US dollars a million tokens; None: the home has no price of its own any more, and the shipped table's
            holds again.
        since: From when on, by the workspace's clock.
        made_at: When it was set; of two from the same instant on, the later holds.
        note: Why, for people.
    """

    model: str
    provider: str = ""
    price: Price | None
    since: Micros
    made_at: Micros
    note: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.model) or (self.provider and not _NAME.fullmatch(self.provider)):
            raise UsageError(
                f"{self.provider}/{self.model} names no model", why="names are 1 to 200 visible ASCII characters"
            )
        if self.model == ANY_MODEL and not self.provider:
            raise UsageError(
                "a price for every model of every provider would make unknown prices known",
                fix="Name a provider with --provider.",
            )
        if self.price is not None:
            for text in (self.price.input, self.price.output, self.price.cache_read, self.price.cache_write):
                pico_a_token("0" if text is None else text)

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Override":
        """Read a record's data."""
        return msgspec.convert(data, cls)


def read_overrides(ledger: Ledger) -> tuple[Override, ...]:
    """All that were ever set, oldest first."""
    found = [Override.of(record.data) for record in ledger.search(KIND, limit=_MOST)]
    return tuple(in_order(found))


def in_order(overrides: Sequence[Override]) -> list[Override]:
    """By when they hold, then by when they were set."""
    return sorted(overrides, key=lambda one: (one.since, one.made_at))
