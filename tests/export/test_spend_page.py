"""The page of what calls cost."""

from typing import Any

from loopwright.app.budgets.report import SpendLine, SpendReport
from loopwright.app.budgets.standing import BudgetView, Standing
from loopwright.export.report import render
from loopwright.export.spend_page import spend_page
from loopwright.llm.budgets.budget import Budget
from loopwright.pictures.sections import BarChart
from loopwright.testing.clocks import START


def line(group: str, cost: float, **fields: Any) -> SpendLine:
    told = {"calls": 3, "input_tokens": 30, "output_tokens": 6, "unpriced": 0, "hits": 0, "saved_usd": None} | fields
    return SpendLine(group=group, cost_usd=cost, **told)


def report(*lines: SpendLine, total: SpendLine, by: Any = "team") -> SpendReport:
    return SpendReport(by=by, since=START, until=None, lines=lines, total=total)


def view(spent: int, held: int, limit: int = 100) -> BudgetView:
    standing = Standing(
        budget="b", subject="<i>ann</i>", name="", unit="tokens", limit=limit, spent=spent, held=held,
        left=max(limit - spent - held, 0), forecast=400, since=START, until=START + 1,
    )  # fmt: skip
    budget = Budget(name="b", limit=limit, unit="tokens", per="user")
    return BudgetView(budget=budget, period="2026-01", accounts=(standing,))


def bars(page: Any, title: str) -> list[tuple[str, float, str]]:
    chart = next(one for one in page.sections if isinstance(one, BarChart) and title in one.title)
    return [(bar.label, bar.value, bar.tone) for bar in chart.bars]


def test_the_page_shows_costs_savings_and_what_has_no_price() -> None:
    total = line("", 1234.5, calls=9, unpriced=2, hits=4, saved_usd=7.25)
    page = spend_page(report(line("a<b>", 1000.0), line("", 234.5), total=total), [], made_at=START)
    text = render(page)
    for words in ("1,234.50 USD", "9 calls", "7.25 USD", "4 hits", "from 2026-01-01T00:00", "none named", "a&lt;b&gt;"):
        assert words in text, words
    assert bars(page, "Cost") == [("a<b>", 1000.0, "plain"), ("none named", 234.5, "plain")]


def test_budgets_are_coloured_by_how_much_is_gone() -> None:
    for spent, held, tone in ((10, 5, "good"), (70, 10, "warn"), (90, 20, "bad")):
        page = spend_page(report(total=line("", 0.0)), [view(spent, held)], made_at=START)
        assert bars(page, "Budgets") == [("b", (spent + held) / 100, tone)]
    text = render(page)
    assert "&lt;i&gt;ann&lt;/i&gt;" in text
    assert "400 tokens" in text


def test_of_many_groups_the_dearest_are_drawn_and_days_stay_in_their_order() -> None:
    days = [line(f"2026-01-{day:02d}", float(day % 7)) for day in range(1, 31)]
    page = spend_page(report(*days, total=line("", 1.0), by="day"), [], made_at=START)
    labels = [label for label, _, _ in bars(page, "Cost")]
    assert labels == sorted(labels)
    assert len(labels) == 12
    assert "2026-01-07" not in labels


def test_what_cost_nothing_has_no_chart_of_costs() -> None:
    page = spend_page(report(line("2026-01-01", 0.0), total=line("", 0.0), by="day"), [], made_at=START)
    assert not [one for one in page.sections if isinstance(one, BarChart)]
    assert "2026-01-01" in render(page)


def test_a_page_of_nothing_is_a_page() -> None:
    assert "nothing" in render(spend_page(report(total=line("", 0.0)), [], made_at=START))
