"""ONNX models through onnxruntime, with a session of one thread that asks for the scores only."""

from typing import Any

import numpy as np

from loopwright.errors import ModelLoadError
from loopwright.serving.native.matrix_call import MatrixCall, score_of

_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}
_SCORES = ("probabilities", "output_probability", "scores")


def onnx_call(model: Any, threads: int) -> MatrixCall | None:
    """The call for a `ModelProto`; None for anything else."""
    if type(model).__name__ != "ModelProto" or not type(model).__module__.startswith("onnx"):
        return None
    return session_call(model.SerializeToString(), threads)


def session_call(data: bytes, threads: int) -> MatrixCall:
    """The call for a serialised model.

    It has one input, a table of floats. Its scores are the output named as scikit-learn's converter names
    probabilities, else its only float output: (n,), (n, 1) or (n, c).

    Raises:
        ModelLoadError: It has other inputs, or no output that can be told to be its scores.
    """
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = InferenceSession(data, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()
    if len(given) != 1 or given[0].type not in _TYPES:
        shown = ", ".join(f"{one.name}: {one.type}" for one in given)
        raise ModelLoadError("the ONNX model does not take one table of floats", why=f"its inputs are {shown}")
    if any(not _is_table(one) for one in session.get_outputs() if one.name in _SCORES):
        raise ModelLoadError(
            "the ONNX model gives its probabilities as a list of maps",
            fix='Convert it with the option {"zipmap": False}, so that they are one array.',
        )
    name, kind = given[0].name, _TYPES[given[0].type]
    wanted = _scores_of(session.get_outputs())
    shape = score_of if wanted in _SCORES else _values_of
    run = session.run
    return lambda rows: shape(run([wanted], {name: rows.astype(kind, copy=False)})[0])


def _is_table(output: Any) -> bool:
    return output.type in _TYPES


def _scores_of(outputs: list[Any]) -> str:
    named = [one.name for one in outputs if one.name in _SCORES]
    floats = [one.name for one in outputs if one.type in _TYPES]
    for found in (named, floats):
        if len(found) == 1:
            return str(found[0])
    shown = ", ".join(f"{one.name}: {one.type}" for one in outputs)
    raise ModelLoadError(
        "the ONNX model has no output that can be told to be its scores",
        why=f"its outputs are {shown}",
        fix="Give it one float output, or name the output with the scores 'probabilities'.",
    )


def _values_of(answer: Any) -> np.ndarray:
    table = np.asarray(answer, dtype=np.float64)
    return table[:, 0] if table.ndim == 2 and table.shape[1] == 1 else table
