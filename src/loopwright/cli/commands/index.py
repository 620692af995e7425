"""`loopwright index build | list | show | search | eval | diff | promote | rollback | remove`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from loopwright.app.indexes.building import build_index, cache_folder
from loopwright.app.indexes.difference import difference
from loopwright.app.indexes.evaluating import evaluate_index
from loopwright.app.indexes.overview import index_details, indexes_of
from loopwright.app.indexes.removing import remove_index
from loopwright.app.indexes.suspicions import SUSPICIONS
from loopwright.app.indexes.versions import Move, find_version, move_champion, roll_back
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.parameters import parameters_of
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, Bars, line, progress
from loopwright.cli.show_index import (
    show_builds,
    show_difference,
    show_evaluation,
    show_index,
    show_indexes,
    show_passages,
)
from loopwright.cli.spread import spread
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.retrieval.build import Progress
from loopwright.llm.retrieval.version import How, IndexVersion, open_version
from loopwright.llm.retriever import Passage

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
Version = Annotated[
    str, typer.Argument(help="NAME, NAME@champion, NAME@latest, NAME@3, or NAME@ and a digest's start.")
]
Name = Annotated[str, typer.Argument(help="The index.")]
Reason = Annotated[str, typer.Option(help="Why, for the journal.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a search is narrowed."""

    limit: Annotated[int, typer.Option(min=1, max=100, help="Passages at most.")] = 5
    where: Annotated[list[str] | None, typer.Option(help="FIELD=VALUE of the metadata; may be given again.")] = None
    reader: Annotated[list[str] | None, typer.Option(help="A group of the reader; may be given again.")] = None
    how: Annotated[str, typer.Option(help="hybrid, vector or lexical.")] = "hybrid"

    def search(self, version: IndexVersion, question: str) -> tuple[Passage, ...]:
        """Ask a version."""
        if self.how not in get_args(How):
            raise UsageError(f"--how {self.how}", why=f"it is one of: {', '.join(get_args(How))}")
        where = parameters_of(self.where or [])
        how = cast("How", self.how)
        return version.ranked(question, limit=self.limit, where=where, reader=self.reader or (), how=how)


@app.callback()
def _noun() -> None:
    """Indexes: documents made searchable, in versions that can be compared and rolled back."""


@app.command("build")
def build(
    name: Annotated[str | None, typer.Argument(help="The index; all that the loop file declares without it.")] = None,
    *,
    stage: Annotated[bool, typer.Option(help="Leave the champion as it is; `promote` moves it later.")] = False,
    project: Project = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
) -> Answer:
    """Build what changed, and make the new version champion."""
    workspace, loaded = opened(project, file, create=True)
    if name is not None and name not in loaded.indexes:
        known = ", ".join(sorted(loaded.indexes)) or "none"
        raise NotFoundError(f"the loop file declares no index {name!r}", why=f"declared are: {known}")
    wanted = list(loaded.indexes.values()) if name is None else [loaded.indexes[name]]
    with progress() as bars:
        made = [
            build_index(workspace, one, promote=not stage, progress=_told(bars, one.name), inspection=SUSPICIONS)
            for one in wanted
        ]
    return Answer(data=made, show=lambda: show_builds(made))


@app.command("list")
def list_(project: Project = Path()) -> Answer:
    """List indexes and their versions, newest first."""
    found = indexes_of(_workspace(project))
    return Answer(data=found, show=lambda: show_indexes(found))


@app.command("show")
def show(version: Version, project: Project = Path()) -> Answer:
    """Show a version: what it was made with, its documents, its size."""
    found = index_details(_workspace(project), version)
    return Answer(data=found, show=lambda: show_index(found))


@app.command("search")
@spread(Options)
def search(
    version: Version,
    question: Annotated[str, typer.Argument(help="What is asked.")],
    *,
    project: Project = Path(),
    options: Options,
) -> Answer:
    """Show what a question finds, as a prompt would be given it."""
    workspace = _workspace(project)
    digest = find_version(workspace, version).digest
    found = options.search(open_version(workspace.stores.blobs, digest, run=cache_folder(workspace)), question)
    return Answer(data=found, show=lambda: show_passages(found))


@app.command("eval")
def eval_(
    version: Version,
    *,
    cases: Annotated[Path, typer.Option(help='Lines as {"question": "…", "relevant": ["docs/a.md"]}.')],
    compare: Annotated[str | None, typer.Option(help="Another version: a number, an alias, a digest's start.")] = None,
    rank: Annotated[list[int] | None, typer.Option(help="Where recall is measured: 1, 5 and 10 by default.")] = None,
    project: Project = Path(),
) -> Answer:
    """Measure what labelled questions find: recall, reciprocal rank, nDCG."""
    found = evaluate_index(_workspace(project), version, cases, compare=compare, ranks=rank or (1, 5, 10))
    return Answer(data=found, show=lambda: show_evaluation(found))


@app.command("diff")
def diff(before: Version, after: Version, project: Project = Path()) -> Answer:
    """Show what is different between two versions."""
    found = difference(_workspace(project), before, after)
    return Answer(data=found, show=lambda: show_difference(found))


@app.command("promote")
def promote(version: Version, *, reason: Reason = "promoted by hand", project: Project = Path()) -> Answer:
    """Make a version champion: the one that the index's name stands for."""
    return _moved(move_champion(_workspace(project), version, reason=reason))


@app.command("rollback")
def rollback(
    name: Name,
    *,
    to: Annotated[str | None, typer.Option(help="A version's number or its digest's start.")] = None,
    reason: Reason = "rolled back by hand",
    project: Project = Path(),
) -> Answer:
    """Give the champion's place back to the version before."""
    return _moved(roll_back(_workspace(project), name, to=to, reason=reason))


@app.command("remove")
def remove(version: Version, project: Project = Path()) -> Answer:
    """Take a version away that nothing needs."""
    event = remove_index(_workspace(project), version)
    return Answer(data={"removed": version, "event": event}, show=lambda: line(f"removed {version}"))


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()))


def _moved(move: Move) -> Answer:
    before = "nothing" if move.before is None else move.before[:12]
    return Answer(data=move, show=lambda: line(f"{move.name}@{move.alias}: {before} → {move.now[:12]}"))


def _told(bars: Bars, name: str) -> Progress:
    """A bar that appears with the first chunks that are embedded."""
    advance: Callable[[int], None] | None = None
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal advance, told
        advance = advance or bars.start(f"embedding {name}", total)
        advance(done - told)
        told = done

    return tell
