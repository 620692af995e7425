"""Opening the place where a batch's answers go, and seeing that nothing of somebody else's is lost there."""

import shutil
from pathlib import Path

from loopwright.app.batch.asked import BatchPlan
from loopwright.app.batch.database import checked_table, is_database, open_database
from loopwright.app.batch.files import format_of, is_remote
from loopwright.app.batch.parts_log import PartsLog
from loopwright.app.batch.plan import is_single_file, shown_address
from loopwright.app.batch.sink import REJECTS, FileSink, FolderSink, Sink
from loopwright.app.batch.table_sink import TableSink
from loopwright.errors import UsageError

_PARTS = "part-*.parquet"


def open_sink(plan: BatchPlan, folder: Path) -> Sink:
    """The sink of a plan.

    Args:
        plan: With its id.
        folder: Where what only the work needs may lie.

    Raises:
        SourceError: A database cannot be opened.
    """
    output = plan.asked.output
    if is_database(output):
        return TableSink(
            open_database(output), address=shown_address(output), table=checked_table(plan.asked.table), batch=plan.id
        )
    log = PartsLog(folder / f"{plan.id}.parts")
    kind = format_of(output)
    if kind is not None and is_single_file(output):
        return FileSink(output, kind, FolderSink(str(folder / plan.id), plan.id, log))
    return FolderSink(output, plan.id, log)


def clear_output(plan: BatchPlan, sink: Sink, *, earlier: str | None, overwrite: bool) -> None:
    """Before the first part is written: what is at the output already goes away where that is wished.

    Args:
        plan: The plan that begins.
        sink: Its sink.
        earlier: The batch that the same wish made before, if any.
        overwrite: Whether what is there may go.

    Raises:
        UsageError: Something is there and is to stay.
    """
    if isinstance(sink, TableSink):
        if earlier is not None and overwrite:
            sink.remove(earlier)
        return
    output = plan.asked.output
    if is_remote(output):
        return
    path = Path(output)
    single = is_single_file(output)
    if path.exists() and path.is_dir() == single:
        raise UsageError(f"{output} is in the way", why="a folder is there" if single else "a file is there")
    there = path.exists() if single else any(path.glob(_PARTS))
    if there and not overwrite:
        raise UsageError(
            f"{output} holds something already",
            why="it was not written by this batch, or what it was made from has changed",
            fix="Name another output, or add --overwrite.",
        )
    if there and not single:
        for part in path.glob(_PARTS):
            part.unlink()
        shutil.rmtree(path / REJECTS, ignore_errors=True)


def still_there(plan: BatchPlan) -> bool:
    """Whether the output of a finished batch is where it was put; a remote one is taken at its word."""
    output = plan.asked.output
    return is_database(output) or is_remote(output) or Path(output).exists()
