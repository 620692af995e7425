"""Memory, CPU and disk, as the workers of this machine say."""

import pytest

import loopwright as lw
from loopwright.core.clock import SECOND
from loopwright.core.codec import to_json

RULE = lw.watch.resources(memory_at_most="2GB", cpu_at_most=0.9)


def say(served, name, *, cpu, memory=10**9, started=5.0, ago_s=0.0):
    folder = served.workspace.home / "run" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    at = served.workspace.machine.now() - int(ago_s * SECOND)
    named = {"cpu_seconds": cpu, "resident_memory_bytes": memory, "start_time_seconds": started}
    gauges = [
        {"family": f"loopwright_worker_{family}", "labels": [name], "value": value} for family, value in named.items()
    ]
    (folder / f"{name}.json").write_bytes(to_json({"at": at, "counted": {}, "gauges": gauges}))
    return at


def test_the_largest_and_the_busiest_worker_count(served):
    then = say(served, "worker-1", cpu=100.0, ago_s=2.0)
    say(served, "worker-2", cpu=50.0, memory=3 * 10**9, ago_s=2.0)
    memory = {"worker-1": [5.0, then / SECOND - 60, 40.0], "worker-2": [5.0, then / SECOND - 60, 44.0]}
    figures = served.read(RULE, memory=memory).figures
    assert figures["memory"][0].value == 3 * 10**9
    assert figures["cpu"][0].value == pytest.approx(1.0, abs=0.01)
    assert figures["cpu"][0].parts["worker-2"] == pytest.approx(0.1, abs=0.01)
    assert figures["disk_left"][0].value > 0


def test_a_worker_that_was_started_again_has_no_cpu_figure_until_the_next_look(served):
    then = say(served, "worker-1", cpu=3.0, started=99.0)
    read = served.read(RULE, memory={"worker-1": [5.0, then / SECOND - 60, 40.0]})
    assert read.figures["cpu"][0].value is None
    assert read.memory["worker-1"][0] == 99.0


def test_a_worker_that_has_not_spoken_for_a_while_is_unknown(served):
    say(served, "worker-1", cpu=3.0, ago_s=30.0)
    figures = served.read(RULE).figures
    assert (figures["memory"][0].value, figures["cpu"][0].value) == (None, None)
    assert "no worker" in figures["memory"][0].reason


def test_a_period_that_was_missed_has_no_figures(served):
    assert served.read(RULE, newest=False, memory={"a": [1.0, 2.0, 3.0]}).memory == {"a": [1.0, 2.0, 3.0]}
