"""Requests of a minute, and rows that landed in it."""

import loopwright as lw
from loopwright.app.monitor.measures.table import MEASURES
from loopwright.core.events import EventDraft


def landed(served, rows, minute, kind="dataset_landed"):
    at = served.start + minute * 60_000_000 + 5
    draft = EventDraft(kind=kind, subject="dataset:table", data={"rows": rows}, actor="a", logical_at=at)
    served.workspace.stores.ledger.commit(events=[draft])


def test_no_request_is_a_figure_and_a_sampled_row_stands_for_many(served):
    served.request(0, 3)
    served.request(2, 2, weight=50.0)
    assert [(figure.value, figure.n) for figure in served.figures(lw.watch.volume(), minutes=3)] == [
        (3, 3),
        (0, 0),
        (100, 100),
    ]


def test_landed_rows_count_once_in_the_period_in_which_they_landed(served):
    rule = lw.watch.volume("table", every="1m")
    memory = MEASURES[type(rule)].begin(rule, served.look())
    landed(served, 10, 0)
    landed(served, 5, 0)
    landed(served, 7, 3)
    landed(served, 99, 0, kind="dataset_refused")
    read = served.read(rule, minutes=2, memory=memory)
    assert [figure.value for figure in read.figures[""]] == [15, 0]
    again = served.read(rule, minutes=2, memory=read.memory)
    assert [figure.value for figure in again.figures[""]] == [0, 0]
    later = served.read(rule, minutes=4, memory=read.memory)
    assert [figure.value for figure in later.figures[""]] == [0, 0, 0, 7]
