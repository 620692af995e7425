"""The online features of the loops that serve: filled from history once, then kept current by pushes."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, iso
from loopwright.data.versions import read
from loopwright.errors import NotFoundError
from loopwright.features.materialize import materialize
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView

GRACE = "30h"
"""How late a request may be answered as of its own event time: a day of catching up, and a margin."""


def online_features(workspace: Workspace, views: Sequence[FeatureView]) -> OnlineFeatures:
    """The online store of some views, as every process of this home opens it."""
    return OnlineFeatures(workspace.stores.kv, views, grace=GRACE)


def ensure_online(workspace: Workspace, views: Sequence[FeatureView]) -> int:
    """Fill what the views keep from the datasets' history, unless that has happened before; returns entities filled.

    Called by the one process that also pushes: between the two no row is lost or counted twice.
    """
    filled = 0
    for view in views:
        online = online_features(workspace, [view])
        for layout in online.layouts:
            marker = f"{layout.prefix}@filled"
            if workspace.stores.kv.get_many([marker]):
                continue
            try:
                frame = read(workspace.stores, layout.source, include_pushed=True)
            except NotFoundError:
                continue
            filled += materialize(online, {layout.source: frame}, as_of=workspace.clock.now())
            workspace.stores.kv.put_many({marker: iso(workspace.clock.now()).encode()})
    return filled


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
