from typing import Any

import pytest

from loopwright.app.trace import describe, journal, trace
from loopwright.core.events import EventDraft
from loopwright.errors import NotFoundError, UsageError

Project = Any


def chain(workspace: Any) -> None:
    """1 → 2 → 4, 1 → 3, 5 by itself, and a move of the clock after 1, which no trace shows."""
    ledger = workspace.stores.ledger
    for kind, subject, causes in (
        ("dataset_landed", "dataset:a", ()),
        ("incident_opened", "incident:inc_1", (1,)),
        ("drift_reported", "model:other", (1,)),
        ("retrain_decided", "loop:a", (2,)),
        ("dataset_landed", "dataset:b", ()),
        ("clock_set", "home:clock", (1,)),
    ):
        ledger.commit(events=[EventDraft(kind=kind, subject=subject, caused_by=causes, data={"n": 3})])


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("incident:inc_1", [(0, 1), (1, 2), (2, 4)]),
        ("alert:inc_1", [(0, 1), (1, 2), (2, 4)]),
        ("dataset:a", [(0, 1), (1, 2), (1, 3), (2, 4)]),
        ("event:4", [(0, 1), (1, 2), (2, 4)]),
        ("dataset:b", [(0, 5)]),
    ],
)
def test_a_trace_has_all_causes_and_all_effects_and_nothing_beside_them(
    bare: Project, subject: str, found: list[tuple[int, int]]
) -> None:
    workspace = bare.workspace()
    chain(workspace)
    assert [(link.depth, link.event.seq) for link in trace(workspace, subject).links] == found


def test_an_alias_leads_to_the_events_of_its_version(project: Project) -> None:
    kinds = [link.event.kind for link in trace(project.workspace(), "model:small@champion").links]
    assert kinds[0] == "dataset_landed" or "run_started" in kinds
    assert {"run_started", "gate_judged", "version_registered", "ref_moved"} <= set(kinds)


@pytest.mark.parametrize("subject", ["model:nothing", "event:99", "event:x", "model:small@nowhere", "incident:"])
def test_a_subject_that_the_journal_does_not_know(bare: Project, subject: str) -> None:
    workspace = bare.workspace()
    chain(workspace)
    with pytest.raises((NotFoundError, UsageError)):
        trace(workspace, subject)


def test_a_subject_without_a_kind_is_a_usage_error(bare: Project) -> None:
    with pytest.raises(UsageError, match="does not name a thing"):
        trace(bare.workspace(), "small")


def test_the_journal_comes_in_order_and_is_described_in_a_line(bare: Project) -> None:
    workspace = bare.workspace()
    chain(workspace)
    events = list(journal(workspace.stores.ledger))
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    landed = events[4]
    assert describe(landed) == "dataset_landed dataset:b  n=3"
