"""An embedder that several use in one process: its model is in memory once."""

from collections.abc import Callable
from threading import Lock

from loopwright.llm.embedder import Embedder


class OpenedOnce:
    """Opens an embedder when it is first asked for, and gives the same one ever after. Safe from several threads; one
    that could not be opened is tried again.

    Args:
        open: Opens it.
    """

    def __init__(self, open: Callable[[], Embedder]) -> None:
        self._open = open
        self._lock = Lock()
        self._opened: Embedder | None = None

    def __call__(self) -> Embedder:
        """The embedder. Raises what `open` raises."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened
