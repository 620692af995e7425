"""The Open Inference Protocol's gRPC service, beside the HTTP server of the same worker and on its loop.

The same doors, limits and deadlines hold; a browser cannot reach it, so a Host and an Origin need no check.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError, MissingExtraError, PortInUseError, RequestRefusedError
from loopwright.serving.protocols import oip_grpc, open_inference, tensor_records
from loopwright.serving.protocols.oip_messages import METHODS, SERVICE, messages
from loopwright.version import VERSION
from loopwright.web.asking import MOST_RECORDS, Asked, Asking, answering_signature, signature_of, versions_of
from loopwright.web.auth import Doors
from loopwright.web.errors import as_known, status_of
from loopwright.web.health_routes import HealthRoutes
from loopwright.web.tls import Certificates, ServerTls

if TYPE_CHECKING:
    import grpc

_CODES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    413: "RESOURCE_EXHAUSTED", 422: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 502: "UNAVAILABLE",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_OPEN = frozenset({"ServerLive", "ServerReady"})
_LOG = logging.getLogger("loopwright.inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcOptions:
    """Where and how the service listens.

    Attributes:
        host: The address.
        port: The port; 0: any that is free.
        health: How the worker is.
        tls: For TLS, and mutual TLS; None: none.
    """

    host: str
    port: int
    health: HealthRoutes
    tls: ServerTls | None = None


class GrpcServer:
    """The service of one worker. Lives on the worker's event loop."""

    def __init__(self, asking: Asking, doors: Doors, options: GrpcOptions) -> None:
        self._asking = asking
        self._doors = doors
        self._options = options
        self._server: Any = None

    async def start(self) -> int:
        """Begin to answer; returns the port.

        Raises:
            MissingExtraError: grpcio or protobuf is not installed.
            PortInUseError: The port is taken.
        """
        try:
            from grpc import aio

            messages()
        except ImportError as error:
            raise MissingExtraError(
                "gRPC needs an extra", why=str(error), fix="pip install 'loopwright[grpc]', or set grpc_port to 0."
            ) from error
        limits = self._asking.limits
        server = aio.server(
            options=[
                ("grpc.max_receive_message_length", limits.body_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_concurrent_streams", limits.in_flight),
                ("grpc.so_reuseport", 1),
            ]
        )
        server.add_generic_rpc_handlers((self._service(),))
        host = f"[{self._options.host}]" if ":" in self._options.host else self._options.host
        address = f"{host}:{self._options.port}"
        try:
            port = self._bind(server, address)
        except RuntimeError as error:
            raise PortInUseError(
                f"gRPC cannot listen on {address}", why=str(error).partition(";")[0][:200],
                fix="Set grpc_port to another port, or stop the program that listens there.",
            ) from error  # fmt: skip
        await server.start()
        self._server = server
        return port

    def _bind(self, server: Any, address: str) -> int:
        tls = self._options.tls
        if tls is None:
            return int(server.add_insecure_port(address))
        import grpc

        credentials = grpc.dynamic_ssl_server_credentials(
            _configuration(tls.shown),
            lambda: _configuration(tls.shown),  # asked for by every handshake
            require_client_authentication=tls.shown.client_ca is not None,
        )
        return int(server.add_secure_port(address, credentials))

    async def stop(self, grace_s: float) -> None:
        """Take nothing more, and let what is under way end within `grace_s` seconds."""
        if self._server is not None:
            await self._server.stop(grace_s)

    def _service(self) -> Any:
        import grpc

        answers: dict[str, Callable[[Any, Any], Awaitable[Any]]] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._infer,
            "RepositoryIndex": self._index,
        }
        handlers = {name: self._method(name, answers[name]) for name in METHODS}
        handlers["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
            self._stream,
            response_serializer=messages()["ModelStreamInferResponse"].SerializeToString,
        )
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _method(self, name: str, answer: Callable[[Any, Any], Awaitable[Any]]) -> Any:
        """A method behind the doors, whose errors are gRPC's."""
        import grpc

        async def handle(raw: bytes, context: "grpc.aio.ServicerContext") -> Any:
            try:
                self._admit(context, health=name in _OPEN)
                return await answer(_decoded(f"{name}Request", raw), context)
            except Exception as error:  # noqa: BLE001 - boundary: one request; the error is its answer, or in the log
                known = self._known(name, error)
                await context.abort(code_of(known), text_of(known))

        return grpc.unary_unary_rpc_method_handler(
            handle,
            response_serializer=messages()[f"{name}Response"].SerializeToString,
        )

    def _known(self, name: str, error: Exception) -> LoopwrightError:
        known = as_known(error)
        if known is not error:
            _LOG.error("gRPC %s failed", name, exc_info=error)
        return known

    def _admit(self, context: Any, *, health: bool = False) -> None:
        self._doors.admit_program(_metadata(context), scope="predict", open_on_loopback=True, open_to_all=health)

    async def _live(self, _request: Any, _context: Any) -> Any:
        return messages()["ServerLiveResponse"](live=self._options.health.live())

    async def _ready(self, _request: Any, _context: Any) -> Any:
        return messages()["ServerReadyResponse"](ready=self._options.health.ready())

    async def _model_ready(self, request: Any, _context: Any) -> Any:
        arms = self._asking.endpoint(request.name).arms
        ready = arms is not None and (not request.version or arms.by_version(request.version) is not None)
        return messages()["ModelReadyResponse"](ready=ready)

    async def _server_metadata(self, _request: Any, _context: Any) -> Any:
        return messages()["ServerMetadataResponse"](
            name=tensor_records.PLATFORM, version=VERSION, extensions=open_inference.EXTENSIONS
        )

    async def _model_metadata(self, request: Any, _context: Any) -> Any:
        endpoint = self._asking.endpoint(request.name)
        signature = signature_of(endpoint, request.version or None)
        return oip_grpc.model_metadata(request.name, versions_of(endpoint), signature)

    async def _index(self, request: Any, _context: Any) -> Any:
        made = messages()["RepositoryIndexResponse"]()
        for name, endpoint in sorted(self._asking.endpoints.items()):
            versions: list[Digest] = versions_of(endpoint) if endpoint.arms is not None else []
            for version in versions:
                made.models.add(name=name, version=version, state="READY")
            if not versions and not request.ready:
                made.models.add(name=name, state="UNAVAILABLE", reason="no version is loaded yet")
        return made

    async def _infer(self, request: Any, context: Any) -> Any:
        asking = self._asking
        endpoint = asking.endpoint(request.model_name)
        pinned = request.model_version or None
        with asking.room():
            signature = signature_of(endpoint, pinned)
            tensor_records.check_wanted(signature, oip_grpc.wanted(request))
            asked = Asked(
                records=tensor_records.records(oip_grpc.inputs(request), signature, most=MOST_RECORDS),
                headers=_metadata(context),
                pinned=pinned,
                timeout_s=_shorter(oip_grpc.timeout_s(request), context.time_remaining()),
            )
            answered = await asking.answer(endpoint, asked)
        made = oip_grpc.answer(answered, request, answering_signature(endpoint, answered))
        endpoint.count_bytes(request.ByteSize(), made.ByteSize())
        return made

    async def _stream(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[Any]:
        """Answer each request of a stream; one that fails is told so and ends nothing."""
        response = messages()["ModelStreamInferResponse"]
        try:
            self._admit(context)
        except LoopwrightError as error:
            await context.abort(code_of(error), text_of(error))
        async for raw in requests:
            try:
                yield response(infer_response=await self._infer(_decoded("ModelInferRequest", raw), context))
            except Exception as error:  # noqa: BLE001 - boundary: one request of the stream
                yield response(error_message=text_of(self._known("ModelStreamInfer", error)))


def _configuration(given: Certificates) -> Any:
    import grpc

    pairs = [(given.key, given.chain)]
    return grpc.ssl_server_certificate_configuration(pairs, root_certificates=given.client_ca)


def code_of(error: LoopwrightError) -> Any:
    """The gRPC status that goes with an error."""
    import grpc

    return getattr(grpc.StatusCode, _CODES.get(status_of(error), "INTERNAL"))


def text_of(error: LoopwrightError) -> str:
    """What, why and fix of an error, in one line."""
    text = ": ".join(part for part in (f"{error.code} {error.what}", error.why) if part)
    return f"{text}. {error.fix}"


def _decoded(name: str, raw: bytes) -> Any:
    """A message of bytes; decoded behind the doors, and one that is none is told so. Raises RequestRefusedError."""
    from google.protobuf.message import DecodeError

    try:
        return messages()[name].FromString(raw)
    except DecodeError as error:
        raise RequestRefusedError(f"the request is no {name}", why=str(error)[:200]) from error


def _metadata(context: Any) -> dict[str, str]:
    """The request's metadata that is text, as headers."""
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _shorter(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)
