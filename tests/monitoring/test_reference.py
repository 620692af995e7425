"""A reference is small, plain JSON, and the same for the same rows."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from loopwright.core.codec import canonical, plain
from loopwright.core.schema import Column, Signature
from loopwright.monitoring.bins import block_counts
from loopwright.monitoring.blocks import groups_of, leave_one_out, memory_of, standard_of
from loopwright.monitoring.detectors.block_rank import BlockRank, BlockRankState
from loopwright.monitoring.reference import (
    DAY,
    HOUR,
    LABEL,
    PREDICTION,
    Reference,
    build_reference,
    label_values,
    prediction_values,
)


def test_a_reference_is_small_and_survives_json(world, refer):
    reference = refer(world.days(0, 60))
    encoded = msgspec.json.encode(reference)
    assert msgspec.json.decode(encoded, type=Reference) == reference
    assert len(encoded) < 20_000
    assert [column.name for column in reference.columns] == ["delay", "carrier", PREDICTION, LABEL]
    assert (reference.rows, reference.blocks, reference.timed) == (12_000, 60, True)


def test_counts_cover_every_row_and_figures_every_day(world, refer):
    reference = refer(world.days(0, 30))
    delay, carrier = reference.column("delay"), reference.column("carrier")
    assert sum(delay.counts) == sum(carrier.counts) == 6_000
    assert [figure.name for figure in delay.figures] == ["shape", "location"]
    assert [figure.name for figure in carrier.figures] == ["shape"]
    assert len(delay.figures[0].calibration) == 30
    assert reference.column("nothing") is None


def test_scores_of_training_rows_are_left_out(world, refer):
    rows = world.days(0, 40)
    rows[PREDICTION][rows["event_time"] < rows["event_time"][4_000]] = np.nan
    prediction = refer(rows).column(PREDICTION)
    assert sum(prediction.counts) == 4_000
    assert prediction.counts[-1] == 0
    assert len(prediction.figures[0].calibration) == 20


def test_days_with_few_rows_do_not_calibrate_but_count(world, refer):
    rows = {n: np.concatenate(p) for n, p in _pairs(world.days(0, 20), world.day(20, rows=5))}
    reference = refer(rows)
    assert reference.blocks == 20
    assert sum(reference.column("delay").counts) == 20 * 200 + 5


def _pairs(first, second):
    return [(name, (first[name], second[name])) for name in first]


def test_rows_without_event_time_are_cut_into_random_parts(world, refer):
    rows = world.days(0, 10)
    order = np.argsort(rows[LABEL], kind="stable")
    rows = {name: values[order] for name, values in rows.items()}
    reference = refer(rows, timed=False)
    assert not reference.timed
    assert reference.blocks == 60
    label = reference.column(LABEL)
    assert np.sqrt(label.standard.between[1]) < 0.05


def test_very_few_rows_make_a_reference_without_figures(world, refer):
    reference = refer(world.day(0, rows=3))
    assert all(column.figures == () for column in reference.columns)


def test_undefined_quality_is_left_out(world, refer):
    assert refer(world.days(0, 3), quality={"roc_auc": float("nan"), "brier": 0.2}).quality == {"brier": 0.2}


def test_a_multiclass_answer_is_watched_by_its_class():
    scores = np.array([[0.2, 0.7, 0.1], [np.nan] * 3, [0.1, 0.1, 0.8]])
    assert prediction_values(scores, "multiclass").tolist()[::2] == [1.0, 2.0]
    assert np.isnan(prediction_values(scores, "multiclass")[1])
    assert label_values(np.array(["b", "a"]), "multiclass", ("a", "b")).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_have_references_too(task):
    rng = np.random.default_rng(0)
    n = 2_000
    classes = ("a", "b", "c") if task == "multiclass" else ()
    signature = Signature(task=task, request=(), features=(Column(name="x", kind="float"),), classes=classes)
    scores = rng.dirichlet([1, 1, 1], size=n) if classes else rng.normal(size=n)
    label = rng.choice(list(classes), size=n) if classes else rng.normal(size=n)
    reference = build_reference(
        pl.DataFrame({"x": rng.normal(size=n)}), scores, label, event_time=None, signature=signature, quality={}
    )
    assert reference.column(PREDICTION).bins.ordered is (task == "regression")
    assert reference.column(LABEL).bins.count == (5 if classes else len(reference.column(LABEL).bins.edges) + 2)


def test_a_reference_and_a_state_of_format_1_stay_readable_and_go_on(world, count):
    golden = Path(__file__).parent / "golden"
    reference = msgspec.json.decode((golden / "reference-1.json").read_bytes(), type=Reference)
    state = msgspec.json.decode((golden / "day_block_state-1.json").read_bytes(), type=BlockRankState)
    assert (reference.format_version, reference.rows, reference.classes) == (1, 720, (False, True))
    detector = BlockRank(reference)
    assert detector.verdict(state).n == 3
    assert detector.verdict(state).value == pytest.approx(1.26026957)
    assert detector.update(state, count(world.day(15), reference), through=16).blocks == 4


def test_a_reference_of_format_2_stays_readable(count):
    data = (Path(__file__).parent / "golden" / "reference-2.json").read_bytes()
    reference = msgspec.convert(plain(data), Reference)
    assert canonical(reference) == data
    delay = reference.column("delay")
    assert (reference.format_version, reference.rows, reference.all_pairs) == (2, 720, True)
    assert [pair.name for pair in reference.pairs] == ["delay ~ wind"]
    assert 200 < reference.pairs[0].concordant + reference.pairs[0].discordant < 711
    assert delay.counts[-1] == 9
    assert delay.cuts[0] < delay.quantiles[3] < delay.cuts[1]
    assert reference.column("carrier").levels == ("AA", "B6", "UA")
    days, counts = reference.block_counts("delay", DAY)
    assert days == tuple(range(6))
    assert tuple(counts.sum(axis=0)) == delay.counts
    assert reference.block_counts("delay", HOUR) is None


def test_busy_references_keep_hours_and_the_newest_where_there_are_too_many(make_world, refer, monkeypatch):
    rows = make_world(0, rows=1_200).days(0, 4)
    reference = refer(rows)
    assert reference.period_us == HOUR
    hours, counts = reference.block_counts("delay", HOUR)
    assert len(hours) == 96
    days, daily = reference.block_counts("delay", DAY)
    assert days == (0, 1, 2, 3)
    assert (daily == counts.reshape(4, 24, -1).sum(axis=1)).all()
    monkeypatch.setattr("loopwright.monitoring.reference._MOST_CELLS", 1_000)
    kept, _ = refer(rows).block_counts("delay", HOUR)
    assert 0 < len(kept) < 20
    assert kept[-1] == 95


def test_values_and_quantiles_are_in_the_column_s_own_unit(make_world, refer):
    rows = make_world(0).days(0, 5)
    delay = refer(rows).column("delay")
    assert np.average(delay.values, weights=delay.counts[:-1]) == pytest.approx(rows["delay"].mean())
    assert delay.quantiles[0] == pytest.approx(np.quantile(rows["delay"], 0.01))


@pytest.mark.parametrize("per_day", [100, 800])
def test_figures_of_days_do_not_depend_on_the_blocks_that_are_kept(make_world, refer, per_day):
    """800 rows a day are counted by the hour, and days are added up from hours."""
    rows = make_world(3, rows=per_day).days(0, 12)
    reference = refer(rows)
    assert reference.period_us == (HOUR if per_day == 800 else DAY)
    delay = reference.column("delay")
    places = delay.bins.place(rows["delay"])
    days = block_counts(places, rows["event_time"] // DAY, delay.bins.count)
    numbers, summed = reference.block_counts("delay", DAY)
    assert {day: tuple(row) for day, row in zip(numbers, summed.astype(int).tolist(), strict=True)} == days
    kept = np.array(list(days.values()), dtype=float)
    groups = groups_of(kept.sum(axis=0))
    assert delay.standard == standard_of(kept, delay.standard.positions, groups)
    left = leave_one_out("shape", kept, delay.standard.positions, groups=groups)
    assert delay.figures[0].memory == round(memory_of(left, numbers), 4)
