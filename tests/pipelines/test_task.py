import msgspec
import pytest

from loopwright.pipelines.arguments import Constant, Given, Keyed, Listed
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.runners.spawned import SpawnedRunner
from loopwright.pipelines.task import Runner, Task


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
