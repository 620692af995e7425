"""Tasks that a server runs beside its requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from loopwright.errors import StoreError

_PAUSE_S = 1.0
_LOG = logging.getLogger("loopwright.background")


async def kept_up(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a background task for ever: a store that is busy or full, or a bug, ends a round and not the task."""
    while True:
        try:
            await run()
        except StoreError as error:
            _LOG.warning("%s: %s %s (%s)", what, error.code, error.what, error.why)
        except Exception:  # noqa: BLE001 - boundary: a background task; the trace is in the log
            _LOG.exception("%s failed", what)
        await asyncio.sleep(_PAUSE_S)
