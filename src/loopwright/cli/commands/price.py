"""`loopwright price set | remove | list | show`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from loopwright.app.budgets.pricing import ListedPrice, PriceList, price_list, remove_price, set_price
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.period import From, begin_of
from loopwright.cli.render import Answer, line, table
from loopwright.cli.spread import spread
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.prices.override import Override
from loopwright.llm.prices.price import Price

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
Model = Annotated[str, typer.Argument(help="The upstream's name of the model; * for all of a provider.")]
Provider = Annotated[str, typer.Option(help="As openai, anthropic, gcp.gemini; else whoever serves the model.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a token costs, in US dollars a million."""

    input: Annotated[str | None, typer.Option(help="US dollars a million input tokens.")] = None
    output: Annotated[str | None, typer.Option(help="US dollars a million output tokens.")] = None
    cache_read: Annotated[str | None, typer.Option(help="The same, read from the upstream's cache.")] = None
    cache_write: Annotated[str | None, typer.Option(help="The same, written to the upstream's cache.")] = None
    free: Annotated[bool, typer.Option("--free", help="It costs nothing: a model of your own.")] = False
    note: Annotated[str, typer.Option(help="Why, or where it says so.")] = ""


@app.callback()
def _noun() -> None:
    """Prices of language models."""


@app.command("set", epilog="Example: loopwright price set gpt-4o-mini --input 0.15 --output 0.60")
@spread(Options)
def set_(
    *,
    model: Model,
    provider: Provider = "",
    begin: From = None,
    project: Project = Path(),
    home: Home = None,
    options: Options,
) -> Answer:
    """Give a model a price of your own, from now or from a day on; costs of past calls stay as they are."""
    made = set_price(
        _workspace(project, home), _price(model, provider, options), since=begin_of(begin), note=options.note
    )
    return Answer(data=made, show=lambda: line(_told(made)))


@app.command("remove", epilog="Example: loopwright price remove gpt-4o-mini")
def remove(*, model: Model, provider: Provider = "", project: Project = Path(), home: Home = None) -> Answer:
    """Take your own price of a model back; the shipped one holds again, where there is one."""
    gone = remove_price(_workspace(project, home), model, provider=provider)
    return Answer(data=gone, show=lambda: line(f"the price of {gone.model} is taken back"))


@app.command("list", epilog="Example: loopwright price list --provider anthropic")
def list_(
    *,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    own: Annotated[bool, typer.Option("--own", help="Only those that this home has set.")] = False,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """List the prices that hold now."""
    listed = price_list(_workspace(project, home), provider=provider)
    kept = tuple(one for one in listed.prices if one.holds and (one.own or not own))
    found = msgspec.structs.replace(listed, prices=kept)
    return Answer(data=found, show=lambda: _show(found))


@app.command("show", epilog="Example: loopwright price show gpt-4o-mini")
def show(*, model: Model, project: Project = Path(), home: Home = None) -> Answer:
    """Show every price that a model has, had or will have, and where it comes from."""
    found = price_list(_workspace(project, home), model=model)
    if not found.prices:
        raise NotFoundError(f"no model's name has {model!r} in it", fix="Give it a price: loopwright price set.")
    return Answer(data=found, show=lambda: _show(found, sources=True))


def _workspace(project: Path, home: str | None) -> Workspace:
    return open_workspace(find_project(project.resolve()), explicit={"home": home}, create=True)


def _price(model: str, provider: str, options: Options) -> Price:
    if options.free == (options.input is not None) or (options.free and options.output is not None):
        raise UsageError(f"what {model} costs is not said", fix="Give --input and --output, or --free alone.")
    return Price(
        provider=provider, model=model, input=options.input or "0", output=options.output or "0",
        cache_read=options.cache_read, cache_write=options.cache_write,
    )  # fmt: skip


def _told(made: Override) -> str:
    price = made.price
    whose = f"{made.model} of {made.provider}" if made.provider else made.model
    if price is None or (price.input, price.output) == ("0", "0"):
        return f"{whose} is free; servers heed it within a second"
    return f"{whose}: {price.input} USD in, {price.output} USD out a million tokens; servers heed it within a second"


def _show(found: PriceList, *, sources: bool = False) -> None:
    columns = ["provider", "model", "input", "output", "cache read", "cache write", "over tokens", "from", "until"]
    rows = [_row(one, sources=sources) for one in found.prices]
    table([*columns, "source"] if sources else columns, rows, right=columns[2:7])
    line(f"US dollars a million tokens; table {found.version}. Standard prices: no batch, priority or regional ones.")


def _row(one: ListedPrice, *, sources: bool) -> tuple[object, ...]:
    own = "*" if one.own else ""
    row = (
        one.provider or "any", one.model + own, one.input, one.output, one.cache_read, one.cache_write,
        one.over_input_tokens or None, one.since, one.until,
    )  # fmt: skip
    return (*row, one.source) if sources else row
