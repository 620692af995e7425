"""Are the features that the server used the same as those that history gives? Recomputed offline, as known then."""

from collections.abc import Sequence

import polars as pl

from loopwright.app.observed import answered
from loopwright.app.versions import champion_of, manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.data.versions import read
from loopwright.features.parity import ParityReport, compare_features
from loopwright.features.view import FeatureView
from loopwright.observations.request_log import TABLE

MOST_ROWS = 50_000


def check_parity(workspace: Workspace, endpoint: str, *, most_rows: int = MOST_ROWS) -> ParityReport | None:
    """Compare the newest logged feature values with an offline recomputation at each row's event time and known-at.

    Rows of versions that lack one of the champion's views are left out: they have logged other features. None where
    nothing was logged, or the version has no feature views.
    """
    version = champion_of(workspace, endpoint)
    views = views_of(workspace, manifest_of(workspace, version)) if version else ()
    if not views or TABLE not in workspace.stores.tables.names():
        return None
    rows = answered(workspace.stores.tables, endpoint)
    if rows.height:
        rows = rows.filter(pl.col("version").is_in(_with_views(workspace, rows, views))).sort("at").tail(most_rows)
    if not rows.height:
        return None
    frames = {view.source.name: read(workspace.stores, view.source.name, include_pushed=True) for view in views}
    return compare_features(rows, [(view, frames[view.source.name]) for view in views])


def _with_views(workspace: Workspace, rows: pl.DataFrame, views: Sequence[FeatureView]) -> list[str]:
    """The versions that answered the rows and had all these views."""
    wanted = {view.digest() for view in views}
    return [
        version
        for version in rows["version"].unique().to_list()
        if wanted <= {view.digest() for view in views_of(workspace, manifest_of(workspace, version))}
    ]
