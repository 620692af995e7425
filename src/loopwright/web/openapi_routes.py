"""What the server answers, for programs (`/openapi.json`) and for people (`/docs/{endpoint}`)."""

from loopwright.core.codec import to_json
from loopwright.serving.endpoint import Endpoint
from loopwright.web.asking import Asking, arms_of
from loopwright.web.encodings import compressed
from loopwright.web.http import Request, Response
from loopwright.web.model_page import index_page, model_page
from loopwright.web.openapi import Described, document
from loopwright.web.routes import Answer, Route


class OpenApiRoutes:
    """`/openapi.json`, `/docs` and `/docs/{endpoint}`: made anew each time, from the versions that answer then."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(path="/openapi.json", handlers={"GET": self._document}),
            Route(path="/docs", handlers={"GET": self._index}),
            Route(path="/docs/{endpoint}", handlers={"GET": self._page}),
        ]

    async def _document(self, request: Request) -> Answer:
        return compressed(Response(body=to_json(document(self._described()))), request.headers)

    async def _index(self, request: Request) -> Answer:
        ready = self._described()
        unready = sorted(set(self._asking.endpoints) - {one.name for one in ready})
        return compressed(index_page(ready, unready), request.headers)

    async def _page(self, request: Request, endpoint: str) -> Answer:
        scheme = "https" if request.secure else "http"
        address = f"{scheme}://{request.headers.get('host', 'localhost')}"
        return compressed(model_page(described(self._asking.endpoint(endpoint)), address), request.headers)

    def _described(self) -> list[Described]:
        endpoints = sorted(self._asking.endpoints.items())
        return [described(endpoint) for _, endpoint in endpoints if endpoint.arms is not None]


def described(endpoint: Endpoint) -> Described:
    """An endpoint, as its champion is. Raises NotReadyError."""
    champion = arms_of(endpoint).champion
    bundle = champion.model.bundle
    return Described(
        name=endpoint.name,
        version=bundle.version,
        signature=bundle.signature,
        example=bundle.example(),
        strict=champion.intake.door.policy == "refuse",
    )
