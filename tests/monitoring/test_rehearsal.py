"""Streams of a rehearsal are like the user's own, in numbers that only grow, and changed only where it was asked."""

from itertools import islice, pairwise

import numpy as np
import pytest

from loopwright.monitoring.planted import Change
from loopwright.monitoring.rehearsal import BlockRehearsal, RowRehearsal
from loopwright.monitoring.rules.drift import drift


def drawn(rehearsal, seed=0, n=40, change=None):
    detectors, windows = rehearsal.begin(np.random.default_rng(seed), mean_times=(100, 1_000), change=change)
    return detectors, list(islice(windows, n))


def test_windows_of_rows_have_so_many_rows_and_the_references_shares(world, refer):
    reference = refer(world.days(0, 30))
    detectors, windows = drawn(RowRehearsal(reference, drift(window="300 rows")))
    assert [window.blocks for window in windows] == [(i,) for i in range(40)]
    total = sum(np.asarray(window.columns["carrier"][i], dtype=float) for i, window in enumerate(windows))
    assert total.sum() == 40 * 300
    assert total[:3] / total.sum() == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert [detector.verdict(detector.start()).threshold for detector in detectors] == [100, 1_000]


def test_only_the_asked_column_changes(world, refer):
    reference = refer(world.days(0, 30))
    change = Change(kind="missing", size=0.4, subject=0)
    for rehearsal in (RowRehearsal(reference, drift(window="300 rows")), BlockRehearsal(reference, drift())):
        _, windows = drawn(rehearsal, change=change)
        missing = {
            name: np.mean(
                [next(iter(w.columns[name].values()))[-1] / sum(next(iter(w.columns[name].values()))) for w in windows]
            )
            for name in ("delay", "carrier")
        }
        assert missing["delay"] == pytest.approx(0.4, abs=0.03)
        assert missing["carrier"] == 0.0


def test_blocks_are_the_references_own_in_weeks_and_never_those_it_is_measured_by(world, refer):
    reference = refer(world.days(3, 70))
    detectors, windows = drawn(BlockRehearsal(reference, drift()), n=35)
    numbers = [window.blocks[0] for window in windows]
    assert all(later > earlier for earlier, later in pairwise(numbers))
    days, counts = reference.block_counts("delay", 86_400_000_000)
    known = {tuple(row): day for day, row in zip(days, counts.astype(int).tolist(), strict=True)}
    own = [known[next(iter(window.columns["delay"].values()))] for window in windows]
    assert all((day - number) % 7 == 0 for day, number in zip(own, numbers, strict=True))
    assert len(detectors[0].start().columns[0].figures[0].bets.history) == 35
    assert len(set(own)) <= 35


def test_the_same_seed_draws_the_same_stream(world, refer):
    reference = refer(world.days(0, 60))
    for rehearsal in (RowRehearsal(reference, drift(window="300 rows")), BlockRehearsal(reference, drift())):
        assert drawn(rehearsal, 5)[1] == drawn(rehearsal, 5)[1] != drawn(rehearsal, 6)[1]


def test_too_few_days_are_refused(world, refer):
    with pytest.raises(ValueError, match="8 are needed"):
        BlockRehearsal(refer(world.days(0, 6)), drift())
