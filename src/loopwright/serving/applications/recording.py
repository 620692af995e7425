"""What is kept of calls: a row each, many written with one write, before answers are given."""

import asyncio

from loopwright.errors import LoopwrightError
from loopwright.observations.generation_rows import GenerationRow
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.rows import Ended, RowMaker
from loopwright.serving.batching import Batcher
from loopwright.serving.observer import RequestSink

_Kept = tuple[GenerationRow, "asyncio.Future[None] | None"]


class Recorder:
    """Keeps calls. Lives on one event loop.

    Args:
        sink: The request log.
        rows: Makes its rows.
    """

    def __init__(self, sink: RequestSink, *, rows: RowMaker) -> None:
        self._sink = sink
        self._rows = rows
        self._batcher: Batcher[_Kept] = Batcher(self._write)

    async def keep(self, course: Course, ended: Ended) -> None:
        """Return once the call's row survives a kill of the process.

        Raises:
            NoSpaceError, NoPermissionError: It could not be kept; the call is then not answered.
        """
        kept = asyncio.get_running_loop().create_future()
        self._batcher.add((self._rows.row(course, ended), kept))
        await kept

    def note(self, course: Course, ended: Ended, *, shadow: bool = False) -> None:
        """Write down a call whose answer is out already, or that has none; a row that cannot be kept is lost."""
        self._batcher.add((self._rows.row(course, ended, shadow=shadow), None))

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not len(self._batcher)

    def _write(self, batch: list[_Kept]) -> None:
        error: LoopwrightError | None = None
        try:
            self._sink.append([row for row, _ in batch])
        except LoopwrightError as raised:
            error = raised
        for _, kept in batch:
            if kept is None or kept.done():
                continue
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)
