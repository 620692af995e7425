"""Judges are asked the way requests go."""

import asyncio
import json

import pytest
from tests.evals.judges.local_judge import route

from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.evaluations.opened import RouteJudge, version_of_route
from loopwright.errors import UpstreamError
from loopwright.evals.judges.judge import JudgeAsk
from loopwright.testing.upstream_server import LocalUpstream


def ask(workspace, url, **parameters):
    async def asked():
        async with OpenedApplications(workspace, "evaluation") as opened:
            question = [{"role": "user", "content": "SAY: yes"}]
            schema = {"type": "string"}
            return await RouteJudge(opened, workspace).ask(
                JudgeAsk(route=route(url), messages=question, schema=schema, name="form", parameters=parameters)
            )

    return asyncio.run(asked())


def test_a_route_is_the_same_version_as_long_as_it_says_the_same(workspace):
    assert version_of_route(workspace, route("http://a/v1")) == version_of_route(workspace, route("http://a/v1"))
    assert version_of_route(workspace, route("http://a/v1")) != version_of_route(workspace, route("http://b/v1"))


def test_a_judge_is_sent_the_schema_and_the_parameters(workspace):
    with LocalUpstream(say=lambda question: json.dumps("yes")) as upstream:
        assert ask(workspace, upstream.url, temperature=0).text == '"yes"'
        body = upstream.seen[-1].body
    assert body["temperature"] == 0
    assert body["model"] == "judge-1"
    assert body["response_format"]["json_schema"]["schema"] == {"type": "string"}


def test_a_judge_that_fails_raises(workspace):
    with LocalUpstream(fault="500") as upstream, pytest.raises(UpstreamError):
        ask(workspace, upstream.url)


def test_fences_are_never_the_same(workspace):
    judge = RouteJudge(None, workspace)
    assert len({judge.fence() for _ in range(50)}) == 50
