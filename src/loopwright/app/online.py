"""The online features of a loop that serves: filled from history, then kept current by pushes."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.data.versions import read
from loopwright.errors import NotFoundError
from loopwright.features.materialize import refill
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView

GRACE = "30h"
"""How late a request may be answered as of its own event time: a day of catching up, and a margin."""


def online_features(workspace: Workspace, views: Sequence[FeatureView]) -> OnlineFeatures:
    """The online store of some views, as every process of this home opens it."""
    return OnlineFeatures(workspace.stores.kv, views, grace=GRACE)


def refill_online(workspace: Workspace, views: Sequence[FeatureView]) -> int:
    """Fill what the views keep from history, rows that were only pushed included; returns entities filled.

    The caller sees to it that nobody pushes meanwhile.
    """
    online = online_features(workspace, views)
    frames = {}
    for source in online.sources:
        try:
            frames[source] = read(workspace.stores, source, include_pushed=True)
        except NotFoundError:
            continue  # nothing has landed there or been pushed yet
    return refill(online, frames, as_of=workspace.clock.now())


def push_online(
    workspace: Workspace,
    views: Sequence[FeatureView],
    source: str,
    *,
    rows: Sequence[Mapping[str, Any]],
    known_at: Micros,
) -> int:
    """Bring pushed rows to the views that read them; returns entities changed."""
    reading = [view for view in views if view.source.name == source]
    return online_features(workspace, reading).push(source, rows, known_at=known_at) if reading else 0
