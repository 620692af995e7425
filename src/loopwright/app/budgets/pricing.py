"""A home's own prices: set, taken back, listed with the shipped ones."""

from collections.abc import Sequence

import msgspec

from loopwright.app.budgets.declare import revision
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, iso
from loopwright.core.events import EventDraft
from loopwright.errors import NotFoundError
from loopwright.llm.prices.override import KIND, Override, read_overrides
from loopwright.llm.prices.price import Price
from loopwright.llm.prices.shipped import price_table
from loopwright.store.ledger import Record


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price as it is listed.

    Attributes:
        provider: Whose; empty: whoever serves the model.
        model: Its name.
        input: US dollars a million tokens, as all of them.
        output: The same.
        cache_read: None where it is as `input`.
        cache_write: None where it is as `input`.
        over_input_tokens: For calls with more input tokens than this.
        since: From when on; empty: always.
        until: Until when; empty: further on.
        holds: Whether it holds now.
        own: Whether it is the home's own, not a shipped one.
        source: Where it comes from, or the note that it was set with.
    """

    provider: str
    model: str
    input: str
    output: str
    cache_read: str | None = None
    cache_write: str | None = None
    over_input_tokens: int = 0
    since: str = ""
    until: str = ""
    holds: bool = True
    own: bool = False
    source: str = ""


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """Prices under the version of their table, which rows of the request log name."""

    version: str
    prices: tuple[ListedPrice, ...]


def set_price(workspace: Workspace, price: Price, *, since: Micros | None = None, note: str = "") -> Override:
    """Give a model a price from an instant on, or from now; costs that were computed before stay as they are."""
    now = workspace.clock.now()
    return _write(
        workspace,
        Override(
            model=price.model, provider=price.provider, price=price, since=now if since is None else since,
            made_at=now, note=note,
        ),
    )  # fmt: skip


def remove_price(workspace: Workspace, model: str, *, provider: str = "") -> Override:
    """Take the home's own price of a model back, from now on.

    Raises:
        NotFoundError: It has none.
    """
    now = workspace.clock.now()
    own = [one for one in read_overrides(workspace.stores.ledger) if (one.provider, one.model) == (provider, model)]
    if not own or own[-1].price is None:
        raise NotFoundError(
            f"this home has no price of its own for {model!r}", fix="Run `loopwright price list --own`."
        )
    gone = Override(model=model, provider=provider, price=None, since=max(now, own[-1].since), made_at=now)
    return _write(workspace, gone)


def price_list(workspace: Workspace, *, model: str | None = None, provider: str | None = None) -> PriceList:
    """Every price there is or was, or those of the models whose name has `model` in it."""
    table = price_table(read_overrides(workspace.stores.ledger))
    now = workspace.clock.now()
    found: list[ListedPrice] = []
    for whose, name in table.models():
        if (model is None or model in name) and (provider is None or provider == whose):
            found += _own(table.overrides(whose, name), now)
            found += [_shipped(one, now) for one in table.shipped(whose, name)]
    return PriceList(version=table.version, prices=tuple(found))


def _write(workspace: Workspace, override: Override) -> Override:
    now = workspace.clock.now()
    data = msgspec.to_builtins(override)
    record = Record(kind=KIND, id=workspace.ids("price"), data=data, facets={"model": override.model}, at=now)
    draft = EventDraft(
        kind="price_removed" if override.price is None else "price_set", subject=f"price:{override.model}",
        data={"provider": override.provider, "since": override.since, "price": data["price"]},
        actor=workspace.actor, logical_at=now,
    )  # fmt: skip
    workspace.stores.ledger.commit(records=[record, revision(workspace, now)], events=[draft])
    return override


def _own(overrides: Sequence[Override], now: Micros) -> list[ListedPrice]:
    """A model's own prices; one that was taken back is told by the end of the one before."""
    ends = [*(one.since for one in overrides[1:]), None]
    return [
        ListedPrice(
            provider=one.provider, model=one.model, input=one.price.input, output=one.price.output,
            cache_read=one.price.cache_read, cache_write=one.price.cache_write, since=iso(one.since)[:16],
            until="" if end is None else iso(end)[:16], holds=one.since <= now and (end is None or now < end),
            own=True, source=one.note,
        )
        for one, end in zip(overrides, ends, strict=False)
        if one.price is not None
    ]  # fmt: skip


def _shipped(price: Price, now: Micros) -> ListedPrice:
    today = iso(now)[:10]
    return ListedPrice(
        provider=price.provider, model=price.model, input=price.input, output=price.output,
        cache_read=price.cache_read, cache_write=price.cache_write, over_input_tokens=price.over_input_tokens,
        since=price.since, until=price.until or "",
        holds=price.since <= today and (price.until is None or today < price.until), source=price.source,
    )  # fmt: skip
