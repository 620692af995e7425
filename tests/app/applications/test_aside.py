"""The champion before its gate again, and live traffic: beside the passes, and heeded by them."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.applications.conftest import Declare

from loopwright.app.evaluations.aside import EvaluationsAside, turn_of
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.run import run_loop
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.errors import UsageError
from loopwright.monitoring.rules.reevaluation import reevaluate
from loopwright.testing.upstream_server import LocalUpstream

DAY: Micros = 86_400 * SECOND
GATE = 'evals.evaluation("cases.jsonl", evals.contains("yes"), at_least=0.9, name="cases")'


class Later:
    """The workspace's clock, so much later."""

    def __init__(self, clock: object) -> None:
        self._clock = clock
        self.after: Micros = 0

    def now(self) -> Micros:
        return self._clock.now() + self.after  # type: ignore[attr-defined,no-any-return]

    def monotonic(self) -> float:
        return self._clock.monotonic() + self.after / SECOND  # type: ignore[attr-defined,no-any-return]

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)  # type: ignore[attr-defined]


class Fickle:
    """A model whose answers change while its name stays."""

    def __init__(self) -> None:
        self.words = "yes"

    def __call__(self, question: object) -> str:
        return self.words


@pytest.fixture
def model() -> Iterator[tuple[LocalUpstream, Fickle]]:
    fickle = Fickle()
    with LocalUpstream(say=fickle) as upstream:
        yield upstream, fickle


def _loop(declare: Declare, upstream: LocalUpstream) -> tuple[Workspace, LoadedLoop]:
    text = f'llm.Upstream(name="local", url="{upstream.url}", model="m")'
    workspace, loaded = declare(upstream=text, gate=GATE)
    loop = dataclasses.replace(loaded.loop, monitor=[reevaluate("daily")])
    return workspace, dataclasses.replace(loaded, loop=loop)


def test_a_model_that_changes_behind_its_name_fails_the_gate_s_cases_again_and_opens_an_incident(
    declare: Declare,
    model: tuple[LocalUpstream, Fickle],
) -> None:
    upstream, fickle = model
    workspace, loaded = _loop(declare, upstream)
    run_loop(workspace, loaded)
    clock = Later(workspace.clock)
    workspace = dataclasses.replace(workspace, clock=clock)
    aside, watcher = EvaluationsAside(workspace, loaded.loop), Watcher(workspace, loaded.loop)
    watcher.watch()  # begins to watch
    aside.step()
    aside.wait(20)
    first = turn_of(workspace, "bot", "gate")
    assert first is not None
    assert (first.failed, list(first.found)) == ("", ["cases"])
    clock.after = DAY + SECOND
    watch = watcher.watch()
    assert watch is not None
    assert not watch.opened
    asked = upstream.counts["chat"] if "chat" in upstream.counts else sum(upstream.counts.values())
    fickle.words = "no"
    aside.step()  # a day has passed: the cases are asked anew, though the answers to them are kept
    aside.wait(20)
    assert sum(upstream.counts.values()) > asked
    clock.after = 2 * DAY + 2 * SECOND
    watch = watcher.watch()
    assert watch is not None
    (incident,) = workspace.stores.ledger.search("incident", limit=5)
    assert "reevaluation(daily)" in str(incident.data)


def test_a_turn_that_fails_is_written_down_and_says_nothing_about_the_version(
    declare: Declare,
    model: tuple[LocalUpstream, Fickle],
    project: Path,
) -> None:
    upstream, _ = model
    workspace, loaded = _loop(declare, upstream)
    run_loop(workspace, loaded)
    (project / "cases.jsonl").write_text("{broken")
    aside = EvaluationsAside(workspace, loaded.loop)
    aside.step()
    aside.wait(20)
    turn = turn_of(workspace, "bot", "gate")
    assert turn is not None
    assert turn.failed.startswith("LW")


def test_nothing_is_asked_where_no_rule_wants_it(declare: Declare, model: tuple[LocalUpstream, Fickle]) -> None:
    upstream, _ = model
    text = f'llm.Upstream(name="local", url="{upstream.url}", model="m")'
    workspace, loaded = declare(upstream=text, gate=GATE)
    run_loop(workspace, loaded)
    before = sum(upstream.counts.values())
    aside = EvaluationsAside(workspace, loaded.loop)
    aside.step()
    aside.wait(20)
    assert sum(upstream.counts.values()) == before
    assert turn_of(workspace, "bot", "gate") is None


def test_live_evaluation_of_a_model_is_refused() -> None:
    import loopwright as lw
    from loopwright import evals

    with pytest.raises(UsageError, match="no application"):
        lw.Loop("m", pipeline=lambda: None, live=evals.live(evals.refusal()))
