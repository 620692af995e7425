import numpy as np
import pytest

from loopwright.release.comparison import Waiting, grouped, ranked
from loopwright.stats.quality import rank_auc

NOBODY = Waiting()


def test_groups_use_every_value_once():
    rng = np.random.default_rng(0)
    candidate, champion = rng.random(7), rng.random(40)
    ours, theirs, waiting = grouped(NOBODY, candidate, champion, seed=3)
    assert (ours.shape, theirs.shape, waiting) == ((7, 1), (7, 1), NOBODY)
    assert sorted(ours[:, 0]) == sorted(candidate)
    ours, theirs, _ = grouped(NOBODY, np.arange(4.0), np.arange(8.0), seed=1)
    assert (ours.sum(), theirs.sum()) == (6.0, 14.0)


def test_the_draw_depends_on_the_seed_and_the_counts_alone():
    rng = np.random.default_rng(0)
    candidate, champion = rng.random(7), rng.random(40)
    first, again, other = (grouped(NOBODY, candidate, champion, seed=seed)[1].tolist() for seed in (3, 3, 4))
    assert first == again != other


def test_what_finds_no_partner_waits_for_one():
    _, _, waiting = grouped(NOBODY, np.array([1.0, 0.0]), np.empty(0), seed=0)
    assert waiting == Waiting(candidate=((1.0,), (0.0,)))
    ours, theirs, waiting = grouped(waiting, np.empty(0), np.array([0.5, 0.5]), seed=0)
    assert (sorted(ours[:, 0]), theirs[:, 0].tolist(), waiting) == ([0.0, 1.0], [0.5, 0.5], NOBODY)


def test_only_the_latest_wait():
    _, _, waiting = grouped(NOBODY, np.empty(0), np.arange(1_000.0), seed=0)
    assert [row[0] for row in waiting.champion] == list(np.arange(872.0, 1_000.0))


def test_rows_of_several_columns_stay_together():
    rows = np.arange(10.0).reshape(5, 2)
    ours, _, _ = grouped(NOBODY, rows, rows, seed=0)
    assert sorted(map(tuple, ours)) == sorted(map(tuple, rows))


@pytest.mark.parametrize("shape", [(1, 9), (4, 4), (3, 50), (50, 3)])
def test_pairs_of_labels_are_as_many_as_the_rarer_label(shape):
    rng = np.random.default_rng(0)
    values, waiting = ranked(NOBODY, rng.random((shape[0], 2)), rng.random((shape[1], 2)), seed=0)
    assert (len(values), waiting) == (min(shape), NOBODY)
    assert ((values >= -1.0) & (values <= 1.0)).all()


def test_a_label_that_meets_no_other_waits():
    _, waiting = ranked(NOBODY, np.array([[0.9, 0.8]]), np.empty((0, 2)), seed=0)
    assert waiting == Waiting(candidate=((0.9, 0.8),))
    values, waiting = ranked(waiting, np.empty((0, 2)), np.array([[0.95, 0.1]]), seed=0)
    assert (values.tolist(), waiting) == ([1.0], NOBODY)


def test_ties_count_one_half():
    values, _ = ranked(NOBODY, np.array([[0.5, 0.6]]), np.array([[0.5, 0.5]]), seed=0)
    assert values.tolist() == [0.5]


def test_their_mean_is_the_difference_of_the_areas():
    rng = np.random.default_rng(1)
    n = 40_000
    positive = rng.random(n) < 0.2
    champion = positive * 1.0 + rng.normal(size=n)
    candidate = positive * 0.7 + 0.8 * champion + 0.6 * rng.normal(size=n)
    scores = np.stack((candidate, champion), axis=1)
    values, _ = ranked(NOBODY, scores[positive], scores[~positive], seed=0)
    wanted = rank_auc(positive, champion) - rank_auc(positive, candidate)
    assert values.mean() == pytest.approx(wanted, abs=4 * values.std() / len(values) ** 0.5)
