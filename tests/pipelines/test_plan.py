"""The planner by table: no files, no ledger."""

from dataclasses import dataclass, field

import pytest

from loopwright.pipelines.arguments import Constant, Wire
from loopwright.pipelines.fingerprint import Fingerprint, Identity
from loopwright.pipelines.graph import Graph, Node, StepOptions
from loopwright.pipelines.plan import StepResult, explain, fingerprint_of, plan, plan_json


@dataclass
class Cache:
    results: dict = field(default_factory=dict)
    lasts: dict = field(default_factory=dict)
    gone: set = field(default_factory=set)

    def result(self, fingerprint):
        return self.results.get(fingerprint)

    def last(self, pipeline, step):
        return self.lasts.get(step)

    def stored(self, digest):
        return digest not in self.gone


def node(name, *inputs, pickle=False):
    arguments = {f"a{i}": Wire(node=n) for i, n in enumerate(inputs)}
    return Node(name=name, entry=f"m:{name}", arguments=arguments, options=StepOptions(trust_pickle=pickle))


DIAMOND = (node("top"), node("left", "top"), node("right", "top"), node("bottom", "left", "right"))


def graph(nodes=DIAMOND):
    return Graph(
        pipeline="fit",
        module="m",
        parameters={},
        nodes=nodes,
        results={"model": Wire(node=nodes[-1].name)},
        candidate=True,
    )


def identities(nodes=DIAMOND, **changed):
    return {n.name: changed.get(n.name, Identity(code={f"m:{n.name}": "1"})) for n in nodes}


def finished(nodes=DIAMOND, **changed):
    """A cache in which every node has run; its output is `out-NAME`."""
    cache, done = Cache(), {}
    for n in nodes:
        fingerprint = fingerprint_of(graph(nodes), n, identity=identities(nodes, **changed)[n.name], finished=done)
        result = StepResult(
            pipeline="fit", step=n.name, outputs=(f"out-{n.name}",), fingerprint=fingerprint, run="run_1", seed=0,
            threads=1, isolated=False, duration_us=1,
        )  # fmt: skip
        cache.results[fingerprint.digest] = cache.lasts[n.name] = result
        done[n.name] = result
    cache.lasts = {name: result.fingerprint for name, result in cache.lasts.items()}
    return cache


def texts(planned):
    return {n.name: [r.text for r in n.reasons] for n in planned.nodes if n.action == "run"}


def test_with_an_empty_cache_everything_runs_because_it_never_did():
    planned = plan(graph(), identities(), Cache())
    assert planned.running == ("top", "left", "right", "bottom")
    assert texts(planned)["top"] == ["it has not run yet"]
    assert texts(planned)["bottom"] == ["it has not run yet", "left runs", "right runs"]
    assert planned.results == {}


def test_with_everything_finished_all_is_reused():
    planned = plan(graph(), identities(), finished())
    assert planned.unchanged
    assert planned.results == {"model": "out-bottom"}
    assert explain(planned) == ("reuse  top", "reuse  left", "reuse  right", "reuse  bottom")


@pytest.mark.parametrize(
    ("changed", "runs"),
    [
        ("top", {"top", "left", "right", "bottom"}), ("left", {"left", "bottom"}), ("right", {"right", "bottom"}),
        ("bottom", {"bottom"}),
    ],
)  # fmt: skip
def test_a_changed_node_runs_and_so_does_what_waits_for_it(changed, runs):
    planned = plan(graph(), identities(**{changed: Identity(code={f"m:{changed}": "2"})}), finished())
    assert set(planned.running) == runs
    assert texts(planned)[changed] == [f"{changed} in m changed"]


REASONS = {
    "code": (Identity(code={"m:left": "2"}), ["left in m changed"]),
    "code used now": (Identity(code={"m:left": "1", "m.h:f": "1"}), ["f in m.h is used now"]),
    "code gone": (Identity(code={}), ["left in m is no longer used"]),
    "parameter": (
        Identity(code={"m:left": "1"}, parameters={"rate": 0.5}), ["the parameter rate changed from nothing to 0.5"],
    ),
    "package": (
        Identity(code={"m:left": "1"}, environment={"numpy": "2.5.0"}),
        ["the package numpy changed from 2.4.0 to 2.5.0"],
    ),
    "python": (
        Identity(code={"m:left": "1"}, environment={"numpy": "2.4.0", "python": "cpython 3.12.0"}),
        ["python changed from nothing to cpython 3.12.0"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REASONS)
def test_a_reason_names_the_part_and_both_values(what):
    new, said = REASONS[what]
    old = Identity(code={"m:left": "1"}, environment={"numpy": "2.4.0"})
    new = new if new.environment or what.startswith("pack") else Identity(
        code=new.code, parameters=new.parameters, environment=old.environment
    )  # fmt: skip
    assert texts(plan(graph(), identities(left=new), finished(left=old)))["left"] == said


def test_an_unknown_identity_never_hits_the_cache():
    unknown = Identity(code={"m:left": "1"}, unknown=("it calls eval() (line 3)",))
    planned = plan(graph(), identities(left=unknown), finished(left=unknown))
    assert texts(planned)["left"] == ["cannot be known: it calls eval() (line 3)"]


def test_a_result_that_is_gone_is_made_again():
    cache = finished()
    cache.gone.add("out-right")
    assert texts(plan(graph(), identities(), cache)) == {
        "right": ["its stored result is gone"], "bottom": ["right runs"],
    }  # fmt: skip


def test_what_only_waits_is_said_to_be_reused_if_its_inputs_come_out_the_same():
    lines = explain(plan(graph(), identities(left=Identity(code={"m:left": "2"})), finished()))
    assert lines[3] == "run    bottom: left runs (reused after all if its inputs come out the same)"
    assert "reused after all" not in lines[1]


def test_only_the_candidate_s_model_is_isolated_unless_a_step_says_otherwise():
    planned = plan(graph(), identities(), Cache())
    assert [n.isolated for n in planned.nodes] == [False, False, False, True]
    said = (DIAMOND[0], Node(name="bottom", entry="m:b", options=StepOptions(isolated=False)))
    assert [n.isolated for n in plan(graph(said), identities(said), Cache()).nodes] == [False, False]


def test_the_same_inputs_and_code_have_the_same_fingerprint_whatever_the_node_is_called():
    one, two = (Fingerprint(identity=Identity(code={"m:f": "1"}), inputs={"a": "x"}) for _ in range(2))
    assert one.digest == two.digest
    assert one.digest != Fingerprint(identity=Identity(code={"m:f": "1"}), inputs={"a": "y"}).digest


def test_a_pickled_input_counts_with_the_fingerprint_of_its_maker():
    nodes = (node("make", pickle=True), node("use", "make"))
    before, after = (Identity(code={"m:make": v}) for v in "12")
    prints = []
    for identity in (before, after):
        done = StepResult(
            pipeline="fit", step="make", outputs=("same",), fingerprint=Fingerprint(identity=identity), run="r", seed=0,
            threads=1, isolated=False, duration_us=0,
        )  # fmt: skip
        prints.append(fingerprint_of(graph(nodes), nodes[1], identity=Identity(), finished={"make": done}).digest)
    assert prints[0] != prints[1]


def test_json_has_everything_that_the_lines_say():
    said = plan_json(plan(graph(), identities(left=Identity(code={"m:left": "2"})), finished()))
    assert [s["action"] for s in said["steps"]] == ["reuse", "run", "reuse", "run"]
    assert said["steps"][1]["reasons"] == [{"part": "code", "name": "m:left", "text": "left in m changed"}]
    assert said["steps"][3]["waits_for"] == ["left"]
    assert said["unchanged"] is False
    assert Constant(value=1) == Constant(value=1)
