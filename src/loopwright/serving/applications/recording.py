"""What is kept of calls: a row each, and their spans. Many are written with one write, before answers are given."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from loopwright.errors import LoopwrightError
from loopwright.llm.spans import Span, SpanLog
from loopwright.observations.generation_rows import GenerationRow
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.rows import Ended, RowMaker
from loopwright.serving.applications.spans import spans_of, trace_of
from loopwright.serving.batching import Batcher
from loopwright.serving.observer import RequestSink

_LOG = logging.getLogger("loopwright.gateway")
_Kept = tuple[GenerationRow, Sequence[Span], "asyncio.Future[None] | None"]


class Recorder:
    """Keeps calls. Lives on one event loop.

    Args:
        sink: The request log.
        rows: Makes its rows.
        spans: Where spans go; None: none are made. A span that cannot be written is lost, and its call is answered.
    """

    def __init__(self, sink: RequestSink, *, rows: RowMaker, spans: SpanLog | None = None) -> None:
        self._sink = sink
        self._rows = rows
        self._spans = spans
        self._batcher: Batcher[_Kept] = Batcher(self._write)

    async def keep(self, course: Course, ended: Ended) -> None:
        """Return once the call's row survives a kill of the process.

        Raises:
            NoSpaceError, NoPermissionError: It could not be kept; the call is then not answered.
        """
        kept = asyncio.get_running_loop().create_future()
        self._batcher.add((*self._made(course, ended, shadow=False), kept))
        await kept

    def note(self, course: Course, ended: Ended, *, shadow: bool = False) -> None:
        """Write down a call whose answer is out already, or that has none; a row that cannot be kept is lost."""
        self._batcher.add((*self._made(course, ended, shadow=shadow), None))

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not len(self._batcher)

    def _made(self, course: Course, ended: Ended, *, shadow: bool) -> tuple[GenerationRow, Sequence[Span]]:
        row = self._rows.row(course, ended, shadow=shadow)
        if self._spans is None:
            return row, ()
        traced = msgspec.structs.replace(row, trace_id=trace_of(course)[0])
        return traced, spans_of(course, ended, content=self._rows.content != "off")

    def _write(self, batch: list[_Kept]) -> None:
        error: LoopwrightError | None = None
        try:
            self._sink.append([row for row, _, _ in batch])
        except LoopwrightError as raised:
            error = raised
        for _, _, kept in batch:
            if kept is None or kept.done():
                continue
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)
        if self._spans is not None:
            try:
                self._spans.append([span for _, spans, _ in batch for span in spans])
            except LoopwrightError as lost:
                _LOG.warning("spans of %d calls were lost: %s %s", len(batch), lost.code, lost.what)
