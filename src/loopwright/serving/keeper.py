"""The keeper seam: how a worker loads, switches and watches the arms of one endpoint, whatever answers there."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from loopwright.errors import LoopwrightError
from loopwright.release.routing import Arms


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What answers for an endpoint now.

    Attributes:
        spec: The arms, as the ledger says them.
        versions: Every version whose bundle is in use.
        states: By arm, as `ready` or `tripped`.
        failed: Whether something else answers for the champion, which cannot be started.
    """

    spec: Arms
    versions: tuple[str, ...]
    states: Mapping[str, str]
    failed: bool = False


class Keeper(Protocol):
    """Keeps one endpoint at the arms that it is told. Lives on one event loop, but for `load`."""

    @property
    def name(self) -> str:
        """The endpoint's."""

    def kept(self) -> Kept | None:
        """What answers now; None until something does."""

    def load(self, target: str, cause: int) -> Any:
        """The arms of a record, ready to answer. Runs in a thread; what answers now goes on answering.

        Args:
            target: The record's id.
            cause: The journal's number of the event that set them; 0: none did.

        Raises:
            LoopwrightError: They cannot be loaded. Anything else that it raises is its bug, and treated alike.
        """

    def switch(self, loaded: Any) -> LoopwrightError | None:
        """From the next request on, what `load` gave answers; returns what is wrong with it all the same."""

    def heed(self, data: Mapping[str, Any]) -> None:
        """Stop an arm that another worker found broken: the data of an event `arm_tripped` of this endpoint."""

    def watch(self) -> None:
        """Stop arms that failed while nobody was asking."""

    async def close(self) -> None:
        """Let go of everything."""
