import io
import sys

import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import StepFailedError
from loopwright.formats.value import get_value
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.task import Task
from loopwright.store.backends.memory_blobs import MemoryBlobs


@pytest.fixture
def run(project):
    blobs = MemoryBlobs()

    def go(text, output=None):
        project.write("loop", text, head=False)
        project.load()
        runner = InProcessRunner(blobs, clock=SystemClock(), output=output)
        result = runner.run(Task(step="f", entry=f"{project.name('loop')}:f"))
        runner.close()
        return get_value(blobs, result.outputs[0])

    return go


def test_prints_go_where_they_are_told(run):
    output, before = io.StringIO(), sys.stdout
    assert run("def f():\n    print('said')\n    return 1", output) == 1
    assert output.getvalue() == "said\n"
    assert sys.stdout is before


def test_ctrl_c_is_not_taken_for_a_failed_step(run):
    with pytest.raises(KeyboardInterrupt):
        run("def f(): raise KeyboardInterrupt")


def test_sys_exit_is(run):
    with pytest.raises(StepFailedError, match="SystemExit"):
        run("import sys\ndef f(): sys.exit(3)")
