"""LightGBM's boosters and scikit-learn estimators: its own text model, and JSON for what surrounds it."""

import json
from collections.abc import Mapping
from typing import Any

from loopwright.errors import UntrustedFormatError
from loopwright.formats.format import Format, type_name
from loopwright.formats.json_values import is_json
from loopwright.formats.numpy_arrays import array_bytes, read_array

_MODEL, _STATE, _CLASSES = "model.txt", "state.json", "classes.npy"
_ESTIMATORS = ("LGBMClassifier", "LGBMRegressor", "LGBMRanker", "LGBMModel")
_BOOSTER_STATE = ("best_iteration", "best_score", "params")
_REBUILT = ("_Booster", "_le", "_class_map", "_classes")


class LightGBMFormat(Format):
    """`Booster`, `LGBMClassifier`, `LGBMRegressor`, `LGBMRanker`; predictions come back bit for bit.

    An estimator with an objective, metric or random state that is Python code or an object has no safe form.
    """

    name = "lightgbm"

    def handles(self, value: object) -> bool:
        kind = type(value)
        return kind.__module__ in ("lightgbm.sklearn", "lightgbm.basic") and kind.__name__ in ("Booster", *_ESTIMATORS)

    def encode(self, value: Any) -> dict[str, bytes]:
        kind = type(value).__name__
        booster = value if kind == "Booster" else value._Booster
        state: dict[str, Any] = {"kind": kind}
        files: dict[str, bytes] = {}
        if booster is not None:
            files[_MODEL] = booster.model_to_string(num_iteration=-1).encode()
            state["booster"] = _plain({name: getattr(booster, name, None) for name in _BOOSTER_STATE}, type_name(value))
        if kind != "Booster":
            attributes = {name: item for name, item in vars(value).items() if name not in _REBUILT}
            state["attributes"] = _plain(attributes, type_name(value))
            if getattr(value, "_classes", None) is not None:
                files[_CLASSES] = array_bytes(value._classes)
        files[_STATE] = json.dumps(state, sort_keys=True, separators=(",", ":")).encode("ascii")
        return files

    def decode(self, files: Mapping[str, bytes]) -> Any:
        import lightgbm

        state = json.loads(files[_STATE])
        booster = None
        if _MODEL in files:
            booster = lightgbm.Booster(model_str=files[_MODEL].decode())
            vars(booster).update(_restored(state["booster"]))
        kind = state["kind"]
        if kind == "Booster":
            return booster
        if kind not in _ESTIMATORS:
            raise ValueError(f"{kind} is no estimator of LightGBM")
        model = getattr(lightgbm, kind)()
        vars(model).update(_restored(state["attributes"]))
        model._Booster = booster
        if _CLASSES in files:
            _restore_classes(model, read_array(files[_CLASSES]))
        return model


FORMAT = LightGBMFormat()


def _restore_classes(model: Any, classes: Any) -> None:
    from sklearn.preprocessing import LabelEncoder

    model._classes = classes
    model._le = LabelEncoder()
    model._le.classes_ = classes
    model._class_map = dict(zip(classes, model._le.transform(classes), strict=True))


def _plain(attributes: dict[str, Any], owner: str) -> dict[str, Any]:
    plain = {name: _tagged(item) for name, item in attributes.items()}
    wrong = sorted(name for name, item in plain.items() if not is_json(item))
    if wrong:
        raise UntrustedFormatError(
            f"{owner} has {', '.join(wrong)} that are not plain values",
            why="a function or an object can only be pickled",
            fix="Give names, numbers and integer seeds, or allow pickle with @lw.step(trust_pickle=True).",
        )
    return plain


def _tagged(item: Any) -> Any:
    """JSON with tags for what JSON has no form for: tuples, and dicts with keys that are not text."""
    import numpy as np

    if isinstance(item, np.generic):
        return item.item()
    if isinstance(item, np.ndarray):
        return {"$array": item.tolist()}
    if isinstance(item, tuple):
        return {"$tuple": [_tagged(inner) for inner in item]}
    if isinstance(item, list):
        return [_tagged(inner) for inner in item]
    if isinstance(item, Mapping):
        return {"$dict": [[_tagged(key), _tagged(inner)] for key, inner in item.items()]}
    return item


def _restored(item: Any) -> Any:
    import numpy as np

    if isinstance(item, list):
        return [_restored(inner) for inner in item]
    if not isinstance(item, dict):
        return item
    if "$array" in item:
        return np.asarray(item["$array"])
    if "$tuple" in item:
        return tuple(_restored(inner) for inner in item["$tuple"])
    if "$dict" in item:
        return {_restored(key): _restored(inner) for key, inner in item["$dict"]}
    return {name: _restored(inner) for name, inner in item.items()}
