"""What a silence covers."""

import pytest

from loopwright.monitoring.incident import Finding, Incident
from loopwright.monitoring.silence import Silence, silencing


def incident(*findings):
    return Incident(
        id="inc_1",
        cause="version:aaaa",
        opened_at=0,
        updated_at=0,
        findings=tuple(
            Finding(check=c, reason="", columns=columns, value=None, threshold=None, first_at=0, last_at=0)
            for c, columns in findings
        ),
    )


ONE = incident(("drift", ("wind", "windy")))
TWO = incident(("drift", ("wind",)), ("performance(roc_auc, 0.03)", ()))


@pytest.mark.parametrize(
    ("found", "pattern", "covered"),
    [
        (ONE, {"incident": "inc_1"}, True),
        (ONE, {"incident": "inc_2"}, False),
        (ONE, {"cause": "version:*"}, True),
        (ONE, {"cause": "endpoint:*"}, False),
        (ONE, {"check": "drift"}, True),
        (TWO, {"check": "drift"}, False),
        (TWO, {"check": "*"}, True),
        (ONE, {"column": "wind*"}, True),
        (ONE, {"column": "wind"}, False),
        (TWO, {"column": "wind"}, False),
        (ONE, {"check": "perf*", "column": "wind*"}, False),
        (ONE, {"endpoint": "small"}, True),
        (ONE, {"endpoint": "other"}, False),
    ],
)
def test_a_silence_must_cover_the_whole_incident(found, pattern, covered):
    silence = Silence(id="sil_1", until=10, actor="user:x", reason="known", at=0, **pattern)
    assert silencing(found, [silence], endpoint="small", at=5) == (silence if covered else None)
    assert silencing(found, [silence], endpoint="small", at=10) is None
