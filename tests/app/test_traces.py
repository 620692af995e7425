"""Traces of a home, as commands ask for them."""

from pathlib import Path

import pytest

from loopwright.app.traces import trace_view, traces
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.spans import Span, SpanLog
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.observations.generation_rows import GenerationRow
from loopwright.observations.request_log import RequestLog

ONE, OTHER = "abcdef" + "1" * 26, "abcdef" + "2" * 26


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = open_workspace(tmp_path, create=True)
    log = SpanLog(made.stores.tables)
    log.append([
        Span(at=1, trace_id=ONE, span_id="a" * 16, name="first", request_id="req_1"),
        Span(at=2, trace_id=ONE, span_id="b" * 16, parent_id="a" * 16, name="second"),
        Span(at=3, trace_id=OTHER, span_id="c" * 16, name="third"),
    ])  # fmt: skip
    return made


@pytest.mark.parametrize("named", [ONE, ONE[:8].upper(), "req_1"])
def test_a_trace_is_named_by_its_id_the_beginning_of_it_or_a_request(workspace: Workspace, named: str) -> None:
    found = trace_view(workspace, named)
    assert (found.trace_id, [one.span.name for one in found.spans]) == (ONE, ["first", "second"])
    assert "second" in found.page()


def test_a_call_of_this_home_is_named_the_same_ways(workspace: Workspace) -> None:
    request = "req_" + "5" * 32
    RequestLog(workspace.stores.tables).append([
        GenerationRow(
            request_id=request, at=4, event_time=4, endpoint="bot", arm="champion", version="a" * 64, inputs={},
            latency_us=900, upstream="main", model="gpt-5", trace_id="5" * 32,
        )
    ])  # fmt: skip
    for named in (request, "5" * 32, "5" * 12):
        assert trace_view(workspace, named).trace_id == "5" * 32


def test_a_beginning_of_two_traces_is_no_name(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="2 traces"):
        trace_view(workspace, "abcdef")


@pytest.mark.parametrize("named", ["", "abc", "zzzzzzzz", "req_9", "0" * 32])
def test_what_is_not_there_is_said_with_the_next_command(workspace: Workspace, named: str) -> None:
    with pytest.raises(NotFoundError) as missing:
        trace_view(workspace, named)
    assert "loopwright span search" in missing.value.fix


def test_they_are_listed_newest_first(workspace: Workspace) -> None:
    assert [one.trace_id for one in traces(workspace, SpanQuery())] == [OTHER, ONE]
