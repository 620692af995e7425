"""Looking at releases: the newest ones in a line each, and one in full."""

import msgspec

from loopwright.app.releases.running import KIND, RunningRelease, read_release
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import NotFoundError
from loopwright.release.strategy import Strategy

NEWEST = 50


class ReleaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A release at a glance.

    Attributes:
        id: As `rel_…`.
        endpoint: Where.
        strategy: As `canary`.
        status: `running`, `promoted`, `rolled_back`, `inconclusive`, `aborted`.
        paused: Whether somebody holds it.
        candidates: The versions on trial, by the names of their arms.
        started_at: When it began.
        moved_at: When it moved last.
        requests: Of the arms on trial.
        labels: Compared.
        reason: The decisive one of the last move.
    """

    id: str
    endpoint: str
    strategy: str
    status: str
    paused: bool
    candidates: dict[str, str]
    started_at: Micros
    moved_at: Micros
    requests: int
    labels: int
    reason: str


def releases(workspace: Workspace, endpoint: str | None = None, *, limit: int = NEWEST) -> tuple[ReleaseLine, ...]:
    """The newest releases, the newest first."""
    where: dict[str, str | float | int | bool] = {} if endpoint is None else {"endpoint": endpoint}
    found = workspace.stores.ledger.search(KIND, where=where, limit=limit)
    return tuple(line_of(read_release(record.data)) for record in found)


def find_release(workspace: Workspace, id_: str | None = None, *, endpoint: str | None = None) -> RunningRelease:
    """One release: by its id, or the newest.

    Raises:
        NotFoundError: There is none.
    """
    if id_ is not None:
        record = workspace.stores.ledger.record(KIND, id_)
        if record is None:
            raise NotFoundError(f"there is no release {id_!r}", fix="Run `loopwright release list` to see them.")
        return read_release(record.data)
    newest = releases(workspace, endpoint, limit=1)
    if not newest:
        raise NotFoundError("there is no release yet", fix="Start one with `loopwright release start --version 2`.")
    return find_release(workspace, newest[0].id)


def strategy_name(strategy: Strategy) -> str:
    """The strategy as it is stored and typed, as `blue_green`."""
    return str(type(strategy).__struct_config__.tag)


def line_of(release: RunningRelease) -> ReleaseLine:
    """A release at a glance."""
    last = release.steps[-1] if release.steps else None
    return ReleaseLine(
        id=release.id,
        endpoint=release.plan.endpoint,
        strategy=" then ".join(strategy_name(stage) for stage in release.plan.stages),
        status=release.state.status,
        paused=release.state.paused_at is not None,
        candidates=release.plan.candidates,
        started_at=release.state.started_at,
        moved_at=last.at if last else release.state.started_at,
        requests=release.state.requests,
        labels=release.state.labels,
        reason=last.reasons[0] if last and last.reasons else "",
    )
