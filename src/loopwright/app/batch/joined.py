"""The joined features of a part: as history knows them at each row's event time, or as the online store does now."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import polars as pl

from loopwright.app.online import online_features
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.schema import Signature
from loopwright.data.versions import read
from loopwright.errors import NotFoundError
from loopwright.features.join import join_features
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView

_AT = "_event_time"


class JoinedFeatures(Protocol):
    """Gives n accepted rows their joined features."""

    def join(self, values: pl.DataFrame) -> pl.DataFrame:
        """(n, n_request) → (n, n_features), in the order of the rows; null where there is no value."""


class NoViews:
    """For a model without feature views."""

    def join(self, values: pl.DataFrame) -> pl.DataFrame:
        return values.select([])


class FromHistory:
    """The join that training makes, over rows that were known when the batch was planned.

    Args:
        signature: Names the event time.
        views: What is joined.
        frames: Each source's rows, with `_known_at`.
        known_at: Rows that became known later are left out; also the event time of a row without one.
    """

    def __init__(
        self,
        signature: Signature,
        views: Sequence[FeatureView],
        frames: Mapping[str, pl.DataFrame],
        *,
        known_at: Micros,
    ) -> None:
        self._signature = signature
        self._views = tuple(views)
        self._frames = frames
        self._known_at = known_at

    def join(self, values: pl.DataFrame) -> pl.DataFrame:
        base = _asked(self._signature, self._views, values, otherwise=self._known_at)
        named = [name for view in self._views for name in view.features]
        if not base.height:
            return pl.DataFrame(schema=dict.fromkeys(named, pl.Float64))
        at = base[_AT]
        first, last = int(at.min()), int(at.max())  # type: ignore[arg-type]
        views = [(view, self._near(view, first, last)) for view in self._views]
        return join_features(base, views, event_time=_AT, known=self._known_at).select(named)

    def _near(self, view: FeatureView, first: Micros, last: Micros) -> pl.DataFrame:
        """The rows that a window of these event times can reach, so that a part costs what it needs."""
        frame = self._frames[view.source.name]
        when = pl.col(view.event_time)
        if isinstance(frame.schema[view.event_time], pl.Datetime):
            when = when.dt.timestamp("us")
        elif not frame.schema[view.event_time].is_integer():
            return frame
        return frame.filter(when.is_between(first - view.horizon, last))


class FromOnline:
    """What a request would be given at this moment.

    Args:
        signature: Names the event time.
        views: What is read.
        online: The online store.
        known_at: Now; also the event time of a row without one.
    """

    def __init__(
        self, signature: Signature, views: Sequence[FeatureView], online: OnlineFeatures, *, known_at: Micros
    ) -> None:
        self._signature = signature
        self._views = tuple(views)
        self._online = online
        self._known_at = known_at

    def join(self, values: pl.DataFrame) -> pl.DataFrame:
        base = _asked(self._signature, self._views, values, otherwise=self._known_at)
        schema = {
            name: pl.Int64() if rule.kind == "count" else pl.Float64()
            for view in self._views
            for name, rule in view.features.items()
        }
        distinct = base.unique(maintain_order=True)
        asked = [(row, row[_AT]) for row in distinct.iter_rows(named=True)]
        found = self._online.read(asked, known_at=self._known_at) if asked else []
        answered = distinct.with_columns(pl.DataFrame(found, schema=schema, orient="row").get_columns())
        return base.join(answered, on=base.columns, how="left", nulls_equal=True, maintain_order="left").select(*schema)


def joined_features(
    workspace: Workspace, signature: Signature, views: Sequence[FeatureView], *, as_of: str, known_at: Micros
) -> JoinedFeatures:
    """What joins the features of a version.

    Args:
        workspace: Where history and the online store are.
        signature: The version's.
        views: The version's.
        as_of: `event` or `now`.
        known_at: What may be known.

    Raises:
        NotFoundError: A view's dataset has no rows.
    """
    if not views:
        return NoViews()
    if as_of == "now":
        return FromOnline(signature, views, online_features(workspace, views), known_at=known_at)
    needed: dict[str, dict[str, None]] = {}
    for view in views:
        columns = needed.setdefault(view.source.name, {})
        columns.update(dict.fromkeys([*view.entities, *view.columns, view.event_time]))
    frames = {}
    for name, columns in needed.items():
        try:
            frames[name] = read(workspace.stores, name, known_at=known_at, columns=list(columns), include_pushed=True)
        except NotFoundError as error:
            raise NotFoundError(f"the features from {name!r} have nothing to join", why=error.what) from error
    return FromHistory(signature, views, frames, known_at=known_at)


def _asked(
    signature: Signature, views: Sequence[FeatureView], values: pl.DataFrame, *, otherwise: Micros
) -> pl.DataFrame:
    """The entities and the event time of each row."""
    entities = dict.fromkeys(entity for view in views for entity in view.entities)
    own = signature.event_time
    dated = own is not None and own in values.columns and values.schema[own] == pl.Int64
    at = pl.col(str(own)).fill_null(otherwise) if dated else pl.repeat(otherwise, pl.len(), dtype=pl.Int64)
    return values.select(*(pl.col(name) for name in entities), at.alias(_AT))
