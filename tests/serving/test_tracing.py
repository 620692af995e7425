"""What an endpoint tells a tracer, and that what the tracer returns is what is logged."""

import asyncio

import msgspec
import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import LoopwrightError, RequestRefusedError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.arms import ArmSet
from loopwright.serving.call import Call
from loopwright.serving.endpoint import Endpoint, Limits

GOOD = {"carrier": "AA", "distance": 7}
BROKEN = """
from loopwright.serving.predictor import predict as usual

def predict(model, columns):
    if (columns["distance"] != 100).any():
        raise RuntimeError("no table")
    return usual(model, columns)
"""


class Notes:
    """A tracer that keeps what it was told and marks the rows that it was shown."""

    def __init__(self):
        self.batches = []
        self.answers = []
        self.refusals = []

    def prepared(self, prepared, began, ended):
        self.batches.append((len(prepared.rows), began <= ended))

    def answered(self, outcome, asked, rows, *, now):
        self.answers.append(
            (outcome.label.arm, [pending.id for pending in asked], all(p.started <= now for p in asked))
        )
        return [msgspec.structs.replace(row, flags=("seen",)) for row in rows]

    def refused(self, label, pending, row, *, error):
        self.refusals.append((label.arm, pending.id, error.code))
        return msgspec.structs.replace(row, flags=("seen",))

    def close(self):
        pass


@pytest.fixture
def ask(champion, log):
    """Puts records to an endpoint, with a tracer or without."""

    def put(tracer, *records, code=None):
        first = champion(code=code)
        spec = Arms(
            endpoint="flights", revision=1,
            arms=(Arm(name="champion", role="champion", version=first.spec.version, share=1.0),),
        )  # fmt: skip
        clock = SystemClock()
        made = Endpoint(
            "flights", clock=clock, sink=log, observer=log, on_trip=log.on_trip, limits=Limits(), tracer=tracer
        )

        async def run():
            made.switch(ArmSet(spec=spec, champion=first))
            now = clock.monotonic()
            call = Call(id="r", records=list(records), started=now, deadline=now + 30)
            try:
                return await made.answer(call)
            except LoopwrightError as error:
                return error

        return asyncio.run(asyncio.wait_for(run(), 20))

    return put


def test_a_tracer_is_told_of_the_batch_and_of_the_answers_and_its_rows_are_logged(ask, log):
    notes = Notes()
    answered = ask(notes, GOOD, GOOD)
    assert len(answered.outputs) == 2
    assert notes.batches == [(2, True)]
    assert notes.answers == [("champion", ["r"], True)]
    assert [(row["request_id"], row["flags"]) for row in log.rows] == [("r.0", ("seen",)), ("r.1", ("seen",))]


def test_a_tracer_is_told_of_a_version_that_fails_with_the_arm_and_the_code(ask, log):
    notes = Notes()
    error = ask(notes, GOOD, code=BROKEN)
    assert notes.answers == []
    assert notes.refusals == [("champion", "r", error.code)]
    assert [row["flags"] for row in log.rows] == [("seen",)]


def test_a_tracer_is_told_of_a_refused_request_which_has_no_arm(ask, log):
    notes = Notes()
    assert isinstance(ask(notes, {"carrier": "AA", "distance": -1}), RequestRefusedError)
    assert notes.batches == []
    assert notes.refusals == [("", "r", RequestRefusedError.code)]
    assert [row["flags"] for row in log.rows] == [("seen",)]


def test_without_a_tracer_rows_are_logged_as_they_are(ask, log):
    ask(None, GOOD)
    assert [row["flags"] for row in log.rows] == [()]
