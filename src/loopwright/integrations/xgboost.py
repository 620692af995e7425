"""XGBoost's boosters and scikit-learn estimators: its own binary JSON, and JSON for what surrounds it."""

import json
from collections.abc import Mapping
from typing import Any

from loopwright.formats.attributes import plain_attributes, restored_attributes
from loopwright.formats.format import Format, NativeModel, type_name

_MODEL, _STATE = "model.ubj", "state.json"
_ESTIMATORS = ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor")
_MARGINS_ONLY = "multi:softmax"  # with it, an estimator computes probabilities that its booster does not give


class XGBoostFormat(Format):
    """`Booster` and the estimators of `xgboost.sklearn`; predictions come back bit for bit.

    An estimator with callbacks, or an objective or metric that is Python code, has no safe form.
    """

    name = "xgboost"

    def handles(self, value: object) -> bool:
        kind = type(value)
        return kind.__module__ in ("xgboost.sklearn", "xgboost.core") and kind.__name__ in ("Booster", *_ESTIMATORS)

    def encode(self, value: Any) -> dict[str, bytes]:
        kind = type(value).__name__
        booster = value if kind == "Booster" else getattr(value, "_Booster", None)
        state: dict[str, Any] = {"kind": kind}
        files: dict[str, bytes] = {}
        if booster is not None:
            files[_MODEL] = bytes(booster.save_raw("ubj"))
        if kind != "Booster":
            attributes = {name: item for name, item in vars(value).items() if name != "_Booster"}
            state["attributes"] = plain_attributes(attributes, type_name(value))
            state["iterations"] = _best(value) if booster is not None else 0
        files[_STATE] = json.dumps(state, sort_keys=True, separators=(",", ":")).encode("ascii")
        return files

    def native(self, files: Mapping[str, bytes]) -> NativeModel | None:
        state = json.loads(files[_STATE])
        attributes = restored_attributes(state.get("attributes", {}))
        if _MODEL not in files or attributes.get("objective") == _MARGINS_ONLY:
            return None
        missing = float(attributes.get("missing", "nan"))
        return NativeModel(
            library="xgboost", data=files[_MODEL], iterations=int(state.get("iterations", 0)), missing=missing
        )

    def decode(self, files: Mapping[str, bytes]) -> Any:
        import xgboost

        state = json.loads(files[_STATE])
        kind = state["kind"]
        if kind == "Booster":
            return xgboost.Booster(model_file=bytearray(files[_MODEL]))
        if kind not in _ESTIMATORS:
            raise ValueError(f"{kind} is no estimator of XGBoost")
        model = getattr(xgboost, kind)()
        vars(model).update(restored_attributes(state["attributes"]))
        if _MODEL in files:
            model._Booster = xgboost.Booster({"n_jobs": model.n_jobs}, model_file=bytearray(files[_MODEL]))
        return model


FORMAT = XGBoostFormat()


def _best(model: Any) -> int:
    """Iterations that count after early stopping; 0: all."""
    try:
        return int(model.best_iteration) + 1
    except AttributeError:
        return 0
