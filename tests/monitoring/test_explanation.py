"""Where to look."""

from loopwright.monitoring.explanation import Explanation, Upstream


def test_the_suspect_is_what_was_changed_last_before():
    near = Upstream(what="data", said="landed", subject="dataset:a", seq=4, at=9, before_us=1)
    far = Upstream(what="code", said="code", subject="model:a", seq=2, at=1, before_us=9)
    assert Explanation(upstream=(near, far)).suspect == near
    assert Explanation().suspect is None


def test_what_happens_all_the_time_is_suspected_last():
    usual = Upstream(what="data", said="landed", subject="dataset:a", seq=4, at=9, before_us=1, routine=True)
    unusual = Upstream(what="code", said="code", subject="model:a", seq=2, at=1, before_us=9)
    assert Explanation(upstream=(usual, unusual)).suspect == unusual
    assert Explanation(upstream=(usual,)).suspect == usual
