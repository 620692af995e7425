"""LightGBM through its C interface: a row at a time for a few, one call for many, and one numeric thread.

`Booster.predict` allocates a configuration and a thread pool's buffers in every call; the single-row calls keep theirs.
The sums are the same, and so are the results, bit for bit. A stored model is read by the library itself.
"""

import ctypes
import threading
import weakref
from typing import Any

import numpy as np

from loopwright.errors import ArmFailedError
from loopwright.serving.native.matrix_call import of_width
from loopwright.serving.native.shared_library import shared_library

_FEW = 4  # rows up to which single-row calls are faster than one call for all
_FLOAT64, _ROW_MAJOR = 1, 1  # as LightGBM's c_api.h numbers them
_NORMAL, _CONTRIBUTIONS = 0, 3
_bytes_at: Any = ctypes.c_char.from_buffer
_byref = ctypes.byref


def lightgbm_call(model: Any, threads: int) -> "LightGBMCall | None":
    """The call for a Booster or one of LightGBM's estimators; None for anything else."""
    if not type(model).__module__.startswith("lightgbm."):
        return None
    booster = model if type(model).__name__ == "Booster" else model.booster_
    return LightGBMCall(booster._handle, threads=threads, iterations=int(booster.best_iteration), keep=booster)


def lightgbm_stored_call(text: bytes, *, iterations: int, threads: int) -> "LightGBMCall":
    """The call for a model in LightGBM's own text form.

    Args:
        text: What `Booster.model_to_string` gives.
        iterations: Those that count; 0 or less: all.
        threads: CPU threads for one call.

    Raises:
        ArmFailedError: The library cannot read it.
    """
    library = shared_library("lightgbm", "lib_lightgbm")
    handle, count = ctypes.c_void_p(), ctypes.c_int()
    _check(library, library.LGBM_BoosterLoadModelFromString(text, _byref(count), _byref(handle)))
    call = LightGBMCall(handle, threads=threads, iterations=iterations)
    weakref.finalize(call, library.LGBM_BoosterFree, handle).atexit = False
    return call


class LightGBMCall:
    """One booster with its single-row configuration. One caller at a time; others wait.

    Args:
        handle: The library's booster.
        threads: CPU threads for one call.
        iterations: Those that count; 0 or less: all.
        keep: What must live as long as the handle is used.
    """

    def __init__(self, handle: Any, *, threads: int, iterations: int, keep: Any = None) -> None:
        self._library = library = shared_library("lightgbm", "lib_lightgbm")
        self._few: Any = library.LGBM_BoosterPredictForMatSingleRowFast
        self._many: Any = library.LGBM_BoosterPredictForMat
        self._handle = handle
        self._keep = keep
        self._iterations = iterations if iterations > 0 else -1
        self._options = f"num_threads={threads}".encode("ascii")
        self._length = ctypes.c_int64()
        self._lock = threading.Lock()
        width = ctypes.c_int()
        _check(library, library.LGBM_BoosterGetNumFeature(handle, _byref(width)))
        self._width = width.value
        self._config = ctypes.c_void_p()
        status = library.LGBM_BoosterPredictForMatSingleRowFastInit(
            handle, _NORMAL, 0, self._iterations, _FLOAT64, self._width, self._options, _byref(self._config)
        )
        _check(library, status)
        weakref.finalize(self, library.LGBM_FastConfigFree, self._config).atexit = False
        self._outputs = self._answers_of_a_row(_NORMAL)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n,) or (n, c)."""
        rows = of_width(rows, self._width)
        n, outputs = rows.shape[0], self._outputs
        made = np.empty(n if outputs == 1 else (n, outputs))
        if n == 0:
            return made
        with self._lock:
            if n > _FEW:
                self._fill(_NORMAL, rows, made)
                return made
            length, source, target = _byref(self._length), _bytes_at(rows), _bytes_at(made)
            across, down = self._width * 8, outputs * 8
            for i in range(n):
                status = self._few(self._config, _byref(source, i * across), length, _byref(target, i * down))
                if status != 0:
                    _check(self._library, status)
        return made

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n, c, k + 1): what each column adds to the margin of each of c answers, and last the base."""
        rows = of_width(rows, self._width)
        made = np.empty((rows.shape[0], self._answers_of_a_row(_CONTRIBUTIONS) // (self._width + 1), self._width + 1))
        if rows.shape[0]:
            with self._lock:
                self._fill(_CONTRIBUTIONS, rows, made)
        return made

    def _fill(self, kind: int, rows: np.ndarray, made: np.ndarray) -> None:
        status = self._many(
            self._handle, _byref(_bytes_at(rows)), _FLOAT64, rows.shape[0], self._width, _ROW_MAJOR, kind, 0,
            self._iterations, self._options, _byref(self._length), _byref(_bytes_at(made)),
        )  # fmt: skip
        _check(self._library, status)

    def _answers_of_a_row(self, kind: int) -> int:
        length = ctypes.c_int64()
        status = self._library.LGBM_BoosterCalcNumPredict(self._handle, 1, kind, 0, self._iterations, _byref(length))
        _check(self._library, status)
        return int(length.value)


def _check(library: Any, status: int) -> None:
    if status != 0:
        tell = library.LGBM_GetLastError
        tell.restype = ctypes.c_char_p
        raise ArmFailedError("LightGBM refused", why=(tell() or b"").decode(errors="replace"), cause="error")
