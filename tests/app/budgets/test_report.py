from typing import Any

import pytest

from loopwright.app.budgets.report import spend_report
from loopwright.app.keys import KeySpending, new_key
from loopwright.observations.generation_rows import GenerationRow
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.testing.clocks import START

Project = Any
DAY = 86_400_000_000


def row(at: int = START, **fields: Any) -> GenerationRow:
    told = {
        "request_id": "r", "at": at, "event_time": at, "endpoint": "bot", "arm": "champion", "version": "v",
        "inputs": {}, "caller": "home", "upstream": "main", "model": "gpt", "input_tokens": 100, "output_tokens": 10,
        "cost_usd": 0.5,
    }  # fmt: skip
    return GenerationRow(**told | fields)


def log(workspace: Any, *rows: RequestRow) -> None:
    RequestLog(workspace.stores.tables).append(rows)


def test_costs_are_added_up_by_every_mark_of_a_call(bare: Project) -> None:
    workspace = bare.workspace()
    key = new_key(workspace, "shop", spending=KeySpending(team="pricing")).id
    log(
        workspace,
        row(caller=key, user="ann", feature="search"),
        row(caller=key, user="bob", model="big", cost_usd=2.0),
        row(at=START + DAY, endpoint="other", cost_usd=0.25),
    )

    def groups(by: Any) -> list[tuple[str, int, float]]:
        return [(line.group, line.calls, line.cost_usd) for line in spend_report(workspace, by).lines]

    assert groups("key") == [(key, 2, 2.5), ("home", 1, 0.25)]
    assert groups("team") == [("pricing", 2, 2.5), ("", 1, 0.25)]
    assert groups("user") == [("bob", 1, 2.0), ("ann", 1, 0.5), ("", 1, 0.25)]
    assert groups("feature") == [("", 2, 2.25), ("search", 1, 0.5)]
    assert groups("model") == [("big", 1, 2.0), ("gpt", 2, 0.75)]
    assert groups("endpoint") == [("bot", 2, 2.5), ("other", 1, 0.25)]
    assert groups("day") == [("2026-01-01", 2, 2.5), ("2026-01-02", 1, 0.25)]
    assert spend_report(workspace, "key").lines[0].name == "shop"
    total = spend_report(workspace, "key").total
    assert (total.calls, total.cost_usd, total.input_tokens, total.output_tokens) == (3, 2.75, 300, 30)


def test_only_calls_in_the_span_count(bare: Project) -> None:
    workspace = bare.workspace()
    log(workspace, row(at=START - 1), row(), row(at=START + 1))
    found = spend_report(workspace, "endpoint", since=START, until=START + 1)
    assert found.total.calls == 1


def test_hits_of_the_cache_save_what_paid_calls_of_their_endpoint_cost_on_average(bare: Project) -> None:
    workspace = bare.workspace()
    hit = {"cache": "exact", "cost_usd": 0.0, "upstream": None}
    log(
        workspace, row(cost_usd=1.0), row(cost_usd=2.0), row(cache="shadow", cost_usd=3.0), row(**hit),
        row(**{**hit, "cache": "semantic"}), row(endpoint="cold", **hit),
    )  # fmt: skip
    bot, cold = spend_report(workspace, "endpoint").lines
    assert (bot.hits, bot.saved_usd, bot.cost_usd, bot.input_tokens) == (2, 4.0, 6.0, 300)
    assert (cold.hits, cold.saved_usd) == (1, None)


def test_calls_whose_cost_nobody_knows_are_counted_apart_and_sampled_rows_count_for_many(bare: Project) -> None:
    workspace = bare.workspace()
    log(workspace, row(cost_usd=None), row(cost_usd=None, upstream=None, status=402), row(weight=10.0, cost_usd=0.1))
    (line,) = spend_report(workspace, "endpoint").lines
    assert (line.calls, line.unpriced) == (12, 1)
    assert line.cost_usd == pytest.approx(1.0)


def test_predictions_of_models_are_no_calls_and_an_empty_log_is_an_empty_report(bare: Project) -> None:
    workspace = bare.workspace()
    assert spend_report(workspace, "model").lines == ()
    plain = RequestRow(request_id="p", at=START, event_time=START, endpoint="e", arm=None, version="v", inputs={"x": 1})
    log(workspace, plain)
    assert spend_report(workspace, "model").total.calls == 0
    log(workspace, row())
    assert spend_report(workspace, "model").total.calls == 1
