"""Tasks that a server runs beside its requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from loopwright.errors import StoreError

_PAUSE_S = 1.0
_QUIET_S = 60.0
_LOG = logging.getLogger("loopwright.background")


async def kept_up(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a background task for ever: a store that is busy or full, or a bug, ends a round and not the task.

    The same failure is logged once a minute, not once a round: on a full disk that would be several lines a second.
    """
    clock = asyncio.get_running_loop().time
    said: dict[str, float] = {}
    while True:
        try:
            await run()
        except StoreError as error:
            text = f"{error.code} {error.what} ({error.why})"
            if clock() - said.get(text, -_QUIET_S) >= _QUIET_S:
                said = {text: clock()}
                _LOG.warning("%s: %s", what, text)
        except Exception:  # noqa: BLE001 - boundary: a background task; the trace is in the log
            _LOG.exception("%s failed", what)
        await asyncio.sleep(_PAUSE_S)
