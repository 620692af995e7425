"""The online features of a loop that serves: filled from history, then kept current by pushes."""

from collections.abc import Sequence

from loopwright.app.workspace import Workspace
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
