"""`loopwright predict`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.batch.asked import PART_ROWS, Asked, AsOf, BatchResult
from loopwright.app.batch.run import score_batch
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, Bars, line, progress
from loopwright.cli.spread import spread
from loopwright.serving.door import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a table is scored, apart from where it is."""

    keep: Annotated[str, typer.Option(help="Input columns beside each answer, as id,day; '*' for all.")] = ""
    query: Annotated[str | None, typer.Option(help="What is read of a database.")] = None
    table: Annotated[str | None, typer.Option(help="The table of a database that answers go to.")] = None
    policy: Annotated[Policy | None, typer.Option(help="A row outside the contract: refuse it, or flag it.")] = None
    as_of: Annotated[AsOf | None, typer.Option(help="Features as of each row's event time, or now.")] = None
    overwrite: Annotated[bool, typer.Option(help="Replace what is at OUT; score a finished batch again.")] = False
    part_rows: Annotated[int, typer.Option(help="Rows in memory at a time.")] = PART_ROWS
    threads: Annotated[int | None, typer.Option(help="CPU threads; all cores if not given.")] = None

    def asked(self, given: str, output: str, model: str) -> Asked:
        """The batch that is asked for."""
        return Asked(
            input=given,
            output=output,
            model=model,
            query=self.query,
            table=self.table,
            keep=tuple(self.keep.split(",")) if self.keep else None,
            policy=self.policy,
            as_of=self.as_of,
            part_rows=self.part_rows,
            overwrite=self.overwrite,
        )


@spread(Options)
def command(
    *,
    input_: Annotated[
        str,
        typer.Argument(metavar="IN", help="A file, a glob in quotes, a folder, s3://…, postgresql://…, sqlite:///…"),
    ],
    output: Annotated[str, typer.Argument(metavar="OUT", help="A file, a folder, s3://…, or a database.")],
    model: Annotated[str, typer.Option(help="NAME@champion, @previous, @candidate, or @ a digest's beginning.")] = "",
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
    options: Options,
) -> Answer:
    """Score a whole table with one version: one answer a row, in parts; run again after a kill, it goes on."""
    workspace = open_workspace(find_project(project.resolve()), explicit={"home": home})
    asked = options.asked(input_, output, model)
    with progress() as bars:
        done = score_batch(workspace, asked, base=Path.cwd(), threads=options.threads, on_rows=_bar(bars))
    return Answer(data=done, show=lambda: show(done))


def _bar(bars: Bars) -> Callable[[int, int], None]:
    """Draws how many rows are done."""
    told = 0
    advance: Callable[[int], None] | None = None

    def on_rows(done: int, whole: int) -> None:
        nonlocal told, advance
        advance = advance or bars.start("rows", whole)
        advance(done - told)
        told = done

    return on_rows


def show(done: BatchResult) -> None:
    """What a batch did, for a person."""
    speed = f" in {done.seconds:,.1f} s" if done.seconds else ""
    began = "already done: " if done.again else ""
    line(f"{began}{done.scored:,} of {done.rows:,} rows scored by {done.model} {done.version[:12]}{speed}")
    if done.resumed and not done.again:
        line(f"  {done.resumed} of {done.parts} parts were done before")
    if done.flagged:
        line(f"  {done.flagged:,} of them are outside the contract and flagged")
    if done.refused:
        line(f"  {done.refused:,} refused, with field and rule: {done.rejects}")
    line(f"  {done.output}")
    line(f"  loopwright trace batch:{done.id}")
