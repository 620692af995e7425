import random
from pathlib import Path

import pytest

from loopwright.errors import ConflictError, StepFailedError, UnsupportedValueError
from loopwright.formats.value import get_value

FLOW = """
    import <helper>

    @step
    def load(n: int) -> list:
        return list(range(n))

    @step
    def clean(rows: list) -> list:
        return [<helper>.scale(x) for x in rows]

    @step
    def split(rows: list) -> tuple[list, list]:
        return rows[1:], rows[:1]

    @step
    def train(rows: list, rate: float) -> float:
        return sum(rows) * rate

    @step
    def report(rows: list) -> int:
        return len(rows)

    @pipeline
    def fit(n: int = 4, rate: float = 0.5):
        recent, holdout = split(clean(load(n)))
        report(holdout)
        return Candidate(train(recent, rate), holdout)
"""


@pytest.fixture
def flow(bench):
    bench.project.write("helper", "def scale(x): return x * 2\ndef unused(x): return x\n", head=False)
    bench.project.write("loop", FLOW)
    return bench


def test_a_first_run_runs_every_step_and_stores_the_results(flow):
    result = flow.run()
    assert result.ran == ("load", "clean", "split", "report", "train")
    assert get_value(flow.blobs, result.results["model"]) == 6.0
    assert get_value(flow.blobs, result.results["holdout"]) == [0]


def test_a_second_run_runs_nothing_and_has_the_same_results(flow):
    first, second = flow.run(), flow.run()
    assert second.ran == ()
    assert second.results == first.results
    assert flow.why() == {}


def test_a_comment_runs_nothing_again(flow):
    flow.run()
    flow.project.edit("helper", "def scale", "# why\n\ndef scale")
    flow.project.edit("loop", "return sum(rows) * rate", "return (sum(rows) * rate)  # the sum")
    assert flow.run().ran == ()


def test_a_changed_helper_runs_exactly_the_steps_that_reach_it_and_those_whose_inputs_change(flow):
    flow.run()
    flow.project.edit("helper", "x * 2", "x * 3")
    why = flow.why()
    assert why["clean"] == [f"scale in {flow.project.name('helper')} changed"]
    assert "load" not in why
    # The first element is 0 either way, so the holdout comes out as before and `report` is not run again.
    assert flow.run().ran == ("clean", "split", "train")


def test_where_a_changed_step_gives_the_same_result_nothing_after_it_runs(flow):
    flow.run()
    flow.project.edit("helper", "x * 2", "x + x")
    assert flow.run().ran == ("clean",)


def test_a_parameter_is_named_with_both_values(flow):
    flow.run()
    assert flow.why(rate=0.25) == {"train": ["the parameter rate changed from 0.5 to 0.25"]}
    assert flow.run(rate=0.25).ran == ("train",)
    assert flow.run(rate=0.5).ran == (), "the older result is still there"


def test_a_failing_step_is_told_with_the_place_and_later_steps_do_not_run(flow):
    flow.project.edit("loop", "return len(rows)", "return <helper>.fail(rows)")
    flow.project.edit("helper", "def unused(x): return x", "def fail(x):\n    raise KeyError('no ' + str(len(x)))")
    with pytest.raises(StepFailedError, match="the step 'report' failed: KeyError: 'no 1'") as caught:
        flow.run()
    frames = caught.value.context["frames"]
    assert [Path(frame.partition(":")[0]).name for frame in frames] == [
        f"{flow.project.name('loop')}.py",
        f"{flow.project.name('helper')}.py",
    ]
    assert frames[-1].endswith(":3 in fail")
    assert isinstance(caught.value.__cause__, KeyError)
    kinds = [event.kind for event in flow.ledger.read()]
    assert kinds == ["run_started", *["step_finished"] * 3, "step_failed", "run_finished"]
    failed = flow.ledger.read()[-2]
    assert failed.data["cause"] == "KeyError"
    assert "no 1" not in str(failed.data), "a message may hold the user's data"
    assert flow.ledger.record("run", str(caught.value.context["run"])).data["status"] == "failed"


def test_after_a_failure_finished_steps_are_not_run_again(flow):
    flow.project.edit("loop", "return sum(rows) * rate", "return rows / rate")
    with pytest.raises(StepFailedError):
        flow.run()
    flow.project.edit("loop", "return rows / rate", "return sum(rows) / rate")
    assert flow.run().ran == ("train",)


def test_a_step_is_tried_again_as_often_as_it_says(flow):
    text = flow.project.texts["loop"].replace(
        "@step\ndef report(rows: list) -> int:\n    return len(rows)",
        "@step(retries=2)\ndef report(rows: list) -> int:\n    import pathlib\n"
        "    tries = pathlib.Path(__file__).with_name('tries')\n    tries.open('a').write('x')\n"
        "    if len(tries.read_text()) < 3:\n        raise OSError('not yet')\n    return len(rows)",
    )
    flow.project.write("loop", text, head=False)
    assert "report" in flow.run().ran
    assert [e.kind for e in flow.ledger.read()].count("step_retried") == 2
    assert [p.kind for p in flow.progress].count("retried") == 2


def test_events_are_linked_from_the_run_s_end_to_its_beginning(flow):
    result = flow.run()
    events = {event.seq: event for event in flow.ledger.read()}
    start, end = result.events
    assert events[start].kind == "run_started"
    assert events[end].caused_by == (start, *(step.event for step in result.steps))
    assert all(events[step.event].caused_by == (start,) for step in result.steps)


def test_a_value_that_no_format_takes_fails_the_step_by_name(flow):
    flow.project.edit("loop", "return sum(rows) * rate", "return object()")
    with pytest.raises(UnsupportedValueError):
        flow.run()
    assert [e.data["step"] for e in flow.ledger.read() if e.kind == "step_failed"] == ["train"]


def test_a_wrong_number_of_results_is_a_failed_step(flow):
    flow.project.edit("loop", "return rows[1:], rows[:1]", "return rows, rows, rows")
    with pytest.raises(StepFailedError, match="3 values where 2 results"):
        flow.run()


def test_steps_get_copies_so_that_none_can_change_another_s_input(bench):
    bench.project.write(
        "loop",
        """
        @step
        def make() -> dict: return {"a": [1]}
        @step
        def spoil(x): x["a"].append(2); return 0
        @step
        def read(x, _): return x["a"]
        @pipeline
        def fit():
            x = make()
            return read(x, spoil(x))
        """,
    )
    result = bench.run()
    assert get_value(bench.blobs, result.results["result"]) == [1]


class Dial:
    """A source whose version is what the test sets."""

    def __init__(self) -> None:
        self.version: str | None = "v1"
        self.after_load: str | None = None
        self.loaded = 0

    def probe(self, spec):
        return self.version

    def load(self, spec):
        self.loaded += 1
        value = [spec["n"], self.version]
        self.version = self.after_load or self.version
        return value


@pytest.fixture
def dial(bench):
    bench.project.write(
        "loop",
        """
        @step
        def size(rows): return len(rows)
        @pipeline
        def fit():
            return size(source("table", {"n": 3}, name="flights"))
        """,
    )
    bench.sources = {"table": Dial()}
    return bench


def test_a_new_data_version_is_named(dial):
    assert dial.run().ran == ("table:flights", "size")
    dial.sources["table"].version = "v2"
    assert dial.why()["table:flights"] == ["the data table:flights changed from v1 to v2"]
    assert dial.run().ran == ("table:flights", "size")
    assert dial.run().ran == ()
    assert dial.sources["table"].loaded == 2


def test_a_source_of_unknown_version_is_loaded_every_time(dial):
    dial.sources["table"].version = None
    dial.run()
    assert dial.why()["table:flights"][0] == "cannot be known: the version of table:flights is not known"
    assert dial.run().ran == ("table:flights",), "and what follows is reused where its input came out the same"


def test_data_that_lands_while_it_is_loaded_is_a_conflict_not_a_wrong_result(dial):
    dial.sources["table"].after_load = "v2"
    with pytest.raises(ConflictError):
        dial.run()
    assert dial.ledger.search("step_result") == ()
    assert dial.run().ran == ("table:flights", "size")


def test_an_unknown_step_runs_every_time(bench):
    bench.project.write("loop", "@step\ndef f(): return eval('1')\n@pipeline\ndef fit(): return f()\n")
    assert bench.run().ran == ("f",)
    assert bench.run().ran == ("f",)
    assert bench.why()["f"][0].startswith("cannot be known: ")


def test_a_declared_variable_is_part_of_identity_and_named(bench):
    bench.project.write("loop", "@step\ndef f(): return 1\n@pipeline(variables=('REGION',))\ndef fit(): return f()\n")
    bench.variables["REGION"] = "eu"
    bench.run()
    assert bench.run().ran == ()
    bench.variables["REGION"] = "us"
    (reason,) = bench.why()["f"]
    assert reason.startswith("$REGION changed from ")
    assert "eu" not in reason, "values may be secret"


def test_a_pickle_counts_with_the_code_of_the_step_that_made_it(bench):
    bench.project.write(
        "loop",
        """
        class Box:
            def get(self): return 1
        @step(trust_pickle=True)
        def make(): return Box()
        @step
        def use(box): return box.get()
        @pipeline
        def fit(): return use(make())
        """,
    )
    assert get_value(bench.blobs, bench.run().results["result"]) == 1
    bench.project.edit("loop", "def get(self): return 1", "def get(self): return 2")
    assert get_value(bench.blobs, bench.run().results["result"]) == 2


def test_random_draws_are_the_same_in_each_run_and_leave_the_caller_s_alone(bench):
    text = """
        import random
        import numpy
        @step
        def draw(): return [random.random(), float(numpy.random.rand())]
        @pipeline
        def fit(): return draw()
    """
    bench.project.write("loop", text)
    random.seed(5)
    expected = random.Random(5).random()
    first = get_value(bench.blobs, bench.run().results["result"])
    assert random.random() == expected
    bench.ledger = type(bench.ledger)(clock=bench.ledger._clock)
    assert get_value(bench.blobs, bench.run().results["result"]) == first
    bench.project.edit("loop", "@step\n", "@step(seed=7)\n")
    assert get_value(bench.blobs, bench.run().results["result"]) != first


def test_a_stored_result_that_is_gone_is_computed_again(flow):
    first = flow.run()
    flow.blobs.delete(first.results["model"])
    assert flow.why() == {"train": ["its stored result is gone"]}
    assert flow.run().results == first.results


def test_source_edited_after_the_plan_is_not_run_under_the_old_plan(flow):
    planned = flow.planned()
    flow.project.edit("helper", "x * 2", "x * 3")
    with pytest.raises(StepFailedError, match="edited while the run was under way"):
        flow.apply(*planned)
    assert flow.ledger.search("step_result") == ()


def test_what_steps_print_stays_off_standard_output(flow, capsys):
    flow.project.edit("loop", "return len(rows)", "print('hello'); return len(rows)")
    flow.run()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err
