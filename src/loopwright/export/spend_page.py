"""The page of what calls of language models cost: by group, against the budgets, with what the cache saved."""

from collections.abc import Iterator, Sequence

from loopwright.app.budgets.report import SpendLine, SpendReport
from loopwright.app.budgets.standing import BudgetView, Standing
from loopwright.core.clock import Micros, iso
from loopwright.llm.budgets.amount import shown
from loopwright.pictures.sections import Bar, BarChart, Figure, Figures, Grid, Report, Section, Threshold, Tone

_MOST_BARS = 12
_MOST_ROWS = 200


def spend_page(found: SpendReport, budgets: Sequence[BudgetView], *, made_at: Micros) -> Report:
    """The page's content."""
    sections: list[Section] = [_figures(found.total)]
    if any(one.cost_usd for one in found.lines):
        sections.append(_costs(found))
    gone = _gone(budgets)
    if gone.bars:
        sections.append(gone)
    if found.lines:
        sections.append(_table(found))
    rows = tuple(_account(view, one) for view in budgets for one in view.accounts)
    if rows:
        sections.append(_accounts(rows))
    return Report(
        title="What language models cost", subtitle=f"Logged calls by {found.by}, {_span(found)}.",
        sections=tuple(sections), made_at=made_at,
    )  # fmt: skip


def _figures(total: SpendLine) -> Figures:
    saved = "unknown" if total.saved_usd is None else f"{total.saved_usd:,.2f} USD"
    tone: Tone = "warn" if total.unpriced else "plain"
    return Figures(
        title="",
        items=(
            Figure(label="cost", value=f"{total.cost_usd:,.2f} USD", note=f"{total.calls:,} calls"),
            Figure(label="tokens", value=f"{total.input_tokens + total.output_tokens:,}",
                   note=f"{total.output_tokens:,} of answers"),
            Figure(label="saved by the cache", value=saved if total.hits else "nothing", note=f"{total.hits:,} hits"),
            Figure(label="calls without a price", value=f"{total.unpriced:,}", note="their cost is not in it",
                   tone=tone),
        ),
    )  # fmt: skip


def _costs(found: SpendReport) -> BarChart:
    dearest = sorted(found.lines, key=lambda one: -one.cost_usd)[:_MOST_BARS]
    kept = [one for one in found.lines if one in dearest]
    more = len(found.lines) - len(kept)
    return BarChart(
        title=f"Cost by {found.by}", bars=tuple(Bar(label=_named(one), value=one.cost_usd) for one in kept),
        unit="USD", note=f"The {len(kept)} dearest; {more} more are in the table." if more else "",
    )  # fmt: skip


def _gone(budgets: Sequence[BudgetView]) -> BarChart:
    bars = [_bar(view) for view in budgets if view.accounts][:_MOST_BARS]
    return BarChart(
        title="Budgets: how much of the limit is gone", bars=tuple(bars), form="percent",
        thresholds=(Threshold(value=1.0, label="limit"),),
        note="Of each budget the account that has most of it gone; calls under way at the most that they can take.",
    )  # fmt: skip


def _bar(view: BudgetView) -> Bar:
    share = max(_share(one) for one in view.accounts)
    warn = view.budget.warn
    tone: Tone = "bad" if share >= 1.0 else "warn" if warn is not None and share >= warn else "good"
    return Bar(label=view.budget.name, value=share, tone=tone)


def _table(found: SpendReport) -> Grid:
    columns = (found.by, "calls", "input tokens", "output tokens", "cost USD", "unpriced", "hits", "saved USD")
    rows = tuple(_row(one) for one in found.lines[:_MOST_ROWS])
    return Grid(title=f"By {found.by}", columns=columns, rows=rows, right=columns[1:])


def _row(one: SpendLine) -> tuple[object, ...]:
    saved = None if one.saved_usd is None else f"{one.saved_usd:.4f}"
    cost = f"{one.cost_usd:.4f}"
    return (_named(one), one.calls, one.input_tokens, one.output_tokens, cost, one.unpriced, one.hits, saved)


def _accounts(rows: tuple[tuple[object, ...], ...]) -> Grid:
    columns = ("budget", "whose", "period", "spent", "held", "left", "limit", "forecast")
    return Grid(title="Budgets", columns=columns, rows=rows[:_MOST_ROWS], right=columns[3:])


def _account(view: BudgetView, one: Standing) -> tuple[object, ...]:
    forecast = None if one.forecast is None else shown(one.forecast, one.unit)
    whose = one.name or one.subject or ("all" if view.budget.per == "all" else "nobody named")
    amounts = (shown(value, one.unit) for value in (one.spent, one.held, one.left, one.limit))
    return (view.budget.name, whose, view.period, *amounts, forecast)


def _share(one: Standing) -> float:
    return (one.spent + one.held) / one.limit


def _named(one: SpendLine) -> str:
    return one.name or one.group or "none named"


def _span(found: SpendReport) -> str:
    return " ".join(_edges(found)) or "all that are kept"


def _edges(found: SpendReport) -> Iterator[str]:
    if found.since is not None:
        yield f"from {iso(found.since)[:16]}"
    if found.until is not None:
        yield f"until {iso(found.until)[:16]}"
