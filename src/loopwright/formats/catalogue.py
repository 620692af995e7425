"""Which format takes a value: chosen by the module of its type, so that nothing is imported to find out."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from loopwright.errors import (
    BlobCorruptError,
    LoopwrightError,
    MissingExtraError,
    UnsupportedValueError,
    UntrustedFormatError,
)
from loopwright.formats.containers import ContainerFormat
from loopwright.formats.estimators import EstimatorFormat
from loopwright.formats.format import Format, type_name
from loopwright.formats.json_values import BytesFormat, JsonFormat
from loopwright.formats.numpy_arrays import NumpyFormat
from loopwright.formats.parquet import ParquetFormat
from loopwright.formats.pickled import PickleFormat
from loopwright.formats.sklearn_models import SklearnFormat
from loopwright.formats.training_set import TrainingSetFormat

T = TypeVar("T")
GROUP = "loopwright.formats"
_BY_MODULE: Mapping[str, tuple[Format, ...]] = {
    "builtins": (JsonFormat(), BytesFormat()),
    "numpy": (NumpyFormat(),),
    "polars": (ParquetFormat(),),
    "sklearn": (EstimatorFormat(), SklearnFormat()),
    "loopwright.formats.training_set": (TrainingSetFormat(),),
}
_PICKLE = PickleFormat()


class Catalogue:
    """Finds formats and applies them; holds no state but whether pickle is trusted."""

    def __init__(self, *, trust_pickle: bool = False) -> None:
        self._trust_pickle = trust_pickle
        self._containers = ContainerFormat(self.encode, self.decode, self._lean)

    def encode(self, value: Any) -> tuple[str, dict[str, bytes]]:
        """The label of the value's format, and its files.

        Raises:
            UnsupportedValueError: No format takes the value.
            UntrustedFormatError: Only pickle would, and it is not trusted.
        """
        try:
            form = self._format_of(value)
            return form.label, form.encode(value)
        except UntrustedFormatError:
            if not self._trust_pickle:
                raise
            return _PICKLE.label, _PICKLE.encode(value)
        except LoopwrightError:
            raise
        except RecursionError as error:
            raise UnsupportedValueError(f"a {type_name(value)} is nested too deeply, or in itself") from error
        except Exception as error:
            raise UnsupportedValueError(
                f"a value of type {type_name(value)} could not be stored", why=f"{type(error).__name__}: {error}"
            ) from error

    def decode(self, label: str, files: Mapping[str, bytes]) -> Any:
        """The value of files written under a label.

        Raises:
            BlobCorruptError: The files are not what the label says.
            UnsupportedValueError: This installation cannot read the label.
            UntrustedFormatError: It is a pickle, and pickle is not trusted.
        """
        return self._read(label, lambda form: form.decode(files))

    def native(self, label: str, files: Mapping[str, bytes]) -> Any:
        """The model of the files for a process that only asks it: in its library's own form, or an ensemble of such.

        None where its format has no such form. Raises as `decode`.
        """
        if label == _PICKLE.label:
            return None
        return self._read(label, lambda form: form.native(files))

    def _lean(self, label: str, files: Mapping[str, bytes]) -> Any:
        found = self.native(label, files)
        return self.decode(label, files) if found is None else found

    def _read(self, label: str, read: Callable[[Format], T]) -> T:
        form = self._format_named(label)
        try:
            return read(form)
        except LoopwrightError:
            raise
        except ImportError as error:
            raise MissingExtraError(
                f"a stored value of format {label} needs a library that is not installed",
                why=str(error),
                fix=f"Install the library named ({error.name}) and run the command again.",
            ) from error
        except Exception as error:
            raise BlobCorruptError(
                f"a stored value is not of the format {label} that it claims", why=f"{type(error).__name__}: {error}"
            ) from error

    def _format_of(self, value: object) -> Format:
        for module in _modules(type(value)):
            for form in _registered(module):
                if form.handles(value):
                    return form
        if self._containers.handles(value):
            return self._containers
        if self._trust_pickle:
            return _PICKLE
        raise UnsupportedValueError(
            f"no format knows a value of type {type_name(value)}",
            fix="Return a table, an array, a model of a supported library or plain JSON values, install a package with "
            f"a format for it (entry point group {GROUP!r}), or allow pickle with @lw.step(trust_pickle=True).",
        )

    def _format_named(self, label: str) -> Format:
        name, _, version = label.partition("/")
        if name == _PICKLE.name and not self._trust_pickle:
            raise UntrustedFormatError("a stored value is a pickle, and pickle is not trusted here")
        form = {self._containers.name: self._containers, _PICKLE.name: _PICKLE}.get(name) or _named(name)
        if form is None or not version.isdigit() or int(version) > form.version:
            raise UnsupportedValueError(
                f"a stored value has the format {label!r}, which this installation cannot read",
                fix="Install the package that brings the format, or a newer loopwright.",
            )
        return form


def _modules(kind: type) -> list[str]:
    """Module names to look under, own type first: the full name, then its top level, then those of its bases."""
    names: list[str] = []
    for base in kind.__mro__[:-1]:
        names += [base.__module__, base.__module__.partition(".")[0]]
    return list(dict.fromkeys(names))


def _registered(module: str) -> tuple[Format, ...]:
    if module in _BY_MODULE:
        return _BY_MODULE[module]
    return (_load(module),) if module in _plugins() else ()


def _named(name: str) -> Format | None:
    for forms in _BY_MODULE.values():
        for form in forms:
            if form.name == name:
                return form
    return _load(name) if name in _plugins() else None


@lru_cache(maxsize=1)
def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _load(name: str) -> Format:
    """A plug-in's format. A plug-in that fails is named and stops the work; it is never skipped."""
    point = _plugins()[name]
    try:
        form = point.load()
    except Exception as error:
        raise UnsupportedValueError(
            f"the format plug-in {point.value} cannot be loaded",
            why=f"{type(error).__name__}: {error}",
            fix="Repair or remove the package that brings it.",
        ) from error
    if not isinstance(form, Format) or form.name != name:
        raise UnsupportedValueError(
            f"the format plug-in {point.value} is not a Format named {name!r}",
            fix="Repair or remove the package that brings it.",
        )
    return form
