"""XGBoost through its C interface, with one proxy matrix that is kept.

`inplace_predict` makes a proxy in every call, which reads the machine's CPU limits from files: two thirds of a lone
prediction. Scores are the library's own float32, widened. A stored model is read by the library itself.
"""

import ctypes
import json
import threading
import weakref
from typing import Any

import numpy as np

from loopwright.errors import ArmFailedError
from loopwright.serving.native.matrix_call import MatrixCall, of_width, score_of
from loopwright.serving.native.shared_library import shared_library

_TREES = ("gbtree", "dart")
_UNLIKE_THEIR_BOOSTER = ("multi:softmax",)  # the estimator computes probabilities from the booster's margins
_bytes_at: Any = ctypes.c_char.from_buffer
_byref = ctypes.byref


def xgboost_call(model: Any, threads: int) -> MatrixCall | None:
    """The call for a Booster or one of XGBoost's estimators of trees; None for anything else."""
    if not type(model).__module__.startswith("xgboost.") or getattr(model, "objective", "") in _UNLIKE_THEIR_BOOSTER:
        return None
    lone = type(model).__name__ == "Booster"
    booster = model if lone else model.get_booster()
    missing = float("nan") if lone else float(model.missing)
    iterations = 0 if lone else _best(model)
    call = XGBoostCall(booster.handle, threads=threads, iterations=iterations, missing=missing, keep=booster)
    return call if lone or call.of_trees else None


def xgboost_stored_call(data: bytes, *, iterations: int, missing: float, threads: int) -> "XGBoostCall":
    """The call for a model in XGBoost's own binary JSON.

    Args:
        data: What `Booster.save_raw` gives.
        iterations: Those that count; 0 or less: all.
        missing: The value that stands for a null.
        threads: CPU threads for one call.

    Raises:
        ArmFailedError: The library cannot read it.
    """
    library = shared_library("xgboost", "libxgboost")
    handle = ctypes.c_void_p()
    _check(library, library.XGBoosterCreate(None, ctypes.c_uint64(0), _byref(handle)))
    _check(library, library.XGBoosterLoadModelFromBuffer(handle, data, ctypes.c_uint64(len(data))))
    call = XGBoostCall(handle, threads=threads, iterations=iterations, missing=missing)
    weakref.finalize(call, library.XGBoosterFree, handle).atexit = False
    return call


def _best(model: Any) -> int:
    """Iterations that count after early stopping; 0: all."""
    try:
        return int(model.best_iteration) + 1
    except AttributeError:
        return 0


class XGBoostCall:
    """One booster with its proxy matrix. One caller at a time; others wait.

    Args:
        handle: The library's booster.
        threads: CPU threads for one call.
        iterations: Those that count; 0 or less: all.
        missing: The value that stands for a null.
        keep: What must live as long as the handle is used.
    """

    def __init__(self, handle: Any, *, threads: int, iterations: int, missing: float, keep: Any = None) -> None:
        self._library = library = shared_library("xgboost", "libxgboost")
        self._handle = handle
        self._keep = keep
        self._missing = missing
        self._lock = threading.Lock()
        _check(library, library.XGBoosterSetParam(handle, b"nthread", str(threads).encode("ascii")))
        width = ctypes.c_uint64()
        _check(library, library.XGBoosterGetNumFeature(handle, _byref(width)))
        self._width = width.value
        learner = self._learner()
        self.of_trees = learner["gradient_booster"]["name"] in _TREES
        self._two = learner["objective"]["name"].startswith("multi:")
        self._iterations = max(iterations, 0)
        self._options = self._asking(0, missing)
        self._proxy = ctypes.c_void_p()
        _check(library, library.XGProxyDMatrixCreate(_byref(self._proxy)))
        weakref.finalize(self, library.XGDMatrixFree, self._proxy).atexit = False
        self._shape = ctypes.POINTER(ctypes.c_uint64)()
        self._dimensions = ctypes.c_uint64()
        self._scores = ctypes.POINTER(ctypes.c_float)()
        self._results = tuple(_byref(place) for place in (self._shape, self._dimensions, self._scores))

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n,) or (n, c)."""
        rows = of_width(rows, self._width)
        if rows.shape[0] == 0:
            return np.empty(0)
        with self._lock:
            if self.of_trees:
                call = self._library.XGBoosterPredictFromDense
                status = call(self._handle, _described(rows), self._options, self._proxy, *self._results)
                _check(self._library, status)
                scores = self._answer()
            else:
                scores = self._through_a_table(rows, self._options)
        return score_of(scores) if self._two else scores

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n, c, k + 1): what each column adds to the margin of each of c answers, and last the base."""
        rows = of_width(rows, self._width)
        with self._lock:
            made = self._through_a_table(rows, self._asking(2, None))
        return made.reshape(rows.shape[0], -1, self._width + 1)

    def _through_a_table(self, rows: np.ndarray, options: bytes) -> np.ndarray:
        library, table = self._library, ctypes.c_void_p()
        given = json.dumps({"missing": self._missing, "nthread": 1}).encode("ascii")
        _check(library, library.XGDMatrixCreateFromDense(_described(rows), given, _byref(table)))
        try:
            _check(library, library.XGBoosterPredictFromDMatrix(self._handle, table, options, *self._results))
            return self._answer()
        finally:
            library.XGDMatrixFree(table)

    def _answer(self) -> np.ndarray:
        """A copy of the library's last result, which its next call overwrites."""
        shape = self._shape[: self._dimensions.value]
        size = int(np.prod(shape))
        held: Any = (ctypes.c_float * size).from_address(ctypes.addressof(self._scores.contents))
        scores: np.ndarray = np.frombuffer(held, dtype=np.float32).astype(np.float64)
        return scores if len(shape) == 1 else scores.reshape(shape)

    def _asking(self, kind: int, missing: float | None) -> bytes:
        asked: dict[str, Any] = {
            "type": kind, "training": False, "iteration_begin": 0, "iteration_end": self._iterations,
            "strict_shape": False,
        }  # fmt: skip
        if missing is not None:
            asked |= {"missing": missing, "cache_id": 0}
        return json.dumps(asked).encode("ascii")

    def _learner(self) -> dict[str, Any]:
        length, text = ctypes.c_uint64(), ctypes.c_char_p()
        _check(self._library, self._library.XGBoosterSaveJsonConfig(self._handle, _byref(length), _byref(text)))
        learner: dict[str, Any] = json.loads(text.value or b"{}")["learner"]
        return learner


def _described(rows: np.ndarray) -> bytes:
    """The rows' place and shape, as the library reads them."""
    place = ctypes.addressof(_bytes_at(rows))
    return b'{"data":[%d,true],"shape":[%d,%d],"typestr":"<f8","version":3}' % (place, *rows.shape)


def _check(library: Any, status: int) -> None:
    if status != 0:
        tell = library.XGBGetLastError
        tell.restype = ctypes.c_char_p
        why = (tell() or b"").decode(errors="replace").partition("Stack trace")[0].strip()
        raise ArmFailedError("XGBoost refused", why=why, cause="error")
