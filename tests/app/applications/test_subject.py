"""A version as evaluations ask it."""

import asyncio
from pathlib import Path

from tests.app.applications.conftest import Declare

from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.observations.request_log import read_requests
from loopwright.testing.upstream_server import LocalUpstream


def _answer(declare: Declare, case: Case, **given: object) -> Answer:
    workspace, loaded = declare(**given)
    run_loop(workspace, loaded)
    version = champion_of(workspace, "bot")
    assert version is not None

    async def go() -> Answer:
        async with OpenedApplications(workspace, "bot") as opened:
            subject = opened.subject(version)
            assert subject.version == version
            return await subject.respond(case, repeat=0)

    answer = asyncio.run(go())
    assert not read_requests(workspace.stores.tables, "bot").height, "evaluations are no requests of the endpoint's"
    return answer


def _case(question: str, **more: object) -> Case:
    return Case(id="c", messages=[{"role": "user", "content": question}], **more)  # type: ignore[arg-type]


def test_an_answer_says_what_it_rests_on_and_what_it_took(declare: Declare) -> None:
    answer = _answer(declare, _case("How is a key revoked?"))
    assert "key revoke" in answer.text
    assert answer.passages[0].document == "docs/keys.md"
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0
    assert (answer.error, answer.finish, answer.cost_usd) == ("", "stop", 0.0)
    assert answer.latency_us > 0


def test_what_goes_wrong_is_in_the_answer(declare: Declare) -> None:
    with LocalUpstream() as upstream:
        text = f'llm.Upstream(name="local", url="{upstream.url}", model="m")'
        workspace, loaded = declare(upstream=text, gate="")
        run_loop(workspace, loaded)
    version = str(champion_of(workspace, "bot"))

    async def go() -> Answer:
        async with OpenedApplications(workspace, "bot") as opened:
            return await opened.subject(version).respond(_case("?"), repeat=0)

    answer = asyncio.run(go())
    assert (answer.error, answer.text) == ("LW516", "")
    assert answer.why


def test_a_guard_that_stops_an_answer_is_named(declare: Declare, project: Path) -> None:
    workspace, _ = declare()
    text = (project / "loop.py").read_text()
    import loopwright.app.loop_file as loading

    (project / "loop.py").write_text(text.replace("example=", "guards=(llm.secrets(),), example="))
    run_loop(workspace, loading.load_loop(project / "loop.py", project))
    version = champion_of(workspace, "bot")
    assert version is not None

    async def go() -> Answer:
        async with OpenedApplications(workspace, "bot") as opened:
            key = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gH3jK5mN7p"
            return await opened.subject(version).respond(_case(f"my key is {key}"), repeat=0)

    answer = asyncio.run(go())
    assert (answer.blocked_by, answer.text, answer.error) == ("secrets", "", "")
