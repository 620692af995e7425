"""A supervised process ends with its parent: the parent holds the other end of its standard input."""

import os
import threading
from collections.abc import Callable

from loopwright.core.clock import Clock

_PATIENCE_S = 15.0


def when_parent_ends(stop: Callable[[], object], clock: Clock) -> None:
    """Call `stop` from a thread once standard input closes; end the process hard if it is still there after 15 s."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        stop()
        clock.sleep(_PATIENCE_S)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()
