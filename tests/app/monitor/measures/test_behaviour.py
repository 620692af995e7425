"""How often the endpoint says one thing."""

import loopwright as lw

YES = {"output": {"prediction": True, "score": 0.9}}


def test_the_share_is_that_of_answers_whichever_version_gave_them(served):
    served.request(0, 6)
    served.request(0, 2, **YES)
    served.request(0, 2, version="b" * 64, **YES)
    served.request(0, 5, status=500)
    served.request(0, 5, arm="default", **YES)
    (figure,) = served.figures(lw.watch.behaviour())
    assert (figure.total, figure.n) == (4, 10)
    assert figure.parts == {served.version[:12]: 0.25, "b" * 12: 1.0}
    (other,) = served.figures(lw.watch.behaviour(False))
    assert other.total == 6


def test_a_class_that_the_model_does_not_know_is_told(served):
    (figure,) = served.figures(lw.watch.behaviour("fraud"))
    assert figure.value is None
    assert "its classes are False, True" in figure.reason


def test_without_answers_there_is_no_figure(served):
    served.request(0, 3, status=503)
    assert served.figures(lw.watch.behaviour())[0].value is None
