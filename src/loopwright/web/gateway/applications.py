"""The applications of one worker: put together from its stores and settings, and taken apart at its end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from loopwright.core.clock import Clock
from loopwright.core.environment import variables
from loopwright.core.settings import Settings
from loopwright.errors import NotFoundError
from loopwright.llm.budgets.meter import open_meter
from loopwright.llm.builtin.pool import UpstreamPool
from loopwright.llm.cache.store import CacheTools, open_cache
from loopwright.llm.calling.circuits import Circuits
from loopwright.llm.embedding.opened_once import OpenedOnce
from loopwright.llm.embedding.spec import minilm
from loopwright.llm.embedding.table import open_embedder
from loopwright.llm.providers.table import provider_of
from loopwright.llm.retrieval.narrowed import Narrowed
from loopwright.llm.retrieval.version import open_version
from loopwright.llm.retriever import Retriever
from loopwright.llm.tracing.export import CallExport, collector_of
from loopwright.llm.upstream_keys import UpstreamKeys
from loopwright.serving.applications.endpoint import ApplicationEndpoint
from loopwright.serving.applications.groups import TeamOfKey
from loopwright.serving.applications.keeper import ApplicationKeeper, ApplicationTools
from loopwright.serving.applications.loading import CACHE, ApplicationLoader
from loopwright.serving.applications.recording import Recorder
from loopwright.serving.applications.responding import Responder, RespondTools
from loopwright.serving.applications.rows import RowMaker, content_of
from loopwright.serving.applications.tools import EndpointTools, Figures
from loopwright.serving.observer import Observer, RequestSink
from loopwright.serving.trips import TripRecorder
from loopwright.store.kv import KeyValues
from loopwright.store.open_stores import Stores
from loopwright.store.shared_kv import open_shared
from loopwright.web.auth import read_token

_COUNTED_EVERY_S = 1.0


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
        worker: The worker's id.
    """

    stores: Stores
    settings: Settings
    clock: Clock
    machine: Clock
    sink: RequestSink
    observer: Observer
    figures: Figures
    trips: TripRecorder
    worker: str


class Applications:
    """The application endpoints of one worker.

    Args:
        names: Of the endpoints.
        parts: What they work with.

    Attributes:
        endpoints: By name.
        groups_of: The groups of a caller, for access to documents: the team of its key.
        keepers: What keeps them at their arms.
    """

    def __init__(self, names: Sequence[str], parts: WorkerParts) -> None:
        self._pool = UpstreamPool()
        self._embedder = OpenedOnce(partial(open_embedder, minilm(), folder=parts.stores.home / CACHE))
        self.groups_of = TeamOfKey(parts.stores.ledger)
        self._figures = parts.figures
        self._meter = open_meter(
            parts.stores, clock=parts.clock, machine=parts.machine, worker=parts.worker,
            unknown_price_usd_per_mtok=parts.settings.number("unknown_price_usd_per_mtok"),
        )  # fmt: skip
        collector = collector_of(variables()) if names else None
        self._export = None if collector is None else CallExport(parts.sink, collector)
        tools = self._endpoint_tools(parts)
        self.endpoints = {name: ApplicationEndpoint(name, tools) for name in names}
        keeping = ApplicationTools(ledger=parts.stores.ledger, loader=self._loader(parts))
        self.keepers = [ApplicationKeeper(endpoint, keeping) for endpoint in self.endpoints.values()]

    def retriever(self, endpoint: str) -> Retriever:
        """What the champion of an application reads. Raises NotFoundError, NotReadyError."""
        found = self.endpoints.get(endpoint)
        loaded = None if found is None else found.answering().champion.loaded
        retrieval = None if loaded is None else loaded.application.retrieval
        if loaded is None or loaded.retriever is None or retrieval is None:
            raise NotFoundError(f"there is no application {endpoint[:100]!r} that reads an index")
        return Narrowed(loaded.retriever, retrieval.where) if retrieval.where else loaded.retriever

    @property
    def work(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What goes on beside the calls."""
        if not self.endpoints:
            return {}
        sending = {} if self._export is None else {"sending spans": self._export.run}
        return {"counting look-ups in the cache": self._keep_counting, **sending}

    async def close(self) -> None:
        """Wait for what is under way, write what the cache keeps, give back what was reserved, hang up."""
        for endpoint in self.endpoints.values():
            await endpoint.drain()
        if self._export is not None:
            await self._export.close()
        await asyncio.to_thread(self._cache.close)
        self._figures.looked_up(self._cache.tally.counts())
        await self._meter.close()
        await self._pool.aclose()

    async def _keep_counting(self) -> None:
        while True:
            await asyncio.sleep(_COUNTED_EVERY_S)
            self._figures.looked_up(self._cache.tally.counts())

    def _endpoint_tools(self, parts: WorkerParts) -> EndpointTools:
        stores, content = parts.stores, content_of(parts.settings.text("llm_log_content"))
        self._cache = open_cache(
            CacheTools(
                kv=_answers_of(parts), tables=stores.tables, embedder=self._embedder, clock=parts.clock,
                content=content != "off",
            )
        )  # fmt: skip
        responder = Responder(
            RespondTools(meter=self._meter, cache=self._cache, clock=parts.clock, groups_of=self.groups_of)
        )  # fmt: skip
        secret = read_token(stores.home).encode()
        return EndpointTools(
            clock=parts.clock,
            observer=parts.observer,
            figures=parts.figures,
            recorder=Recorder(
                self._export or parts.sink,
                rows=RowMaker(secret=secret, content=content),
            ),
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
            secrets=UpstreamKeys(variables(), stores.home.parent),
            clock=parts.machine,
            rng=np.random.default_rng(),
            open_index=lambda blobs, version, cache: open_version(blobs, version, run=cache),
            embedder=self._embedder,
        )


def _answers_of(parts: WorkerParts) -> Callable[[], KeyValues]:
    """Where answers are kept: in the home, or where the settings say. Raises SettingError, MissingExtraError."""
    url, stores = parts.settings.text("llm_cache_url"), parts.stores
    if not url:
        return lambda: stores.kv
    shared = open_shared(url, setting="llm_cache_url", home=stores.id, clock=parts.clock, environment=variables())
    return lambda: shared
