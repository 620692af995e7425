"""An inference worker: `python -m loopwright.web.worker --home HOME --endpoint NAME`.

Serves the endpoints' champions in this process and their canaries through probation children. Ends on SIGTERM and
Ctrl-C, and with `--supervised` when its standard input closes, after answering what is under way.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import uvicorn
import uvloop

from loopwright.app.indexes.reading import Indexes
from loopwright.core.clock import Clock, SystemClock
from loopwright.core.environment import variables
from loopwright.core.ids import IdPool, random_id
from loopwright.core.settings import Settings
from loopwright.errors import LoopwrightError, UsageError
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView
from loopwright.llm.spans import SpanLog
from loopwright.observations.arm_stats import ArmCounters
from loopwright.serving.applications.bundle import answers_by_application
from loopwright.serving.bundle_folder import BundleFolder
from loopwright.serving.champion_failures import ChampionFailures
from loopwright.serving.endpoint import Endpoint, Limits
from loopwright.serving.follow import Follower, FollowOptions
from loopwright.serving.in_hand import InHand
from loopwright.serving.intake import FeatureReader, NoFeatures
from loopwright.serving.loading import ArmLoader
from loopwright.serving.model_keeper import ModelKeeper, ModelTools
from loopwright.serving.observer import Observers
from loopwright.serving.trips import TripRecorder
from loopwright.store.open_stores import Stores, open_stores, read_home
from loopwright.web.auth import Doors, open_doors
from loopwright.web.background import kept_up
from loopwright.web.feedback import FeedbackTaker
from loopwright.web.garbage import keep_settled
from loopwright.web.gateway.applications import Applications, WorkerParts
from loopwright.web.gateway.figures import GenerationFigures
from loopwright.web.gateway.short_way import short_ways
from loopwright.web.grpc_server import GrpcOptions, GrpcServer
from loopwright.web.hot import HotPath
from loopwright.web.hot_protocol import HotProtocol, missing_parts
from loopwright.web.inference import HttpLimits, InferenceServer, Served
from loopwright.web.keyring import Keyring
from loopwright.web.log_keeper import LogKeeper
from loopwright.web.parent import when_parent_ends
from loopwright.web.request_ids import RequestIds
from loopwright.web.retrieve_routes import RetrieveRoutes
from loopwright.web.run_files import beat_path, hand_path, keep_beating, run_file
from loopwright.web.scrape import Scrape
from loopwright.web.server import Server
from loopwright.web.sockets import inherited, listen
from loopwright.web.span_intake import PATH as SPANS_PATH
from loopwright.web.span_intake import SpanIntake
from loopwright.web.threads import threads_of
from loopwright.web.tls import ServerTls, server_tls
from loopwright.web.tracing import tracer_of
from loopwright.web.worker_options import WorkerOptions, parse
from loopwright.web.workspace_clock import WorkspaceClock

_FLUSH_S = 0.25
_DRAIN_S = 10
_LOAD_S = 30.0
_BATCH_S = 0.5
_LOG = logging.getLogger("loopwright.worker")


class Worker:
    """One worker over open stores. `run` is its whole life."""

    def __init__(self, options: WorkerOptions, *, stores: Stores, clock: WorkspaceClock, machine: Clock) -> None:
        settings = options.settings
        self._options = options
        self._stores = stores
        self._machine = machine
        self._clock = clock
        self._id = random_id("worker")
        self._counters = ArmCounters(stores.tables, worker=self._id)
        self._log = LogKeeper(stores, settings, clock=clock, worker=self._id)
        self._scrape = Scrape(
            stores.home / "run" / "metrics", options.name, machine=machine, lost_rows=lambda: self._log.losses.rows
        )
        self._tracer = tracer_of(variables(), machine)
        self._trips = TripRecorder(stores.ledger, clock, self._id)
        self._observer = Observers(self._scrape.metrics, self._counters)
        applications = self._application_names()
        self._applications = Applications(
            applications,
            WorkerParts(
                stores=stores, settings=settings, clock=clock, machine=machine, sink=self._log.sink,
                observer=self._observer, figures=GenerationFigures(self._scrape.metrics), trips=self._trips,
                worker=self._id,
            ),
        )  # fmt: skip
        self._endpoints = {name: self._endpoint(name) for name in options.endpoints if name not in applications}
        self._follower = self._following()

    def _application_names(self) -> tuple[str, ...]:
        ledger, blobs, namespace = self._stores.ledger, self._stores.blobs, self._options.settings.text("namespace")
        refs = {name: f"{namespace}/endpoint/{name}@arms" for name in self._options.endpoints}
        return tuple(name for name, ref in refs.items() if answers_by_application(ledger, blobs, ref))

    def _following(self) -> Follower:
        settings, stores = self._options.settings, self._stores
        options = FollowOptions(worker=self._id, namespace=settings.text("namespace"), poll_s=settings.number("poll_s"))
        tools = self._model_tools()
        return Follower(
            [*(ModelKeeper(endpoint, tools) for endpoint in self._endpoints.values()), *self._applications.keepers],
            ledger=stores.ledger,
            clock=self._clock,
            machine=self._machine,
            options=options,
        )

    def _model_tools(self) -> ModelTools:
        settings, stores, run = self._options.settings, self._stores, self._stores.home / "run"
        loader = ArmLoader(
            blobs=stores.blobs,
            run=run,
            features=self._features,
            policy="flag" if settings.text("door_policy") == "flag" else "refuse",
            threads=threads_of(settings),
            hands=InHand(hand_path(run, self._options.name), self._options.endpoints).of,
        )
        failures = ChampionFailures(
            ledger=stores.ledger,
            run=run,
            clock=self._clock,
            machine=self._machine,
            worker=self._id,
            namespace=settings.text("namespace"),
        )
        return ModelTools(ledger=stores.ledger, loader=loader, failures=failures, machine=self._machine)

    def _endpoint(self, name: str) -> Endpoint:
        return Endpoint(
            name,
            clock=self._clock,
            sink=self._log.sink,
            observer=self._observer,
            on_trip=self._trips,
            tracer=self._tracer,
            limits=Limits(
                probation_timeout_s=self._options.settings.number("probation_timeout_s"),
                queued=self._options.settings.whole("max_queued"),
            ),
        )

    def _features(self, bundle: BundleFolder) -> FeatureReader:
        if not bundle.views:
            return NoFeatures()
        return OnlineFeatures(self._stores.kv, [FeatureView.from_json(view) for view in bundle.views])

    async def run(self, door: socket.socket, doors: Doors, keyring: Keyring) -> None:
        """Serve on `door` until told to stop, then drain."""
        ids = RequestIds(IdPool())
        feedback = self._feedback(doors)
        app = InferenceServer(
            Served(
                endpoints=self._endpoints,
                doors=doors,
                clock=self._clock,
                ids=ids,
                scrape=self._scrape,
                failures=self._follower.failures,
                limits=_http_limits(self._options.settings),
                degraded=self._log.degraded,
                extra={
                    "/feedback": feedback.take,
                    SPANS_PATH: self._span_intake(doors).take,
                    **self._retrieving(doors).extra(),
                },
                applications=self._applications.endpoints,
            )
        )
        hot = self._hot_path(app, doors, ids)
        tls = server_tls(self._options.settings, base=self._stores.home.parent)
        config = _uvicorn_config(app, tls, hot)
        most = self._options.settings.whole("max_connections")
        server = Server(config, most_connections=most, shared=self._options.door is not None)
        grpc = await self._grpc(app, doors, tls)
        self._obey(server, app, hot)
        work = self._work(app, keyring, feedback) | ({} if tls is None else {"following the certificate": tls.follow})
        tasks = [asyncio.create_task(kept_up(what, run)) for what, run in work.items()]
        if hot is not None:
            sweep = partial(hot.keep_sweeping, server.server_state.connections)
            tasks.append(asyncio.create_task(kept_up("looking after connections", sweep)))
        if self._clock.replay:
            tasks.append(asyncio.create_task(kept_up("following the clock", self._follow_clock)))
        run = self._stores.home / "run"
        with run_file(run, self._options.name, self._about(door)):
            beat = partial(keep_beating, beat_path(run, self._options.name), self._well)
            tasks.append(asyncio.create_task(kept_up("the heartbeat", beat)))
            if self._options.door is not None:  # others may answer meanwhile, or the connection waits in the queue
                await self._follower.loaded(_LOAD_S)
            await server.serve(sockets=[door])
            await grpc.stop(_DRAIN_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._finish()
            self._last_words(feedback)

    def _work(
        self, app: InferenceServer, keyring: Keyring, feedback: FeedbackTaker
    ) -> dict[str, Callable[[], Awaitable[None]]]:
        """What goes on beside the requests, whatever the settings."""
        return {
            "following the arms": self._follower.run,
            "following the keys": keyring.follow,
            "writing figures": self._flush,
            "settling the memory": partial(keep_settled, {**self._endpoints, **self._applications.endpoints}),
            "writing metrics": partial(self._scrape.keep_writing, lambda: app.asking.in_flight),
            "telling of lost rows": self._log.run,
            "telling of feedback": feedback.announce,
            **self._applications.work,
        }

    def _last_words(self, feedback: FeedbackTaker) -> None:
        """Tell what was not told yet; what cannot be kept now, as on a full disk, is logged and holds up nothing."""
        for what, tell in (
            ("feedback", feedback.announce_now),
            ("lost rows", self._log.tell),
            ("metrics", self._scrape.write_last),
        ):
            try:
                tell()
            except LoopwrightError as error:
                _LOG.warning("the last %s were not told: %s %s", what, error.code, error.what)
        if self._tracer is not None:
            self._tracer.close()

    def _span_intake(self, doors: Doors) -> SpanIntake:
        most = self._options.settings.whole("max_request_bytes")
        return SpanIntake(SpanLog(self._stores.tables), doors=doors, most_bytes=most)

    def _feedback(self, doors: Doors) -> FeedbackTaker:
        settings = self._options.settings
        return FeedbackTaker(
            self._stores, doors=doors, clock=self._clock, namespace=settings.text("namespace"),
            actor=f"worker:{self._id}", most_bytes=settings.whole("max_request_bytes"),
        )  # fmt: skip

    def _retrieving(self, doors: Doors) -> RetrieveRoutes:
        stores, settings = self._stores, self._options.settings
        indexes = Indexes(
            stores.ledger, stores.blobs, namespace=settings.text("namespace"), cache=stores.home / "cache"
        )  # fmt: skip
        return RetrieveRoutes(
            indexes.champion, by_endpoint=self._applications.retriever, doors=doors,
            groups_of=self._applications.groups_of, most_bytes=settings.whole("max_request_bytes"),
        )  # fmt: skip

    async def _grpc(self, app: InferenceServer, doors: Doors, tls: ServerTls | None) -> GrpcServer:
        """The gRPC service, begun where the settings give it a port."""
        settings = self._options.settings
        options = GrpcOptions(
            host=settings.text("host"), port=settings.whole("grpc_port"), health=app.health, tls=tls,
        )  # fmt: skip
        made = GrpcServer(app.asking, doors, options)
        if options.port:
            await made.start()
        return made

    def _hot_path(self, app: InferenceServer, doors: Doors, ids: RequestIds) -> HotPath | None:
        """The short way of predictions and of calls; None where it is off: a replay's clock is set by requests."""
        settings = self._options.settings
        if self._clock.replay or not settings.flag("hot_path"):
            return None
        if missing := missing_parts():
            _LOG.warning("predictions go the usual way: this uvicorn's connections lack %s", ", ".join(missing))
            return None
        patience_s = settings.number("header_timeout_s")
        return HotPath(
            app.asking, doors=doors, clock=self._clock, ids=ids, header_timeout_s=patience_s,
            others=short_ways(app.gateway) if self._applications.endpoints else None,
        )  # fmt: skip

    def _obey(self, server: Server, app: InferenceServer, hot: HotPath | None) -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            app.draining = True
            if hot is not None:
                hot.end()
            server.end_soon()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        if self._options.supervised:
            when_parent_ends(partial(_from_thread, loop, stop), self._machine)

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            await asyncio.to_thread(self._counters.flush)

    async def _follow_clock(self) -> None:
        """Move to where the ledger says that the replay stands; a request's own header may be ahead of it."""
        while True:
            record = await asyncio.to_thread(self._stores.ledger.record, "clock", "workspace")
            if record is not None:
                self._clock.advance(int(record.data["now"]))
            await asyncio.sleep(self._options.settings.number("poll_s"))

    async def _finish(self) -> None:
        for endpoint in self._endpoints.values():
            await endpoint.drain()
        await self._applications.close()
        await self._trips.drain()
        await self._follower.stop()
        self._counters.flush()

    def _about(self, door: socket.socket) -> dict[str, Any]:
        host, port = door.getsockname()[:2]
        return {"host": host, "port": port, "worker": self._id, "started_at": self._machine.now()}

    def _well(self) -> bool:
        """Whether no model has been at one batch since before the last beat."""
        return all(endpoint.stuck_s() < _BATCH_S for endpoint in self._endpoints.values())


def _from_thread(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(stop)


def _uvicorn_config(app: Any, tls: ServerTls | None, hot: HotPath | None) -> uvicorn.Config:
    protocol: Any = "httptools" if hot is None else partial(HotProtocol, hot)
    return uvicorn.Config(
        app, http=protocol, lifespan="off", ws="none", interface="asgi3", log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=False, timeout_graceful_shutdown=_DRAIN_S,
        timeout_keep_alive=75, ssl_context_factory=None if tls is None else lambda *_: tls.context,
    )  # fmt: skip


def _http_limits(settings: Settings) -> HttpLimits:
    return HttpLimits(
        body_bytes=settings.whole("max_request_bytes"),
        in_flight=settings.whole("max_in_flight"),
        timeout_s=settings.number("request_timeout_s"),
    )


def run_worker(options: WorkerOptions) -> None:
    """Take the port, open the home, serve until told to stop.

    Raises:
        PortInUseError, UnsafeDoorError: Before anything has started.
        NotAHomeError, HomeTooNewError, StoreError: The home cannot be opened.
        UsageError: No endpoint is named.
    """
    if not options.endpoints:
        raise UsageError("a worker needs an endpoint to serve", fix="Name one with --endpoint.")
    settings = options.settings
    host = settings.text("host")
    machine = SystemClock()
    clock = WorkspaceClock(machine, replay=read_home(options.home).replay)
    door = listen(host, settings.whole("port")) if options.door is None else inherited(options.door)
    try:
        synced = settings.flag("request_log_fdatasync")
        stores = open_stores(options.home, clock=clock, ids=random_id, fdatasync=synced)
        try:
            doors, keyring = open_doors(stores, settings, host=host, machine=machine)
            worker = Worker(options, stores=stores, clock=clock, machine=machine)
            uvloop.run(worker.run(door, doors, keyring))
        finally:
            stores.close()
    finally:
        door.close()


def main(arguments: list[str] | None = None) -> int:
    """The process's entry; returns its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    try:
        run_worker(parse(arguments))
    except LoopwrightError as error:
        sys.stderr.write(f"{error.code} {error.what}\n  why: {error.why}\n  fix: {error.fix}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
