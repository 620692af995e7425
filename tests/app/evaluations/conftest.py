"""A project with cases, and a local upstream that answers them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopwright.app.workspace import Workspace, open_workspace
from loopwright.testing.upstream_server import LocalUpstream


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    cases = [{"id": f"c{n}", "question": f"SAY: number {n}", "expected": f"number {n}"} for n in range(6)]
    (tmp_path / "cases/a.jsonl").write_text("\n".join(map(json.dumps, cases)))
    return tmp_path


@pytest.fixture
def workspace(project: Path) -> Iterator[Workspace]:
    opened = open_workspace(project, create=True)
    yield opened
    opened.close()


@pytest.fixture
def upstream() -> Iterator[LocalUpstream]:
    with LocalUpstream() as running:
        yield running
