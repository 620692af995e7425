"""Every graph shape with every runner gives what plain calls of the same functions give."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.formats.value import get_value

STEPS = """
    @step
    def one() -> int: return 1
    @step
    def add(a: int, b: int = 10) -> int: return a + b
    @step
    def pair(a: int) -> tuple[int, list]: return a * 2, [a, a]
    @step
    def total(parts: list) -> int: return sum(parts)
    @step
    def named(*parts, **more) -> int: return sum(parts) + sum(more.values())
    @step
    def size(rows, /, *, by: dict) -> int: return len(rows) + by["a"][0]
"""
SHAPES = {
    "one step": ("add(one())", 11),
    "chain": ("add(add(add(one(), 1), 2), b=3)", 7),
    "diamond": ("(lambda x: add(add(x, 1), add(x, 2)))(one())", 5),
    "fan out and in": ("total([add(one(), k) for k in range(5)])", 15),
    "several results": ("(lambda p: add(p[0], size(p[1], by={'a': [5]})))(list(pair(one())))", 9),
    "star arguments": ("named(one(), 2, add(one()), x=one(), y=3)", 18),
    "wires in a dict": ("size([one(), 2], by={'a': [one(), 7]})", 3),
    "same result twice": ("(lambda x: add(x, x))(one())", 2),
}


@pytest.mark.parametrize("isolated", [True, False], ids=["spawned", "in process"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_in_a_runner(bench, shape, isolated):
    bench.isolated = bench.spawned
    text, expected = SHAPES[shape]
    steps = STEPS.replace("@step", f"@step(isolated={isolated})")
    bench.project.write("loop", f"{steps}\n    @pipeline\n    def fit():\n        return {text}\n")
    first = bench.run()
    assert get_value(bench.blobs, first.results["result"]) == expected
    again = bench.run()
    assert again.ran == ()
    assert again.results == first.results


GRAPHS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(-3, 3)), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=GRAPHS, changed=st.integers(0, 30))
def test_of_any_graph_exactly_the_changed_part_runs_again(bench, graph, changed):
    """Node i takes two earlier results and a constant. It runs if and only if these were never seen together before;
    the results are those of plain Python."""
    bench.ledger = type(bench.ledger)(clock=bench.ledger._clock)

    def write(constants):
        lines = ["x0 = add(1, 1, 1)"]
        for i, (a, b, _) in enumerate(graph, 1):
            lines.append(f"x{i} = add(x{a % i}, x{b % i}, {constants[i - 1]})")
        body = "\n        ".join(lines)
        bench.project.write(
            "loop",
            f"    @step\n    def add(a, b, c): return abs(a - b) + c\n    @pipeline\n    def fit():\n        {body}\n"
            f"        return [{', '.join(f'x{i}' for i in range(len(graph) + 1))}]\n",
        )

    def plain(constants):
        values = [1]
        for i, (a, b, _) in enumerate(graph, 1):
            values.append(abs(values[a % i] - values[b % i]) + constants[i - 1])
        return values

    before = [c for _, _, c in graph]
    write(before)
    first = bench.run()
    after = list(before)
    after[changed % len(after)] += 1
    write(after)
    second = bench.run()
    got = [get_value(bench.blobs, second.results[f"result_{i}"]) for i in range(len(graph) + 1)]
    assert got == plain(after)

    seen, expected = set[object](), []
    for constants in (before, after):
        values, expected = plain(constants), []
        keys = [
            "constants only",
            *((values[a % i], values[b % i], constants[i - 1]) for i, (a, b, _) in enumerate(graph, 1)),
        ]
        for i, key in enumerate(keys):
            expected += [i] if key not in seen else []
            seen.add(key)
        ran = (first if constants is before else second).ran
        assert [int(name.partition("-")[2] or 1) - 1 for name in ran] == expected
