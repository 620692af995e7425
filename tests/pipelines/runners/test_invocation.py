import random

import numpy
import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import BlobMissingError, StepFailedError
from loopwright.formats.value import get_value, put_value
from loopwright.pipelines.arguments import Constant, Given, Listed
from loopwright.pipelines.runners.invocation import Invoker, random_state, restore, seed
from loopwright.pipelines.task import Task
from loopwright.store.backends.memory_blobs import MemoryBlobs

BLOBS = MemoryBlobs()


def call(project, text: str, *, outputs: int = 1, **arguments):
    project.write("loop", text, head=False)
    project.load()
    task = Task(step="f", entry=f"{project.name('loop')}:f", arguments=arguments, outputs=outputs)
    result = Invoker(BLOBS, SystemClock()).perform(task)
    return [get_value(BLOBS, digest) for digest in result.outputs]


def test_arguments_of_every_kind_arrive(project):
    given = Given(digest=put_value(BLOBS, [7]))
    arguments = {"a": given, "b": Constant(value=2), "rest": Listed(items=(given,)), "k": Constant(value=4)}
    text = "def f(a, /, b, *rest, k, **more): return [a, b, list(rest), k, more]"
    assert call(project, text, **arguments, more=Constant(value={"z": 1})) == [[[7], 2, [[7]], 4, {"z": 1}]]


def test_positions_come_before_names(project):
    assert call(project, "def f(x, y, z=0): return [x, y, z]", **{"0": Constant(value=1), "y": Constant(value=2)}) == [
        [1, 2, 0]
    ]


def test_an_input_that_is_not_there_is_no_failure_of_the_step(project):
    with pytest.raises(BlobMissingError):
        call(project, "def f(x): return x", x=Given(digest="0" * 64))


def test_results_are_counted(project):
    assert call(project, "def f(): return 1, [2]", outputs=2) == [1, [2]]
    with pytest.raises(StepFailedError, match="a int where 2"):
        call(project, "def f(): return 1", outputs=2)


def test_seeds_fix_both_generators_and_states_are_given_back():
    state = random_state()
    expected = random.random(), numpy.random.rand()
    restore(state)
    draws = []
    for _ in range(2):
        before = random_state()
        seed(5, numeric=True)
        draws.append((random.random(), numpy.random.rand()))
        restore(before)
    assert draws[0] == draws[1]
    assert (random.random(), numpy.random.rand()) == expected
