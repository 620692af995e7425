"""Models of the past."""

import numpy as np
from tests.app.policies.conftest import FIRST_DAY, TURNED

from loopwright.app.champion_model import KIND as CHAMPION
from loopwright.app.policies.history import History
from loopwright.app.policies.trained import Trainer, judged, source_of
from loopwright.core.verdict import Outcome
from loopwright.gates.builtin import at_least, not_worse_than_champion
from loopwright.monitoring.reference import DAY
from loopwright.pipelines.graph import Node, SourceSpec


def test_a_model_of_an_instant_is_trained_once(trainer: Trainer) -> None:
    first = trainer.train((FIRST_DAY + 30) * DAY)
    assert trainer.train((FIRST_DAY + 30) * DAY) is first
    assert first.rows == 29 * 40


def test_answers_come_in_chunks_and_are_those_of_the_whole(history: History, trainer: Trainer) -> None:
    model = trainer.train((FIRST_DAY + 30) * DAY)
    since, until = (FIRST_DAY + 31) * DAY + 5, (FIRST_DAY + 118) * DAY + 77
    rows = history.between(since, until)
    whole = model.scores(history.rows)[rows]
    assert np.array_equal(model.scores_between(since, until), whole)
    assert len(whole) == rows.stop - rows.start > 0


def test_a_reference_knows_answers_on_the_holdout_only(trainer: Trainer) -> None:
    model = trainer.train((FIRST_DAY + 30) * DAY)
    prediction = model.reference.column("(prediction)")
    assert model.reference.rows == model.rows
    assert prediction is not None
    assert sum(prediction.counts) == len(model.holdout)
    assert model.reference.quality["roc_auc"] > 0.8


def test_the_gate_compares_both_on_the_candidates_holdout(trainer: Trainer) -> None:
    old, new = trainer.train(TURNED * DAY), trainer.train((TURNED + 40) * DAY)
    checks = (at_least("roc_auc", 0.6), not_worse_than_champion("roc_auc", margin=0.01))
    assert judged(checks, new, old) is Outcome.PASS
    assert judged((at_least("roc_auc", 0.999),), new, old) is Outcome.FAIL


def test_training_that_goes_on_from_the_champion_gets_its_model(trainer: Trainer, history: History) -> None:
    champion = trainer.train((FIRST_DAY + 30) * DAY)
    node = Node(name="champion_model", source=SourceSpec(kind=CHAMPION, spec={}))
    rows = history.known_by((FIRST_DAY + 40) * DAY)
    assert source_of(node, rows, champion) is champion.model
    assert source_of(node, rows, None) is None
    assert source_of(history.graph.nodes[0], rows, champion) is rows
