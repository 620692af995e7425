"""A model that answers: loaded from an extracted bundle, proven on its own example."""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.errors import ArmFailedError, LoopwrightError, ModelLoadError, NotExplainableError, UsageError
from loopwright.serving.bundle_folder import BundleFolder
from loopwright.serving.door import Door
from loopwright.serving.explain import Explanation, explained, typical_row
from loopwright.serving.native.explained import Contributions, contributions_of
from loopwright.serving.native.matrix_call import MatrixCall
from loopwright.serving.outputs import checked_outputs, with_label
from loopwright.serving.own_code import OwnCode
from loopwright.serving.predictor import Outputs, Predictor, matrix, predictor, remembered

Stream = Callable[[dict[str, Any]], Iterable[Any]]
_ADVICE = (
    "Correct what the cause names (a package that is missing here, a file that is damaged), then release it again."
)


class Model:
    """One version, ready to answer. Not thread-safe: one caller at a time."""

    def __init__(self, bundle: BundleFolder, call: Callable[[Mapping[str, np.ndarray]], Outputs]) -> None:
        self.bundle = bundle
        self._call = call
        self._contributions: Contributions | None = None
        self._stream: Stream | None = None

    @property
    def of_matrix(self) -> MatrixCall | None:
        """The model past its columns: (n, k) C-contiguous float64 → (n,) scores or (n, c) probabilities, float64.

        The k columns are the signature's features in their order: a category's code, -1.0 for a null or unseen level;
        NaN for any other null. The answer is that of `raw`, bit for bit, and like it not checked against the signature.
        None where the bundle has code of its own or the model insists on a table with names.
        """
        return self._call.of_matrix if isinstance(self._call, Predictor) else None

    @property
    def signature(self) -> Signature:
        return self.bundle.signature

    @property
    def version(self) -> Digest:
        return self.bundle.version

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> "Model":
        """Load a bundle and let it answer its own example.

        Args:
            folder: An extracted bundle, named by its digest.
            threads: CPU threads for one prediction.

        Raises:
            ModelLoadError: It cannot be read, decoded or imported, or fails on its example.
        """
        bundle = BundleFolder.read(folder)
        short = bundle.version[:12]
        try:
            own = None if bundle.code is None else OwnCode(bundle.code)
            with nullcontext() if own is None else own.held():
                model = cls(bundle, _call(bundle, own, threads))
        except LoopwrightError as error:
            raise ModelLoadError(
                f"the model of version {short} cannot be loaded", why=error.what, fix=error.fix
            ) from error
        except (Exception, SystemExit) as error:
            raise ModelLoadError(
                f"the model of version {short} cannot be loaded", why=_named(error), fix=_ADVICE
            ) from error
        model.prove()
        return model

    @classmethod
    def absent(cls, bundle: BundleFolder, why: str) -> "Model":
        """What stands for a model that may not be loaded: every question fails with `why`."""

        def refuse(columns: Mapping[str, np.ndarray]) -> Outputs:  # noqa: ARG001 - the form of a model's call
            raise ArmFailedError("the version is not started", why=why, cause="crash")

        return cls(bundle, refuse)

    def prove(self) -> None:
        """Answer the bundle's own example; also warms what the first prediction would have to set up.

        Raises:
            ModelLoadError: The example is refused, the model raises, or its answer has the wrong shape.
        """
        door = Door(self.signature)
        try:
            row = door.check(self.bundle.example()).values
            self.predict(door.columns([row], [self.bundle.example_features()]))
        except LoopwrightError as error:
            raise self._unproven(f"{error.what}; {error.why}") from error
        except Exception as error:
            raise self._unproven(_named(error)) from error

    def _unproven(self, why: str) -> ModelLoadError:
        return ModelLoadError(f"version {self.version[:12]} fails on its own example", why=why, fix=_ADVICE)

    def raw(self, columns: Mapping[str, np.ndarray]) -> Outputs:
        """What the model's own code answers, as it is. Raises whatever that code raises, but not SystemExit."""
        try:
            return {name: np.asarray(values) for name, values in self._call(columns).items()}
        except SystemExit as error:
            raise _exited(error) from error

    def scores(self, columns: Mapping[str, np.ndarray]) -> Outputs:
        """`score` (n,) or `probabilities` (n, k), checked against the signature.

        Args:
            columns: Name → (n,), all features of the signature in its order.

        Raises:
            ArmFailedError: The answer has the wrong shape.
            Exception: Whatever the model's own code raises.
        """
        rows = len(next(iter(columns.values()))) if columns else 0
        return checked_outputs(self.signature, rows, self.raw(columns))

    @property
    def streams(self) -> bool:
        """Whether it answers event by event too."""
        return "stream" in self.bundle.manifest.parts

    def stream(self, record: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
        """What the model's own code yields for one record. Closing the iterator closes the code's generator.

        Args:
            record: The checked record with its joined features; text for categories, None for null.

        Raises:
            ArmFailedError: An event is no dict.
            Exception: Whatever the model's own code raises, but not SystemExit.
        """
        if self._stream is None:
            self._stream = self._streamer()
        try:
            yield from _dicts(self._stream(dict(record)))
        except SystemExit as error:
            raise _exited(error) from error

    def prove_stream(self) -> None:
        """Take the first event for the bundle's own example, where the model streams.

        Raises:
            ModelLoadError: Its code cannot be imported, raises, or yields something else.
        """
        if not self.streams:
            return
        try:
            record = Door(self.signature).check(self.bundle.example()).values
            with closing(self.stream({**record, **self.bundle.example_features()})) as events:
                next(events, None)
        except LoopwrightError as error:
            raise self._unproven(f"{error.what}; {error.why}") from error
        except Exception as error:
            raise self._unproven(_named(error)) from error

    def _streamer(self) -> "Stream":
        modules, path = self.bundle.modules, self.bundle.stream_function()
        if path is None or modules is None:
            raise UsageError(f"version {self.version[:12]} does not stream")
        own = OwnCode(modules)
        with own.held():
            function, model = own.imported(path), self.bundle.model()
        return lambda record: function(model, record)

    def explain(self, columns: Mapping[str, np.ndarray]) -> Explanation:
        """What each feature contributed to the answers of `scores`.

        Args:
            columns: Name → (n,), all features of the signature in its order.

        Raises:
            NotExplainableError: Neither the model's library nor its form tells.
        """
        return self.explain_matrix(matrix(columns))

    def explain_matrix(self, rows: np.ndarray) -> Explanation:
        """`explain`, from a matrix as `of_matrix` takes it."""
        call = self.of_matrix
        if call is None:
            why = "it has a predict function of its own, or takes tables only"
            raise NotExplainableError(f"version {self.version[:12]} cannot be explained", why=why)
        if self._contributions is None:
            self._contributions = self._explainer(call)
        return explained(self._contributions(rows), call(rows), self.signature)

    def _explainer(self, call: MatrixCall) -> Contributions:
        found = contributions_of(call, np.empty(0))
        if found is None:
            lean = self.bundle.native_model()
            model = self.bundle.model() if lean is None else lean
            found = contributions_of(model, typical_row(self.bundle.reference(), self.signature))
        if found is None:
            why = "its library gives no contributions of features, and it is not linear"
            raise NotExplainableError(f"version {self.version[:12]} cannot be explained", why=why)
        return found

    def predict(self, columns: Mapping[str, np.ndarray]) -> Outputs:
        """`scores`, and for classification `label` (n,) as values of `signature.classes`. Raises as `scores`."""
        return with_label(self.signature, self.scores(columns))


def _call(bundle: BundleFolder, code: OwnCode | None, threads: int) -> Callable[[Mapping[str, np.ndarray]], Outputs]:
    """The bundle's own `predict(model, columns)` (`module:name`) where it has one, else the direct call."""
    own = bundle.function()
    if own is None or code is None:
        lean = bundle.native_model()
        return predictor(bundle.model() if lean is None else lean, threads=threads)
    native = bundle.model()
    function = code.imported(own)
    return remembered(native, lambda columns: dict(function(native, columns)), threads=threads)


def _dicts(events: Iterable[Any]) -> Generator[dict[str, Any], None, None]:
    try:
        for event in events:
            if not isinstance(event, dict):
                why = f"a stream yields dicts, this one a {type(event).__name__}"
                raise ArmFailedError("the model's stream has a wrong shape", why=why, cause="shape")
            yield event
    finally:
        if isinstance(events, Generator):
            events.close()


def _exited(error: SystemExit) -> ArmFailedError:
    return ArmFailedError("the model's own code called sys.exit()", why=f"exit code {error.code}", cause="error")


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
