"""The applications of one worker: put together from its stores and settings, and taken apart at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loopwright.core.clock import Clock
from loopwright.core.environment import variables
from loopwright.core.settings import Settings
from loopwright.errors import ModelLoadError
from loopwright.llm.builtin.pool import UpstreamPool
from loopwright.llm.calling.circuits import Circuits
from loopwright.llm.providers.table import provider_of
from loopwright.serving.applications.absent import NoCache, NoMeter, no_groups
from loopwright.serving.applications.endpoint import ApplicationEndpoint
from loopwright.serving.applications.figures import Figures
from loopwright.serving.applications.keeper import ApplicationKeeper, ApplicationTools
from loopwright.serving.applications.loading import ApplicationLoader
from loopwright.serving.applications.responding import Responder, RespondTools
from loopwright.serving.applications.rows import RowLog, RowMaker, content_of
from loopwright.serving.applications.tools import EndpointTools
from loopwright.serving.observer import Observer, RequestSink
from loopwright.serving.trips import TripRecorder
from loopwright.store.open_stores import Stores
from loopwright.web.auth import read_token
from loopwright.web.gateway.secrets import Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """What applications share with the worker's models.

    Attributes:
        stores: The home's.
        settings: Resolved settings.
        clock: The workspace's.
        machine: The machine's.
        sink: The request log, with its policy.
        observer: Counts requests by arm.
        figures: Counts tokens and money.
        trips: Writes down which arms were stopped.
    """

    stores: Stores
    settings: Settings
    clock: Clock
    machine: Clock
    sink: RequestSink
    observer: Observer
    figures: Figures
    trips: TripRecorder


class Applications:
    """The application endpoints of one worker.

    Args:
        names: Of the endpoints.
        parts: What they work with.

    Attributes:
        endpoints: By name.
        keepers: What keeps them at their arms.
    """

    def __init__(self, names: Sequence[str], parts: WorkerParts) -> None:
        self._pool = UpstreamPool()
        self._meter = NoMeter()
        tools = self._endpoint_tools(parts)
        self.endpoints = {name: ApplicationEndpoint(name, tools) for name in names}
        keeping = ApplicationTools(ledger=parts.stores.ledger, loader=self._loader(parts))
        self.keepers = [ApplicationKeeper(endpoint, keeping) for endpoint in self.endpoints.values()]

    async def close(self) -> None:
        """Wait for what is under way, give back what was reserved, hang up."""
        for endpoint in self.endpoints.values():
            await endpoint.drain()
        await self._meter.close()
        await self._pool.aclose()

    def _endpoint_tools(self, parts: WorkerParts) -> EndpointTools:
        responder = Responder(
            RespondTools(meter=self._meter, cache=NoCache(), clock=parts.clock, groups_of=no_groups)
        )  # fmt: skip
        secret = read_token(parts.stores.home).encode()
        content = content_of(parts.settings.text("llm_log_content"))
        return EndpointTools(
            clock=parts.clock,
            observer=parts.observer,
            figures=parts.figures,
            log=RowLog(parts.sink),
            rows=RowMaker(secret=secret, content=content),
            responder=responder,
            on_trip=parts.trips,
        )

    def _loader(self, parts: WorkerParts) -> ApplicationLoader:
        stores = parts.stores
        return ApplicationLoader(
            blobs=stores.blobs,
            run=stores.home / "run",
            pool=self._pool,
            circuits=Circuits(),
            providers=provider_of,
            secrets=Secrets(variables(), stores.home.parent),
            clock=parts.machine,
            rng=np.random.default_rng(),
            open_index=no_index,
        )


def no_index(*_: Any) -> Any:
    """Indexes cannot be opened yet. Raises ModelLoadError."""
    raise ModelLoadError("indexes cannot be opened by this worker")
