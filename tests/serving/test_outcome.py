"""What a batch's outcome says to each request of it, and to the request log."""

import pytest

from loopwright.core.schema import Column, Signature
from loopwright.serving.call import Call
from loopwright.serving.door import Checked, Door
from loopwright.serving.intake import Prepared
from loopwright.serving.observer import ArmLabel
from loopwright.serving.outcome import Outcome
from loopwright.serving.outputs import Score
from loopwright.serving.pending import PendingCall

COLUMNS = (Column(name="flight", kind="string"), Column(name="distance", kind="int"))
DOOR = Door(Signature(task="binary", request=COLUMNS, features=COLUMNS[1:], classes=(False, True), key="flight"))
LABEL = ArmLabel(endpoint="flights", release="rel-1", arm="canary", version="v" * 64)
SECOND = 1_000_000


def pending(id, *distances, at=0):
    call = Call(id=id, records=[{"flight": f"{id}-{d}", "distance": d} for d in distances], started=10.0, deadline=20.0)
    made = PendingCall(call, future=None)
    made.rows, made.at = made.check(DOOR), at
    return made


def outcome(*asked, **changes):
    """Scores of 0.1, 0.2, … over all records of the requests."""
    rows = [row for one in asked for row in one.rows]
    prepared = Prepared(
        rows=rows,
        joined=[{"delay": index} for index in range(len(rows))],
        event_times=[index * SECOND for index in range(len(rows))],
    )
    outputs = [Score(False, (index + 1) / 10) for index in range(len(rows))]
    return Outcome(label=LABEL, door=DOOR, prepared=prepared, outputs=outputs, **changes)


@pytest.fixture
def asked():
    return [pending("a", 1), pending("b", 2, 3, at=7 * SECOND), pending("c", 4)]


def test_each_request_is_answered_with_its_own_records(asked):
    explained = [{"distance": float(index)} for index in range(4)]
    found = outcome(*asked, fallback_from="champion", explanations=explained).answered(asked[1].call, 1, asked[1].rows)
    assert [one["score"] for one in found.outputs] == [0.2, 0.3]
    assert found.explanations == [{"distance": 1.0}, {"distance": 2.0}]
    assert (found.endpoint, found.release, found.arm, found.version) == ("flights", "rel-1", "canary", "v" * 64)
    assert found.fallback_from == "champion"


def test_an_answer_nobody_wanted_explained_has_no_explanations_and_keeps_its_flags(asked):
    asked[0].rows = [Checked(values={"flight": "x", "distance": 9}, flags=("distance:maximum",))]
    found = outcome(*asked).answered(asked[0].call, 0, asked[0].rows)
    assert found.explanations is None
    assert found.flags == [("distance:maximum",)]


def test_every_record_has_a_row_of_its_own_with_what_the_version_was_given(asked):
    rows = outcome(*asked, fallback_from="champion").log_rows(asked, now=10.25)
    assert [row.request_id for row in rows] == ["a", "b.0", "b.1", "c"]
    assert [row.key for row in rows] == ["a-1", "b-2", "b-3", "c-4"]
    assert [row.at for row in rows] == [0, 7 * SECOND, 7 * SECOND, 0]
    assert [row.event_time for row in rows] == [0, SECOND, 2 * SECOND, 3 * SECOND]
    assert [row.features["delay"] for row in rows] == [0, 1, 2, 3]
    assert [row.score for row in rows] == [0.1, 0.2, 0.3, 0.4]
    assert {(row.arm, row.release, row.fallback_from, row.status) for row in rows} == {
        ("canary", "rel-1", "champion", 200)
    }
    assert {row.latency_us for row in rows} == {250_000}


def test_requests_that_somebody_else_answers_have_no_row_and_shift_nobody_s(asked):
    rows = outcome(*asked).log_rows(asked, now=10.0, lost={id(asked[1])})
    assert [(row.request_id, row.score) for row in rows] == [("a", 0.1), ("c", 0.4)]
