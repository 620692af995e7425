"""NumPy arrays and scalars, as `.npy` files without pickled objects."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import UnsupportedValueError
from loopwright.formats.format import Format

if TYPE_CHECKING:
    import numpy as np

_KINDS = "biufcmMSUV"
_LONG_DOUBLES = ("g", "G")


class NumpyFormat(Format):
    """`numpy.ndarray` (structured dtypes too) and NumPy scalars; a memory-mapped array comes back in memory.

    Arrays are written in C order, so that layout is no part of a value's identity. Objects, `StringDType` and long
    doubles (whose padding is undefined) are refused.
    """

    name = "numpy"

    def handles(self, value: object) -> bool:
        import numpy as np

        return type(value) in (np.ndarray, np.memmap) or isinstance(value, np.generic)

    def encode(self, value: Any) -> dict[str, bytes]:
        import numpy as np

        if isinstance(value, np.ndarray):
            return {"array.npy": array_bytes(np.asarray(value))}
        return {"scalar.npy": array_bytes(np.asarray(value))}

    def decode(self, files: Mapping[str, bytes]) -> Any:
        if "scalar.npy" in files:
            return read_array(files["scalar.npy"])[()]
        return read_array(files["array.npy"])


def array_bytes(array: "np.ndarray[Any, Any]") -> bytes:
    """The array as a `.npy` file; the same values and dtype always give the same bytes.

    Raises:
        UnsupportedValueError: The dtype holds objects or has undefined padding.
    """
    import numpy as np

    if not _plain(array.dtype):
        raise UnsupportedValueError(
            f"an array of dtype {array.dtype} cannot be stored",
            why="its elements are Python objects or have undefined bytes",
            fix="Convert it to numbers, booleans, dates or fixed-width text, or return a polars Series.",
        )
    buffer = io.BytesIO()
    np.save(buffer, _canonical(array), allow_pickle=False)
    return buffer.getvalue()


def read_array(data: bytes) -> "np.ndarray[Any, Any]":
    """The array of a `.npy` file. Raises ValueError where it is none."""
    import numpy as np

    array: np.ndarray[Any, Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def _plain(dtype: "np.dtype[Any]") -> bool:
    if dtype.subdtype is not None:
        return _plain(dtype.subdtype[0])
    if dtype.names is not None:
        return all(_plain(dtype[name]) for name in dtype.names)
    return dtype.kind in _KINDS and dtype.char not in _LONG_DOUBLES


def _canonical(array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """C order; padding between the fields of a structured dtype is zero."""
    import numpy as np

    if array.dtype.names is None:
        return np.array(array, order="C", copy=None)
    clean = np.zeros(array.shape, dtype=array.dtype)
    for name in array.dtype.names:
        clean[name] = _canonical(array[name])
    return clean
