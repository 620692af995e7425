"""Are the features that the server used the same as those that history gives? Recomputed offline, as known then."""

import polars as pl

from loopwright.app.observed import answered
from loopwright.app.versions import champion_of, manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.data.versions import read
from loopwright.features.parity import ParityReport, compare_features
from loopwright.observations.request_log import TABLE

MOST_ROWS = 50_000


def check_parity(workspace: Workspace, endpoint: str, *, most_rows: int = MOST_ROWS) -> ParityReport | None:
    """Compare the newest logged feature values with an offline recomputation at each row's event time and known-at.

    None where nothing was logged, or the version has no feature views.
    """
    version = champion_of(workspace, endpoint)
    views = views_of(workspace, manifest_of(workspace, version)) if version else ()
    rows = (
        answered(workspace.stores.tables, endpoint).sort("at").tail(most_rows)
        if TABLE in workspace.stores.tables.names()
        else pl.DataFrame()
    )
    if not views or not rows.height:
        return None
    frames = {view.source.name: read(workspace.stores, view.source.name, include_pushed=True) for view in views}
    return compare_features(rows, [(view, frames[view.source.name]) for view in views])
