"""A table's joined features are those that training would make, or serving would answer."""

import polars as pl
import pytest
from msgspec import structs
from tests.app.conftest import SENSED_AT, Project, rows

from loopwright.app.batch.asked import Asked
from loopwright.app.batch.joined import FromHistory, FromOnline, joined_features
from loopwright.app.batch.run import score_batch
from loopwright.app.online import online_features, refill_online
from loopwright.app.training_set import ALL_KNOWN
from loopwright.app.versions import champion_of, manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.core.schema import Signature
from loopwright.data.versions import read
from loopwright.errors import NotFoundError
from loopwright.features.join import join_features
from loopwright.features.view import FeatureView
from loopwright.serving.door import Door
from loopwright.serving.intake import Intake
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

HOUR = 3_600_000_000


def contract(workspace: Workspace) -> tuple[Signature, tuple[FeatureView, ...]]:
    version = champion_of(workspace, "small")
    assert version is not None
    manifest = manifest_of(workspace, version)
    return manifest.signature, views_of(workspace, manifest)


def asked(count: int = 120) -> pl.DataFrame:
    """Rows as the door gives them: some before all readings, some without a time, some of a room without readings."""
    at = [SENSED_AT - place * 2 * 60_000_000 if place % 7 else None for place in range(count)]
    rooms = [("a", "b", None, "empty")[place % 4] for place in range(count)]
    return pl.DataFrame(
        {"x": [0.5] * count, "room": rooms, "at": at, "id": range(count)}, schema_overrides={"at": pl.Int64}
    )


def test_history_gives_what_the_training_join_gives(sensed: Project) -> None:
    workspace = sensed.workspace()
    signature, views = contract(workspace)
    values = asked()

    found = joined_features(workspace, signature, views, as_of="event", known_at=SENSED_AT).join(values)

    base = values.with_columns(pl.col("at").fill_null(SENSED_AT))
    frames = [(view, read(workspace.stores, view.source.name)) for view in views]
    wanted = join_features(base, frames, event_time="at", known=ALL_KNOWN).select(found.columns)
    assert found.equals(wanted)
    assert found["readings"].max() > 1  # type: ignore[operator]


def test_a_row_alone_gets_what_it_gets_among_others(sensed: Project) -> None:
    workspace = sensed.workspace()
    signature, views = contract(workspace)
    history = joined_features(workspace, signature, views, as_of="event", known_at=SENSED_AT)
    values = asked(40)

    alone = pl.concat([history.join(values.slice(row, 1)) for row in range(values.height)])

    assert alone.equals(history.join(values))


def test_the_online_store_gives_what_serving_gives(sensed: Project) -> None:
    workspace = sensed.workspace()
    signature, views = contract(workspace)
    refill_online(workspace, views)
    values = asked().with_columns(pl.col("at").fill_null(SENSED_AT))

    found = joined_features(workspace, signature, views, as_of="now", known_at=SENSED_AT).join(values)

    online = online_features(workspace, views)
    wanted = online.read([(row, row["at"]) for row in values.iter_rows(named=True)], known_at=SENSED_AT)
    assert found.to_dicts() == wanted


def test_what_became_known_later_is_left_out(sensed: Project) -> None:
    workspace = sensed.workspace()
    signature, views = contract(workspace)

    with pytest.raises(NotFoundError):
        joined_features(workspace, signature, [], as_of="event", known_at=0) and joined_features(
            workspace, signature, [FeatureView.from_json(views[0].to_json() | {"source": "none"})],
            as_of="event", known_at=0,
        )  # fmt: skip
    early = joined_features(workspace, signature, views, as_of="event", known_at=SENSED_AT - 1).join(asked())

    assert early["readings"].drop_nulls().max() == 0


def test_a_file_is_scored_with_features_as_requests_are(sensed: Project) -> None:
    workspace = sensed.workspace()
    signature, views = contract(workspace)
    refill_online(workspace, views)
    minutes = pl.Series([SENSED_AT - place * 60_000_000 for place in range(1, 1_201)]).cast(pl.Datetime("us"))
    frame = rows(1_200).with_columns(at=minutes, room=pl.Series(["a", "b"] * 600))
    frame.write_parquet(sensed.folder / "in.parquet")
    wished = Asked(input="in.parquet", output="out.parquet", part_rows=1_000)

    for as_of in ("event", "now"):
        other = structs.replace(wished, output=f"{as_of}.parquet", as_of=as_of)
        assert score_batch(workspace, other, base=sensed.folder).scored == 1_200
    score_batch(workspace, wished, base=sensed.folder)

    version = champion_of(workspace, "small") or ""
    model = Model.load(bundle_folder(workspace.stores.blobs, version, workspace.home / "run"))
    online = online_features(workspace, views)

    class Reader:
        def read(self, requests, *, known_at):  # type: ignore[no-untyped-def]
            return online.read(requests, known_at=known_at)

    intake = Intake(Door(signature), Reader())
    names = [column.name for column in signature.request]
    checked = [
        intake.door.check(row) for row in frame.with_columns(pl.col("at").dt.timestamp("us")).select(names).to_dicts()
    ]
    prepared = intake.prepare(checked, [SENSED_AT] * len(checked))
    columns = intake.door.columns([one.values for one in checked], prepared.joined)
    served = model.scores(columns)["score"].tolist()
    assert pl.read_parquet(sensed.folder / "now.parquet")["score"].to_list() == served
    of_history = pl.read_parquet(sensed.folder / "event.parquet")["score"]
    assert of_history.to_list() == pl.read_parquet(sensed.folder / "out.parquet")["score"].to_list()
    within = of_history.head(200).to_list()  # the readings of the last hours are all in the online store
    assert within == served[:200]


def test_the_reader_is_chosen_by_what_is_asked(sensed: Project) -> None:
    workspace = sensed.workspace()
    signature, views = contract(workspace)

    assert isinstance(joined_features(workspace, signature, views, as_of="event", known_at=SENSED_AT), FromHistory)
    assert isinstance(joined_features(workspace, signature, views, as_of="now", known_at=SENSED_AT), FromOnline)
    assert joined_features(workspace, signature, (), as_of="now", known_at=0).join(asked(3)).width == 0
