"""A request that a coroutine waits for: answered or refused once, and never after its caller has gone."""

import asyncio

import pytest

from loopwright.core.schema import Column, Signature
from loopwright.errors import DeadlineError, RequestRefusedError
from loopwright.serving.call import Call
from loopwright.serving.door import Door
from loopwright.serving.pending import PendingCall, check_records, record_id

COLUMNS = (Column(name="distance", kind="int", minimum=0),)
DOOR = Door(Signature(task="regression", request=COLUMNS, features=COLUMNS))
CALL = Call(
    id="r", records=[{"distance": 1}, {"distance": 2}], started=1.0, deadline=3.0, received_at=5, pinned="abc",
    headers={"x-team": "blue"}, explain=True,
)  # fmt: skip


class Said:
    """An outcome that says who asked it."""

    def answered(self, call, start, rows):
        return call.id, start, [row.values["distance"] for row in rows]


def waiting(act):
    """What a caller gets from a request that `act` is done to."""

    async def run():
        made = PendingCall(CALL, asyncio.get_running_loop().create_future())
        made.rows = made.check(DOOR)
        act(made)
        return await made.future

    return asyncio.run(asyncio.wait_for(run(), 10))


def test_it_asks_what_its_call_asks():
    made = PendingCall(CALL, future=None)
    for name in ("id", "started", "deadline", "received_at", "pinned", "headers", "explain"):
        assert getattr(made, name) == getattr(CALL, name)


def test_its_caller_gets_the_rows_of_the_outcome_that_are_its_own():
    assert waiting(lambda made: made.give(Said(), 4)) == ("r", 4, [1, 2])


def test_its_caller_gets_the_refusal():
    with pytest.raises(DeadlineError, match="too late"):
        waiting(lambda made: made.refuse(DeadlineError("too late")))


@pytest.mark.parametrize("late", [lambda made: made.give(Said(), 0), lambda made: made.refuse(DeadlineError("late"))])
def test_news_for_a_caller_who_has_gone_is_dropped(late):
    def leave(made):
        made.future.cancel()
        late(made)

    with pytest.raises(asyncio.CancelledError):
        waiting(leave)


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_refusal_of_one_of_several_records_says_which(bad):
    records = [{"distance": 1}] * 3
    records[bad] = {"distance": -1}
    with pytest.raises(RequestRefusedError) as refused:
        check_records(DOOR, records)
    assert refused.value.context["record"] == bad


def test_a_refusal_of_a_lone_record_counts_none():
    with pytest.raises(RequestRefusedError) as refused:
        check_records(DOOR, [{"distance": -1}])
    assert "record" not in refused.value.context


def test_a_record_s_id_is_the_request_s_own_where_it_is_alone():
    assert record_id("r", 0, 1) == "r"
    assert [record_id("r", index, 2) for index in range(2)] == ["r.0", "r.1"]
    assert [CALL.record_id(index) for index in range(2)] == ["r.0", "r.1"]
