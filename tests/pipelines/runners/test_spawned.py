import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from loopwright.errors import LoopwrightError, StepFailedError, UnsupportedValueError
from loopwright.formats.value import get_value
from loopwright.pipelines.task import Task

MODEL = """
    @step
    def rows(): return [1, 2, 3]
    @step
    def train(rows, n):
        import os, sys, signal
        return BODY
    @pipeline
    def fit(n: int = 2):
        x = rows()
        return Candidate(train(x, n), x)
"""


@pytest.fixture
def child(bench):
    bench.isolated = bench.spawned

    def run(body: str, **parameters):
        bench.project.write("loop", MODEL.replace("BODY", body))
        result = bench.run(**parameters)
        return get_value(bench.blobs, result.results["model"])

    run.bench = bench
    return run


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def eventually(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_the_step_that_makes_the_model_runs_in_another_process(child):
    assert child("[os.getpid(), sum(rows) * n]")[0] != os.getpid()


def test_with_isolated_false_it_runs_in_this_process(child):
    child.bench.project.write("loop", MODEL.replace("BODY", "os.getpid()"))
    text = child.bench.project.texts["loop"].replace("@step\ndef train", "@step(isolated=False)\ndef train")
    child.bench.project.write("loop", text, head=False)
    assert get_value(child.bench.blobs, child.bench.run().results["model"]) == os.getpid()


CRASHES = {
    "os.abort()": "crash in native code (SIGABRT)",
    "os.kill(os.getpid(), signal.SIGSEGV)": "crash in native code (SIGSEGV)",
    "__import__('ctypes').string_at(0)": "crash in native code (SIGSEGV)",
    "os.kill(os.getpid(), signal.SIGKILL)": "killed (SIGKILL)",
    "os._exit(3)": "exit status 3",
}


@pytest.mark.parametrize("body", CRASHES)
def test_a_child_that_dies_is_a_failed_step_with_its_cause(child, body):
    with pytest.raises(StepFailedError) as caught:
        child(body)
    assert caught.value.context["cause"] == CRASHES[body]
    assert caught.value.fix
    failed = [e for e in child.bench.ledger.read() if e.kind == "step_failed"]
    assert [e.data["cause"] for e in failed] == [CRASHES[body]]
    if "native" in CRASHES[body]:
        frames = caught.value.context["frames"]
        assert frames[-1].endswith(f"{child.bench.project.name('loop')}.py:9 in train")
    assert child("sum(rows) * n") == 12, "the next run gets a new child"


def test_an_exception_in_the_child_is_told_as_in_this_process(child):
    told = []
    for runner in (child.bench.isolated, None):
        child.bench.isolated = runner or child.bench.isolated
        if runner is None:
            text = child.bench.project.texts["loop"].replace("@step\ndef train", "@step(isolated=False)\ndef train")
            child.bench.project.write("loop", text, head=False)
            with pytest.raises(StepFailedError) as caught:
                child.bench.run()
        else:
            with pytest.raises(StepFailedError) as caught:
                child("{}[rows[0]]")
        told.append([caught.value.what, caught.value.why.rpartition("/")[2].partition(":")[0]])
    assert told[0] == told[1]
    assert told[0][0] == "the step 'train' failed: KeyError: 1"


def test_an_error_of_ours_keeps_its_class_across_the_pipe(child):
    with pytest.raises(UnsupportedValueError):
        child("object()")


def test_sys_exit_is_a_failed_step(child):
    with pytest.raises(StepFailedError, match="SystemExit"):
        child("sys.exit(1)")


def test_the_child_has_only_the_environment_that_the_pipeline_declares(child, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    names = set(child("sorted(os.environ)"))
    assert "SECRET_TOKEN" not in names
    assert {"PATH", "OMP_NUM_THREADS"} <= names
    child.bench.variables = {"REGION": "eu", "SECRET_TOKEN": "x"}
    child.bench.project.write(
        "loop", MODEL.replace("BODY", "[os.environ.get('REGION'), os.environ.get('SECRET_TOKEN')]")
    )
    text = child.bench.project.texts["loop"].replace("@pipeline\n", "@pipeline(variables=('REGION',))\n")
    child.bench.project.write("loop", text, head=False)
    assert get_value(child.bench.blobs, child.bench.run().results["model"]) == ["eu", None]


def test_threads_are_set_before_anything_is_imported(child):
    text = MODEL.replace("BODY", "os.environ['OMP_NUM_THREADS']")
    child.bench.project.write("loop", text)
    text = child.bench.project.texts["loop"].replace("@step\ndef train", "@step(threads=3)\ndef train")
    child.bench.project.write("loop", text, head=False)
    assert get_value(child.bench.blobs, child.bench.run().results["model"]) == "3"


def test_what_the_child_prints_does_not_reach_standard_output(child, capfd):
    child("print('printed') or os.write(1, b'written') or 1")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "printed" in captured.err
    assert "written" in captured.err


def test_a_step_cannot_eat_the_runner_s_messages(child):
    assert child("sys.stdin.read()") == ""


def test_a_child_that_imported_an_older_text_is_replaced(child):
    assert child("[os.getpid(), 1]")[1] == 1
    assert child("[os.getpid(), 2]")[1] == 2


def test_source_edited_after_the_plan_is_not_run_in_the_child(child):
    bench = child.bench
    bench.project.write("loop", MODEL.replace("BODY", "[os.getpid(), 1]"))
    planned = bench.planned()
    sources = bench.apply(*planned).source
    bench.project.edit("loop", "getpid(), 1", "getpid(), 2")
    entry = f"{bench.project.name('loop')}:train"
    bench.spawned.close()
    with pytest.raises(StepFailedError, match="edited while the run was under way"):
        bench.spawned.run(Task(step="train", entry=entry, source=sources))


def test_close_leaves_nothing_running(child):
    pid = child("os.getpid()")
    assert alive(pid)
    child.bench.spawned.close()
    assert not alive(pid)


PARENT = """
    import sys, time
    from pathlib import Path
    from loopwright.pipelines.runners.spawned import SpawnedRunner
    from loopwright.pipelines.arguments import Constant
    from loopwright.pipelines.task import Task
    folder = Path(sys.argv[1])
    runner = SpawnedRunner(blobs=folder / "blobs", project=folder, threads=1)
    runner.run(Task(step="busy", entry="busy:busy", arguments={}))
"""
BUSY = """
    import os, re, subprocess, sys
    from pathlib import Path
    def busy():
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(__file__).with_name("pids").write_text(f"{os.getpid()} {other.pid} ")
        HOW
"""


@pytest.mark.parametrize(
    "how",
    ["import time; time.sleep(60)", "re.match('(a+)+$', 'a' * 40 + 'b')"],
    ids=["asleep", "in native code that holds the interpreter's lock"],
)
def test_when_the_parent_is_killed_nothing_is_left_running(tmp_path, how):
    (tmp_path / "busy.py").write_text(textwrap.dedent(BUSY).replace("HOW", how))
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path)])
    pids = tmp_path / "pids"
    assert eventually(lambda: pids.exists() and pids.read_text().endswith(" "))
    child, grandchild = map(int, pids.read_text().split())
    time.sleep(0.1)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert eventually(lambda: not alive(child))
    assert eventually(lambda: not alive(grandchild))


def test_an_import_that_fails_in_the_child_is_a_failed_step(child):
    bench = child.bench
    bench.project.write(
        "loop",
        "import sys\nif 'loopwright.pipelines.runners.child' in sys.argv[0] or sys.flags.safe_path:\n"
        "    raise RuntimeError('not here')\n",
    )
    bench.project.texts["loop"] += textwrap.dedent(MODEL).replace("BODY", "1")
    with pytest.raises(LoopwrightError, match="RuntimeError: not here"):
        bench.run()
