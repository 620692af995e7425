"""Versions of applications open in this process, outside of a worker: for evaluations and for one-off answers."""

from functools import partial
from types import TracebackType
from typing import Self

import numpy as np

from loopwright.app.applications.subject import ApplicationSubject
from loopwright.app.indexes.building import cache_folder
from loopwright.app.workspace import Workspace
from loopwright.core.environment import variables
from loopwright.core.hashing import Digest
from loopwright.llm.budgets.meter import open_meter
from loopwright.llm.builtin.pool import UpstreamPool
from loopwright.llm.calling.circuits import Circuits
from loopwright.llm.embedding.opened_once import OpenedOnce
from loopwright.llm.embedding.spec import minilm
from loopwright.llm.embedding.table import open_embedder
from loopwright.llm.providers.table import provider_of
from loopwright.llm.retrieval.version import open_version
from loopwright.llm.upstream_keys import UpstreamKeys
from loopwright.serving.applications.absent import NoCache
from loopwright.serving.applications.loaded import LoadedApplication
from loopwright.serving.applications.loading import ApplicationLoader
from loopwright.serving.applications.responding import Responder, RespondTools

WORKER = "evaluation"


class OpenedApplications:
    """Opens versions once each; an async context manager, for one event loop. Calls count against the home's budgets.

    Args:
        workspace: The workspace.
        endpoint: Whose versions.
    """

    def __init__(self, workspace: Workspace, endpoint: str) -> None:
        self._workspace = workspace
        self._endpoint = endpoint
        self._opened: dict[Digest, LoadedApplication] = {}
        self._pool = UpstreamPool()
        self._meter = open_meter(
            workspace.stores,
            clock=workspace.clock,
            machine=workspace.machine,
            worker=WORKER,
            unknown_price_usd_per_mtok=workspace.settings.number("unknown_price_usd_per_mtok"),
        )
        tools = RespondTools(
            meter=self._meter, cache=NoCache(), clock=workspace.machine, groups_of=lambda _: ()
        )  # fmt: skip
        self._responder = Responder(tools)
        self._loader = ApplicationLoader(
            blobs=workspace.stores.blobs,
            run=workspace.home / "run",
            pool=self._pool,
            circuits=Circuits(),
            providers=provider_of,
            secrets=UpstreamKeys(variables(), workspace.project),
            clock=workspace.machine,
            rng=np.random.default_rng(),
            open_index=lambda blobs, version, _: open_version(blobs, version, run=cache_folder(workspace)),
            embedder=OpenedOnce(partial(open_embedder, minilm(), folder=cache_folder(workspace))),
        )

    def loaded(self, version: Digest) -> LoadedApplication:
        """A version.

        Raises:
            ModelLoadError: It cannot be read, or fails on its example.
        """
        if version not in self._opened:
            self._opened[version] = self._loader.load(version)
        return self._opened[version]

    def subject(self, version: Digest) -> ApplicationSubject:
        """A version as evaluations ask it. Raises ModelLoadError."""
        return ApplicationSubject(
            self.loaded(version),
            endpoint=self._endpoint,
            responder=self._responder,
            clock=self._workspace.machine,
            ids=self._workspace.ids,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._meter.close()
        await self._pool.aclose()
