"""The gateway's routes: `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/responses`, `/v1/messages`,
`/v1/models`. They look at their doors themselves, as what goes wrong is said in the caller's own protocol."""

import logging
from collections.abc import Mapping
from contextlib import nullcontext

from loopwright.errors import NotFoundError
from loopwright.llm.ask import Operation
from loopwright.llm.protocols.errors import error_body
from loopwright.llm.protocols.models import model_body, models_body
from loopwright.llm.protocols.reading import model_of, read_ask
from loopwright.serving.applications.call import GenerationCall, named
from loopwright.serving.applications.endpoint import ApplicationEndpoint
from loopwright.web.asking import ID_HEADER, Asking
from loopwright.web.auth import ANYONE, Doors
from loopwright.web.encodings import read_body
from loopwright.web.errors import as_known, headers_of, status_of
from loopwright.web.gateway import headers as own_headers
from loopwright.web.gateway.answers import StreamAnswer
from loopwright.web.gateway.leaving import Leaving
from loopwright.web.http import Request, Response
from loopwright.web.keyring import Caller
from loopwright.web.request_ids import RequestIds
from loopwright.web.routes import Answer, not_answered
from loopwright.web.workspace_clock import WorkspaceClock

_LOG = logging.getLogger("loopwright.gateway")
OPERATIONS: dict[str, Operation] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
    "/v1/responses": "response",
    "/v1/messages": "message",
}
_MODELS = "/v1/models"
_UNWATCHED = nullcontext()
_STATUSES = {422: 400}
"""As the protocols have it: what is wrong with a body is a bad request."""


class Gateway:
    """Answers for the applications of one worker. Lives on one event loop.

    Args:
        endpoints: By name, which is what callers give as the model.
        asking: Counts calls under way, with those of predictions.
        doors: Who may call.
        clock: The workspace's.
        ids: Gives calls their ids.
    """

    def __init__(
        self,
        endpoints: Mapping[str, ApplicationEndpoint],
        *,
        asking: Asking,
        doors: Doors,
        clock: WorkspaceClock,
        ids: RequestIds,
    ) -> None:
        self._endpoints = endpoints
        self._asking = asking
        self._doors = doors
        self._clock = clock
        self._ids = ids

    def takes(self, path: str) -> bool:
        """Whether a path is the gateway's."""
        return path in OPERATIONS or path == _MODELS or path.startswith(f"{_MODELS}/")

    async def answer(self, request: Request, *, body: bytes | None = None) -> Answer:
        """Answer one request. What goes wrong is an answer too.

        Args:
            request: What was asked.
            body: Its body, where a server has read it that cancels this when the caller goes away; else it is read
                here, and the caller watched.

        Raises:
            ConnectionAbortedError: The caller went away.
        """
        operation = OPERATIONS.get(request.path)
        id = self._ids.of(request.headers.get(ID_HEADER))
        try:
            if operation is None:
                return self._models(request)
            return await self._generate(request, operation, id=id, body=body)
        except ConnectionAbortedError:
            raise
        except Exception as error:  # noqa: BLE001 - boundary: one request; the error is its answer, or in the log
            known = as_known(error)
            if known is not error:
                _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
            status = _STATUSES.get(status_of(known), status_of(known))
            shape = operation or ("message" if "anthropic-version" in request.headers else "chat")
            said = (*headers_of(known), (b"x-request-id", id.encode()))
            return Response(status=status, body=error_body(shape, known, status=status), headers=said)

    async def _generate(self, request: Request, operation: Operation, *, id: str, body: bytes | None) -> Answer:
        headers = own_headers.with_key(request.headers)
        caller = self._doors.admit(request.method, headers, scope="predict", open_on_loopback=True)
        if request.method != "POST":
            raise not_answered(request.method, ("POST",))
        self._asking.enter()
        held = True
        try:
            started = self._clock.monotonic()
            watched = body is None
            if body is None:
                body = await read_body(request, self._asking.limits.body_bytes)
            ask = read_ask(operation, body)
            model = model_of(ask)
            endpoint, version = self._asked(model)
            self._check_paid(endpoint, caller, headers)
            call = GenerationCall(
                id=id, ask=ask, started=started, at=self._clock.now(),
                caller=caller.name, headers=headers, model=model, pinned=version,
                **named(headers, ask.body),
            )  # fmt: skip
            with Leaving(request.receive) if watched else _UNWATCHED:
                if ask.stream:
                    stream = await endpoint.stream(call)
                    held = False
                    return StreamAnswer(
                        stream, receive=request.receive if watched else None, leave=self._asking.leave,
                        headers=caller.headers,
                    )  # fmt: skip
                made = await endpoint.answer(call)
        finally:
            if held:
                self._asking.leave()
        return Response(body=made.reply.body, headers=(*own_headers.headers_of(made.course), *caller.headers))

    def _asked(self, model: str) -> tuple[ApplicationEndpoint, str | None]:
        """The endpoint that a model names, and the version of it; any other model is for the endpoint that takes any.

        Raises:
            NotFoundError: There is none.
        """
        name, _, version = model.partition("@")
        endpoint = self._endpoints.get(name)
        if endpoint is not None:
            return endpoint, version or None
        for endpoint in self._endpoints.values():
            if endpoint.arms is not None and endpoint.arms.champion.loaded.takes_any_model:
                return endpoint, None
        raise self._unknown(name)

    def _unknown(self, name: str) -> NotFoundError:
        known = ", ".join(sorted(self._endpoints)) or "none"
        return NotFoundError(
            f"there is no model {name[:100]!r} here", why=f"there are: {known}",
            fix="Give the name of an application as the model, or NAME@VERSION for one version of it.", field="model",
        )  # fmt: skip

    def _check_paid(self, endpoint: ApplicationEndpoint, caller: Caller, headers: Mapping[str, str]) -> None:
        """Nobody spends money without a key, on loopback neither. Raises UnauthorisedError, ForbiddenError."""
        arms = endpoint.arms
        if caller is ANYONE and arms is not None and arms.paid:
            self._doors.require_key(headers, "predict")

    def _models(self, request: Request) -> Answer:
        headers = own_headers.with_key(request.headers)
        caller = self._doors.admit(request.method, headers, scope="predict", open_on_loopback=True)
        if request.method not in ("GET", "HEAD"):
            raise not_answered(request.method, ("GET",))
        name = request.path.removeprefix(_MODELS).removeprefix("/")
        if name:
            body = model_body(name, self._asked(name)[0].since)
        else:
            body = models_body({known: endpoint.since for known, endpoint in sorted(self._endpoints.items())})
        return Response(body=body, headers=caller.headers)
