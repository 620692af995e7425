"""A dataset's newest version at a glance: its profile, and what changed since the version before."""

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.data.diff import Diff, diff
from loopwright.data.profile import Profile, profile
from loopwright.errors import NotFoundError


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """What there is and what is new; `change` is None for a first version."""

    name: str
    version: str
    profile: Profile
    change: Diff | None


def view_dataset(workspace: Workspace, name: str) -> DatasetView:
    """Profile the newest version and compare it with the one before.

    Raises:
        NotFoundError: The dataset has no version.
    """
    moves = workspace.stores.ledger.history(workspace.ref("dataset", name, "latest"))
    versions = [move.target for move in moves if move.target is not None]
    if not versions:
        raise NotFoundError(f"dataset {name!r} has no version", fix="Run `loopwright run`, or see `loopwright status`.")
    change = diff(workspace.stores, name, before=versions[-2], after=versions[-1]) if len(versions) > 1 else None
    return DatasetView(
        name=name, version=versions[-1], profile=profile(workspace.stores, name, version=versions[-1]), change=change
    )
