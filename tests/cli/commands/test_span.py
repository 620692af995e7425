"""`loopwright span`."""

import json
from pathlib import Path
from typing import Any

import pytest

from loopwright.app.workspace import open_workspace
from loopwright.cli.main import main
from loopwright.llm.spans import Span, SpanLog

TRACE = "abcdef" + "1" * 26


@pytest.fixture
def project(tmp_path: Path) -> Path:
    workspace = open_workspace(tmp_path, create=True)
    attributes = {"gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 5}
    SpanLog(workspace.stores.tables).append([
        Span(at=1_000_000, trace_id=TRACE, span_id="a" * 16, name="answer", duration_us=3_000_000, service="shop"),
        Span(at=1_500_000, trace_id=TRACE, span_id="b" * 16, parent_id="a" * 16, name="chat gpt-5",
             duration_us=2_000_000, attributes=attributes, status="error"),
    ])  # fmt: skip
    workspace.close()
    return tmp_path


def _said(capsys: pytest.CaptureFixture[str], project: Path, *arguments: str) -> Any:
    code = main(["span", *arguments, "--project", str(project), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_search_lists_traces(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _said(capsys, project, "search", "--model", "gpt-5", "--longer-than", "1s")
    assert (code, [one["trace_id"] for one in found], found[0]["input_tokens"]) == (0, [TRACE], 5)
    assert _said(capsys, project, "search", "--service", "other") == (0, [])


def test_a_trace_is_shown_and_written_as_a_page(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = project / "trace.html"
    assert main(["span", "show", TRACE[:7], "--project", str(project), "--html", str(page)]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert lines[0].endswith("3.00 s  answer")
    assert lines[1].endswith("2.00 s    chat gpt-5  failed")
    assert lines[1].startswith("     █")
    assert "<h1>answer</h1>" in page.read_text()


@pytest.mark.parametrize("arguments", [("search", "--longer-than", "soon"), ("show", "123")])
def test_what_cannot_be_is_one_error(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, said = _said(capsys, project, *arguments)
    assert code == 1
    assert said["error"]["fix"]
