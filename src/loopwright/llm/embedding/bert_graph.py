"""The ONNX graph of a BERT encoder that makes one vector of one text: built from the weights, without torch.

A text is computed alone, so that there is no padding and no mask, and its vector does not depend on its neighbours.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    import onnx

OPSET = 20
Weights = Mapping[str, np.ndarray]
"""By the names of Hugging Face's `BertModel`; matrices as torch keeps them, (outputs, inputs)."""


class BertShape(msgspec.Struct, frozen=True, kw_only=True):
    """What the weights alone do not say.

    Attributes:
        layers: Of the encoder.
        heads: Of the attention.
        epsilon: Of the layer normalisations.
    """

    layers: int
    heads: int
    epsilon: float = 1e-12


class _Graph:
    """Nodes and constants, in the order in which they are added."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._helper = helper
        self._numpy_helper = numpy_helper
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(self._numpy_helper.from_array(np.ascontiguousarray(value), name=name))
        return name

    def add(self, operator: str, inputs: list[str], *, outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"{operator.lower()}_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(self._helper.make_node(operator, inputs, names, name=names[0], **attributes))
        return names

    def one(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        return self.add(operator, inputs, **attributes)[0]


def bert_graph(weights: Weights, shape: BertShape) -> "onnx.ModelProto":
    """A model with the input `ids` (n_tokens) int64 and the output `vector` (n_dimensions) float32 of length 1.

    The vector is the mean over all tokens of the last layer, scaled to length 1.

    Args:
        weights: The encoder's.
        shape: Its layers and heads.

    Raises:
        KeyError: A weight is missing.
    """
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    tokens = _embedded(graph, weights, shape)
    for layer in range(shape.layers):
        tokens = _layer(graph, weights, shape, layer=layer, tokens=tokens)
    mean = graph.one("ReduceMean", [tokens, graph.constant("first_axis", np.array([0], np.int64))], keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["vector"], name="vector", axis=-1, p=2))
    size = weights["embeddings.LayerNorm.bias"].shape[0]
    made = helper.make_graph(
        graph.nodes, "bert", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n_tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [size])], graph.constants,
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    checker.check_model(model)
    return model


def _embedded(graph: _Graph, weights: Weights, shape: BertShape) -> str:
    """Words and places; the kind of a token is always the first, so that it is added to the places beforehand."""
    words = graph.constant("words", weights["embeddings.word_embeddings.weight"])
    kinds = weights["embeddings.token_type_embeddings.weight"]
    places = graph.constant("places", weights["embeddings.position_embeddings.weight"] + kinds[0])
    start = graph.constant("start", np.array([0], np.int64))
    here = graph.one("Slice", [places, start, graph.one("Shape", ["ids"])])
    summed = graph.one("Add", [graph.one("Gather", [words, "ids"]), here])
    return _normalised(graph, weights, shape, name="embeddings.LayerNorm", tokens=summed)


def _layer(graph: _Graph, weights: Weights, shape: BertShape, *, layer: int, tokens: str) -> str:
    at = f"encoder.layer.{layer}"
    attended = _attention(graph, weights, shape, at=f"{at}.attention.self", tokens=tokens)
    mixed = _dense(graph, weights, name=f"{at}.attention.output.dense", tokens=attended)
    tokens = _normalised(
        graph, weights, shape, name=f"{at}.attention.output.LayerNorm", tokens=graph.one("Add", [mixed, tokens])
    )
    wide = graph.one("Gelu", [_dense(graph, weights, name=f"{at}.intermediate.dense", tokens=tokens)])
    narrow = _dense(graph, weights, name=f"{at}.output.dense", tokens=wide)
    return _normalised(graph, weights, shape, name=f"{at}.output.LayerNorm", tokens=graph.one("Add", [narrow, tokens]))


def _attention(graph: _Graph, weights: Weights, shape: BertShape, *, at: str, tokens: str) -> str:
    """All three projections by one product; the scale of the scores is put into the queries' weights."""
    size = weights[f"{at}.query.bias"].shape[0]
    scale = np.float32(1.0 / np.sqrt(size / shape.heads))
    matrices = [weights[f"{at}.{part}.weight"].T for part in ("query", "key", "value")]
    biases = [weights[f"{at}.{part}.bias"] for part in ("query", "key", "value")]
    matrix = np.concatenate([matrices[0] * scale, *matrices[1:]], axis=1)
    bias = np.concatenate([biases[0] * scale, *biases[1:]])
    product = graph.one("MatMul", [tokens, graph.constant(f"{at}.weight", matrix)])
    projected = graph.one("Add", [product, graph.constant(f"{at}.bias", bias)])
    split = np.array([0, 3, shape.heads, size // shape.heads], np.int64)
    parted = graph.one("Reshape", [projected, graph.constant(f"{at}.parted", split)])
    thirds = graph.add("Split", [parted], outputs=3, axis=1, num_outputs=3)
    first = graph.constant(f"{at}.axis", np.array([1], np.int64))
    queries, keys, values = (graph.one("Squeeze", [third, first]) for third in thirds)
    scores = graph.one(
        "MatMul",
        [graph.one("Transpose", [queries], perm=[1, 0, 2]), graph.one("Transpose", [keys], perm=[1, 2, 0])],
    )
    shares = graph.one("Softmax", [scores], axis=-1)
    taken = graph.one("MatMul", [shares, graph.one("Transpose", [values], perm=[1, 0, 2])])
    flat = graph.constant(f"{at}.flat", np.array([0, size], np.int64))
    return graph.one("Reshape", [graph.one("Transpose", [taken], perm=[1, 0, 2]), flat])


def _dense(graph: _Graph, weights: Weights, *, name: str, tokens: str) -> str:
    matrix = graph.constant(f"{name}.weight", weights[f"{name}.weight"].T)
    product = graph.one("MatMul", [tokens, matrix])
    return graph.one("Add", [product, graph.constant(f"{name}.bias", weights[f"{name}.bias"])])


def _normalised(graph: _Graph, weights: Weights, shape: BertShape, *, name: str, tokens: str) -> str:
    scale = graph.constant(f"{name}.weight", weights[f"{name}.weight"])
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    return graph.one("LayerNormalization", [tokens, scale, bias], axis=-1, epsilon=shape.epsilon)
