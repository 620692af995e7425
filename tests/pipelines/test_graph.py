import itertools

import pytest

from loopwright.errors import GraphError
from loopwright.pipelines.arguments import Wire
from loopwright.pipelines.graph import Graph, Node, ordered


def node(name, *needs):
    return Node(name=name, entry=f"m:{name}", arguments={f"a{i}": Wire(node=n) for i, n in enumerate(needs)})


NODES = (node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c"))


@pytest.mark.parametrize("shuffled", list(itertools.permutations(NODES)))
def test_every_order_comes_out_so_that_needs_come_first(shuffled):
    names = [n.name for n in ordered(shuffled)]
    assert names[0] == "a"
    assert names[-1] == "d"


def test_a_circle_is_shown():
    with pytest.raises(GraphError) as caught:
        ordered([node("x"), node("a", "c"), node("b", "a"), node("c", "b")])
    assert caught.value.why in ("a → c → b → a", "b → a → c → b", "c → b → a → c")


def test_a_missing_or_doubled_node_is_refused():
    with pytest.raises(GraphError, match="'nowhere'"):
        ordered([node("a", "nowhere")])
    with pytest.raises(GraphError, match="same name"):
        ordered([node("a"), node("a")])


def test_a_node_is_found_by_name():
    graph = Graph(pipeline="fit", module="m", parameters={}, nodes=NODES, results={})
    assert graph.node("b") is NODES[1]
    with pytest.raises(GraphError):
        graph.node("z")
