"""The Open Inference Protocol's routes (REST), as stock `tritonclient.http` and KServe's clients ask them."""

from typing import Any

from loopwright.core.codec import to_json
from loopwright.errors import NotFoundError, UsageError
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.protocols import json_records, open_inference, tensor_records
from loopwright.version import VERSION
from loopwright.web.asking import (
    MOST_RECORDS,
    Asked,
    Asking,
    answering_signature,
    signature_of,
    versions_of,
)
from loopwright.web.encodings import compressed, read_body
from loopwright.web.http import Request, Response
from loopwright.web.routes import Answer, Route

# A body with binary tensors is declared as bytes; tritonclient declares nothing.
TENSORS = frozenset({"application/json", "application/octet-stream"})
_BYTES = b"application/octet-stream"


class OipRoutes:
    """`/v2` and below, but for its health, which is the server's own."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def routes(self) -> list[Route]:
        """The routes."""
        made = [
            Route(path="/v2", handlers={"GET": self._server}),
            Route(path="/v2/models/{name}/stats", handlers={"GET": self._no_stats}),
            Route(path="/v2/repository/index", handlers={"POST": self._index}, takes=TENSORS),
            Route(path="/v2/repository/models/{name}/{verb}", handlers={"POST": self._not_moved}, takes=TENSORS),
        ]
        for model in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            made += [
                Route(path=model, handlers={"GET": self._model}),
                Route(path=f"{model}/ready", handlers={"GET": self._ready}),
                Route(path=f"{model}/config", handlers={"GET": self._config}),
                Route(path=f"{model}/infer", handlers={"POST": self._infer}, takes=TENSORS),
            ]
        return made

    async def _server(self, _request: Request) -> Answer:
        return Response(body=open_inference.server_metadata(VERSION))

    async def _index(self, request: Request) -> Answer:
        body = await read_body(request, self._asking.limits.body_bytes)
        said = [model for name, endpoint in sorted(self._asking.endpoints.items()) for model in _listed(name, endpoint)]
        return Response(body=open_inference.repository_index(said, body))

    async def _not_moved(self, _request: Request, name: str, verb: str) -> Answer:
        if verb not in ("load", "unload"):
            raise NotFoundError(f"there is no {verb[:50]!r} of a model", why="there are: load, unload")
        raise UsageError(
            f"{verb} of {name[:80]!r} is not taken here", why="versions come and go by releases, not by callers",
            fix="Use `loopwright release`.",
        )  # fmt: skip

    async def _model(self, _request: Request, name: str, version: str | None = None) -> Answer:
        endpoint = self._asking.endpoint(name)
        signature = signature_of(endpoint, version)
        return Response(body=open_inference.model_metadata(name, versions_of(endpoint), signature))

    async def _ready(self, _request: Request, name: str, version: str | None = None) -> Answer:
        arms = self._asking.endpoint(name).arms
        ready = arms is not None and (version is None or arms.by_version(version) is not None)
        return Response(status=200 if ready else 503, body=to_json({"name": name, "ready": ready}))

    async def _config(self, _request: Request, name: str, version: str | None = None) -> Answer:
        return Response(body=open_inference.model_config(name, signature_of(self._asking.endpoint(name), version)))

    async def _no_stats(self, _request: Request, name: str) -> Answer:
        self._asking.endpoint(name)
        raise NotFoundError(
            "statistics are not offered in this form",
            fix="Read GET /metrics: it has them by endpoint, version and arm.",
        )

    async def _infer(self, request: Request, name: str, version: str | None = None) -> Answer:
        endpoint = self._asking.endpoint(name)
        with self._asking.room():
            body = await read_body(request, self._asking.limits.body_bytes)
            wanted = open_inference.parse(body, request.headers.get(open_inference.LENGTH_HEADER))
            signature = signature_of(endpoint, version)
            tensor_records.check_wanted(signature, wanted.wanted)
            asked = Asked(
                records=tensor_records.records(wanted.inputs, signature, most=MOST_RECORDS),
                headers=request.headers,
                pinned=version,
                timeout_s=wanted.timeout_s,
            )
            answered = await self._asking.answer(endpoint, asked)
        said, json_length = open_inference.answer(answered, wanted, answering_signature(endpoint, answered))
        headers = json_records.headers_of(answered)
        if json_length is None:
            return compressed(Response(body=said, headers=headers), request.headers)
        length = (open_inference.LENGTH_HEADER.encode(), b"%d" % json_length)
        made = Response(body=said, content_type=_BYTES, headers=(*headers, length))
        return compressed(made, request.headers)


def _listed(name: str, endpoint: Endpoint) -> list[tuple[str, Any, str]]:
    if endpoint.arms is None:
        return [(name, None, "no version is loaded yet")]
    return [(name, version, "") for version in versions_of(endpoint)]
