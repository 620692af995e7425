"""The online features of a loop that serves: filled from history, then kept current by pushes."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from loopwright.app.versions import manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.data.versions import read
from loopwright.errors import NotFoundError
from loopwright.features.materialize import refill
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView
from loopwright.release.routing import Arms

GRACE = "30h"
"""How late a request may be answered as of its own event time: a day of catching up, and a margin."""


def online_features(workspace: Workspace, views: Sequence[FeatureView]) -> OnlineFeatures:
    """The online store of some views, as every process of this home opens it."""
    return OnlineFeatures(workspace.stores.kv, views, grace=GRACE)


def refill_online(workspace: Workspace, views: Sequence[FeatureView]) -> int:
    """Fill what the views keep from history, rows that were only pushed included; returns entities filled.

    The caller holds `nobody_pushes` meanwhile.
    """
    online = online_features(workspace, views)
    frames = {}
    for source in online.sources:
        try:
            frames[source] = read(workspace.stores, source, include_pushed=True)
        except NotFoundError:
            continue  # nothing has landed there or been pushed yet
    return refill(online, frames, as_of=workspace.clock.now())


@contextmanager
def nobody_pushes(workspace: Workspace) -> Iterator[None]:
    """One filling or pushing of online features at a time, over all processes of this machine. Not reentrant."""
    folder = workspace.home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "online.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def views_of_arms(workspace: Workspace, arms: Arms | None) -> tuple[FeatureView, ...]:
    """The feature views of every version that may have to answer, the one kept for a failing champion too; once each.

    Args:
        workspace: The workspace.
        arms: None names no version.
    """
    named = [] if arms is None else [*(arm.version for arm in arms.arms), *([arms.previous] if arms.previous else [])]
    read_ = [view for version in dict.fromkeys(named) for view in views_of(workspace, manifest_of(workspace, version))]
    return tuple({view.digest(): view for view in read_}.values())
