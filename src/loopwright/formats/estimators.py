"""scikit-learn estimators whose whole state is plain: numbers, text, arrays, and more such estimators.

Linear models, scalers, encoders, imputers and pipelines of them. They need no skops, whose import alone takes half a
second; whatever holds anything else is left to it.
"""

import io
import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from loopwright.errors import UntrustedFormatError
from loopwright.formats.format import Format
from loopwright.formats.numpy_arrays import read_array

_TREE = "estimator.json"
_SCALARS = (type(None), bool, int, float, str)
_ARRAY_KINDS = "biufcmMSU"
_DEEPEST = 50
_REBUILDING = ("__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")


class EstimatorFormat(Format):
    """Estimators of scikit-learn made of plain values only: their state as a tree of JSON, arrays beside it.

    In the tree a scalar stands for itself, anything else is a list that begins with its kind. Arrays keep their memory
    order, on which the last bit of a prediction depends; dicts keep theirs. An estimator in which one object occurs
    twice is not taken, since it would come back as two.
    """

    name = "estimator"

    def handles(self, value: object) -> bool:
        from sklearn.base import BaseEstimator

        if not isinstance(value, BaseEstimator):
            return False
        try:
            _Writer().tree(value)
        except _NotPlainError:
            return False
        return True

    def encode(self, value: Any) -> dict[str, bytes]:
        writer = _Writer()
        tree = writer.tree(value)
        return {_TREE: json.dumps(tree, separators=(",", ":")).encode("ascii")} | writer.files()

    def decode(self, files: Mapping[str, bytes]) -> Any:
        return _read(json.loads(files[_TREE]), files)


class _NotPlainError(Exception):
    """Something in the estimator is not a plain value."""


class _Writer:
    """Turns a value into a tree, and remembers its arrays."""

    def __init__(self) -> None:
        self._arrays: list[Any] = []
        self._seen: dict[int, Any] = {}  # held, so that no id is given out again

    def files(self) -> dict[str, bytes]:
        return {f"{number}.npy": _bytes_of(array) for number, array in enumerate(self._arrays)}

    def tree(self, value: Any, depth: int = 0) -> Any:
        if type(value) in _SCALARS:
            return value
        if depth > _DEEPEST:
            raise _NotPlainError
        if type(value).__module__ in ("numpy", "numpy.dtypes"):
            return self._numpy(value)
        if isinstance(value, type):
            return ["numpy_type", _numpy_type_name(value)]
        if type(value) is not tuple:  # equal tuples may be one object or two, as it happens
            self._once(value)
        return self._nested(value, depth + 1)

    def _nested(self, value: Any, depth: int) -> list[Any]:
        kind = type(value)
        if kind in (tuple, list):
            return [kind.__name__, *(self.tree(item, depth) for item in value)]
        if kind is dict:
            return ["dict", *([self.tree(key, depth), self.tree(item, depth)] for key, item in value.items())]
        return ["estimator", _class_path(value), self.tree(value.__getstate__(), depth)]

    def _numpy(self, value: Any) -> Any:
        import numpy as np

        if isinstance(value, np.generic):
            return ["scalar", self._kept(np.asarray(value))]
        if isinstance(value, np.dtype):
            return ["dtype", _dtype_text(value)]
        if type(value) is not np.ndarray:
            raise _NotPlainError
        self._once(value)
        if value.dtype == object:
            if any(type(item) not in _SCALARS for item in value.flat):
                raise _NotPlainError
            return ["objects", list(value.shape), list(value.flat)]
        return ["array", self._kept(value)]

    def _kept(self, array: Any) -> int:
        if array.dtype.kind not in _ARRAY_KINDS or array.dtype.char in "gG":
            raise _NotPlainError
        self._arrays.append(array)
        return len(self._arrays) - 1

    def _once(self, value: Any) -> None:
        if id(value) in self._seen:
            raise _NotPlainError
        self._seen[id(value)] = value


def _bytes_of(array: Any) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _class_path(value: Any) -> str:
    """`module:name` of a class of scikit-learn's that is rebuilt from its state alone."""
    from sklearn.base import BaseEstimator

    kind: Any = type(value)
    own = isinstance(value, BaseEstimator) and kind.__module__.startswith("sklearn.")
    if not own or any(getattr(kind, name, None) is not getattr(object, name, None) for name in _REBUILDING):
        raise _NotPlainError
    return f"{kind.__module__}:{kind.__qualname__}"


def _numpy_type_name(kind: Any) -> str:
    import numpy as np

    name = str(kind.__name__)
    if not issubclass(kind, np.generic) or getattr(np, name, None) is not kind:
        raise _NotPlainError
    return name


def _dtype_text(dtype: Any) -> str:
    if dtype.names is not None or dtype.subdtype is not None or dtype.kind not in _ARRAY_KINDS + "O":
        raise _NotPlainError
    return str(dtype.str)


def _read(tree: Any, files: Mapping[str, bytes]) -> Any:
    if not isinstance(tree, list):
        return tree
    kind, *rest = tree
    if kind in ("array", "scalar"):
        array = read_array(files[f"{int(rest[0])}.npy"])
        return array if kind == "array" else array[()]
    if kind in ("tuple", "list"):
        items = [_read(item, files) for item in rest]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {_read(key, files): _read(item, files) for key, item in rest}
    return _READERS[kind](*rest, files)


def _read_objects(shape: list[int], items: list[Any], _: Mapping[str, bytes]) -> Any:
    import numpy as np

    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


def _read_numpy_type(name: str, _: Mapping[str, bytes]) -> Any:
    import numpy as np

    found = getattr(np, name, None)
    if not isinstance(found, type) or not issubclass(found, np.generic):
        raise UntrustedFormatError("a stored estimator names a type that is not NumPy's", why=name)
    return found


def _read_dtype(text: str, _: Mapping[str, bytes]) -> Any:
    import numpy as np

    return np.dtype(text)


def _read_estimator(path: str, state: Any, files: Mapping[str, bytes]) -> Any:
    """A new object of the class, with its state; the class must be an estimator of scikit-learn's."""
    kind = _estimator_class(path)
    whole = kind.__new__(kind)
    whole.__setstate__(_read(state, files))
    return whole


def _estimator_class(path: str) -> Any:
    from sklearn.base import BaseEstimator

    module, _, name = path.partition(":")
    if not module.startswith("sklearn.") or "tests" in module.split(".") or not name.isidentifier():
        raise UntrustedFormatError("a stored estimator is made of types that are not known to be safe", why=path)
    found = getattr(import_module(module), name)
    if not isinstance(found, type) or not issubclass(found, BaseEstimator) or found.__module__ != module:
        raise UntrustedFormatError("a stored estimator is made of types that are not known to be safe", why=path)
    return found


_READERS: dict[str, Callable[..., Any]] = {
    "objects": _read_objects,
    "dtype": _read_dtype,
    "numpy_type": _read_numpy_type,
    "estimator": _read_estimator,
}
