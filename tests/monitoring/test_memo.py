"""What was asked before is not worked out again, and what differs is asked anew."""

import contextlib

import numpy as np

from loopwright.monitoring.memo import Memo, fingerprint


def test_a_question_is_worked_out_once():
    asked = []
    memo = Memo(most=10)
    for _ in range(3):
        assert memo.of("a", lambda: asked.append("a") or 1.5) == 1.5
    assert asked == ["a"]


def test_the_answer_that_was_asked_for_longest_ago_is_dropped():
    asked = []
    memo = Memo(most=2)

    def ask(name):
        return memo.of(name, lambda: asked.append(name) or 0.0)

    for name in ("a", "b", "a", "c", "a", "b"):
        ask(name)
    assert asked == ["a", "b", "c", "b"]


def test_an_error_is_no_answer():
    memo = Memo(most=2)
    for _ in range(2):
        with contextlib.suppress(ZeroDivisionError):
            memo.of("a", lambda: 1 / 0)
    assert memo.of("a", lambda: 2.0) == 2.0


def test_other_values_types_and_shapes_have_other_fingerprints():
    told = [
        np.zeros(4),
        np.ones(4),
        np.zeros(4, dtype=np.int64),
        np.zeros((2, 2)),
        np.zeros(5),
        np.array(["a", "b"]),
        np.array(["a", "c"]),
        np.array(["a", "b"], dtype=object),
        np.array([1, "1"], dtype=object),
        np.array(["1", "1"], dtype=object),
    ]
    assert len({fingerprint(each) for each in told}) == len(told)
    assert fingerprint(np.arange(6)[::2]) == fingerprint(np.array([0, 2, 4]))
    assert fingerprint(np.zeros(2), np.ones(1)) != fingerprint(np.zeros(1), np.ones(2))
