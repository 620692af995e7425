import os
import threading

import pytest

from loopwright.pipelines.arguments import Constant
from loopwright.pipelines.runners.failure import Refusal
from loopwright.pipelines.runners.frames import Answer, Done, receive, send
from loopwright.pipelines.task import Result, Task


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    for file in (reading, writing):
        try:
            os.close(file)
        except OSError:
            continue


def test_messages_come_out_as_they_went_in_however_long(pipe):
    task = Task(step="a", entry="m:f", arguments={"x": Constant(value="y" * 300_000)})
    writer = threading.Thread(target=lambda: [send(pipe[1], task), send(pipe[1], task)])
    writer.start()
    assert receive(pipe[0], Task) == task
    assert receive(pipe[0], Task) == task
    writer.join()


@pytest.mark.parametrize(
    "answer", [Done(result=Result(outputs=("a",))), Refusal(code="LW106", what="w", why="", fix="")]
)
def test_an_answer_is_one_of_its_kinds(pipe, answer):
    send(pipe[1], answer)
    assert receive(pipe[0], Answer) == answer


@pytest.mark.parametrize("cut", [0, 2, 6])
def test_a_stream_that_ends_gives_none_also_within_a_message(pipe, cut):
    os.write(pipe[1], (b"\x00\x00\x00\x09" + b'{"a": 1}\n')[:cut])
    os.close(pipe[1])
    assert receive(pipe[0], Task) is None
