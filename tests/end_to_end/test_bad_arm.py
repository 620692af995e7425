"""A candidate that turns bad under load, on the whole of `loopwright up`, loses its traffic; no client notices."""

import asyncio
from pathlib import Path

import pytest
from benchmarks.release_bad_arm import make_project, measure

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad") / "project"
    make_project(folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "why"),
    [("errors", "a breaker has stopped"), ("slow", "a breaker has stopped"), ("wrong", "a greater loss")],
)
def test_a_candidate_that_turns_bad_is_rolled_back_and_no_request_fails(project: Path, kind: str, why: str) -> None:
    found = asyncio.run(measure(project, kind, rate=150, longest_s=60))
    assert found.failed == 0
    assert found.requests > 300
    assert found.bad > 0
    assert found.outcome.startswith("rolled_back")
    assert why in found.outcome
