"""What evaluations ask beside versions of applications: bare routes and judges, by the way that requests take."""

from collections.abc import Mapping
from typing import Any

from loopwright.app.applications.bundle import manifest_of_application
from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.workspace import Workspace
from loopwright.core.codec import canonical
from loopwright.core.hashing import Digest
from loopwright.errors import UpstreamError
from loopwright.evals.judges.judge import Judge, JudgeAsk, JudgeReply
from loopwright.llm.application import Application
from loopwright.llm.route import Route
from loopwright.registry.bundle import put_bundle


class RouteJudge(Judge):
    """Asks judges' models through their routes; what they cost counts against the home's budgets, as every call does.

    Args:
        opened: Where routes are opened.
        workspace: The workspace.
    """

    def __init__(self, opened: OpenedApplications, workspace: Workspace) -> None:
        self._opened = opened
        self._workspace = workspace
        self._versions: dict[bytes, Digest] = {}

    async def ask(self, asked: JudgeAsk) -> JudgeReply:
        body: dict[str, Any] = {"model": "judge", "messages": [dict(one) for one in asked.messages]}
        body["response_format"] = _form(asked.name, asked.schema)
        answer = await self._opened.subject(self._version(asked.route)).answer({**body, **asked.parameters})
        if answer.error or answer.blocked_by:
            raise UpstreamError(answer.why or answer.error or "the judge's answer was blocked")
        return JudgeReply(text=answer.text, cost_usd=answer.cost_usd)

    def fence(self) -> str:
        return self._workspace.ids("f")

    def _version(self, route: Route) -> Digest:
        said = canonical(route)
        if said not in self._versions:
            self._versions[said] = version_of_route(self._workspace, route)
        return self._versions[said]


def version_of_route(workspace: Workspace, route: Route) -> Digest:
    """A route by itself, without prompt, guards or cache, as a version that can be opened; bundled where it is not yet.
    The same declaration always has the same version: the model behind an address may be another one tomorrow without
    anybody's saying so."""
    manifest = manifest_of_application(workspace, Application(route=route), index=None, made={})
    return put_bundle(workspace.stores.blobs, manifest)


def _form(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
