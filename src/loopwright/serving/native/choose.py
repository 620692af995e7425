"""Which direct call a model gets."""

from functools import partial
from typing import Any

from loopwright.formats.format import NativeModel
from loopwright.serving.native.composed import composed_call
from loopwright.serving.native.histogram_trees import histogram_tree_call
from loopwright.serving.native.lightgbm import lightgbm_call
from loopwright.serving.native.linear import linear_call
from loopwright.serving.native.matrix_call import MatrixCall
from loopwright.serving.native.onnx import onnx_call
from loopwright.serving.native.own_method import own_method
from loopwright.serving.native.rows_call import RowsCall, with_own_method
from loopwright.serving.native.steps import pipeline_call
from loopwright.serving.native.stored import stored_call
from loopwright.serving.native.trees import tree_call
from loopwright.serving.native.xgboost import xgboost_call


def native_call(model: Any, threads: int) -> MatrixCall | None:
    """The direct call of a model that is known to take a matrix; None where only its own method may answer.

    Args:
        model: Any model, or one in its library's own form.
        threads: CPU threads for one call.
    """
    if isinstance(model, NativeModel):
        return stored_call(model, threads)
    for family in (lightgbm_call, xgboost_call, onnx_call):
        call = family(model, threads)
        if call is not None:
            return call
    return composed_call(model, partial(_member_call, threads=threads)) or _scikit_learn_call(model, threads)


def _member_call(model: Any, threads: int) -> MatrixCall:
    return native_call(model, threads) or own_method(model)


def _scikit_learn_call(model: Any, threads: int) -> MatrixCall | None:
    width = getattr(model, "n_features_in_", None)
    if not type(model).__module__.startswith("sklearn.") or width is None:
        return None
    direct = _direct(model, threads)
    return None if direct is None else with_own_method(direct, own_method(model), width)


def _direct(model: Any, threads: int) -> RowsCall | None:
    boosted = lightgbm_call(model, threads) or xgboost_call(model, threads)
    if boosted is not None:
        return boosted
    if not type(model).__module__.startswith("sklearn."):
        return None
    return (
        linear_call(model)
        or tree_call(model)
        or histogram_tree_call(model, threads)
        or pipeline_call(model, partial(_direct, threads=threads))
    )
