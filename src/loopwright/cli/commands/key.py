"""`loopwright key new | list | revoke`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.keys import KeySpending, KnownKey, NewKey, keys, new_key, revoke_key
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.render import Answer, line, table
from loopwright.cli.spread import spread
from loopwright.core.access import Rate, parse_scopes
from loopwright.core.clock import Micros, iso, parse_duration
from loopwright.errors import UsageError
from loopwright.llm.budgets.amount import Amount
from loopwright.llm.budgets.period import EVERY, Every

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a key may spend on language models."""

    team: Annotated[str, typer.Option(help="Whose it is, for budgets and reports.")] = ""
    tokens: Annotated[str | None, typer.Option(help="Tokens of language models it may use: 100000/m.")] = None
    budget: Annotated[
        str | None, typer.Option(help="What it may spend, by commas: 5usd/day, 1000000tokens/month, 50usd/total.")
    ] = None


@app.command("new")
@spread(Spending)
def new(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    *,
    scope: Annotated[str, typer.Option(help="What it opens: predict, feedback, metrics, control.")] = "predict",
    rate: Annotated[str | None, typer.Option(help="How often it may be used: 100/s, 600/m, 5000/h.")] = None,
    expires: Annotated[str | None, typer.Option(help="For how long it is good: 90d, 12h; else until revoked.")] = None,
    project: Project = Path(),
    options: Spending,
) -> Answer:
    """Make a key and show it, once. Example: `loopwright key new shop --scope predict,feedback --rate 100/s`."""
    made = new_key(
        _workspace(project), name,
        scopes=parse_scopes(scope),
        rate=None if rate is None else Rate.parse(rate),
        lasts=None if expires is None else _duration(expires),
        spending=_spending(options),
    )  # fmt: skip
    return Answer(data=made, show=lambda: _show_new(made))


@app.command("list")
def list_(project: Project = Path()) -> Answer:
    """List keys; secrets are not kept."""
    found = keys(_workspace(project))
    return Answer(data=found, show=lambda: _show(found))


@app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="The key's id.")], project: Project = Path()) -> Answer:
    """Take a key back."""
    gone = revoke_key(_workspace(project), key)
    return Answer(data=gone, show=lambda: line(f"revoked {gone.id} ({gone.name}); servers heed it within a second"))


def _duration(text: str) -> Micros:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--expires {text}", why=str(error)) from error


def _spending(options: Spending) -> KeySpending:
    return KeySpending(
        team=options.team,
        tokens=None if options.tokens is None else Rate.parse(options.tokens),
        budgets=() if options.budget is None else tuple(_budget(text) for text in options.budget.split(",")),
    )


def _budget(text: str) -> tuple[Amount, Every]:
    amount, _, every = text.strip().partition("/")
    found = next((one for one in EVERY if one == every), None)
    if found is None:
        raise UsageError(f"--budget {text}", why=f"a budget is an amount, / and one of {', '.join(EVERY)}")
    return Amount.parse(amount), found


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()), create=True)


def _show_new(made: NewKey) -> None:
    line(made.secret)
    scopes = ", ".join(made.scopes)
    line(
        f"Good for {scopes}. Send it as `Authorization: Bearer …`. It is not shown again. "
        f"Take it back: loopwright key revoke {made.id}"
    )


def _show(found: tuple[KnownKey, ...]) -> None:
    rows = [
        (
            k.id, k.name, ",".join(k.scopes), k.rate or "", k.tokens or "", k.team, iso(k.at)[:19],
            _day(k.expires_at), k.revoked,
        )
        for k in found
    ]  # fmt: skip
    table(["key", "name", "scopes", "rate", "tokens", "team", "made", "expires", "revoked"], rows)


def _day(at: Micros | None) -> str:
    return "" if at is None else iso(at)[:19]
