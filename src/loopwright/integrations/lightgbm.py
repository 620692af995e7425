"""LightGBM's boosters and scikit-learn estimators: its own text model, and JSON for what surrounds it."""

import json
from collections.abc import Mapping
from typing import Any

from loopwright.formats.attributes import plain_attributes, restored_attributes
from loopwright.formats.format import Format, NativeModel, type_name
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
            own = {name: getattr(booster, name, None) for name in _BOOSTER_STATE}
            state["booster"] = plain_attributes(own, type_name(value))
        if kind != "Booster":
            attributes = {name: item for name, item in vars(value).items() if name not in _REBUILT}
            state["attributes"] = plain_attributes(attributes, type_name(value))
            if getattr(value, "_classes", None) is not None:
                files[_CLASSES] = array_bytes(value._classes)
        files[_STATE] = json.dumps(state, sort_keys=True, separators=(",", ":")).encode("ascii")
        return files

    def native(self, files: Mapping[str, bytes]) -> NativeModel | None:
        if _MODEL not in files:
            return None
        best = json.loads(files[_STATE])["booster"].get("best_iteration")
        return NativeModel(library="lightgbm", data=files[_MODEL], iterations=int(best or 0))

    def decode(self, files: Mapping[str, bytes]) -> Any:
        import lightgbm

        state = json.loads(files[_STATE])
        booster = None
        if _MODEL in files:
            booster = lightgbm.Booster(model_str=files[_MODEL].decode())
            vars(booster).update(restored_attributes(state["booster"]))
        kind = state["kind"]
        if kind == "Booster":
            return booster
        if kind not in _ESTIMATORS:
            raise ValueError(f"{kind} is no estimator of LightGBM")
        model = getattr(lightgbm, kind)()
        vars(model).update(restored_attributes(state["attributes"]))
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
