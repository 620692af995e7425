"""Getting versions of applications ready: read, put together, proven on their example without asking an upstream."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from loopwright.core.clock import Clock
from loopwright.core.codec import to_json
from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError, ModelLoadError
from loopwright.llm.application import Application
from loopwright.llm.calling.caller import Caller
from loopwright.llm.calling.circuits import Circuits
from loopwright.llm.embedder import Embedder
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.local_parts import with_parts
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.provider import Provider
from loopwright.llm.retriever import Passage, Retriever
from loopwright.llm.route import Route
from loopwright.serving.applications.bundle import read_application
from loopwright.serving.applications.callers import Callers, route_for
from loopwright.serving.applications.loaded import LoadedApplication
from loopwright.serving.applications.preparing import bounded, rendered
from loopwright.serving.loading import bundle_folder
from loopwright.store.blobs import Blobs

CACHE = "cache"
"""The folder of a home in which embedders keep the files that they make."""
OpenIndex = Callable[[Blobs, Digest, Path], Retriever]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationLoader:
    """Makes loaded applications of versions.

    Attributes:
        blobs: Where bundles lie.
        run: The home's folder for running processes.
        pool: Connections to upstreams, for all versions.
        circuits: Which upstreams are left alone, for all versions.
        providers: Speak the upstreams' protocols.
        secrets: Resolve references of keys, each time they are used.
        clock: Times calls.
        rng: Draws upstreams and waits.
        open_index: Opens a version of an index.
        embedder: Opens what makes vectors, for guards that go by similarity and for caches.
    """

    blobs: Blobs
    run: Path
    pool: HttpPool
    circuits: Circuits
    providers: Callable[[str], Provider]
    secrets: Callable[[str], str]
    clock: Clock
    rng: np.random.Generator
    open_index: OpenIndex
    embedder: Callable[[], Embedder]

    def load(self, version: Digest) -> LoadedApplication:
        """A version, proven.

        Raises:
            ModelLoadError: It cannot be read, or fails on its example.
        """
        application, index = read_application(self.blobs, version)
        try:
            application = with_parts(application, lambda: bundle_folder(self.blobs, version, self.run))
            loaded = LoadedApplication(
                version=version,
                application=application,
                callers=Callers(application.route, self._caller),
                guards=self._guards(application),
                retriever=None if index is None else self.open_index(self.blobs, index, self.run.parent / CACHE),
                providers=self.providers,
            )
            if application.retrieval is not None and loaded.retriever is None:
                raise ModelLoadError("the bundle names no version of the index that its application reads")
            if application.cache.semantic != "off":
                self.embedder()
            prove(loaded)
        except LoopwrightError as error:
            raise ModelLoadError(
                f"the application {version[:12]} cannot answer", why=f"{error.what}: {error.why}", fix=error.fix
            ) from error
        return loaded

    def _guards(self, application: Application) -> GuardRunner:
        for guard in application.guards:
            if guard.options.get("judge"):
                raise ModelLoadError(
                    f"the guard {guard.label!r} wants a judge, and there is none here",
                    why="without one, texts that it suspects would pass", fix="Declare it without `judge`.",
                )  # fmt: skip
        similar = any(guard.options.get("similarity") for guard in application.guards)
        return GuardRunner(application.guards, embedder=self.embedder() if similar else None)

    def _caller(self, route: Route) -> Caller:
        return Caller(
            route, pool=self.pool, providers=self.providers, secrets=self.secrets, clock=self.clock, rng=self.rng,
            circuits=self.circuits,
        )  # fmt: skip


def prove(loaded: LoadedApplication) -> None:
    """Make of the example all that would be sent, for every upstream, and send nothing.

    Raises:
        LoopwrightError: It is refused or blocked, or cannot be rendered or translated.
    """
    application = loaded.application
    ask = read_ask("chat", to_json({"model": "example", **application.example}))
    if application.prompt is not None:
        passages: tuple[Passage, ...] = ()
        if loaded.retriever is not None and application.retrieval is not None:
            passages = loaded.retriever.search("example", limit=application.retrieval.limit)
        ask = rendered(ask, application.prompt, passages)
    ask = bounded(ask, application.route.max_tokens)
    for upstream in route_for(application.route, "example").upstreams:
        provider = loaded.providers(upstream.api)
        for stream in (False, True):
            provider.request(upstream, msgspec.structs.replace(ask, stream=stream), "")
