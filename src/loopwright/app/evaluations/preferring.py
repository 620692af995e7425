"""Two results of one evaluation, shown to a judge side by side."""

from types import ModuleType

from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.evaluations.declared import chosen, declared
from loopwright.app.evaluations.opened import RouteJudge
from loopwright.app.evaluations.results import KeptResult, read_result
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError, UsageError
from loopwright.evals.judges.pairwise import Pairwise
from loopwright.evals.pairs import Preferences, prefer


async def preferences(
    workspace: Workspace, module: ModuleType, first: KeptResult, *, second: KeptResult, agreed: bool
) -> Preferences:
    """Which of two versions' answers a judge prefers.

    Args:
        workspace: The workspace.
        module: A file that declares the evaluation, for its cases, and one `pairwise` judge.
        first: One result.
        second: The other, of the same evaluation.
        agreed: Whether it may cost money.

    Raises:
        NotFoundError: The file does not declare the evaluation, or no judge of pairs.
        UsageError: The cases have changed since, or the cost was not agreed to.
    """
    (evaluation,) = chosen(declared(module), [first.evaluation])
    judges = [one for one in (*vars(module).values(), *evaluation.scorers) if isinstance(one, Pairwise)]
    if len({judge.digest for judge in judges}) != 1:
        raise NotFoundError(
            f"the file declares {len(judges)} judges of pairs", why="one is expected",
            fix="Write better = lw.evals.pairwise(judge=…) into it.",
        )  # fmt: skip
    if not agreed and any(upstream.key for upstream in judges[0].pinned.route.upstreams):
        raise UsageError("asking the judge may cost money", fix="Add --yes.")
    cases = evaluation.cases(workspace.project)
    results = [read_result(workspace, one) for one in (first, second)]
    async with OpenedApplications(workspace, "evaluation") as opened:
        judge = RouteJudge(opened, workspace)
        return await prefer(judges[0], cases, first=results[0], second=results[1], judge=judge)
