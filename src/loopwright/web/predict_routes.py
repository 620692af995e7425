"""The plain protocol's routes: ask an endpoint, or one of its versions; see what it takes."""

from functools import partial

from loopwright.serving.protocols import json_records
from loopwright.web.asking import Asked, Asking, arms_of, no_version
from loopwright.web.encodings import read_body
from loopwright.web.http import Request, Response
from loopwright.web.routes import Answer, Route, flag
from loopwright.web.sse import EVENT_STREAM, EventStream


class PredictRoutes:
    """`/predict/{endpoint}` and `/predict/{endpoint}/versions/{version}`."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def routes(self) -> list[Route]:
        """The routes."""
        handlers = {"GET": self._describe, "POST": self._predict}
        return [
            Route(path="/predict/{endpoint}", handlers=handlers),
            Route(path="/predict/{endpoint}/versions/{version}", handlers=handlers),
        ]

    async def _describe(self, _request: Request, endpoint: str, version: str | None = None) -> Answer:
        found = self._asking.endpoint(endpoint)
        arms = arms_of(found)
        if version is None:
            arm = arms.champion
        elif (named := arms.by_version(version)) is not None:
            if named.spec.version != arms.champion.spec.version:
                return Response(
                    body=json_records.describe(endpoint, named.spec.version, named.intake.door.signature, example=None)
                )
            arm = arms.champion
        else:
            raise no_version(found, version)
        bundle = arm.model.bundle
        return Response(
            body=json_records.describe(endpoint, bundle.version, bundle.signature, example=bundle.example())
        )

    async def _predict(self, request: Request, endpoint: str, version: str | None = None) -> Answer:
        asking = self._asking
        found = asking.endpoint(endpoint)
        explain, stream = flag(request, "explain"), _wants_stream(request)
        with asking.room():
            records, many = json_records.parse(await read_body(request, asking.limits.body_bytes))
            asked = Asked(records=records, headers=request.headers, pinned=version, explain=explain)
            if stream:
                call = asking.call(asked)
                events = partial(asking.stream, found, call, many=many)
                return EventStream(events, request_id=call.id, receive=request.receive, room=asking.room)
            answered = await asking.answer(found, asked)
        return Response(body=json_records.answer(answered, many=many), headers=json_records.headers_of(answered))


def _wants_stream(request: Request) -> bool:
    """Whether events are asked for: by name, not merely by `*/*`."""
    return flag(request, "stream") or EVENT_STREAM in request.headers.get("accept", "").lower()
