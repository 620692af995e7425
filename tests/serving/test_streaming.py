"""Answers event by event: as the model yields them, logged once, ended with their reader."""

import asyncio
import json
from contextlib import aclosing

import pytest
from tests.serving.conftest import signature_of, trained

from loopwright.core.clock import SystemClock
from loopwright.errors import (
    ArmFailedError,
    DeadlineError,
    ModelLoadError,
    NotFoundError,
    NotReadyError,
    RequestRefusedError,
    UsageError,
)
from loopwright.release.routing import Arms
from loopwright.serving.arms import ArmSet
from loopwright.serving.call import Call
from loopwright.serving.endpoint import Endpoint, Limits
from loopwright.serving.model import Model
from loopwright.serving.streaming import stream

STREAM = """
import time
from pathlib import Path

def stream(model, record):
    try:
        for part in range(int(record["distance"])):
            if part == 66:
                raise RuntimeError("no more")
            if part == 77:
                time.sleep(2)
            if part == 88:
                yield "not a dict"
            yield {"text": f"{record['carrier']}{part} ", "part": part}
    finally:
        with Path(__file__).with_name("closed").open("a") as told:
            told.write(f"{record['distance']}\\n")
"""


@pytest.fixture
def endpoint(log):
    return Endpoint("flights", clock=SystemClock(), sink=log, observer=log, on_trip=log.on_trip, limits=Limits())


def call(distance=3, *, seconds=30.0, records=None, **named):
    now = SystemClock().monotonic()
    asked = [{"carrier": "AA", "distance": distance}] if records is None else records
    return Call(id="r1", records=asked, started=now, deadline=now + seconds, **named)


def armset(arm):
    return ArmSet(spec=Arms.only_champion("flights", arm.spec.version), champion=arm)


def taken(endpoint, arm, asked, *, most=10_000):
    """The events that are read, and the error that ended them."""

    async def run():
        if arm is not None:
            endpoint.switch(armset(arm))
        found = []
        try:
            async with aclosing(stream(endpoint, asked)) as events:
                async for event in events:
                    found.append(event)
                    if len(found) == most:
                        break
        except Exception as error:
            return found, error
        return found, None

    return asyncio.run(asyncio.wait_for(run(), 20))


def closed_of(model):
    told = model.bundle.modules / "closed"
    return [int(line) for line in told.read_text().splitlines()] if told.exists() else []


def test_events_come_as_the_model_yields_them_and_are_logged_once(endpoint, champion, log):
    arm = champion(stream=STREAM)
    found, error = taken(endpoint, arm, call(3))
    assert error is None
    assert found == [{"text": f"AA{part} ", "part": part} for part in range(3)]
    (row,) = log.rows
    assert row["request_id"] == "r1"
    said = row["output"].said()
    assert json.loads(said.pop("events")) == found
    assert said == {"count": 3, "text": "AA0 AA1 AA2 ", "ended": "complete"}
    assert (row["arm"], row["status"], row["score"]) == ("champion", 200, None)
    assert log.answers == ["champion"]


def test_no_events_are_an_answer_too(endpoint, champion, log):
    found, error = taken(endpoint, champion(stream=STREAM.replace("range(int(record", "range(0 * int(record")), call())
    assert (found, error) == ([], None)
    assert log.rows[0]["output"].count == 0


def test_many_events_do_not_wait_for_their_reader_without_end(endpoint, champion):
    arm = champion(stream=STREAM.replace("== 66", "< 0").replace("== 77", "< 0").replace("== 88", "< 0"))

    async def run():
        endpoint.switch(armset(arm))
        async with aclosing(stream(endpoint, call(5000))) as events:
            await anext(events)
            await asyncio.sleep(0.2)
            assert closed_of(arm.model) == []
            ahead = [event async for event in events]
        return len(ahead)

    assert asyncio.run(asyncio.wait_for(run(), 20)) == 4999


def test_where_the_reader_leaves_the_generator_is_closed_and_what_it_said_is_logged(endpoint, champion, log):
    arm = champion(stream=STREAM.replace("== 66", "< 0").replace("== 77", "< 0").replace("== 88", "< 0"))
    found, error = taken(endpoint, arm, call(5000), most=2)
    assert (len(found), error) == (2, None)
    for _ in range(200):
        if closed_of(arm.model):
            break
        asyncio.run(asyncio.sleep(0.01))
    assert closed_of(arm.model) == [5000]
    assert [(row["output"].count, row["output"].ended) for row in log.rows] == [(2, "left")]


@pytest.mark.parametrize(("distance", "kind"), [(70, ArmFailedError), (90, ArmFailedError)])
def test_an_error_ends_the_stream_and_is_logged_with_what_came_before(endpoint, champion, log, distance, kind):
    code = STREAM.replace("== 66", f"== {distance - 4}").replace("== 77", "< 0")
    found, error = taken(endpoint, champion(stream=code), call(distance))
    assert isinstance(error, kind)
    assert 0 < len(found) < distance
    assert log.rows[0]["output"].ended == "LW508"
    assert log.rows[0]["output"].count == len(found)


def test_an_event_that_is_no_dict_is_the_wrong_shape(endpoint, champion):
    code = STREAM.replace("== 66", "< 0").replace("== 77", "< 0")
    _, error = taken(endpoint, champion(stream=code), call(100))
    assert error.context["cause"] == "shape"


def test_an_error_before_the_first_event_is_a_request_without_an_answer(endpoint, champion, log):
    code = STREAM.replace("== 66", "== 0 and record['distance'] != 100")
    found, error = taken(endpoint, champion(stream=code), call(3))
    assert found == []
    assert isinstance(error, ArmFailedError)
    assert [(row["status"], row["error"], row["inputs"]) for row in log.rows] == [(502, "LW508", {})]
    assert log.failed_causes == [("champion", "error")]


def test_an_event_that_does_not_come_in_time_ends_the_stream(endpoint, champion, log):
    code = STREAM.replace("== 66", "< 0")
    found, error = taken(endpoint, champion(stream=code), call(80, seconds=0.4))
    assert isinstance(error, DeadlineError)
    assert len(found) == 77
    assert log.rows[0]["output"].ended == "LW503"


def test_long_streams_are_logged_up_to_a_limit(endpoint, champion, log):
    code = STREAM.replace("== 66", "< 0").replace("== 77", "< 0").replace("== 88", "< 0").replace('"{', '"x" * 40 + "{')
    found, _ = taken(endpoint, champion(stream=code.replace('f"x"', '"x"')), call(3000))
    said = log.rows[0]["output"]
    assert len(found) == said.count == 3000
    assert len(json.loads(said.events)) == 1000
    assert len(said.text) <= 65_536


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (call(records=[{"carrier": "AA"}]), RequestRefusedError),
        (call(records=[{"carrier": "AA", "distance": 2}] * 2), UsageError),
        (call(pinned="0" * 64), NotFoundError),
    ],
)
def test_what_cannot_be_streamed_is_refused_and_logged_without_content(endpoint, champion, log, asked, kind):
    found, error = taken(endpoint, champion(stream=STREAM), asked)
    assert found == []
    assert isinstance(error, kind)
    assert [row["error"] for row in log.rows] == [kind.code]
    assert log.rows[0]["inputs"] == {}


def test_the_champion_may_be_pinned(endpoint, champion):
    arm = champion(stream=STREAM)
    found, error = taken(endpoint, arm, call(2, pinned=arm.spec.version[:12]))
    assert (len(found), error) == (2, None)


def test_models_without_a_stream_do_not_stream(endpoint, champion):
    assert isinstance(taken(endpoint, champion(), call())[1], UsageError)


def test_without_a_version_nothing_streams(endpoint):
    assert isinstance(taken(endpoint, None, call())[1], NotReadyError)


def test_it_gives_predictions_beside(endpoint, champion):
    arm = champion(stream=STREAM)

    async def run():
        endpoint.switch(armset(arm))
        async with aclosing(stream(endpoint, call(5))) as events:
            await anext(events)
            answered = await endpoint.answer(call(100))
            return answered, [event async for event in events]

    answered, rest = asyncio.run(asyncio.wait_for(run(), 20))
    assert 0 <= answered.outputs[0]["score"] <= 1
    assert len(rest) == 4


@pytest.mark.parametrize(
    "code",
    [
        "def stream(model, record):\n    yield 1",
        "def stream(model, record):\n    raise ValueError('no')\n    yield {}",
        "import sys\ndef stream(model, record):\n    sys.exit(3)\n    yield {}",
        "nothing = 1",
        "import a_package_that_is_not_here",
    ],
)
def test_a_stream_that_fails_on_the_example_does_not_get_traffic(extracted, code):
    loaded = Model.load(extracted(trained("binary"), signature_of("binary"), stream=code))
    with pytest.raises(ModelLoadError, match="fails on its own example"):
        loaded.prove_stream()


def test_a_stream_that_answers_its_example_is_closed_after_the_first_event(extracted):
    loaded = Model.load(extracted(trained("binary"), signature_of("binary"), stream=STREAM))
    loaded.prove_stream()
    assert closed_of(loaded) == [100]
