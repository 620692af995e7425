"""LightGBM through its C interface: a row at a time for a few, one call for many, and one numeric thread.

`Booster.predict` allocates a configuration and a thread pool's buffers in every call; the single-row calls keep theirs.
The sums are the same, and so are the results, bit for bit.
"""

import ctypes
import threading
import weakref
from typing import Any

import numpy as np

from loopwright.errors import ArmFailedError
from loopwright.serving.native.matrix_call import MatrixCall, of_width

_FEW = 4  # rows up to which single-row calls are faster than one call for all
_FLOAT64, _ROW_MAJOR, _NORMAL = 1, 1, 0  # as LightGBM's c_api.h numbers them
_bytes_at: Any = ctypes.c_char.from_buffer
_byref = ctypes.byref


def lightgbm_call(model: Any, threads: int) -> MatrixCall | None:
    """The call for a Booster or one of LightGBM's estimators; None for anything else."""
    if not type(model).__module__.startswith("lightgbm."):
        return None
    booster = model if type(model).__name__ == "Booster" else model.booster_
    try:
        return _Booster(booster, threads)
    except (ImportError, AttributeError):  # not the C interface that is known here
        return lambda rows: np.asarray(booster.predict(rows, num_threads=threads))


class _Booster:
    """One booster, kept alive with its single-row configuration. One caller at a time; others wait."""

    def __init__(self, booster: Any, threads: int) -> None:
        from lightgbm.basic import _LIB  # type: ignore[attr-defined,unused-ignore]

        self._booster = booster
        self._lib = _LIB
        self._few: Any = _LIB.LGBM_BoosterPredictForMatSingleRowFast
        self._many: Any = _LIB.LGBM_BoosterPredictForMat
        self._handle = booster._handle
        self._width = int(booster.num_feature())
        self._iterations = max(int(booster.best_iteration), -1) or -1
        self._options = f"num_threads={threads}".encode("ascii")
        self._length = ctypes.c_int64()
        self._lock = threading.Lock()
        self._config = ctypes.c_void_p()
        status = _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
            self._handle, _NORMAL, 0, self._iterations, _FLOAT64, self._width, self._options, _byref(self._config)
        )
        self._check(status)
        weakref.finalize(self, _LIB.LGBM_FastConfigFree, self._config)
        self._outputs = self._outputs_of_a_row()

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n,) or (n, c)."""
        rows = of_width(rows, self._width)
        n, outputs = rows.shape[0], self._outputs
        made = np.empty(n if outputs == 1 else (n, outputs))
        if n:
            with self._lock:
                self._fill(rows, made)
        return made

    def _fill(self, rows: np.ndarray, made: np.ndarray) -> None:
        n, length = rows.shape[0], _byref(self._length)
        source, target = _bytes_at(rows), _bytes_at(made)
        if n > _FEW:
            self._check(
                self._many(
                    self._handle, _byref(source), _FLOAT64, n, self._width, _ROW_MAJOR, _NORMAL, 0, self._iterations,
                    self._options, length, _byref(target),
                )
            )  # fmt: skip
            return
        across, down = self._width * 8, self._outputs * 8
        for i in range(n):
            self._check(self._few(self._config, _byref(source, i * across), length, _byref(target, i * down)))

    def _outputs_of_a_row(self) -> int:
        length = ctypes.c_int64()
        status = self._lib.LGBM_BoosterCalcNumPredict(self._handle, 1, _NORMAL, 0, self._iterations, _byref(length))
        self._check(status)
        return int(length.value)

    def _check(self, status: int) -> None:
        if status != 0:
            why = ctypes.cast(self._lib.LGBM_GetLastError(), ctypes.c_char_p).value or b""
            raise ArmFailedError("LightGBM refused a prediction", why=why.decode(errors="replace"), cause="error")
