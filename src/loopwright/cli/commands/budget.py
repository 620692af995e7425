"""`loopwright budget set | list | show | credit | remove | report`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.budgets.credit import credit
from loopwright.app.budgets.declare import declared, remove_budget, set_budget
from loopwright.app.budgets.report import BY, SpendLine, SpendReport, spend_report
from loopwright.app.budgets.standing import BudgetView, Standing, budget_views
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.period import From, To, period
from loopwright.cli.render import Answer, line, table
from loopwright.cli.spread import spread
from loopwright.core.clock import iso
from loopwright.errors import UsageError
from loopwright.export.report import render
from loopwright.export.spend_page import spend_page
from loopwright.llm.budgets.amount import Amount, shown
from loopwright.llm.budgets.budget import PER, Budget, Per
from loopwright.llm.budgets.period import EVERY, Every

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
Name = Annotated[str, typer.Argument(help="The budget's name.")]
_SHOWN_ACCOUNTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a budget counts."""

    per: Annotated[str, typer.Option(help=f"For whom each: {', '.join(PER)}.")] = "all"
    every: Annotated[str, typer.Option(help=f"When it begins anew, in UTC: {', '.join(EVERY)} (never).")] = "month"
    where: Annotated[
        str | None, typer.Option(help="Which calls, by commas: team=pricing,model=gpt-4o. Else every call.")
    ] = None
    warn: Annotated[str, typer.Option(help="Share from which an event warns, as 80%, or never.")] = "80%"


@app.callback()
def _noun() -> None:
    """Budgets of calls of language models."""


@app.command("set", epilog="Example: loopwright budget set team-day --per team --limit 5usd --every day")
@spread(Options)
def set_(
    *,
    name: Name,
    limit: Annotated[str, typer.Option(help="The most in one period: 5usd, 100000tokens, 1000requests.")],
    project: Project = Path(),
    home: Home = None,
    options: Options,
) -> Answer:
    """Declare a budget, or change it; running servers heed it within a second."""
    amount = Amount.parse(limit)
    made = set_budget(
        _workspace(project, home),
        Budget(
            name=name, limit=amount.value, unit=amount.unit, per=_per(options.per), every=_every(options.every),
            where=_where(options.where), warn=_warn(options.warn),
        ),
    )  # fmt: skip
    return Answer(data=made, show=lambda: line(f"{made.name}: {_told(made)}; servers heed it within a second"))


@app.command("list", epilog="Example: loopwright budget list")
def list_(*, project: Project = Path(), home: Home = None) -> Answer:
    """List budgets, each with the account that has most of its limit gone."""
    found = budget_views(_workspace(project, home))
    return Answer(data=found, show=lambda: _show_list(found))


@app.command("show", epilog="Example: loopwright budget show team-day")
def show(*, name: Name, project: Project = Path(), home: Home = None) -> Answer:
    """Show a budget's accounts: spent, set aside for calls under way, left, and where the period will end."""
    workspace = _workspace(project, home)
    (found,) = budget_views(workspace, [declared(workspace, name)])
    return Answer(data=found, show=lambda: _show(found))


@app.command(
    "credit", epilog="Example: loopwright budget credit team-day 3usd --whose pricing --reason 'a false count'"
)
def credit_(
    *,
    name: Name,
    amount: Annotated[str, typer.Argument(help="How much: 3usd, 100000tokens, 10requests.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    whose: Annotated[str, typer.Option(help="The key, user, team … as `budget show` names it.")] = "",
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Count less as spent in the running period, where an upstream counted what it never did."""
    found = credit(_workspace(project, home), name, Amount.parse(amount), subject=whose, reason=reason)
    return Answer(data=found, show=lambda: line(f"{shown(found.left, found.unit)} are left"))


@app.command("remove", epilog="Example: loopwright budget remove team-day")
def remove(*, name: Name, project: Project = Path(), home: Home = None) -> Answer:
    """Take a budget back; what it counted stays, should it be declared again in the same period."""
    gone = remove_budget(_workspace(project, home), name)
    return Answer(data=gone, show=lambda: line(f"{gone.name} is taken back; servers heed it within a second"))


@app.command("report", epilog="Example: loopwright budget report --by team --from 2026-11-01")
def report(
    *,
    by: Annotated[str, typer.Option(help=f"What to group by: {', '.join(BY)}.")] = "endpoint",
    begin: From = None,
    end: To = None,
    out: Annotated[Path | None, typer.Option(help="Write a page with pictures, and with how budgets stand.")] = None,
    project: Project = Path(),
    home: Home = None,
) -> Answer:
    """Add up what logged calls cost, and what the cache saved."""
    group = next((one for one in BY if one == by), None)
    if group is None:
        raise UsageError(f"--by {by}", why=f"there are: {', '.join(BY)}")
    since, until = period(begin, end)
    workspace = _workspace(project, home)
    found = spend_report(workspace, group, since=since, until=until)
    if out is not None:
        page = spend_page(found, budget_views(workspace), made_at=workspace.clock.now())
        out.write_text(render(page), encoding="utf-8")
    return Answer(data=found, show=lambda: _show_report(found, out))


def _workspace(project: Path, home: str | None) -> Workspace:
    return open_workspace(find_project(project.resolve()), explicit={"home": home}, create=True)


def _per(text: str) -> Per:
    found = next((one for one in PER if one == text), None)
    if found is None:
        raise UsageError(f"--per {text}", why=f"there are: {', '.join(PER)}")
    return found


def _every(text: str) -> Every:
    found = next((one for one in EVERY if one == text), None)
    if found is None:
        raise UsageError(f"--every {text}", why=f"there are: {', '.join(EVERY)}")
    return found


def _where(text: str | None) -> dict[str, str]:
    pairs = [part.partition("=") for part in (text or "").split(",") if part.strip()]
    if any(not sign or not value.strip() for _, sign, value in pairs):
        raise UsageError(f"--where {text}", fix="Write team=pricing, several by commas.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _warn(text: str) -> float | None:
    if text == "never":
        return None
    try:
        return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise UsageError(f"--warn {text}", fix="Write 80%, 0.8 or never.") from None


def _told(budget: Budget) -> str:
    whose = "for everybody together" if budget.per == "all" else f"for each {budget.per}"
    every = "in all" if budget.every == "total" else f"every {budget.every}"
    where = "".join(f", {name} {value}" for name, value in sorted(budget.where.items()))
    return f"{budget.amount} {every}, {whose}{where}"


def _show_list(found: Sequence[BudgetView]) -> None:
    if not found:
        line("There are no budgets: calls are counted and never refused. Declare one: loopwright budget set")
        return
    rows = []
    for view in found:
        first = view.accounts[0] if view.accounts else None
        most = "" if first is None else f"{(first.spent + first.held) / first.limit:.0%} {first.name or first.subject}"
        rows.append((view.budget.name, _told(view.budget), view.period, len(view.accounts), most))
    table(["budget", "limit", "period", "accounts", "most gone"], rows, right=["accounts"])


def _show(view: BudgetView) -> None:
    line(f"{view.budget.name}: {_told(view.budget)}; {view.period}")
    if not view.accounts:
        line("Nothing was spent in this period.")
        return
    rows = [_row(one) for one in view.accounts[:_SHOWN_ACCOUNTS]]
    table(["whose", "spent", "held", "left", "forecast"], rows, right=["spent", "held", "left", "forecast"])
    if len(view.accounts) > _SHOWN_ACCOUNTS:
        line(f"and {len(view.accounts) - _SHOWN_ACCOUNTS} more; --json has them all")
    if view.budget.every != "total":
        line(f"A new period begins {iso(view.accounts[0].until)[:16]} UTC.")


def _row(one: Standing) -> tuple[str, str, str, str, str]:
    whose = f"{one.name} ({one.subject})" if one.name else one.subject or "all, or nobody named"
    amounts = [None if value is None else shown(value, one.unit) for value in (one.spent, one.held, one.left)]
    forecast = "" if one.forecast is None else shown(one.forecast, one.unit)
    return whose, *(text or "" for text in amounts), forecast  # type: ignore[return-value]


def _show_report(found: SpendReport, out: Path | None) -> None:
    if out is not None:
        line(f"Written: {out}")
    rows = [_report_row(one, one.name or one.group or "none named") for one in found.lines]
    if not rows:
        line("No calls of language models are logged in this span.")
        return
    columns = [found.by, "calls", "input tokens", "output tokens", "cost USD", "unpriced", "cache hits", "saved USD"]
    table(columns, [*rows, _report_row(found.total, "all")], right=columns[1:])
    line("Saved: what hits would have cost, each as a paid call of its endpoint does on average.")


def _report_row(one: SpendLine, whose: str) -> tuple[object, ...]:
    saved = None if one.saved_usd is None else f"{one.saved_usd:.4f}"
    return (
        whose, one.calls, one.input_tokens, one.output_tokens, f"{one.cost_usd:.4f}", one.unpriced or None, one.hits,
        saved,
    )  # fmt: skip
