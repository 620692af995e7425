"""Direct calls of models that lie in their libraries' own files."""

from loopwright.errors import UnsupportedValueError
from loopwright.formats.format import NativeModel
from loopwright.serving.native.lightgbm import lightgbm_stored_call
from loopwright.serving.native.matrix_call import MatrixCall
from loopwright.serving.native.onnx import session_call
from loopwright.serving.native.xgboost import xgboost_stored_call


def stored_call(model: NativeModel, threads: int) -> MatrixCall:
    """The call for a stored model; nothing of the library's Python package is imported for LightGBM and XGBoost.

    Args:
        model: The library's own file.
        threads: CPU threads for one call.

    Raises:
        MissingExtraError: The library is not installed.
        ArmFailedError, ModelLoadError: The library cannot read the file.
    """
    if model.library == "lightgbm":
        return lightgbm_stored_call(model.data, iterations=model.iterations, threads=threads)
    if model.library == "xgboost":
        return xgboost_stored_call(model.data, iterations=model.iterations, missing=model.missing, threads=threads)
    if model.library == "onnx":
        return session_call(model.data, threads)
    raise UnsupportedValueError(f"models of {model.library} have no direct call here")
