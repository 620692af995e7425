"""XGBoost through its C interface, with one proxy matrix that is kept.

`inplace_predict` makes a proxy in every call, which reads the machine's CPU limits from files: two thirds of a lone
prediction. Scores are the library's own float32, widened.
"""

import ctypes
import json
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.errors import ArmFailedError
from loopwright.serving.native.matrix_call import MatrixCall, of_width, score_of

_bytes_at: Any = ctypes.c_char.from_buffer
_TREES = ("gbtree", "dart")
_UNLIKE_THEIR_BOOSTER = ("multi:softmax",)  # the estimator computes probabilities from the booster's margins


def xgboost_call(model: Any, threads: int) -> MatrixCall | None:
    """The call for a Booster of trees or one of XGBoost's estimators with such; None for anything else."""
    if not type(model).__module__.startswith("xgboost.") or getattr(model, "objective", "") in _UNLIKE_THEIR_BOOSTER:
        return None
    lone = type(model).__name__ == "Booster"
    booster = model if lone else model.get_booster()
    learner = json.loads(booster.save_config())["learner"]
    shape = score_of if learner["objective"]["name"].startswith("multi:") else np.asarray
    if learner["gradient_booster"]["name"] not in _TREES:
        return _through_a_table(booster, shape) if lone else None
    missing = float("nan") if lone else float(model.missing)
    try:
        call = _Booster(booster, missing=missing, iterations=0 if lone else _best(model), threads=threads)
    except (ImportError, AttributeError):  # not the C interface that is known here
        return _through_a_table(booster, shape) if lone else None
    return lambda rows: shape(call(rows))


def _best(model: Any) -> int:
    """Iterations that count after early stopping; 0: all."""
    try:
        return int(model.best_iteration) + 1
    except AttributeError:
        return 0


def _through_a_table(booster: Any, shape: Callable[[Any], np.ndarray]) -> MatrixCall:
    from xgboost import DMatrix

    return lambda rows: shape(booster.predict(DMatrix(rows)).astype(np.float64))


class _Booster:
    """One booster with its proxy matrix. One caller at a time; others wait."""

    def __init__(self, booster: Any, *, missing: float, iterations: int, threads: int) -> None:
        from xgboost.core import _LIB

        booster.set_param({"nthread": threads})
        self._booster = booster
        self._lib = _LIB
        self._call: Any = _LIB.XGBoosterPredictFromDense
        self._width = int(booster.num_features())
        self._options = json.dumps(
            {"type": 0, "training": False, "iteration_begin": 0, "iteration_end": iterations, "missing": missing,
             "strict_shape": False, "cache_id": 0}
        ).encode("ascii")  # fmt: skip
        self._lock = threading.Lock()
        self._proxy = ctypes.c_void_p()
        self._check(_LIB.XGProxyDMatrixCreate(ctypes.byref(self._proxy)))
        weakref.finalize(self, _LIB.XGDMatrixFree, self._proxy)
        self._shape = ctypes.POINTER(ctypes.c_uint64)()
        self._dimensions = ctypes.c_uint64()
        self._scores = ctypes.POINTER(ctypes.c_float)()
        self._results = tuple(ctypes.byref(place) for place in (self._shape, self._dimensions, self._scores))

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n,) or (n, c)."""
        rows = of_width(rows, self._width)
        n = rows.shape[0]
        if n == 0:
            return np.empty(0)
        address = ctypes.addressof(_bytes_at(rows))
        given = b'{"data":[%d,true],"shape":[%d,%d],"typestr":"<f8","version":3}' % (address, n, self._width)
        with self._lock:
            self._check(self._call(self._booster.handle, given, self._options, self._proxy, *self._results))
            shape = self._shape[: self._dimensions.value]
            size = int(np.prod(shape))
            held: Any = (ctypes.c_float * size).from_address(ctypes.addressof(self._scores.contents))
            scores: np.ndarray = np.frombuffer(held, dtype=np.float32).astype(np.float64)
        return scores if len(shape) == 1 else scores.reshape(shape)

    def _check(self, status: int) -> None:
        if status != 0:
            self._lib.XGBGetLastError.restype = ctypes.c_char_p
            why = self._lib.XGBGetLastError() or b""
            raise ArmFailedError("XGBoost refused a prediction", why=why.decode(errors="replace"), cause="error")
