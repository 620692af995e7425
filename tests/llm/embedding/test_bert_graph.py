from math import erf

import numpy as np
import pytest

from loopwright.llm.embedding.bert_graph import BertShape, bert_graph

onnxruntime = pytest.importorskip("onnxruntime")
SHAPE = BertShape(layers=2, heads=4)


def _weights(rng, *, size=16, wide=40, words=50, places=24, layers=2):
    def matrix(*shape):
        return rng.normal(0, 0.4, shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": matrix(words, size),
        "embeddings.position_embeddings.weight": matrix(places, size),
        "embeddings.token_type_embeddings.weight": matrix(2, size),
    }
    dense = {}
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            dense[f"{at}.attention.self.{part}"] = (size, size)
        dense[f"{at}.attention.output.dense"] = (size, size)
        dense[f"{at}.intermediate.dense"] = (wide, size)
        dense[f"{at}.output.dense"] = (size, wide)
        for norm in (f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"):
            made |= {f"{norm}.weight": 1 + matrix(size), f"{norm}.bias": matrix(size)}
    made |= {"embeddings.LayerNorm.weight": 1 + matrix(size), "embeddings.LayerNorm.bias": matrix(size)}
    for name, shape in dense.items():
        made |= {f"{name}.weight": matrix(*shape), f"{name}.bias": matrix(shape[0])}
    return made


def reference(weights, shape, ids):
    """BERT by the book (Devlin et al. 2018), in float64: mean over tokens of the last layer, length 1."""
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}

    def norm(x, name):
        spread = np.sqrt(x.var(-1, keepdims=True) + shape.epsilon)
        return (x - x.mean(-1, keepdims=True)) / spread * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x + w["embeddings.position_embeddings.weight"][: len(ids)], "embeddings.LayerNorm")
    for layer in range(shape.layers):
        at = f"encoder.layer.{layer}"
        q, k, v = (
            dense(x, f"{at}.attention.self.{part}").reshape(len(ids), shape.heads, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        taken = (shares @ v).swapaxes(0, 1).reshape(len(ids), -1)
        x = norm(dense(taken, f"{at}.attention.output.dense") + x, f"{at}.attention.output.LayerNorm")
        h = dense(x, f"{at}.intermediate.dense")
        h = 0.5 * h * (1 + np.vectorize(erf)(h / np.sqrt(2)))
        x = norm(dense(h, f"{at}.output.dense") + x, f"{at}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("length", [1, 2, 7, 24])
def test_the_graph_computes_what_the_formula_says(length):
    rng = np.random.default_rng(3)
    weights = _weights(rng)
    session = onnxruntime.InferenceSession(bert_graph(weights, SHAPE).SerializeToString())
    ids = rng.integers(0, 50, length)
    vector = session.run(None, {"ids": ids})[0]
    assert vector.shape == (16,)
    assert np.abs(vector - reference(weights, SHAPE, ids)).max() < 1e-5


def test_a_missing_weight_is_named():
    weights = _weights(np.random.default_rng(3))
    del weights["encoder.layer.1.output.dense.bias"]
    with pytest.raises(KeyError, match=r"encoder\.layer\.1\.output\.dense\.bias"):
        bert_graph(weights, SHAPE)
