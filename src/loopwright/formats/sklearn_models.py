"""scikit-learn estimators, by skops: data and names of allowed types, never code."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from loopwright.errors import BlobCorruptError, UnsupportedValueError, UntrustedFormatError
from loopwright.formats.format import Format, type_name
from loopwright.formats.numpy_arrays import array_bytes, read_array

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KERNELS = ("CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Matern PairwiseKernel Product RBF "
            "RationalQuadratic Sum WhiteKernel")  # fmt: skip
_DISTANCES = "Chebyshev Euclidean Hamming Haversine Mahalanobis Manhattan Minkowski SEuclidean"
_SPLITS = "GroupKFold KFold ShuffleSplit StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit"
_CLASS_SCORES = "accuracy_score balanced_accuracy_score brier_score_loss f1_score log_loss precision_score recall_score"
_VALUE_SCORES = "mean_absolute_error mean_squared_error r2_score root_mean_squared_error"
TRUSTED: frozenset[str] = frozenset(
    {
        "collections.OrderedDict",
        "collections.defaultdict",
        "functools.partial",  # of a trusted function only: skops asks for the function too
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRanker",
        "lightgbm.sklearn.LGBMRegressor",
        "numpy.dtype",
        "numpy.mean",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "scipy.sparse._csc.csc_matrix",
        "scipy.sparse._csr.csr_matrix",
        "sklearn._loss.loss.HalfTweedieLoss",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.compose._column_transformer.make_column_selector",
        # The node tables of trees: skops leaves these two out because a crafted file can point outside the table. A
        # value reaches `decode` only by a digest that the home's journal names, so its writer is trusted as its owner.
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.feature_selection._mutual_info.mutual_info_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_regression",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
        "sklearn.utils.validation.check_array",
    }
    | {f"sklearn.model_selection._split.{name}" for name in _SPLITS.split()}
    | {f"sklearn.metrics._classification.{name}" for name in _CLASS_SCORES.split()}
    | {f"sklearn.metrics._ranking.{name}" for name in ("average_precision_score", "roc_auc_score")}
    | {f"sklearn.metrics._regression.{name}" for name in _VALUE_SCORES.split()}
    | {f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS.split()}
    | {
        f"sklearn.metrics._dist_metrics.{name}Distance{bits}"
        for name in _DISTANCES.split()
        for bits in ("", "32", "64")
    }
)
"""Types that may come out of a stored estimator besides those that skops trusts by itself (scikit-learn's public
estimators, NumPy's and SciPy's own). A type of the user's own is none of them."""


class SklearnFormat(Format):
    """Estimators of scikit-learn, pipelines of them, and LightGBM's within such pipelines.

    The skops archive is rewritten so that equal models have equal bytes: members are numbered in reading order instead
    of by memory address, carry no time, and the padding of structured arrays is zero.
    """

    name = "sklearn"

    def handles(self, value: object) -> bool:
        from sklearn.base import BaseEstimator

        return isinstance(value, BaseEstimator)

    def encode(self, value: Any) -> dict[str, bytes]:
        from skops.io import dumps
        from skops.io.exceptions import UnsupportedTypeException

        try:
            archive = dumps(value)
        except (UnsupportedTypeException, TypeError, AttributeError, ValueError) as error:
            raise UntrustedFormatError(
                f"the estimator {type_name(value)} holds something that skops cannot write", why=str(error)
            ) from error
        _check_trust(archive, type_name(value))
        return {"model.skops": _canonical(archive)}

    def decode(self, files: Mapping[str, bytes]) -> Any:
        from skops.io import loads

        archive = files["model.skops"]
        return loads(archive, trusted=_check_trust(archive, "a stored estimator"))


def _check_trust(archive: bytes, what: str) -> list[str]:
    """The types that skops needs told are trusted. Raises UntrustedFormatError where there are others."""
    from skops.io import get_untrusted_types

    try:
        asked: list[str] = get_untrusted_types(data=archive)
    except zipfile.BadZipFile as error:
        raise BlobCorruptError("a stored estimator is no skops archive", why=str(error)) from error
    foreign = sorted(set(asked) - TRUSTED)
    if foreign:
        raise UntrustedFormatError(
            f"{what} is made of types that are not known to be safe",
            why=", ".join(foreign),
            fix="Use estimators of scikit-learn only, or allow pickle for this step with @lw.step(trust_pickle=True).",
        )
    return asked


def _canonical(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    schema = json.loads(members.pop(_SCHEMA))
    numbering = _Numbering(members)
    numbering.visit(schema)
    if len(numbering.files) != len(members):
        raise UnsupportedValueError("a skops archive holds files that its schema does not name")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for old, new in numbering.files.items():
            _write(target, new, _clean(old, members[old]))
        _write(target, _SCHEMA, json.dumps(schema, separators=(",", ":")).encode())
    return buffer.getvalue()


def _write(target: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # the same on every operating system
    target.writestr(info, data)


def _clean(name: str, data: bytes) -> bytes:
    """Structured arrays with zero padding (tree nodes have some); other members as they are."""
    if not name.endswith(".npy"):
        return data
    array = read_array(data)
    return data if array.dtype.names is None else array_bytes(array)


class _Numbering:
    """Renames members and ids in the order in which the schema mentions them, in place."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members
        self._ids: dict[int, int] = {}
        self._next = 0
        self.files: dict[str, str] = {}

    def visit(self, node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                self.visit(item)
        if not isinstance(node, dict):
            return
        if node.get("__loader__") == "SetNode":
            node["content"].sort(key=_without_ids)
        if "__id__" in node:
            node["__id__"] = self._number(node)
        name = node.get("file")
        if isinstance(name, str) and name in self._members:
            suffix = PurePosixPath(name).suffix
            node["file"] = self.files.setdefault(name, f"{len(self.files)}{suffix}")
        for item in node.values():
            self.visit(item)

    def _number(self, node: dict[str, Any]) -> int:
        # Whether two equal numbers or texts are one object is an accident of the process; sharing of the rest is not.
        self._next += 1
        if node.get("__loader__") == "JsonNode":
            return self._next
        return self._ids.setdefault(node["__id__"], self._next)


def _without_ids(node: Any) -> str:
    """A sort key: the node's text without its addresses."""

    def strip(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: strip(value) for key, value in item.items() if key not in ("__id__", "file")}
        return [strip(value) for value in item] if isinstance(item, list) else item

    return json.dumps(strip(node), sort_keys=True)
