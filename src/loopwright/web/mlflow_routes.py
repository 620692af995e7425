"""The routes of MLflow's scoring server, as its stock client, SageMaker and `mlflow.deployments` ask them."""

from loopwright.errors import NotFoundError, UsageError
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.protocols import json_records, mlflow_scoring
from loopwright.version import VERSION
from loopwright.web.asking import MOST_RECORDS, Asked, Asking, signature_of
from loopwright.web.encodings import compressed, read_body
from loopwright.web.http import Request, Response
from loopwright.web.routes import Answer, Route

_TAKEN = frozenset({mlflow_scoring.JSON_TYPE, mlflow_scoring.CSV_TYPE})


class MlflowRoutes:
    """`/invocations`, `/ping`, `/health` and `/version`."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(path="/ping", handlers={"GET": self._ping}, opening="everyone"),
            Route(path="/health", handlers={"GET": self._ping}, opening="everyone"),
            Route(path="/version", handlers={"GET": self._version}),
            Route(path="/invocations", handlers={"POST": self._invocations}, takes=_TAKEN),
        ]

    async def _ping(self, _request: Request) -> Answer:
        ready = all(endpoint.arms is not None for endpoint in self._asking.endpoints.values())
        return Response(status=200 if ready else 503, body=b"\n")

    async def _version(self, _request: Request) -> Answer:
        return Response(body=VERSION.encode(), content_type=b"text/plain; charset=utf-8")

    async def _invocations(self, request: Request) -> Answer:
        endpoint = self._meant(request)
        with self._asking.room():
            body = await read_body(request, self._asking.limits.body_bytes)
            signature = signature_of(endpoint)
            records = mlflow_scoring.parse(body, request.headers.get("content-type"), signature, most=MOST_RECORDS)
            answered = await self._asking.answer(endpoint, Asked(records=records, headers=request.headers))
        said = Response(body=mlflow_scoring.answer(answered), headers=json_records.headers_of(answered))
        return compressed(said, request.headers)

    def _meant(self, request: Request) -> Endpoint:
        """The endpoint that is named, or the only one."""
        name = request.asked("endpoint")
        if name is not None:
            return self._asking.endpoint(name)
        if len(self._asking.endpoints) > 1:
            known = ", ".join(sorted(self._asking.endpoints))
            raise UsageError(
                "this server has several endpoints", why=f"there are: {known}", fix="Send /invocations?endpoint=NAME."
            )
        if not self._asking.endpoints:
            raise NotFoundError("this server has no endpoint")
        return next(iter(self._asking.endpoints.values()))
