import msgspec
import pytest

from loopwright.pipeline.arguments import Constant, Given, Keyed, Listed
from loopwright.pipeline.runners.in_process import InProcessRunner
from loopwright.pipeline.runners.spawned import SpawnedRunner
from loopwright.pipeline.task import Runner, Task


def test_a_task_crosses_a_pipe_as_json():
    parts = Listed(items=(Given(digest="d"), Constant(value=1)))
    task = Task(
        step="train", entry="m:f", arguments={"x": Keyed(items={"a": parts})},
        variables={"A": "b"}, seed=2**32 - 1,
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(task), type=Task) == task


@pytest.mark.parametrize("kind", [InProcessRunner, SpawnedRunner])
def test_runners_have_one_interface(kind):
    assert issubclass(kind, Runner)
    assert {name for name in Runner.__abstractmethods__} == {"run", "close"}
