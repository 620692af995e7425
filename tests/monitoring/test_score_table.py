"""What is bet on of a reference, and with which weight."""

import numpy as np
import pytest

from loopwright.monitoring.reference import LABEL, PREDICTION
from loopwright.monitoring.score_table import ScoreTable


def test_every_column_has_its_scores_and_all_weights_add_up(world, refer):
    reference = refer(world.days(0, 30))
    table = ScoreTable(reference)
    assert table.watched == ("delay", "carrier", PREDICTION, LABEL)
    figures = {(score.subject, score.figure) for score in table.scores}
    assert {("delay", "place"), ("delay", "missing"), ("carrier", "level 2"), (PREDICTION, "tails")} <= figures
    assert (PREDICTION, "missing") not in figures
    assert table.weights.sum() == pytest.approx(1.0)
    of = {
        name: sum(w for s, w in zip(table.scores, table.weights, strict=True) if (s.subject, s.family) == name)
        for name in (("delay", "values"), ("carrier", "values"))
    }
    assert of[("delay", "values")] == pytest.approx(of[("carrier", "values")])


def test_counts_that_are_not_given_count_nothing(world, refer):
    reference = refer(world.days(0, 30))
    table = ScoreTable(reference)
    counted = table.counted({"delay": reference.columns[0].counts}, None)
    bets = table.bets(counted, table.reference.plus(counted))
    spoke = {score.subject for score, rows in zip(table.scores, bets.rows, strict=True) if rows}
    assert spoke == {"delay"}
    levels = table.counted({"carrier": reference.columns[1].counts}, None)
    assert levels.rows[0] == sum(reference.columns[1].counts[:-1])
    assert bets.log_e.shape[0] == len(table.scores)
    assert np.isfinite(bets.log_e).all()


def test_only_pairs_of_watched_columns_are_watched(world, refer):
    assert {s.subject for s in ScoreTable(refer(world.days(0, 30)), ("carrier",)).scores} == {"carrier"}
