"""The price table: which price a model has at an instant, and under which version of the table."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from loopwright.core.clock import FIRST_INSTANT, LAST_INSTANT, Micros, micros
from loopwright.core.hashing import digest_value
from loopwright.errors import UsageError
from loopwright.llm.ask import Usage
from loopwright.llm.prices.override import ANY_MODEL, Override, in_order
from loopwright.llm.prices.price import Price, Priced, priced, usd

_SNAPSHOT = re.compile(r"(?P<model>.+)-(?:\d{4}-\d{2}-\d{2}|20\d{6})")
_REMEMBERED = 4096
_Found = tuple[Micros, Micros, Priced | None]


class PriceTable:
    """Prices by provider and model. Immutable to callers; safe from several threads.

    A model is found by its exact name first: among the home's own prices, those of its provider before those of any,
    then among the shipped ones and their documented aliases. A dated snapshot (`NAME-2024-08-06`, `NAME-20250929`)
    that is listed nowhere has the price of NAME, as the vendors document it. Nothing else is ever guessed.

    Args:
        prices: The shipped ones.
        overrides: The home's own.
        dated: Day of the shipped ones, which names them.
    """

    def __init__(self, prices: Sequence[Price], overrides: Sequence[Override] = (), *, dated: str = "") -> None:
        self._prices: dict[tuple[str, str], list[Price]] = {}
        for price in prices:
            for name in (price.model, *price.aliases):
                self._prices.setdefault((price.provider, name), []).append(price)
        self._overrides: dict[tuple[str, str], list[Override]] = {}
        for one in in_order(overrides):
            self._overrides.setdefault((one.provider, one.model), []).append(one)
        self._remembered: dict[tuple[str, str], _Found] = {}
        self.version = f"{dated}+{digest_value(in_order(overrides))[:12]}" if overrides else dated

    def at(self, provider: str, model: str, at: Micros) -> Priced | None:
        """What a model costs at an instant; None where nobody knows."""
        found = self._remembered.get((provider, model))
        if found is None or not found[0] <= at < found[1]:
            found = self._look(provider, model, at)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[provider, model] = found
        return found[2]

    def models(self) -> tuple[tuple[str, str], ...]:
        """Provider and name of every model that is listed, without aliases, sorted."""
        own = {(price.provider, price.model) for listed in self._prices.values() for price in listed}
        return tuple(sorted(own | set(self._overrides)))

    def shipped(self, provider: str, model: str) -> tuple[Price, ...]:
        """The shipped prices of exactly this name or alias, whenever they hold."""
        return tuple(self._prices.get((provider, model), ()))

    def overrides(self, provider: str, model: str) -> tuple[Override, ...]:
        """The home's own prices of exactly this name, oldest first."""
        return tuple(self._overrides.get((provider, model), ()))

    def _look(self, provider: str, model: str, at: Micros) -> _Found:
        first, last = FIRST_INSTANT, LAST_INSTANT
        for name in _names(model):
            for key in ((provider, name), ("", name)):
                since, until, own = _own(self._overrides.get(key, ()), at)
                first, last = max(first, since), min(last, until)
                if own is not None and own.price is not None:
                    return first, last, priced([own.price], self.version)
            since, until, listed = _holding(self._prices.get((provider, name), ()), at)
            first, last = max(first, since), min(last, until)
            if listed:
                return first, last, priced(listed, self.version)
        since, until, own = _own(self._overrides.get((provider, ANY_MODEL), ()), at)
        found = None if own is None or own.price is None else priced([own.price], self.version)
        return max(first, since), min(last, until), found


def cost_usd(table: PriceTable, provider: str, model: str, *, usage: Usage, at: Micros) -> tuple[float, str] | None:
    """What a call cost and by which version of the table; None where nobody knows the price."""
    found = table.at(provider, model, at)
    return None if found is None else (usd(found.cost_nano(usage)), found.version)


def day(text: str) -> Micros:
    """The first instant of a day, UTC.

    Raises:
        UsageError: It is no day.
    """
    try:
        return micros(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        raise UsageError(f"{text!r} is not a day", fix="Write it as 2026-01-31.") from None


def _names(model: str) -> Iterable[str]:
    """The names under which a model is looked for."""
    yield model
    snapshot = _SNAPSHOT.fullmatch(model)
    if snapshot is not None:
        yield snapshot["model"]


def _own(overrides: Sequence[Override], at: Micros) -> tuple[Micros, Micros, Override | None]:
    """The home's own price that holds, and from when to when that is so."""
    since, until, holding = FIRST_INSTANT, LAST_INSTANT, None
    for one in overrides:
        if one.since <= at:
            since, holding = one.since, one
        else:
            until = one.since
            break
    return since, until, holding


def _holding(prices: Sequence[Price], at: Micros) -> tuple[Micros, Micros, list[Price]]:
    """The shipped prices that hold, and from when to when that is so."""
    since, until, holding = FIRST_INSTANT, LAST_INSTANT, []
    for price in prices:
        first = day(price.since) if price.since else FIRST_INSTANT
        last = day(price.until) if price.until else LAST_INSTANT
        if first <= at < last:
            holding.append(price)
        for edge in (first, last):
            if edge <= at:
                since = max(since, edge)
            else:
                until = min(until, edge)
    return since, until, holding
