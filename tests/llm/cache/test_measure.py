from itertools import pairwise

import pytest

from loopwright.core.clock import SECOND
from loopwright.llm.cache.measure import (
    TRAFFIC_THRESHOLDS,
    Judged,
    chosen,
    judge_pairs,
    judge_trials,
    needed,
    on_pairs,
    on_traffic,
)
from loopwright.llm.cache.pairs import LabelledPair, read_pairs
from loopwright.llm.cache.trials import CacheTrial
from loopwright.llm.embedding.hashing import HashingEmbedder


def _judged(same, different, *, doubted=False):
    """Pairs by their similarities."""
    return [
        *(Judged(similarity=value, doubted=doubted, same=True) for value in same),
        *(Judged(similarity=value, doubted=doubted, same=False) for value in different),
    ]


def _at(rows, threshold):
    return next(row for row in rows if row.threshold == threshold)


def test_shares_are_those_of_pairs_at_or_above_the_threshold():
    rows = on_pairs(_judged([0.9, 0.8, 0.7, 0.6], [0.85, 0.5]))
    row = _at(rows, 0.8)
    assert (row.hits.value, row.hits.n) == (0.5, 4)
    assert (row.false_hits.value, row.false_hits.n) == (0.5, 2)
    assert _at(rows, 0.86).false_hits.value == 0.0


def test_a_doubted_pair_is_no_hit_and_counts_for_likeness_alone():
    row = _at(on_pairs(_judged([0.9], [0.9], doubted=True)), 0.8)
    assert (row.hits.value, row.false_hits.value) == (0.0, 0.0)
    assert (row.hits_without_doubts, row.false_without_doubts) == (1.0, 1.0)


def test_no_wrong_one_of_299_states_one_percent_and_of_298_it_does_not():
    # 0.99 ** 299 < 0.05 < 0.99 ** 298: the exact one-sided bound.
    assert needed(0.01) == 299
    for n, allowed in ((299, True), (298, False)):
        rows = on_pairs(_judged([0.95] * 10, [0.3] * n))
        assert (chosen(rows, at_most=0.01, from_strictest=True) is not None) == allowed


def test_with_nothing_that_differs_nothing_is_stated():
    rows = on_pairs(_judged([0.95] * 10, []))
    assert all(row.at_most == 1.0 for row in rows)
    assert chosen(rows, at_most=0.5, from_strictest=True) is None


def test_the_threshold_is_the_highest_that_keeps_nearly_all_allowed_hits():
    rows = on_pairs(_judged([0.95] * 96 + [0.72] * 4, [0.3] * 400))
    assert chosen(rows, at_most=0.01, from_strictest=True).threshold == 0.95
    rows = on_pairs(_judged([0.95] * 90 + [0.72] * 10, [0.3] * 400))
    assert chosen(rows, at_most=0.01, from_strictest=True).threshold == 0.72


def test_from_the_strictest_on_no_threshold_below_one_that_failed_is_chosen():
    good = _at(on_pairs(_judged([0.95] * 10, [0.3] * 400)), 0.6)
    bad = _at(on_pairs(_judged([0.95] * 10, [0.95] * 400)), 0.7)
    assert chosen([good, bad], at_most=0.01, from_strictest=True) is None
    assert chosen([good, bad], at_most=0.01, from_strictest=False) is good


def test_a_cache_that_would_never_answer_gets_no_threshold():
    assert chosen(on_pairs(_judged([0.2], [0.1] * 400)), at_most=0.01, from_strictest=True) is None


def test_higher_thresholds_never_have_more_hits():
    rows = on_pairs(judge_pairs(read_pairs(), HashingEmbedder(512)))
    for lower, higher in pairwise(rows):
        assert lower.hits.value >= higher.hits.value
        assert lower.false_hits.value >= higher.false_hits.value


def test_pairs_are_judged_as_the_cache_would():
    pairs = [
        LabelledPair(one="How do I pay?", other="How can I pay?", same=True),
        LabelledPair(one="10 km to miles", other="10 miles to km", same=False, kind="direction"),
    ]
    same, different = judge_pairs(pairs, HashingEmbedder(512))
    assert (same.doubted, same.same) == (False, True)
    assert (different.doubted, different.kind) == (True, "direction")
    assert different.similarity > 0.99


def _trial(similarity, **fields):
    found = None if similarity is None else "f" * 64
    return CacheTrial(at=SECOND, version="v", embedder="e", question="q", found=found, similarity=similarity, **fields)


def test_answers_are_the_same_by_their_text_or_by_likeness_without_doubts():
    judged = judge_trials(
        [
            _trial(0.9, same_answer=True, answers_alike=0.2), _trial(0.9, same_answer=False, answers_alike=0.95),
            _trial(0.9, same_answer=False, answers_alike=0.95, answer_doubts=("numbers",)),
            _trial(0.9, same_answer=False, answers_alike=0.89), _trial(None), _trial(0.9, doubts=("words",)),
        ],
        alike=0.9,
    )  # fmt: skip
    assert [one.same for one in judged] == [True, True, False, False, False, False]
    assert [one.doubted for one in judged] == [False] * 5 + [True]


def test_of_traffic_the_false_are_counted_among_hits_and_hits_among_all():
    judged = [*_judged([0.95] * 6, [0.95] * 2), *judge_trials([_trial(None)] * 8, alike=0.9)]
    row = _at(on_traffic(judged), 0.94)
    assert (row.hits.value, row.hits.n) == (0.5, 16)
    assert (row.false_hits.value, row.false_hits.n) == (0.25, 8)
    assert _at(on_traffic(judged), 0.97).hits.value == 0.0


def test_the_bound_of_traffic_holds_for_all_thresholds_together():
    rows = on_traffic(_judged([0.99] * 529, []))
    least = needed(0.01, unsure=0.05 / len(TRAFFIC_THRESHOLDS))
    assert least == 528
    assert rows[0].at_most == pytest.approx(1 - (0.05 / 10) ** (1 / 529), rel=1e-6)
    assert chosen(rows, at_most=0.01, from_strictest=False) is not None
    assert chosen(on_traffic(_judged([0.99] * 527, [])), at_most=0.01, from_strictest=False) is None


def test_a_strict_threshold_with_few_hits_does_not_hide_a_good_one_of_traffic():
    rows = on_traffic(_judged([0.99] * 3 + [0.9] * 997, []))
    assert chosen(rows, at_most=0.01, from_strictest=False).threshold == 0.88
