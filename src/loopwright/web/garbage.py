"""The garbage collector of a worker looks at what requests leave behind, and not at what models are made of.

Walking through a loaded model and its libraries takes tens of milliseconds, in which no request is answered.
"""

import asyncio
import gc
from collections.abc import Mapping
from typing import Any, Protocol

_LOOK_S = 0.25
_THRESHOLDS = (10_000, 20, 20)


class Answering(Protocol):
    """An endpoint of any kind."""

    @property
    def arms(self) -> Any | None:
        """What answers now."""


async def keep_settled(endpoints: Mapping[str, Answering]) -> None:
    """Whenever versions have been loaded, count everything that is there now as here to stay. Until cancelled."""
    gc.set_threshold(*_THRESHOLDS)
    known: dict[str, int] = {}
    while True:
        found = {name: id(arms) for name, endpoint in endpoints.items() if (arms := endpoint.arms) is not None}
        if found != known:
            if not known:
                gc.collect()  # what starting up left behind; later the pause would be seen
            gc.freeze()
            known = found
        await asyncio.sleep(_LOOK_S)
