"""What the server answers, for programs (`/openapi.json`) and for people (`/docs/{endpoint}`)."""

from loopwright.web.asking import Asking
from loopwright.web.routes import Route


class OpenApiRoutes:
    """`/openapi.json`, `/docs` and `/docs/{endpoint}`."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def routes(self) -> list[Route]:
        """The routes."""
        return []
